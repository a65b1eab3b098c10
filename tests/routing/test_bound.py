"""No plan exceeds the bound."""

import numpy as np
import pytest

from routing.bound import knapsack_bound
from routing.solve import SolverParams, solve
from tests.references.best_plan import best_value
from tests.routing.problems import END_S, START_S, problem, random_problem, shift, visit


@pytest.mark.parametrize("seed", range(300, 312))
def test_bound_is_never_below_the_best_plan(seed):
    """The screen says "at least x % of the best possible", and that must be true."""
    given = random_problem(seed, n_visits=5)
    bound = solve(given, SolverParams(iterations=1)).upper_bound
    assert bound >= best_value(given)[2]


def test_bound_of_a_full_day_takes_a_part_of_the_last_visit():
    """Two visits of five hours and half their ways in a day of nine."""
    day_s = END_S - START_S
    visits = [visit("V1", 1, service_s=day_s - 1200), visit("V2", 1, service_s=day_s - 1200)]
    # each: service and half of the way from and to the base, or of the other visit next door
    bound = solve(problem(visits, [shift()]), SolverParams(iterations=1)).upper_bound
    assert 10 <= bound < 20


def test_visit_that_fits_nowhere_adds_nothing():
    """It can't be collected, so it must not flatter the bound."""
    given = problem([visit("V1"), visit("V2", prize=1000, teams=["T9"])], [shift()])
    assert solve(given, SolverParams(iterations=1)).upper_bound == 10


def test_bound_of_nothing_is_zero():
    """No visit fits any shift."""
    from routing.model import make_model

    model = make_model(problem([visit("V1")], [shift()]))
    assert knapsack_bound(model, np.array([10]), np.zeros((1, 1), np.uint8)) == 0
