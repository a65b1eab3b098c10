"""
How well the hidden-site model maps a made-up county, fitted without its truth.

    python -m benchmarks.hidden_sites WORLD_DIR --out CELLS.parquet --blocks BLOCKS.parquet

Reads everything in the folder but ``truth.parquet``; writes ``cell_id, score, mean, lo,
hi, p_hidden, knowledge`` and ``block_id, mean, lo, hi`` (block -1 is the whole). Score
the two files with ``score.py`` of the benchmark. ``--baselines`` also writes the simple
scores beside the model's, so that the same script can score them: the number of
complaints and the weeks since the last visit. One JSON object is printed last.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd

from risk import hidden_sites
from risk.hidden_data import HiddenData, hidden_data
from risk.hidden_model import expit
from risk.hidden_state import HiddenState

NOT_COVARIATES = {"cell_id", "block_id", "x_km", "y_km", "lon", "lat", "x", "y"}


def read_world(folder: Path) -> tuple[pd.DataFrame, HiddenData, dict[str, object]]:
    """Read a world without its truth: cells, the model's data, meta."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    cells = pd.read_parquet(folder / "cells.parquet")
    place = pd.Series(np.arange(len(cells)), index=cells["cell_id"])
    pairs = pd.read_parquet(folder / "neighbours.parquet")
    reports = pd.read_parquet(folder / "complaints.parquet")
    looks = pd.read_parquet(folder / "visits.parquet")
    end = int(meta["as_of_week"])
    weeks = pd.concat([reports["week"], looks["week"]])
    first = int(min(weeks.min(), end - int(meta["n_weeks"]))) if len(weeks) else 0
    data = hidden_data(
        covariates_of(cells),
        np.c_[place.loc[pairs.iloc[:, 0]], place.loc[pairs.iloc[:, 1]]],
        _placed(reports, place, first),
        _placed(looks, place, first),
        n_weeks=end - first,
    )
    return cells, data, meta


def _placed(rows: pd.DataFrame, place: pd.Series, first: int) -> pd.DataFrame:
    cell = place.reindex(rows["cell_id"]).to_numpy()
    rows = rows.assign(cell=cell, week=rows["week"] - first)
    return rows[rows["cell"].notna()].astype({"cell": "int64"})


def covariates_of(cells: pd.DataFrame) -> np.ndarray:
    """Return all that is known of a cell but where it is: numbers, and classes as 0 and 1."""
    columns = []
    for name in cells.columns:
        if name in NOT_COVARIATES or name.endswith("_id"):
            continue
        values = cells[name]
        if pd.api.types.is_numeric_dtype(values):
            columns.append(values.to_numpy(float))
    return np.column_stack(columns) if columns else np.zeros((len(cells), 0))


def baselines(data: HiddenData) -> dict[str, np.ndarray]:
    """Return simple scores: number of complaints, weeks since the last visit."""
    cell = np.repeat(np.arange(data.n_cells), np.diff(data.report_start))
    count = np.bincount(cell, weights=data.report_n, minlength=data.n_cells)
    last = np.full(data.n_cells, -1)
    looked = np.repeat(np.arange(data.n_cells), np.diff(data.look_start))
    np.maximum.at(last, looked, data.look_week)
    return {"complaint_count": count, "last_visit_age": (data.n_weeks - last).astype(float)}


def main() -> None:
    """Fit a world and write its map."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("world", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--blocks", type=Path, required=True)
    parser.add_argument("--baselines", type=Path, help="folder for the simple scores")
    args = parser.parse_args()
    cells, data, meta = read_world(args.world)
    hidden_sites.warm_up()
    began, began_cpu = perf_counter(), process_time()
    state = hidden_sites.fit(data)
    fit_s, fit_cpu_s = perf_counter() - began, process_time() - began_cpu
    believed = hidden_sites.posterior(state)
    ids = cells["cell_id"]
    table = pd.DataFrame(
        {
            "cell_id": ids,
            "score": believed.mean,
            "mean": believed.mean,
            "lo": believed.lo,
            "hi": believed.hi,
            "p_hidden": believed.p_hidden,
            "knowledge": believed.knowledge,
        }
    )
    table.to_parquet(args.out, index=False)
    # without blocks only the whole gets an interval
    blocks_of = cells["block_id"] if "block_id" in cells else pd.Series(0, index=cells.index)
    names, groups = np.unique(blocks_of, return_inverse=True)
    mean, lo, hi = hidden_sites.intervals(state, groups)
    blocks = pd.DataFrame({"block_id": np.r_[names, -1], "mean": mean, "lo": lo, "hi": hi})
    blocks.to_parquet(args.blocks, index=False)
    simple = baselines(data)
    if args.baselines:
        args.baselines.mkdir(parents=True, exist_ok=True)
        for name, score in simple.items():
            path = args.baselines / f"{name}.parquet"
            pd.DataFrame({"cell_id": ids, "score": score}).to_parquet(path, index=False)
    print(json.dumps(_summary(state, meta, mean[-1], lo[-1], hi[-1], fit_s, fit_cpu_s)))


def _summary(
    state: HiddenState,
    meta: dict[str, object],
    total: float,
    lo: float,
    hi: float,
    fit_s: float,
    fit_cpu_s: float,
) -> dict[str, object]:
    """Return the figures to print: the estimates with their 90 % intervals."""

    def of(draws: np.ndarray) -> list[float]:
        return [round(float(q), 4) for q in np.quantile(draws, [0.05, 0.5, 0.95])]

    return {
        "world": meta.get("name"),
        "n_cells": state.central.shape[0],
        "n_weeks": state.week,
        "fit_s": round(fit_s, 1),
        "fit_cpu_s": round(fit_cpu_s, 1),
        "total": [round(float(lo), 1), round(float(total), 1), round(float(hi), 1)],
        "turnover_week": of(state.turnover),
        "displaced": of(state.displaced),
        "detection": of(expit(state.detection_logit)),
        "spread": state.spread,
        "missing": list(state.missing),
        "warnings": list(state.warnings),
        "weights": None if state.check is None else state.check.weights.round(3).tolist(),
    }


if __name__ == "__main__":
    main()
