"""What was known on a day: the first thing a backtest depends on."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from risk import features
from risk.params import ScoringParams
from tests.risk import made_up

PARAMS = ScoringParams()


def _known(**kinds):
    return features.known_before(made_up.frames(**kinds), as_of=made_up.AS_OF)


def test_rows_of_the_day_itself_and_later_are_not_known():
    """A score as of Monday must not know Monday's calls."""
    calls = made_up.complaints([2, 1, -1])
    calls.loc[2, "received_at"] = pd.Timestamp(made_up.AS_OF)
    known = _known(complaints=calls, cases=made_up.cases([1, 0, -5]))
    assert known.complaints["complaint_id"].tolist() == ["C0", "C1"]
    assert known.cases["case_id"].tolist() == ["K0"]


def test_an_outcome_learnt_later_is_empty():
    """The row was known, its end was not."""
    calls = made_up.complaints(
        [30, 30], status="closed", outcome="substantiated",
        closed_on=[made_up.day(10), made_up.day(-10)],
    )  # fmt: skip
    known = _known(complaints=calls).complaints
    assert known["outcome"].tolist() == ["substantiated", None]
    assert known["status"].tolist() == ["closed", None]
    assert known["closed_on"].isna().tolist() == [False, True]


def test_a_facility_is_scored_between_its_opening_and_its_closing():
    """Nobody visits a clinic that is shut or not yet there."""
    clinics = made_up.facilities(
        4,
        opened_on=[made_up.day(500), made_up.day(-1), pd.NaT, pd.NaT],
        closed_on=[pd.NaT, pd.NaT, made_up.day(3), made_up.day(-3)],
    )
    active = features.active_facilities(_known(facilities=clinics))
    assert active["facility_id"].tolist() == ["F0", "F3"]


def test_the_order_of_rows_does_not_matter():
    """Sums in another order differ in the last digit: scores would not be byte-equal."""
    calls = made_up.complaints([5, 4, 3])
    forwards, backwards = _known(complaints=calls), _known(complaints=calls.iloc[::-1])
    assert (
        forwards.complaints["complaint_id"].tolist()
        == backwards.complaints["complaint_id"].tolist()
    )


def test_a_moment_without_zone_is_refused():
    """Eight hours decide whether a call counts."""
    with pytest.raises(ValueError, match="time zone"):
        features.known_before(made_up.frames(), as_of=datetime(2026, 3, 2))  # noqa: DTZ001


def test_a_record_takes_the_place_of_its_facility():
    """Complaint forms name the clinic, not its coordinates."""
    calls = made_up.complaints([3, 3], lon=None, lat=None, facility_id=["F1", "F9"])
    known = _known(facilities=made_up.facilities(), complaints=calls)
    placed = features.reports(known, PARAMS, as_of=made_up.AS_OF)
    assert placed["lon"].tolist()[0] == pytest.approx(made_up.LON + 0.005)
    assert np.isnan(placed["lon"].tolist()[1])


def test_a_township_centroid_is_no_address():
    """A point that only means 'somewhere in this township' must not darken one cell."""
    calls = made_up.complaints(
        [3, 3], location_precision=["township", "exact"], area_code="990101001"
    )
    placed = features.reports(_known(complaints=calls), PARAMS, as_of=made_up.AS_OF)
    assert placed["lon"].isna().tolist() == [True, False]


def test_a_locked_door_is_no_look():
    """Nobody saw anything; the place stays unknown."""
    visits = made_up.inspections(
        [("F0", 9, "pass"), ("F0", 8, "closed_door"), ("F0", 7, "refused"), ("F0", 6, "violation")]
    )
    seen = features.looks(
        _known(facilities=made_up.facilities(), inspections=visits), PARAMS, as_of=made_up.AS_OF
    )
    assert seen["inspection_id"].tolist() == ["I0", "I3"]
    assert seen["topic"].tolist() == [None, "medical_waste"]


def test_the_sealed_lane_enters_no_score():
    """An undercover visit must not show through a last-visit date or a colour."""
    visits = made_up.inspections([("F0", 9, "pass"), ("F0", 5, "violation")])
    visits["kind"] = ["routine", "undercover"]
    calls = made_up.complaints([4, 3], channel=["phone", "undercover"])
    known = _known(facilities=made_up.facilities(), inspections=visits, complaints=calls)
    assert len(features.looks(known, PARAMS, as_of=made_up.AS_OF)) == 1
    assert len(features.reports(known, PARAMS, as_of=made_up.AS_OF)) == 1


def test_a_case_and_the_visit_that_led_to_it_are_one_find():
    """Chicago's rows feed both kinds; counting twice would double every hotspot."""
    visits = made_up.inspections([("F0", 9, "violation"), ("F1", 9, "violation")])
    filed = made_up.cases([9], lon=None, lat=None, facility_id="F0")
    known = _known(facilities=made_up.facilities(), inspections=visits, cases=filed)
    seen = features.looks(known, PARAMS, as_of=made_up.AS_OF)
    found = features.finds(known, seen, as_of=made_up.AS_OF)
    assert sorted(found["facility_id"]) == ["F0", "F1"]


def test_a_hidden_site_is_told_from_a_registered_facility():
    """Waste at a clinic is the clinic's risk; unlicensed practice anywhere is a hidden site."""
    rows = pd.DataFrame(
        {
            "topic": ["medical_waste", "medical_waste", "unlicensed_practice", "service"],
            "facility_id": ["F0", None, "F0", None],
        }
    )
    assert features.is_about_site(rows, PARAMS).tolist() == [False, True, True, False]


def test_the_most_severe_topic_names_a_visit():
    """One visit, one find: the worst of it counts."""
    visits = made_up.inspections([("F0", 9, "violation")])
    visits["topics"] = "hygiene;out_of_scope;expired_drugs"
    known = _known(facilities=made_up.facilities(), inspections=visits)
    assert features.looks(known, PARAMS, as_of=made_up.AS_OF)["topic"].tolist() == ["out_of_scope"]


def test_weights_halve_with_each_half_life():
    """The decay is in days."""
    assert features.decayed(np.array([0.0, 90.0, 180.0]), half_life_days=90.0).tolist() == [
        1,
        0.5,
        0.25,
    ]
