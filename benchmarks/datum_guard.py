"""
How often the datum guard finds the datum of a small file, asks, or is wrong.

``python -m benchmarks.datum_guard STORE_URL [--files N] [--points N] [--seed N]``

Files of random facility points of a filled store are written in each datum with
noise of 20-30 m; every third file takes its points from villages only, which the
demo city's codes tell.
"""

import argparse
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.scope import EVERYTHING
from data.store.engine import open_store
from data.store.rows import load_rows
from geo import datum, datum_guard

_WRITE = {"wgs84": lambda x, y: (x, y), "gcj02": datum.wgs84_to_gcj02, "bd09": datum.wgs84_to_bd09}
_M_PER_DEGREE = 111_195.0


def main() -> None:
    """Play the files and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--files", type=int, default=100, help="files per datum")
    parser.add_argument("--points", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    store = open_store(given.store)
    now = datetime.now(tz=UTC)
    roads = load_rows(store, "roads", scope=EVERYTHING, as_of=now, columns=["shape"])
    lines = shapely.from_wkb(roads["shape"].to_numpy(dtype=object))
    places = load_rows(
        store, "facilities", scope=EVERYTHING, as_of=now, columns=["lon", "lat", "area_code"]
    ).dropna(subset=["lon", "lat"])
    places = places.assign(remote=places["area_code"].astype(str).str[9] == "2")
    rng = np.random.default_rng(given.seed)
    areas = load_rows(store, "areas", scope=EVERYTHING, as_of=now, columns=["area_code", "shape"])
    shapes = dict(
        zip(
            areas["area_code"], shapely.from_wkb(areas["shape"].to_numpy(dtype=object)), strict=True
        )
    )
    for digits, told in ((12, "village"), (9, "township"), (0, "nothing")):
        stated = places.assign(area_code=places["area_code"].astype(str).str[:digits])
        figures = play(stated, lines, shapes, rng, n_files=given.files, n_points=given.points)
        print(json.dumps({"stated": told, **figures}))


def play(
    places: pd.DataFrame,
    lines: NDArray[np.object_],
    shapes: Mapping[str, shapely.Geometry],
    rng: np.random.Generator,
    *,
    n_files: int,
    n_points: int,
) -> dict[str, object]:
    """Return how many files of each datum were decided right, asked about, or decided wrong."""
    remote = places["remote"].to_numpy()
    counts = {name: {"right": 0, "asked": 0, "wrong": 0} for name in datum_guard.TRIED}
    started = time.perf_counter()
    for name in datum_guard.TRIED:
        for number in range(n_files):
            pool = places[remote] if number % 3 == 2 else places
            picked = pool.iloc[rng.choice(len(pool), n_points, replace=False)]
            lon, lat = _written(picked, name, rng)
            verdict = datum_guard.by_roads(
                lon, lat, lines, codes=picked["area_code"].to_numpy(object), shapes=shapes
            )
            if verdict is None or not verdict.decided:
                counts[name]["asked"] += 1
            else:
                counts[name]["right" if verdict.datum == name else "wrong"] += 1
    seconds = (time.perf_counter() - started) / (n_files * len(counts))
    return {"points": n_points, "seconds_per_file": round(seconds, 3), **counts}


def _written(
    places: pd.DataFrame, name: str, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lon, lat = places["lon"].to_numpy(float), places["lat"].to_numpy(float)
    noise = rng.normal(0.0, rng.uniform(20.0, 30.0), (2, len(lon))) / _M_PER_DEGREE
    lon, lat = lon + noise[0] / np.cos(np.radians(lat)), lat + noise[1]
    moved_lon, moved_lat = _WRITE[name](lon, lat)
    return np.round(moved_lon, 6), np.round(moved_lat, 6)


if __name__ == "__main__":
    main()
