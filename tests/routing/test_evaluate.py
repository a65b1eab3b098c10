"""Each constraint with a plan just inside and one just outside it."""

import pytest

from routing.evaluate import evaluate
from routing.solution import SolvedRoute, SolvedStop
from tests.routing.problems import END_S, LUNCH, START_S, problem, shift, visit


def route(*stops, name="T1-0", service_s=1800):
    """Return a route from (visit, start) pairs."""
    return SolvedRoute(
        shift=name,
        stops=tuple(
            SolvedStop(visit=v, arrive_s=s, start_s=s, depart_s=s + service_s) for v, s in stops
        ),
    )


def errors(given, *routes):
    """Return what is wrong with a plan."""
    return evaluate(given, routes).errors


def test_prize_and_travel_are_added_up():
    """The figures on screen come from here."""
    given = problem([visit("V1", 1), visit("V2", 2, prize=7)], [shift()])
    found = evaluate(given, [route(("V1", START_S + 600), ("V2", START_S + 3000))])
    assert (found.prize, found.travel_s, found.errors) == (17, 2400, ())


@pytest.mark.parametrize(("late_s", "n_errors"), [(0, 0), (1, 1)])
def test_team_is_back_before_the_shift_ends(late_s, n_errors):
    """Half an hour on site and ten minutes home must fit."""
    given = problem([visit("V1")], [shift()])
    assert len(errors(given, route(("V1", END_S - 2400 + late_s)))) == n_errors


@pytest.mark.parametrize(("early_s", "n_errors"), [(0, 0), (1, 1)])
def test_visit_starts_only_after_the_way_there(early_s, n_errors):
    """The team leaves its base when the shift starts."""
    given = problem([visit("V1")], [shift()])
    assert len(errors(given, route(("V1", START_S + 600 - early_s)))) == n_errors


@pytest.mark.parametrize(
    ("start", "n_errors"), [(40_000, 0), (41_000, 0), (41_001, 1), (49_999, 1), (50_000, 0)]
)
def test_visit_starts_inside_one_of_its_windows(start, n_errors):
    """Closed over lunch means closed."""
    given = problem([visit("V1", windows=[[0, 40_000, 41_000], [0, 50_000, 51_000]])], [shift()])
    assert len(errors(given, route(("V1", start)))) == n_errors


def test_window_of_another_day_does_not_count():
    """Market day is Tuesday, not Monday."""
    given = problem([visit("V1", windows=[[1, START_S, END_S]])], [shift()])
    assert errors(given, route(("V1", 40_000)))


@pytest.mark.parametrize(
    ("changes", "n_errors"),
    [
        ({"forbidden_teams": ["T1"]}, 1),
        ({"forbidden_teams": ["T2"]}, 0),
        ({"teams": ["T2"]}, 1),
        ({"teams": ["T1"]}, 0),
        ({"teams": []}, 1),
        ({"needs": ["dental"]}, 0),
        ({"needs": ["dental", "cosmetic"]}, 1),
    ],
)
def test_only_teams_that_may_make_a_visit(changes, n_errors):
    """Recusal, binding and skills are law, not wishes."""
    given = problem([visit("V1", **changes)], [shift(skills=["dental"])])
    assert len(errors(given, route(("V1", 40_000)))) == n_errors


@pytest.mark.parametrize(("gap_s", "n_errors"), [(4200, 0), (4199, 1)])
def test_break_fits_whole_beside_a_leg(gap_s, n_errors):
    """An hour of lunch and ten minutes of way lie between two visits."""
    visits = [visit("V1", 1, service_s=11_400), visit("V2", 2, service_s=14_400)]
    given = problem(visits, [shift(**{"break": LUNCH})])
    first, second = START_S + 600, START_S + 600 + 11_400 + gap_s
    stops = (
        SolvedStop(visit="V1", arrive_s=first, start_s=first, depart_s=first + 11_400),
        SolvedStop(visit="V2", arrive_s=second, start_s=second, depart_s=second + 14_400),
    )
    assert len(errors(given, SolvedRoute(shift="T1-0", stops=stops))) == n_errors


@pytest.mark.parametrize(("end_s", "n_errors"), [(44_999, 0), (45_000, 1)])
def test_break_is_waived_only_where_the_shift_has_no_room_for_it(end_s, n_errors):
    """A half day without lunch is lawful, a skipped lunch is not."""
    given = problem([visit("V1", service_s=10_000)], [shift(end_s=end_s, **{"break": LUNCH})])
    assert len(errors(given, route(("V1", 34_000), service_s=10_000))) == n_errors


def test_unreachable_leg_is_an_error():
    """No way means no way, whatever the clock says."""
    far = 2147483647
    given = problem([visit("V1")], [shift()], travel=[[0, far], [600, 0]])
    assert errors(given, route(("V1", 40_000)))


def test_visit_is_served_once():
    """Two teams at one door are not two visits."""
    given = problem([visit("V1")], [shift(), shift("T2-0")])
    assert errors(given, route(("V1", 40_000)), route(("V1", 40_000), name="T2-0"))


@pytest.mark.parametrize(("start_s", "n_errors"), [(50_000, 0), (49_999, 1)])
def test_team_is_in_one_place_at_a_time(start_s, n_errors):
    """Two shifts of one team may touch but not overlap."""
    shifts = [shift(end_s=50_000), {**shift("T1-0"), "id": "late", "start_s": start_s}]
    given = problem([visit("V1"), visit("V2")], shifts)
    routes = route(("V1", 40_000)), route(("V2", 55_000), name="late")
    assert len(errors(given, *routes)) == n_errors


def test_only_one_of_alternatives():
    """Two ways to do one thing are one visit."""
    given = problem([visit("V1"), visit("V2", 1)], [shift()], alternatives=[["V1", "V2"]])
    assert errors(given, route(("V1", 40_000))) == ()
    assert errors(given, route(("V1", 40_000), ("V2", 45_000)))


@pytest.mark.parametrize(
    ("second", "name", "n_errors"),
    [(40_600, "T2-0", 0), (40_601, "T2-0", 1), (41_800, "T1-0", 2), (40_000, "T2-1", 1)],
)
def test_joint_visits_start_together_by_different_teams(second, name, n_errors):
    """Police and health meet at the door, or not at all."""
    open_days = [[0, START_S, END_S], [1, START_S, END_S]]
    given = problem(
        [visit("V1", windows=open_days), visit("V2", windows=open_days)],
        [shift(), shift("T2-0"), shift("T2-1")],
        together=[{"visits": ["V1", "V2"], "within_s": 600}],
    )
    if name == "T1-0":
        plan = [route(("V1", 40_000), ("V2", second))]
    else:
        plan = [route(("V1", 40_000)), route(("V2", second), name=name)]
    assert len(errors(given, *plan)) == n_errors


def test_half_a_joint_visit_is_an_error():
    """One department alone is no joint operation."""
    given = problem([visit("V1"), visit("V2")], [shift()], together=[{"visits": ["V1", "V2"]}])
    assert errors(given, route(("V1", 40_000)))


def test_what_is_promised_and_missing_is_named():
    """Required visits, quotas and locks are told apart from errors."""
    given = problem(
        [visit("V1", required=True, group="g"), visit("V2")],
        [shift(), shift("T2-0")],
        quotas=[{"group": "g", "min_visits": 2}],
        locked=[{"visit": "V2", "shift": "T2-0"}],
    )
    found = evaluate(given, [route(("V2", 40_000))])
    assert found.missing_required == ("V1",)
    assert found.quotas_missed == {"g": 2}
    assert found.locks_missed == ("V2",)
    assert not found.errors
    assert not found.is_feasible
