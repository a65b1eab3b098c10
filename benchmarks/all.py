"""All benchmarks, one after the other (long): `make bench`. Each prints its figures as JSON."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
TOPTW = (
    ("c104", 1), ("c109", 2), ("c103", 4), ("r103", 1), ("r108", 2), ("r112", 4),
    ("rc104", 1), ("rc106", 2), ("rc108", 4), ("pr04", 1), ("pr05", 2), ("pr10", 4),
)  # fmt: skip


def run(*arguments: str) -> None:
    """Run one module of this package or one script and let it print."""
    print("$ python", " ".join(arguments), flush=True)
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


def main() -> int:
    """Run everything that reads ``../shared``."""
    if not SHARED.is_dir():
        print("no ../shared beside the project: nothing to run")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        week = Path(folder) / "week"
        run(str(SHARED / "bench/city/make_city.py"), str(week), "--seed", "7")
        solution = str(week / "solution.json")
        problem = str(week / "problem.json")
        run("-m", "benchmarks.city_week", problem, "--seconds", "30", "--out", solution)
        run(str(SHARED / "bench/check_plan.py"), problem, solution)
    for name, teams in TOPTW:
        path = str(SHARED / "bench/toptw" / f"{name}.txt")
        run("-m", "benchmarks.toptw", path, "--teams", str(teams), "--seconds", "10", "--seed", "1")
    run("-m", "benchmarks.scoring", "--origins", "8")
    run("-m", "benchmarks.inspection_targeting", str(SHARED / "bench/inspection_targeting"))
    run("-m", "benchmarks.chicago")
    return 0


if __name__ == "__main__":
    sys.exit(main())
