"""
Compile the search ahead of the first plan: ``python -m routing.warm``.

Solves a tiny problem that uses every part, so that the build lies on disk when a
user makes the first plan. A later run only loads it.
"""

import shutil
import sys
import time
from pathlib import Path

from routing.problem import PatrolProblem
from routing.solve import SolverParams, solve


def tiny_problem() -> PatrolProblem:
    """Return a problem of five visits with a lock, a quota, alternatives and a joint visit."""
    place = list(range(6))
    visits = [
        {
            "id": f"V{k}",
            "location": k,
            "service_s": 1800,
            "prize": k,
            "windows": [[0, 30600, 61200]],
            "group": "g",
            "required": k == 1,
        }
        for k in place[1:]
    ]
    pause = {"duration_s": 3600, "from_s": 41400, "to_s": 48600}
    shifts = [
        {
            "id": f"{team}-0",
            "team": team,
            "day": 0,
            "start_location": 0,
            "end_location": 0,
            "start_s": 30600,
            "end_s": 63000,
            "break": pause,
        }
        for team in ("A", "B")
    ]
    return PatrolProblem.from_json(
        {
            "travel_s": [[600 * abs(a - b) for b in place] for a in place],
            "visits": visits,
            "shifts": shifts,
            "quotas": [{"group": "g", "min_visits": 2}],
            "locked": [{"visit": "V1", "shift": "A-0"}],
            "alternatives": [["V2", "V3"]],
            "together": [{"visits": ["V4", "V5"]}],
        }
    )


def drop_old_builds(current: Path) -> None:
    """Remove the builds of earlier versions of the code that lie beside this one."""
    if current.name.startswith("kernels-"):
        for other in current.parent.glob("kernels-*"):
            if other != current:
                shutil.rmtree(other, ignore_errors=True)


def main() -> int:
    """Compile, and say how long it took."""
    from routing.compiled import build_folder

    drop_old_builds(build_folder())
    began = time.perf_counter()
    result = solve(tiny_problem(), SolverParams(iterations=400))
    sys.stdout.write(f"route search ready: {result.status}, {time.perf_counter() - began:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
