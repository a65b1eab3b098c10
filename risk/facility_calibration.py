"""Calibrated probabilities: a rising curve through what really happened out of time."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import expit, logit

from risk.facility_rates import LEAST, MOST
from risk.features import Floats

_BINS, _FEWEST_PER_BIN = 12, 40
_PULL = 20.0
"""Rows of the model's own opinion that each bin holds beside what happened."""
_LEAST_SLOPE = 0.05
"""Two places that the model tells apart never become equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Knots of the curve from the model's log odds to calibrated ones; none is no change."""

    model: Floats
    truth: Floats

    def __call__(self, p: Floats) -> Floats:
        """Return calibrated probabilities, rising strictly with the model's."""
        bounded = np.clip(p, LEAST, MOST)
        if len(self.model) == 0:
            return bounded
        odds = logit(bounded)
        inside = np.interp(odds, self.model, self.truth)
        below = np.minimum(odds - self.model[0], 0.0)
        above = np.maximum(odds - self.model[-1], 0.0)
        moved: Floats = np.clip(expit(inside + below + above), LEAST, MOST)
        return moved


UNCHANGED = Calibration(model=np.zeros(0), truth=np.zeros(0))


def calibration(p: Floats, found: Floats) -> Calibration:
    """
    Fit the curve to predictions made before their outcome was known.

    Bins of equal size; the finds in each, pulled to the model's own expectation by
    ``_PULL`` rows, go through isotonic regression (pool adjacent violators); the curve
    joins the bins in log odds and goes on in parallel beyond them.

    References
    ----------
    Zadrozny and Elkan (2002), KDD, 694-699 (isotonic calibration).
    """
    n_bins = min(_BINS, len(p) // _FEWEST_PER_BIN)
    if n_bins < 2 or found.sum() == 0:
        return UNCHANGED
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, n_bins)
    sizes = np.array([len(part) for part in parts], dtype=float)
    said = np.array([p[part].mean() for part in parts])
    seen = np.array([found[part].sum() for part in parts])
    rates = isotonic_regression((seen + _PULL * said) / (sizes + _PULL), weights=sizes).x
    x = logit(np.clip(said, LEAST, MOST))
    x, first = np.unique(x, return_index=True)
    y = logit(np.clip(rates[first], LEAST, MOST))
    if len(x) < 2:
        return UNCHANGED
    steps = np.maximum(np.diff(y), _LEAST_SLOPE * np.diff(x))
    rising = np.concatenate([[0.0], np.cumsum(steps)])
    return Calibration(model=x, truth=rising + float(np.mean(y - rising)))
