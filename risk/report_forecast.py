"""
Where the next reports will come from: many decayed densities of the past, weighed by what followed.

One bandwidth and one memory are a compromise: a street corner of last week and a quarter of
ten years both tell something. Here a bank of densities (bandwidths x half-lives) is laid over
the past, and a Poisson regression on the weeks before learns what each is worth. It ranks
*reported* events; what nobody reports it does not see.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import PoissonRegressor

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FLOOR = 0.05
"""Added to a density in units of its mean before the logarithm: an empty cell is not impossible."""
_YEAR_DAYS = 364.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BankParams:
    """
    The densities of the bank and how their weights are learnt.

    Parameters
    ----------
    bandwidths_m, half_lives_days
        Every pair is one density; an infinite half-life forgets nothing.
    season_bandwidth_m, season_days
        One more: the same days of the year, one and two years ago, within so many days.
    penalties
        Ridge penalties tried; the one that forecast the last quarter of the training
        weeks best is taken.
    """

    bandwidths_m: tuple[float, ...] = (150.0, 400.0, 1000.0, 3000.0)
    half_lives_days: tuple[float, ...] = (7.0, 21.0, 60.0, 150.0, 365.0, 1200.0, float("inf"))
    season_bandwidth_m: float = 800.0
    season_days: float = 21.0
    penalties: tuple[float, ...] = (1e-3, 1e-2, 1e-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FineGrid:
    """
    Square cells, each of ``sub`` x ``sub`` bins; ``kept`` are the flat numbers of the cells in use.

    ``shape`` is (north-south, east-west) cells; flat numbers run along east-west first.
    """

    shape: tuple[int, int]
    sub: int
    bin_m: float
    kept: Ints

    def per_cell(self, bins: Floats) -> Floats:
        """Return the sum of the bins of each kept cell, shape ``(n_kept,)``."""
        rows, columns = self.shape
        cells = bins.reshape(rows, self.sub, columns, self.sub).sum(axis=(1, 3))
        out: Floats = cells.ravel()[self.kept]
        return out


def bank(grid: FineGrid, bins: Ints, ages: Floats, params: BankParams) -> Floats:
    """
    Return every density of the bank on every kept cell, each with mean 1.

    Parameters
    ----------
    bins
        Flat number of each past event's bin.
    ages
        Days from each event to the moment of the forecast, above 0.

    Returns
    -------
    densities
        Shape ``(n_densities, n_kept)``.
    """
    rows, columns = (side * grid.sub for side in grid.shape)
    out = []

    def smoothed(weights: Floats, bandwidth_m: float) -> Floats:
        counts = np.bincount(bins, weights=weights, minlength=rows * columns)
        width = bandwidth_m / grid.bin_m
        dense = gaussian_filter(counts.reshape(rows, columns), width, truncate=3.5, mode="constant")
        return _mean_one(grid.per_cell(dense))

    for half_life in params.half_lives_days:
        worth = np.exp2(-ages / half_life)
        out += [smoothed(worth, bandwidth) for bandwidth in params.bandwidths_m]
    for years in (1, 2):
        off = (ages - _YEAR_DAYS * years + 3.5) / params.season_days
        out.append(smoothed(np.exp(-0.5 * off**2), params.season_bandwidth_m))
    return np.array(out)


def _mean_one(values: Floats) -> Floats:
    mean = float(values.mean())
    return values / mean if mean > 0 else np.ones_like(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecaster:
    """Weights of the bank, learnt on past weeks."""

    mixture: Floats
    centre: Floats
    scale: Floats
    weights: Floats
    penalty: float

    def expected(self, densities: Floats) -> Floats:
        """Return the relative number of reports of the coming week per cell, mean 1."""
        features = (_features(densities, self.mixture) - self.centre) / self.scale
        return _mean_one(np.exp(np.clip(features @ self.weights, -20.0, 20.0)))


def _features(densities: Floats, mixture: Floats) -> Floats:
    """Return the logarithms of the densities and of their mixture, shape ``(n_cells, k + 1)``."""
    mixed = mixture[:-1] @ densities + mixture[-1]
    out: Floats = np.log(np.vstack([densities, mixed]) + _FLOOR).T
    return out


def fit(weeks: Sequence[Floats], counts: Sequence[Floats], params: BankParams) -> Forecaster:
    """
    Learn what each density of the bank is worth.

    Parameters
    ----------
    weeks
        The bank before each past week, oldest first.
    counts
        Events of each of these weeks per cell.
    """
    n_first = max(1, round(0.75 * len(weeks)))
    tried = []
    if len(params.penalties) > 1 and n_first < len(weeks):
        for penalty in params.penalties:
            one = _fitted(weeks[:n_first], counts[:n_first], penalty)
            gains = [
                float((count * np.log(one.expected(week))).sum())
                for week, count in zip(weeks[n_first:], counts[n_first:], strict=True)
            ]
            tried.append((sum(gains), penalty))
    return _fitted(weeks, counts, max(tried)[1] if tried else params.penalties[0])


def _fitted(weeks: Sequence[Floats], counts: Sequence[Floats], penalty: float) -> Forecaster:
    mixture = mixture_weights(weeks, counts)
    features = np.vstack([_features(week, mixture) for week in weeks])
    centre, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    found = np.concatenate(list(counts))
    model = PoissonRegressor(alpha=penalty, max_iter=100, solver="newton-cholesky")
    model.fit((features - centre) / scale, found / max(float(found.mean()), 1e-12))
    return Forecaster(
        mixture=mixture, centre=centre, scale=scale,
        weights=np.asarray(model.coef_, dtype=float), penalty=penalty,
    )  # fmt: skip


def mixture_weights(
    weeks: Sequence[Floats], counts: Sequence[Floats], *, n_steps: int = 150
) -> Floats:
    """
    Return the likeliest shares of the densities, and of an even one, in where events fell.

    Returns
    -------
    shares
        Adding up to 1, shape ``(n_densities + 1,)``, by expectation maximisation.
    """
    at = [np.flatnonzero(count) for count in counts]
    said = np.hstack([week[:, where] for week, where in zip(weeks, at, strict=True)])
    said = np.vstack([said, np.ones(said.shape[1])])
    n = np.concatenate([count[where] for count, where in zip(counts, at, strict=True)])
    shares = np.full(len(said), 1.0 / len(said))
    if n.sum() <= 0:
        return shares
    for _ in range(n_steps):
        part = shares[:, None] * said
        part /= part.sum(axis=0)
        shares = (part @ n) / n.sum()
    return shares
