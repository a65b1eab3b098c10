"""Versions, dates and readers: what was known, from when, by whom."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import func, select

from data.frames import day_starts
from data.schema import KINDS
from data.scope import EVERYTHING, Scope
from data.store import rows, tables
from tests.data.frames_of_records import complaint, facility, inspection, moment, records
from tests.references import versions as reference

KNOWN_ON = moment("2025-06-01")
NOW = moment("2025-06-02 09:30")
LATER = moment("2026-01-01")


def save(store, kind, *given, known_on=KNOWN_ON, now=NOW):
    with store.write() as conn:
        return rows.save_rows(
            conn, kind, records(kind, *given), import_id=None, known_on=known_on, now=now
        )


def load(store, kind, as_of=LATER, scope=EVERYTHING, **more):
    return rows.load_rows(store, kind, scope=scope, as_of=as_of, **more)


def n_versions(store, kind):
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(tables.VERSIONED[kind])).scalar()


def test_a_record_is_seen_the_day_after_its_date_and_not_on_it(empty_store):
    """A score as of a day must not use what that day brought."""
    save(empty_store, "facilities", facility(opened_on="2025-03-05"))
    assert load(empty_store, "facilities", moment("2025-03-05")).empty
    assert len(load(empty_store, "facilities", moment("2025-03-06"))) == 1


def test_a_record_without_a_date_has_always_been_known(empty_store):
    """A register without opening days must not be empty for a backtest."""
    save(empty_store, "facilities", facility())
    assert len(load(empty_store, "facilities", moment("1950-01-01"))) == 1


def test_an_outcome_is_learnt_when_the_lead_is_closed(empty_store):
    """Knowing the outcome early would make every backtest too good."""
    given = complaint(status="closed", closed_on="2025-04-10", outcome="substantiated")
    save(empty_store, "complaints", given)
    before = load(empty_store, "complaints", moment("2025-04-10")).iloc[0]
    after = load(empty_store, "complaints", moment("2025-04-11")).iloc[0]
    assert pd.isna(before["status"])
    assert pd.isna(before["closed_on"])
    assert pd.isna(before["outcome"])
    assert (after["status"], after["outcome"]) == ("closed", "substantiated")


def test_what_has_no_date_is_learnt_on_the_day_of_the_extract(empty_store):
    """The status of an open lead and a grade say how things stood then."""
    save(empty_store, "complaints", complaint(status="assigned"))
    save(empty_store, "facilities", facility(opened_on="2020-01-01", risk_grade="B"))
    for kind, column in (("complaints", "status"), ("facilities", "risk_grade")):
        assert load(empty_store, kind, KNOWN_ON)[column].isna().all()
        assert load(empty_store, kind, KNOWN_ON + timedelta(days=1))[column].notna().all()


def test_two_rows_of_one_id_become_one_record_with_its_history(empty_store):
    """City extracts repeat a request that was closed twice; both closings happened."""
    first = complaint(status="closed", closed_on="2025-03-10", summary="先")
    second = complaint(status="closed", closed_on="2025-05-20", summary="后")
    counts = save(empty_store, "complaints", second, first)
    assert counts == rows.SaveCounts(taken=1, updated=1, unchanged=0)
    then = load(empty_store, "complaints", moment("2025-05-20"))
    now = load(empty_store, "complaints")
    assert then["summary"].tolist() == ["先"]
    assert then["closed_on"].dt.strftime("%F").tolist() == ["2025-03-10"]
    assert now["summary"].tolist() == ["后"]
    assert now["closed_on"].dt.strftime("%F").tolist() == ["2025-05-20"]


def test_an_open_row_does_not_undo_a_closed_one_of_the_same_id(empty_store):
    """The last dated news of a record is its content, whatever the order of rows."""
    closed = complaint(status="closed", closed_on="2025-03-10")
    for given in ((complaint(status="new"), closed), (closed, complaint(status="new"))):
        save(empty_store, "complaints", *given)
        assert load(empty_store, "complaints")["status"].tolist() == ["closed"]
    assert n_versions(empty_store, "complaints") == 2


def test_saving_the_same_rows_again_in_any_order_changes_nothing(empty_store):
    """Loading twice is the commonest mistake; it must be harmless."""
    given = [complaint(f"C{i}", f"2025-03-{i + 1:02} 08:00", lon=112.1, lat=23.0) for i in range(9)]
    given += [complaint("C3", "2025-03-04 08:00", closed_on="2025-05-01", lon=112.1, lat=23.0)]
    assert save(empty_store, "complaints", *given) == rows.SaveCounts(
        taken=9, updated=1, unchanged=0
    )
    n_before = n_versions(empty_store, "complaints")
    again = save(empty_store, "complaints", *given[::-1], now=LATER)
    assert again == rows.SaveCounts(taken=10, updated=0, unchanged=10)
    assert n_versions(empty_store, "complaints") == n_before


def test_a_large_file_saved_in_parts_is_the_same_as_in_one_go(empty_store, tmp_path, monkeypatch):
    """Rows of one record stay together wherever the file is cut."""
    from data.store.engine import open_store

    rng = np.random.default_rng(3)
    given = [_random_row(rng, *pair[::-1]) for pair in enumerate(rng.integers(0, 9, size=40))]
    whole = save(empty_store, "complaints", *given)
    monkeypatch.setattr(rows, "_PART_ROWS", 4)
    other = open_store(f"sqlite:///{tmp_path}/other.sqlite")
    assert save(other, "complaints", *given) == whole
    for day in ("2025-03-01", "2025-05-01", "2026-01-01"):
        parts, one_go = (load(s, "complaints", moment(day)) for s in (other, empty_store))
        pd.testing.assert_frame_equal(parts, one_go)


def test_a_changed_record_is_known_in_its_new_form_from_the_loading_on(empty_store):
    """A correction must not rewrite what earlier scores could have seen."""
    save(empty_store, "facilities", facility(name="旧名", opened_on="2020-01-01"))
    counts = save(empty_store, "facilities", facility(name="新名", opened_on="2020-01-01"))
    assert counts == rows.SaveCounts(taken=0, updated=1, unchanged=0)
    assert load(empty_store, "facilities", KNOWN_ON)["name"].tolist() == ["旧名"]
    assert load(empty_store, "facilities", NOW + timedelta(days=1))["name"].tolist() == ["新名"]


def test_a_later_extract_with_a_stated_day_is_known_from_that_day(empty_store):
    """Weekly extracts of the past can be replayed in one afternoon."""
    save(empty_store, "facilities", facility(risk_grade="A"), known_on=moment("2025-01-10"))
    save(empty_store, "facilities", facility(risk_grade="C"), known_on=moment("2025-02-10"))
    assert load(empty_store, "facilities", moment("2025-02-10"))["risk_grade"].tolist() == ["A"]
    assert load(empty_store, "facilities", moment("2025-02-11"))["risk_grade"].tolist() == ["C"]


def test_going_back_to_an_earlier_content_is_a_change_too(empty_store):
    """A grade that falls and recovers has three versions."""
    for day, grade in (("2025-01-10", "A"), ("2025-02-10", "C"), ("2025-03-10", "A")):
        save(empty_store, "facilities", facility(risk_grade=grade), known_on=moment(day))
    assert load(empty_store, "facilities", moment("2025-03-01"))["risk_grade"].tolist() == ["C"]
    assert load(empty_store, "facilities")["risk_grade"].tolist() == ["A"]


def test_equal_rows_without_a_key_are_all_kept_and_recognised_again(empty_store):
    """Two people may live at one point; loading the file again doubles nobody."""
    given = [{"lon": 112.0, "lat": 23.0, "population": 5.0}] * 2
    assert save(empty_store, "population", *given).taken == 2
    assert save(empty_store, "population", *given).unchanged == 2
    assert load(empty_store, "population")["population"].sum() == 10


def test_types_come_back_as_the_schema_says(empty_store):
    """Models rely on zone-aware instants, naive days and NaN for the unknown."""
    save(
        empty_store, "complaints", complaint(due_on="2025-03-09"), complaint("C2", lon=112.5, lat=2)
    )
    frame = load(empty_store, "complaints")
    assert str(frame["received_at"].dtype) == "datetime64[s, Asia/Shanghai]"
    assert str(frame["due_on"].dtype) == "datetime64[s]"
    assert frame["received_at"].dt.hour.tolist() == [10, 10]
    assert np.isnan(frame["lon"][0])
    assert frame["due_on"].isna().tolist() == [False, True]
    assert frame["district_code"].tolist() == ["990101", "990101"]


def test_only_the_columns_asked_for_come_back_and_unknown_ones_are_an_error(empty_store):
    """A misspelt column must not silently be empty."""
    save(empty_store, "complaints", complaint())
    frame = load(empty_store, "complaints", columns=["topic"])
    assert frame.columns.tolist() == ["topic", "district_code"]
    with pytest.raises(ValueError, match="colour"):
        load(empty_store, "complaints", columns=["colour"])
    with pytest.raises(ValueError, match="complainant_name"):
        load(empty_store, "complaints", columns=["complainant_name"])


def test_since_keeps_what_happened_then_or_later(empty_store):
    """Two years of history are enough for most questions."""
    save(
        empty_store,
        "complaints",
        complaint("C1", "2025-03-01 10:00"),
        complaint("C2", "2025-03-02 00:00"),
    )
    save(
        empty_store,
        "cases",
        *(
            {"case_id": c, "opened_on": d, "topic": "hygiene"}
            for c, d in (("K1", "2025-03-01"), ("K2", "2025-03-02"))
        ),
    )
    since = moment("2025-03-02")
    assert load(empty_store, "complaints", since=since)["complaint_id"].tolist() == ["C2"]
    assert load(empty_store, "cases", since=since)["case_id"].tolist() == ["K2"]


def test_a_moment_without_time_zone_is_an_error(empty_store):
    """Eight hours decide what was known."""
    with pytest.raises(ValueError, match="time zone"):
        load(empty_store, "complaints", moment("2025-01-01").replace(tzinfo=None))


def test_a_reader_of_one_district_sees_nothing_of_another(empty_store):
    """The filter is in the query; rows without a district are for readers of all."""
    save(
        empty_store,
        "complaints",
        complaint("C1"),
        complaint("C2", area_code="990102001"),
        complaint("C3", area_code=None),
    )
    mine = Scope(user="m", districts=frozenset({"990101"}), sealed=frozenset())
    nobody = Scope(user="n", districts=frozenset(), sealed=frozenset())
    assert load(empty_store, "complaints", scope=mine)["complaint_id"].tolist() == ["C1"]
    assert load(empty_store, "complaints", scope=nobody).empty
    assert rows.count_rows(empty_store, scope=mine, as_of=LATER)["complaints"] == 1
    assert len(load(empty_store, "complaints")) == 3


def test_an_undercover_visit_is_for_those_who_are_cleared(empty_store):
    """An officer who is to be looked at must not see that anybody looks."""
    save(empty_store, "inspections", inspection("I1"), inspection("I2", kind="undercover"))
    save(empty_store, "complaints", complaint("C1"), complaint("C2", channel="undercover"))

    def seen(sealed):
        scope = Scope(user="u", districts=None, sealed=sealed)
        visits = load(empty_store, "inspections", scope=scope)["inspection_id"].tolist()
        return visits + load(empty_store, "complaints", scope=scope)["complaint_id"].tolist()

    assert seen(frozenset()) == ["I1", "C1"]
    assert seen(frozenset({"I2"})) == ["I1", "I2", "C1"]
    assert seen(frozenset({"undercover"})) == seen(None) == ["I1", "I2", "C1", "C2"]


def test_an_uncleared_reader_gets_the_same_answer_with_and_without_sealed_rows(tmp_path):
    """Counts and frames must not tell that something sealed exists."""
    from data.store.engine import open_store

    uncleared = Scope(user="u", districts=None, sealed=frozenset())
    answers = []
    for name, more in (("a", []), ("b", [inspection("I9", kind="undercover")])):
        store = open_store(f"sqlite:///{tmp_path}/{name}.sqlite")
        save(store, "inspections", inspection("I1"), *more)
        frame = load(store, "inspections", scope=uncleared)
        answers.append((frame.to_csv(), rows.count_rows(store, scope=uncleared, as_of=LATER)))
    assert answers[0] == answers[1]


def test_a_visit_has_the_place_of_its_facility_as_known_at_the_time(empty_store):
    """The place is found through the register, but a later move must not leak back."""
    save(empty_store, "inspections", inspection(facility_id="F1"))
    save(empty_store, "facilities", facility(lon=112.1, lat=23.1), known_on=moment("2024-01-01"))
    moved = facility(lon=112.9, lat=23.9, area_code="990102001")
    save(empty_store, "facilities", moved, known_on=moment("2025-05-01"))
    before = load(empty_store, "inspections", moment("2025-05-01")).iloc[0]
    after = load(empty_store, "inspections", moment("2025-05-02")).iloc[0]
    assert (before["lon"], before["district_code"]) == (112.1, "990101")
    assert (after["lon"], after["district_code"]) == (112.9, "990102")
    mine = Scope(user="m", districts=frozenset({"990102"}), sealed=None)
    assert load(empty_store, "inspections", moment("2025-05-01"), scope=mine).empty


def test_a_point_is_taken_whole_or_not_at_all(empty_store):
    """One coordinate of each place would be a third place."""
    save(empty_store, "facilities", facility(lon=112.1, lat=23.1))
    save(empty_store, "inspections", inspection(facility_id="F1", lon=112.5))
    row = load(empty_store, "inspections").iloc[0]
    assert (row["lon"], row["lat"]) == (112.1, 23.1)


def test_the_span_of_events_covers_leads_cases_and_inspections(empty_store):
    """It says which weeks can be scored at all."""
    assert rows.known_span(empty_store) is None
    save(empty_store, "cases", {"case_id": "K1", "opened_on": "2024-01-01", "topic": "hygiene"})
    save(empty_store, "complaints", complaint(received_at="2025-03-01 10:00"))
    assert rows.known_span(empty_store) == (moment("2024-01-01"), moment("2025-03-01 10:00"))


def test_districts_come_from_the_first_six_digits_of_an_area():
    """Village and township codes begin with their district's."""
    from data.store.inserts import district_of

    assert district_of("441202001001") == "441202"
    assert district_of("441202001") == "441202"
    assert district_of("441202") == "441202"
    assert district_of("17031") == "17031"
    assert district_of(None) is None


def _random_row(rng, record, number):
    closed = f"2025-0{rng.integers(2, 7)}-1{rng.integers(0, 10)}" if rng.random() < 0.6 else None
    return complaint(
        f"C{record}",
        # A minute of its own: equal ranks are put in order by content alone.
        f"2025-0{rng.integers(1, 5)}-0{rng.integers(1, 9)} 00:{number:02}",
        summary=str(rng.integers(0, 3)),
        closed_on=closed,
        status=rng.choice(["new", "closed", None]),
    )


@pytest.mark.parametrize("seed", range(6))
def test_folding_agrees_with_replaying_time_row_by_row(empty_store, seed):
    """The vectorised chains and their slow twin must tell the same story on every day."""
    rng = np.random.default_rng(seed)
    given = [_random_row(rng, *pair[::-1]) for pair in enumerate(rng.integers(0, 8, size=24))]
    save(empty_store, "complaints", *given, known_on=moment("2025-04-15"))
    per_record = {}
    for row in given:
        day = np.array([row["closed_on"]], dtype=object)
        per_record.setdefault(row["complaint_id"], []).append(
            {
                "event": moment(row["received_at"]).timestamp(),
                "base": row["summary"],
                "closed_on": None if row["closed_on"] is None else int(day_starts(day)[0]),
                "closing": (row["closed_on"], row["status"]),
                "load": None,
            }
        )
    for day in pd.date_range("2025-01-01", "2025-07-20", freq="3D", tz="Asia/Shanghai"):
        frame = load(empty_store, "complaints", day.to_pydatetime())
        found = {
            row.complaint_id: (
                row.summary,
                None if pd.isna(row.closed_on) else row.closed_on.strftime("%F"),
                None if pd.isna(row.status) else row.status,
            )
            for row in frame.itertuples()
        }
        expected = {}
        for key, told in per_record.items():
            known = reference.known_content(
                told, as_of=day.timestamp(), known_on=moment("2025-04-15").timestamp()
            )
            if known is not None:
                expected[key] = (known[0], *(known[1] or (None, None)))
        assert found == expected


def test_every_kind_can_be_saved_and_loaded(empty_store):
    """The table is made from the schema; no kind may be forgotten."""
    samples = {
        "text": "x", "list": "a;b", "integer": 1, "real": 1.5, "flag": 1,
        "date": "2025-01-02", "instant": "2025-01-02 03:04", "shape": shapely.Point(112, 31).wkb,
    }  # fmt: skip
    for kind, spec in KINDS.items():
        row = {c.name: samples[c.type] for c in spec.columns if not c.identity}
        assert save(empty_store, kind, row).taken == 1
        frame = load(empty_store, kind)
        assert len(frame) == 1
        assert frame[[c.name for c in spec.columns if not c.identity]].notna().all(axis=None)
