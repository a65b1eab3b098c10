"""
Hot spots of reports that chance does not explain: Getis-Ord Gi* with false-discovery control.

Every cell is compared with its neighbours as one window. Counts are skewed, so a normal tail
calls too much of pure noise a hot spot: the tail here is that of Pearson's type III with the
skewness of the window's sum under permutation. Of the hot cells at most ``share`` are expected to
be false (Benjamini and Hochberg), whatever their number.

References
----------
Getis and Ord (1992), Geographical Analysis 24 (3), 189-206; Ord and Getis (1995), ibid. 27 (4),
286-306; Benjamini and Hochberg (1995), JRSS B 57 (1), 289-300; Caldas de Castro and Singer
(2006), Geographical Analysis 38 (2), 180-208.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import gammaincc, ndtr, ndtri

Floats = NDArray[np.float64]

FALSE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class HotSpots:
    """Per cell: Gi* as z, its upper tail (1 where z is too small to matter), and the verdict."""

    z: Floats
    p: Floats
    is_hot: NDArray[np.bool_]


def windows(neighbours: sp.csr_array) -> sp.csr_array:
    """Return the windows of a neighbour matrix: each cell with its neighbours, weight 1."""
    n = neighbours.shape[0]
    together = (neighbours != 0).astype(float) + sp.eye_array(n, format="csr")
    return sp.csr_array((together != 0).astype(float))


def hot_spots(values: Floats, window: sp.csr_array, *, share: float = FALSE_SHARE) -> HotSpots:
    """
    Say which windows hold more than chance puts there.

    Parameters
    ----------
    values
        One number per cell, e.g. reports above what its residents explain, shape ``(n,)``.
    window
        Result of ``windows``.
    share
        Expected share of false ones among the hot cells.

    Returns
    -------
    HotSpots
        Nothing is hot where all values are equal or there are fewer than 3 cells.
    """
    n = len(values)
    quiet = HotSpots(np.zeros(n), np.ones(n), np.zeros(n, dtype=bool))
    if n < 3:
        return quiet
    centred = values - values.mean()
    spread = float(centred @ centred) / n
    if spread <= 1e-12 * max(1.0, float(np.abs(values).max()) ** 2):
        return quiet
    size = np.diff(window.indptr).astype(float)
    free = size * (n - size) / (n - 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(free > 0, (window @ centred) / np.sqrt(spread * free), 0.0)
    p = np.ones(n)
    some = np.flatnonzero(z > _least_z(z, share))
    third = float(centred @ (centred * centred)) / n / spread**1.5
    # drawing k of n without replacement: the third cumulant of a sum, over its deviation cubed
    k = size[some]
    skew = (
        third
        * (n - 2.0 * k)
        * np.sqrt(n - 1.0)
        / (max(n - 2.0, 1.0) * np.sqrt(k * np.maximum(n - k, 1.0)))
    )
    p[some] = upper_tail(z[some], skew)
    return HotSpots(z, p, discoveries(p, share=share))


def _least_z(z: Floats, share: float) -> float:
    """
    Return a z below which no cell can be kept, so that its tail need not be worked out.

    Of ``m`` cells above a limit none is kept beyond ``share * m / n``; the type III tail is
    nowhere lighter than the normal one up there.
    """
    n, least = len(z), -float(ndtri(share))
    z = z[z > least]
    for _ in range(50):
        m = int(np.count_nonzero(z > least))
        higher = -float(ndtri(share * max(m, 1) / n))
        if higher <= least:
            break
        least = higher
    return least


def upper_tail(z: Floats, skew: Floats) -> Floats:
    """Return the upper tail of Pearson's type III with mean 0, deviation 1 and this skewness."""
    normal = ndtr(-z)
    bent = np.maximum(skew, 1e-3)
    shape = 4.0 / bent**2
    tail = gammaincc(shape, np.maximum(shape + 2.0 * z / bent, 0.0))
    # never lighter than the normal tail
    out: Floats = np.where(skew > 1e-3, np.maximum(tail, normal), normal)
    return out


def discoveries(p: Floats, *, share: float) -> NDArray[np.bool_]:
    """Return which probabilities the step-up rule of Benjamini and Hochberg keeps."""
    small = np.sort(p[p <= share])
    limits = share * np.arange(1, len(small) + 1) / max(len(p), 1)
    kept = np.flatnonzero(small <= limits)
    if len(kept) == 0:
        return np.zeros(len(p), dtype=bool)
    is_kept: NDArray[np.bool_] = p <= small[kept[-1]]
    return is_kept


def above_expected(counts: Floats, exposure: Floats) -> Floats:
    """
    Return by how much counts exceed what exposure explains, in units of chance.

    Pearson residuals; an expectation below the mean counts as the mean, so that one report
    where three people live is no spike.
    """
    total = float(exposure.sum())
    share = exposure / total if total > 0 else np.full(len(counts), 1.0 / max(len(counts), 1))
    expected = counts.sum() * share
    floor = max(float(expected.mean()), 1e-9) if len(expected) else 1.0
    out: Floats = (counts - expected) / np.sqrt(np.maximum(expected, floor))
    return out
