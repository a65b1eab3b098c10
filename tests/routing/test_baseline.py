"""The yardstick is lawful, and the planner beats it."""

import pytest

from routing.baseline import nearest_prize_plan
from routing.evaluate import evaluate
from routing.solve import SolverParams, solve
from tests.routing.problems import problem, random_problem, shift, visit


@pytest.mark.parametrize("seed", range(400, 410))
def test_simple_plan_breaks_no_rule(seed):
    """A yardstick that cheats measures nothing."""
    given = random_problem(seed, n_visits=14, n_teams=3, n_days=2)
    assert evaluate(given, nearest_prize_plan(given)).errors == ()


def test_planner_collects_at_least_as_much():
    """Otherwise nobody needs it."""
    given = problem(
        [visit(f"V{k}", 1 + k % 3, prize=1 + k, service_s=3600) for k in range(20)], [shift()]
    )
    simple = evaluate(given, nearest_prize_plan(given)).prize
    assert solve(given, SolverParams(iterations=500)).prize >= simple > 0


def test_locked_visit_goes_first():
    """A lock is a promise, also by hand."""
    given = problem(
        [visit("V1", prize=0, service_s=20_000), visit("V2", service_s=20_000)],
        [shift()],
        locked=[{"visit": "V1", "shift": "T1-0"}],
    )
    assert evaluate(given, nearest_prize_plan(given)).locks_missed == ()
