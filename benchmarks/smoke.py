"""
Short form of the benchmarks: does each still run, and is every plan right?

Reads ``../shared``; says so and does nothing where that folder is not there.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
CASES = (
    ("plain", ["--visits", "300", "--teams", "6"]),
    ("rich", ["--visits", "230", "--teams", "3", "--rich"]),
    ("impossible", ["--visits", "230", "--teams", "3", "--rich", "--impossible"]),
)


def run(*command: str) -> str:
    """Run a command and return what it printed; its failure is ours."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def plan_cases(folder: Path) -> dict[str, object]:
    """Solve a plain, a rich and an impossible week, each checked by the independent checker."""
    figures = {}
    for name, arguments in CASES:
        place = folder / name
        run(sys.executable, str(SHARED / "bench/city/make_city.py"), str(place), *arguments)
        problem, solution = str(place / "problem.json"), str(place / "solution.json")
        run(sys.executable, "-m", "cli", "solve", problem, "--seconds", "5", "--out", solution)
        checked = json.loads(
            run(sys.executable, str(SHARED / "bench/check_plan.py"), problem, solution)
        )
        figures[name] = {
            key: checked[key] for key in ("prize", "share_of_bound", "required_missing", "errors")
        }
    return figures


def main() -> int:
    """Run the short benchmarks and print the figures as JSON."""
    if not SHARED.is_dir():
        print("no ../shared beside the project: nothing to run")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, object] = {"plans": plan_cases(Path(folder))}
    figures["chicago"] = json.loads(
        run(sys.executable, "-m", "benchmarks.chicago", "--seconds", "10").splitlines()[-1]
    )
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
