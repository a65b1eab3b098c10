"""
One change of a plan by hand: re-time a route, try a visit in it, find its best place.

Pure: a problem, a shift and the names of visits in order go in, a timed route or the
rule that stands against it comes out. Who may make a visit is asked of
``routing/rules.py`` by the caller; here it is time, ways, windows, lunch and skills.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from data.records import Message
from routing.problem import LATEST_S, UNREACHABLE, Candidate, PatrolProblem, Shift
from routing.rules import Violation
from routing.solution import SolvedStop
from routing.timetable import Timetable, time_route


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRoute:
    """The stops of one shift with their times, seconds from midnight."""

    shift: str
    stops: tuple[SolvedStop, ...]
    leave_s: int
    back_s: int
    travel_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a route can't be driven so: the rules that stand against it."""

    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A visit put into a route: at which position (0 the first), and what it costs in travel."""

    position: int
    route: TimedRoute
    extra_travel_s: int


@dataclass(frozen=True)
class Table:
    """A problem with its entries by name."""

    problem: PatrolProblem

    @cached_property
    def visits(self) -> Mapping[str, Candidate]:
        """Visit by name."""
        return {visit.visit_id: visit for visit in self.problem.visits}

    @cached_property
    def shifts(self) -> Mapping[str, Shift]:
        """Shift by name."""
        return {shift.shift_id: shift for shift in self.problem.shifts}


def time_stops(
    table: Table,
    shift_id: str,
    names: Sequence[str],
    *,
    pinned: Mapping[str, int] | None = None,
) -> TimedRoute | Fault:
    """
    Time the visits of a shift in the given order, each as early as possible.

    Parameters
    ----------
    pinned
        Visits that are made or under way, and when they began: they keep their time.
    """
    shift = table.shifts[shift_id]
    visits = [table.visits[name] for name in names]
    if not visits:
        return TimedRoute(
            shift=shift_id, stops=(), leave_s=shift.start_s, back_s=shift.start_s, travel_s=0
        )
    lacking = [visit for visit in visits if not visit.needs <= shift.skills]
    if lacking:
        return Fault(violations=(_skills(lacking[0], shift),))
    spans = {name: (start, start) for name, start in (pinned or {}).items()}
    timed = time_route(table.problem, shift, visits, spans=spans)
    if timed is None:
        return Fault(violations=(_why_not(table, shift, visits, spans),))
    return _route(table, shift, visits, timed)


def best_position(
    table: Table,
    shift_id: str,
    names: Sequence[str],
    visit: str,
    *,
    first: int = 0,
    pinned: Mapping[str, int] | None = None,
) -> Placed | Fault:
    """
    Return the position of a visit in a route that costs the least travel.

    Parameters
    ----------
    first
        The first position that may be taken: what is before it is done.
    """
    before = time_stops(table, shift_id, names, pinned=pinned)
    travel_s = before.travel_s if isinstance(before, TimedRoute) else 0
    best: Placed | None = None
    least: Fault | None = None
    for position in sorted(
        range(first, len(names) + 1), key=lambda p: _detour(table, shift_id, names, visit, p)
    ):
        tried = time_stops(
            table, shift_id, (*names[:position], visit, *names[position:]), pinned=pinned
        )
        if isinstance(tried, Fault):
            least = least or tried
            continue
        placed = Placed(position=position, route=tried, extra_travel_s=tried.travel_s - travel_s)
        if best is None or placed.extra_travel_s < best.extra_travel_s:
            best = placed
    if best is not None:
        return best
    return least or Fault(violations=(Violation(rule="hours", hard=True, message=NO_ROOM),))


NO_ROOM = Message("当日已无可改的时段")


def travel_of(table: Table, shift: Shift, names: Iterable[str]) -> int:
    """Return the travel of a route base to base, seconds; ``UNREACHABLE`` where no way is."""
    places = [table.visits[name].location for name in names]
    if not places:
        return 0
    chain = pairwise([shift.start_location, *places, shift.end_location])
    legs = [int(table.problem.travel_s[a, b]) for a, b in chain]
    return UNREACHABLE if UNREACHABLE in legs else sum(legs)


def _detour(table: Table, shift_id: str, names: Sequence[str], visit: str, position: int) -> int:
    shift, travel = table.shifts[shift_id], table.problem.travel_s
    places = [table.visits[name].location for name in names]
    here = table.visits[visit].location
    chain = [shift.start_location, *places, shift.end_location]
    before, after = chain[position], chain[position + 1]
    joined = 0 if not places else int(travel[before, after])
    return int(travel[before, here]) + int(travel[here, after]) - joined


def _route(table: Table, shift: Shift, visits: Sequence[Candidate], timed: Timetable) -> TimedRoute:
    first_leg = int(table.problem.travel_s[shift.start_location, visits[0].location])
    return TimedRoute(
        shift=shift.shift_id,
        stops=timed.stops,
        leave_s=max(shift.start_s, timed.stops[0].arrive_s - first_leg),
        back_s=timed.stops[-1].depart_s
        + int(table.problem.travel_s[visits[-1].location, shift.end_location]),
        travel_s=travel_of(table, shift, [visit.visit_id for visit in visits]),
    )


def _skills(visit: Candidate, shift: Shift) -> Violation:
    lacking = "、".join(sorted(visit.needs - shift.skills))
    message = Message("队 {team}缺少该项所需专长 {skills}", {"team": shift.team, "skills": lacking})
    return Violation(rule="skills", hard=True, message=message)


def _why_not(
    table: Table,
    shift: Shift,
    visits: Sequence[Candidate],
    spans: Mapping[str, tuple[int, int]],
) -> Violation:
    """Return the rule that keeps a route from being driven: way, window, lunch, or hours."""
    if travel_of(table, shift, [visit.visit_id for visit in visits]) == UNREACHABLE:
        return Violation(rule="unreachable", hard=True, message=Message("两处之间无道路可达"))
    late = time_route(table.problem, shift, visits, spans=spans, end_s=LATEST_S)
    if late is not None:
        minutes = Message("{n} 分钟", {"n": -(-(late.back_s - shift.end_s) // 60)})
        return Violation(
            rule="hours", hard=True, message=Message("超出当日工时 {t}", {"t": minutes})
        )
    shut = [v for v in visits if not any(day == shift.day for day, _, _ in v.windows)]
    if shut:
        return Violation(rule="window", hard=True, message=Message("该日不在可到访日期内"))
    restless = Shift(
        shift_id=shift.shift_id,
        team=shift.team,
        day=shift.day,
        start_location=shift.start_location,
        end_location=shift.end_location,
        start_s=shift.start_s,
        end_s=shift.end_s,
        skills=shift.skills,
    )
    if time_route(table.problem, restless, visits, spans=spans) is not None:
        return Violation(rule="lunch", hard=True, message=Message("未留午休"))
    return Violation(rule="window", hard=True, message=Message("开始时间不在可到访时段内"))
