"""Routes around a blocked road: which pass there in that time, and how they drive instead."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from data.records import Plan, Route, Visit
from errors import PlanError
from routing import edit
from routing.problem import UNREACHABLE
from workflows import plan_changes, plan_problem
from workflows.plan_ground import Ground
from workflows.plan_problem import shift_id
from workflows.travel import Ways

M_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedRoad:
    """
    Roads that can't be passed on one day between two times, seconds from midnight.

    Either all within ``radius_m`` of a point, degrees WGS-84, or those of ``road_ids``.
    A route that would pass there in that time goes around all day.
    """

    day: int
    from_s: int
    to_s: int
    lon: float = 0.0
    lat: float = 0.0
    radius_m: float = 0.0
    road_ids: tuple[str, ...] = ()


def drivable(route: Route, blocked: Ground, done: frozenset[str]) -> tuple[Route, list[Visit]]:
    """Return the route timed around the block; visits that no longer fit are let go."""
    names = plan_changes.names(route)
    out: list[Visit] = []
    kept, _ = plan_changes.pinned(route, done)
    while True:
        timed = edit.time_stops(
            blocked.table, shift_id(route.team_id, route.day), names, pinned=kept
        )
        if isinstance(timed, edit.TimedRoute):
            locked = {stop.visit.visit_id for stop in route.stops if stop.locked}
            return plan_changes.timed_route(route, timed, blocked, locked), out
        free = [name for name in names if name not in done]
        if not free:
            # what is done stands as it was driven
            return route, out
        worst = min(
            free,
            key=lambda v: (
                not _is_cut_off(blocked, route, v),
                blocked.visits[v].required,
                blocked.visits[v].prize,
            ),
        )
        names.remove(worst)
        out.append(blocked.visits[worst])


def _is_cut_off(blocked: Ground, route: Route, name: str) -> bool:
    shift = blocked.table.shifts[shift_id(route.team_id, route.day)]
    return edit.travel_of(blocked.table, shift, [name]) == UNREACHABLE


def passes(plan: Plan, route: Route, trouble: BlockedRoad, ground: Ground, blocked: Ground) -> bool:
    """Tell whether a leg driven in the blocked time takes longer than before."""
    del plan
    shift = ground.table.shifts[shift_id(route.team_id, route.day)]
    leave, here = route.leave_s, shift.start_location
    other = blocked.table.shifts[shift.shift_id].start_location
    legs = [(s.visit.visit_id, s.arrive_s, s.depart_s) for s in route.stops]
    for name, arrive, depart in [*legs, (None, route.back_s, route.back_s)]:
        there = shift.end_location if name is None else ground.table.visits[name].location
        around = (
            blocked.table.shifts[shift.shift_id].end_location
            if name is None
            else blocked.table.visits[name].location
        )
        in_time = leave < trouble.to_s and arrive > trouble.from_s
        longer = int(blocked.table.problem.travel_s[other, around]) > int(
            ground.table.problem.travel_s[here, there]
        )
        if in_time and longer:
            return True
        leave, here, other = depart, there, around
    return False


def blocked_ground(
    plan: Plan, visits: Sequence[Visit], ground: Ground, trouble: BlockedRoad
) -> Ground:
    """Return the ground of one day's visits with travel times around the block."""
    points = plan_problem.places(plan.teams, visits)
    if ground.ways.lines.empty:
        travel_s, estimated = _beside(points, ground, trouble).astype(np.int32), None
    else:
        around = _open_roads(ground.ways, trouble).matrix(points)
        travel_s, estimated = around.seconds, around.estimated
    held = {visit.visit_id for visit in visits}
    old = ground.table.problem
    located = {v.visit_id: n for n, v in enumerate(old.visits)}
    barred = {v.visit_id: tuple(v.forbidden_teams) for v in old.visits if v.visit_id in held}
    problem = plan_problem.make_problem(
        "blocked",
        ground.params.shifts,
        visits=[ground.visits[name] for name in located if name in held],
        teams=plan.teams,
        located=visits,
        barred=barred,
        districts=plan_problem.districts_of(plan.teams, ground.officers),
        travel_s=travel_s,
    )
    return replace(ground, table=edit.Table(problem), estimated=estimated)


def _open_roads(ways: Ways, trouble: BlockedRoad) -> Ways:
    """Return the ways without the blocked roads."""
    lines = ways.lines
    if trouble.road_ids:
        if "row_id" not in lines:
            raise PlanError("道路没有编号，请改用断路地点和范围")
        lines = lines[~lines["row_id"].isin(trouble.road_ids)]
    else:
        shapes = shapely.from_wkb(lines["shape"].to_numpy(dtype=object))
        wide = trouble.radius_m / M_PER_DEGREE
        flat = float(np.cos(np.radians(trouble.lat)))
        centre = shapely.Point(trouble.lon * flat, trouble.lat)
        squeezed = shapely.transform(shapes, lambda xy: xy * [flat, 1.0])
        lines = lines[shapely.distance(squeezed, centre) > wide]
    return Ways(lines, roads=ways.roads, straight=ways.straight)


def _beside(points: NDArray[np.float64], ground: Ground, trouble: BlockedRoad) -> NDArray[np.int64]:
    """Return straight-line times that go around a circle; inside it nothing is reached."""
    if trouble.road_ids:
        raise PlanError("没有道路图层，请改用断路地点和范围")
    seconds = ground.ways.matrix(points).seconds.astype(np.int64)
    flat = float(np.cos(np.radians(trouble.lat)))
    xy = (points - [trouble.lon, trouble.lat]) * [M_PER_DEGREE * flat, M_PER_DEGREE]
    a, b = xy[:, None, :], xy[None, :, :]
    way = b - a
    length = np.maximum((way**2).sum(axis=2), 1.0)
    share = np.clip(-(a * way).sum(axis=2) / length, 0.0, 1.0)
    nearest = np.linalg.norm(a + share[..., None] * way, axis=2)
    crosses = nearest < trouble.radius_m
    pace = np.where(length > 1.0, seconds / np.sqrt(length), 0.0)
    seconds = seconds + np.where(crosses, (np.pi - 2) * trouble.radius_m * pace, 0).astype(np.int64)
    inside = np.linalg.norm(xy, axis=1) < trouble.radius_m
    cut = inside[:, None] | inside[None, :]
    np.fill_diagonal(cut, val=False)
    return np.where(cut, UNREACHABLE, seconds).astype(np.int64)
