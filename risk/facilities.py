"""
Chance that a visit to a facility finds a violation now: a shrunken rate of its own.

Beta-binomial within the kind of facility: the history of a facility, older
visits counting less, is pulled to the rate of its kind by a strength that the
data choose. What else is known (reports that name it, an expired licence, the
bureau's grade, the places round about) shifts the odds by fixed, documented amounts.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, betaln, expit, logit

from geo import grid
from risk import features
from risk.explain import successive_differences
from risk.features import Floats
from risk.params import FacilityParams, ScoringParams

LOW, HIGH = 0.05, 0.95
_LEAST, _MOST = 1e-4, 1.0 - 1e-4
"""No facility is certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityScores:
    """
    The score of every active facility, arrays of shape ``(n_facilities,)``.

    ``parts`` of shape ``(7, n)`` add up to ``p``: kind, own history, time since the last
    look, reports, licence, grade, neighbourhood. ``lo`` and ``hi`` are a 90 % interval.
    """

    p: Floats
    lo: Floats
    hi: Floats
    severity: Floats
    parts: Floats
    n_visits: Floats
    n_found: Floats
    days_unseen: Floats
    years_known: Floats
    last_topic: NDArray[np.object_]
    n_reports: Floats
    expired: NDArray[np.bool_]
    near_ratio: Floats
    kind_rate: Floats
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """Visits and finds per facility, plain and with older ones counting less."""

    n_visits: Floats
    n_found: Floats
    visits: Floats
    found: Floats
    days_unseen: Floats
    first_days: Floats
    last_topic: NDArray[np.object_]


def score_facilities(
    active: pd.DataFrame,
    *,
    seen: pd.DataFrame,
    reported: pd.DataFrame,
    cell_ids: NDArray[np.object_],
    licence_age_days: Floats,
    params: ScoringParams,
) -> FacilityScores:
    """
    Estimate each facility's chance of a violation.

    Parameters
    ----------
    active
        Facilities open on the day, with ``facility_id``, ``kind``, ``risk_grade``.
    seen, reported
        Results of ``features.looks`` and ``features.reports``.
    cell_ids
        Cell of each facility, None where it has no point.
    licence_age_days
        Days since the licence ran out, negative before, NaN if unknown.

    Returns
    -------
    FacilityScores
        Facilities without a visit get the rate of their kind, with a wide interval.
    """
    choice = params.facilities
    history = _history(active, seen, choice)
    kinds = active["kind"].to_numpy(object)
    rate = kind_rates(kinds, history.visits, history.found, params=choice)
    strength = likeliest_strength(rate, history.visits, history.found, params=choice)
    fresh = (strength * rate + history.n_found) / (strength + history.n_visits)
    a = strength * rate + history.found
    b = strength * (1.0 - rate) + history.visits - history.found
    aged = a / (a + b)
    n_reports = _report_count(active, reported, choice)
    near = _near_ratio(cell_ids, history, rate, choice)
    grades = [choice.grade_log_odds.get(grade, 0.0) for grade in active["risk_grade"]]
    expired = np.nan_to_num(licence_age_days, nan=-1.0) > 0
    shifts = [
        choice.report_log_odds * np.log2(1.0 + n_reports),
        choice.expired_log_odds * expired,
        np.array(grades, dtype=float),
        choice.near_power * np.log(near),
    ]
    levels = [rate, fresh, aged]
    total_shift = np.zeros(len(rate))
    for shift in shifts:
        total_shift = total_shift + shift
        levels.append(np.clip(expit(logit(aged) + total_shift), _LEAST, _MOST))
    lo, hi = (_shifted(betaincinv(a, b, q), total_shift) for q in (LOW, HIGH))
    return FacilityScores(
        p=levels[-1], lo=np.minimum(lo, levels[-1]), hi=np.maximum(hi, levels[-1]),
        severity=_severity(active, seen, params),
        parts=successive_differences(levels),
        n_visits=history.n_visits, n_found=history.n_found, days_unseen=history.days_unseen,
        years_known=history.first_days / features.DAYS_PER_YEAR, last_topic=history.last_topic,
        n_reports=n_reports, expired=expired, near_ratio=near, kind_rate=rate, strength=strength,
    )  # fmt: skip


def _shifted(p: Floats, shift: Floats) -> Floats:
    moved: Floats = np.clip(expit(logit(np.clip(p, 1e-9, 1 - 1e-9)) + shift), _LEAST, _MOST)
    return moved


def kind_rates(
    kinds: NDArray[np.object_], visits: Floats, found: Floats, *, params: FacilityParams
) -> Floats:
    """
    Return the violation rate of each facility's kind, pulled to the rate of all.

    Parameters
    ----------
    kinds
        Kind of each facility, shape ``(n,)``.
    visits, found
        Weighted visits and violations of each facility.

    Returns
    -------
    rate
        0 to 1, never at the ends; the default rate where nothing is known.
    """
    overall = (found.sum() + params.default_rate * params.kind_visits) / (
        visits.sum() + params.kind_visits
    )
    table = pd.DataFrame({"kind": kinds, "visits": visits, "found": found})
    sums = table.groupby("kind", dropna=False)[["visits", "found"]].transform("sum")
    rate = (sums["found"] + params.kind_visits * overall) / (sums["visits"] + params.kind_visits)
    rates: Floats = np.clip(rate.to_numpy(float), _LEAST, _MOST)
    return rates


def likeliest_strength(
    rate: Floats, visits: Floats, found: Floats, *, params: FacilityParams
) -> float:
    """
    Return the pull to the kind's rate, in visits, that makes the histories likeliest.

    The beta-binomial marginal likelihood over ``params.strengths``; the default where
    there are fewer than ``params.min_visits`` visits.
    """
    if visits.sum() < params.min_visits:
        return params.default_strength
    known = visits > 0
    p, n, k = rate[known], visits[known], found[known]
    likelihood = {
        s: float((betaln(s * p + k, s * (1 - p) + n - k) - betaln(s * p, s * (1 - p))).sum())
        for s in params.strengths
    }
    return max(likelihood, key=lambda s: likelihood[s])


def _history(active: pd.DataFrame, seen: pd.DataFrame, params: FacilityParams) -> _History:
    position = {facility: i for i, facility in enumerate(active["facility_id"])}
    at = np.array([position.get(facility, -1) for facility in seen["facility_id"]], dtype=np.int64)
    inside = at >= 0
    at, n = at[inside], len(active)
    ages = seen["age_days"].to_numpy(float)[inside]
    found = seen["found"].to_numpy(bool)[inside].astype(float)
    worth = features.decayed(ages, half_life_days=params.half_life_days)
    order = np.argsort(-ages, kind="stable")
    days, first = np.full(n, np.nan), np.full(n, np.nan)
    days[at[order]] = ages[order]
    first[at[order[::-1]]] = ages[order[::-1]]
    topics = np.full(n, None, dtype=object)
    topics[at[order]] = seen["topic"].to_numpy(object)[inside][order]
    return _History(
        n_visits=features.tally(at, n),
        n_found=features.tally(at, n, weights=found),
        visits=features.tally(at, n, weights=worth),
        found=features.tally(at, n, weights=worth * found),
        days_unseen=days,
        first_days=first,
        last_topic=topics,
    )


def _report_count(active: pd.DataFrame, reported: pd.DataFrame, params: FacilityParams) -> Floats:
    """Return decayed reports naming each facility, one a day."""
    named = reported[reported["facility_id"].notna()].drop_duplicates(["facility_id", "day"])
    worth = features.decayed(
        named["age_days"].to_numpy(float), half_life_days=params.report_half_life_days
    )
    sums = pd.Series(worth).groupby(named["facility_id"].to_numpy(object)).sum()
    n_reports: Floats = active["facility_id"].map(sums).fillna(0.0).to_numpy(float)
    return n_reports


def _near_ratio(
    cell_ids: NDArray[np.object_], history: _History, rate: Floats, params: FacilityParams
) -> Floats:
    """Return found over expected violations of the other facilities in and around the cell."""
    expected = history.visits * rate
    ratio = np.ones(len(rate))
    placed = np.flatnonzero(~pd.isna(cell_ids))
    if len(placed) == 0:
        return ratio
    cells, at = np.unique(cell_ids[placed].astype(str), return_inverse=True)
    near = grid.neighbour_matrix(list(cells))
    sums = [features.tally(at, len(cells), weights=x[placed]) for x in (history.found, expected)]
    found, usual = ((total + near @ total)[at] for total in sums)
    pull = params.near_finds
    others_found = np.maximum(found - history.found[placed], 0.0)
    others_usual = np.maximum(usual - expected[placed], 0.0)
    ratio[placed] = (others_found + pull) / (others_usual + pull)
    return ratio


def _severity(active: pd.DataFrame, seen: pd.DataFrame, params: ScoringParams) -> Floats:
    """Return mean points of a violation: typical mix of the kind, its finds, then its own."""
    kinds = active["kind"].to_numpy(object)
    weight = params.facilities.topic_finds
    found = seen[seen["found"] & seen["facility_id"].notna()]
    points = pd.Series([params.severity_of(topic) for topic in found["topic"]], dtype=float)
    kind_of = dict(zip(active["facility_id"], kinds, strict=True))
    by_kind = points.groupby([kind_of.get(f) for f in found["facility_id"]]).agg(["sum", "size"])
    own = points.groupby(found["facility_id"].to_numpy(object)).agg(["sum", "size"])
    typical = {kind: _typical(str(kind), params) for kind in set(kinds)}
    mean_of_kind = {
        kind: (typical[kind] * weight + float(by_kind["sum"].get(kind, 0.0)))
        / (weight + float(by_kind["size"].get(kind, 0)))
        for kind in typical
    }
    base = np.array([mean_of_kind[kind] for kind in kinds], dtype=float)
    sums = active["facility_id"].map(own["sum"]).fillna(0.0).to_numpy(float)
    counts = active["facility_id"].map(own["size"]).fillna(0.0).to_numpy(float)
    severity: Floats = (base * weight + sums) / (weight + counts)
    return severity


def _typical(kind: str, params: ScoringParams) -> float:
    mix = params.kind_topics.get(kind) or params.kind_topics.get("other") or {"other": 1.0}
    total = sum(mix.values())
    return sum(weight * params.severity_of(topic) for topic, weight in mix.items()) / total
