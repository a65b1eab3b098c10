"""
The hidden-site model beside boosted trees and a ticket density, weighed on later finds.

Where the world differs from the model (tickets filed elsewhere, dens warned) other
methods may rank better. The last weeks are held out: the model fitted before them rolls
through them week by week, the challengers learn from what came before, and the finds of
every visit tell how much each is worth. The same comparison tells how far totals and
places were off, which widens the intervals.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from risk.hidden_data import HiddenData
from risk.hidden_features import HALF_LIVES, snapshots
from risk.hidden_params import HiddenParams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EVERY = 4
_LEAST_FINDS = 20
_LEAST_WEEKS = 40
_MOST_TILT = 6.0
_LEAST_RATE = 1e-5
_PULL = 8.0
_CHANCE_GAIN = 4.0
_CHANCE_SHARE = 0.15
_BEYOND_CHANCE = 2.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Check:
    """
    How the methods did on the weeks held out.

    Parameters
    ----------
    weights
        Of the methods in the logarithm of the number of sites: the model; trees on all that
        is known; trees on covariates and tickets alone; density of tickets.
    deviance
        Poisson deviance per find of the methods and, last, of the stack.
    level_sd
        Log sd of the total that the held-out finds call for.
    place_sd
        Log sd between places that they call for beyond what the model says.
    observed, expected
        Finds in the held-out weeks, and those the model expected.
    """

    weights: Floats
    deviance: Floats
    level_sd: float
    place_sd: float
    observed: float
    expected: float

    def to_array(self) -> Floats:
        """Return all figures in a row, as they are saved."""
        last = (self.level_sd, self.place_sd, self.observed, self.expected)
        return np.r_[self.weights, self.deviance, last]


def from_array(figures: Floats) -> Check:
    """Return the comparison saved by ``Check.to_array``."""
    k = (len(figures) - 5) // 2
    level, place, observed, expected = (float(x) for x in figures[-4:])
    return Check(
        weights=figures[:k], deviance=figures[k : 2 * k + 1], level_sd=level, place_sd=place,
        observed=observed, expected=expected,
    )  # fmt: skip


def held_out_from(data: HiddenData, params: HiddenParams) -> int | None:
    """Return the first week held out, or None where there is too little to compare."""
    first = data.n_weeks - min(params.held_out_weeks, data.n_weeks // 4)
    late = data.look_week >= first
    enough = (
        params.stack
        and data.n_weeks >= _LEAST_WEEKS
        and data.look_found[late].sum() >= _LEAST_FINDS
        and data.look_found[~late].sum() >= _LEAST_FINDS
    )
    return first if enough else None


def cut(data: HiddenData, first: int, last: int) -> HiddenData:
    """Return the weeks from ``first`` up to ``last``, numbered from 0."""
    keep = (data.report_week >= first) & (data.report_week < last)
    look = (data.look_week >= first) & (data.look_week < last)
    before, looks_before = np.r_[0, np.cumsum(keep)], np.r_[0, np.cumsum(look)]
    near = data.near[:, first : last + 1].copy()
    near[:, 0] = 0.0
    return replace(
        data,
        n_weeks=last - first,
        season=data.season[first:last],
        near=near,
        report_start=before[data.report_start],
        report_week=data.report_week[keep] - first,
        report_channel=data.report_channel[keep],
        report_n=data.report_n[keep],
        look_start=looks_before[data.look_start],
        look_week=data.look_week[look] - first,
        look_visits=data.look_visits[look],
        look_found=data.look_found[look],
        look_group=data.look_group[look],
    )


def check(
    data: HiddenData, first: int, *, ahead: Callable[[int], Floats], seen: Floats, groups: Ints
) -> Check:
    """
    Compare the methods on the weeks from ``first`` on.

    Parameters
    ----------
    ahead
        Sites the model expects in every cell at the start of a week, fitted before ``first``;
        called with the weeks in order.
    seen
        Chance that a look finds a site, per look.
    groups
        Place of each cell, for the comparison by place.
    """
    cell = np.repeat(np.arange(data.n_cells), np.diff(data.look_start))
    weeks = np.arange(0, data.n_weeks, _EVERY)
    train, target, rows = [], [], []
    late: list[tuple[Floats, Ints]] = []
    for t, features in snapshots(data, weeks):
        looks = np.flatnonzero((data.look_week >= t) & (data.look_week < t + _EVERY))
        if t + _EVERY <= first:
            train.append(features[cell[looks]])
            target.append(looks)
        elif t >= first:
            late.append((features[cell[looks]], looks))
    old = np.concatenate(target)
    others = _challengers(data, np.concatenate(train), data.look_found[old], seen[old])
    model, other = [], []
    for features, looks in late:
        expected = np.zeros(len(looks))
        for week in np.unique(data.look_week[looks]):
            here = data.look_week[looks] == week
            expected[here] = ahead(int(week))[cell[looks][here]]
        rows.append(looks)
        model.append(expected)
        other.append(others(features))
    look = np.concatenate(rows)
    rates = np.maximum(np.c_[np.concatenate(model), np.concatenate(other)], _LEAST_RATE)
    return _weighed(rates, data.look_found[look].astype(float), seen[look], groups[cell[look]])


def _weighed(rates: Floats, found: Floats, seen: Floats, groups: Ints) -> Check:
    """Return the weights that tell the finds best, pulled to the model alone."""
    logs = np.log(rates)
    logs = logs - np.average(logs, axis=0, weights=seen)
    alone = np.r_[0.0, 1.0, np.zeros(logs.shape[1] - 1)]
    start = alone.copy()
    start[0] = np.log(found.sum() / (seen * np.exp(logs[:, 0])).sum())
    pull = np.r_[0.0, np.full(logs.shape[1], _PULL)]

    def loss(x: Floats) -> tuple[float, Floats]:
        log_mean = x[0] + logs @ x[1:]
        mean = seen * np.exp(np.clip(log_mean, -20.0, 5.0))
        off = x - alone
        slope = np.r_[(mean - found).sum(), logs.T @ (mean - found)] + pull * off
        return float(mean.sum() - found @ log_mean + 0.5 * pull @ off**2), slope

    bounds = [(None, None), *[(0.0, 1.2)] * logs.shape[1]]
    best = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    # what chance alone would gain is no reason to leave the model
    gain = loss(start)[0] - loss(best.x)[0]
    share = float(np.clip((gain - _CHANCE_GAIN) / _CHANCE_GAIN, 0.0, 1.0))
    x = start + share * (best.x - start)
    weights = np.asarray(x[1:])
    stack = seen * np.exp(x[0] + logs @ weights)
    means = [seen * one for one in rates.T]
    scaled = [m * found.sum() / m.sum() for m in (*means, stack)]
    observed, expected = float(found.sum()), float(means[0].sum())
    level = np.log((observed + 0.5) / (expected + 0.5)) ** 2 - _BEYOND_CHANCE / (observed + 0.5)
    of_group = np.bincount(groups, weights=found), np.bincount(groups, weights=scaled[0])
    extra = ((of_group[0] - of_group[1]) ** 2 - of_group[1]).sum() / (of_group[1] ** 2).sum()
    return Check(
        weights=weights,
        deviance=np.array([_deviance(found, m) for m in scaled]),
        level_sd=float(np.sqrt(np.clip(level, 0.0, 0.5))),
        place_sd=float(np.sqrt(np.clip(extra, 0.0, 0.5))),
        observed=observed,
        expected=expected,
    )


def _deviance(found: Floats, mean: Floats) -> float:
    logs = np.where(found > 0, found * np.log(np.maximum(found, 1.0) / mean), 0.0)
    return float(2.0 * (logs - found + mean).sum() / max(found.sum(), 1.0))


def tilt(data: HiddenData, weights: Floats, *, mean: Floats, seen: Floats) -> tuple[Floats, float]:
    """
    Return the factor on the expected sites of each cell by which the stack differs.

    The total moves from the model's to that of the trees as far as the weights do.

    Returns
    -------
    factor, level_sd
        The second is the log sd of the total that the difference of both calls for.
    """
    cell = np.repeat(np.arange(data.n_cells), np.diff(data.look_start))
    weeks = np.r_[np.arange(0, data.n_weeks, _EVERY), data.n_weeks]
    rows, looks = [], []
    now = np.zeros((0, 0))
    for t, features in snapshots(data, weeks):
        if t == data.n_weeks:
            now = features
            continue
        here = np.flatnonzero((data.look_week >= t) & (data.look_week < t + _EVERY))
        rows.append(features[cell[here]])
        looks.append(here)
    old = np.concatenate(looks)
    others = _challengers(data, np.concatenate(rows), data.look_found[old], seen[old])(now)
    rates = np.maximum(np.c_[mean, others], _LEAST_RATE)
    change = np.log(rates) @ (weights - np.r_[1.0, np.zeros(len(weights) - 1)])
    change = change - np.average(change, weights=mean)
    factor = np.exp(np.clip(change, -np.log(_MOST_TILT), np.log(_MOST_TILT)))
    share = float(np.clip(1.0 - trusted(weights) - _CHANCE_SHARE, 0.0, 1.0))
    apart = float(np.log(rates[:, 1].sum() / mean.sum()))
    level = np.exp(share * apart)
    return np.asarray(factor * level * mean.sum() / (mean * factor).sum()), share * abs(apart) / 2.0


def trusted(weights: Floats) -> float:
    """Return the share of the weights that the model has."""
    return float(weights[0] / max(float(weights.sum()), 1e-9))


def _challengers(
    data: HiddenData, features: Floats, found: Ints, seen: Floats
) -> Callable[[Floats], Floats]:
    """Return what the other methods say of rows of features, one column each."""
    p, k = data.covariates.shape[1], len(HALF_LIVES)
    plain = [*range(p), p + k - 1, p + 4 * k - 1, p + 7 * k - 1]
    every = _trees(features, found, seen)
    few = _trees(features[:, plain], found, seen)
    return lambda rows: np.c_[every(rows), few(rows[:, plain]), rows[:, -1]]


def _trees(features: Floats, found: Ints, seen: Floats) -> Callable[[Floats], Floats]:
    """Return boosted trees for the sites standing, learnt from what looks found."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    # threads of these small trees only wait for each other
    with threadpool_limits(limits=1):
        return _grown(HistGradientBoostingRegressor, features, found, seen)


def _grown(kind: Any, features: Floats, found: Ints, seen: Floats) -> Callable[[Floats], Floats]:
    trees = kind(
        loss="poisson", learning_rate=0.07, max_iter=80, max_leaf_nodes=8, max_bins=63,
        min_samples_leaf=30, l2_regularization=2.0, early_stopping=False, random_state=0,
    )  # fmt: skip
    trees.fit(features, found / seen, sample_weight=seen)

    def predict(rows: Floats) -> Floats:
        with threadpool_limits(limits=1):
            return np.asarray(trees.predict(rows), float)

    return predict
