"""
Speed and false alarms of the space-time scan: 50,000 leads in 2,000 places, and noise.

    python -m benchmarks.space_time_scan [--worlds N] [--out FILE]

One JSON object is printed.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from risk.space_time_scan import ScanParams, scan


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    params = ScanParams()
    small = ScanParams(n_draws=199)
    false = 0
    for _ in range(given.worlds):
        points = rng.uniform(0, 60_000, (60, 2))
        place = rng.choice(60, 400, p=rng.dirichlet(np.ones(60)))
        found = scan(place, rng.integers(0, 52, 400), points, small, seed=1)
        false += bool(found) and found[0].p_value <= small.alert_p
    points = rng.uniform(0, 120_000, (2_000, 2))
    place = rng.choice(2_000, 50_000, p=rng.dirichlet(np.ones(2_000)))
    week = rng.integers(0, 52, 50_000)
    began, began_cpu = perf_counter(), process_time()
    scan(place, week, points, params, seed=1)
    out = {
        "false_alarm_share": round(false / given.worlds, 3), "stated": small.alert_p,
        "worlds": given.worlds, "seconds": round(perf_counter() - began, 1),
        "cpu_seconds": round(process_time() - began_cpu, 1), "n_draws": params.n_draws,
    }  # fmt: skip
    if given.out:
        given.out.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(out))


if __name__ == "__main__":
    main()
