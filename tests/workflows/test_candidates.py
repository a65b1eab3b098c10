"""What could be visited next week, and what a visit is worth."""

import json
from datetime import date, datetime

import pandas as pd
import pytest

from data.schema import TIME_ZONE
from workflows.candidates import CandidateParams, Known, make_candidates

AS_OF = datetime(2026, 3, 5, tzinfo=TIME_ZONE)
MONDAY = date(2026, 3, 9)
SEVERITY = {"unlicensed_practice": 10.0, "hygiene": 2.0}


def lead(number, **more):
    row = {
        "complaint_id": f"C{number}",
        "received_at": pd.Timestamp("2026-03-01", tz=TIME_ZONE),
        "channel": "phone",
        "topic": "unlicensed_practice",
        "facility_id": None,
        "site_text": None,
        "area_code": None,
        "district_code": "990101",
        "lon": 112.0 + number / 100,
        "lat": 23.0,
        "due_on": pd.NaT,
        "status": "new",
        "closed_on": pd.NaT,
        "outcome": None,
    }
    return {**row, **more}


def facility(number, **more):
    row = {
        "facility_id": f"F{number}",
        "cell_id": "8841",
        "district_code": "990101",
        "area_code": None,
        "name": f"诊所{number}",
        "kind": "private_clinic",
        "lon": 112.0,
        "lat": 23.0 + number / 100,
        "score": 1.0,
        "reasons": json.dumps([{"t": "所在网格风险较高", "v": {}, "c": 0.1}]),
    }
    return {**row, **more}


def cell(number, **more):
    row = {
        "cell_id": f"88{number}",
        "lon": 112.0,
        "lat": 23.0,
        "score": 2.0,
        "district_code": "990101",
        "area_code": None,
        "area_name": None,
        "reasons": "[]",
    }
    return {**row, **more}


def inspection(facility_id, day, kind="routine"):
    return {
        "facility_id": facility_id,
        "started_at": pd.Timestamp(day, tz=TIME_ZONE),
        "kind": kind,
    }


def known(leads=(), facilities=(), cells=(), inspections=()):
    return Known(
        leads=pd.DataFrame(
            [*leads, lead(0, closed_on=pd.Timestamp("2026-01-01"), status="closed")]
        ),
        inspections=pd.DataFrame([*inspections, inspection("none", "2026-01-01")]),
        cells=pd.DataFrame([*cells, cell(0, score=0.0)]),
        facilities=pd.DataFrame([*facilities, facility(0, score=0.0)]),
    )


def made(given, **more):
    params = CandidateParams(**more)
    return make_candidates(
        given, params, severity=SEVERITY, week_start=MONDAY, as_of=AS_OF, limit=100
    )


def test_a_lead_is_worth_its_chance_of_being_true_times_severity():
    """0.375 x 10 points = 3.75 points = 375 hundredths."""
    (visit,) = made(known(leads=[lead(1)])).visits
    assert visit.prize == 375
    assert visit.complaint_ids == ("C1",)


def test_two_reports_of_one_door_are_one_visit_and_one_likelier_site():
    """1 − (1 − 0.375)² = 0.609: likelier, not twice as many sites."""
    (visit,) = made(known(leads=[lead(1), lead(2, lon=112.01)])).visits
    assert visit.prize == 609
    assert visit.complaint_ids == ("C1", "C2")


def test_a_closed_or_handed_over_lead_is_no_candidate():
    """Somebody else has it, or it is done."""
    closed = lead(1, closed_on=pd.Timestamp("2026-03-02"))
    assert made(known(leads=[closed, lead(2, status="handed_over")])).visits == ()


def test_a_lead_without_a_place_is_counted_not_put_at_zero():
    """Nothing is dropped silently, nothing drawn at (0, 0)."""
    result = made(known(leads=[lead(1, lon=float("nan"), lat=float("nan"))]))
    assert result.visits == ()
    assert result.n_unplaced_leads == 1


@pytest.mark.parametrize(
    ("due", "required", "days"),
    [
        ("2026-03-02", True, [0, 1, 2, 3, 4]),
        ("2026-03-09", True, [0]),
        ("2026-03-11", True, [0, 1, 2]),
        ("2026-03-15", True, [0, 1, 2, 3, 4]),
        ("2026-03-16", False, [0, 1, 2, 3, 4]),
    ],
)
def test_a_deadline_pulls_a_lead_into_the_week_and_before_its_day(due, required, days):
    """Hard when due: overdue ones on any day, the others by their day."""
    (visit,) = made(known(leads=[lead(1, due_on=pd.Timestamp(due))])).visits
    assert visit.required is required
    assert [window[0] for window in visit.windows] == days


def test_leads_about_a_facility_join_its_visit():
    """One door is one visit, on the ground that does not count towards the cap."""
    (visit,) = made(known(leads=[lead(1, facility_id="F1")], facilities=[facility(1)])).visits
    assert visit.facility_id == "F1"
    assert visit.ground == "complaint"
    assert visit.prize == 375 + 100


@pytest.mark.parametrize(("n_checks", "allowed"), [(1, True), (2, False)])
def test_the_yearly_cap_bars_routine_checks(n_checks, allowed):
    """Two non-exempt checks a year are the default; the third needs an exempt ground."""
    done = [inspection("F1", f"2026-01-0{day + 1}") for day in range(n_checks)]
    result = made(known(facilities=[facility(1)], inspections=done))
    assert bool(result.visits) is allowed
    assert [barred.visit.facility_id for barred in result.barred] == ([] if allowed else ["F1"])


def test_exempt_checks_do_not_count_towards_the_cap():
    """Complaint, re-check, campaign and joint visits are exempt grounds."""
    done = [inspection("F1", "2026-01-01", "complaint"), inspection("F1", "2026-01-02", "joint")]
    assert len(made(known(facilities=[facility(1)], inspections=done)).visits) == 1


def test_a_lead_lifts_the_cap():
    """With a report the facility may be visited again this year."""
    done = [inspection("F1", "2026-01-01"), inspection("F1", "2026-01-02")]
    given = known(leads=[lead(1, facility_id="F1")], facilities=[facility(1)], inspections=done)
    assert len(made(given).visits) == 1


def test_two_visits_to_one_door_keep_their_distance():
    """A facility seen three weeks ago waits, and the plan says why."""
    given = known(facilities=[facility(1)], inspections=[inspection("F1", "2026-02-12")])
    result = made(given, min_spacing_days=30)
    assert result.visits == ()
    assert result.barred[0].reason.values == {"d": 30}


def test_a_sweep_is_worth_what_it_is_expected_to_find():
    """Half of what is there is found by one search: 0.5 x 2 points."""
    (visit,) = made(known(cells=[cell(1)])).visits
    assert (visit.kind, visit.prize) == ("sweep", 100)


def test_the_spacing_opens_later_in_the_week():
    """Seen on 9 February, thirty days are over on Wednesday 11 March."""
    given = known(facilities=[facility(1)], inspections=[inspection("F1", "2026-02-09")])
    (visit,) = made(given, min_spacing_days=30).visits
    assert [window[0] for window in visit.windows] == [2, 3, 4]


def test_the_cap_counts_the_year_of_the_week_and_of_its_own_level():
    """A check of the city does not use up the county's two; four in all do."""
    county = [{**inspection("F1", "2026-01-01"), "government_level": "county"}]
    city = [{**inspection("F1", f"2026-01-0{n}"), "government_level": "city"} for n in (2, 3, 4)]
    last_year = [inspection("F1", "2025-12-31"), inspection("F1", "2025-12-30")]
    allowed = made(known(facilities=[facility(1)], inspections=county + city[:2] + last_year))
    assert len(allowed.visits) == 1
    (barred,) = made(known(facilities=[facility(1)], inspections=county + city)).barred
    assert barred.reason.values == {"n": 4, "cap": 4}


def test_places_and_scores_that_are_missing_are_passed_over():
    """A facility without a point or a score can't be driven to, and breaks nothing."""
    nan = float("nan")
    rows = [facility(1, lat=nan), facility(2, score=nan), facility(3, reasons=None)]
    (visit,) = made(known(facilities=rows, cells=[cell(1, score=nan)])).visits
    assert (visit.facility_id, visit.reasons) == ("F3", ())


def test_a_lead_keeps_what_its_facility_is_worth_however_many_are_worth_more():
    """Merging must not depend on how many candidates are wanted."""
    many = [facility(n, score=50.0) for n in range(2, 30)]
    due = lead(1, facility_id="F1", due_on=pd.Timestamp("2026-03-10"))
    given = known(leads=[due], facilities=[facility(1), *many])
    found = make_candidates(
        given, CandidateParams(), severity=SEVERITY, week_start=MONDAY, as_of=AS_OF, limit=10
    )
    assert (found.visits[0].facility_id, found.visits[0].prize) == ("F1", 475)
