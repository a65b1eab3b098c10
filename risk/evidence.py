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
    smoothed a little over the neighbouring cells.
    """
    if cells.has_residents:
        size = np.maximum(cells.residents, 0.0) ** params.exposure_power
    else:
        event_days = _cell_days(cells, sources.site_reports) + _cell_days(cells, sources.site_finds)
        size = n_facilities + params.event_exposure * np.sqrt(event_days)
        near = grid.neighbour_matrix(cells.cells) @ size / 6.0
        size = (1.0 - params.exposure_smoothing) * size + params.exposure_smoothing * near
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
    """Return decayed finds and reports over what exposure explains, and finds near by."""
    like = (cells.lon, cells.lat)
    centres = hotspots.in_metres(*like, like=like)
    ratios, masses = [], []
    for frame in (sources.site_finds, sources.site_reports):
        ages = frame["age_days"].to_numpy(float)
        worth = features.decayed(ages, half_life_days=kernel.half_life_days)
        if frame is sources.site_reports:
            worth = worth * report_worth(cells, frame, params) * outcome_weight(frame, params)
        east, north, mass = _as_points(cells, frame, worth, share, like=like)
        masses.append(float(mass.sum()))
        ratios.append(
            hotspots.relative_density(
                (east, north), centres, mass, share,
                bandwidth_m=kernel.bandwidth_m, shrink_events=params.shrink_events,
            )
        )  # fmt: skip
    total = sum(masses)
    if total <= 0:
        return np.ones(len(share)), np.zeros(len(share))
    part = 1.0 if masses[0] <= 0 else min(params.report_share, masses[1] / total)
    return (
        ratios[0] ** (1.0 - part) * ratios[1] ** part,
        _finds_near(centres, sources, kernel, params, like=like),
    )


def _as_points(
    cells: Places, frame: pd.DataFrame, worth: Floats, share: Floats, *, like: tuple[Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Return metres and weights of records; those known by area only stand at its cells."""
    points = frame["lon"].notna().to_numpy(bool)
    _, by_area = places.spread(frame[~points], cells, worth[~points], share)
    within = by_area > 0
    lon = np.concatenate([frame["lon"].to_numpy(float)[points], cells.lon[within]])
    lat = np.concatenate([frame["lat"].to_numpy(float)[points], cells.lat[within]])
    east, north = hotspots.in_metres(lon, lat, like=like)
    return east, north, np.concatenate([worth[points], by_area[within]])


def _finds_near(
    centres: tuple[Floats, Floats],
    sources: Sources,
    kernel: TunedKernel,
    params: CellParams,
    *,
    like: tuple[Floats, Floats],
) -> Floats:
    """Return the finds of the last years within the kernel's footprint round each cell."""
    frame = sources.site_finds
    last_years = frame["age_days"] <= params.find_years * features.DAYS_PER_YEAR
    frame = frame[frame["lon"].notna() & last_years]
    at = hotspots.in_metres(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float), like=like)
    density = hotspots.kernel_density(
        at, centres, np.ones(len(frame)), bandwidth_m=kernel.bandwidth_m
    )
    return hotspots.FOOTPRINT * (kernel.bandwidth_m / 1000.0) ** 2 * density


def report_worth(cells: Places, frame: pd.DataFrame, params: CellParams) -> Floats:
    """Return the weight of each report: by topic, and less where a cell has many on one day."""
    at = cells.positions(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    area = frame["area_code"].to_numpy(object)
    key = pd.DataFrame({"at": at, "area": np.where(at >= 0, None, area), "day": frame["day"]})
    n_same = key.groupby(["at", "area", "day"], dropna=False)["at"].transform("size")
    by_topic = np.where(frame["topic"].isin(params.site_topics), 1.0, params.place_report_weight)
    worth: Floats = by_topic * np.minimum(1.0, params.max_reports_per_day / n_same.to_numpy(float))
    return worth


def outcome_weight(frame: pd.DataFrame, params: CellParams) -> Floats:
    """Return the weight of each record by what came of it, 1 where nothing is known."""
    if "outcome" not in frame:
        return np.ones(len(frame))
    weights = [params.outcome_weights.get(outcome, 1.0) for outcome in frame["outcome"]]
    return np.array(weights, dtype=float)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCounts:
    """
    Reports per cell, arrays of shape ``(n_cells,)``.

    ``n_recent`` is the plain count of the recent window and ``normal`` what is usual
    there in so many days; ``recent_worth`` and ``normal_worth`` the same with each
    report weighted by topic, outcome and burst.
    """

    n_recent: Floats
    normal: Floats
    recent_worth: Floats
    normal_worth: Floats


def report_counts(
    cells: Places, sources: Sources, share: Floats, params: CellParams
) -> ReportCounts:
    """Count the reports of the recent window, and what the cell's own past leads one to expect."""
    frame = sources.site_reports
    if frame.empty:
        none = np.zeros(len(share))
        return ReportCounts(n_recent=none, normal=none, recent_worth=none, normal_worth=none)
    ages = frame["age_days"].to_numpy(float)
    worth = report_worth(cells, frame, params)
    recent = ages <= params.recent_days
    past = ~recent & (ages <= params.recent_days + params.norm_days)
    judged = worth * outcome_weight(frame, params)
    now = np.sum(places.spread(frame[recent], cells, judged[recent], share), axis=0)
    plain = np.sum(places.spread(frame[recent], cells, np.ones(int(recent.sum())), share), axis=0)
    before = np.sum(places.spread(frame[past], cells, worth[past], share), axis=0)
    windows = max(0.0, min(params.norm_days, float(ages.max()) - params.recent_days))
    windows /= params.recent_days
    by_exposure = (float(now.sum()) + float(before.sum())) / (1.0 + windows) * share
    # A cell without a past is compared with its like; one with a past mostly with itself.
    prior = params.norm_prior_reports
    norm = (before + prior) / (windows + prior / np.maximum(by_exposure, 1e-9))
    # A season or a campaign lifts reports everywhere: only what is beyond that counts here.
    shape = norm / max(float(norm.sum()), 1e-9)
    return ReportCounts(
        n_recent=plain,
        normal=shape * float(plain.sum()),
        recent_worth=now,
        normal_worth=shape * float(now.sum()),
    )


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
