"""
Choose the best week from the routes a search has seen: a set packing by CP-SAT.

Each visit at most once, at most as many routes of a kind as there are shifts of it,
at most one of alternatives, joint visits whole and at one time, quotas and required
visits by the same bonuses as in the search. A whole city in one model gains nothing
in useful time, so a few neighbouring shifts are packed at a time, the rest fixed.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.desk import POOLED, Desk
from routing.model import Model

MAX_SHIFTS = 16
"""Shifts packed at once; problems up to this size are packed whole."""

MAX_COLUMNS = 6_000
"""Routes in one model, the most recent ones of the pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A route that a shift of ``kind`` could drive; ``pins`` are joint visits' earliest starts."""

    kind: int
    stops: tuple[int, ...]
    pins: tuple[int, ...]
    worth: int
    shift: int


@dataclass(slots=True, kw_only=True)
class Part:
    """Shifts to pack anew, and what the rest of the plan has taken already."""

    shifts: list[int]
    taken: NDArray[np.bool_]
    quota_n: NDArray[np.int64]


def pick_part(model: Model, desk: Desk, rng: np.random.Generator) -> Part:
    """Pick some neighbouring shifts, all where there are few."""
    n_routes = len(model.start)
    length = desk.best_length
    route_of = np.full(len(model.place), -1, np.int64)
    for r in range(n_routes):
        route_of[desk.best_stops[r, : length[r]]] = r
    free = _free_shifts(model, desk)
    whole = len(free) <= MAX_SHIFTS
    chosen = free if whole else _neighbouring(model, route_of, free, rng)
    fixed = np.ones(n_routes, bool)
    fixed[chosen] = False
    taken = (route_of >= 0) & fixed[route_of]
    quota_n = np.zeros(len(model.quota_min), np.int64)
    for v in np.flatnonzero(taken):
        if model.quota_of[v] >= 0:
            quota_n[model.quota_of[v]] += 1
    return Part(shifts=chosen, taken=taken, quota_n=quota_n)


def _free_shifts(model: Model, desk: Desk) -> list[int]:
    """Return the shifts that may be exchanged: no clash, no joint visit that can't be packed."""
    n_routes = len(model.start)
    alone = [r for r in range(n_routes) if model.clash_at[r] == model.clash_at[r + 1]]
    if len(model.joint_within) == 0 or _joints_can_be_packed(model):
        return alone
    return [
        r for r in alone if (model.joint_of[desk.best_stops[r, : desk.best_length[r]]] < 0).all()
    ]


def _joints_can_be_packed(model: Model) -> bool:
    """Tell whether everything is packed at once and no team has two shifts a day."""
    n_routes = len(model.start)
    pairs = set(zip(model.team.tolist(), model.day.tolist(), strict=True))
    return n_routes <= MAX_SHIFTS and len(pairs) == n_routes


def _neighbouring(
    model: Model, route_of: NDArray[np.int64], free: list[int], rng: np.random.Generator
) -> list[int]:
    """Return shifts whose routes pass near a random visit."""
    allowed = set(free)
    start = int(rng.integers(len(model.place)))
    chosen: dict[int, None] = {}
    seen, queue = {start}, [start]
    while queue and len(chosen) < MAX_SHIFTS:
        v = queue.pop(0)
        r = int(route_of[v])
        if r in allowed:
            chosen[r] = None
        for u in model.near[v].tolist():
            if u not in seen:
                seen.add(u)
                queue.append(u)
    return list(chosen)


def columns_of(model: Model, desk: Desk, part: Part, *, travel_price: float) -> list[Column]:
    """Return the pooled routes that the shifts of a part could drive, the plan's own first."""
    kinds = set(model.kind[part.shifts].tolist())
    with_joints = len(model.joint_within) > 0 and _joints_can_be_packed(model)
    barred = part.taken | ((model.joint_of >= 0) & (not with_joints))
    for v in np.flatnonzero(part.taken):
        for k in model.rivals[model.rivals_at[v] : model.rivals_at[v + 1]]:
            barred = barred | _members(model, int(k))
    found: dict[tuple[int, frozenset[int], tuple[int, ...]], Column] = {}

    def add(shift: int, stops: list[int], pins: list[int], travel: int) -> None:
        kind = int(model.kind[shift])
        kept = float((model.keep[stops] == shift).sum()) * model.keep_bonus
        value = float(model.value[stops].sum()) + kept
        worth = round(100 * (value - travel_price * travel))
        key = (kind, frozenset(stops), tuple(pins))
        if key not in found or found[key].worth < worth:
            found[key] = Column(
                kind=kind, stops=tuple(stops), pins=tuple(pins), worth=worth, shift=shift
            )

    for r in part.shifts:
        stops = desk.best_stops[r, : desk.best_length[r]].tolist()
        if stops:
            pins = [
                int(desk.best_lo[r, p]) if model.joint_of[v] >= 0 else 0
                for p, v in enumerate(stops)
            ]
            add(r, stops, pins, _travel(model, r, stops))
    n = int(desk.tally[POOLED])
    usable = np.isin(model.kind[desk.pool_route[:n]], list(kinds))
    width = np.arange(desk.pool_stops.shape[1])
    filled = width[None, :] < desk.pool_length[:n, None]
    usable &= ~(barred[desk.pool_stops[:n]] & filled).any(axis=1)
    for k in np.flatnonzero(usable)[-MAX_COLUMNS:]:
        stops = desk.pool_stops[k, : desk.pool_length[k]].tolist()
        pins = [
            int(desk.pool_pin[k, p]) if model.joint_of[v] >= 0 else 0 for p, v in enumerate(stops)
        ]
        add(int(desk.pool_route[k]), stops, pins, int(desk.pool_travel[k]))
    return list(found.values())


def _members(model: Model, rivalry: int) -> NDArray[np.bool_]:
    rows = np.repeat(np.arange(len(model.place)), np.diff(model.rivals_at))
    out = np.zeros(len(model.place), bool)
    out[rows[model.rivals == rivalry]] = True
    return out


def _travel(model: Model, r: int, stops: list[int]) -> int:
    places = [model.origin[r], *model.place[stops], model.target[r]]
    return sum(int(model.travel[a, b]) for a, b in pairwise(places))


def pack(
    model: Model,
    desk: Desk,
    part: Part,
    columns: list[Column],
    *,
    seed: int,
    seconds: float | None,
) -> dict[int, Column | None] | None:
    """
    Choose the best routes for the shifts of a part.

    Parameters
    ----------
    seconds
        Wall clock limit; None: a limit that counts work, so that runs repeat exactly.

    Returns
    -------
    chosen
        Route per shift, None for an idle shift; None in all if nothing better is found.
    """
    from ortools.sat.python import cp_model

    cp = cp_model.CpModel()
    picked = [cp.new_bool_var("") for _ in columns]
    by_visit: dict[int, list[int]] = defaultdict(list)
    by_kind: dict[int, list[int]] = defaultdict(list)
    for c, column in enumerate(columns):
        by_kind[column.kind].append(c)
        for v in column.stops:
            by_visit[v].append(c)
    for chosen in by_visit.values():
        cp.add_at_most_one(picked[c] for c in chosen)
    kinds = model.kind[part.shifts].tolist()
    for kind, chosen in by_kind.items():
        cp.add(sum(picked[c] for c in chosen) <= kinds.count(kind))
    _add_rivals(cp, model, by_visit, picked)
    _add_joints(cp, model, columns, picked)
    objective = sum(column.worth * var for column, var in zip(columns, picked, strict=True))
    for q, needed in enumerate((model.quota_min - part.quota_n).tolist()):
        mine = [picked[c] for v, cs in by_visit.items() if model.quota_of[v] == q for c in cs]
        if needed > 0 and mine:
            met = cp.new_int_var(0, needed, "")
            cp.add(met <= sum(mine))
            objective += round(100 * model.quota_bonus) * met
    cp.maximize(objective)
    own = {tuple(desk.best_stops[r, : desk.best_length[r]].tolist()) for r in part.shifts}
    for column, var in zip(columns, picked, strict=True):
        cp.add_hint(var, column.stops in own)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % 2**31
    if seconds is None:
        solver.parameters.max_deterministic_time = 1.0
    else:
        solver.parameters.max_time_in_seconds = max(0.05, seconds)
    if solver.solve(cp) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    taken = [column for column, var in zip(columns, picked, strict=True) if solver.value(var)]
    return _assign(model, part, taken)


def _add_rivals(
    cp: Any,
    model: Model,
    by_visit: dict[int, list[int]],
    picked: list[Any],
) -> None:
    """At most one of the alternatives."""
    groups: dict[int, list[int]] = defaultdict(list)
    for v, chosen in by_visit.items():
        for k in model.rivals[model.rivals_at[v] : model.rivals_at[v + 1]].tolist():
            groups[k] += chosen
    for chosen in groups.values():
        cp.add(sum(picked[c] for c in chosen) <= 1)


def _add_joints(
    cp: Any,
    model: Model,
    columns: list[Column],
    picked: list[Any],
) -> None:
    """All members of a joint visit on the same day in the same span of time, or none."""
    at: dict[tuple[int, int, int, int], list[Any]] = defaultdict(list)
    for c, column in enumerate(columns):
        for v, pin in zip(column.stops, column.pins, strict=True):
            g = int(model.joint_of[v])
            if g >= 0:
                at[g, int(model.day[column.shift]), pin, v].append(picked[c])
    for g, day, pin in {key[:3] for key in at}:
        members = model.joint[model.joint_at[g] : model.joint_at[g + 1]].tolist()
        first = sum(at.get((g, day, pin, members[0]), []))
        for v in members[1:]:
            cp.add(sum(at.get((g, day, pin, v), [])) == first)


def _assign(model: Model, part: Part, taken: list[Column]) -> dict[int, Column | None]:
    """Give each chosen route to a shift of its kind, its own one where that is free."""
    out: dict[int, Column | None] = dict.fromkeys(part.shifts)
    waiting = []
    for column in taken:
        if column.shift in out and out[column.shift] is None:
            out[column.shift] = column
        else:
            waiting.append(column)
    for column in waiting:
        free = [r for r, c in out.items() if c is None and model.kind[r] == column.kind]
        out[free[0]] = column
    return out


def write_best(model: Model, desk: Desk, chosen: dict[int, Column | None]) -> None:
    """Put the chosen routes into the best plan of the desk."""
    far = np.int64(1) << 40
    for r, column in chosen.items():
        stops = column.stops if column else ()
        desk.best_length[r] = len(stops)
        for p, v in enumerate(stops):
            g = model.joint_of[v]
            desk.best_stops[r, p] = v
            desk.best_lo[r, p] = column.pins[p] if column and g >= 0 else -far
            desk.best_hi[r, p] = (
                column.pins[p] + model.joint_within[g] if column and g >= 0 else far
            )
