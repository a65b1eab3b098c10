"""
Chance that a visit to a facility finds a violation now.

Three methods read the same history (``facility_rows``): a shrunken rate of its own with
settled amounts for what else is known, a penalised logistic regression and boosted
trees (``facility_models``). A replay of the last year chooses (``facility_choice``), and
what really happened in it calibrates. The bureau's grade moves the result by a settled
amount: the register holds only today's grade, which may follow from the finds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit

from risk import facility_choice, features
from risk.explain import successive_differences
from risk.facility_choice import Choice
from risk.facility_models import TERMS
from risk.facility_rates import LEAST, MOST
from risk.facility_rows import FacilityRecords, Rows, RowsAt, facility_records, rows_at
from risk.features import Floats
from risk.params import ScoringParams

LOW, HIGH = 0.05, 0.95
_STORY = (0, 1, 2, 3, 4, 7, 5, 6)
"""The grade is told beside the licence, though it is reckoned last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityScores:
    """
    The score of every active facility, arrays of shape ``(n_facilities,)``.

    ``parts`` of shape ``(8, n)`` add up to ``p``: kind, own history, time since the last
    look, reports, licence, grade, neighbourhood, other. ``lo`` and ``hi`` are a 90 %
    interval. ``model`` says which method was used and what it was compared with.
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
    ends_soon: NDArray[np.bool_]
    near_ratio: Floats
    kind_rate: Floats
    strength: float
    model: Mapping[str, object]


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
    known = facility_records(
        active, seen=seen, reported=reported, cell_ids=cell_ids,
        licence_age_days=licence_age_days, params=params,
    )  # fmt: skip
    rows = rows_at(known, age_days=0.0, window_days=choice.window_days, params=choice)
    chosen = facility_choice.choose(known, rows, choice)
    grades = [choice.grade_log_odds.get(grade, 0.0) for grade in active["risk_grade"]]
    levels = _levels(chosen, rows.now, np.array(grades, dtype=float))
    p = levels[-1]
    lo, hi = _interval(p, chosen, rows)
    first, topics = _first_and_topic(active, seen)
    return FacilityScores(
        p=p, lo=np.minimum(lo, p), hi=np.maximum(hi, p),
        severity=_severity(active, seen, params),
        parts=successive_differences(levels)[list(_STORY)],
        n_visits=np.round(rows.now.all_visits), n_found=np.round(rows.now.all_finds),
        days_unseen=rows.now.days, years_known=first / features.DAYS_PER_YEAR, last_topic=topics,
        n_reports=rows.now.reports + rows.now.grave_reports, expired=rows.now.expired > 0,
        ends_soon=rows.now.soon > 0, near_ratio=np.exp(rows.now.near), kind_rate=rows.now.rate,
        strength=rows.strength, model=_told(chosen, known),
    )  # fmt: skip


def _levels(chosen: Choice, now: Rows, grade: Floats) -> Sequence[Floats]:
    """Return the probability after each piece of evidence: ``TERMS``, then the grade."""
    everyone = np.full(len(now.at), -1)
    source = chosen.simple if chosen.logistic is None else chosen.logistic
    terms = source.terms(now)
    total, levels = np.zeros(len(now.at)), []
    for name in TERMS:
        total = total + terms[name]
        levels.append(chosen.calibration(source.mean_chance(total)))
    if chosen.boosted is not None:
        levels[-1] = chosen.calibration(chosen.boosted.chance(now, everyone))
    levels.append(np.clip(expit(logit(levels[-1]) + grade), LEAST, MOST))
    return levels


def _interval(p: Floats, chosen: Choice, rows: RowsAt) -> tuple[Floats, Floats]:
    """
    Return a 90 % interval of each facility's own chance.

    A Beta distribution with mean ``p`` whose variance is that of the facility's own rate
    given its history, and that of the model's weights.
    """
    own = p * (1 - p) / (rows.strength + rows.now.visits + 1.0)
    if chosen.logistic is not None:
        own = own + (p * (1 - p)) ** 2 * chosen.logistic.spread(rows.now)
    size = np.maximum(p * (1 - p) / own - 1.0, 1.0)
    lo, hi = (betaincinv(p * size, (1 - p) * size, q) for q in (LOW, HIGH))
    return np.clip(lo, LEAST, MOST), np.clip(hi, LEAST, MOST)


def _told(chosen: Choice, known: FacilityRecords) -> Mapping[str, object]:
    return {
        "method": chosen.method,
        "reason": chosen.reason,
        "n_looks": len(known.look_at),
        "n_finds": int(known.look_found.sum()),
        "n_tested": chosen.n_tested,
        "n_tested_finds": chosen.n_tested_found,
        "trials": [
            {name: _rounded(value) for name, value in asdict(trial).items()}
            for trial in chosen.trials
        ],
    }


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def _first_and_topic(
    active: pd.DataFrame, seen: pd.DataFrame
) -> tuple[Floats, NDArray[np.object_]]:
    """Return the age in days of the first look at each facility, and what the last one found."""
    ordered = seen.sort_values(["age_days", "inspection_id"], kind="stable")
    by_facility = ordered[ordered["facility_id"].notna()]
    first = by_facility.groupby("facility_id")["age_days"].max()
    last = by_facility.drop_duplicates("facility_id").set_index("facility_id")["topic"]
    ids = active["facility_id"]
    topics = ids.map(last).astype(object)
    return ids.map(first).to_numpy(float), topics.where(topics.notna(), None).to_numpy(object)


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
