"""The log of what people did shows every change made to it."""

import base64
import hashlib
import json
import shutil
import stat
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from data import audit, audit_anchors, audit_keys
from data.store.engine import open_store
from errors import StoreError
from tests import signing_in
from workflows.verifying import state_of_log

BY_HAND = {
    "actor": "UPDATE audit SET actor = 'x' WHERE seq = 3",
    "role": "UPDATE audit SET role = 'auditor' WHERE seq = 3",
    "action": "UPDATE audit SET action = 'x' WHERE seq = 3",
    "object": "UPDATE audit SET object_id = NULL WHERE seq = 3",
    "reason": "UPDATE audit SET reason = 'x' WHERE seq = 3",
    "time": "UPDATE audit SET at = at + 1 WHERE seq = 3",
    "detail": "UPDATE audit SET detail = '{}' WHERE seq = 3",
    "hash": "UPDATE audit SET entry_hash = 'x' WHERE seq = 3",
    "previous": "UPDATE audit SET previous_hash = 'x' WHERE seq = 3",
    "key": "UPDATE audit SET key_id = 'x' WHERE seq = 3",
    "middle deleted": "DELETE FROM audit WHERE seq = 3",
    "swapped": "UPDATE audit SET seq = CASE seq WHEN 3 THEN -4 WHEN 4 THEN -3 ELSE seq END",
    "doubled": (
        "INSERT INTO audit SELECT 3000, at, actor, action, object_id, reason, detail, "
        "previous_hash, entry_hash, role, key_id FROM audit WHERE seq = 2;"
        "UPDATE audit SET seq = -(seq + 1) WHERE seq BETWEEN 3 AND 999;"
        "UPDATE audit SET seq = 3 WHERE seq = 3000"
    ),
    "inserted": (
        "UPDATE audit SET seq = -(seq + 1) WHERE seq >= 3;"
        "INSERT INTO audit SELECT 3, at, 'nobody', action, object_id, reason, detail, "
        "previous_hash, entry_hash, role, key_id FROM audit WHERE seq = -4"
    ),
}


def write(store, n_entries, *, actor="甲", start=0):
    for number in range(start, start + n_entries):
        with store.write() as conn:
            audit.append(
                conn,
                at=1_750_000_000 + number,
                actor=actor,
                action="import",
                object_id=str(number),
                reason="例行",
                detail={"n_rows": number},
            )


def tamper(store, statements):
    """Change the log as the owner of the file can: without the triggers."""
    with store.write() as conn:
        conn.execute(text("DROP TRIGGER IF EXISTS audit_no_UPDATE"))
        conn.execute(text("DROP TRIGGER IF EXISTS audit_no_DELETE"))
        for statement in statements.split(";"):
            conn.execute(text(statement))
        conn.execute(text("UPDATE audit SET seq = -seq WHERE seq < 0"))


def rebuild_plain(store, first):
    """Write the log anew from an entry on, as somebody would who has no key."""
    with store.write() as conn:
        conn.execute(text("DROP TRIGGER IF EXISTS audit_no_UPDATE"))
        rows = conn.execute(text("SELECT * FROM audit ORDER BY seq")).mappings().all()
        previous = "0" * 64 if first == 1 else rows[first - 2]["entry_hash"]
        for row in rows[first - 1 :]:
            entry = {name: row[name] for name in audit._PLAIN} | {"actor": "nobody"}
            body = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            seal = hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
            conn.execute(
                text(
                    "UPDATE audit SET actor = 'nobody', role = NULL, key_id = NULL, "
                    "previous_hash = :p, entry_hash = :h WHERE seq = :s"
                ),
                {"p": previous, "h": seal, "s": row["seq"]},
            )
            previous = seal


@pytest.fixture
def log(empty_store):
    write(empty_store, 6)
    return empty_store


def anchored(store, day=1):
    path = audit_anchors.file_of(store)
    assert audit_anchors.add_if_due(store, path, now=datetime(2026, 3, day, 4, tzinfo=UTC))
    return path


def test_an_untouched_log_is_intact(log):
    """Also with anchors; and the plain words say so."""
    assert audit.verify(log) is None
    anchored(log)
    write(log, 2, start=6)
    found = state_of_log(log)
    assert (found.is_sound, found.first_bad) == (True, None)
    assert found.sentences[0].values == {"n": 8}


@pytest.mark.parametrize("name", BY_HAND)
def test_any_change_is_found_and_the_first_bad_entry_named(log, name):
    """The owner of the file can drop the triggers, but not hide what was done."""
    tamper(log, BY_HAND[name])
    assert audit.verify(log) == 3


def test_the_first_entry_can_not_be_taken_off(log):
    """Numbers begin with one."""
    tamper(log, "DELETE FROM audit WHERE seq = 1")
    assert audit.verify(log) == 1


@pytest.mark.parametrize("first", [1, 3])
def test_a_log_rebuilt_without_the_key_is_found(log, first):
    """The formula of plain hashes is public; the key is not in the store."""
    rebuild_plain(log, first)
    assert audit.verify(log) == first


def test_a_cut_off_end_is_found_by_the_anchor(log):
    """The rest is a whole log; only a note outside can tell."""
    anchored(log)
    tamper(log, "DELETE FROM audit WHERE seq > 4")
    assert audit.verify(log) is None
    found = state_of_log(log)
    assert (found.is_sound, found.first_bad) == (False, 5)


def test_an_older_copy_of_the_store_put_back_is_found(log, tmp_path):
    """Restoring last week's store must not wipe out a reveal, also when work goes on in it."""
    shutil.copy(log.path, tmp_path / "old.sqlite")
    write(log, 3, start=6)
    anchored(log)
    log.close()
    shutil.copy(tmp_path / "old.sqlite", log.path)
    store = open_store(log.url)
    assert state_of_log(store).first_bad == 7
    write(store, 5, start=20)
    found = state_of_log(store)
    assert not found.is_sound
    assert found.first_bad == 9


def test_entries_of_another_store_do_not_fit(log, tmp_path):
    """Each store has a key of its own."""
    other = open_store(f"sqlite:///{tmp_path}/other.sqlite")
    write(other, 6, actor="乙")
    tamper(log, "DELETE FROM audit WHERE seq >= 4")
    with other.read() as conn:
        rows = conn.execute(text("SELECT * FROM audit WHERE seq >= 4")).mappings().all()
    with log.write() as conn:
        for row in rows:
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            conn.execute(text(f"INSERT INTO audit ({names}) VALUES ({marks})"), dict(row))  # noqa: S608 - column names
    assert audit.verify(log) == 4


@pytest.mark.parametrize("part", ["on", "seq", "hash", "signature"])
def test_an_edited_anchor_is_found(log, part):
    """The notes are signed."""
    path = anchored(log)
    line = json.loads(path.read_text())
    line[part] = {"on": "2026-02-01", "seq": 2, "hash": "0" * 64, "signature": "00" * 64}[part]
    path.write_text(json.dumps(line) + "\n")
    found = state_of_log(log)
    assert not found.is_sound
    assert found.sentences[-1].values == {"n": 1}


def test_a_clock_set_back_does_not_disturb_the_order(log):
    """Numbers decide, not times; changing times afterwards is found (see above)."""
    with log.write() as conn:
        audit.append(conn, at=5, actor="甲", action="import")
    assert audit.verify(log) is None


def test_one_anchor_a_day(log):
    """The server asks each hour."""
    path = anchored(log)
    assert not audit_anchors.add_if_due(log, path, now=datetime(2026, 3, 1, 9, tzinfo=UTC))
    anchored(log, day=2)
    assert len(path.read_text().splitlines()) == 2


def test_old_entries_with_plain_hashes_stay_checkable(log):
    """Stores of the first release go on; where seals begin is said."""
    rebuild_plain(log, 1)
    key = audit_keys._path(log.path)
    key.unlink()
    write(log, 2, start=6)
    report = audit.check_chain(log)
    assert (report.bad, report.sealed_from, report.n_entries) == (None, 7, 8)
    tamper(log, "UPDATE audit SET actor = 'x' WHERE seq = 2")
    assert audit.verify(log) == 2


def test_the_key_is_its_owners_only_and_another_one_is_noticed(log, monkeypatch):
    """Mode 0400; with a wrong key nothing is called intact."""
    assert stat.S_IMODE(audit_keys._path(log.path).stat().st_mode) == 0o400
    monkeypatch.setenv(audit_keys.KEY_VARIABLE, base64.b64encode(b"k" * 32).decode())
    report = audit.check_chain(log)
    assert (report.bad, report.why) == (1, "other_key")
    monkeypatch.setenv(audit_keys.KEY_VARIABLE, "short")
    with pytest.raises(StoreError, match="Base64"):
        audit.verify(log)


def test_an_entry_says_which_roles_the_actor_had(log):
    """Roles change; what somebody was at the time must stay known."""
    signing_in.add_account(log, "m", roles=["manager"])
    write(log, 1, actor="m", start=6)
    with log.read() as conn:
        roles = conn.execute(text("SELECT role FROM audit ORDER BY seq")).scalars().all()
    assert (roles[0], roles[-1]) == (None, "manager")


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_entries_can_be_neither_changed_nor_removed(log, statement):
    """Not even by a mistake in our own code."""
    with pytest.raises(Exception, match="only grows"), log.write() as conn:
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
