"""
Changes of a plan by hand, without a store: move, take out, add, lock.

Each takes a plan and the ground it stands on and returns the changed plan with all
times computed again. What a rule forbids raises with the rule's own sentence; visits
that are done never change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from data.records import LeftOut, Message, Plan, Route, Stop, Visit
from errors import BrokenRuleError, PlanError
from routing import edit
from workflows import estimated_legs
from workflows.plan_ground import Ground, route_of
from workflows.plan_problem import shift_id

DRAWN = Message("双随机名单和人员不得更换，只能改日期和顺序")
BY_HAND = Message("人工去掉")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Put a planned visit elsewhere; no position: where it costs the least travel."""

    visit_id: str
    team_id: str
    day: int
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Take a visit out of the plan."""

    visit_id: str
    reason: Message = BY_HAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """Put a left-out visit in; no team: where it costs the least travel."""

    visit_id: str
    team_id: str | None = None
    day: int | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Keep visits with their team and day, or let them go again."""

    visit_ids: tuple[str, ...]
    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Several changes that are made together or not at all."""

    changes: "tuple[Change, ...]"


Change = Move | Remove | Add | Lock | Batch


def apply(
    plan: Plan, change: Change, ground: Ground, *, done: frozenset[str] = frozenset()
) -> Plan:
    """
    Return the plan with a change made and re-timed.

    Parameters
    ----------
    done
        Visits that are made: they keep team, day, order and time.

    Raises
    ------
    PlanError
        If the visit is not there, is done, or is locked.
    BrokenRuleError
        If time, ways, windows, lunch, skills or a draw stand against it.
    """
    match change:
        case Move():
            return _move(plan, change, ground, done)
        case Remove():
            return _remove(plan, change, ground, done)
        case Add():
            return _add(plan, change, ground, done)
        case Lock():
            return _lock(plan, change)
        case Batch():
            for part in change.changes:
                plan = apply(plan, part, ground, done=done)
            return plan


def visits_of(change: Change) -> tuple[str, ...]:
    """Return the visits that a change names."""
    match change:
        case Lock():
            return change.visit_ids
        case Batch():
            return tuple(name for part in change.changes for name in visits_of(part))
        case _:
            return (change.visit_id,)


def names(route: Route) -> list[str]:
    """Return the visits of a route in order."""
    return [stop.visit.visit_id for stop in route.stops]


def pinned(route: Route, done: frozenset[str]) -> tuple[dict[str, int], int]:
    """Return when the done visits of a route began, and the first position after them."""
    kept = {
        stop.visit.visit_id: stop.start_s for stop in route.stops if stop.visit.visit_id in done
    }
    last = [n for n, stop in enumerate(route.stops) if stop.visit.visit_id in done]
    return kept, max(last, default=-1) + 1


def with_routes(
    plan: Plan,
    changed: Mapping[tuple[str, int], Sequence[str]],
    ground: Ground,
    *,
    done: frozenset[str],
    locked: Iterable[str] | None = None,
) -> Plan:
    """
    Return the plan with some routes holding other visits, timed anew, without their paths.

    Raises
    ------
    BrokenRuleError
        If one of them can't be driven so.
    """
    keeps = _locked(plan) if locked is None else set(locked)
    routes = []
    for route in plan.routes:
        wanted = changed.get((route.team_id, route.day))
        if wanted is None:
            routes.append(route)
            continue
        kept, _ = pinned(route, done)
        timed = edit.time_stops(
            ground.table, shift_id(route.team_id, route.day), wanted, pinned=kept
        )
        if isinstance(timed, edit.Fault):
            raise broken(timed, ground.visits.get(wanted[0] if wanted else ""), route)
        routes.append(timed_route(route, timed, ground, keeps))
    return _totalled(replace(plan, routes=tuple(routes)))


def broken(fault: edit.Fault, visit: Visit | None, route: Route) -> BrokenRuleError:
    """Return the error that says which rule a route breaks, and where."""
    del visit
    return BrokenRuleError(
        "不能这样改：队 {team} {day}，{what}",
        team=route.team_id,
        day=day_name(route.day),
        what=fault.violations[0].message,
    )


def day_name(day: int) -> Message:
    """Return the name of a day of the week, 0 a Monday."""
    return Message(("周一", "周二", "周三", "周四", "周五", "周六", "周日")[day])


def _find(plan: Plan, visit_id: str) -> tuple[Route, int]:
    found = route_of(plan, visit_id)
    if found is None:
        raise PlanError("计划中没有这一项，可能已被去掉。请刷新后再改")
    return found


def _target(plan: Plan, team_id: str, day: int) -> Route:
    for route in plan.routes:
        if (route.team_id, route.day) == (team_id, day):
            return route
    raise PlanError("队 {team} {day}不出勤", team=team_id, day=day_name(day))


def _free(stop: Stop, done: frozenset[str]) -> None:
    if stop.visit.visit_id in done:
        raise PlanError("该项已有检查结果，不能再改动")


def _move(plan: Plan, change: Move, ground: Ground, done: frozenset[str]) -> Plan:
    source, at = _find(plan, change.visit_id)
    stop = source.stops[at]
    _free(stop, done)
    target = _target(plan, change.team_id, change.day)
    is_same = target is source
    if stop.locked and not is_same:
        raise PlanError("该项已锁定，请先解锁再移动")
    if stop.visit.draw_id is not None and target.team_id != source.team_id:
        raise BrokenRuleError("不能这样改：{what}", what=DRAWN)
    left = [name for name in names(source) if name != change.visit_id]
    into = left if is_same else names(target)
    placed = _placed(ground, target, into, change.visit_id, change.position, done)
    routes = {(source.team_id, source.day): left, (target.team_id, target.day): placed}
    return with_routes(plan, routes, ground, done=done)


def _placed(
    ground: Ground,
    target: Route,
    into: Sequence[str],
    visit_id: str,
    position: int | None,
    done: frozenset[str],
) -> list[str]:
    """Return the visits of a route with one more at a position, or where it fits best."""
    kept, first = pinned(target, done)
    if position is not None:
        position = min(max(position, first), len(into))
        return [*into[:position], visit_id, *into[position:]]
    found = edit.best_position(
        ground.table,
        shift_id(target.team_id, target.day),
        into,
        visit_id,
        first=min(first, len(into)),
        pinned=kept,
    )
    if isinstance(found, edit.Fault):
        raise broken(found, ground.visits[visit_id], target)
    return [stop.visit for stop in found.route.stops]


def _remove(plan: Plan, change: Remove, ground: Ground, done: frozenset[str]) -> Plan:
    source, at = _find(plan, change.visit_id)
    stop = source.stops[at]
    _free(stop, done)
    if stop.locked:
        raise PlanError("该项已锁定，请先解锁再去掉")
    if stop.visit.draw_id is not None:
        raise BrokenRuleError("不能这样改：{what}", what=DRAWN)
    left = [name for name in names(source) if name != change.visit_id]
    plan = with_routes(plan, {(source.team_id, source.day): left}, ground, done=done)
    out = LeftOut(visit=stop.visit, reason=change.reason)
    return replace(plan, left_out=in_order((*plan.left_out, out)))


def in_order(left_out: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """Return what was left out, most valuable first."""
    return tuple(sorted(left_out, key=lambda out: (-out.visit.prize, out.visit.visit_id)))


def _add(plan: Plan, change: Add, ground: Ground, done: frozenset[str]) -> Plan:
    if route_of(plan, change.visit_id) is not None:
        raise PlanError("该项已在计划中")
    if change.visit_id not in ground.visits:
        raise PlanError("计划中没有这一项，可能已被去掉。请刷新后再改")
    if change.team_id is None or change.day is None:
        target, order = _cheapest(plan, change.visit_id, ground, done)
    else:
        target = _target(plan, change.team_id, change.day)
        order = _placed(ground, target, names(target), change.visit_id, change.position, done)
    plan = with_routes(plan, {(target.team_id, target.day): order}, ground, done=done)
    left = tuple(out for out in plan.left_out if out.visit.visit_id != change.visit_id)
    return replace(plan, left_out=left)


def _cheapest(
    plan: Plan, visit_id: str, ground: Ground, done: frozenset[str]
) -> tuple[Route, list[str]]:
    """Return the route into which a visit fits with the least extra travel."""
    best: tuple[int, Route, list[str]] | None = None
    fault: BrokenRuleError | None = None
    for route, found in openings(plan, visit_id, ground, done=done):
        if isinstance(found, edit.Fault):
            fault = fault or broken(found, ground.visits[visit_id], route)
        elif best is None or found.extra_travel_s < best[0]:
            best = found.extra_travel_s, route, [stop.visit for stop in found.route.stops]
    if best is not None:
        return best[1], best[2]
    raise fault or PlanError("没有可派的班次")


def openings(
    plan: Plan,
    visit_id: str,
    ground: Ground,
    *,
    done: frozenset[str],
    first_day: int = 0,
) -> Iterable[tuple[Route, edit.Placed | edit.Fault]]:
    """Yield each route that may take a visit, and its best place there or what is against it."""
    candidate = ground.table.visits[visit_id]
    days = {day for day, _, _ in candidate.windows}
    for route in plan.routes:
        shift = ground.table.shifts.get(shift_id(route.team_id, route.day))
        if shift is None or route.day < first_day or route.day not in days:
            continue
        if not candidate.is_open_to(shift):
            continue
        kept, first = pinned(route, done)
        yield (
            route,
            edit.best_position(
                ground.table, shift.shift_id, names(route), visit_id, first=first, pinned=kept
            ),
        )


def _lock(plan: Plan, change: Lock) -> Plan:
    wanted = set(change.visit_ids)
    for visit_id in wanted:
        _find(plan, visit_id)
    routes = tuple(
        replace(
            route,
            stops=tuple(
                replace(stop, locked=change.on) if stop.visit.visit_id in wanted else stop
                for stop in route.stops
            ),
        )
        for route in plan.routes
    )
    return replace(plan, routes=routes)


def _locked(plan: Plan) -> set[str]:
    return {stop.visit.visit_id for route in plan.routes for stop in route.stops if stop.locked}


def timed_route(route: Route, timed: edit.TimedRoute, ground: Ground, locked: set[str]) -> Route:
    """Return a route with new stops and times; its drawn way goes where the order changed."""
    same = [stop.visit for stop in timed.stops] == names(route)
    return Route(
        team_id=route.team_id,
        day=route.day,
        leave_s=timed.leave_s,
        back_s=timed.back_s,
        travel_s=timed.travel_s,
        stops=tuple(
            Stop(
                visit=ground.visits[stop.visit],
                arrive_s=stop.arrive_s,
                start_s=stop.start_s,
                depart_s=stop.depart_s,
                locked=stop.visit in locked,
            )
            for stop in timed.stops
        ),
        path=route.path if same else "",
        estimated_legs=_estimated_legs(route, timed, ground),
    )


def _estimated_legs(route: Route, timed: edit.TimedRoute, ground: Ground) -> tuple[int, ...]:
    if not timed.stops:
        return ()
    shift = ground.table.shifts[shift_id(route.team_id, route.day)]
    doors = [ground.table.visits[stop.visit].location for stop in timed.stops]
    return estimated_legs.of_places(
        [shift.start_location, *doors, shift.end_location], ground.estimated
    )


def _totalled(plan: Plan) -> Plan:
    """Return the plan with value and travel added up again."""
    prize = sum(stop.visit.prize for route in plan.routes for stop in route.stops)
    return replace(
        plan,
        prize=prize,
        # a visit that the solver was not offered may lift a plan above its bound
        upper_bound=max(plan.upper_bound, prize),
        travel_s=sum(route.travel_s for route in plan.routes),
    )
