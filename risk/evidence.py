"""
What the records say about hidden sites, cell by cell: exposure, density, reports, looks.

Every function returns numbers per cell; what they mean for the expected number
of sites is decided in ``risk.cells``.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import grid
from risk import features, hotspots, places
from risk.features import Floats
from risk.hotspots import TunedKernel
from risk.params import CellParams, ScoringParams
from risk.places import Places

_KERNEL_FOOTPRINT = 4.0 * np.pi
"""Effective area of a Gaussian kernel in squared bandwidths: 1 / integral of its square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Finds, reports and looks in one bundle; ``site_*`` those about hidden sites."""

    site_finds: pd.DataFrame
    site_reports: pd.DataFrame
    seen: pd.DataFrame
    uses_all_finds: bool


def about_sites(
    found: pd.DataFrame, reported: pd.DataFrame, seen: pd.DataFrame, params: ScoringParams
) -> Sources:
    """Keep what is about hidden sites; all finds where every one is at a registered facility."""
    about_site = features.is_about_site(found, params)
    uses_all = bool(len(found)) and not about_site.any()
    return Sources(
        site_finds=found if uses_all else found[about_site].reset_index(drop=True),
        site_reports=reported[features.is_about_site(reported, params)].reset_index(drop=True),
        seen=seen,
        uses_all_finds=uses_all,
    )


def exposure_share(
    cells: Places, sources: Sources, n_facilities: Floats, params: CellParams
) -> Floats:
    """
    Return each cell's share of what could hold a hidden site, adding up to 1.

    Residents to a power where known; else facilities and days with a reported event,
    averaged half and half with the neighbouring cells.
    """
    if cells.has_residents:
        size = np.maximum(cells.residents, 0.0) ** params.exposure_power
    else:
        event_days = _cell_days(cells, sources.site_reports) + _cell_days(cells, sources.site_finds)
        size = n_facilities + params.event_exposure * np.sqrt(event_days)
        size = 0.5 * size + grid.neighbour_matrix(cells.cells) @ size / 12.0
    total = float(size.sum())
    n_cells = len(cells.cells)
    even = np.full(n_cells, 1.0 / n_cells)
    if total <= 0:
        return even
    floor = params.exposure_floor_share
    return (1.0 - floor) * size / total + floor * even


def _cell_days(cells: Places, frame: pd.DataFrame) -> Floats:
    """Count the days with at least one record per cell: a burst of a day counts once."""
    at = cells.positions(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    pairs = pd.DataFrame({"at": at, "day": frame["day"].to_numpy()}).drop_duplicates()
    inside = pairs.loc[pairs["at"] >= 0, "at"].to_numpy(np.int64)
    return features.tally(inside, len(cells.cells))


def relative_density(
    cells: Places, sources: Sources, share: Floats, kernel: TunedKernel, params: CellParams
) -> tuple[Floats, Floats]:
    """Return decayed density of finds and reports over that of exposure, and finds near by."""
    like = (cells.lon, cells.lat)
    centres = hotspots.in_metres(*like, like=like)
    density, n_finds, mass = np.zeros(len(share)), np.zeros(len(share)), 0.0
    footprint_km2 = _KERNEL_FOOTPRINT * (kernel.bandwidth_m / 1000.0) ** 2
    for frame, weight in (
        (sources.site_finds, 1.0),
        (sources.site_reports, params.report_find_weight),
    ):
        if weight <= 0 or frame.empty:
            continue
        ages = frame["age_days"].to_numpy(float)
        worth = weight * features.decayed(ages, half_life_days=kernel.half_life_days)
        worth = worth * _burst_share(cells, frame, params) * _outcome_weight(frame, params)
        points = frame[["lon", "lat"]].notna().all(axis=1).to_numpy(bool)
        at = hotspots.in_metres(
            frame["lon"].to_numpy(float)[points], frame["lat"].to_numpy(float)[points], like=like
        )
        density += hotspots.kernel_density(
            at, centres, worth[points], bandwidth_m=kernel.bandwidth_m
        )
        _, by_area = places.spread(frame[~points], cells, worth[~points], share)
        density += by_area / cells.area_km2
        mass += float(worth[points].sum() + by_area.sum())
        if weight == 1.0:
            recent = points & (ages <= params.find_years * features.DAYS_PER_YEAR)
            n_finds = footprint_km2 * hotspots.kernel_density(
                (at[0][recent[points]], at[1][recent[points]]), centres,
                np.ones(int(recent.sum())), bandwidth_m=kernel.bandwidth_m,
            )  # fmt: skip
    exposure = mass * hotspots.kernel_density(
        centres, centres, share, bandwidth_m=kernel.bandwidth_m
    )
    shrink = params.shrink_events
    return (footprint_km2 * density + shrink) / (footprint_km2 * exposure + shrink), n_finds


def _burst_share(cells: Places, frame: pd.DataFrame, params: CellParams) -> Floats:
    """Return the share of each record that counts when a cell has too many on one day."""
    at = cells.positions(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    area = frame["area_code"].to_numpy(object)
    key = pd.DataFrame({"at": at, "area": np.where(at >= 0, None, area), "day": frame["day"]})
    n_same = key.groupby(["at", "area", "day"], dropna=False)["at"].transform("size")
    share: Floats = np.minimum(1.0, params.max_reports_per_day / n_same.to_numpy(float))
    return share


def _outcome_weight(frame: pd.DataFrame, params: CellParams) -> Floats:
    if "outcome" not in frame:
        return np.ones(len(frame))
    weights = [params.outcome_weights.get(outcome, 1.0) for outcome in frame["outcome"]]
    return np.array(weights, dtype=float)


def report_counts(
    cells: Places, sources: Sources, share: Floats, params: CellParams
) -> tuple[Floats, Floats]:
    """Return reports of the recent window, and what the cell's own past leads one to expect."""
    frame = sources.site_reports
    if frame.empty:
        return np.zeros(len(share)), np.zeros(len(share))
    ages = frame["age_days"].to_numpy(float)
    worth = _burst_share(cells, frame, params)
    recent = ages <= params.recent_days
    past = ~recent & (ages <= params.recent_days + params.norm_days)
    judged = worth * _outcome_weight(frame, params)
    now = np.sum(places.spread(frame[recent], cells, judged[recent], share), axis=0)
    before = np.sum(places.spread(frame[past], cells, worth[past], share), axis=0)
    windows = max(0.0, min(params.norm_days, float(ages.max()) - params.recent_days))
    windows /= params.recent_days
    by_exposure = (float(now.sum()) + float(before.sum())) / (1.0 + windows) * share
    # One pseudo-event of the exposure's rate: a cell without a past is compared with its like.
    return now, (before + 1.0) / (windows + 1.0 / np.maximum(by_exposure, 1e-9))


def displaced(
    cells: Places, sources: Sources, share: Floats, params: CellParams
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return sites expected to have moved here, closures near by, and their latest month."""
    n_cells = len(share)
    moved, n_closed = np.zeros(n_cells), np.zeros(n_cells)
    month = np.zeros(n_cells, dtype=np.int64)
    frame = sources.site_finds
    recent = frame[frame["age_days"] <= params.displaced_days].sort_values("age_days")
    if sources.uses_all_finds or recent.empty:
        return moved, n_closed, month
    position = {cell: i for i, cell in enumerate(cells.cells)}
    at = cells.positions(recent["lon"].to_numpy(float), recent["lat"].to_numpy(float))
    months = recent["day"].dt.month.to_numpy(np.int64)
    for origin, closed_month in zip(at.tolist(), months.tolist(), strict=True):
        if origin < 0:
            continue
        around = grid.neighbours(cells.cells[origin], n_rings=params.displaced_rings)
        near = np.array([position[c] for c in around if c in position], dtype=np.int64)
        if len(near) == 0:
            continue
        moved[near] += params.displaced_share * share[near] / share[near].sum()
        n_closed[near] += 1.0
        month[near] = np.where(month[near] == 0, closed_month, month[near])
    return moved, n_closed, month


def looked(
    cells: Places, sources: Sources, homes: Floats, params: ScoringParams
) -> tuple[Floats, Floats]:
    """Return the share of sites that visits left undetected, and the knowledge, both 0 to 1."""
    frame, choice = sources.seen, params.cells
    at = cells.positions(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    kinds = frame["kind"].to_numpy(object)
    ages = frame["age_days"].to_numpy(float)
    other = choice.homes_per_visit.get("other", 15.0)
    reach = np.array([choice.homes_per_visit.get(kind, other) for kind in kinds], dtype=float)
    inside = at >= 0
    at, ages = at[inside], ages[inside]
    covered = np.minimum(1.0, reach[inside] / homes[at])
    faded = np.exp(-choice.turnover_per_year * ages / features.DAYS_PER_YEAR)
    n_cells = len(homes)
    seen = features.tally(at, n_cells, weights=covered * faded)
    cleared = features.tally(at, n_cells, weights=-np.log1p(-choice.detection * covered) * faded)
    return np.exp(-cleared), -np.expm1(-seen)


def last_looks(cells: Places, sources: Sources) -> tuple[Floats, Floats, NDArray[np.object_]]:
    """Return days since the last look, looks in a year, and the topic found at the last one."""
    frame = sources.seen
    n_cells = len(cells.cells)
    at = cells.positions(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    ages = frame["age_days"].to_numpy(float)
    inside = np.flatnonzero(at >= 0)
    days = np.full(n_cells, np.nan)
    topics = np.full(n_cells, None, dtype=object)
    oldest_first = inside[np.argsort(-ages[inside], kind="stable")]
    days[at[oldest_first]] = ages[oldest_first]
    topics[at[oldest_first]] = frame["topic"].to_numpy(object)[oldest_first]
    year = inside[ages[inside] <= features.DAYS_PER_YEAR]
    return days, features.tally(at[year], n_cells), topics
