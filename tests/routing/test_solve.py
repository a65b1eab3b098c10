"""The planner against trying everything, and what it owes whatever the problem."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from errors import JobCancelledError, ProblemError
from routing.evaluate import evaluate
from routing.problem import UNREACHABLE
from routing.solve import SolveProgress, SolverParams, solve, solve_file
from tests.references.best_plan import best_value
from tests.routing.problems import END_S, LUNCH, START_S, problem, random_problem, shift, visit

ROOT = Path(__file__).parents[2]


def solved(given, *, iterations=400, seed=0):
    """Solve by a number of moves, so that runs repeat exactly."""
    return solve(given, SolverParams(iterations=iterations, seed=seed))


def names(result):
    """Return the visits in the plan."""
    return {stop.visit for route in result.routes for stop in route.stops}


@pytest.mark.parametrize("seed", range(16))
def test_tiny_problems_are_solved_as_well_as_by_trying_everything(seed):
    """With every feature in play the search must not lose what is there to be had."""
    given = random_problem(seed, n_visits=5, n_teams=2)
    found = evaluate(given, solved(given, iterations=1500).routes)
    served = {v.visit_id: v for v in given.visits if v.visit_id in found.served}
    met = sum(
        min(q.min_visits, sum(v.group == q.group for v in served.values())) for q in given.quotas
    )
    value = (sum(v.required for v in served.values()), met, found.prize)
    assert value == best_value(given)


@pytest.mark.parametrize("seed", range(100, 125))
def test_every_plan_of_a_random_problem_keeps_its_promises(seed):
    """Whatever is asked, no rule is broken and all that is missing is named."""
    given = random_problem(seed, n_visits=14, n_teams=3, n_days=2)
    result = solved(given, iterations=300, seed=seed)
    found = evaluate(given, result.routes)
    assert found.errors == ()
    assert (result.prize, result.travel_s) == (found.prize, found.travel_s)
    assert result.upper_bound >= result.prize
    assert (result.status == "infeasible_required") == bool(found.missing_required)
    assert {q.group: q.short_by for q in result.quotas_missed} == found.quotas_missed
    left = [u.visit for u in result.unplanned]
    assert sorted(left) == sorted({v.visit_id for v in given.visits} - set(found.served))
    assert all(u.reason for u in result.unplanned)


def test_same_seed_and_budget_give_the_same_plan():
    """A plan that can't be made again can't be defended."""
    given = random_problem(7, n_visits=20, n_teams=3, n_days=2)
    first, second = (solved(given, seed=3).to_json() for _ in range(2))
    first.pop("runtime_s")
    second.pop("runtime_s")
    assert first == second


def test_uncompiled_search_finds_the_same_plan():
    """The compiled build must mean exactly what the Python code says."""
    code = (
        "import json; from routing.solve import SolverParams, solve;"
        "from tests.routing.problems import random_problem;"
        "r = solve(random_problem(5, n_visits=12, n_teams=3, n_days=2),"
        " SolverParams(iterations=150, seed=1)).to_json();"
        "r.pop('runtime_s'); print(json.dumps(r))"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=ROOT,
            env={**os.environ, "NUMBA_DISABLE_JIT": off},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for off in ("1", "0")
    ]
    assert json.loads(answers[0]) == json.loads(answers[1])


def test_problem_without_visits_or_shifts_is_answered():
    """An empty week is an answer, not a crash."""
    assert solved(problem([], [shift()])).routes == ()
    idle = solved(problem([visit("V1", required=True)], []))
    assert idle.status == "infeasible_required"
    assert [u.reason for u in idle.unplanned] == ["no_shift"]


def test_one_visit_and_one_shift_are_a_plan():
    """The smallest problem has no neighbours to search among."""
    result = solved(problem([visit("V1")], [shift()]))
    assert names(result) == {"V1"}
    assert result.upper_bound == 10


def test_required_visit_comes_before_dearer_ones():
    """A drawn visit is made even where it collects nothing."""
    long_s = 27_000
    given = problem(
        [visit("V1", required=True, prize=0, service_s=long_s), visit("V2", service_s=long_s)],
        [shift()],
    )
    assert names(solved(given)) == {"V1"}


def test_impossible_things_are_named_and_the_rest_is_planned():
    """One wrong entry must not cost the week."""
    given = problem(
        [visit("V1", required=True, teams=["T9"]), visit("V2", 2), visit("V3", 3)],
        [shift()],
        quotas=[{"group": "nowhere", "min_visits": 2}],
        travel=[
            [0, 600, 900, UNREACHABLE],
            [600, 0, 600, UNREACHABLE],
            [900, 600, 0, UNREACHABLE],
            [UNREACHABLE] * 3 + [0],
        ],
    )
    result = solved(given)
    assert result.status == "infeasible_required"
    assert names(result) == {"V2"}
    assert {u.visit: u.reason for u in result.unplanned} == {"V1": "no_team", "V3": "unreachable"}
    assert [(q.group, q.short_by) for q in result.quotas_missed] == [("nowhere", 2)]


def test_locks_that_do_not_fit_together_are_named():
    """Two visits of seven hours can't share a day; one of them is kept and the other told."""
    both = [{"visit": v, "shift": "T1-0"} for v in ("V1", "V2")]
    long_s = 25_000
    given = problem(
        [visit("V1", service_s=long_s), visit("V2", service_s=long_s), visit("V3", 2)],
        [shift()],
        locked=both,
    )
    result = solved(given)
    assert len(result.locks_missed) == 1
    reasons = {u.visit: u.reason for u in result.unplanned}
    assert reasons[result.locks_missed[0]] == "lock_conflict"


def test_team_with_overlapping_shifts_drives_only_one_of_them():
    """Two variants of one day are offered, one is taken."""
    shifts = [shift(), {**shift("T1-0"), "id": "late", "start_s": 40_000}]
    given = problem([visit("V1"), visit("V2", 2), visit("V3", 3)], shifts)
    result = solved(given)
    assert len(result.routes) == 1
    assert names(result) == {"V1", "V2", "V3"}


def test_published_plan_is_kept_where_nothing_is_gained_by_change():
    """Teams have arranged their week: equal value means no change."""
    visits = [visit(f"V{k}", 1 + k % 3) for k in range(6)]
    shifts = [shift(), shift("T2-0")]
    before = {f"V{k}": ("T1-0", "T2-0")[k % 2] for k in range(6)}
    result = solved(problem(visits, shifts, previous=before))
    now = {stop.visit: route.shift for route in result.routes for stop in route.stops}
    assert now == before


def test_progress_is_told_and_may_stop_the_solve():
    """A planner who has seen enough takes what is there."""
    seen: list[SolveProgress] = []

    def enough(step):
        seen.append(step)
        return "use"

    given = random_problem(11, n_visits=12, n_teams=2, n_days=2)
    result = solve(given, SolverParams(seconds=60), progress=enough)
    assert len(seen) == 1
    assert seen[0].value == result.prize
    assert seen[0].bound == result.upper_bound
    assert result.runtime_s < 30


def test_cancelled_solve_raises():
    """Nothing is saved of a plan nobody wants."""
    with pytest.raises(JobCancelledError):
        solve(random_problem(1), SolverParams(seconds=60), progress=lambda _: "cancel")


def test_seconds_must_be_a_budget():
    """Zero seconds would return an unsearched plan without a word."""
    with pytest.raises(ProblemError):
        SolverParams(seconds=0)


def test_lunch_is_kept_by_the_planner():
    """The break takes an hour out of the day, so one visit fewer fits."""
    day_s = END_S - START_S
    service_s = (day_s - 1200) // 2
    visits = [visit("V1", service_s=service_s - 1800), visit("V2", service_s=service_s - 1800)]
    assert len(names(solved(problem(visits, [shift()])))) == 2
    assert len(names(solved(problem(visits, [shift(**{"break": LUNCH})])))) == 2
    tight = [visit("V1", service_s=service_s), visit("V2", service_s=service_s)]
    assert len(names(solved(problem(tight, [shift()])))) == 2
    assert len(names(solved(problem(tight, [shift(**{"break": LUNCH})])))) == 1


def test_solution_file_is_written_in_the_agreed_format(tmp_path):
    """Other tools read it."""
    given = problem([visit("V1"), visit("V2", teams=["T9"])], [shift()])
    (tmp_path / "problem.json").write_text(json.dumps(given.to_json()))
    solve_file(tmp_path / "problem.json", tmp_path / "solution.json", seconds=0.2, seed=1)
    written = json.loads((tmp_path / "solution.json").read_text())
    assert written["status"] == "ok"
    assert written["routes"] == [
        {
            "shift": "T1-0",
            "stops": [
                {
                    "visit": "V1",
                    "arrive_s": START_S + 600,
                    "start_s": START_S + 600,
                    "depart_s": START_S + 2400,
                }
            ],
        }
    ]
    assert written["unplanned"][0]["visit"] == "V2"
