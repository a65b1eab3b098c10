"""
What a method that knows nothing of hidden sites may learn finds from, week by week.

Decayed counts of tickets, finds and visits of a cell, of its neighbours and of the wider
surroundings, beside the covariates: only what was known before the week in question.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from risk.hidden_data import HiddenData

Floats = NDArray[np.float64]

HALF_LIVES = (8.0, 26.0, 104.0)
"""Weeks in which a count loses half its weight."""

_WIDE_STEPS = 6
_MOST_WEEKS = 104.0


def weekly_counts(data: HiddenData) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield tickets, finds and visits per cell, week by week, shape ``(n,)`` each."""
    n = data.n_cells
    cells = np.arange(n)
    report_cell = np.repeat(cells, np.diff(data.report_start))
    look_cell = np.repeat(cells, np.diff(data.look_start))
    by_report = np.argsort(data.report_week, kind="stable")
    by_look = np.argsort(data.look_week, kind="stable")
    weeks = np.arange(data.n_weeks + 1)
    report_cut = np.searchsorted(data.report_week[by_report], weeks)
    look_cut = np.searchsorted(data.look_week[by_look], weeks)
    for t in range(data.n_weeks):
        r = by_report[report_cut[t] : report_cut[t + 1]]
        v = by_look[look_cut[t] : look_cut[t + 1]]
        heard = np.bincount(report_cell[r], weights=data.report_n[r], minlength=n)
        found = np.bincount(look_cell[v], weights=data.look_found[v], minlength=n)
        looked = np.bincount(look_cell[v], weights=data.look_visits[v], minlength=n)
        yield heard.astype(float), found.astype(float), looked.astype(float)


def snapshots(data: HiddenData, weeks: NDArray[np.int64]) -> Iterator[tuple[int, Floats]]:
    """
    Yield the features of all cells at the start of the given weeks, in order.

    The number of weeks itself is allowed: what is known now. The last feature is the
    density of tickets, decayed over the longest half-life and spread widely.
    """
    n = data.n_cells
    fade = 0.5 ** (1.0 / np.array(HALF_LIVES))
    kept = np.zeros((3, len(HALF_LIVES), n))
    since = np.full(n, _MOST_WEEKS)
    wanted = set(weeks.tolist())
    counts = weekly_counts(data)
    for t in range(data.n_weeks + 1):
        if t in wanted:
            yield t, _features(data, kept, since)
        if t == data.n_weeks:
            return
        news = next(counts)
        kept *= fade[None, :, None]
        kept += np.stack(news)[:, None, :]
        since = np.where(news[2] > 0, 0.0, np.minimum(since + 1.0, _MOST_WEEKS))


def _features(data: HiddenData, kept: Floats, since: Floats) -> Floats:
    n = data.n_cells
    own = kept.reshape(-1, n).T
    near = np.asarray(data.walk @ own)
    wide = near
    for _ in range(_WIDE_STEPS):
        wide = 0.5 * wide + 0.5 * np.asarray(data.walk @ wide)
    k = len(HALF_LIVES)
    found_share = (wide[:, k : 2 * k] + 0.01) / (wide[:, 2 * k :] + 0.1)
    density = 0.5 * wide[:, k - 1] + 0.5 * near[:, k - 1]
    return np.c_[
        data.covariates, own, near, wide[:, : 2 * k], found_share, since, density + 1e-3
    ]  # fmt: skip
