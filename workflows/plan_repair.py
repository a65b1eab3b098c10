"""
Wednesday: fit an urgent visit in, or mend a plan when an officer, a car or a road fails.

As much as possible of the plan stays as it is: only routes that are hit, or that take
in a visit, change, and the number of changed visits is told. Visits that are done, and
days that are over, never change. The result awaits release.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from data.records import LeftOut, Message, Plan, Route, Stop, Team, Visit
from errors import BrokenRuleError, PlanError
from routing import edit
from routing.rules import MIN_OFFICERS
from workflows import plan_changes, plan_roads
from workflows.plan_changes import Add, Batch, Change, Remove
from workflows.plan_edits import Delta, checked, delta_of, refuse_new_breaks
from workflows.plan_ground import Ground, route_of
from workflows.plan_problem import shift_id
from workflows.plan_roads import BlockedRoad
from workflows.rule_check import RuleReport

NOT_MENDED = Message("缺人、缺车或断路后未能改排")
PUSHED_OUT = Message("为急件让出")
N_WAYS = 3
N_TRIED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """
    One way to fit a visit in, and its price.

    ``change`` makes it; ``lost`` visits leave the plan, ``moved`` ones go elsewhere.
    """

    change: Batch
    team_id: str
    day: int
    start_s: int
    lost: tuple[Visit, ...]
    moved: tuple[Visit, ...]
    delta: Delta


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingOfficer:
    """An officer who is away on some days of the week, 0 a Monday."""

    officer_id: str
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingCar:
    """A team without a car on some days."""

    team_id: str
    days: tuple[int, ...]


Trouble = MissingOfficer | MissingCar | BlockedRoad


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A mended plan, what changed, and the visits that found no place."""

    plan: Plan
    delta: Delta
    lost: tuple[Visit, ...]
    moved: tuple[Visit, ...]


def ways_to_insert(
    plan: Plan,
    visit: Visit,
    ground: Ground,
    *,
    done: frozenset[str] = frozenset(),
    first_day: int = 0,
    n: int = N_WAYS,
) -> tuple[Insertion, ...]:
    """
    Return the cheapest ways to fit a visit in, each on another team's day.

    Parameters
    ----------
    visit
        A visit that ``ground`` knows and the plan has not.
    first_day
        Days before it are over.
    """
    tried: list[tuple[int, int, Batch]] = []
    for route, found in plan_changes.openings(
        plan, visit.visit_id, ground, done=done, first_day=first_day
    ):
        add = Add(visit_id=visit.visit_id, team_id=route.team_id, day=route.day)
        if isinstance(found, edit.Placed):
            tried.append((0, found.extra_travel_s, Batch(changes=(add,))))
            continue
        for gone in _segments(route, done):
            kept, first = plan_changes.pinned(route, done)
            names = [name for name in plan_changes.names(route) if name not in gone]
            placed = edit.best_position(
                ground.table, shift_id(route.team_id, route.day), names, visit.visit_id,
                first=min(first, len(names)), pinned=kept,
            )  # fmt: skip
            if isinstance(placed, edit.Placed):
                out = tuple(Remove(visit_id=v, reason=PUSHED_OUT) for v in gone)
                loss = sum(ground.visits[v].prize for v in gone)
                tried.append((loss, placed.extra_travel_s, Batch(changes=(*out, add))))
    found_ways: list[Insertion] = []
    used: set[tuple[str, int]] = set()
    for _, _, batch in sorted(tried, key=lambda way: way[:2])[: N_TRIED * n]:
        own = batch.changes[-1]
        if isinstance(own, Add) and (own.team_id, own.day) in used:
            continue
        way = _priced(plan, batch, ground, done=done, first_day=first_day)
        if way is not None:
            used.add((way.team_id, way.day))
            found_ways.append(way)
        if len(found_ways) >= 2 * n:
            break
    found_ways.sort(key=lambda way: (-way.delta.value, way.delta.travel_s))
    return tuple(found_ways[:n])


def _segments(route: Route, done: frozenset[str]) -> Iterable[tuple[str, ...]]:
    """Yield the stops, one or two in a row, that may make room."""
    free = [_may_go(stop, done) for stop in route.stops]
    names = plan_changes.names(route)
    for at in range(len(names)):
        if free[at]:
            yield (names[at],)
            if at + 1 < len(names) and free[at + 1]:
                yield (names[at], names[at + 1])


def _may_go(stop: Stop, done: frozenset[str]) -> bool:
    return not (
        stop.locked
        or stop.visit.required
        or stop.visit.draw_id is not None
        or stop.visit.visit_id in done
    )


def _priced(
    plan: Plan, batch: Batch, ground: Ground, *, done: frozenset[str], first_day: int
) -> Insertion | None:
    """Return a way with its price, pushed-out visits put elsewhere where they fit; or None."""
    try:
        after, _ = checked(plan, batch, ground, done=done)
    except (BrokenRuleError, PlanError):
        return None
    changes: list[Change] = list(batch.changes)
    lost, moved = [], []
    for part in batch.changes:
        if not isinstance(part, Remove):
            continue
        visit = ground.visits[part.visit_id]
        again = _cheapest(after, visit, ground, done=done, first_day=first_day)
        if again is None:
            lost.append(visit)
            continue
        try:
            after, _ = checked(after, again, ground, done=done)
        except (BrokenRuleError, PlanError):
            lost.append(visit)
            continue
        changes.append(again)
        moved.append(visit)
    add = batch.changes[-1]
    assert isinstance(add, Add)  # noqa: S101 - each way ends with the visit itself
    found = route_of(after, add.visit_id)
    assert found is not None  # noqa: S101 - it has just been put in
    route, position = found
    return Insertion(
        change=Batch(changes=tuple(changes)),
        team_id=route.team_id,
        day=route.day,
        start_s=route.stops[position].start_s,
        lost=tuple(lost),
        moved=tuple(moved),
        delta=delta_of(plan, after, old=ground.check(plan), new=ground.check(after)),
    )


def _cheapest(
    plan: Plan,
    visit: Visit,
    ground: Ground,
    *,
    done: frozenset[str],
    first_day: int,
    not_on: frozenset[tuple[str, int]] = frozenset(),
) -> Add | None:
    best: tuple[int, Add] | None = None
    for route, found in plan_changes.openings(
        plan, visit.visit_id, ground, done=done, first_day=first_day
    ):
        if isinstance(found, edit.Fault) or (route.team_id, route.day) in not_on:
            continue
        if best is None or found.extra_travel_s < best[0]:
            add = Add(visit_id=visit.visit_id, team_id=route.team_id, day=route.day)
            best = found.extra_travel_s, add
    return None if best is None else best[1]


def repair(
    plan: Plan,
    trouble: Trouble,
    ground: Ground,
    *,
    done: frozenset[str] = frozenset(),
    first_day: int = 0,
) -> Repaired:
    """
    Return the plan mended, with as much of it as possible as it was.

    Raises
    ------
    PlanError
        If nothing of the plan is hit.
    """
    match trouble:
        case MissingOfficer():
            return _without_officer(plan, trouble, ground, done=done, first_day=first_day)
        case MissingCar():
            days = {day for day in trouble.days if day >= first_day}
            shut = frozenset((trouble.team_id, day) for day in days)
            return _without_shifts(plan, shut, ground, done=done, first_day=first_day)
        case BlockedRoad():
            return _around(plan, trouble, ground, done=done, first_day=first_day)


def _without_officer(
    plan: Plan, trouble: MissingOfficer, ground: Ground, *, done: frozenset[str], first_day: int
) -> Repaired:
    team = next((t for t in plan.teams if trouble.officer_id in t.officer_ids), None)
    if team is None:
        raise PlanError("{officer}不在本周各队中，计划不用改", officer=trouble.officer_id)
    left = [o for o in team.officer_ids if o != trouble.officer_id]
    days = sorted(day for day in trouble.days if day in team.days and day >= first_day)
    expiry = dict(
        zip(ground.officers["officer_id"], ground.officers["certificate_expiry"], strict=True)
    )
    on = {day: plan.week_start + timedelta(days=day) for day in days}
    shut = frozenset(
        (team.team_id, day)
        for day in days
        if sum(_is_valid(expiry.get(o), on[day]) for o in left) < MIN_OFFICERS
    )
    if not shut:
        raise PlanError(
            "{officer}不在时该队仍有两名持证人员，计划不用改", officer=trouble.officer_id
        )
    return _without_shifts(plan, shut, ground, done=done, first_day=first_day)


def _is_valid(last: Any, day: date) -> bool:
    return not pd.isna(last) and day <= pd.Timestamp(last).date()


def _without_shifts(
    plan: Plan,
    shut: frozenset[tuple[str, int]],
    ground: Ground,
    *,
    done: frozenset[str],
    first_day: int,
) -> Repaired:
    """Take teams' days out of the plan and find other places for their visits."""
    hit = [route for route in plan.routes if (route.team_id, route.day) in shut]
    loose = [stop for route in hit for stop in route.stops if stop.visit.visit_id not in done]
    if not hit:
        raise PlanError("该队这几天没有安排，计划不用改")
    kept = {(r.team_id, r.day): [v for v in plan_changes.names(r) if v in done] for r in hit}
    bare = plan_changes.with_routes(plan, kept, ground, done=done)
    # a day without done visits is no day of the team any more
    gone = {key for key, names in kept.items() if not names}
    routes = tuple(r for r in bare.routes if (r.team_id, r.day) not in gone)
    teams = tuple(_without_days(team, gone) for team in plan.teams)
    bare = replace(bare, routes=routes, teams=teams)
    bare = replace(
        bare,
        left_out=plan_changes.in_order(
            (*bare.left_out, *(LeftOut(visit=s.visit, reason=NOT_MENDED) for s in loose))
        ),
    )
    return _refilled(
        plan, bare, [stop.visit for stop in loose], ground, done=done, first_day=first_day,
        not_on=shut,
    )  # fmt: skip


def _without_days(team: Team, gone: set[tuple[str, int]]) -> Team:
    return replace(team, days=tuple(d for d in team.days if (team.team_id, d) not in gone))


def _refilled(
    before: Plan,
    bare: Plan,
    loose: Sequence[Visit],
    ground: Ground,
    *,
    done: frozenset[str],
    first_day: int,
    not_on: frozenset[tuple[str, int]],
) -> Repaired:
    """Put loose visits into the days that are left, the most needed first."""
    plan, moved, lost = bare, [], []
    order = sorted(loose, key=lambda v: (not v.required, v.due_on is None, -v.prize, v.visit_id))
    for visit in order:
        if visit.draw_id is not None:
            # a drawn pair is never replaced; another day of its own is the planner's to choose
            lost.append(visit)
            continue
        change: Change | None = _cheapest(
            plan, visit, ground, done=done, first_day=first_day, not_on=not_on
        )
        if change is None:
            ways = _ways_past(plan, visit, ground, done=done, first_day=first_day, not_on=not_on)
            change = next((w.change for w in ways if w.delta.value > 0 or visit.required), None)
        if change is None:
            lost.append(visit)
            continue
        try:
            plan, _ = checked(plan, change, ground, done=done)
        except (BrokenRuleError, PlanError):
            lost.append(visit)
        else:
            moved.append(visit)
    old, new = ground.check(before), ground.check(plan)
    _refuse_but_required(old, new)
    planned = {stop.visit.visit_id for route in plan.routes for stop in route.stops}
    was = {stop.visit.visit_id: stop.visit for route in before.routes for stop in route.stops}
    return Repaired(
        plan=plan,
        delta=delta_of(before, plan, old=old, new=new),
        lost=tuple(visit for name, visit in was.items() if name not in planned),
        moved=tuple(visit for visit in moved if visit.visit_id in planned),
    )


def _ways_past(
    plan: Plan,
    visit: Visit,
    ground: Ground,
    *,
    done: frozenset[str],
    first_day: int,
    not_on: frozenset[tuple[str, int]],
) -> tuple[Insertion, ...]:
    ways = ways_to_insert(plan, visit, ground, done=done, first_day=first_day, n=N_WAYS)
    return tuple(way for way in ways if (way.team_id, way.day) not in not_on)


def _refuse_but_required(old: RuleReport, new: RuleReport) -> None:
    """Refuse what breaks a hard rule; a required visit that fits nowhere is told, not refused."""
    lines = tuple(line for line in new.lines if line.rule != "required")
    refuse_new_breaks(old, replace(new, lines=lines))


def _around(
    plan: Plan, trouble: BlockedRoad, ground: Ground, *, done: frozenset[str], first_day: int
) -> Repaired:
    if trouble.to_s <= trouble.from_s:
        raise PlanError("断路的结束时间应晚于开始时间")
    hit = [
        route
        for route in plan.routes
        if route.day == trouble.day and route.day >= first_day and route.stops
    ]
    if not hit:
        raise PlanError("该日没有出勤的队，计划不用改")
    visits = [stop.visit for route in hit for stop in route.stops]
    blocked = plan_roads.blocked_ground(plan, visits, ground, trouble)
    passes = [route for route in hit if plan_roads.passes(plan, route, trouble, ground, blocked)]
    if not passes:
        raise PlanError("没有路线在该时段经过断路处，计划不用改")
    routes: dict[tuple[str, int], Route] = {}
    loose: list[Visit] = []
    for route in passes:
        kept, out = plan_roads.drivable(route, blocked, done)
        routes[route.team_id, route.day] = kept
        loose += out
    bare = replace(
        plan,
        routes=tuple(routes.get((r.team_id, r.day), r) for r in plan.routes),
        left_out=plan_changes.in_order(
            (*plan.left_out, *(LeftOut(visit=v, reason=NOT_MENDED) for v in loose))
        ),
    )
    bare = replace(
        bare,
        prize=sum(stop.visit.prize for r in bare.routes for stop in r.stops),
        travel_s=sum(r.travel_s for r in bare.routes),
    )
    shut = frozenset((r.team_id, r.day) for r in hit)
    return _refilled(plan, bare, loose, ground, done=done, first_day=first_day, not_on=shut)


def officers_out(plan: Plan) -> Mapping[str, str]:
    """Return the officers of a plan's teams, and the team of each."""
    return {officer: team.team_id for team in plan.teams for officer in team.officer_ids}
