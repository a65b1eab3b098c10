"""From the store to a lawful week, on the small made-up district."""

from datetime import datetime, timedelta

import pytest

from data.scope import EVERYTHING
from data.store import plans as stored_plans
from errors import BrokenRuleError, NoDataError
from tests.conftest import AS_OF, WEEK
from tests.workflows import weeks_of_work as work
from workflows import planning, rule_check
from workflows.candidate_sources import load_candidates
from workflows.candidates import CandidateParams
from workflows.planning import PlanningParams, ShiftParams
from workflows.scoring import ScoringParams

pytestmark = pytest.mark.both_stores

RECUSAL = ("officer_id", "facility_id")
LEAD = ("complaint_id", "received_at", "channel", "topic", "lon", "lat", "due_on", "status")


def candidates(store, **more):
    return load_candidates(
        store, CandidateParams(), severity=ScoringParams().severity, scope=EVERYTHING,
        week_start=WEEK, limit=10_000, **{"as_of": AS_OF, **more},
    )  # fmt: skip


def lead(number, due, *, received="2026-02-20 10:00"):
    return (
        f"X{number}", received, "phone", "unlicensed_practice", 112.03 + number / 1000, 23.03, due,
        "assigned",
    )  # fmt: skip


def test_a_recused_officer_is_never_sent_there(loaded_store, tmp_path):
    """The law forbids it, whatever the place is worth."""
    rows = [(officer, f"F{n:03d}") for n in range(30) for officer in ("O1", "O2", "O3", "O4")]
    work.load(loaded_store, tmp_path, "recusals", RECUSAL, *rows)
    plan = work.planned(work.scored(loaded_store))
    members = {team.team_id: set(team.officer_ids) for team in plan.teams}
    barred = set(rows)
    sent = [
        (officer, visit.facility_id)
        for team, _, visit in work.stops(plan)
        for officer in members[team]
    ]
    assert not barred & set(sent)
    assert any(facility in {f for _, f in rows} for _, facility in sent)


def test_officers_of_another_district_stay_out(loaded_store, tmp_path):
    """Own jurisdiction only; the guests form a team and have nowhere to go."""
    guests = [
        (f"G{n}", f"试验外员{n}", "990102", 112.05, 23.03, f"G{n}", "2030-12-31") for n in (1, 2)
    ]
    work.load(loaded_store, tmp_path, "officers", work.OFFICER, *guests)
    plan = work.planned(work.scored(loaded_store))
    (abroad,) = [team.team_id for team in plan.teams if "G1" in team.officer_ids]
    assert [stop for stop in work.stops(plan) if stop[0] == abroad] == []


def test_a_certificate_that_ends_midweek_ends_the_teams_week(loaded_store, tmp_path):
    """The last valid day still counts, the next does not."""
    away = [(f"O{n}", WEEK, "2026-03-08") for n in range(1, 9)]
    work.load(loaded_store, tmp_path, "absences", ("officer_id", "from_on", "to_on"), *away)
    short = [(f"N{n}", f"试验新员{n}", "990101", 112.05, 23.03, "Z", "2026-03-03") for n in (1, 2)]
    work.load(loaded_store, tmp_path, "officers", work.OFFICER, *short)
    plan = work.planned(work.scored(loaded_store))
    assert {day for _, day, _ in work.stops(plan)} == {0, 1}


def test_leads_that_fall_due_are_in_the_plan_by_their_day(loaded_store, tmp_path):
    """Overdue ones on any day, one due on Wednesday by then, one due on Sunday this week."""
    rows = [lead(1, "2026-02-25"), lead(2, "2026-03-04"), lead(3, "2026-03-08")]
    work.load(loaded_store, tmp_path, "complaints", LEAD, *rows)
    plan = work.planned(work.scored(loaded_store))
    on = {c: day for _, day, visit in work.stops(plan) for c in visit.complaint_ids}
    assert {"X1", "X2", "X3"} <= set(on)
    assert on["X2"] <= 2


def test_what_becomes_known_later_changes_no_candidate(loaded_store, tmp_path):
    """A plan made for a past Monday must not know its Tuesday."""
    store = work.scored(loaded_store)
    before = candidates(store)
    later = AS_OF + timedelta(days=8)
    fresh = lead(9, "2026-03-05", received="2026-03-03 09:00")
    work.load(store, tmp_path, "complaints", LEAD, fresh, now=later)
    work.load(
        store, tmp_path, "inspections",
        ("inspection_id", "started_at", "kind", "facility_id", "result"),
        *[(f"N{n}", "2026-03-03 10:00", "routine", f"F{n:03d}", "pass") for n in range(60)],
        now=later,
    )  # fmt: skip
    work.load(
        store, tmp_path, "facilities", ("facility_id", "name", "kind", "closed_on"),
        *[(f"F{n:03d}", f"试验机构{n:03d}", "pharmacy", "2026-03-04") for n in range(60)],
        now=later,
    )  # fmt: skip
    assert candidates(store) == before
    assert candidates(store, as_of=later) != before


def test_a_place_that_closed_after_the_scores_is_no_candidate(loaded_store, tmp_path):
    """Scores of last week still name it; nobody drives to a closed door."""
    store = work.scored(loaded_store)
    assert any(visit.facility_id == "F007" for visit in candidates(store).visits)
    work.load(
        store, tmp_path, "facilities",
        ("facility_id", "name", "kind", "opened_on", "lon", "lat", "closed_on"),
        ("F007", "试验机构007", "pharmacy", "2020-01-01", 112.04, 23.03, "2026-03-03"),
        now=AS_OF + timedelta(days=2),
    )  # fmt: skip
    after = candidates(store, as_of=AS_OF + timedelta(days=3))
    assert not any(visit.facility_id == "F007" for visit in after.visits)


def test_the_facility_of_a_lead_has_its_name_without_a_score(loaded_store, tmp_path):
    """A route sheet says where to go even if the place was registered after the scores."""
    store = work.scored(loaded_store)
    work.load(
        store, tmp_path, "facilities",
        ("facility_id", "name", "kind", "opened_on", "address", "lon", "lat"),
        ("N1", "新试验诊所", "private_clinic", "2026-03-02", "试验路1号", 112.04, 23.03),
        now=AS_OF + timedelta(days=1),
    )  # fmt: skip
    work.load(
        store, tmp_path, "complaints",
        ("complaint_id", "received_at", "channel", "topic", "facility_id", "status"),
        ("X1", "2026-03-02 10:00", "phone", "hygiene", "N1", "new"),
        now=AS_OF + timedelta(days=1),
    )  # fmt: skip
    found = candidates(store, as_of=AS_OF + timedelta(days=2)).visits
    (visit,) = [visit for visit in found if "X1" in visit.complaint_ids]
    assert (visit.place_name, visit.address) == ("新试验诊所", "试验路1号")


def test_a_week_under_way_is_planned_from_the_next_day(planned_store):
    """On Wednesday at ten nobody can still drive on Monday."""
    plan = work.planned(planned_store, as_of=AS_OF + timedelta(days=2, hours=10))
    assert {day for _, day, _ in work.stops(plan)} == {3, 4}
    overdue = [v for _, _, v in work.stops(plan) if v.due_on and v.due_on <= WEEK]
    assert overdue


@pytest.mark.parametrize("days", [5, 30])
def test_a_week_that_is_over_is_refused(planned_store, days):
    """A plan for the past is a mistake in the choice of the week."""
    with pytest.raises(NoDataError, match="已经过去"):
        work.planned(planned_store, as_of=AS_OF + timedelta(days=days))


def test_a_store_without_officers_says_so(empty_store):
    """The first thing a planner has to load."""
    with pytest.raises(NoDataError, match="没有执法人员名单"):
        work.planned(empty_store)


def test_a_district_without_officers_and_missing_scores_are_named(loaded_store):
    """One sentence each, with what to do."""
    with pytest.raises(NoDataError, match="999999 没有执法人员"):
        work.planned(loaded_store, district_code="999999")
    with pytest.raises(NoDataError, match="2026-03-02 以前还没有评分"):
        work.planned(loaded_store)


def test_cars_limit_the_teams(planned_store):
    """One car per team that is out."""
    plan = work.planned(planned_store, params=PlanningParams(shifts=ShiftParams(max_teams=2)))
    assert len(plan.teams) == 2


def test_the_same_job_done_again_is_one_plan(planned_store):
    """A worker that died after saving must not leave two drafts."""
    before = len(stored_plans.list_plans(planned_store, scope=EVERYTHING))
    for _ in range(2):
        planning.make_plan(
            planned_store, planning.WeekRequest(week_start=WEEK, solver=work.FEW_MOVES),
            PlanningParams(), ScoringParams(), scope=EVERYTHING, as_of=AS_OF, now=AS_OF,
            actor="test", plan_id="job1",
        )  # fmt: skip
    assert len(stored_plans.list_plans(planned_store, scope=EVERYTHING)) == before + 1


def test_a_plan_that_breaks_a_hard_rule_is_not_saved(planned_store, monkeypatch):
    """Our own fault is told, not stored: here the teams forget who is recused."""
    before = len(stored_plans.list_plans(planned_store, scope=EVERYTHING))
    monkeypatch.setattr(rule_check.rules, "check_recusal", broken)
    with pytest.raises(BrokenRuleError):
        work.planned(planned_store)
    assert len(stored_plans.list_plans(planned_store, scope=EVERYTHING)) == before


def broken(*_args, **_more):
    from data.records import Message
    from routing.rules import Violation

    return [Violation(rule="recusal", hard=True, message=Message("x"))]


def test_moments_in_utc_mean_the_same_day(loaded_store):
    """Stored moments come back in UTC: midnight in Shanghai is 16:00 the day before."""
    from datetime import UTC

    store = work.scored(loaded_store)
    assert candidates(store, as_of=AS_OF.astimezone(UTC)) == candidates(store)
    with pytest.raises(NoDataError, match="2026-03-01 以前"):
        candidates(store, as_of=datetime(2026, 2, 28, 16, tzinfo=UTC))
