"""CP-SAT puts the best of two half-good plans together."""

import numpy as np

from routing import packing, search
from routing.desk import make_desk
from routing.evaluate import evaluate
from routing.model import make_model, make_state
from routing.problem import PatrolProblem
from routing.session import Session
from routing.solve import SolverParams, solve
from tests.routing.problems import problem, random_problem, shift, visit


def packed(given, pool):
    """Pack pooled routes, given as (shift index, visits), starting from an empty plan."""
    model = make_model(given)
    state, desk = make_state(model), make_desk(model, seed=0)
    search.construct(model, state, desk, np.zeros(0, np.int64))
    for route, stops in pool:
        for p, v in enumerate(stops):
            state.stops[route, p] = v
        state.length[route] = len(stops)
        search.measure(model, state, route)
        search.relabel(model, state, route)
        search.remember(model, state, desk, route)
        state.length[route] = 0
    part = packing.pick_part(model, desk, np.random.default_rng(0))
    columns = packing.columns_of(model, desk, part, travel_price=1e-6)
    chosen = packing.pack(model, desk, part, columns, seed=0, seconds=None)
    return sorted(sorted(c.stops) for c in chosen.values() if c is not None)


def test_routes_of_different_plans_are_combined():
    """Two shifts take the two routes that do not overlap."""
    given = problem(
        [visit(f"V{k}", 1 + k % 3, prize=p) for k, p in enumerate((5, 5, 5, 5))],
        [shift(), shift("T2-0")],
    )
    assert packed(given, [(0, [0, 1]), (0, [1, 2]), (1, [2, 3])]) == [[0, 1], [2, 3]]


def test_alternatives_are_not_packed_together():
    """At most one of them, also across shifts."""
    given = problem(
        [visit("V0"), visit("V1"), visit("V2", prize=1)],
        [shift(), shift("T2-0")],
        alternatives=[["V0", "V1"]],
    )
    assert packed(given, [(0, [0]), (1, [1]), (1, [2])]) == [[0], [2]] or packed(
        given, [(0, [0]), (1, [1]), (1, [2])]
    ) == [[1], [2]]


def test_quota_outweighs_prize():
    """A township's minimum comes before the dearer visit."""
    given = problem(
        [visit("V0", prize=50), visit("V1", prize=1, group="g")],
        [shift()],
        quotas=[{"group": "g", "min_visits": 1}],
    )
    assert packed(given, [(0, [0]), (0, [1])]) == [[1]]


def test_half_a_joint_visit_is_not_packed():
    """Both members at one time, or none."""
    given = problem(
        [visit("V0", prize=50), visit("V1", prize=50), visit("V2", prize=1)],
        [shift(), shift("T2-0")],
        together=[{"visits": ["V0", "V1"]}],
    )
    assert packed(given, [(0, [0]), (0, [2])]) == [[2]]


def test_packed_plans_pass_the_evaluation():
    """The whole rhythm of search and packing, with joint visits and several days."""
    given = random_problem(77, n_visits=24, n_teams=4, n_days=2)
    result = solve(given, SolverParams(iterations=1000))
    assert evaluate(given, result.routes).errors == ()


def test_large_week_is_packed_in_parts():
    """More shifts than one model takes: parts are packed, the rest stays as it was."""
    base = random_problem(78, n_visits=60, n_teams=12, n_days=2).to_json()
    given = PatrolProblem.from_json({**base, "together": []})
    assert len(given.shifts) > packing.MAX_SHIFTS
    session = Session.begin(given, seed=1)
    for _ in range(5):
        session.step(0.1, n_left=10_000, seconds_left=10.0)
    before = session.prize()
    session.step(0.9, n_left=10_000, seconds_left=10.0)
    assert evaluate(given, session.routes()).errors == ()
    assert session.prize() >= before or given.quotas
