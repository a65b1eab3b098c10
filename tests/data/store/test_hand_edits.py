"""What a person wrote stands against files that do not know it yet."""

from datetime import datetime, timedelta

import pandas as pd
import pytest

from data.schema import TIME_ZONE
from data.scope import EVERYTHING
from data.store import hand_edits
from data.store.engine import to_seconds
from data.store.rows import load_rows, save_rows

FIRST = datetime(2026, 3, 1, 9, tzinfo=TIME_ZONE)
LATER = FIRST + timedelta(days=1)


def at(hours):
    """Return seconds of a moment some hours after the first import."""
    return to_seconds(FIRST + timedelta(hours=hours))


def officers(**more):
    """Return a file of one officer."""
    row = {
        "officer_id": "O1", "name": "试验员", "district_code": "990101", "base_lon": 112.0,
        "base_lat": 23.0, "certificate_no": "Z1",
        "certificate_expiry": pd.Timestamp("2027-01-01"), "skills": "dental",
    }  # fmt: skip
    return pd.DataFrame([{**row, **more}])


def imported(store, frame, *, kind="officers", now=FIRST):
    """Load a file as an import does."""
    with store.write() as conn:
        return save_rows(conn, kind, frame, import_id=None, known_on=now, now=now).kept


def wrote(store, values, *, hours, kind="officers"):
    """Write by hand."""
    with store.write() as conn:
        return hand_edits.write(conn, kind, values, at=at(hours), actor="planner")


def held(store, *, kind="officers", as_of=LATER + timedelta(days=9)):
    """Return the records as known at a moment."""
    return load_rows(store, kind, scope=EVERYTHING, as_of=as_of)


@pytest.fixture
def store(empty_store):
    """Return a store with one officer from a file."""
    imported(empty_store, officers())
    return empty_store


def test_a_hand_edit_survives_the_old_file_and_is_counted(store):
    """The clerk who corrects an expiry must not do so again after every import."""
    wrote(store, {"officer_id": "O1", "certificate_expiry": "2029-05-05"}, hours=1)
    for _ in range(2):
        assert imported(store, officers(), now=LATER) == 1
    assert held(store)["certificate_expiry"].iloc[0] == pd.Timestamp("2029-05-05")


def test_what_the_file_says_of_other_fields_is_taken(store):
    """Only the field that a person wrote is his."""
    wrote(store, {"officer_id": "O1", "certificate_expiry": "2029-05-05"}, hours=1)
    imported(store, officers(skills="tcm"), now=LATER)
    row = held(store).iloc[0]
    assert (row["skills"], row["certificate_expiry"].year) == ("tcm", 2029)


def test_once_the_file_agrees_later_files_write_the_field_again(store):
    """Else a correction of years ago would block all news for ever."""
    wrote(store, {"officer_id": "O1", "certificate_expiry": "2029-05-05"}, hours=1)
    agreeing = officers(certificate_expiry=pd.Timestamp("2029-05-05"))
    assert imported(store, agreeing, now=LATER) == 0
    newest = officers(certificate_expiry=pd.Timestamp("2033-01-01"))
    assert imported(store, newest, now=LATER + timedelta(days=1)) == 0
    assert held(store)["certificate_expiry"].iloc[0].year == 2033


def test_before_the_edit_the_store_knew_the_old_value(store):
    """Every read of a past date shows what was known then."""
    wrote(store, {"officer_id": "O1", "skills": "beauty"}, hours=5)
    assert held(store, as_of=FIRST + timedelta(hours=4))["skills"].iloc[0] == "dental"
    assert held(store)["skills"].iloc[0] == "beauty"


def test_two_edits_in_one_second_keep_their_order(store):
    """Times are whole seconds; a quick undo must still win."""
    wrote(store, {"officer_id": "O1", "skills": "a"}, hours=1)
    wrote(store, {"officer_id": "O1", "skills": "b"}, hours=1)
    assert held(store)["skills"].iloc[0] == "b"


def test_an_edit_that_changes_nothing_writes_nothing(store):
    """Pressing save without a change is no news."""
    assert wrote(store, {"officer_id": "O1", "skills": "dental"}, hours=1) == {}


def test_a_record_removed_by_hand_stays_removed_and_can_come_back(store):
    """A recusal that has ended must not return with the next file."""
    recusal = pd.DataFrame([{"officer_id": "O1", "facility_id": "F1", "reason": "亲属"}])
    imported(store, recusal, kind="recusals")
    with store.write() as conn:
        assert hand_edits.remove(conn, "recusals", ["O1", "F1"], at=at(1), actor="planner")
    assert imported(store, recusal, kind="recusals", now=LATER) == 1
    assert held(store, kind="recusals").empty
    with store.write() as conn:
        assert hand_edits.restore(conn, "recusals", ["O1", "F1"], at=at(30))
    assert held(store, kind="recusals")["reason"].tolist() == ["亲属"]
    assert imported(store, recusal, kind="recusals", now=LATER + timedelta(days=2)) == 0


def test_a_new_record_is_known_from_its_writing_on(store):
    """Not from a day written into it."""
    wrote(
        store,
        {"person_id": "P1", "kind": "itinerant", "filed_on": "2025-01-01"},
        hours=3,
        kind="persons",
    )
    assert held(store, kind="persons", as_of=FIRST + timedelta(hours=2)).empty
    assert held(store, kind="persons")["filed_on"].iloc[0] == pd.Timestamp("2025-01-01")
