"""Sums over the earlier events of a facility, for many facilities and days at once."""

import numpy as np
from numpy.typing import NDArray

from risk.features import Floats

Ints = NDArray[np.int64]


class Earlier:
    """Events of the same facility on strictly earlier days than each row, found once."""

    def __init__(self, event_at: Ints, event_age: Floats, at: Ints, age: Floats) -> None:
        day, row_day = np.floor(-event_age), np.floor(-age)
        lowest = min(day.min(initial=0.0), row_day.min(initial=0.0))
        width = 2.0 - lowest
        key = event_at * width + (day - lowest)
        self._order = np.argsort(key, kind="stable")
        ordered = key[self._order]
        self._from = np.searchsorted(ordered, at * width, side="left")
        self._to = np.searchsorted(ordered, at * width + (row_day - lowest), side="left")
        self._event_age, self._age = event_age, age

    def total(self, values: Floats, half_life: float) -> Floats:
        """Return the sum of the values, each halved per half-life before the row's day."""
        worth = np.exp2(-self._event_age / half_life) * values
        sums = np.concatenate([[0.0], np.cumsum(worth[self._order])])
        total = (sums[self._to] - sums[self._from]) * np.exp2(self._age / half_life)
        return np.where(self._to > self._from, np.maximum(total, 0.0), 0.0)

    def last(self, values: Floats) -> Floats:
        """Return the value of the latest earlier event, NaN where there was none."""
        padded = np.append(values[self._order], np.nan)
        return np.where(self._to > self._from, padded[self._to - 1], np.nan)
