"""
The whole path on a real city: load, score, plan, with seconds and peak memory of each step.

``python -m benchmarks.chicago [--seconds S] [--week YYYY-MM-DD]`` reads
``../shared/real/chicago`` and prints one JSON object last. Each step is the
command a user types, in a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT.parent / "shared" / "real" / "chicago"
EXPECTED = {"facilities": 12_367, "inspections": 27_600, "complaints": 60_623}


def timed(*arguments: str) -> dict[str, float]:
    """Run a command and return its wall seconds and peak resident memory in MB."""
    before = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return {
        "seconds": round(time.perf_counter() - before, 1),
        # the largest child so far: steps come in growing order of memory
        "peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def stored_counts(url: str) -> dict[str, int]:
    """Return how many records of each kind the store holds now."""
    from datetime import UTC, datetime

    from data.scope import EVERYTHING
    from data.store.engine import open_store
    from data.store.rows import count_rows

    return count_rows(open_store(url, create=False), scope=EVERYTHING, as_of=datetime.now(UTC))


def main() -> int:
    """Run the steps and print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=30.0)
    options.add_argument("--week", default="2014-06-16")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.sqlite"
        profile = str(ROOT / "docs" / "examples" / "chicago.toml")
        load = ["load", str(SOURCE), "--mapping", profile, "--store", url]
        figures: dict[str, object] = {"load": timed(*load)}
        counts = stored_counts(url)
        figures["second_load"] = timed(*load, "--report", f"{folder}/second.json")
        again = json.loads(Path(f"{folder}/second.json").read_text(encoding="utf-8"))
        figures["score"] = timed("score", "--as-of", given.week, "--store", url)
        out = f"{folder}/plan"
        figures["plan"] = timed(
            "plan",
            "--week",
            given.week,
            "--teams",
            "12",
            "--seconds",
            str(given.seconds),
            "--out",
            out,
            "--store",
            url,
        )
        plan = json.loads((Path(out) / "plan.json").read_text(encoding="utf-8"))
        figures |= {
            "counts": counts,
            "counts_as_expected": all(counts[kind] == n for kind, n in EXPECTED.items()),
            "changed_by_second_load": sum(file["updated"] for file in again["files"]),
            "teams": len(plan["teams"]),
            "planned": sum(len(route["stops"]) for route in plan["routes"]),
            "share_of_bound": round(plan["prize"] / plan["upper_bound"], 4),
        }
    print(json.dumps(figures))
    return 0 if figures["counts_as_expected"] else 1


if __name__ == "__main__":
    sys.exit(main())
