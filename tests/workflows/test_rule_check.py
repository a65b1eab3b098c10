"""A plan against every rule: a case that holds and one that does not."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from data.schema import TIME_ZONE
from errors import BrokenRuleError
from tests.workflows import plans
from workflows.planning import PlanningParams, ShiftParams
from workflows.rule_check import TITLES, check_plan, refuse_broken
from workflows.wording import say

PARAMS = PlanningParams()
MONDAY = "2026-03-09"


def officers(**more):
    fields = {
        "officer_id": ["O1", "O2"],
        "district_code": ["990101", "990101"],
        "certificate_expiry": pd.to_datetime(["2026-03-09", "2027-01-01"]),
    }
    return pd.DataFrame({**fields, **more})


def recusals(*pairs):
    return pd.DataFrame(list(pairs), columns=["officer_id", "facility_id"])


def inspections(*rows):
    columns = ("facility_id", "started_at", "kind", "result", "topics", "ground")
    frame = pd.DataFrame(list(rows), columns=list(columns))
    frame["started_at"] = pd.to_datetime(frame["started_at"]).dt.tz_localize(TIME_ZONE)
    return frame


def done(day, kind="routine", result="pass", topics=None, ground=None):
    return ("F1", day, kind, result, topics, ground)


def checked(plan, *, params=PARAMS, who=None, barred=(), past=()):
    return check_plan(
        plan,
        officers=officers() if who is None else who,
        recusals=recusals(*barred),
        inspections=inspections(*past),
        params=params,
    )


def line(report, rule):
    (found,) = [each for each in report.lines if each.rule == rule]
    return found


def at_f1(**more):
    return plans.plan(plans.visit(1, facility_id="F1", ground="routine", **more))


def wrong(plan, **given):
    """Return the rules that are not kept."""
    return {each.rule for each in checked(plan, **given).lines if each.violations}


def test_a_plan_in_order_keeps_every_rule():
    """The panel shows only ticks, and how much was checked."""
    report = checked(at_f1())
    assert (report.n_hard_kept, report.n_hard, report.n_warnings) == (7, 7, 0)
    assert (line(report, "two_officers").n_ok, line(report, "two_officers").n_checked) == (1, 1)
    assert [each.rule for each in report.lines] == list(TITLES)


def test_an_empty_plan_and_empty_records_are_checked_too():
    """A week of stand-by breaks nothing."""
    report = checked(plans.plan())
    assert report.n_hard_kept == report.n_hard
    assert all(each.n_checked == 0 for each in report.lines)


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ({"who": officers(certificate_expiry=pd.to_datetime(["2026-03-08", "2027-01-01"]))},
         {"two_officers", "certificate"}),
        ({"who": officers(certificate_expiry=pd.to_datetime([None, "2027-01-01"]))},
         {"two_officers"}),
        ({"who": officers().head(1)}, {"two_officers"}),
        ({"barred": [("O1", "F1")]}, {"recusal"}),
        ({"barred": [("O9", "F1"), ("O1", "F2")]}, set()),
        ({"past": [done("2026-01-01"), done("2026-01-02")]}, {"yearly_cap"}),
        ({"past": [done("2026-01-01"), done("2025-12-31")]}, set()),
        ({"past": [done("2026-01-01"), done("2026-01-02", "joint")]}, set()),
        ({"past": [done("2026-01-01"), done("2026-01-02", ground="handover")]}, set()),
        ({"past": [done("2026-02-08")]}, {"spacing"}),
        ({"past": [done("2026-02-07")]}, set()),
        ({"past": [done("2026-03-01", "desk_check")]}, set()),
        ({"past": [done("2025-06-01", result="refused")]}, {"third_person"}),
        ({"past": [done("2025-06-01", topics="hygiene;unlicensed_practice")]}, {"third_person"}),
        ({"past": [done("2025-06-01", topics="hygiene")]}, set()),
    ],
)  # fmt: skip
def test_each_rule_of_a_visit_just_inside_and_just_outside(given, rules):
    """One Monday visit to F1, 2026-03-09, by O1 and O2."""
    plan = at_f1(district_code="990101")
    assert wrong(plan, **given) == rules


def test_each_member_must_be_at_home_in_the_district():
    """One local officer does not make a guest lawful; a city's officer serves all of it."""
    plan = at_f1(district_code="990101")
    assert wrong(plan, who=officers(district_code=["990101", "990102"])) == {"jurisdiction"}
    assert wrong(plan, who=officers(district_code=["990101", "990100"])) == set()


@pytest.mark.parametrize(("back_s", "kept"), [(63_000, True), (63_001, False)])
def test_the_team_is_back_in_time(back_s, kept):
    """17:30 is the end of the shift by default."""
    plan = at_f1()
    late = replace(plan, routes=(replace(plan.routes[0], back_s=back_s),))
    assert ("hours" in wrong(late)) is not kept


@pytest.mark.parametrize(("service_s", "kept"), [(9_000, True), (16_200, False)])
def test_lunch_is_left_free(service_s, kept):
    """A visit from 9:00 to 13:30 leaves no hour between 11:30 and 13:30."""
    assert ("hours" in wrong(at_f1(service_s=service_s))) is not kept


def test_more_teams_than_cars_are_out():
    """The second team of the day has no car; both routes were checked."""
    plan = at_f1()
    second = replace(plan.routes[0], team_id="B")
    team = replace(plan.teams[0], team_id="B")
    both = replace(plan, routes=(plan.routes[0], second), teams=(*plan.teams, team))
    report = checked(both, params=PlanningParams(shifts=ShiftParams(max_teams=1)))
    assert (line(report, "hours").n_ok, line(report, "hours").n_checked) == (1, 2)


def test_a_visit_starts_within_its_hours():
    """09:00 on a Monday: a window that opens at 09:30 or on Tuesday is missed."""
    assert wrong(at_f1(windows=((0, 34_200, 61_200),))) == {"window"}
    assert wrong(at_f1(windows=((1, 30_600, 61_200),))) == {"window"}


def test_a_lead_due_this_week_and_left_out_is_told_by_place():
    """Required and due: hard and soft line both count it, and name the place, not the lead."""
    week = plans.plan().week_start
    out = plans.left_out(
        9, due_on=week + timedelta(days=6), required=True, complaint_ids=("SECRET",)
    )
    report = checked(plans.plan(left_out=[out]))
    assert (line(report, "deadline").n_ok, line(report, "deadline").n_checked) == (0, 1)
    assert line(report, "required").n_ok == 0
    sentences = [say(message, "zh") for each in report.lines for message in each.violations]
    assert sentences == ["测试诊所9 · 必须到访，未排入", "测试诊所9 · 2026-03-15 到期，未排入"]


def test_a_lead_due_next_week_may_wait():
    """Only what falls due before the next plan begins counts."""
    week = plans.plan().week_start
    out = plans.left_out(9, due_on=week + timedelta(days=7))
    assert line(checked(plans.plan(left_out=[out])), "deadline").n_checked == 0


def test_two_visits_to_one_door_should_be_one():
    """A lead and a routine check at one address; a search of the area is no door."""
    here = {"lon": 112.0, "lat": 23.0}
    lead = plans.visit(1, complaint_ids=("C1",), ground="complaint", **here)
    check, sweep = plans.visit(2, **here), plans.visit(3, kind="sweep", **here)
    assert wrong(plans.plan(lead, check)) == {"one_door"}
    assert wrong(plans.plan(lead, sweep)) == set()


def test_only_a_broken_hard_rule_stops_the_saving():
    """A required visit that fits nowhere is told, a warning is told, the rest is our fault."""
    refuse_broken(checked(plans.plan(left_out=[plans.left_out(9, required=True)])))
    refuse_broken(checked(at_f1(), past=[done("2026-03-01")]))
    with pytest.raises(BrokenRuleError) as caught:
        refuse_broken(checked(at_f1(), barred=[("O1", "F1")]))
    assert "“回避”（1 处）" in say(caught.value, "zh")


def test_a_thousand_visits_are_checked_at_once():
    """The panel is drawn with the page; the report has a line per rule and counts them all."""
    visits = [plans.visit(n, facility_id=f"F{n}", lon=112 + n / 1e3) for n in range(1000)]
    report = checked(plans.plan(*visits))
    assert line(report, "yearly_cap").n_checked == 1000
