"""The reason of each visit left out is the true one, and its fix works."""

import re

import pytest

from routing.problem import UNREACHABLE, PatrolProblem
from routing.solve import SolverParams, solve
from tests.routing.problems import END_S, START_S, problem, random_problem, shift, visit

DAY_S = END_S - START_S


def told(given):
    """Return reason and fix of each visit left out."""
    result = solve(given, SolverParams(iterations=400))
    return {u.visit: (u.reason, u.cheapest_fix) for u in result.unplanned}


def test_unreachable_place():
    """No road leads there."""
    travel = [[0, UNREACHABLE], [600, 0]]
    given = problem([visit("V1")], [shift()], travel=travel)
    assert told(given)["V1"] == ("unreachable", "add the road or walk")


def test_window_outside_the_hours_names_a_day_and_hour_that_would_do():
    """A night bar can't be visited at noon."""
    given = problem([visit("V1", windows=[[0, 3600, 7200]])], [shift()])
    assert told(given)["V1"] == ("window", "move to day 0 at 08:40")


def test_window_on_a_day_without_a_shift():
    """Open on Saturday only."""
    given = problem([visit("V1", windows=[[5, START_S, END_S]])], [shift()])
    assert told(given)["V1"][0] == "window"


def test_missing_skill():
    """No team has a dental expert."""
    given = problem([visit("V1", needs=["dental"])], [shift()])
    assert told(given)["V1"] == ("no_skill", "add an officer with dental to a team")


def test_recused_team_and_who_could_help():
    """The only skilled team has an interest in the place."""
    given = problem(
        [visit("V1", needs=["dental"], forbidden_teams=["T1"])],
        [shift(skills=["dental"]), shift("T2-0")],
    )
    assert told(given)["V1"] == ("no_team", "borrow one officer from T2")


def test_day_too_short_even_for_this_visit_alone():
    """Twenty minutes of way and a visit as long as the day: twenty minutes are missing."""
    given = problem([visit("V1", service_s=DAY_S)], [shift()])
    assert told(given)["V1"] == ("no_time", "extend T1-0 by 20 min")


def test_a_few_minutes_more_would_do_beside_the_others():
    """Two visits of half a day each, and ten minutes too little."""
    half = (DAY_S - 1200) // 2
    given = problem(
        [visit("V1", service_s=half, prize=9), visit("V2", service_s=half + 600)], [shift()]
    )
    assert told(given)["V1"] == ("no_time", "extend T1-0 by 10 min")


def test_outvalued_names_what_stands_in_its_place():
    """One long visit per day: the dearer one goes."""
    given = problem(
        [visit("V1", service_s=20_000, prize=4), visit("V2", service_s=20_000, prize=9)], [shift()]
    )
    assert told(given)["V1"] == ("outvalued", "replaces V2 (-9) in T1-0")


def test_required_visit_is_never_offered_for_exchange():
    """What must stay is no fix."""
    given = problem(
        [visit("V1", service_s=20_000), visit("V2", service_s=20_000, required=True)], [shift()]
    )
    assert told(given)["V1"] == ("outvalued", None)


def test_alternative_that_is_served_is_named():
    """One of two is enough."""
    given = problem([visit("V1", prize=5), visit("V2", 2)], [shift()], alternatives=[["V1", "V2"]])
    assert told(given)["V1"] == ("alternative_served", "serve it instead of V2")


def test_joint_visit_without_a_second_team():
    """Two departments, one car."""
    given = problem([visit("V1"), visit("V2")], [shift()], together=[{"visits": ["V1", "V2"]}])
    assert told(given) == {"V1": ("joint_incomplete", None), "V2": ("joint_incomplete", None)}


@pytest.mark.parametrize("seed", range(200, 206))
def test_overtime_that_is_offered_is_enough(seed):
    """With the day that much longer the visit goes in, beside the others if it fits a day alone."""
    given = random_problem(seed, n_visits=16, n_teams=2, n_days=1)
    result = solve(given, SolverParams(iterations=400))
    served = {stop.visit for route in result.routes for stop in route.stops}
    for left in result.unplanned:
        found = re.fullmatch(r"extend (\S+) by (\d+) min", left.cheapest_fix or "")
        if found:
            fits = with_required(given, {left.visit}).status == "ok"
            wanted = served | {left.visit} if fits else {left.visit}
            longer = with_required(given, wanted, late=found[1], extra_s=60 * int(found[2]))
            assert longer.status == "ok"


def with_required(given, wanted, *, late=None, extra_s=0):
    """Solve a problem again with other required visits and perhaps a longer shift."""
    content = given.to_json()
    for item in content["visits"]:
        item["required"] = item["id"] in wanted
    for item in content["shifts"]:
        item["end_s"] += extra_s if item["id"] == late else 0
    return solve(PatrolProblem.from_json(content), SolverParams(iterations=600))
