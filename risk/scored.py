"""Score every cell and facility from source frames: the pure heart of a scoring run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import Message
from data.schema import TIME_ZONE
from risk import cells, explain, facilities, facility_cells, features, places, reasons
from risk.cells import CellInput, CellScores, Fitted, ModelInput
from risk.explain import Sentence
from risk.facilities import FacilityScores
from risk.features import Floats, SourceFrames
from risk.params import Progress, ScoringParams
from risk.places import Places

METHOD = "hidden-sites-1"
"""Name of the models that made a run; changes when their formulas do."""

CELL_COLUMNS = (
    "cell_id", "lon", "lat", "district_code", "area_code", "area_name", "urban_rural_code",
    "class_source", "score", "mean", "lo", "hi", "p_hidden", "p_lo", "p_hi", "knowledge",
    "last_visit_on", "n_visits_year", "n_open_leads", "n_facilities", "population", "reasons",
    "site_severity", "sweep_finds",
)  # fmt: skip
FACILITY_COLUMNS = (
    "facility_id", "cell_id", "district_code", "area_code", "name", "kind", "lon", "lat",
    "p", "lo", "hi", "severity", "score", "last_visit_on", "n_visits", "n_found", "reasons",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Tables with ``CELL_COLUMNS`` and ``FACILITY_COLUMNS``, and what to say about the run."""

    cells: pd.DataFrame
    facilities: pd.DataFrame
    summary: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The records of one run, located and with ages; its cells; what the model reads."""

    frames: SourceFrames
    active: pd.DataFrame
    seen: pd.DataFrame
    found: pd.DataFrame
    reported: pd.DataFrame
    places: Places
    given: CellInput
    model: ModelInput

    @property
    def needs_model(self) -> bool:
        """Whether hidden sites are estimated: there are cells, and not only facility finds."""
        by_facility = self.model.evidence.uses_all_finds and len(self.active) > 0
        return bool(self.places.cells) and not by_facility


def _silent(share: float, message: Message) -> None:
    del share, message


def score_frames(
    frames: SourceFrames,
    params: ScoringParams,
    *,
    as_of: datetime,
    fitted: Fitted | None = None,
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
    fitted
        A fit for the same cells; fitted anew if None or if the cells are others.
    progress
        Called with a share from 0 to 1 and what is being done.

    Returns
    -------
    Scored
        Empty tables where nothing has a place. The same input in another order gives
        the same bytes.
    """
    known = prepare(frames, params, as_of=as_of, progress=progress)
    if known.needs_model and (
        fitted is None or not cells.is_usable(fitted, known.places, known.model)
    ):
        fitted = fit(known, params, progress=lambda share, said: progress(0.1 + 0.7 * share, said))
    return score_prepared(known, params, as_of=as_of, fitted=fitted, progress=progress)


def prepare(
    frames: SourceFrames, params: ScoringParams, *, as_of: datetime, progress: Progress = _silent
) -> Prepared:
    """Find the cells, and put the records known before ``as_of`` in order."""
    progress(0.0, Message("正在整理 {date} 以前的记录", {"date": as_of.date().isoformat()}))
    known = features.known_before(frames, as_of=as_of)
    seen = features.looks(known, params, as_of=as_of)
    active = features.active_facilities(known)
    found = features.finds(known, seen, as_of=as_of)
    reported = features.reports(known, params, as_of=as_of)
    grid_cells = places.find_places(known, [active, seen, found, reported], params)
    at = grid_cells.positions(active["lon"].to_numpy(float), active["lat"].to_numpy(float))
    given = CellInput(
        found=found, reported=reported, seen=seen, active=active, facility_at=at,
        n_facilities=features.tally(at[at >= 0], len(grid_cells.cells)),
    )  # fmt: skip
    return Prepared(
        frames=known, active=active, seen=seen, found=found, reported=reported,
        places=grid_cells, given=given, model=cells.model_input(grid_cells, given, params),
    )  # fmt: skip


def fit(known: Prepared, params: ScoringParams, *, progress: Progress = _silent) -> Fitted:
    """Fit the hidden-site model to prepared records."""
    return cells.fit_cells(known.places, known.model, params.cells, progress=progress)


def score_prepared(
    known: Prepared,
    params: ScoringParams,
    *,
    as_of: datetime,
    fitted: Fitted | None,
    progress: Progress = _silent,
) -> Scored:
    """Score prepared records with a fit; see ``score_frames``."""
    progress(0.8, Message("正在为 {n} 家机构评分", {"n": len(known.active)}))
    facility_scores, facility_table = _facility_table(known, params, as_of=as_of)
    progress(0.85, Message("正在为 {n} 个网格评分", {"n": len(known.places.cells)}))
    scores = None
    if known.needs_model and fitted is not None:
        scores = cells.score_cells(known.places, known.given, known.model, fitted, params)
    elif known.places.cells and facility_scores is not None:
        scores = facility_cells.score_by_facilities(
            known.places, known.given, known.model, facility_scores, params
        )
    progress(0.95, Message("正在写出理由"))
    cell_table = _cell_table(known, scores, facility_table, params, as_of=as_of)
    summary = _summary(known, scores, cell_table, facility_table, facility_scores, params)
    return Scored(cells=cell_table, facilities=facility_table, summary=summary)


def _cell_table(
    known: Prepared,
    scores: CellScores | None,
    facility_table: pd.DataFrame,
    params: ScoringParams,
    *,
    as_of: datetime,
) -> pd.DataFrame:
    if scores is None:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in CELL_COLUMNS})
    at = known.places
    is_open = known.reported[known.reported["is_open"]]
    lead_at = at.positions(is_open["lon"].to_numpy(float), is_open["lat"].to_numpy(float))
    points = scores.mean * scores.severity
    inside = known.given.facility_at >= 0
    if not scores.uses_all_finds:
        weights = facility_table["score"].to_numpy(float)[inside]
        points = points + features.tally(
            known.given.facility_at[inside], len(at.cells), weights=weights
        )
    table = {
        "cell_id": np.array(at.cells, dtype=object),
        "lon": at.lon, "lat": at.lat,
        "district_code": at.district_code, "area_code": at.area_code, "area_name": at.area_name,
        "urban_rural_code": at.urban_rural_code, "class_source": at.class_source,
        "score": points,
        "mean": scores.mean, "lo": scores.lo, "hi": scores.hi,
        "p_hidden": scores.p_hidden, "p_lo": scores.p_lo, "p_hi": scores.p_hi,
        "knowledge": scores.knowledge,
        "last_visit_on": _days(scores.facts.days_unseen, as_of=as_of),
        "n_visits_year": scores.facts.n_visits_year.astype(np.int64),
        "n_open_leads": features.tally(lead_at[lead_at >= 0], len(at.cells)).astype(np.int64),
        "n_facilities": known.given.n_facilities.astype(np.int64),
        "population": at.residents,
        "reasons": reasons.cell_reasons(at, scores, known.given.n_facilities, params),
        "site_severity": scores.severity, "sweep_finds": scores.sweep_finds,
    }  # fmt: skip
    return pd.DataFrame(table)[list(CELL_COLUMNS)]


def _facility_table(
    known: Prepared, params: ScoringParams, *, as_of: datetime
) -> tuple[FacilityScores | None, pd.DataFrame]:
    active, at = known.active, known.given.facility_at
    if active.empty:
        empty = pd.DataFrame({name: pd.Series(dtype=object) for name in FACILITY_COLUMNS})
        return None, empty
    cell_names = np.array([*known.places.cells, None], dtype=object)
    cell_ids = cell_names[at]
    # A licence is good to the end of its last day.
    expired = features.age_days(active["licence_expiry"] + timedelta(days=1), as_of=as_of)
    scores = facilities.score_facilities(
        active, seen=known.seen, reported=known.reported, cell_ids=cell_ids,
        licence_age_days=expired, params=params,
    )  # fmt: skip
    areas = np.array([*known.places.area_code, None], dtype=object)[at]
    districts = np.array([*known.places.district_code, None], dtype=object)[at]
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
    return scores, pd.DataFrame(table)[list(FACILITY_COLUMNS)]


def _first_known(own: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.where(pd.isna(own), other, own)


def _days(ages: Floats, *, as_of: datetime) -> pd.Series:
    """Return the day that lies so many days before ``as_of``, missing where unknown."""
    moment = pd.Timestamp(as_of.astimezone(TIME_ZONE)).tz_localize(None)
    days = moment - pd.to_timedelta(pd.Series(ages), unit="D")
    # Half a second against rounding: a visit at midnight must not slip to the day before.
    return (days + pd.Timedelta(milliseconds=500)).dt.normalize().astype("datetime64[s]")


def _summary(
    known: Prepared,
    scores: CellScores | None,
    cell_table: pd.DataFrame,
    facility_table: pd.DataFrame,
    of: FacilityScores | None,
    params: ScoringParams,
) -> dict[str, object]:
    counts = {
        "n_cells": len(cell_table),
        "n_cells_never_seen": int(cell_table["last_visit_on"].isna().sum()),
        "n_facilities": len(facility_table),
        "n_complaints": len(known.reported),
        "n_finds": len(known.found),
        "n_visits": len(known.seen),
        "cell_resolution": known.places.resolution,
        "missing": [
            explain.message_json(s) for s in [*_missing(known, scores, params), *_by_rate(of)]
        ],
        "expected_finds_at_facilities": float(facility_table["p"].sum()),
        "facility_score": float(facility_table["score"].sum()),
        "facility_strength_visits": None if of is None else of.strength,
        "facility_model": None if of is None else dict(of.model),
    }
    if scores is None:
        return {**counts, "expected_sites": 0.0}
    evidence = known.model.evidence
    return {
        **counts,
        "expected_sites": scores.total[0],
        "expected_sites_lo": scores.total[1],
        "expected_sites_hi": scores.total[2],
        "expected_sites_uncertain": "total" in scores.warnings,
        "cell_score": float(cell_table["score"].sum()),
        "uses_all_finds": scores.uses_all_finds,
        "n_weeks": evidence.n_weeks,
        "n_site_reports": int((evidence.reports["at"] >= 0).sum()),
        "n_site_reports_by_area": scores.n_by_area,
        "n_site_looks": len(evidence.looks),
        "n_site_finds": int(evidence.looks["n_found"].sum()),
        "n_cells_fitted": scores.n_fitted,
        "n_cells_like_fitted": scores.n_thin,
    }


def _by_rate(of: FacilityScores | None) -> Sequence[Sentence]:
    """Return the sentence that says why no model of facilities was fitted, if none was."""
    if of is None or of.model["reason"] != "few_looks" or of.model["n_looks"] == 0:
        return []
    return [("机构检查记录还少，未拟合机构模型：按同类平均和自身历史推算", {})]


def _missing(
    known: Prepared, scores: CellScores | None, params: ScoringParams
) -> Sequence[Sentence]:
    """Return what a reader must know that the data lack, most important first."""
    at, n_lost = known.places, _unplaced(known)
    has_areas = len(known.frames.areas) > 0
    by_model = scores is not None and not scores.uses_all_finds
    lacks = scores.missing if scores is not None else ()
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
            by_model and "reports" in lacks and not known.reported.empty,
            ("没有指向未登记点位的线索：点位数按默认水平推算，区间很宽", {}),
        ),
        (
            by_model and "looks" in lacks and not known.seen.empty,
            ("检查都在在册机构，没有排查或核查未登记点位的记录：发现能力按默认水平估计", {}),
        ),
        (
            by_model and "finds" in lacks and "looks" not in lacks,
            ("到访中从未查实未登记点位：发现能力和总量按默认水平估计", {}),
        ),
        (
            by_model and scores is not None and "total" in scores.warnings,
            (
                "总数把握不足：近半年的查实与推算不符，或各种方法相差很大。网格排序可用，总数只看区间",
                {},
            ),
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
        (
            scores is not None and scores.n_thin > 0,
            (
                "{n} 个人口较少、无线索也无排查的网格未单独推算，按同类网格的长期水平给出",
                {"n": scores.n_thin if scores is not None else 0},
            ),
        ),
        (
            by_model and scores is not None and scores.n_by_area > 0,
            (
                "{n} 条线索只知道所在乡镇，不落到某一格，只作为该乡镇的背景",
                {"n": scores.n_by_area if scores is not None else 0},
            ),
        ),
        (
            scores is not None and scores.n_capped > 0,
            (
                "{n} 条线索因同一网格一周内过多，未逐条计入",
                {"n": scores.n_capped if scores is not None else 0},
            ),
        ),
        (n_lost > 0, ("{n} 条记录既无坐标又无已知区划，未计入网格", {"n": n_lost})),
    ]
    return [sentence for applies, sentence in checks if applies]


def _unplaced(known: Prepared) -> int:
    n_lost = 0
    for frame in (known.active, known.reported, known.found, known.seen):
        by_area = frame["area_code"].isin(list(known.places.cells_of_area)).to_numpy(bool)
        n_lost += int((frame["lon"].isna().to_numpy(bool) & ~by_area).sum())
    return n_lost
