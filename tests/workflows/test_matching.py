"""The same facility twice: found, asked about, linked, never changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import delete, select

from data.scope import EVERYTHING
from data.store import removal, tables
from data.store.match_tables import match_pairs
from data.store.rows import load_rows, save_rows
from errors import ForbiddenError, NotFoundError
from workflows import access, facility_file, matching
from workflows.candidates import CandidateParams
from workflows.match_candidates import facility_pairs
from workflows.record_params import RecordParams

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LATER_ON = NOW + timedelta(hours=1)
ACTOR = access.COMMAND_LINE


def facility(number, name, **more):
    row = {
        "facility_id": number,
        "name": name,
        "kind": "private_clinic",
        "licence_no": None,
        "address": None,
        "area_code": "990102001001",
        "lon": 113.0,
        "lat": 25.0,
    }
    return {**row, **more}


HEZE = facility("F1", "松口和泽诊所", address="云浦区松口街道唐岗社区12号", licence_no="PDY1")
TWIN = facility("G9", "松口和泽口腔诊所", address="松口街道唐岗社区１２号", lon=113.0003)
BY_LICENCE = facility("H3", "松口和泽诊所", licence_no="pdy1", lon=113.001)
OTHER = facility("F2", "松口康德诊所", address="云浦区松口街道唐岗社区14号", licence_no="PDY2")
FAR = facility("F3", "松口和泽诊所", area_code="990124100001", lon=113.9, licence_no="PDY3")


def stored(store, *rows):
    with store.write() as conn:
        save_rows(conn, "facilities", pd.DataFrame(list(rows)), import_id=None, known_on=NOW)
    return store


def ids(pairs):
    return set(zip(pairs["left_id"], pairs["right_id"], strict=True))


def test_a_twin_in_other_words_is_found_and_a_neighbour_is_not():
    """A review list of neighbours is a list that nobody reads."""
    assert ids(facility_pairs(pd.DataFrame([HEZE, TWIN, OTHER, FAR]))) == {("F1", "G9")}


def test_one_licence_in_two_registers_is_found_wherever_it_lies():
    """Offices write the same number in capitals or not."""
    found = facility_pairs(pd.DataFrame([HEZE, replace_(BY_LICENCE, lon=None, lat=None)]))
    assert ids(found) == {("F1", "H3")}
    assert found["score"][0] > 0.9


def replace_(row, **more):
    return {**row, **more}


def test_two_licences_at_two_addresses_are_two_clinics():
    """Two stations of one community carry one name and are still two."""
    one = facility("F1", "彭冲社区卫生服务站", licence_no="A1", address="小岭镇彭冲社区206号")
    two = facility("F2", "彭冲社区卫生服务站", licence_no="A2", address="小岭镇彭冲社区210号")
    assert facility_pairs(pd.DataFrame([one, two])).empty


def test_a_near_match_waits_for_a_person_and_changes_nothing(empty_store):
    """Nobody's record is merged silently."""
    stored(empty_store, HEZE, TWIN, OTHER)
    before = versions(empty_store)
    found = matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=NOW)
    assert (found.n_new, found.n_linked) == (1, 0)
    assert matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=NOW).n_new == 0
    (pair,) = matching.review(empty_store, scope=EVERYTHING, as_of=LATER_ON)
    assert (pair.left["facility_id"], pair.right["facility_id"]) == ("F1", "G9")
    assert {"name", "address", "licence_no"} <= set(pair.differing)
    assert versions(empty_store) == before


def versions(store):
    with store.read() as conn:
        return conn.execute(select(tables.VERSIONED["facilities"])).fetchall()


def test_the_same_licence_name_and_place_are_linked_by_rule(empty_store):
    """That much agreement needs no person, and the link is still listed and can be undone."""
    stored(empty_store, HEZE, BY_LICENCE)
    found = matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=NOW)
    assert found.n_linked == 1
    (pair,) = matching.review(empty_store, scope=EVERYTHING, as_of=LATER_ON, decided=True)
    assert (pair.status, pair.decided_by) == ("same", matching.BY_RULE)


def test_a_link_joins_histories_and_undo_parts_them_again(empty_store):
    """A clinic's violations under its second number are its violations."""
    stored(empty_store, HEZE, TWIN)
    visit = {
        "inspection_id": "J1",
        "started_at": pd.Timestamp(NOW - timedelta(days=3)),
        "kind": "routine",
        "facility_id": "G9",
        "result": "violation",
    }
    with empty_store.write() as conn:
        save_rows(conn, "inspections", pd.DataFrame([visit]), import_id=None, known_on=NOW)
    matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=NOW)
    (pair,) = matching.review(empty_store, scope=EVERYTHING, as_of=LATER_ON)

    def read(kind, *, joined, as_of=LATER_ON):
        rows = load_rows(empty_store, kind, scope=EVERYTHING, as_of=as_of, joined=joined)
        return rows["facility_id"].tolist()

    matching.decide(empty_store, pair.pair_id, "same", actor=ACTOR, scope=EVERYTHING, now=NOW)
    assert read("inspections", joined=True) == ["F1"]
    assert read("inspections", joined=False) == ["G9"]
    assert read("facilities", joined=True) == ["F1"]
    assert read("facilities", joined=False) == ["F1", "G9"]
    assert matching.same_as(empty_store, "G9", as_of=LATER_ON) == ["F1", "G9"]
    # What was linked later is not known to a score of an earlier day.
    assert read("inspections", joined=True, as_of=NOW) == ["G9"]

    matching.decide(empty_store, pair.pair_id, "open", actor=ACTOR, scope=EVERYTHING, now=LATER_ON)
    assert read("inspections", joined=True) == ["G9"]
    assert read("facilities", joined=True) == ["F1", "G9"]


def test_the_file_of_a_facility_tells_what_was_seen_under_its_other_number(empty_store):
    """Who opens either number sees the one history."""
    stored(empty_store, HEZE, TWIN)
    visit = {
        "inspection_id": "J1",
        "started_at": pd.Timestamp(NOW - timedelta(days=3)),
        "kind": "routine",
        "facility_id": "G9",
        "result": "violation",
    }
    with empty_store.write() as conn:
        save_rows(conn, "inspections", pd.DataFrame([visit]), import_id=None, known_on=NOW)
    matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=NOW)
    (pair,) = matching.review(empty_store, scope=EVERYTHING, as_of=LATER_ON)

    def seen(facility_id):
        found = facility_file.facility_file(
            empty_store, facility_id, run=None, scope=EVERYTHING, as_of=LATER_ON,
            today=LATER_ON.date(), records=RecordParams(), candidates=CandidateParams(),
        )  # fmt: skip
        return list(found.inspections["inspection_id"]), found.visits_left.done_in_total

    assert seen("F1") == ([], 0)
    matching.decide(empty_store, pair.pair_id, "same", actor=ACTOR, scope=EVERYTHING, now=NOW)
    assert seen("F1") == seen("G9")
    assert seen("F1")[0] == ["J1"]


def test_pairs_and_links_leave_with_the_records_they_are_about(empty_store):
    """A decision about a clinic that is gone must not bind the next one of its number."""
    stored(empty_store, HEZE, TWIN)
    matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=NOW)
    (pair,) = matching.review(empty_store, scope=EVERYTHING, as_of=LATER_ON)
    matching.decide(empty_store, pair.pair_id, "same", actor=ACTOR, scope=EVERYTHING, now=NOW)
    gone = tables.VERSIONED["facilities"]
    with empty_store.write() as conn:
        conn.execute(delete(gone).where(gone.c.facility_id == "G9"))
        removal.remove_imports(conn, [])
    assert matching.same_as(empty_store, "F1", as_of=LATER_ON) == ["F1"]
    with empty_store.read() as conn:
        assert conn.execute(select(match_pairs)).all() == []


def test_three_that_are_one_have_one_name(empty_store):
    """Links are followed to the end, in whatever order they were made."""
    third = facility("K1", "松口和泽诊所", address="唐岗社区12号", lon=113.0001)
    stored(empty_store, HEZE, TWIN, third)
    matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=NOW)
    for pair in matching.review(empty_store, scope=EVERYTHING, as_of=LATER_ON):
        matching.decide(empty_store, pair.pair_id, "same", actor=ACTOR, scope=EVERYTHING, now=NOW)
    links = matching.canonical_ids(empty_store, "facilities", as_of=LATER_ON)
    assert links == {"G9": "F1", "K1": "F1"}


def test_a_decision_is_remembered_and_asked_for_by_nobody_again(empty_store):
    """Not the same: said once is enough, whatever is imported later."""
    stored(empty_store, HEZE, TWIN)
    matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=NOW)
    (pair,) = matching.review(empty_store, scope=EVERYTHING, as_of=LATER_ON)
    matching.decide(empty_store, pair.pair_id, "different", actor=ACTOR, scope=EVERYTHING, now=NOW)
    assert matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=LATER_ON).n_new == 0
    assert matching.review(empty_store, scope=EVERYTHING, as_of=LATER_ON) == []


def test_a_pair_with_a_foot_in_another_district_is_not_shown(empty_store):
    """A pair tells of both records; both must be the reader's."""
    stored(empty_store, HEZE, replace_(BY_LICENCE, area_code="990124100001", name="和泽"))
    matching.search(empty_store, actor=ACTOR, scope=EVERYTHING, now=NOW)
    one = replace(EVERYTHING, districts=frozenset({"990102"}))
    assert matching.review(empty_store, scope=one, as_of=LATER_ON) == []
    (pair,) = matching.review(empty_store, scope=EVERYTHING, as_of=LATER_ON)
    with pytest.raises(NotFoundError):
        matching.decide(empty_store, pair.pair_id, "same", actor=ACTOR, scope=one, now=NOW)


def test_deciding_needs_the_right(empty_store):
    """Whoever may look may not link."""
    with pytest.raises(ForbiddenError):
        matching.decide(empty_store, 1, "same", actor="nobody", scope=EVERYTHING, now=NOW)
