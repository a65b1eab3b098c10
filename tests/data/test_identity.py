"""Complainants: encrypted, apart, shown only with a reason that is logged first."""

import base64
import stat

import pandas as pd
import pytest
from sqlalchemy import text

from data import audit, identity
from data.scope import EVERYTHING, Scope
from data.store import rows
from data.store.engine import open_store
from errors import NotFoundError, StoreError
from tests.data.frames_of_records import complaint, moment, records
from tests.stores import stored_bytes

pytestmark = pytest.mark.both_stores

NAME, PHONE = "金丝雀某某", "138 0000 1234"
NOW = moment("2025-06-02 09:30")


def keep(store, complaint_id="C1", name=NAME, phone=PHONE):
    given = records("complaints", complaint(complaint_id))
    with store.write() as conn:
        rows.save_rows(conn, "complaints", given, import_id=None, known_on=NOW)
        people = {
            "complaint_id": [complaint_id],
            "complainant_name": [name],
            "complainant_phone": [phone],
        }
        return identity.save_identities(conn, store, pd.DataFrame(people))


def reveal(store, complaint_id="C1", *, reason="回访", scope=EVERYTHING):
    return identity.reveal(
        store, complaint_id, reason=reason, actor="t", scope=scope, now=moment("2025-06-03")
    )


def test_a_complainant_is_shown_with_a_reason_and_the_reason_is_logged(empty_store):
    """Who saw whom, and why, must be answerable years later."""
    keep(empty_store)
    assert reveal(empty_store) == identity.Identity(name=NAME, phone=PHONE)
    with empty_store.read() as conn:
        last = conn.execute(text("SELECT * FROM audit ORDER BY seq DESC LIMIT 1")).one()
    assert (last.action, last.object_id, last.reason) == ("reveal", "C1", "回访")
    assert audit.verify(empty_store) is None


def test_no_reason_no_complainant(empty_store):
    """An empty reason is none."""
    keep(empty_store)
    with pytest.raises(ValueError, match="reason"):
        reveal(empty_store, reason="  ")


def test_the_store_file_holds_neither_name_nor_phone(empty_store):
    """A stolen disk or back-up tells nothing."""
    keep(empty_store)
    stored = stored_bytes(empty_store)
    for canary in (NAME, PHONE, "13800001234"):
        assert canary.encode() not in stored
        assert canary.encode("utf-16-le") not in stored


def test_no_frame_of_leads_holds_them(empty_store):
    """What is not loaded can't reach a map, a sheet or an export."""
    keep(empty_store)
    frame = rows.load_rows(empty_store, "complaints", scope=EVERYTHING, as_of=moment("2026-01-01"))
    assert NAME not in frame.to_csv()
    assert not {"complainant_name", "complainant_phone"} & set(frame.columns)


def test_the_key_lies_beside_the_store_for_its_owner_only(empty_store):
    """Mode 0400, and never made anew over existing names."""
    keep(empty_store)
    path = identity.key_path(empty_store)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    path.rename(path.with_suffix(".away"))
    with pytest.raises(StoreError, match="密钥"):
        reveal(empty_store)
    with pytest.raises(StoreError, match="密钥"):
        keep(empty_store, "C2")
    assert not path.exists()


def test_another_key_is_noticed(empty_store, monkeypatch):
    """A wrong key gives a sentence, not garbage."""
    keep(empty_store)
    monkeypatch.setenv(identity.KEY_VARIABLE, base64.b64encode(b"k" * 32).decode())
    with pytest.raises(StoreError, match="另一把密钥"):
        reveal(empty_store)
    monkeypatch.setenv(identity.KEY_VARIABLE, "short")
    with pytest.raises(StoreError, match="Base64"):
        reveal(empty_store)


FROM_OTHER_ROW = """
UPDATE complainants SET name_sealed = (
    SELECT other.name_sealed FROM complainants AS other WHERE other.complaint_id = 'C2'
) WHERE complaint_id = 'C1'
"""
FROM_OTHER_COLUMN = "UPDATE complainants SET name_sealed = phone_sealed"


@pytest.mark.parametrize("swap", [FROM_OTHER_ROW, FROM_OTHER_COLUMN])
def test_a_field_moved_to_another_row_or_column_can_not_be_read(empty_store, swap):
    """Otherwise one could read a name by pasting it into a lead one may open."""
    keep(empty_store)
    keep(empty_store, "C2", name="另一人", phone="1")
    with empty_store.write() as conn:
        conn.execute(text(swap))
    with pytest.raises(StoreError, match="不能解密"):
        reveal(empty_store)


def test_a_lead_of_another_district_has_no_complainant_for_this_reader(empty_store):
    """The same answer as for a lead without complainant, and nothing decrypted."""
    keep(empty_store)
    other = Scope(user="m", districts=frozenset({"990102"}), sealed=None)
    with pytest.raises(NotFoundError):
        reveal(empty_store, scope=other)
    with pytest.raises(NotFoundError):
        reveal(empty_store, "C9")


def test_leads_from_one_phone_are_found_without_decrypting(empty_store):
    """Repeat complainants matter to triage; their number does not."""
    keep(empty_store)
    keep(empty_store, "C2", name="别名", phone="+86 138-0000-1234")
    keep(empty_store, "C3", phone="13800009999")
    found = identity.same_phone(empty_store, "C1", scope=EVERYTHING, as_of=moment("2026-01-01"))
    assert found == ["C2"]
    other = Scope(user="m", districts=frozenset({"990102"}), sealed=None)
    assert identity.same_phone(empty_store, "C1", scope=other, as_of=moment("2026-01-01")) == []


def test_keeping_the_same_complainant_again_changes_nothing(empty_store):
    """Loading a file twice encrypts nothing anew."""
    assert keep(empty_store) == 1
    assert keep(empty_store) == 0
    assert keep(empty_store, name="改名") == 1
    assert reveal(empty_store).name == "改名"


def test_two_stores_never_share_a_key(tmp_path):
    """One leaked key must not open another city's names."""
    keys = set()
    for name in ("a", "b"):
        store = open_store(f"sqlite:///{tmp_path}/{name}.sqlite")
        keep(store)
        keys.add(identity.key_path(store).read_text())
    assert len(keys) == 2
