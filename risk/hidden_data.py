"""
What the hidden-site model is fitted on: reports, looks and closures as arrays.

``hidden_data`` takes tables as they come (several rows per cell and week, in any
order) and gives arrays sorted by cell and week, as the filter reads them.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_SITES = 8
MOST_TICKETS = 16

_CONSTANT = 1e-9
_NOTHING = 1e-6
_SEASON_WEEKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Names of channels, visit kinds and teams; the place of a name is its code."""

    channels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HiddenData:
    """
    Arrays of reports and looks, sorted by cell and week.

    Parameters
    ----------
    covariates
        What is known of each cell, standardised, no missing values, shape ``(n, p)``.
    walk
        One step of a walk to a random neighbour, rows sum to 1, sparse ``(n, n)``; a cell
        without neighbours keeps its place.
    n_weeks
        Weeks observed; they are numbered from 0.
    season
        Relative level of reporting per week, 0 where reports are missing, shape ``(t,)``.
    near
        Sites closed near by in the week before, spread by the walk, shape ``(n, t + 1)``.
    report_start, report_week, report_channel, report_n
        Reports of cell ``c`` are the rows ``report_start[c]`` to ``report_start[c + 1]``.
    look_start, look_week, look_visits, look_found, look_group
        Likewise the looks; a group is a pair of visit kind and team, 0 to ``n_groups - 1``.
    group_kind, group_team
        Kind and team of each group, shape ``(g,)``.
    levels
        Names of channels, visit kinds and teams, in the order of their codes.
    n_capped
        Tickets left out because a cell had too many in one week.
    """

    covariates: Floats
    walk: sparse.csr_array
    n_weeks: int
    season: Floats
    near: Floats
    report_start: Ints
    report_week: Ints
    report_channel: Ints
    report_n: Ints
    look_start: Ints
    look_week: Ints
    look_visits: Floats
    look_found: Ints
    look_group: Ints
    group_kind: Ints
    group_team: Ints
    levels: Levels
    n_capped: int = 0

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.covariates)


def standardised(covariates: Floats) -> Floats:
    """Return columns of mean 0 and sd 1; skewed ones on a log scale; constant ones as 0."""
    out = np.asarray(covariates, float).copy()
    for column in out.T:
        known = np.isfinite(column)
        if not known.any():
            column[:] = 0.0
            continue
        if column[known].min() >= 0 and column[known].mean() > 2 * np.median(column[known]):
            column[known] = np.log1p(column[known])
        column[~known] = column[known].mean()
        sd = column.std()
        column[:] = (column - column.mean()) / sd if sd > _CONSTANT else 0.0
    return out


def neighbour_walk(pairs: NDArray[np.int64], n_cells: int) -> sparse.csr_array:
    """Return the walk matrix of a graph given as pairs of cell positions, shape ``(k, 2)``."""
    pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    both = np.unique(np.r_[pairs, pairs[:, ::-1]], axis=0)
    ones = np.ones(len(both))
    links = sparse.csr_array((ones, (both[:, 0], both[:, 1])), shape=(n_cells, n_cells))
    degree = np.asarray(links.sum(axis=1)).ravel()
    lonely = sparse.diags_array((degree == 0).astype(float))
    return sparse.csr_array(sparse.diags_array(1.0 / np.maximum(degree, 1.0)) @ links + lonely)


def closures_near(
    walk: sparse.csr_array, found: sparse.csr_array | Floats, *, steps: int
) -> Floats:
    """
    Spread sites found in a cell over the cells round about.

    Parameters
    ----------
    walk
        Rows sum to 1.
    found
        Sites found per cell and week, shape ``(n, t)``.
    steps
        Half-lazy steps of the walk; the spread per axis is the root of ``steps / 4`` cells
        on a square grid.
    """
    spread = np.asarray(found.toarray() if isinstance(found, sparse.csr_array) else found, float)
    back = walk.T.tocsr()
    for _ in range(steps):
        spread = 0.5 * spread + 0.5 * (back @ spread)
    return np.asarray(spread)


def found_by_week(data: HiddenData) -> sparse.csr_array:
    """Return the sites found per cell and week, sparse ``(n, t)``."""
    cell = np.repeat(np.arange(data.n_cells), np.diff(data.look_start))
    shape = (data.n_cells, data.n_weeks)
    return sparse.csr_array((data.look_found.astype(float), (cell, data.look_week)), shape=shape)


def with_spread(data: HiddenData, *, steps: int) -> HiddenData:
    """Return the data with closures spread by so many steps of the walk."""
    near = np.zeros((data.n_cells, data.n_weeks + 1))
    near[:, 1:] = closures_near(data.walk, found_by_week(data), steps=steps)
    near[near < _NOTHING] = 0.0
    return replace(data, near=near)


def season_of(heard: Floats, missing: NDArray[np.bool_]) -> Floats:
    """
    Return the relative level of reporting per week, pulled to 1 as far as chance explains it.

    The variance between weeks beyond Poisson is estimated by moments, from the weekly
    totals over their running median of 13 weeks, so that slow growth is no season.
    """
    level = np.where(missing, 0.0, 1.0)
    known = ~missing
    if known.sum() < _SEASON_WEEKS or heard[known].mean() < 1.0:
        return level
    smooth = pd.Series(np.where(known, heard, np.nan)).rolling(13, center=True, min_periods=3)
    mean = np.maximum(smooth.median().ffill().bfill().to_numpy(), 0.5)
    ratio = heard / mean
    chance = 1.0 / mean
    extra = max(float(np.mean((ratio[known] - 1.0) ** 2 - 1.3 * chance[known])), 0.0)
    pull = extra / (extra + chance)
    return np.where(known, np.maximum(1.0 + pull * (ratio - 1.0), 0.05), 0.0)


def hidden_data(
    covariates: Floats,
    pairs: NDArray[np.int64],
    reports: pd.DataFrame,
    looks: pd.DataFrame,
    *,
    n_weeks: int,
    missing_weeks: tuple[int, ...] = (),
    max_reports: int = 6,
    displaced_steps: int = 6,
    season: Floats | None = None,
    levels: Levels | None = None,
) -> HiddenData:
    """
    Make the arrays of the model from tables.

    Parameters
    ----------
    covariates
        Columns of any scale, shape ``(n, p)``; p may be 0, missing values are the mean.
    pairs
        Neighbouring cells by position, one or both directions, shape ``(k, 2)``.
    reports
        ``cell`` (position), ``week``, ``n``, optionally ``channel``.
    looks
        ``cell``, ``week``, ``n_visits``, ``n_found`` (missing: the result is not known, and
        the row says nothing), optionally ``kind`` and ``team``.
    n_weeks
        Weeks observed; rows outside 0 to n_weeks - 1 are left out.
    missing_weeks
        Weeks in which reports were not recorded.
    max_reports
        Tickets counted per cell and week, at most 16; more are one campaign.
    displaced_steps
        See ``closures_near``.
    season
        Level of reporting per week; estimated if None.
    levels
        Names known before, whose codes are kept; new names get codes after them.
    """
    if not 1 <= max_reports <= MOST_TICKETS:
        raise ValueError(f"max_reports must be 1 to {MOST_TICKETS}, got {max_reports}")
    levels = levels or Levels()
    n = len(covariates)
    missing = np.isin(np.arange(n_weeks), missing_weeks)
    heard, channels = _report_rows(reports, n, n_weeks, levels.channels)
    capped, n_capped = _capped(heard, max_reports)
    seen, groups, levels = _look_rows(looks, n, n_weeks, levels)
    weekly = np.bincount(capped["week"], weights=capped["n"], minlength=n_weeks)
    level = season_of(np.asarray(weekly, float), missing) if season is None else season
    steps = np.arange(n + 1)
    data = HiddenData(
        covariates=standardised(np.asarray(covariates, float).reshape(n, -1)),
        walk=neighbour_walk(pairs, n),
        n_weeks=n_weeks,
        season=np.asarray(level, float),
        near=np.zeros((n, n_weeks + 1)),
        report_start=np.searchsorted(capped["cell"], steps),
        report_week=capped["week"].to_numpy(np.int64),
        report_channel=capped["code"].to_numpy(np.int64),
        report_n=capped["n"].to_numpy(np.int64),
        look_start=np.searchsorted(seen["cell"], steps),
        look_week=seen["week"].to_numpy(np.int64),
        look_visits=seen["n_visits"].to_numpy(float),
        look_found=seen["n_found"].to_numpy(np.int64),
        look_group=seen["group"].to_numpy(np.int64),
        group_kind=groups[:, 0],
        group_team=groups[:, 1],
        levels=replace(levels, channels=channels),
        n_capped=n_capped,
    )
    return with_spread(data, steps=displaced_steps)


def _inside(rows: pd.DataFrame, n_cells: int, n_weeks: int) -> pd.DataFrame:
    if len(rows) and not rows["cell"].between(0, n_cells - 1).all():
        raise ValueError("a row names a cell that does not exist")
    return rows[rows["week"].between(0, n_weeks - 1)]


def _coded(rows: pd.DataFrame, column: str, known: tuple[str, ...]) -> tuple[Ints, tuple[str, ...]]:
    """Return the code of each row's name and the names; known ones keep their codes."""
    names = rows[column].astype(str) if column in rows else pd.Series("", index=rows.index)
    new = sorted(set(names) - set(known))
    levels = (*known, *new) or ("",)
    return pd.Index(levels).get_indexer(pd.Index(names)).astype(np.int64), levels


def _report_rows(
    reports: pd.DataFrame, n_cells: int, n_weeks: int, known: tuple[str, ...]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one row per cell, week and channel in order, and the channels by name."""
    rows = _inside(reports, n_cells, n_weeks)
    rows = rows[rows["n"] > 0]
    code, channels = _coded(rows, "channel", known)
    kept = rows[["cell", "week", "n"]].astype("int64").assign(code=code)
    return kept.groupby(["cell", "week", "code"], as_index=False, sort=True)["n"].sum(), channels


def _capped(heard: pd.DataFrame, most: int) -> tuple[pd.DataFrame, int]:
    """Cut the tickets of a cell and week down to ``most``, whatever their channels."""
    if heard.empty:
        return heard, 0
    upto = heard.groupby(["cell", "week"])["n"].cumsum()
    kept = (heard["n"] - (upto - most).clip(lower=0)).clip(lower=0)
    out = heard.assign(n=kept)
    return out[out["n"] > 0], int(heard["n"].sum() - kept.sum())


def _look_rows(
    looks: pd.DataFrame, n_cells: int, n_weeks: int, known: Levels
) -> tuple[pd.DataFrame, Ints, Levels]:
    """Return the looks with a known result in order, kind and team of each group, the names."""
    rows = _inside(looks, n_cells, n_weeks)
    rows = rows[rows["n_found"].notna() & (rows["n_visits"] > 0)]
    kind, kinds = _coded(rows, "kind", known.kinds)
    team, teams = _coded(rows, "team", known.teams)
    kept = rows[["cell", "week", "n_visits", "n_found"]].assign(kind=kind, team=team)
    kept = kept.astype({"cell": "int64", "week": "int64", "n_found": "int64"})
    keys = ["cell", "week", "kind", "team"]
    kept = kept.groupby(keys, as_index=False, sort=True)[["n_visits", "n_found"]].sum()
    upto = kept.groupby(["cell", "week"])["n_found"].cumsum()
    kept["n_found"] = (kept["n_found"] - (upto - MAX_SITES).clip(lower=0)).clip(lower=0)
    groups, group = np.unique(
        kept[["kind", "team"]].to_numpy(np.int64), axis=0, return_inverse=True
    )
    kept["group"] = group.ravel()
    levels = Levels(kinds=kinds, teams=teams)
    return kept, groups if len(groups) else np.zeros((1, 2), np.int64), levels
