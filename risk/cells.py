"""
The first cell model: expected hidden sites per cell, a Gamma-Poisson.

The mean of a cell is built up in five steps, each a factor or a sum that its
evidence justifies (docs/methods/risk-score.md has the formulas):

1. background: the cell's share of the exposure of all cells,
2. finds and reports near by: decayed density relative to the exposure, shrunk,
3. reports beyond what this cell normally reports,
4. sites closed near by lately, part of which open again close to their old place,
5. looks: a visit takes sites out of doubt, and with time they come back.

The dynamic N-mixture model replaces this module behind the same columns.
"""

from dataclasses import dataclass

import h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaincinv

from risk import evidence, features, hotspots, places
from risk.explain import successive_differences
from risk.features import Floats
from risk.hotspots import TunedKernel
from risk.params import CellParams, ScoringParams
from risk.places import Places

LOW, HIGH = 0.05, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEvidence:
    """
    What was known about each cell, arrays of shape ``(n_cells,)``.

    ``n_finds`` finds within the bandwidth, ``n_recent`` and ``norm`` reports in
    the recent window and what is normal there, ``n_closed_near`` sites closed
    near by lately, ``closed_month`` their latest month (0 if none), ``homes``
    homes in the cell, ``days_unseen`` days since anybody looked (NaN: never).
    """

    n_finds: Floats
    n_recent: Floats
    norm: Floats
    n_closed_near: Floats
    closed_month: NDArray[np.int64]
    homes: Floats
    days_unseen: Floats
    n_visits_year: Floats
    last_found: NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellScores:
    """
    The posterior of every cell, arrays of shape ``(n_cells,)``.

    ``parts`` of shape ``(5, n_cells)`` add up to ``mean`` (background, near by,
    reports, closures, looks). ``lo`` and ``hi`` are the 5 and 95 % quantiles of the expected
    number of sites. ``knowledge`` is how much of the cell was looked at lately, 0 to 1.
    """

    mean: Floats
    lo: Floats
    hi: Floats
    p_hidden: Floats
    p_lo: Floats
    p_hi: Floats
    knowledge: Floats
    severity: Floats
    parts: Floats
    evidence: CellEvidence
    kernel: TunedKernel
    expected_total: float
    uses_all_finds: bool


def score_cells(
    cells: Places,
    *,
    found: pd.DataFrame,
    reported: pd.DataFrame,
    seen: pd.DataFrame,
    n_facilities: Floats,
    params: ScoringParams,
) -> CellScores:
    """
    Estimate hidden sites per cell from what was known.

    Parameters
    ----------
    cells
        At least one cell.
    found, reported, seen
        Results of ``features.finds``, ``reports`` and ``looks``; may be empty.
    n_facilities
        Active facilities per cell.

    Returns
    -------
    CellScores
        Wide around the prior where little is known, never 0 or 1.
    """
    sources = evidence.about_sites(found, reported, seen, params)
    share = evidence.exposure_share(cells, sources, n_facilities, params.cells)
    kernel = _tuned(cells, sources, share, params)
    total = _expected_total(cells, sources, n_facilities, params.cells)
    background = total * share
    near, n_finds = evidence.relative_density(cells, sources, share, kernel, params.cells)
    with_near = background * near
    with_near *= total / with_near.sum()
    counts = evidence.report_counts(cells, sources, share, params.cells)
    factor, weight = _report_factor(counts, params.cells)
    with_reports = with_near * factor
    closed, n_closed, month = evidence.displaced(cells, sources, share, params.cells)
    with_closed = with_reports + closed
    homes = _homes(cells, n_facilities, params.cells)
    left, knowledge = evidence.looked(cells, sources, homes, params)
    average_left = float((with_closed * left).sum() / with_closed.sum())
    mean = with_closed * left / average_left
    shape = params.cells.prior_shape + weight * counts.recent_worth
    lo, hi, p_hidden = _posterior(mean, shape, params.cells)
    days, visits, last_found = evidence.last_looks(cells, sources)
    return CellScores(
        mean=mean, lo=lo, hi=hi, p_hidden=p_hidden,
        p_lo=-np.expm1(-lo), p_hi=-np.expm1(-hi),
        knowledge=knowledge,
        severity=_severity(cells, sources, share, params),
        parts=successive_differences([background, with_near, with_reports, with_closed, mean]),
        evidence=CellEvidence(
            n_finds=n_finds, n_recent=counts.n_recent, norm=counts.normal, n_closed_near=n_closed,
            closed_month=month, homes=homes, days_unseen=days, n_visits_year=visits,
            last_found=last_found,
        ),
        kernel=kernel, expected_total=total, uses_all_finds=sources.uses_all_finds,
    )  # fmt: skip


def _tuned(
    cells: Places, sources: evidence.Sources, share: Floats, params: ScoringParams
) -> TunedKernel:
    """Tune on the finds, or on the reports where finds are too few."""
    edge_m = float(h3.average_hexagon_edge_length(cells.resolution, unit="m"))
    like = (cells.lon, cells.lat)
    centres = hotspots.in_metres(*like, like=like)
    by_finds, by_reports = (
        hotspots.tune_kernel(
            hotspots.in_metres(lon, lat, like=like),
            frame["age_days"].to_numpy(float),
            cells.positions(lon, lat), centres, share, params.hotspots,
            shrink_events=params.cells.shrink_events, least_bandwidth_m=0.75 * edge_m,
        )
        for frame, lon, lat in (
            (frame, frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
            for frame in (sources.site_finds, sources.site_reports)
        )
    )  # fmt: skip
    return by_finds if by_finds.is_tuned else by_reports


def _expected_total(
    cells: Places, sources: evidence.Sources, n_facilities: Floats, params: CellParams
) -> float:
    """Return hidden sites in all cells: finds a year, shrunk, over the share found in a year."""
    years = min(params.find_years, places.known_years([sources.seen, sources.site_finds]))
    n_found = float((sources.site_finds["age_days"] <= years * features.DAYS_PER_YEAR).sum())
    if cells.has_residents:
        default = params.default_finds_per_100k_residents * float(np.nansum(cells.residents)) / 1e5
    else:
        default = params.default_finds_per_1000_facilities * float(n_facilities.sum()) / 1e3
    default = max(default, 0.5)
    per_year = (n_found + default * params.prior_years) / (years + params.prior_years)
    return per_year / (1.0 if sources.uses_all_finds else params.found_share_per_year)


def _report_factor(counts: evidence.ReportCounts, params: CellParams) -> tuple[Floats, Floats]:
    """Return the Gamma-Poisson factor of the reports, and the weight of one report."""
    now, norm = counts.recent_worth, counts.normal_worth
    weight = params.report_weight / (
        1.0 + params.report_overdispersion * np.maximum(norm, np.sqrt(now))
    )
    factor = (params.prior_shape + weight * now) / (params.prior_shape + weight * norm)
    return np.clip(factor, 1.0 / params.max_report_factor, params.max_report_factor), weight


def _homes(cells: Places, n_facilities: Floats, params: CellParams) -> Floats:
    if cells.has_residents:
        homes = np.nan_to_num(cells.residents) / params.people_per_home
    else:
        homes = n_facilities * params.homes_per_facility
    return np.maximum(homes, params.min_homes)


def _posterior(mean: Floats, shape: Floats, params: CellParams) -> tuple[Floats, Floats, Floats]:
    """Return 5 and 95 % quantiles of the Gamma rate, and P(at least one) of its Poisson mix."""
    wide = 1.0 / (1.0 / shape + np.expm1(params.total_log_sd**2))
    rate = wide / mean
    lo, hi = gammaincinv(wide, LOW) / rate, gammaincinv(wide, HIGH) / rate
    return lo, hi, -np.expm1(-wide * np.log1p(1.0 / rate))


def _severity(
    cells: Places, sources: evidence.Sources, share: Floats, params: ScoringParams
) -> Floats:
    """Return mean points of a site per cell: its own finds beside the mean of all."""
    frame = sources.site_finds
    weight = params.cells.severity_prior_finds
    points = np.array([params.severity_of(topic) for topic in frame["topic"]], dtype=float)
    default = params.severity_of(params.cells.site_topics[0] if params.cells.site_topics else "")
    overall = (points.sum() + weight * default) / (len(points) + weight)
    if frame.empty:
        return np.full(len(share), overall)
    counts, _ = places.spread(frame, cells, np.ones(len(frame)), share)
    sums, _ = places.spread(frame, cells, points, share)
    severity: Floats = (sums + weight * overall) / (counts + weight)
    return severity
