"""Cells by their registered facilities, where no find at all is about a hidden site."""

from dataclasses import replace

import numpy as np
from scipy.special import gammaincinv

from risk import features
from risk.cells import HIGH, LOW, CellInput, CellScores, ModelInput, facts_of, ordered
from risk.facilities import FacilityScores
from risk.features import Floats
from risk.params import ScoringParams
from risk.places import Places


def score_by_facilities(
    cells: Places, given: CellInput, known: ModelInput, of: FacilityScores, params: ScoringParams
) -> CellScores:
    """
    Return the expected violations at registered facilities, cell by cell.

    The parts are those of the facilities, added up: kind; own history; time since the last
    look; reports; licence, grade and neighbourhood.
    """
    n = len(cells.cells)
    inside = given.facility_at >= 0
    at = given.facility_at[inside]
    floor = params.cells.uninhabited_sites

    def summed(values: Floats) -> Floats:
        return features.tally(at, n, weights=values[inside])

    own = [of.parts[0], of.parts[1], of.parts[2], of.parts[3], of.parts[4:].sum(axis=0)]
    parts = np.array([summed(part) for part in own])
    parts[0] += floor
    mean = parts.sum(axis=0)
    doubt = summed(((of.hi - of.lo) / 3.29) ** 2)
    shape = mean**2 / (doubt + (params.cells.facility_level_sd * mean) ** 2)
    lo, hi = (gammaincinv(shape, q) * mean / shape for q in (LOW, HIGH))
    p_hidden = -np.expm1(summed(np.log1p(-of.p)) - floor)
    points = summed(of.p * of.severity)
    full = {
        "lo": lo, "hi": hi, "p_hidden": p_hidden, "p_lo": -np.expm1(-lo), "p_hi": -np.expm1(-hi),
    }  # fmt: skip
    ordered(full, mean)
    facts = facts_of(cells, given, known, params, rates=np.zeros(n))
    total = float(mean.sum())
    spread = float(np.hypot(np.sqrt(doubt.sum()), params.cells.facility_level_sd * total))
    return CellScores(
        mean=mean, lo=full["lo"], hi=full["hi"],
        p_hidden=full["p_hidden"], p_lo=full["p_lo"], p_hi=full["p_hi"],
        knowledge=_visited_share(given, n),
        severity=(points + floor) / mean, sweep_finds=np.zeros(n), parts=parts,
        facts=replace(facts, days_unsearched=facts.days_unseen),
        total=(total, max(total - 1.645 * spread, 0.0), total + 1.645 * spread),
        n_fitted=0, n_thin=0, n_capped=0,
        n_by_area=int((known.evidence.reports["at"] < 0).sum()),
        uses_all_finds=True, missing=(),
    )  # fmt: skip


def _visited_share(given: CellInput, n: int) -> Floats:
    """Return the share of each cell's facilities that were looked at within a year."""
    year = given.seen[given.seen["age_days"] <= features.DAYS_PER_YEAR]
    looked = given.active["facility_id"].isin(set(year["facility_id"].dropna())).to_numpy(bool)
    inside = given.facility_at >= 0
    counts = features.tally(given.facility_at[inside], n)
    seen = features.tally(given.facility_at[inside & looked], n)
    return np.where(counts > 0, seen / np.maximum(counts, 1.0), 0.0)
