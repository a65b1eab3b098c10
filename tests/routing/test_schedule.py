"""From the planner's answer to the routes of a plan."""

import pytest

from data.records import Team, Visit
from routing import schedule
from routing.solve import SolverParams, solve
from tests.routing.problems import END_S, START_S, problem, shift, visit


def record(name, prize=900):
    """Return a candidate as workflows know it."""
    return Visit(
        visit_id=name, kind="routine", place_name=f"place {name}", lon=110.0, lat=23.0,
        prize=prize, service_s=1800, windows=((0, START_S, END_S),),
    )  # fmt: skip


def team(name):
    """Return a team of two."""
    return Team(team_id=name, officer_ids=("a", "b"), base_lon=110.0, base_lat=23.0, days=(0,))


def test_route_carries_clock_times_travel_and_the_way_home():
    """A route sheet says when to be where, and when one is back."""
    given = problem([visit("V1", 1), visit("V2", 2)], [shift()])
    result = solve(given, SolverParams(iterations=100))
    routes, left = schedule.to_routes(
        given, result, visits=[record("V1"), record("V2")], teams=[team("T1")]
    )
    assert left == ()
    assert [stop.visit.visit_id for stop in routes[0].stops] in (["V1", "V2"], ["V2", "V1"])
    assert routes[0].travel_s == 2400
    assert routes[0].back_s == START_S + 2400 + 3600
    assert routes[0].leave_s == START_S


def test_idle_team_gets_an_empty_route_and_order_is_that_of_the_teams():
    """Stand-by is a plan too."""
    given = problem([visit("V1", teams=["T2"])], [shift("T2-0"), shift("T1-0")])
    result = solve(given, SolverParams(iterations=50))
    routes, _ = schedule.to_routes(
        given, result, visits=[record("V1")], teams=[team("T1"), team("T2")]
    )
    assert [(route.team_id, len(route.stops)) for route in routes] == [("T1", 0), ("T2", 1)]


def test_left_out_visits_are_told_by_name_and_in_points():
    """Nobody on a screen knows an id; prizes are stored in hundredths."""
    given = problem(
        [visit("V1", service_s=20_000, prize=400), visit("V2", service_s=20_000, prize=900)],
        [shift()],
    )
    result = solve(given, SolverParams(iterations=100))
    _, left = schedule.to_routes(
        given, result, visits=[record("V1"), record("V2")], teams=[team("T1")]
    )
    fix = left[0].cheapest_fix
    assert left[0].visit.visit_id == "V1"
    assert fix.template.format(**fix.values) == "换下 place V2（−9.0）"


def test_unknown_team_or_visit_is_a_fault():
    """A plan must not lose a route in silence."""
    given = problem([visit("V1")], [shift()])
    result = solve(given, SolverParams(iterations=10))
    with pytest.raises(ValueError, match="T1"):
        schedule.to_routes(given, result, visits=[record("V1")], teams=[])
