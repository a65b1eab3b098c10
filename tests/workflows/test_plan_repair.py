"""Wednesday: urgent visits and repairs keep the plan, its rules and what is done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from data.scope import EVERYTHING
from data.store import plans
from errors import PlanError
from tests.conftest import AS_OF
from tests.workflows import weeks_of_work
from workflows import access, plan_edits, plan_ground, plan_life, plan_repair, plan_week
from workflows.plan_repair import MissingCar, MissingOfficer
from workflows.plan_roads import BlockedRoad
from workflows.planning import PlanningParams
from workflows.scoring import ScoringParams

PARAMS = PlanningParams()
WEDNESDAY = AS_OF + timedelta(days=2, hours=8)


def newest(store):
    plan_id = plans.list_plans(store, scope=EVERYTHING)["plan_id"].iloc[0]
    with store.read() as conn:
        return plans.held(conn, plan_id, scope=EVERYTHING)


@pytest.fixture
def ready(planned_store):
    """A plan, what its edits stand on, and the visits of its first two days as done."""
    plan = newest(planned_store).plan
    ground = plan_ground.ground_of(planned_store, plan, PARAMS, scope=EVERYTHING)
    done = frozenset(s.visit.visit_id for r in plan.routes if r.day < 2 for s in r.stops)
    return plan, ground, done


def places(plan):
    return {s.visit.visit_id: (r.team_id, r.day, s.start_s) for r in plan.routes for s in r.stops}


def a_visit_left_out(plan, ground, **more):
    """Return the plan without one of its optional visits, and that visit made urgent."""
    stop = next(s for r in plan.routes if r.day > 2 for s in r.stops if not s.visit.required)
    urgent = replace(stop.visit, visit_id="U1", prize=9_000, **more)
    with_it = replace(ground, visits={**ground.visits, "U1": urgent})
    problem = ground.table.problem
    model = next(v for v in problem.visits if v.visit_id == stop.visit.visit_id)
    table = type(ground.table)(
        replace(problem, visits=(*problem.visits, replace(model, visit_id="U1", prize=9_000)))
    )
    return urgent, replace(with_it, table=table)


def test_three_ways_tell_what_each_pushes_out(ready):
    """The planner chooses by price, so the price must be what the change then costs."""
    plan, ground, done = ready
    urgent, ground = a_visit_left_out(plan, ground)
    ways = plan_repair.ways_to_insert(plan, urgent, ground, done=done, first_day=2)
    assert len(ways) == 3
    assert len({(way.team_id, way.day) for way in ways}) == 3
    assert [way.delta.value for way in ways] == sorted((w.delta.value for w in ways), reverse=True)
    for way in ways:
        after, delta = plan_edits.checked(plan, way.change, ground, done=done)
        assert delta == way.delta
        assert delta.value == urgent.prize - sum(visit.prize for visit in way.lost)
        now = places(after)
        assert now["U1"] == (way.team_id, way.day, way.start_s)
        assert way.day >= 2
        assert {v.visit_id for v in way.lost} == set(places(plan)) - set(now)
        assert {name: now[name] for name in done} == {name: places(plan)[name] for name in done}


@pytest.mark.parametrize("n_days", [1, 3])
def test_a_sick_officer_changes_only_what_must_change(ready, n_days):
    """His team's days fall away; others only take visits in, and what is done stands."""
    plan, ground, done = ready
    team = plan.teams[0]
    days = tuple(range(2, 2 + n_days))
    mended = plan_repair.repair(
        plan, MissingOfficer(officer_id=team.officer_ids[0], days=days), ground, done=done,
        first_day=2,
    )  # fmt: skip
    before, after = places(plan), places(mended.plan)
    hit = {name for name, (t, d, _) in before.items() if t == team.team_id and d in days}
    assert hit
    assert not [name for name, (t, d, _) in after.items() if t == team.team_id and d in days]
    assert {name: after[name] for name in done} == {name: before[name] for name in done}
    stayed = (before.keys() & after.keys()) - hit
    pushed = before.keys() - after.keys() - hit
    elsewhere = {n for n in stayed if before[n][:2] != after[n][:2]}
    assert len(elsewhere) + len(pushed) <= 2 * len(hit)
    assert mended.delta.n_changed == len(before.keys() ^ after.keys()) + sum(
        before[n][:2] != after[n][:2] for n in before.keys() & after.keys()
    )
    assert {v.visit_id for v in mended.lost} == before.keys() - after.keys()
    required = {v.visit_id for v in plan_ground.all_visits(plan) if v.required}
    assert required & before.keys() <= after.keys()


def test_an_officer_who_is_not_missed_changes_nothing(ready):
    """A repair of nothing would still cost an approval."""
    plan, ground, _ = ready
    with pytest.raises(PlanError, match="不用改"):
        plan_repair.repair(plan, MissingOfficer(officer_id="nobody", days=(2,)), ground)
    with pytest.raises(PlanError, match="不用改"):
        plan_repair.repair(plan, MissingCar(team_id="nowhere", days=(2,)), ground)


def test_a_blocked_road_is_driven_around(ready):
    """Routes that pass in that time take the longer way; those that don't stay as they are."""
    plan, ground, done = ready
    route = max((r for r in plan.routes if r.day == 3), key=lambda r: len(r.stops))
    one, two = route.stops[0].visit, route.stops[1].visit
    trouble = BlockedRoad(
        day=3, from_s=30_000, to_s=64_000, radius_m=120, lon=(one.lon + two.lon) / 2,
        lat=(one.lat + two.lat) / 2,
    )  # fmt: skip
    mended = plan_repair.repair(plan, trouble, ground, done=done, first_day=2)
    before, after = places(plan), places(mended.plan)
    other_days = {name for name, (_, day, _) in before.items() if day != 3}
    assert {n: after[n] for n in other_days & after.keys() & done} == {
        n: before[n] for n in done & other_days
    }
    again = next(r for r in mended.plan.routes if (r.team_id, r.day) == (route.team_id, 3))
    assert again.path == ""
    assert again.back_s <= PARAMS.shifts.end_s
    assert again.travel_s >= route.travel_s or len(again.stops) < len(route.stops)


def test_nothing_is_blocked_outside_the_time(ready):
    """A road that is open again in the evening is no reason to change a plan."""
    plan, ground, done = ready
    late = BlockedRoad(day=3, from_s=70_000, to_s=80_000, lon=112.05, lat=23.03, radius_m=2_000)
    with pytest.raises(PlanError, match="不用改"):
        plan_repair.repair(plan, late, ground, done=done)
    with pytest.raises(PlanError, match="晚于开始"):
        plan_repair.repair(plan, replace(late, to_s=60_000), ground, done=done)


def test_a_repair_of_a_released_plan_awaits_release(planned_store):
    """It is saved as a revision, can be undone, and officers drive by the old one till then."""
    held = newest(planned_store)
    plans.save_plan(planned_store, replace(held.plan, status="released"), actor="t")
    trouble = MissingCar(team_id=held.plan.teams[0].team_id, days=(3,))
    edited = plan_week.repair_plan(
        planned_store, held.plan.plan_id, trouble, revision=2, key="r", actor=access.COMMAND_LINE,
        scope=EVERYTHING, now=WEDNESDAY, params=PARAMS,
    )  # fmt: skip
    life = plan_life.read_life(planned_store, held.plan.plan_id, scope=EVERYTHING)
    assert (life.plan.status, life.revision, life.in_force) == ("patched", 3, 2)
    assert edited.delta.n_changed > 0
    back = plan_edits.undo(
        planned_store, held.plan.plan_id, revision=3, key="u", actor=access.COMMAND_LINE,
        scope=EVERYTHING, now=WEDNESDAY,
    )  # fmt: skip
    assert places(back.plan) == places(held.plan)


def test_an_urgent_lead_goes_in_by_the_chosen_way(planned_store, tmp_path):
    """From the ledger into the running week, with its legal ground."""
    held = newest(planned_store)
    columns = ("complaint_id", "received_at", "channel", "topic", "lon", "lat", "due_on", "status")
    lead = ("X9", "2026-03-03 10:00", "phone", "unlicensed_practice", 112.06, 23.04, "2026-03-06",
            "assigned")  # fmt: skip
    weeks_of_work.load(planned_store, tmp_path, "complaints", columns, lead)
    waiting = plan_week.waiting_leads(planned_store, held.plan, scope=EVERYTHING, now=WEDNESDAY)
    assert "X9" in waiting
    urgent = plan_week.urgent_ways(
        planned_store, held.plan.plan_id, "X9", scope=EVERYTHING, now=WEDNESDAY, params=PARAMS,
        severity=ScoringParams().severity,
    )  # fmt: skip
    assert urgent.visit.ground == "complaint"
    done = plan_week.insert_urgent(
        planned_store, held.plan.plan_id, urgent, 0, revision=held.revision, key="i",
        actor=access.COMMAND_LINE, scope=EVERYTHING, now=WEDNESDAY, params=PARAMS,
    )  # fmt: skip
    days = {r.day for r in done.plan.routes for s in r.stops if "X9" in s.visit.complaint_ids}
    assert days
    assert min(days) >= 2
