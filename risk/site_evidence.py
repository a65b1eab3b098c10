"""
From records to the hidden-site model: which reports and looks are about hidden sites.

A hidden site is a place of unlawful practice that is no registered facility. Reports
and finds that name a facility belong to that facility's own score. A report known only
by its township stands in no cell: it is a covariate of all cells of that township.
docs/methods/risk-score.md tells the choices.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo import grid
from risk import features, hotspots
from risk.features import Floats
from risk.hidden_data import HiddenData, Levels, hidden_data
from risk.params import CellParams, ScoringParams
from risk.places import Places

Ints = NDArray[np.int64]

CARE_KINDS = (
    "hospital_2plus", "hospital", "township_health_centre", "community_health_centre",
    "private_clinic", "village_clinic", "dental_clinic",
)  # fmt: skip
"""Kinds of facility where one is treated lawfully."""
FRONT_KINDS = ("beauty_parlour", "wellness_shop", "pharmacy")
"""Kinds of facility behind whose sign unlawful practice hides most."""
_CASE = "case"
"""Kind of a look that is known by its case alone."""
_SAME_FIND_DAYS = 7
_DAYS_A_WEEK = 7
_LEAST_WEEKS = 8
_USUAL_WEEK = 5.0
"""Reports a week from which on a week without any counts as missing."""
_VILLAGE_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteEvidence:
    """
    What was said and seen about hidden sites.

    Parameters
    ----------
    reports
        ``at`` (position of the cell, -1 where only the area is known), ``age_days``,
        ``channel``, ``area_code``.
    looks
        ``at``, ``age_days``, ``kind``, ``team``, ``n_visits`` (the part of the cell's homes
        that a search reaches), ``n_found``, ``topic``; only those inside a cell.
    finds
        Rows of ``features.finds`` about hidden sites.
    n_weeks
        Weeks up to the day of the score that the records cover.
    missing_weeks
        Those in which no report at all came in although some do every week.
    uses_all_finds
        No find is about a hidden site, but some are about facilities.
    """

    reports: pd.DataFrame
    looks: pd.DataFrame
    finds: pd.DataFrame
    n_weeks: int
    missing_weeks: tuple[int, ...]
    uses_all_finds: bool


def is_hidden(frame: pd.DataFrame, params: CellParams) -> NDArray[np.bool_]:
    """Say per find or report whether it is about a site that is no registered facility."""
    topics = [*params.site_topics, *params.place_topics]
    hidden: NDArray[np.bool_] = (
        frame["topic"].isin(topics) & frame["facility_id"].isna()
    ).to_numpy(bool)
    return hidden


def site_evidence(
    cells: Places,
    *,
    found: pd.DataFrame,
    reported: pd.DataFrame,
    seen: pd.DataFrame,
    homes: Floats,
    params: ScoringParams,
) -> SiteEvidence:
    """
    Sort out the records that say something about hidden sites.

    Parameters
    ----------
    found, reported, seen
        Results of ``features.finds``, ``reports`` and ``looks``.
    homes
        Homes per cell.
    """
    choice = params.cells
    n_weeks = _weeks([reported, seen, found], choice)
    calls = reported[is_hidden(reported, choice) & (reported["outcome"] != "no_jurisdiction")]
    calls = calls[calls["age_days"] < n_weeks * _DAYS_A_WEEK]
    about = is_hidden(found, choice)
    named = features.is_about_site(found, params)
    return SiteEvidence(
        reports=_reports(cells, calls, choice),
        looks=_looks(cells, seen, found[about], homes, choice),
        finds=found[about].reset_index(drop=True),
        n_weeks=n_weeks,
        missing_weeks=_missing_weeks(reported, n_weeks),
        uses_all_finds=bool(len(found)) and not bool(named.any()),
    )


def _weeks(frames: list[pd.DataFrame], params: CellParams) -> int:
    oldest = max((float(f["age_days"].max()) for f in frames if len(f)), default=0.0)
    return int(np.clip(np.ceil(oldest / _DAYS_A_WEEK), _LEAST_WEEKS, params.n_weeks))


def week_of(ages: Floats, n_weeks: int) -> Ints:
    """Return the week of each age, the last of ``n_weeks`` ending at the day of the score."""
    weeks: Ints = n_weeks - 1 - np.floor(ages / _DAYS_A_WEEK).astype(np.int64)
    return weeks


def _missing_weeks(reported: pd.DataFrame, n_weeks: int) -> tuple[int, ...]:
    """Return the weeks before the first report, and empty ones where none should be empty."""
    weeks = week_of(reported["age_days"].to_numpy(float), n_weeks)
    inside = weeks[(weeks >= 0) & (weeks < n_weeks)]
    counts = np.bincount(inside, minlength=n_weeks)
    known = np.flatnonzero(counts)
    if len(known) == 0:
        return tuple(range(n_weeks))
    before = np.arange(n_weeks) < (0 if (weeks < 0).any() else known[0])
    usual = np.median(counts[known[0] :]) >= _USUAL_WEEK
    return tuple(np.flatnonzero(before | ((counts == 0) & usual)).tolist())


def _at(cells: Places, frame: pd.DataFrame) -> Ints:
    return cells.positions(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))


def _reports(cells: Places, calls: pd.DataFrame, params: CellParams) -> pd.DataFrame:
    at = _at(cells, calls)
    size = np.nan_to_num(cells.residents)
    for i in np.flatnonzero(at < 0).tolist():
        within = _village(cells, calls["area_code"].iloc[i])
        if len(within):
            at[i] = within[np.argmax(size[within])]
    rows = calls.assign(at=at)
    # more on one door in a day are one campaign
    order = rows.groupby(["at", "day"]).cumcount()
    rows = rows[(rows["at"] < 0) | (order < params.max_reports_per_day)]
    return rows[["at", "age_days", "channel", "area_code"]].reset_index(drop=True)


def _village(cells: Places, code: object) -> Ints:
    """Return the cells of a village or quarter; none for a larger area."""
    if not isinstance(code, str) or len(code) < _VILLAGE_DIGITS:
        return np.empty(0, np.int64)
    return cells.cells_of_area.get(code, np.empty(0, np.int64))


def _looks(
    cells: Places, seen: pd.DataFrame, found: pd.DataFrame, homes: Floats, params: CellParams
) -> pd.DataFrame:
    """Return visits to no registered facility, and finds known by their case alone."""
    visits = seen[seen["facility_id"].isna()]
    rows = pd.DataFrame(
        {
            "at": _at(cells, visits),
            "age_days": visits["age_days"].to_numpy(float),
            "kind": visits["kind"].to_numpy(object),
            "team": visits["district_code"].to_numpy(object),
            "n_found": visits["found"].to_numpy(np.int64),
            "topic": visits["topic"].to_numpy(object),
        }
    )
    cases = pd.DataFrame(
        {
            "at": _at(cells, found),
            "age_days": found["age_days"].to_numpy(float),
            "kind": _CASE,
            "team": found["district_code"].to_numpy(object),
            "n_found": 1,
            "topic": found["topic"].to_numpy(object),
        }
    )
    hits = rows[rows["n_found"] > 0]
    told = [
        bool(((hits["at"] == at) & ((hits["age_days"] - age).abs() <= _SAME_FIND_DAYS)).any())
        for at, age in zip(cases["at"], cases["age_days"], strict=True)
    ]
    parts = [part for part in (rows, cases[~np.array(told, dtype=bool)]) if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else rows
    rows = rows[rows["at"] >= 0].reset_index(drop=True)
    return rows.assign(n_visits=_effort(rows, homes, params))


def _effort(rows: pd.DataFrame, homes: Floats, params: CellParams) -> Floats:
    """Return the part of the homes that a search reaches; other looks go to one door, 1."""
    effort = np.ones(len(rows))
    sweeps = rows["kind"].to_numpy(object) == "sweep"
    effort[sweeps] = sweep_effort(homes[rows["at"].to_numpy(np.int64)[sweeps]], params)
    return effort


def sweep_effort(homes: Floats, params: CellParams) -> Floats:
    """Return the part of a cell's homes that one search reaches, 0.1 to 1."""
    part: Floats = np.clip(params.homes_per_sweep / homes, 0.1, 1.0)
    return part


def homes_of(cells: Places, n_facilities: Floats, params: CellParams) -> Floats:
    """Return the homes of each cell: by its residents, else by its facilities."""
    if cells.has_residents:
        homes = np.nan_to_num(cells.residents) / params.people_per_home
    else:
        homes = n_facilities * params.homes_per_facility
    return np.maximum(homes, params.min_homes)


def fitted_cells(
    cells: Places, evidence: SiteEvidence, n_facilities: Floats, params: CellParams
) -> Ints:
    """
    Return the positions of the cells that the model is fitted on, in order.

    All cells with a report or look, then the others with the most residents (facilities
    where residents are unknown), ``params.max_fitted_cells`` in all.
    """
    n = len(cells.cells)
    told = np.zeros(n, bool)
    for frame in (evidence.reports, evidence.looks):
        at = frame["at"].to_numpy(np.int64)
        told[at[at >= 0]] = True
    if cells.has_residents:
        size = np.nan_to_num(cells.residents)
        usable = (size > 0) | told
    else:
        size, usable = n_facilities, np.ones(n, bool)
    order = np.lexsort((np.arange(n), -size, ~told))
    chosen = order[usable[order]][: max(params.max_fitted_cells, int(told.sum()))]
    return np.sort(chosen).astype(np.int64)


def covariates_of(
    cells: Places, evidence: SiteEvidence, active: pd.DataFrame, n_facilities: Floats
) -> Floats:
    """Return what is known of each cell before any report of it, shape ``(n_cells, 8)``."""
    if not cells.cells:
        return np.zeros((0, 8))
    like = (cells.lon, cells.lat)
    centres = np.column_stack(hotspots.in_metres(*like, like=like)) / 1000.0
    placed = active[active["lon"].notna() & active["lat"].notna()]

    def far(kinds: tuple[str, ...]) -> Floats:
        some = placed[placed["kind"].isin(kinds)]
        if some.empty:
            return np.zeros(len(centres))
        lon, lat = some["lon"].to_numpy(float), some["lat"].to_numpy(float)
        points = np.column_stack(hotspots.in_metres(lon, lat, like=like)) / 1000.0
        return np.asarray(cKDTree(points).query(centres)[0], dtype=float)

    fronts = placed[placed["kind"].isin(FRONT_KINDS)]
    at = _at(cells, fronts)
    residents = np.nan_to_num(cells.residents) if cells.has_residents else n_facilities
    tree = cKDTree(centres)
    around = np.array([residents[near].sum() for near in tree.query_ball_point(centres, 3.0)])
    classes = cells.urban_rural_code
    return np.column_stack(
        [
            np.log1p(residents),
            np.log1p(around),
            np.log1p(far(CARE_KINDS)),
            np.log1p(far(CARE_KINDS[:2])),
            np.log1p(features.tally(at[at >= 0], len(centres))),
            np.isin(classes, ["112", "122"]).astype(float),
            np.isin(classes, ["111", "121"]).astype(float),
            _told_by_area(cells, evidence, residents),
        ]
    )


def care_km(cells: Places, active: pd.DataFrame) -> Floats:
    """Return kilometres from each cell to lawful care, NaN where none is known."""
    some = active[active["kind"].isin(CARE_KINDS) & active["lon"].notna() & active["lat"].notna()]
    if some.empty:
        return np.full(len(cells.cells), np.nan)
    like = (cells.lon, cells.lat)
    lon, lat = some["lon"].to_numpy(float), some["lat"].to_numpy(float)
    points = np.column_stack(hotspots.in_metres(lon, lat, like=like))
    centres = np.column_stack(hotspots.in_metres(*like, like=like))
    return np.asarray(cKDTree(points).query(centres)[0], dtype=float) / 1000.0


def _told_by_area(cells: Places, evidence: SiteEvidence, residents: Floats) -> Floats:
    """Return the log of reports per 10,000 residents that name only the cell's area."""
    rows = evidence.reports[evidence.reports["at"] < 0]
    told = np.zeros(len(cells.cells))
    for code, n in rows["area_code"].value_counts().sort_index().items():
        within = cells.cells_of_area.get(str(code))
        if within is not None:
            told[within] += float(n) / max(float(residents[within].sum()) / 1e4, 0.1)
    return np.log1p(told)


def neighbour_pairs(cells: Places, chosen: Ints) -> Ints:
    """
    Return neighbouring fitted cells by their place among ``chosen``.

    Cells that touch; where fewer than two do, the two nearest as well, so that a village
    between empty hills belongs to its valley.
    """
    names = [cells.cells[i] for i in chosen.tolist()]
    touching = grid.neighbour_matrix(names)
    rows, columns = touching.nonzero()
    pairs = [np.column_stack([rows, columns])]
    lonely = np.flatnonzero(np.asarray(touching.sum(axis=1)).ravel() < 2)
    if len(lonely) and len(chosen) > 2:
        like = (cells.lon[chosen], cells.lat[chosen])
        centres = np.column_stack(hotspots.in_metres(*like, like=like))
        _, near = cKDTree(centres).query(centres[lonely], k=3)
        pairs.append(np.column_stack([np.repeat(lonely, 2), near[:, 1:].ravel()]))
    out = np.unique(np.sort(np.concatenate(pairs).astype(np.int64), axis=1), axis=0)
    return out[out[:, 0] != out[:, 1]]


def model_data(
    cells: Places,
    evidence: SiteEvidence,
    covariates: Floats,
    chosen: Ints,
    *,
    levels: Levels | None = None,
    displaced_steps: int = 6,
) -> HiddenData:
    """Return the arrays of the model for the chosen cells; see ``hidden_data``."""
    place = np.full(len(cells.cells) + 1, -1)
    place[chosen] = np.arange(len(chosen))
    tables = []
    for frame in (evidence.reports, evidence.looks):
        week = week_of(frame["age_days"].to_numpy(float), evidence.n_weeks)
        rows = frame.assign(cell=place[frame["at"].to_numpy(np.int64)], week=week)
        for column in {"channel", "kind", "team"} & set(rows.columns):
            rows[column] = rows[column].astype(object).where(rows[column].notna(), "")
        tables.append(rows[rows["cell"] >= 0])
    reports, looks = tables
    return hidden_data(
        covariates[chosen],
        neighbour_pairs(cells, chosen),
        reports.assign(n=1)[["cell", "week", "n", "channel"]],
        looks[["cell", "week", "n_visits", "n_found", "kind", "team"]],
        n_weeks=evidence.n_weeks,
        missing_weeks=evidence.missing_weeks,
        displaced_steps=displaced_steps,
        levels=levels,
    )
