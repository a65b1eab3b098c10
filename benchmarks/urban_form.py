"""
How well the computed urban-rural class finds the fringe, beside the earlier ring rule.

    python -m benchmarks.urban_form [FOLDER ...] [--calibrated-on FOLDER ...] [--out FILE]

Each folder holds the files of a demo city (``medpatrol demo --seed N --out FOLDER``); without
any, the default city and those of seeds 5 to 7 are made. Their
codes follow from how settlements were laid out, not from this computation. Printed per
city: the confusion table by residents (code given against code computed), and recall and
precision of the fringe (112, 122) by residents, with streets and without, and for the ring
of 0 to 5 km around urban centres at 300 to 1,500 people per km2. The goals are a recall of
0.85 and a precision of 0.75.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import process_time

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import ndimage

from data.schema import FRINGE_CODES
from geo import boundaries, urban_form
from geo.urban_form import UrbanFormParams
from workflows.demo import write_demo

CENTRE_DENSITY, CENTRE_PEOPLE = 1500.0, 50_000.0
"""An urban centre of the Degree of Urbanisation: density per km2, least residents."""
CALIBRATED, NOT_LOOKED_AT = (1,), (5, 6, 7)
RING_KM, RING_DENSITY = 5.0, (300.0, 1500.0)


def read(folder: Path) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """Return areas, people and roads of a demo city."""
    people = pd.read_csv(folder / "人口.csv")
    people = people.rename(columns={"经度": "lon", "纬度": "lat", "人口": "population"})
    roads = gpd.read_file(folder / "道路.gpkg").to_crs(4326)
    return (
        gpd.read_file(folder / "区划.gpkg"),
        people,
        pd.DataFrame({"highway": roads["highway"], "shape": roads.geometry.to_wkb()}),
    )


def by_ring(areas: gpd.GeoDataFrame, people: pd.DataFrame) -> dict[str, str]:
    """Return the class of villages by the ring rule: by the mean density of their ground."""
    params = UrbanFormParams(street_people=0.0)
    villages = areas[areas["level"] == "village"].reset_index(drop=True)
    ground, unit, _ = urban_form._settled(areas, villages, people, None, params)  # noqa: SLF001 - the same squares for both
    dense = ground.density >= CENTRE_DENSITY
    patch, n = ndimage.label(dense)
    square_km2 = (ground.grid_m / 1000.0) ** 2
    size = ndimage.sum(ground.density * square_km2, patch, range(1, n + 1))
    centre = np.isin(patch, 1 + np.flatnonzero(size >= CENTRE_PEOPLE))
    away_km = ndimage.distance_transform_edt(~centre) * ground.grid_m / 1000.0
    shape = ground.density.ravel()
    in_ring = (away_km.ravel() <= RING_KM) & (shape >= RING_DENSITY[0]) & (shape < RING_DENSITY[1])
    held = unit >= 0
    rows = pd.DataFrame(
        {"unit": unit[held], "centre": (shape * centre.ravel())[held],
         "ring": (shape * in_ring)[held], "all": shape[held]}
    )  # fmt: skip
    sums = rows.groupby("unit").sum()
    most = np.where(
        sums["ring"] >= 0.5 * sums["all"], "112",
        np.where(sums["centre"] >= 0.5 * sums["all"], "111", "220"),
    )  # fmt: skip
    codes = villages["area_code"].to_numpy(object)[sums.index.to_numpy()]
    return dict(zip(codes, most, strict=True))


def figures(given: pd.Series, computed: pd.Series, residents: pd.Series) -> tuple[float, float]:
    """Return recall and precision of the fringe by residents."""
    is_fringe, found = given.isin(FRINGE_CODES), computed.isin(FRINGE_CODES)
    both = float(residents[is_fringe & found].sum())
    recall = both / float(residents[is_fringe].sum())
    total = float(residents[found].sum())
    return recall, both / total if total else float("nan")


def city(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the figures of one city by method, and the confusion table in thousands."""
    areas, people, roads = read(folder)
    areas = boundaries.in_wgs84(areas)
    villages = areas[areas["level"] == "village"].set_index("area_code")["urban_rural_code"]
    ways = {
        "people and streets": lambda: _own(areas, people, roads),
        "people alone": lambda: _own(areas, people, None),
        "ring of 0-5 km": lambda: by_ring(areas, people),
    }
    residents = _residents(areas, people)
    rows, table = [], pd.DataFrame()
    for name, compute in ways.items():
        began = process_time()
        codes = compute()
        took_s = process_time() - began
        computed = pd.Series(codes).reindex(villages.index).fillna("none")
        weight = residents.reindex(villages.index).fillna(0.0)
        recall, precision = figures(villages, computed, weight)
        rows.append((folder.name, name, round(recall, 3), round(precision, 3), round(took_s, 1)))
        if table.empty:
            table = pd.crosstab(villages, computed, values=weight / 1000.0, aggfunc="sum")
    columns = ["city", "method", "recall", "precision", "cpu_s"]
    return pd.DataFrame(rows, columns=columns), table.fillna(0.0).round(1)


def _own(
    areas: gpd.GeoDataFrame, people: pd.DataFrame, roads: pd.DataFrame | None
) -> dict[str, str]:
    # The codes that are to be found must not be in reach of what finds them.
    bare = areas.drop(columns="urban_rural_code")
    found = urban_form.classes_of_areas(bare, people, streets=roads)
    return dict(zip(found["area_code"], found["urban_rural_code"], strict=True))


def _residents(areas: gpd.GeoDataFrame, people: pd.DataFrame) -> pd.Series:
    home = boundaries.area_of_points(people["lon"], people["lat"], areas, level="village")
    return people["population"].groupby(pd.Series(home, index=people.index)).sum()


def main() -> None:
    """Print the tables and, if asked, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--calibrated-on", nargs="*", type=Path, default=[])
    parser.add_argument("--out", type=Path, help="CSV of the figures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        if not given.folders and not given.calibrated_on:
            given.calibrated_on = [_made(Path(made), seed) for seed in CALIBRATED]
            given.folders = [_made(Path(made), seed) for seed in NOT_LOOKED_AT]
        _report(given.calibrated_on, given.folders, out=given.out)


def _made(folder: Path, seed: int) -> Path:
    target = folder / f"seed{seed}"
    write_demo(target, seed=seed)
    return target


def _report(calibrated: Sequence[Path], unseen: Sequence[Path], *, out: Path | None) -> None:
    parts = []
    for folder, role in [
        *((folder, "calibrated on") for folder in calibrated),
        *((folder, "not looked at") for folder in unseen),
    ]:
        found, table = city(folder)
        parts.append(found.assign(role=role))
        print(f"\n{folder} ({role}), thousand residents, given against computed")
        print(table.to_string())
        print(found.to_string(index=False))
    every = pd.concat(parts)
    print("\nmeans")
    print(every.groupby(["role", "method"])[["recall", "precision"]].mean().round(3).to_string())
    if out:
        every.to_csv(out, index=False)


if __name__ == "__main__":
    main()
