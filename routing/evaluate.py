"""
Feasibility and value of a plan, recomputed from the problem alone.

Knows no solver and shares no code with one: every plan passes through here
before anybody sees it, and after every manual edit. Errors are short English
sentences for the log and the tests; a plan that has any is never shown.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from routing.problem import UNREACHABLE, Break, Candidate, PatrolProblem, Shift
from routing.solution import SolvedRoute, SolvedStop


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """
    What a plan is worth and what is wrong with it.

    ``errors`` break a rule. A missing required visit, a group short of its quota
    and a lock not kept are no errors of a route but must be told: they stand apart.
    """

    errors: tuple[str, ...]
    prize: int
    travel_s: int
    served: tuple[str, ...]
    missing_required: tuple[str, ...]
    quotas_missed: dict[str, int]
    locks_missed: tuple[str, ...]

    @property
    def is_feasible(self) -> bool:
        """No rule is broken and every lock is kept."""
        return not self.errors and not self.locks_missed


@dataclass(slots=True)
class _Walk:
    """State while the routes are walked."""

    errors: list[str] = field(default_factory=list)
    served: dict[str, tuple[Shift, int]] = field(default_factory=dict)
    travel_s: int = 0


def evaluate(problem: PatrolProblem, routes: Sequence[SolvedRoute]) -> Evaluation:
    """
    Recompute feasibility, prize and travel of a plan.

    Parameters
    ----------
    problem
        The problem that the plan answers.
    routes
        One entry per used shift; shifts without stops may be left out.

    Returns
    -------
    evaluation
        Prize in the problem's unit, travel in seconds.
    """
    visits = {visit.visit_id: visit for visit in problem.visits}
    shifts = {shift.shift_id: shift for shift in problem.shifts}
    walk = _Walk()
    used: list[Shift] = []
    for route in routes:
        shift = shifts.get(route.shift)
        if shift is None:
            walk.errors.append(f"{route.shift}: no such shift")
        elif route.stops:
            for other in used:
                if other.shift_id == shift.shift_id or other.overlaps(shift):
                    walk.errors.append(f"{shift.shift_id} and {other.shift_id} at the same time")
            used.append(shift)
            _walk_route(problem, shift, route.stops, visits, walk)
    _check_groups(problem, walk)
    count = Counter(visits[name].group for name in walk.served)
    short = {q.group: q.min_visits - count[q.group] for q in problem.quotas}
    served = walk.served
    return Evaluation(
        errors=tuple(walk.errors),
        prize=sum(visits[name].prize for name in served),
        travel_s=walk.travel_s,
        served=tuple(served),
        missing_required=tuple(
            sorted(v.visit_id for v in problem.visits if v.required and v.visit_id not in served)
        ),
        quotas_missed={group: n for group, n in short.items() if n > 0},
        locks_missed=tuple(
            sorted(
                name
                for name, shift_id in problem.locked.items()
                if name not in served or served[name][0].shift_id != shift_id
            )
        ),
    )


def _walk_route(
    problem: PatrolProblem,
    shift: Shift,
    stops: Sequence[SolvedStop],
    visits: dict[str, Candidate],
    walk: _Walk,
) -> None:
    place, clock, pause = shift.start_location, shift.start_s, shift.due_pause
    for stop in stops:
        visit = visits.get(stop.visit)
        if visit is None or stop.visit in walk.served:
            walk.errors.append(f"{stop.visit}: unknown or served twice")
            continue
        walk.served[stop.visit] = (shift, stop.start_s)
        leg = int(problem.travel_s[place, visit.location])
        if leg >= UNREACHABLE:
            walk.errors.append(f"{stop.visit}: no way from the place before")
            continue
        if pause is not None and _fits(pause, leave=clock, leg=leg, until=stop.start_s):
            pause = None
        if stop.start_s < clock + leg:
            walk.errors.append(f"{stop.visit}: starts {clock + leg - stop.start_s} s too early")
        if stop.depart_s != stop.start_s + visit.service_s or stop.arrive_s > stop.start_s:
            walk.errors.append(f"{stop.visit}: times do not add up")
        _check_visit(visit, shift, stop.start_s, walk)
        walk.travel_s += leg
        clock, place = stop.start_s + visit.service_s, visit.location
    leg = int(problem.travel_s[place, shift.end_location])
    walk.travel_s += leg
    if clock + leg > shift.end_s:
        walk.errors.append(f"{shift.shift_id}: back {clock + leg - shift.end_s} s late")
    if pause is not None and not _fits(pause, leave=clock, leg=leg, until=shift.end_s):
        walk.errors.append(f"{shift.shift_id}: no room for the break")


def _fits(pause: Break, *, leave: int, leg: int, until: int) -> bool:
    """Tell whether the break fits whole before or after a leg that ends by ``until``."""
    ends_before_leg = max(leave, pause.from_s) + pause.duration_s
    if ends_before_leg <= pause.to_s and ends_before_leg + leg <= until:
        return True
    ends_after_leg = max(leave + leg, pause.from_s) + pause.duration_s
    return ends_after_leg <= min(pause.to_s, until)


def _check_visit(visit: Candidate, shift: Shift, start_s: int, walk: _Walk) -> None:
    name = visit.visit_id
    if not any(
        day == shift.day and earliest <= start_s <= latest
        for day, earliest, latest in visit.windows
    ):
        walk.errors.append(f"{name}: start {start_s} on day {shift.day} is outside its windows")
    if shift.team in visit.forbidden_teams:
        walk.errors.append(f"{name}: {shift.team} is forbidden")
    if visit.teams is not None and shift.team not in visit.teams:
        walk.errors.append(f"{name}: {shift.team} is not among its teams")
    if not visit.needs <= shift.skills:
        walk.errors.append(f"{name}: {shift.team} lacks a skill")


def _check_groups(problem: PatrolProblem, walk: _Walk) -> None:
    for group in problem.alternatives:
        if sum(name in walk.served for name in group) > 1:
            walk.errors.append(f"more than one of the alternatives {', '.join(group)}")
    for joint in problem.together:
        there = [walk.served[name] for name in joint.visits if name in walk.served]
        if not there:
            continue
        label = f"joint visit {', '.join(joint.visits)}"
        if len(there) < len(joint.visits):
            walk.errors.append(f"{label}: served in part")
            continue
        starts = [start for _, start in there]
        if len({shift.day for shift, _ in there}) > 1 or max(starts) - min(starts) > joint.within_s:
            walk.errors.append(f"{label}: not at the same time")
        if len({shift.team for shift, _ in there}) < len(there):
            walk.errors.append(f"{label}: one team twice")
