"""
How fast scoring is, and how well Chicago's scores foresee what was found next.

    python -m benchmarks.scoring [--folder ../shared/real/chicago] [--origins 4] [--out FILE]

Prints seconds per 1,000 cells and facilities, and for a few origins four weeks apart,
beside simple methods: the AUC of a facility's probability among the facilities
visited in the next 28 days (beside the shrunken rate without a fitted model, the own
rate, the age of the last visit and the number of facilities in the cell; all origins
together, pairs inside one origin, or inside one origin and inspector group, with 90 %
bootstrap intervals), and the share of the new cases caught in the top
fifth of the cells. Only visited places can have cases: both figures describe
ranking within what inspectors chose to visit. One JSON object is printed last.
"""

import argparse
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from data.schema import TIME_ZONE
from geo import grid
from risk import features, hotspots, metrics, scored
from risk.facility_choice import auc_within
from risk.features import SourceFrames
from risk.params import ScoringParams

CHICAGO = Path("../shared/real/chicago")
LAST_ORIGIN = datetime(2014, 6, 16, tzinfo=TIME_ZONE)
HORIZON_DAYS = 28
TOP_SHARE = 0.2
BANDWIDTH_M = 1000.0


def read_chicago(folder: Path) -> SourceFrames:
    """Read the three Chicago files straight into source frames, without the store."""
    places = pd.read_csv(folder / "establishments.csv")
    visits = pd.read_csv(folder / "inspections.csv")
    calls = pd.read_csv(folder / "sanitation_complaints.csv")
    violation = visits["criticalCount"] > 0
    calls = calls.drop_duplicates("Service_Request_Number", keep="last")
    inspections = pd.DataFrame(
        {
            "inspection_id": visits["Inspection_ID"].astype(str),
            "started_at": pd.to_datetime(visits["Inspection_Date"]),
            "kind": np.where(
                visits["Inspection_Type"].str.contains("Complaint"), "complaint", "routine"
            ),
            "facility_id": visits["License"].astype(str),
            "officer_ids": visits["sanitarian"],
            "lon": visits["Longitude"],
            "lat": visits["Latitude"],
            "result": np.where(violation, "violation", "pass"),
            "topics": pd.Series("hygiene", index=visits.index).where(violation, None),
        }
    )
    found = inspections[violation.to_numpy()]
    frames = {
        "facilities": pd.DataFrame(
            {
                "facility_id": places["License"].astype(str),
                "name": places["DBA_Name"],
                "kind": np.where(places["Facility_Type"] == "Restaurant", "restaurant", "other"),
                "lon": places["Longitude"],
                "lat": places["Latitude"],
            }
        ),
        "inspections": inspections,
        "cases": pd.DataFrame(
            {
                "case_id": found["inspection_id"],
                "opened_on": found["started_at"],
                "topic": "hygiene",
                "facility_id": found["facility_id"],
                "lon": found["lon"],
                "lat": found["lat"],
            }
        ),
        "complaints": pd.DataFrame(
            {
                "complaint_id": calls["Service_Request_Number"],
                "received_at": pd.to_datetime(calls["Creation_Date"]),
                "channel": "web",
                "topic": "hygiene",
                "lon": calls["Longitude"],
                "lat": calls["Latitude"],
                "closed_on": pd.to_datetime(calls["Completion_Date"]),
            }
        ),
    }
    return features.source_frames(frames)


def facility_rows(
    frames: SourceFrames, table: pd.DataFrame, simple: pd.DataFrame, *, as_of: datetime
) -> pd.DataFrame:
    """Return the facilities looked at in the horizon: what was found, and what each method said."""
    ahead = _ahead(frames.inspections, "started_at", as_of=as_of)
    ahead = ahead.drop_duplicates("facility_id").set_index("facility_id")
    rows = table[table["facility_id"].isin(ahead.index)]
    ids = rows["facility_id"]
    age = pd.Timestamp(as_of).tz_localize(None) - rows["last_visit_on"]
    in_cell = table["cell_id"].value_counts()
    return pd.DataFrame(
        {
            "origin": as_of.date().isoformat(),
            "inspector": ids.map(ahead["officer_ids"]).fillna("").to_numpy(object),
            "found": (ids.map(ahead["result"]) == "violation").to_numpy(float),
            "facility_p": rows["p"].to_numpy(float),
            "shrunken_rate": ids.map(simple.set_index("facility_id")["p"]).to_numpy(float),
            "own_rate": (rows["n_found"] / np.maximum(rows["n_visits"], 1)).to_numpy(float),
            "last_visit_age": age.dt.days.fillna(9999).to_numpy(float),
            "facility_count": rows["cell_id"].map(in_cell).fillna(0).to_numpy(float),
        }
    )


def pooled(rows: pd.DataFrame, *, draws: int = 200) -> dict[str, list[float]]:
    """Return AUCs over all origins with 90 % intervals, and how far ours lies above others."""
    rng = np.random.default_rng(3)
    methods = ["facility_p", "shrunken_rate", "own_rate", "last_visit_age", "facility_count"]
    groups = {
        "auc": rows.groupby("origin").ngroup().to_numpy(np.int64),
        "auc_within_inspector": rows.groupby(["origin", "inspector"]).ngroup().to_numpy(np.int64),
    }
    found, out = rows["found"].to_numpy(float), {}
    picks = [rng.integers(0, len(rows), len(rows)) for _ in range(draws)]
    for name, group in groups.items():
        drawn = {}
        for method in methods:
            score = rows[method].to_numpy(float)
            drawn[method] = [auc_within(score[i], found[i], group[i]) for i in picks]
            out[f"{name} {method}"] = [auc_within(score, found, group), *_bounds(drawn[method])]
        for method in methods[1:]:
            gap = np.array(drawn["facility_p"]) - np.array(drawn[method])
            out[f"{name} facility_p - {method}"] = [float(gap.mean()), *_bounds(gap)]
    return {name: [round(value, 4) for value in values] for name, values in out.items()}


def _bounds(values: ArrayLike) -> list[float]:
    return [float(bound) for bound in np.quantile(np.asarray(values), [0.05, 0.95])]


def facility_auc(frames: SourceFrames, table: pd.DataFrame, *, as_of: datetime) -> dict[str, float]:
    """Return AUCs among the facilities looked at in the horizon: ours and simple ones."""
    ahead = _ahead(frames.inspections, "started_at", as_of=as_of)
    outcome = (ahead["result"] == "violation").groupby(ahead["facility_id"]).max()
    rows = table[table["facility_id"].isin(outcome.index)]
    happened = rows["facility_id"].map(outcome).to_numpy(bool)
    age = pd.Timestamp(as_of).tz_localize(None) - rows["last_visit_on"]
    rng = np.random.default_rng(0)
    blind = [metrics.auc(rng.random(len(rows)), happened) for _ in range(20)]
    return {
        "n": len(rows),
        "share_found": float(happened.mean()),
        "facility_p": metrics.auc(rows["p"], happened),
        "own_rate": metrics.auc(rows["n_found"] / np.maximum(rows["n_visits"], 1), happened),
        "last_visit_age": metrics.auc(age.dt.days.fillna(9999), happened),
        "random": float(np.mean(blind)),
    }


def cell_capture(
    frames: SourceFrames, table: pd.DataFrame, *, as_of: datetime, bandwidth_m: float
) -> dict[str, float]:
    """Return the share of new cases in the top fifth of cells: ours and simple ones."""
    cells = list(table["cell_id"])
    resolution = grid.resolution_of(cells[0])
    known = features.known_before(frames, as_of=as_of)
    ahead = _ahead(frames.cases, "opened_on", as_of=as_of)
    new = _per_cell(ahead, cells, resolution)
    cases = known.cases[known.cases["lon"].notna()]
    like = (table["lon"].to_numpy(float), table["lat"].to_numpy(float))
    kernel = hotspots.kernel_density(
        hotspots.in_metres(cases["lon"].to_numpy(float), cases["lat"].to_numpy(float), like=like),
        hotspots.in_metres(*like, like=like),
        np.ones(len(cases)),
        bandwidth_m=bandwidth_m,
    )
    age = pd.Timestamp(as_of).tz_localize(None) - table["last_visit_on"]
    methods = {
        "cell_mean": table["mean"],
        "complaint_count": _per_cell(known.complaints, cells, resolution),
        "case_count": _per_cell(cases, cells, resolution),
        "case_kde": kernel,
        "facility_count": table["n_facilities"],
        "last_visit_age": age.dt.days.fillna(9999),
        "random": np.ones(len(table)),
    }
    caught = {
        name: metrics.hit_rate(score, new, area_share=TOP_SHARE) for name, score in methods.items()
    }
    return {"n_new": float(new.sum()), **caught}


def _ahead(frame: pd.DataFrame, column: str, *, as_of: datetime) -> pd.DataFrame:
    ages = features.age_days(frame[column], as_of=as_of)
    return frame[(ages <= 0) & (ages > -HORIZON_DAYS)]


def _per_cell(frame: pd.DataFrame, cells: list[str], resolution: int) -> np.ndarray:
    lon, lat = frame["lon"].to_numpy(float), frame["lat"].to_numpy(float)
    return grid.counts_per_cell(grid.cell_of(lon, lat, resolution), cells)


def main() -> None:
    """Score at each origin and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--folder", type=Path, default=CHICAGO)
    parser.add_argument("--origins", type=int, default=4)
    parser.add_argument("--resolution", type=int, default=ScoringParams().cell_resolution)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    frames = read_chicago(args.folder)
    params = ScoringParams(cell_resolution=args.resolution)
    unfitted = replace(params, facilities=replace(params.facilities, min_fit_looks=10**9))
    rows, visited = [], []
    for step in range(args.origins):
        as_of = LAST_ORIGIN - timedelta(days=HORIZON_DAYS * step)
        started = perf_counter()
        result = scored.score_frames(frames, params, as_of=as_of)
        seconds = perf_counter() - started
        capture = cell_capture(frames, result.cells, as_of=as_of, bandwidth_m=BANDWIDTH_M)
        auc = facility_auc(frames, result.facilities, as_of=as_of)
        simple = scored.score_frames(frames, unfitted, as_of=as_of).facilities
        visited.append(facility_rows(frames, result.facilities, simple, as_of=as_of))
        rows.append({"as_of": as_of.date().isoformat(), "seconds": seconds, **_named(capture, auc)})
        print(json.dumps(rows[-1]), flush=True)
    table = pd.DataFrame(rows)
    if args.out:
        table.to_csv(args.out, index=False)
    n_cells, n_facilities = len(result.cells), len(result.facilities)
    means = table.drop(columns="as_of").mean().round(4).to_dict()
    told = {
        "n_cells": n_cells, "n_facilities": n_facilities, "means": means,
        "facilities_pooled": pooled(pd.concat(visited, ignore_index=True)),
        "facility_model": result.summary["facility_model"],
    }  # fmt: skip
    print(json.dumps(told, indent=1))


def _named(capture: dict[str, float], auc: dict[str, float]) -> dict[str, float]:
    named = {f"capture_{name}": value for name, value in capture.items()}
    return named | {f"auc_{name}": value for name, value in auc.items()}


if __name__ == "__main__":
    main()
