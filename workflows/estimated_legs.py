"""
Which legs of a route are straight-line estimates, and the route's line cut where they are.

Leg ``k`` of a route leads to the stop at position ``k``, the last one back to the base.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data.records import Plan, Route, Team, Visit
from geo import polyline
from workflows import plan_problem

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a route's line, longitude and latitude, shape ``(n, 2)``, all of one kind."""

    points: Floats
    estimated: bool


def of_places(places: Sequence[int], estimated: Bools | None) -> tuple[int, ...]:
    """
    Return the legs between places in order whose times are estimates.

    Parameters
    ----------
    places
        Positions in ``estimated``: the base, the stops, the base.
    estimated
        Pairs that no road joins, as ``TravelTimeMatrix`` names them; None where no time
        is by road, which the plan says as a whole.
    """
    if estimated is None:
        return ()
    return tuple(k for k, (a, b) in enumerate(pairwise(places)) if a != b and estimated[a, b])


def marked(
    routes: Sequence[Route],
    teams: Sequence[Team],
    located: Sequence[Visit],
    estimated: Bools | None,
) -> tuple[Route, ...]:
    """Return the routes with their estimated legs; pairs are those of ``plan_problem.places``."""
    bases = plan_problem.bases(teams)
    at_base = {base: number for number, base in enumerate(bases)}
    at_door = {door: len(bases) + n for n, door in enumerate(plan_problem.doors(located))}
    home = {team.team_id: at_base[team.base_lon, team.base_lat] for team in teams}
    return tuple(
        replace(
            route,
            estimated_legs=of_places(
                [
                    home[route.team_id],
                    *(at_door[stop.visit.lon, stop.visit.lat] for stop in route.stops),
                    home[route.team_id],
                ],
                estimated,
            ),
        )
        if route.stops
        else route
        for route in routes
    )


def is_estimate(plan: Plan, route: Route, leg: int) -> bool:
    """Return whether the time of a leg is a straight-line estimate."""
    return plan.travel_is_estimate or leg in route.estimated_legs


def parts(plan: Plan, route: Route, base: tuple[float, float]) -> list[Part]:
    """Return the line of a route from base to base, cut where by road turns to estimated."""
    places = np.array([base, *((s.visit.lon, s.visit.lat) for s in route.stops), base])
    line = polyline.decode(route.path) if route.path else places
    if plan.travel_is_estimate:
        return [Part(points=line, estimated=True)]
    is_straight = np.zeros(len(line) - 1, dtype=bool)
    start = 0
    for leg in route.estimated_legs:
        # a way that no road leads is drawn straight from door to door
        found = np.flatnonzero(
            _is_at(line[start:-1], places[leg]) & _is_at(line[start + 1 :], places[leg + 1])
        )
        if len(found):
            is_straight[start + found[0]] = True
            start += int(found[0]) + 1
    turns = np.flatnonzero(np.diff(is_straight)) + 1
    ends = pairwise([0, *turns.tolist(), len(is_straight)])
    return [Part(points=line[a : b + 1], estimated=bool(is_straight[a])) for a, b in ends]


def _is_at(points: Floats, place: Floats) -> Bools:
    """Say which points are a place, as exactly as a written line knows places."""
    return np.asarray(np.abs(points - place).max(axis=1) < 2.0 / polyline.PER_DEGREE)
