"""
Simple ways to say where to look next: what any better method has to beat.

Each gives one number per cell or facility from what was known before the day, higher
meaning look here first. None of them needs a model; the density alone is tuned.
"""

import numpy as np
import pandas as pd

from risk import features, hotspots
from risk.features import Floats
from risk.params import ScoringParams
from risk.places import Places
from risk.scored import Prepared

MODEL = "model"
AGE = "last_visit_age"
COUNT = "complaint_count"
DENSITY = "complaint_density"
OWN_RATE = "own_rate"
RANDOM = "random"

OF_CELLS = (AGE, COUNT, DENSITY, RANDOM)
OF_FACILITIES = (OWN_RATE, AGE, COUNT, RANDOM)
NEVER_DAYS = 1e5
"""Days since the last visit of a place where nobody has ever been."""
COUNT_DAYS = features.DAYS_PER_YEAR
_SHRINK_EVENTS = 3.0


def of_cells(known: Prepared, params: ScoringParams) -> dict[str, Floats]:
    """
    Return the simple scores of every cell, each of shape ``(n_cells,)``.

    Days since anybody looked; reports of hidden sites within a year; their tuned decayed
    density; and nothing at all, by which all cells are equal.
    """
    places, evidence = known.places, known.model.evidence
    n = len(places.cells)
    reports = evidence.reports[evidence.reports["at"] >= 0]
    at, ages = reports["at"].to_numpy(np.int64), reports["age_days"].to_numpy(float)
    return {
        AGE: _cell_ages(known),
        COUNT: features.tally(at[ages <= COUNT_DAYS], n),
        DENSITY: report_density(places, at, ages, params),
        RANDOM: np.zeros(n),
    }


def _cell_ages(known: Prepared) -> Floats:
    places, looks = known.places, known.model.evidence.looks
    days = np.full(len(places.cells), NEVER_DAYS)
    seen_at = places.positions(known.seen["lon"].to_numpy(float), known.seen["lat"].to_numpy(float))
    for at, ages in (
        (seen_at, known.seen["age_days"].to_numpy(float)),
        (looks["at"].to_numpy(np.int64), looks["age_days"].to_numpy(float)),
    ):
        np.minimum.at(days, at[at >= 0], ages[at >= 0])
    return days


def report_density(places: Places, at: np.ndarray, ages: Floats, params: ScoringParams) -> Floats:
    """
    Return the decayed density of reports per cell and km2, tuned on the weeks before.

    Parameters
    ----------
    at
        Position of each report's cell, shape ``(n_reports,)``.
    ages
        Its age, days.
    """
    if len(at) == 0:
        return np.zeros(len(places.cells))
    like = (places.lon, places.lat)
    centres = hotspots.in_metres(*like, like=like)
    points = centres[0][at], centres[1][at]
    tuned = hotspots.tune_kernel(
        points, ages, at, centres, exposure_share(places), params.hotspots,
        shrink_events=_SHRINK_EVENTS, least_bandwidth_m=least_bandwidth_m(places),
    )  # fmt: skip
    worth = features.decayed(ages, half_life_days=tuned.half_life_days)
    return hotspots.kernel_density(points, centres, worth, bandwidth_m=tuned.bandwidth_m)


def least_bandwidth_m(places: Places) -> float:
    """Return three quarters of a cell's edge: cells can't show what is smaller."""
    edge_m = 1000.0 * np.sqrt(2.0 * float(np.mean(places.area_km2)) / (3.0 * np.sqrt(3.0)))
    return 0.75 * float(edge_m)


def exposure_share(places: Places) -> Floats:
    """Return the share of each cell in the residents; equal where they are unknown."""
    size = np.nan_to_num(places.residents) if places.has_residents else np.ones(len(places.cells))
    share: Floats = size / size.sum()
    return share


def of_facilities(known: Prepared, table: pd.DataFrame) -> dict[str, Floats]:
    """
    Return the simple scores of every facility of a scored table.

    Its own share of visits with a violation, pulled to that of all; days since the last
    visit; reports that name it within a year; and nothing at all.
    """
    visits, found = table["n_visits"].to_numpy(float), table["n_found"].to_numpy(float)
    overall = (found.sum() + 0.1) / (visits.sum() + 1.0)
    seen = known.seen.groupby("facility_id")["age_days"].min()
    recent = known.reported[known.reported["age_days"] <= COUNT_DAYS]
    named = recent.groupby("facility_id").size()
    ids = table["facility_id"]
    return {
        OWN_RATE: (found + overall) / (visits + 1.0),
        AGE: ids.map(seen).fillna(NEVER_DAYS).to_numpy(float),
        COUNT: ids.map(named).fillna(0.0).to_numpy(float),
        RANDOM: np.zeros(len(table)),
    }
