"""
A city's week: prize of the plan, time to the first plan, bound, memory.

``python -m benchmarks.city_week PROBLEM.json [--seconds S] [--seed N] [--out SOLUTION.json]``
solves one problem file; ``../shared/bench/city/make_city.py`` writes such files and
``../shared/bench/check_plan.py`` checks the solution. Prints one JSON object last.
"""

import argparse
import json
import resource
from pathlib import Path

from routing.baseline import nearest_prize_plan
from routing.evaluate import evaluate
from routing.problem import PatrolProblem
from routing.solve import SolveProgress, SolverParams, solve


def run(path: Path, *, seconds: float, seed: int, out: Path | None) -> dict[str, object]:
    """Solve one problem file; memory is the peak of this process in MB."""
    problem = PatrolProblem.from_json(path)
    curve: list[tuple[float, int]] = []

    def note(step: SolveProgress) -> None:
        if not curve or step.elapsed_s > 1.5 * curve[-1][0]:
            curve.append((round(step.elapsed_s, 1), step.value))

    result = solve(problem, SolverParams(seconds=seconds, seed=seed), progress=note)
    if out is not None:
        out.write_text(json.dumps(result.to_json()))
    simple = evaluate(problem, nearest_prize_plan(problem))
    return {
        "problem": problem.name,
        "seconds": seconds,
        "seed": seed,
        "prize": result.prize,
        "upper_bound": result.upper_bound,
        "share_of_bound": round(result.prize / max(1, result.upper_bound), 4),
        "nearest_prize": simple.prize,
        "first_plan_s": round(result.first_plan_s, 2),
        "runtime_s": round(result.runtime_s, 2),
        "iterations": result.n_iterations,
        "status": result.status,
        "quotas_missed": len(result.quotas_missed),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "curve": curve,
    }


def main() -> None:
    """Run one problem file."""
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("problem", type=Path)
    cli.add_argument("--seconds", type=float, default=30.0)
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--out", type=Path)
    given = cli.parse_args()
    print(json.dumps(run(given.problem, seconds=given.seconds, seed=given.seed, out=given.out)))


if __name__ == "__main__":
    main()
