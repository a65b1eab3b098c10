"""The plan anybody would make by hand: from where you are, go to the best visit per minute."""

from routing.problem import UNREACHABLE, Candidate, PatrolProblem, Shift
from routing.solution import SolvedRoute
from routing.timetable import Timetable, time_route


def nearest_prize_plan(problem: PatrolProblem) -> tuple[SolvedRoute, ...]:
    """
    Fill shift after shift with the visit of highest prize per second of way and work.

    The yardstick of the planner, and its fallback: a feasible plan without any search.
    Joint visits are left out; locked visits go in first.

    Parameters
    ----------
    problem
        The problem.
    """
    joint = {name for group in problem.together for name in group.visits}
    open_visits = {v.visit_id: v for v in problem.visits if v.visit_id not in joint}
    rivals = {name: group for group in problem.alternatives for name in group}
    routes: list[SolvedRoute] = []
    busy: list[Shift] = []
    for shift in problem.shifts:
        if any(shift.overlaps(other) for other in busy):
            continue
        stops: list[Candidate] = []
        timed: Timetable | None = None
        while (step := _next(problem, shift, stops, open_visits)) is not None:
            visit, timed = step
            stops.append(visit)
            for name in (visit.visit_id, *rivals.get(visit.visit_id, ())):
                open_visits.pop(name, None)
        if timed is not None:
            routes.append(SolvedRoute(shift=shift.shift_id, stops=timed.stops))
            busy.append(shift)
    return tuple(routes)


def _next(
    problem: PatrolProblem,
    shift: Shift,
    stops: list[Candidate],
    open_visits: dict[str, Candidate],
) -> tuple[Candidate, Timetable] | None:
    """Return the best visit that can follow, with the times of the route then."""
    place = stops[-1].location if stops else shift.start_location

    def worth(visit: Candidate) -> tuple[bool, float]:
        leg = int(problem.travel_s[place, visit.location])
        locked = problem.locked.get(visit.visit_id) == shift.shift_id
        return locked, visit.prize / max(1, leg + visit.service_s)

    possible = [
        visit
        for visit in open_visits.values()
        if visit.is_open_to(shift)
        and problem.locked.get(visit.visit_id, shift.shift_id) == shift.shift_id
        and problem.travel_s[place, visit.location] < UNREACHABLE
        and any(day == shift.day for day, _, _ in visit.windows)
    ]
    # beyond the best few nothing fits any more in practice, and a yardstick must be fast
    for visit in sorted(possible, key=worth, reverse=True)[:40]:
        timed = time_route(problem, shift, [*stops, visit])
        if timed is not None:
            return visit, timed
    return None
