"""
The candidates for the chance of a find at a facility: shrunken rate, logistic, boosted.

All three read the same rows (``facility_rows``). Who inspects and on what ground is
fitted, and taken out again: a prediction is the mean over the officers of the past, for
a routine visit.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit, logit

from risk import facility_logistic
from risk.facility_logistic import LogisticFit
from risk.facility_rates import LEAST, MOST
from risk.facility_rows import FacilityRecords, Ints, Rows, RowsAt
from risk.features import Floats
from risk.params import FacilityParams

ROUTINE = "routine"
TERMS = ("kind", "history", "time", "reports", "licence", "near", "other")
"""What the log odds of a facility are made of, in the order of the story."""

_NODES = (np.arange(9) + 0.5) / 9
_OFFICERS, _VISIT = "officers", "visit"


class Model(Protocol):
    """What every candidate can do."""

    @property
    def method(self) -> str:
        """Name of the method."""

    def chance(self, rows: Rows, visit: Ints) -> Floats:
        """Return P(found) of rows on a ground (−1: that of a routine visit)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkenRate:
    """The rate of the kind and the facility's own history, moved by settled amounts."""

    ground: Floats
    routine: int
    strength: float
    params: FacilityParams
    method: str = "shrunken_rate"

    def terms(self, rows: Rows) -> Mapping[str, Floats]:
        """Return what each kind of evidence adds to the log odds."""
        choice, pull = self.params, self.strength
        aged = logit((pull * rows.rate + rows.finds) / (pull + rows.visits))
        fresh = logit((pull * rows.rate + rows.all_finds) / (pull + rows.all_visits))
        kind = logit(rows.rate)
        reports = np.log2(1.0 + rows.reports + rows.grave_reports)
        return {
            "kind": kind,
            "history": fresh - kind,
            "time": aged - fresh,
            "reports": choice.report_log_odds * reports,
            "licence": choice.expired_log_odds * rows.expired,
            "near": choice.near_power * rows.near,
            "other": np.zeros(len(kind)),
        }

    def mean_chance(self, log_odds: Floats) -> Floats:
        """Return P(found): nothing is known of officers."""
        return np.clip(expit(log_odds), LEAST, MOST)

    def chance(self, rows: Rows, visit: Ints) -> Floats:
        """Return P(found); the ground moves the odds as it did on the whole."""
        known = np.append(self.ground, 0.0)
        moved = known[visit] - known[self.routine] if len(self.ground) else 0.0
        return expit(sum(self.terms(rows).values()) + np.where(visit >= 0, moved, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedLogistic:
    """The penalised logistic regression, and the officers of the past as nine levels."""

    fit: LogisticFit
    kinds: Mapping[str, int]
    kind_of: Ints
    routine: int
    levels: Floats
    method: str = "logistic"

    def terms(self, rows: Rows) -> Mapping[str, Floats]:
        """Return what each kind of evidence adds to the log odds of a routine visit."""
        own = facility_logistic.log_odds(self.fit, _numbers(rows))
        kinds = np.append(self.fit.weights["kind"], 0.0)[self.kind_of[rows.at]]
        ground = np.append(self.fit.weights[_VISIT], 0.0)[self.routine]
        per_log = self.fit.weights["history"][0]
        return {
            "kind": logit(rows.rate) + own[facility_logistic.INTERCEPT] + kinds + ground,
            "history": per_log * rows.fresh,
            "time": per_log * (rows.own - rows.fresh) + own["last"],
            "reports": own["reports"],
            "licence": own["licence"],
            "near": own["near"],
            "other": own["age"] + own["season"],
        }

    def mean_chance(self, log_odds: Floats) -> Floats:
        """Return P(found) with the officer averaged out."""
        return np.mean([expit(log_odds + level) for level in self.levels], axis=0)

    def chance(self, rows: Rows, visit: Ints) -> Floats:
        """Return P(found) of rows on a ground, whoever goes."""
        ground = np.append(self.fit.weights[_VISIT], 0.0)
        moved = np.where(visit >= 0, ground[visit] - ground[self.routine], 0.0)
        return self.mean_chance(sum(self.terms(rows).values()) + moved)

    def spread(self, rows: Rows) -> Floats:
        """Return the variance of the log odds that comes from the weights."""
        blocks = _numbers(rows) | {"kind": _indicator(self.kind_of[rows.at], len(self.kinds))}
        return facility_logistic.variance(self.fit, blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosted:
    """Boosted trees, rising in finds, reports and neighbours' finds."""

    trees: Any
    kind_of: Ints
    routine: int
    levels: Floats
    method: str = "boosted"

    def chance(self, rows: Rows, visit: Ints) -> Floats:
        """Return P(found) of rows on a ground, whoever goes."""
        ground = np.where(visit >= 0, visit, self.routine)
        with _one_thread():
            chances = [
                self.trees.predict_proba(
                    _features(rows, self.kind_of, ground, np.full(len(rows.at), level))
                )[:, 1]
                for level in self.levels
            ]
        return np.clip(np.mean(chances, axis=0), LEAST, MOST)


def shrunken_rate(known: FacilityRecords, rows: RowsAt, params: FacilityParams) -> ShrunkenRate:
    """Return the method that needs no fit; a ground moves the odds by its finds over others."""
    visit = known.look_kind[rows.look]
    n = len(known.visit_kinds)
    found = np.bincount(visit, weights=rows.found, minlength=n)
    usual = np.bincount(visit, weights=rows.looks.rate, minlength=n)
    pull = params.kind_visits * params.default_rate
    return ShrunkenRate(
        ground=np.log((found + pull) / (usual + pull)), routine=_routine(known),
        strength=rows.strength, params=params,
    )  # fmt: skip


def fit_logistic(known: FacilityRecords, rows: RowsAt, params: FacilityParams) -> FittedLogistic:
    """
    Fit the logistic model to the looks of the rows.

    The prior is the shrunken rate: weight 1 on the own history, the settled amounts on
    reports, licence and neighbourhood; what few data cannot tell stays there.
    """
    kinds, kind_of = _codes(known)
    officers = known.officers[rows.look]
    blocks = _numbers(rows.looks) | {
        "kind": _indicator(kind_of[rows.looks.at], len(kinds)),
        _VISIT: _indicator(known.look_kind[rows.look], max(len(known.visit_kinds), 1)),
        _OFFICERS: officers,
    }
    centres = {
        "history": np.array([1.0]),
        "reports": np.full(2, params.report_log_odds),
        "licence": np.array([params.expired_log_odds, 0.0]),
        "near": np.array([params.near_power, 0.0]),
    }
    fitted = facility_logistic.fit(
        blocks, rows.found, offset=logit(rows.looks.rate), centres=centres
    )
    named = np.asarray(officers.sum(axis=1)).ravel() > 0
    effect = officers @ fitted.weights[_OFFICERS]
    levels = np.quantile(effect[named], _NODES) if named.any() else np.zeros(1)
    return FittedLogistic(
        fit=fitted, kinds=kinds, kind_of=kind_of, routine=_routine(known), levels=levels
    )


def fit_boosted(known: FacilityRecords, rows: RowsAt) -> Boosted:
    """Fit the boosted trees to the same looks; a fixed seed makes runs repeat."""
    # Only here: the library takes a second to load, and pages never fit.
    from sklearn.ensemble import HistGradientBoostingClassifier

    _, kind_of = _codes(known)
    visit = known.look_kind[rows.look]
    table = _features(rows.looks, kind_of, visit, rows.strictness)
    trees = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=100, max_depth=3, min_samples_leaf=50, l2_regularization=10.0,
        monotonic_cst=list(_RISING), categorical_features=[0, 1], max_features=0.5,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    with _one_thread():
        trees.fit(table, rows.found)
    levels = np.quantile(rows.strictness, _NODES[1::3])
    if np.ptp(levels) == 0.0:
        levels = levels[:1]
    return Boosted(trees=trees, kind_of=kind_of, routine=_routine(known), levels=levels)


def _one_thread() -> AbstractContextManager[object]:
    """Keep the trees to one thread: waiting for a busy second core costs more than it gives."""
    from threadpoolctl import threadpool_limits

    limit: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limit


_RISING = (0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0)
"""Where the trees may only rise, by column of ``_features``."""
_MOST_CODES = 250


def _features(rows: Rows, kind_of: Ints, visit: Ints, strictness: Floats) -> Floats:
    # -1 for unknown: a column of nothing but gaps stops the library.
    gap = np.nan_to_num(np.log1p(rows.days), nan=-1.0)
    years = np.nan_to_num(np.log1p(rows.years), nan=-1.0)
    angle = 2 * np.pi * rows.season
    return np.column_stack(
        [
            np.clip(kind_of[rows.at], 0, _MOST_CODES), np.clip(visit, 0, _MOST_CODES),
            logit(np.clip(rows.rate, LEAST, MOST)), strictness, rows.own, rows.last_found,
            gap, rows.visits, np.log2(1.0 + rows.reports), np.log2(1.0 + rows.grave_reports),
            rows.expired, rows.soon, rows.near, rows.calls_near, years,
            np.sin(angle), np.cos(angle),
        ]
    )  # fmt: skip


def _numbers(rows: Rows) -> dict[str, sparse.csr_array]:
    """Return the blocks of numbers of the logistic model, each about one thing."""
    never = np.isnan(rows.days).astype(float)
    gap = np.nan_to_num(np.log(np.maximum(rows.days, 1.0) / _USUAL_GAP_DAYS))
    unknown = np.isnan(rows.years).astype(float)
    years = np.nan_to_num(np.log1p(rows.years) - np.log1p(_USUAL_YEARS))
    young = (np.nan_to_num(rows.years, nan=_USUAL_YEARS) < 1.0).astype(float)
    angle = 2 * np.pi * rows.season
    blocks = {
        "history": [rows.own],
        "last": [rows.last_found, never, gap],
        "reports": [np.log2(1.0 + rows.reports), np.log2(1.0 + rows.grave_reports)],
        "licence": [rows.expired, rows.soon],
        "near": [rows.near, rows.calls_near],
        "age": [years, young, unknown],
        "season": [np.sin(angle), np.cos(angle)],
    }
    return {name: sparse.csr_array(np.column_stack(parts)) for name, parts in blocks.items()}


_USUAL_GAP_DAYS, _USUAL_YEARS = 330.0, 5.0


def _codes(known: FacilityRecords) -> tuple[dict[str, int], Ints]:
    names, codes = np.unique(known.kinds.astype(str), return_inverse=True)
    return {str(name): i for i, name in enumerate(names)}, codes.astype(np.int64)


def _indicator(codes: Ints, n_columns: int) -> sparse.csr_array:
    return facility_logistic.indicator(codes, n_columns)


def _routine(known: FacilityRecords) -> int:
    """Return the code of a routine visit, −1 (no effect) where there was none."""
    kinds: NDArray[np.object_] = np.array(known.visit_kinds, dtype=object)
    at = np.flatnonzero(kinds == ROUTINE)
    return int(at[0]) if len(at) else -1
