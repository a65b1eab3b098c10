"""Re-timing by hand agrees with the solver's own evaluation, and names what stands against it."""

import numpy as np
import pytest

from routing import edit
from routing.evaluate import evaluate
from routing.problem import PatrolProblem
from routing.solution import SolvedRoute
from routing.solve import SolverParams, solve
from routing.warm import tiny_problem


def line_problem(n=6, *, end_s=63_000, windows=None, needs=()):
    """Return visits on a line, ten minutes apart, half an hour each, and one shift with lunch."""
    place = list(range(n + 1))
    return PatrolProblem.from_json(
        {
            "travel_s": [[600 * abs(a - b) for b in place] for a in place],
            "visits": [
                {
                    "id": f"V{k}", "location": k, "service_s": 1800, "prize": 10,
                    "windows": windows or [[0, 30_600, 61_200]], "needs": list(needs),
                }
                for k in place[1:]
            ],
            "shifts": [
                {
                    "id": "A-0", "team": "A", "day": 0, "start_location": 0, "end_location": 0,
                    "start_s": 30_600, "end_s": end_s,
                    "break": {"duration_s": 3600, "from_s": 41_400, "to_s": 48_600},
                }
            ],
        }
    )  # fmt: skip


def test_every_route_of_a_solve_times_the_same_by_hand():
    """Two clocks that disagree would move visits that nobody touched."""
    problem = tiny_problem()
    table = edit.Table(problem)
    result = solve(problem, SolverParams(iterations=300))
    assert result.routes
    for route in result.routes:
        again = edit.time_stops(table, route.shift, [stop.visit for stop in route.stops])
        assert isinstance(again, edit.TimedRoute)
        assert again.stops[-1].depart_s <= route.stops[-1].depart_s


def test_random_orders_are_feasible_or_named():
    """Whatever is dragged where: a timetable that the checker accepts, or a rule."""
    rng = np.random.default_rng(7)
    problem = line_problem(8, end_s=50_000)
    table = edit.Table(problem)
    outcomes = set()
    for _ in range(200):
        order = rng.permutation(len(problem.visits))[: rng.integers(1, 9)]
        names = [problem.visits[k].visit_id for k in order]
        found = edit.time_stops(table, "A-0", names)
        if isinstance(found, edit.Fault):
            outcomes.add(found.violations[0].rule)
            continue
        outcomes.add("ok")
        checked = evaluate(problem, [SolvedRoute(shift="A-0", stops=found.stops)])
        assert checked.errors == ()
        assert checked.travel_s == found.travel_s
    assert "ok" in outcomes
    assert "hours" in outcomes


def test_the_best_position_costs_the_least_travel():
    """Left to itself a visit goes where the team passes anyway."""
    table = edit.Table(line_problem())
    found = edit.best_position(table, "A-0", ["V1", "V2", "V5"], "V3")
    assert isinstance(found, edit.Placed)
    # on the way out or on the way home past V2: both add nothing
    assert found.extra_travel_s == 0
    tried = [
        edit.time_stops(table, "A-0", [*["V1", "V2", "V5"][:p], "V3", *["V1", "V2", "V5"][p:]])
        for p in range(4)
    ]
    assert found.route.travel_s == min(t.travel_s for t in tried)


@pytest.mark.parametrize(
    ("problem", "rule"),
    [
        (line_problem(end_s=36_000), "hours"),
        (line_problem(windows=[[1, 30_600, 61_200]]), "window"),
        (line_problem(windows=[[0, 30_600, 30_700]]), "window"),
        (line_problem(needs=["x"]), "skills"),
    ],
)
def test_what_does_not_fit_names_its_rule(problem, rule):
    """A mere refusal sends a planner guessing."""
    found = edit.time_stops(edit.Table(problem), "A-0", ["V1", "V2", "V3", "V4", "V5", "V6"])
    assert isinstance(found, edit.Fault)
    assert found.violations[0].rule == rule
    assert found.violations[0].hard


def test_a_done_visit_keeps_its_time():
    """What has happened does not move, whatever is put in after it."""
    table = edit.Table(line_problem())
    found = edit.time_stops(table, "A-0", ["V2", "V1"], pinned={"V2": 33_000})
    assert isinstance(found, edit.TimedRoute)
    assert found.stops[0].start_s == 33_000
    placed = edit.best_position(table, "A-0", ["V2", "V3"], "V1", first=1, pinned={"V2": 33_000})
    assert isinstance(placed, edit.Placed)
    assert placed.position >= 1
    assert placed.route.stops[0].start_s == 33_000
