"""The problem and the state of a search as arrays, for the compiled code."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.problem import PatrolProblem

FAR = 1 << 40
"""A time that never comes, in seconds."""

FEW = 12
"""A visit with no more shifts than this is tried in each of them, near or not."""

Ints = NDArray[np.int64]
Small = NDArray[np.int32]
Reals = NDArray[np.float64]


class Model(NamedTuple):
    """
    A problem in arrays: ``n`` visits, ``R`` shifts, ``D`` days that have shifts.

    ``value`` is the prize plus what makes locks, then required visits, come first.
    ``few`` lists the shifts of visits that may go into at most ``FEW`` of them, ``must``
    the locked and required visits, locked ones first.
    ``travel_to`` is ``travel`` with destinations as rows.
    Windows of visit v on day d lie at ``win_at[v * D + d]`` up to the next entry, in
    order and apart from each other. ``pause_s`` is -1 where no break is due.
    """

    travel: Small
    travel_to: Small
    place: Ints
    service: Ints
    value: Reals
    weight: Reals
    n_days: int
    win_at: Ints
    win_lo: Ints
    win_hi: Ints
    allowed: NDArray[np.uint8]
    origin: Ints
    target: Ints
    start: Ints
    end: Ints
    day: Ints
    team: Ints
    kind: Ints
    pause_s: Ints
    pause_lo: Ints
    pause_hi: Ints
    clash_at: Ints
    clash: Ints
    quota_of: Ints
    quota_min: Ints
    quota_bonus: float
    rivals_at: Ints
    rivals: Ints
    n_rivalries: int
    joint_of: Ints
    joint_at: Ints
    joint: Ints
    joint_within: Ints
    keep: Ints
    keep_bonus: float
    few_at: Ints
    few: Ints
    must: Ints
    quota_at: Ints
    quota_visits: Ints
    near: Small
    tag: NDArray[np.uint64]
    max_stops: int


class State(NamedTuple):
    """
    Routes under construction.

    ``f0[r, p]`` is the earliest time at which shift r is free after its p-th stop with
    its break still to come, ``f1`` with the break taken; ``b0[r, p]`` the latest arrival
    at stop p from which the rest is in time with the break taken before, ``b1`` with the
    break still to come after that stop; ``leg[r, p]`` the travel to stop p, or home.
    ``totals`` holds value and travel seconds.
    """

    stops: Small
    leg: Small
    length: Ints
    f0: Ints
    f1: Ints
    b0: Ints
    b1: Ints
    slack: Ints
    travel_of: Ints
    route_of: Ints
    pin_lo: Ints
    pin_hi: Ints
    quota_n: Ints
    rival_n: Ints
    totals: Reals


def make_state(model: Model) -> State:
    """Return the state in which every shift is empty; label it before use."""
    n, n_routes, width = len(model.place), len(model.start), model.max_stops

    def grid() -> Ints:
        return np.zeros((n_routes, width + 1), np.int64)

    return State(
        stops=np.zeros((n_routes, width), np.int32),
        leg=np.zeros((n_routes, width + 1), np.int32),
        length=np.zeros(n_routes, np.int64),
        f0=grid(),
        f1=grid(),
        b0=grid(),
        b1=grid(),
        slack=np.zeros(n_routes, np.int64),
        travel_of=np.zeros(n_routes, np.int64),
        route_of=np.full(n, -1, np.int64),
        pin_lo=np.full(n, -FAR, np.int64),
        pin_hi=np.full(n, FAR, np.int64),
        quota_n=np.zeros(max(1, len(model.quota_min)), np.int64),
        rival_n=np.zeros(max(1, model.n_rivalries), np.int64),
        totals=np.zeros(2),
    )


def _lists(groups: list[list[int]]) -> tuple[Ints, Ints]:
    """Return start offsets and the joined content of some lists."""
    at = np.zeros(len(groups) + 1, np.int64)
    at[1:] = np.cumsum([len(group) for group in groups])
    return at, np.array([k for group in groups for k in group], np.int64)


def make_model(problem: PatrolProblem, *, n_near: int = 40) -> Model:
    """
    Turn a problem into arrays.

    Parameters
    ----------
    problem
        A checked problem with at least one visit and one shift.
    n_near
        Neighbours kept per visit, nearest in travel time first.
    """
    visits, shifts = problem.visits, problem.shifts
    index = {visit.visit_id: k for k, visit in enumerate(visits)}
    shift_index = {shift.shift_id: k for k, shift in enumerate(shifts)}
    days = sorted({shift.day for shift in shifts})
    day_index = {day: k for k, day in enumerate(days)}
    allowed = _allowed(problem, shift_index)
    win_at, windows = _windows(problem, day_index)
    joints = _merged_joints(problem, index)
    joint_of = np.full(len(visits), -1, np.int64)
    for g, (members, _) in enumerate(joints):
        joint_of[members] = g
    joint_at, joint = _lists([members for members, _ in joints])
    clash_at, clash = _lists(
        [[k for k, b in enumerate(shifts) if a is not b and a.overlaps(b)] for a in shifts]
    )
    quota_index = {quota.group: k for k, quota in enumerate(problem.quotas)}
    rival_lists: list[list[int]] = [[] for _ in visits]
    for k, group in enumerate(problem.alternatives):
        for name in group:
            rival_lists[index[name]].append(k)
    rivals_at, rivals = _lists(rival_lists)
    keep = np.full(len(visits), -1, np.int64)
    for name, shift_id in problem.previous.items():
        keep[index[name]] = shift_index[shift_id]
    value, quota_bonus = _values(problem)
    prizes = np.array([visit.prize for visit in visits], np.float64)
    pauses = [shift.due_pause for shift in shifts]
    place = np.array([visit.location for visit in visits], np.int64)
    service = np.array([visit.service_s for visit in visits], np.int64)
    near, legs = _neighbours(problem, place, n_near)
    team_index = {team: k for k, team in enumerate(sorted({shift.team for shift in shifts}))}
    random = np.random.default_rng(20251124)
    few_at, few = _few(allowed)
    quota_lists: list[list[int]] = [[] for _ in problem.quotas]
    for k, visit in enumerate(visits):
        if visit.group in quota_index:
            quota_lists[quota_index[visit.group]].append(k)
    quota_at, quota_visits = _lists(quota_lists)
    musts = [k for k, visit in enumerate(visits) if visit.visit_id in problem.locked]
    musts += [k for k, visit in enumerate(visits) if visit.required and k not in set(musts)]
    return Model(
        travel=np.ascontiguousarray(problem.travel_s, np.int32),
        travel_to=np.ascontiguousarray(problem.travel_s.T, np.int32),
        place=place,
        service=service,
        value=value,
        weight=np.maximum(service + legs, 1.0),
        n_days=len(days),
        win_at=win_at,
        win_lo=windows[:, 0].copy(),
        win_hi=windows[:, 1].copy(),
        allowed=allowed,
        origin=np.array([shift.start_location for shift in shifts], np.int64),
        target=np.array([shift.end_location for shift in shifts], np.int64),
        start=np.array([shift.start_s for shift in shifts], np.int64),
        end=np.array([shift.end_s for shift in shifts], np.int64),
        day=np.array([day_index[shift.day] for shift in shifts], np.int64),
        team=np.array([team_index[shift.team] for shift in shifts], np.int64),
        kind=_kinds(problem, allowed, win_at, windows, day_index),
        pause_s=np.array([p.duration_s if p else -1 for p in pauses], np.int64),
        pause_lo=np.array([p.from_s if p else 0 for p in pauses], np.int64),
        pause_hi=np.array([p.to_s if p else 0 for p in pauses], np.int64),
        clash_at=clash_at,
        clash=clash,
        quota_of=np.array([quota_index.get(v.group or "", -1) for v in visits], np.int64),
        quota_min=np.array([quota.min_visits for quota in problem.quotas], np.int64),
        quota_bonus=quota_bonus,
        rivals_at=rivals_at,
        rivals=rivals,
        n_rivalries=len(problem.alternatives),
        joint_of=joint_of,
        joint_at=joint_at,
        joint=joint,
        joint_within=np.array([within for _, within in joints], np.int64),
        keep=keep,
        keep_bonus=float(prizes.mean()) / 2 if problem.previous else 0.0,
        few_at=few_at,
        few=few,
        must=np.array(musts, np.int64),
        quota_at=quota_at,
        quota_visits=quota_visits,
        near=near,
        tag=random.integers(1, 2**63, len(visits), dtype=np.uint64),
        max_stops=_max_stops(problem),
    )


def _few(allowed: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    rows = [np.flatnonzero(row).tolist() for row in allowed]
    return _lists([row if len(row) <= FEW else [] for row in rows])


def restrict(model: Model, fits: NDArray[np.uint8]) -> Model:
    """Return the model in which a visit may only go where ``fits`` says."""
    few_at, few = _few(fits)
    return model._replace(allowed=fits, few_at=few_at, few=few)


def _values(problem: PatrolProblem) -> tuple[Reals, float]:
    """Return the value of each visit and the bonus per quota place: locks, required, quotas."""
    prizes = np.array([visit.prize for visit in problem.visits], np.float64)
    quota_bonus = float(prizes.sum()) + 1
    n_wanted = sum(min(quota.min_visits, len(problem.visits)) for quota in problem.quotas)
    required_bonus = quota_bonus * (n_wanted + 1)
    required = np.array([visit.required for visit in problem.visits])
    locked = np.array([visit.visit_id in problem.locked for visit in problem.visits])
    lock_bonus = required_bonus * (int(required.sum()) + 1)
    return prizes + required * required_bonus + locked * lock_bonus, quota_bonus


def _allowed(problem: PatrolProblem, shift_index: dict[str, int]) -> NDArray[np.uint8]:
    """Tell which visit may go into which shift by team, skill, lock and day."""
    allowed = np.zeros((len(problem.visits), len(problem.shifts)), np.uint8)
    rows: dict[object, NDArray[np.bool_]] = {}
    for k, visit in enumerate(problem.visits):
        days = frozenset(day for day, _, _ in visit.windows)
        key = (days, visit.needs, visit.forbidden_teams, visit.teams)
        if key not in rows:
            rows[key] = np.array([s.day in days and visit.is_open_to(s) for s in problem.shifts])
        allowed[k] = rows[key]
        if visit.visit_id in problem.locked:
            lock = shift_index[problem.locked[visit.visit_id]]
            allowed[k] = rows[key] & (np.arange(len(problem.shifts)) == lock)
    return allowed


def _windows(problem: PatrolProblem, day_index: dict[int, int]) -> tuple[Ints, Ints]:
    """Join the windows of each visit and day where they touch, in order of time."""
    at, flat = [0], []
    for visit in problem.visits:
        for day in day_index:
            joined: list[list[int]] = []
            for _, lo, hi in sorted(window for window in visit.windows if window[0] == day):
                if joined and lo <= joined[-1][1] + 1:
                    joined[-1][1] = max(joined[-1][1], hi)
                else:
                    joined.append([lo, hi])
            flat += joined
            at.append(len(flat))
    return np.array(at, np.int64), np.array(flat, np.int64).reshape(-1, 2)


def _merged_joints(problem: PatrolProblem, index: dict[str, int]) -> list[tuple[list[int], int]]:
    """Return joint visits as (members, seconds); those that share a member become one."""
    groups: list[tuple[set[int], int]] = []
    for joint in problem.together:
        members, within = {index[name] for name in joint.visits}, joint.within_s
        for other in [g for g in groups if g[0] & members]:
            groups.remove(other)
            members, within = members | other[0], min(within, other[1])
        groups.append((members, within))
    return [(sorted(members), within) for members, within in groups if len(members) > 1]


def _kinds(
    problem: PatrolProblem,
    allowed: NDArray[np.uint8],
    win_at: Ints,
    windows: Ints,
    day_index: dict[int, int],
) -> Ints:
    """Number the shifts so that equal numbers mean: a route of one fits the other too."""
    n_days = len(day_index)
    profile = {}
    for d in range(n_days):
        parts = [
            windows[win_at[k * n_days + d] : win_at[k * n_days + d + 1]]
            for k in range(len(problem.visits))
        ]
        profile[d] = tuple(part.tobytes() for part in parts)
    seen: dict[object, int] = {}
    kinds = []
    for r, shift in enumerate(problem.shifts):
        d = day_index[shift.day]
        # joint visits tie a route to its day
        day: object = d if problem.together else profile[d]
        ends = (shift.start_location, shift.end_location, shift.start_s, shift.end_s)
        # a published plan ties a route to its very shift
        own = r if problem.previous else -1
        key = (ends, shift.due_pause, allowed[:, r].tobytes(), day, own)
        kinds.append(seen.setdefault(key, len(seen)))
    return np.array(kinds, np.int64)


def _neighbours(problem: PatrolProblem, place: Ints, n_near: int) -> tuple[Small, Reals]:
    """Return the nearest visits of each visit and half its two shortest legs, in seconds."""
    legs = problem.travel_s[np.ix_(place, place)].astype(np.float64)
    both = np.minimum(legs, legs.T)
    np.fill_diagonal(both, np.inf)
    n_near = min(n_near, len(place) - 1)
    if n_near < 1:
        return np.zeros((len(place), 0), np.int32), np.zeros(len(place))
    some = np.argpartition(both, n_near - 1, axis=1)[:, :n_near]
    order = np.argsort(np.take_along_axis(both, some, axis=1), axis=1, kind="stable")
    near = np.take_along_axis(some, order, axis=1).astype(np.int32)
    first = np.take_along_axis(both, near[:, :2].astype(np.int64), axis=1)
    return near, np.minimum(first.mean(axis=1), 86_400.0)


def _max_stops(problem: PatrolProblem) -> int:
    """Return how many visits fit into one shift if travel took no time."""
    longest = max(shift.end_s - shift.start_s for shift in problem.shifts)
    total = np.cumsum(sorted(visit.service_s for visit in problem.visits))
    return max(1, int(np.searchsorted(total, longest, side="right")))
