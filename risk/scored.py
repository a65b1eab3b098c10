"""Score every cell and facility from source frames: the pure heart of a scoring run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import Message
from data.schema import TIME_ZONE
from risk import cells, explain, facilities, features, places, reasons
from risk.explain import Sentence
from risk.features import Floats, SourceFrames
from risk.params import ScoringParams

METHOD = "gamma-poisson-1"
"""Name of the models that made a run; changes when their formulas do."""

CELL_COLUMNS = (
    "cell_id", "lon", "lat", "district_code", "area_code", "area_name", "urban_rural_code",
    "class_source", "score", "mean", "lo", "hi", "p_hidden", "p_lo", "p_hi", "knowledge",
    "last_visit_on", "n_visits_year", "n_open_leads", "n_facilities", "population", "reasons",
)  # fmt: skip
FACILITY_COLUMNS = (
    "facility_id", "cell_id", "district_code", "area_code", "name", "kind", "lon", "lat",
    "p", "lo", "hi", "severity", "score", "last_visit_on", "n_visits", "n_found", "reasons",
)  # fmt: skip

Progress = Callable[[float, Message], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Tables with ``CELL_COLUMNS`` and ``FACILITY_COLUMNS``, and what to say about the run."""

    cells: pd.DataFrame
    facilities: pd.DataFrame
    summary: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The records of one run, located and with ages."""

    frames: SourceFrames
    active: pd.DataFrame
    seen: pd.DataFrame
    found: pd.DataFrame
    reported: pd.DataFrame


def _silent(share: float, message: Message) -> None:
    del share, message


def score_frames(
    frames: SourceFrames,
    params: ScoringParams,
    *,
    as_of: datetime,
    progress: Progress = _silent,
) -> Scored:
    """
    Score every cell and every active facility from what was known before ``as_of``.

    Parameters
    ----------
    frames
        Any subset of the kinds; rows and fields of a later date are ignored.
    as_of
        Zone-aware moment.
    progress
        Called with a share from 0 to 1 and what is being done.

    Returns
    -------
    Scored
        Empty tables where nothing has a place. The same input in another order gives
        the same bytes.
    """
    progress(0.0, Message("正在整理 {date} 以前的记录", {"date": as_of.date().isoformat()}))
    known = _prepare(frames, params, as_of=as_of)
    grid_cells = places.find_places(
        known.frames, [known.active, known.seen, known.found, known.reported], params
    )
    at = grid_cells.positions(
        known.active["lon"].to_numpy(float), known.active["lat"].to_numpy(float)
    )
    n_facilities = features.tally(at[at >= 0], len(grid_cells.cells))
    progress(0.3, Message("正在为 {n} 个网格评分", {"n": len(grid_cells.cells)}))
    cell_scores = None
    if grid_cells.cells:
        cell_scores = cells.score_cells(
            grid_cells, found=known.found, reported=known.reported, seen=known.seen,
            n_facilities=n_facilities, params=params,
        )  # fmt: skip
    progress(0.6, Message("正在为 {n} 家机构评分", {"n": len(known.active)}))
    facility_table, strength = _facility_table(known, grid_cells, at, params, as_of=as_of)
    progress(0.8, Message("正在写出理由"))
    cell_table = _cell_table(known, grid_cells, cell_scores, n_facilities, params, as_of=as_of)
    summary = _summary(known, grid_cells, cell_scores, cell_table, facility_table, strength, params)
    return Scored(cells=cell_table, facilities=facility_table, summary=summary)


def _prepare(frames: SourceFrames, params: ScoringParams, *, as_of: datetime) -> _Known:
    known = features.known_before(frames, as_of=as_of)
    seen = features.looks(known, params, as_of=as_of)
    return _Known(
        frames=known,
        active=features.active_facilities(known),
        seen=seen,
        found=features.finds(known, seen, as_of=as_of),
        reported=features.reports(known, params, as_of=as_of),
    )


def _cell_table(
    known: _Known,
    at: places.Places,
    scores: cells.CellScores | None,
    n_facilities: Floats,
    params: ScoringParams,
    *,
    as_of: datetime,
) -> pd.DataFrame:
    if scores is None:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in CELL_COLUMNS})
    is_open = known.reported[known.reported["is_open"]]
    lead_at = at.positions(is_open["lon"].to_numpy(float), is_open["lat"].to_numpy(float))
    table = {
        "cell_id": np.array(at.cells, dtype=object),
        "lon": at.lon, "lat": at.lat,
        "district_code": at.district_code, "area_code": at.area_code, "area_name": at.area_name,
        "urban_rural_code": at.urban_rural_code, "class_source": at.class_source,
        "score": scores.mean * scores.severity,
        "mean": scores.mean, "lo": scores.lo, "hi": scores.hi,
        "p_hidden": scores.p_hidden, "p_lo": scores.p_lo, "p_hi": scores.p_hi,
        "knowledge": scores.knowledge,
        "last_visit_on": _days(scores.evidence.days_unseen, as_of=as_of),
        "n_visits_year": scores.evidence.n_visits_year.astype(np.int64),
        "n_open_leads": features.tally(lead_at[lead_at >= 0], len(at.cells)).astype(np.int64),
        "n_facilities": n_facilities.astype(np.int64),
        "population": at.residents,
        "reasons": reasons.cell_reasons(at, scores, n_facilities, params),
    }  # fmt: skip
    return pd.DataFrame(table)[list(CELL_COLUMNS)]


def _facility_table(
    known: _Known,
    at_places: places.Places,
    at: NDArray[np.int64],
    params: ScoringParams,
    *,
    as_of: datetime,
) -> tuple[pd.DataFrame, float]:
    active = known.active
    if active.empty:
        empty = pd.DataFrame({name: pd.Series(dtype=object) for name in FACILITY_COLUMNS})
        return empty, params.facilities.default_strength
    cell_names = np.array([*at_places.cells, None], dtype=object)
    cell_ids = cell_names[at]
    # A licence is good to the end of its last day.
    expired = features.age_days(active["licence_expiry"] + timedelta(days=1), as_of=as_of)
    scores = facilities.score_facilities(
        active, seen=known.seen, reported=known.reported, cell_ids=cell_ids,
        licence_age_days=expired, params=params,
    )  # fmt: skip
    areas = np.array([*at_places.area_code, None], dtype=object)[at]
    districts = np.array([*at_places.district_code, None], dtype=object)[at]
    table = {
        "facility_id": active["facility_id"].to_numpy(object),
        "cell_id": cell_ids,
        "district_code": _first_known(active["district_code"].to_numpy(object), districts),
        "area_code": _first_known(active["area_code"].to_numpy(object), areas),
        "name": active["name"].to_numpy(object), "kind": active["kind"].to_numpy(object),
        "lon": active["lon"].to_numpy(float), "lat": active["lat"].to_numpy(float),
        "p": scores.p, "lo": scores.lo, "hi": scores.hi,
        "severity": scores.severity, "score": scores.p * scores.severity,
        "last_visit_on": _days(scores.days_unseen, as_of=as_of),
        "n_visits": scores.n_visits.astype(np.int64), "n_found": scores.n_found.astype(np.int64),
        "reasons": reasons.facility_reasons(active, scores),
    }  # fmt: skip
    return pd.DataFrame(table)[list(FACILITY_COLUMNS)], scores.strength


def _first_known(own: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.where(pd.isna(own), other, own)


def _days(ages: Floats, *, as_of: datetime) -> pd.Series:
    """Return the day that lies so many days before ``as_of``, missing where unknown."""
    moment = pd.Timestamp(as_of.astimezone(TIME_ZONE)).tz_localize(None)
    days = moment - pd.to_timedelta(pd.Series(ages), unit="D")
    # Half a second against rounding: a visit at midnight must not slip to the day before.
    return (days + pd.Timedelta(milliseconds=500)).dt.normalize().astype("datetime64[s]")


def _summary(
    known: _Known,
    at: places.Places,
    scores: cells.CellScores | None,
    cell_table: pd.DataFrame,
    facility_table: pd.DataFrame,
    strength: float,
    params: ScoringParams,
) -> dict[str, object]:
    counts = {
        "n_cells": len(cell_table),
        "n_cells_never_seen": int(cell_table["last_visit_on"].isna().sum()),
        "n_facilities": len(facility_table),
        "n_complaints": len(known.reported),
        "n_finds": len(known.found),
        "n_visits": len(known.seen),
        "cell_resolution": at.resolution,
        "missing": [explain.message_json(s) for s in _missing(known, at, scores, params)],
    }
    totals = {
        "expected_finds_at_facilities": float(facility_table["p"].sum()),
        "facility_score": float(facility_table["score"].sum()),
        "facility_strength_visits": strength,
    }
    if scores is None:
        return {**counts, **totals, "expected_sites": 0.0, "tuned": None}
    kernel = scores.kernel
    log_sd = params.cells.total_log_sd
    tuned = {
        "bandwidth_m": kernel.bandwidth_m,
        "half_life_days": kernel.half_life_days,
        "is_tuned": kernel.is_tuned,
        "n_forecast": kernel.n_forecast,
        "gain": kernel.gain if kernel.is_tuned else None,
    }
    total = float(scores.mean.sum())
    return {
        **counts, **totals,
        "expected_sites": total,
        "expected_sites_lo": total * float(np.exp(-1.645 * log_sd)),
        "expected_sites_hi": total * float(np.exp(1.645 * log_sd)),
        "cell_score": float(cell_table["score"].sum()),
        "found_share_per_year": 1.0 if scores.uses_all_finds
        else params.cells.found_share_per_year,
        "uses_all_finds": scores.uses_all_finds,
        "tuned": tuned,
    }  # fmt: skip


def _missing(
    known: _Known,
    at: places.Places,
    scores: cells.CellScores | None,
    params: ScoringParams,
) -> Sequence[Sentence]:
    """Return what a reader must know that the data lack, most important first."""
    n_lost = _unplaced(known, at)
    has_areas = len(known.frames.areas) > 0
    checks: list[tuple[bool, Sentence]] = [
        (scores is None, ("没有任何带坐标的记录，也没有区划边界：无法评分", {})),
        (known.active.empty, ("没有机构名录：只评网格", {})),
        (known.reported.empty, ("没有线索：只按案件和检查推算", {})),
        (known.found.empty, ("没有查实记录：总量按默认水平估计，仅供排序", {})),
        (known.seen.empty, ("没有检查记录：不知道哪里看过", {})),
        (
            scores is not None and scores.uses_all_finds,
            ("没有未登记点位的案件：以在册机构的全部查实记录代替", {}),
        ),
        (
            scores is not None and not scores.kernel.is_tuned,
            ("记录太少，热点的范围和时效未经调校，用默认值", {}),
        ),
        (not has_areas, ("没有区划边界：只按网格评分，不能按乡镇汇总", {})),
        (
            has_areas and bool(pd.isna(at.urban_rural_code).all()),
            ("区划没有城乡分类代码：城乡类别未知", {}),
        ),
        (
            scores is not None and not at.has_residents,
            ("没有人口数据：以在册机构和举报代替", {}),
        ),
        (
            at.resolution != params.cell_resolution,
            ("范围太大，网格改用第 {n} 级", {"n": at.resolution}),
        ),
        (n_lost > 0, ("{n} 条记录既无坐标又无已知区划，未计入网格", {"n": n_lost})),
    ]
    return [sentence for applies, sentence in checks if applies]


def _unplaced(known: _Known, at: places.Places) -> int:
    n_lost = 0
    for frame in (known.active, known.reported, known.found, known.seen):
        by_area = frame["area_code"].isin(list(at.cells_of_area)).to_numpy(bool)
        n_lost += int((frame["lon"].isna().to_numpy(bool) & ~by_area).sum())
    return n_lost
