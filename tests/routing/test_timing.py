"""The constant-time insertion test agrees with timing the whole route."""

import numpy as np
import pytest

from routing import timing
from routing.desk import make_desk
from routing.model import FAR, make_model, make_state
from routing.moves import put
from routing.timetable import time_route
from tests.routing.problems import LUNCH, START_S, problem, random_problem, shift, visit


@pytest.mark.parametrize("seed", range(500, 520))
def test_insertion_is_possible_exactly_where_a_timetable_exists(seed):
    """Windows, the break and the way home in one look instead of a walk."""
    given = random_problem(seed, n_visits=9, n_teams=2)
    model = make_model(given)
    state, desk = make_state(model), make_desk(model, seed=0)
    desk.tally[0] = 1
    rng = np.random.default_rng(seed)
    for r, day in enumerate(given.shifts):
        timing.label(model, state, r)
        for v in rng.permutation(len(given.visits)):
            order = [given.visits[u] for u in state.stops[r, : state.length[r]]]
            fits = [timing.detour(model, state, r, p, v) < FAR for p in range(len(order) + 1)]
            timed = [
                time_route(given, day, [*order[:p], given.visits[v], *order[p:]]) is not None
                for p in range(len(order) + 1)
            ]
            assert fits == timed
            if any(fits) and state.route_of[v] < 0:
                put(model, state, desk, v, r, fits.index(True))


def test_timetable_takes_the_break_while_waiting_for_a_window():
    """Lunch at the base until 12:30, then ten minutes of way, not an hour lost at the door."""
    given = problem([visit("V1", windows=[[0, 46_000, 47_000]])], [shift(**{"break": LUNCH})])
    timed = time_route(given, given.shifts[0], given.visits)
    assert (timed.stops[0].arrive_s, timed.stops[0].start_s) == (45_600, 46_000)
    assert timed.back_s == 46_000 + 1800 + 600


@pytest.mark.parametrize(("latest", "is_possible"), [(45_600, True), (45_599, False)])
def test_break_before_a_leg_delays_the_arrival(latest, is_possible):
    """Busy until 41,400, an hour of lunch, ten minutes of way."""
    visits = [
        visit("V1", 1, service_s=41_400 - START_S - 600),
        visit("V2", 2, windows=[[0, 43_000, latest]], service_s=15_000),
    ]
    given = problem(visits, [shift(**{"break": LUNCH})])
    assert (time_route(given, given.shifts[0], given.visits) is not None) == is_possible
