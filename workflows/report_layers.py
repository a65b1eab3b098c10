"""Layers of the hotspot map beside the score: density of reports, hot spots, change of a month."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from data.scope import Scope
from data.store import scores
from data.store.engine import Store
from data.store.rows import load_rows
from errors import NotFoundError
from geo import grid
from risk import features, gi_star, hotspots
from risk.params import ScoringParams
from workflows import map_layers
from workflows.map_layers import Payload

Floats = NDArray[np.float64]

HOT_DAYS = 364.0
MONTH_DAYS = 28
_LATEST_DAYS = 70
_SHRINK_EVENTS = 3.0
_INTERVAL_SD = 3.29
"""Standard deviations between the 5 and the 95 % bound."""


def _run_and_cells(store: Store, run_id: str, scope: Scope) -> tuple[scores.ScoreRun, pd.DataFrame]:
    run = scores.get_run(store, run_id)
    if run is None:
        raise NotFoundError("没有这项内容，或不在您的辖区")
    cells = scores.load_cell_scores(store, run_id, scope=scope)
    return run, cells.sort_values("cell_id").reset_index(drop=True)


def _reports(
    store: Store, cells: pd.DataFrame, params: ScoringParams, *, scope: Scope, as_of: datetime
) -> pd.DataFrame:
    """Return reports about hidden sites with their cell (``at``) and age; no sealed ones."""
    columns = ["received_at", "channel", "topic", "facility_id", "lon", "lat", "location_precision"]
    rows = load_rows(store, "complaints", scope=scope, as_of=as_of, columns=columns, joined=True)
    topics = [*params.cells.site_topics, *params.cells.place_topics]
    usable = (
        ~rows["channel"].isin(params.sealed_channels) & rows["topic"].isin(topics)
        & rows["facility_id"].isna() & rows["lon"].notna() & rows["lat"].notna()
        & (rows["location_precision"] != "township")
    )  # fmt: skip
    rows = rows[usable].reset_index(drop=True)
    age = features.age_days(rows["received_at"], as_of=as_of)
    at = np.full(len(rows), -1, dtype=np.int64)
    if len(rows) and len(cells):
        resolution = grid.resolution_of(str(cells["cell_id"].iloc[0]))
        ids = grid.cell_of(rows["lon"].to_numpy(float), rows["lat"].to_numpy(float), resolution)
        at = pd.Index(cells["cell_id"].astype(object)).get_indexer(pd.Index(ids)).astype(np.int64)
    rows = rows.assign(at=at, age_days=age, day=rows["received_at"].dt.normalize())
    rows = rows[(rows["at"] >= 0) & (rows["age_days"] > 0)]
    # more on one door in a day are one campaign
    order = rows.groupby(["at", "day"]).cumcount()
    return rows[order < params.cells.max_reports_per_day].reset_index(drop=True)


def density(store: Store, run_id: str, params: ScoringParams, *, scope: Scope) -> Payload:
    """
    Return the decayed density of reports on the cells of a run, tuned on the weeks before it.

    The payload of ``map_layers.cells_layer`` with ``heat`` (per mille of the highest) and
    ``unit``: bandwidth in metres, half-life in days, highest density in reports per km2.
    """
    run, cells = _run_and_cells(store, run_id, scope)
    layer = map_layers.cells_layer(cells, as_of=run.as_of)
    rows = _reports(store, cells, params, scope=scope, as_of=run.as_of)
    heat, tuned = np.zeros(len(cells)), None
    if len(rows):
        like = (cells["lon"].to_numpy(float), cells["lat"].to_numpy(float))
        centres = hotspots.in_metres(*like, like=like)
        at, ages = rows["at"].to_numpy(np.int64), rows["age_days"].to_numpy(float)
        points = hotspots.in_metres(
            rows["lon"].to_numpy(float), rows["lat"].to_numpy(float), like=like
        )
        size = np.nan_to_num(cells["population"].to_numpy(float))
        size = size if size.sum() > 0 else np.ones(len(cells))
        edge_m = 1000.0 * np.sqrt(2.0 * layer["cell_km2"] / (3.0 * np.sqrt(3.0)))
        tuned = hotspots.tune_kernel(
            points, ages, at, centres, size / size.sum(), params.hotspots,
            shrink_events=_SHRINK_EVENTS, least_bandwidth_m=0.75 * edge_m,
        )  # fmt: skip
        worth = features.decayed(ages, half_life_days=tuned.half_life_days)
        heat = hotspots.kernel_density(points, centres, worth, bandwidth_m=tuned.bandwidth_m)
    top = max(float(heat.max()) if len(heat) else 0.0, 1e-12)
    unit: dict[str, Any] = {"n": len(rows), "top": round(top, 2) if len(rows) else 0.0}
    if tuned is not None:
        unit |= {
            "bandwidth_m": round(tuned.bandwidth_m), "half_life_days": round(tuned.half_life_days),
            "is_tuned": tuned.is_tuned,
        }  # fmt: skip
    return {**layer, "heat": np.rint(1000 * heat / top).astype(int).tolist(), "unit": unit}


def _marks(cells: pd.DataFrame, marks: list[str]) -> Payload:
    layer = map_layers.cells_layer(cells, as_of=datetime.fromtimestamp(0).astimezone())
    kept = ("id", "lon", "lat", "ring", "cell_km2", "areas", "area", "fringe")
    return {**{name: layer[name] for name in kept}, "kind": "marks", "mark": marks}


def hot(store: Store, run_id: str, params: ScoringParams, *, scope: Scope) -> Payload:
    """Return the cells that are hot spots of reports over the year before a run (Gi*)."""
    run, cells = _run_and_cells(store, run_id, scope)
    rows = _reports(store, cells, params, scope=scope, as_of=run.as_of)
    recent = rows[rows["age_days"] <= HOT_DAYS]
    people = np.nan_to_num(cells["population"].to_numpy(float))
    inside = people > 0 if people.sum() > 0 else np.ones(len(cells), dtype=bool)
    counts = features.tally(recent["at"].to_numpy(np.int64), len(cells))
    some = cells[inside].reset_index(drop=True)
    is_hot = np.zeros(len(some), dtype=bool)
    if len(recent) and len(some):
        exposure = people[inside] if people.sum() > 0 else np.ones(len(some))
        window = gi_star.windows(grid.neighbour_matrix(some["cell_id"].astype(str).tolist()))
        values = gi_star.above_expected(counts[inside], exposure)
        is_hot = gi_star.hot_spots(values, window).is_hot
    shown = some[is_hot].reset_index(drop=True)
    layer = _marks(shown, ["hot"] * len(shown))
    return {
        **layer, "as_of": map_layers.cells_layer(shown, as_of=run.as_of)["as_of"],
        "n": len(shown), "share": round(100 * gi_star.FALSE_SHARE), "n_reports": len(recent),
    }  # fmt: skip


def run_before(store: Store, run: scores.ScoreRun, *, scope: Scope) -> scores.ScoreRun | None:
    """Return the newest run at least four weeks older than this one, and not much older."""
    found = scores.latest_run(store, scope=scope, as_of=run.as_of - timedelta(days=MONTH_DAYS))
    if found is None or found.as_of < run.as_of - timedelta(days=_LATEST_DAYS):
        return None
    return found


def change(store: Store, run_id: str, *, scope: Scope) -> Payload:
    """
    Return the cells whose probability changed since a month ago by more than its interval.

    The two posteriors share most of their evidence; taken as independent they give an
    interval that is too wide rather than too narrow.
    """
    run, cells = _run_and_cells(store, run_id, scope)
    before = run_before(store, run, scope=scope)
    if before is None:
        return {**_marks(cells.head(0), []), "as_of": run.as_of.date().isoformat(), "since": None,
                "up": 0, "down": 0}  # fmt: skip
    old = scores.load_cell_scores(store, before.run_id, scope=scope).set_index("cell_id")
    cells = cells[cells["cell_id"].isin(old.index)].reset_index(drop=True)
    sure = sure_change(cells, old.reindex(cells["cell_id"]).reset_index())
    shown = cells[sure != 0].reset_index(drop=True)
    marks = ["up" if sign > 0 else "down" for sign in sure[sure != 0]]
    layer = _marks(shown, marks)
    return {
        **layer,
        "as_of": map_layers.cells_layer(shown, as_of=run.as_of)["as_of"],
        "since": map_layers.cells_layer(shown, as_of=before.as_of)["as_of"],
        "up": marks.count("up"), "down": marks.count("down"),
    }  # fmt: skip


def sure_change(now: pd.DataFrame, before: pd.DataFrame) -> NDArray[np.int64]:
    """Return 1 where ``p_hidden`` rose beyond its 90 % interval, -1 where it fell, else 0."""

    def scale(rows: pd.DataFrame) -> tuple[Floats, Floats]:
        p, lo, hi = (
            logit(np.clip(rows[name].to_numpy(float), 1e-6, 1 - 1e-6))
            for name in ("p_hidden", "p_lo", "p_hi")
        )
        return p, np.maximum(hi - lo, 1e-6) / _INTERVAL_SD

    p_now, sd_now = scale(now)
    p_before, sd_before = scale(before)
    gap = p_now - p_before
    is_sure = np.abs(gap) > 0.5 * _INTERVAL_SD * np.hypot(sd_now, sd_before)
    signs: NDArray[np.int64] = np.where(is_sure, np.sign(gap), 0.0).astype(np.int64)
    return signs
