"""
Public team orienteering instances: value and gap to the best known plan.

One instance: ``python -m benchmarks.toptw FILE --teams M --seconds S --seed N``.
The named set: ``python -m benchmarks.toptw --set DIR --seconds S --seed N``.
Prints one JSON object last.
"""

import argparse
import csv
import json
import math
from pathlib import Path

from routing.problem import PatrolProblem
from routing.solve import SolverParams, solve

NAMED_SET = (
    ("c104", 1), ("c109", 2), ("c103", 4), ("r103", 1), ("r108", 2), ("r112", 4),
    ("rc104", 1), ("rc106", 2), ("rc108", 4), ("pr04", 1), ("pr05", 2), ("pr10", 4),
)  # fmt: skip


def read_instance(path: Path, *, n_teams: int) -> PatrolProblem:
    """
    Read an instance; times are scaled to integers (x 10, x 100 for pr).

    Raises
    ------
    ValueError
        If the file is not laid out as the set's README says.
    """
    scale = 100 if path.stem.startswith("pr") else 10
    lines = [line.split() for line in path.read_text().splitlines() if line.split()]
    n_stops = int(lines[0][2])
    rows = [[float(part) for part in line] for line in lines[2 : n_stops + 3]]
    if len(rows) != n_stops + 1:
        msg = f"{path.name}: expected {n_stops + 1} rows, got {len(rows)}"
        raise ValueError(msg)
    spots = [(row[1], row[2]) for row in rows]
    # distances are rounded down to 1 decimal (2 for pr), as the set demands
    travel = [[math.floor(math.dist(a, b) * scale + 1e-9) for b in spots] for a in spots]
    visits = [
        {
            "id": str(k),
            "location": k,
            "service_s": round(row[3] * scale),
            "prize": int(row[4]),
            "windows": [[0, round(row[-2] * scale), round(row[-1] * scale)]],
        }
        for k, row in enumerate(rows)
        if k > 0
    ]
    end = round(rows[0][-1] * scale)
    shifts = [
        {
            "id": f"T{t}",
            "team": f"T{t}",
            "day": 0,
            "start_location": 0,
            "end_location": 0,
            "start_s": 0,
            "end_s": end,
        }
        for t in range(n_teams)
    ]
    return PatrolProblem.from_json(
        {"name": path.stem, "travel_s": travel, "visits": visits, "shifts": shifts}
    )


def run(path: Path, *, n_teams: int, seconds: float, seed: int) -> dict[str, object]:
    """Solve one instance; ``gap`` is in per cent of the best known value, None if unknown."""
    problem = read_instance(path, n_teams=n_teams)
    result = solve(problem, SolverParams(seconds=seconds, seed=seed))
    best = best_known(path.parent).get((path.stem, n_teams))
    return {
        "instance": path.stem,
        "teams": n_teams,
        "prize": result.prize,
        "best_known": best,
        "gap": None if best is None else round(100 * (best - result.prize) / best, 3),
        "upper_bound": result.upper_bound,
        "iterations": result.n_iterations,
        "seconds": round(result.runtime_s, 2),
        "seed": seed,
    }


def best_known(folder: Path) -> dict[tuple[str, int], int]:
    """Return the listed best values by instance and number of teams."""
    path = folder / "best_known.csv"
    if not path.exists():
        return {}
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {(row["instance"], int(row["teams"])): int(row["best_known"]) for row in rows}


def main() -> None:
    """Run one instance or the named set."""
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("file", type=Path, nargs="?")
    cli.add_argument("--set", type=Path, help="folder with the instances of the named set")
    cli.add_argument("--teams", type=int, default=1)
    cli.add_argument("--seconds", type=float, default=10.0)
    cli.add_argument("--seed", type=int, default=0)
    given = cli.parse_args()
    if given.set is None:
        if given.file is None:
            cli.error("give FILE or --set DIR")
        answer = run(given.file, n_teams=given.teams, seconds=given.seconds, seed=given.seed)
        print(json.dumps(answer))
        return
    gaps = []
    for name, n_teams in NAMED_SET:
        path = given.set / f"{name}.txt"
        one = run(path, n_teams=n_teams, seconds=given.seconds, seed=given.seed)
        print(json.dumps(one), flush=True)
        gaps.append(float(str(one["gap"])))
    mean = round(sum(gaps) / len(gaps), 3)
    print(
        json.dumps(
            {"seconds": given.seconds, "seed": given.seed, "mean_gap": mean, "worst": max(gaps)}
        )
    )


if __name__ == "__main__":
    main()
