"""From a ``SolveResult`` to the routes and left-out visits of a plan."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from data.records import LeftOut, Message, Route, Stop, Team, Visit
from routing.problem import PatrolProblem, Shift
from routing.solution import SolvedRoute, SolveResult


def to_routes(
    problem: PatrolProblem,
    result: SolveResult,
    *,
    visits: Iterable[Visit],
    teams: Sequence[Team],
) -> tuple[tuple[Route, ...], tuple[LeftOut, ...]]:
    """
    Return one route per shift of the teams, and what is not in any of them.

    Parameters
    ----------
    problem
        The problem that was solved; its visit ids are those of ``visits``, its
        teams those of ``teams``.
    result
        Its solution.
    visits
        The candidates the problem was made from.
    teams
        Order of the routes; a shift of another team is a fault.

    Returns
    -------
    routes
        Sorted by team as given, then day. A shift without stops is a stand-by day
        with an empty route.
    left_out
        Highest prize first.

    Raises
    ------
    ValueError
        If a visit or team of the problem is not among those given.
    """
    known = {visit.visit_id: visit for visit in visits}
    order = {team.team_id: k for k, team in enumerate(teams)}
    missing = {shift.team for shift in problem.shifts} - set(order)
    missing |= {visit.visit_id for visit in problem.visits} - set(known)
    if missing:
        msg = f"problem names {sorted(missing)[:3]}, which were not given"
        raise ValueError(msg)
    solved = {route.shift: route for route in result.routes}
    shifts = sorted(problem.shifts, key=lambda s: (order[s.team], s.day, s.start_s))
    routes = tuple(_route(problem, shift, solved.get(shift.shift_id), known) for shift in shifts)
    left_out = [
        LeftOut(
            visit=known[u.visit],
            reason=_named(u.message, known),
            cheapest_fix=_named(u.fix_message, known) if u.fix_message else None,
        )
        for u in result.unplanned
    ]
    left_out.sort(key=lambda out: (-out.visit.prize, out.visit.visit_id))
    return routes, tuple(left_out)


def _named(message: Message, known: Mapping[str, Visit]) -> Message:
    """Put place names for visit ids, and points for hundredths of a point."""
    values = dict(message.values)
    if "visits" in values:
        names = str(values["visits"]).split("、")
        values["visits"] = "、".join(known[n].place_name or n for n in names)
    if "v" in values:
        values["v"] = round(float(str(values["v"])) / 100, 1)
    return Message(message.template, values)


def _route(
    problem: PatrolProblem,
    shift: Shift,
    solved: SolvedRoute | None,
    known: Mapping[str, Visit],
) -> Route:
    if solved is None or not solved.stops:
        return Route(
            team_id=shift.team,
            day=shift.day,
            leave_s=shift.start_s,
            back_s=shift.start_s,
            travel_s=0,
            stops=(),
        )
    place_of = {visit.visit_id: visit.location for visit in problem.visits}
    places = [shift.start_location, *(place_of[s.visit] for s in solved.stops), shift.end_location]
    legs = [int(problem.travel_s[a, b]) for a, b in pairwise(places)]
    back_s = solved.stops[-1].depart_s + legs[-1]
    return Route(
        team_id=shift.team,
        day=shift.day,
        leave_s=max(shift.start_s, solved.stops[0].arrive_s - legs[0]),
        back_s=back_s,
        travel_s=sum(legs),
        stops=tuple(
            Stop(
                visit=known[stop.visit],
                arrive_s=stop.arrive_s,
                start_s=stop.start_s,
                depart_s=stop.depart_s,
            )
            for stop in solved.stops
        ),
    )
