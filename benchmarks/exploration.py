"""
Coverage of the random arm's interval, and how often its alarm is raised.

    python -m benchmarks.exploration [--rounds N] [--out FILE]

A made-up district of 400 cells whose rural ones hide more; draws of 8 a week over 5, 10
and 26 weeks, with and without a fifth of the visits not made. Coverage of the 90 %
interval; alarms where the model is right, half and twice. One JSON object is printed.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from risk.exploration import ExplorationParams, draw, estimate, judge


def cells(rng: np.random.Generator, n: int = 400) -> pd.DataFrame:
    """Return a made-up list to draw from."""
    return pd.DataFrame(
        {
            "cell_id": [f"8840{number:011d}" for number in range(n)],
            "urban_rural_code": rng.choice(["111", "112", "121", "122", "210", "220"], n),
            "minutes_to_seat": rng.uniform(0, 120, n),
            "knowledge": np.where(rng.random(n) < 0.5, 0.0, rng.random(n)),
        }
    )


def coverage(params: ExplorationParams, *, rounds: int, weeks: int, missed: float) -> float:
    """Return how often the interval holds the true share."""
    rng = np.random.default_rng(weeks)
    listed = cells(rng)
    chance = np.where(listed["urban_rural_code"].isin(["210", "220"]), 0.2, 0.06)
    held = 0
    for number in range(rounds):
        true = rng.random(len(listed)) < chance
        parts = []
        for week in range(weeks):
            frame = draw(listed, 8, params, seed=number * 100 + week)
            own = frame[frame["drawn"]]
            made = rng.random(len(own)) >= missed
            parts.append(own.assign(made=made, found=true[frame["drawn"]] & made))
        told = estimate(pd.concat(parts))
        if told.lo is not None and told.hi is not None:
            held += told.lo <= true.mean() <= told.hi
    return round(held / rounds, 3)


def alarms(params: ExplorationParams, *, rounds: int, n: int, factor: float) -> float:
    """Return how often the alarm is raised where the truth is so many times the model."""
    rng = np.random.default_rng(n)
    chance = rng.beta(1, 12, n)
    raised = 0
    for _ in range(rounds):
        found = rng.random(n) < np.clip(factor * chance, 0, 1)
        state = judge(chance, found, params, log_sd=0.15).state
        raised += state in {"too_low", "too_high"}
    return round(raised / rounds, 3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    params = ExplorationParams()
    out = {
        "nominal": 0.9,
        "coverage": {
            f"{weeks} weeks, {missed:.0%} missed": coverage(
                params, rounds=given.rounds, weeks=weeks, missed=missed
            )
            for weeks in (5, 10, 26)
            for missed in (0.0, 0.2)
        },
        "alarms": {
            f"{n} visits, truth x{factor}": alarms(params, rounds=given.rounds, n=n, factor=factor)
            for n in (50, 250)
            for factor in (0.5, 1.0, 2.0)
        },
    }
    if given.out:
        given.out.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(out))


if __name__ == "__main__":
    main()
