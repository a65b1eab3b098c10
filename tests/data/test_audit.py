"""The log of what people did shows every change made to it."""

import pytest
from sqlalchemy import text

from data import audit
from errors import StoreError
from tests.stores import drop_audit_guards

pytestmark = pytest.mark.both_stores

TAMPERINGS = {
    "actor": "UPDATE audit SET actor = 'x' WHERE seq = 3",
    "action": "UPDATE audit SET action = 'x' WHERE seq = 3",
    "object": "UPDATE audit SET object_id = NULL WHERE seq = 3",
    "reason": "UPDATE audit SET reason = 'x' WHERE seq = 3",
    "time": "UPDATE audit SET at = at + 1 WHERE seq = 3",
    "detail": "UPDATE audit SET detail = '{}' WHERE seq = 3",
    "hash": "UPDATE audit SET entry_hash = 'x' WHERE seq = 3",
    "previous": "UPDATE audit SET previous_hash = 'x' WHERE seq = 3",
    "deleted": "DELETE FROM audit WHERE seq = 3",
    "swapped": "UPDATE audit SET seq = CASE seq WHEN 3 THEN -4 WHEN 4 THEN -3 ELSE seq END",
}


@pytest.fixture
def log(empty_store):
    for number in range(6):
        with empty_store.write() as conn:
            audit.append(
                conn,
                at=1_750_000_000 + number,
                actor="甲",
                action="import",
                object_id=str(number),
                reason="例行",
                detail={"n_rows": number},
            )
    return empty_store


def test_an_untouched_log_is_intact(log, tmp_path):
    """Also when it is empty."""
    assert audit.verify(log) is None


@pytest.mark.parametrize("name", TAMPERINGS)
def test_any_change_is_found_and_the_first_bad_entry_named(log, name):
    """The owner of the file can drop the triggers, but not hide what was done."""
    with log.write() as conn:
        drop_audit_guards(conn)
        conn.execute(text(TAMPERINGS[name]))
        conn.execute(text("UPDATE audit SET seq = -seq WHERE seq < 0"))
    assert audit.verify(log) == 3


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_entries_can_be_neither_changed_nor_removed(log, statement):
    """Not even by a mistake in our own code."""
    with pytest.raises(Exception, match=r"only grows|所需的权限"), log.write() as conn:
        conn.execute(text(statement))
    assert audit.verify(log) is None


def test_an_entry_is_undone_with_the_change_it_tells_of(log):
    """No entry without its change, no change without its entry."""

    def interrupted():
        with log.write() as conn:
            audit.append(conn, at=1, actor="t", action="import")
            raise StoreError("x")

    with pytest.raises(StoreError):
        interrupted()
    with log.read() as conn:
        assert conn.execute(text("SELECT max(seq) FROM audit")).scalar() == 6
