"""
How well duplicates of facilities are found, and how fast.

``python -m benchmarks.matching STORE_URL [--twins N] [--times K] [--seed N]``

Facilities of a filled store get twins as a second office would have written them:
a sign of the name mistaken or left out, no licence or the same, an address in other
words, a point 20-60 m off. ``--times`` repeats the city side by side for the clock.
"""

import argparse
import json
import time
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from data.scope import EVERYTHING
from data.store.engine import open_store
from data.store.rows import load_rows
from workflows.match_candidates import facility_pairs

_COLUMNS = ["facility_id", "name", "kind", "licence_no", "address", "area_code", "lon", "lat"]


def main() -> None:
    """Print one JSON object: recall, precision, seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--twins", type=int, default=400)
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    held = load_rows(
        open_store(given.store), "facilities", scope=EVERYTHING,
        as_of=datetime.now(tz=UTC), columns=_COLUMNS,
    )[_COLUMNS]  # fmt: skip
    print(json.dumps(figures(held, rng, n_twins=given.twins, n_times=given.times)))


def figures(
    held: pd.DataFrame, rng: np.random.Generator, *, n_twins: int, n_times: int
) -> dict[str, object]:
    """Return recall and precision of the review list, and the time for a larger city."""
    alone = facility_pairs(held)
    chosen = held.iloc[rng.choice(len(held), n_twins, replace=False)]
    made = twins(chosen, rng)
    found = facility_pairs(pd.concat([held, made], ignore_index=True))
    pairs = set(zip(found["left_id"], found["right_id"], strict=True))
    wanted = set(zip(chosen["facility_id"], made["facility_id"], strict=True))
    city = pd.concat([_moved(held, number) for number in range(n_times)], ignore_index=True)
    started = time.perf_counter()
    facility_pairs(city)
    return {
        "twins": n_twins,
        "recall": round(len(pairs & wanted) / len(wanted), 3),
        "precision": round(len(pairs & wanted) / len(pairs), 3),
        "pairs_without_twins": len(alone),
        "facilities": len(city),
        "seconds": round(time.perf_counter() - started, 1),
    }


def twins(chosen: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the facilities as another office would have written them."""
    made = chosen.copy()
    made["facility_id"] = ["Z" + number for number in chosen["facility_id"]]
    made["name"] = [_mistaken(name, rng) for name in chosen["name"]]
    made["licence_no"] = chosen["licence_no"].where(rng.random(len(chosen)) < 0.3)
    for column, scale in (("lon", 1.0), ("lat", 0.9)):
        made[column] = chosen[column] + scale * rng.normal(0, 0.0003, len(chosen))
    made["address"] = [
        text if rng.random() < 0.5 else text.replace("号", "") if rng.random() < 0.5 else None
        for text in chosen["address"].fillna("")
    ]
    return made


def _mistaken(name: str, rng: np.random.Generator) -> str:
    way, at = rng.random(), int(rng.integers(0, len(name)))
    if way < 0.3:
        return name
    if way < 0.6:
        return name[:at] + "某" + name[at + 1 :]
    return name[:at] + name[at + 1 :] if way < 0.8 else name + "（个体）"


def _moved(held: pd.DataFrame, number: int) -> pd.DataFrame:
    return held.assign(
        facility_id=held["facility_id"] + f"-{number}",
        area_code=str(number) + held["area_code"].astype(str),
        licence_no=held["licence_no"] + str(number),
        address=held["address"] + str(number),
        lon=held["lon"] + 3.0 * number,
    )


if __name__ == "__main__":
    main()
