"""
How well the map of a scored demo city finds its hidden sites, whose truth is known.

    python -m benchmarks.demo_truth STORE_URL --truth DEMO_DIR/truth [--out FILE]

Reads the newest run of the store and the sites of the truth that were at work on that
day and are no registered facility; the product itself never reads that folder. Beside
the model: decayed density of reports, days since the last visit, residents, chance.
Prints the share of the sites inside the top 5 % of the inhabited cells, overall and in
the half of the cells farthest from lawful care; how many of the true sites of blocks
the 90 % intervals hold; and the total. One JSON object is printed last.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from data.scope import EVERYTHING
from data.store import scores
from data.store.engine import Store, open_store
from data.store.rows import load_rows
from data.store.scores import ScoreRun
from geo import grid
from risk import hotspots
from risk.site_evidence import CARE_KINDS

Floats = NDArray[np.float64]

TOP_SHARE = 0.05
BLOCK_RESOLUTION = 6
HALF_LIFE_DAYS = 180.0
BANDWIDTH_M = 2000.0


def true_sites(truth: Path, cells: pd.DataFrame, as_of: pd.Timestamp) -> Floats:
    """Return the hidden sites at work on the day, per cell."""
    sites = pd.read_parquet(truth / "sites.parquet")
    there = (sites["from_on"] <= as_of) & (sites["to_on"].isna() | (sites["to_on"] > as_of))
    sites = sites[there & sites["facility_id"].isna()]
    resolution = grid.resolution_of(str(cells["cell_id"].iloc[0]))
    own = grid.cell_of(sites["lon"].to_numpy(), sites["lat"].to_numpy(), resolution)
    place = pd.Series(np.arange(len(cells)), index=cells["cell_id"]).reindex(own).dropna()
    return np.bincount(place.to_numpy(np.int64), minlength=len(cells)).astype(float)


def captured(score: Floats, sites: Floats, among: NDArray[np.bool_]) -> float:
    """Return the share of the sites of some cells inside their top 5 %, ties at random."""
    order = np.lexsort((np.random.default_rng(0).random(among.sum()), -score[among]))
    top = order[: max(1, round(TOP_SHARE * int(among.sum())))]
    return float(sites[among][top].sum() / max(sites[among].sum(), 1.0))


def simple_scores(store: Store, run: ScoreRun, cells: pd.DataFrame) -> Mapping[str, Floats]:
    """Return what one would do without a model."""
    calls = load_rows(
        store, "complaints", scope=EVERYTHING, as_of=run.as_of,
        columns=["complaint_id", "received_at", "topic", "facility_id", "lon", "lat"],
    )  # fmt: skip
    calls = calls[calls["lon"].notna() & (calls["received_at"] < run.as_of)]
    ages = (pd.Timestamp(run.as_of) - calls["received_at"]).dt.total_seconds() / 86_400.0
    like = (cells["lon"].to_numpy(float), cells["lat"].to_numpy(float))
    at = hotspots.in_metres(calls["lon"].to_numpy(float), calls["lat"].to_numpy(float), like=like)
    density = hotspots.kernel_density(
        at, hotspots.in_metres(*like, like=like), np.exp2(-ages.to_numpy(float) / HALF_LIFE_DAYS),
        bandwidth_m=BANDWIDTH_M,
    )  # fmt: skip
    unseen = (pd.Timestamp("2100-01-01") - cells["last_visit_on"]).dt.days.fillna(1e6)
    return {
        "report_kde": density,
        "last_visit_age": unseen.to_numpy(float),
        "residents": cells["population"].to_numpy(float),
        "random": np.zeros(len(cells)),
    }


def care_km(store: Store, run: ScoreRun, cells: pd.DataFrame) -> Floats:
    """Return the distance of each cell to lawful care, degrees taken as if square."""
    places = load_rows(
        store, "facilities", scope=EVERYTHING, as_of=run.as_of,
        columns=["facility_id", "kind", "lon", "lat"],
    ).dropna(subset=["lon"])  # fmt: skip
    care = places[places["kind"].isin(CARE_KINDS)][["lon", "lat"]].to_numpy(float)
    return np.asarray(cKDTree(care).query(cells[["lon", "lat"]].to_numpy(float))[0])


def blocks(cells: pd.DataFrame, sites: Floats) -> Mapping[str, float]:
    """Return how many blocks' true number lies in the interval of their expected number."""
    names = grid.parents_of([str(c) for c in cells["cell_id"]], BLOCK_RESOLUTION)
    table = cells.assign(block=names, sites=sites)
    # bounds of sums: cells of a block share most of their doubt
    sums = table.groupby("block")[["mean", "lo", "hi", "sites"]].sum()
    chance = 1.645 * np.sqrt(sums["mean"])
    lo, hi = sums["lo"] - chance, sums["hi"] + chance
    held = (sums["sites"] >= np.floor(lo)) & (sums["sites"] <= np.ceil(hi))
    busy = sums["mean"] >= sums["mean"].median()
    return {"coverage": float(held.mean()), "coverage_busy_half": float(held[busy].mean())}


def main() -> None:
    """Score the newest run of a store against the truth."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("store")
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    store = open_store(given.store)
    run = scores.latest_run(store, scope=EVERYTHING)
    if run is None:
        parser.error("the store has no scores")
    cells = scores.load_cell_scores(store, run.run_id, scope=EVERYTHING)
    cells = cells[cells["population"].fillna(1.0) > 0].reset_index(drop=True)
    day = pd.Timestamp(run.as_of).tz_convert("Asia/Shanghai").tz_localize(None).normalize()
    sites = true_sites(given.truth, cells, day)
    km = care_km(store, run, cells)
    remote = km >= np.median(km)
    everywhere = np.ones(len(cells), bool)
    ranked = {"model": cells["mean"].to_numpy(float), **simple_scores(store, run, cells)}
    told = {
        name: {
            "top5": round(captured(score, sites, everywhere), 3),
            "top5_remote_half": round(captured(score, sites, remote), 3),
        }
        for name, score in ranked.items()
    }
    total = {name: run.summary.get(f"expected_sites{name}") for name in ("", "_lo", "_hi")}
    out = {
        "method": run.method, "n_sites": int(sites.sum()), "n_cells": len(cells),
        "n_sites_remote": int(sites[remote].sum()), "capture": told,
        "blocks": blocks(cells, sites), "total": total,
    }  # fmt: skip
    if given.out:
        given.out.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(out))


if __name__ == "__main__":
    main()
