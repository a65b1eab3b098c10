"""
How well a ranking of places caught what happened there afterwards.

Places tied at the border of the chosen area share the room left in it, so that
no order of rows and no constant score can look good.

References
----------
Chainey, Tompson and Uhlig (2008), Security Journal 21, 4-28 (hit rate, PAI);
Hunt (2016), thesis, Rutgers University (PEI); Hanley and McNeil (1982), Radiology
143 (1), 29-36 (AUC as rank statistic).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]


def chosen_part(score: ArrayLike, *, area_share: float, area: ArrayLike | None = None) -> Floats:
    """
    Return how much of each place lies in the highest-scored share of the area.

    Parameters
    ----------
    score
        Higher means look here first, shape ``(n,)``; NaN counts as lowest.
    area_share
        Share of the whole area that is chosen, 0 to 1.
    area
        Area (or any cost) of each place; equal if None.

    Returns
    -------
    part
        1 inside, 0 outside, in between for places tied at the border, shape ``(n,)``.
    """
    if not 0.0 <= area_share <= 1.0:
        raise ValueError(f"area_share must lie between 0 and 1, got {area_share}")
    scores = np.nan_to_num(np.asarray(score, float), nan=-np.inf)
    sizes = np.ones(len(scores)) if area is None else np.asarray(area, float)
    part = np.zeros(len(scores))
    room = area_share * sizes.sum()
    levels, level = np.unique(-scores, return_inverse=True)
    size_of_level = np.bincount(level, weights=sizes, minlength=len(levels))
    before = np.concatenate([[0.0], np.cumsum(size_of_level)[:-1]])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(size_of_level > 0, (room - before) / size_of_level, 0.0)
    part = np.clip(share, 0.0, 1.0)[level]
    return np.asarray(part, dtype=float)


def hit_rate(
    score: ArrayLike, events: ArrayLike, *, area_share: float, area: ArrayLike | None = None
) -> float:
    """
    Return the share of events that lie in the highest-scored share of the area.

    Parameters
    ----------
    events
        Events per place afterwards, shape ``(n,)``.

    Returns
    -------
    share
        0 to 1; NaN where there was no event.
    """
    counts = np.asarray(events, float)
    total = counts.sum()
    if total <= 0:
        return float("nan")
    return float((chosen_part(score, area_share=area_share, area=area) * counts).sum() / total)


def pai(
    score: ArrayLike, events: ArrayLike, *, area_share: float, area: ArrayLike | None = None
) -> float:
    """Return the predictive accuracy index: hit rate over area share; 1 is a blind choice."""
    return hit_rate(score, events, area_share=area_share, area=area) / area_share


def pei(
    score: ArrayLike, events: ArrayLike, *, area_share: float, area: ArrayLike | None = None
) -> float:
    """Return the predictive efficiency index: hit rate over the best possible one, 0 to 1."""
    counts = np.asarray(events, float)
    sizes = np.ones(len(counts)) if area is None else np.asarray(area, float)
    best = hit_rate(counts / sizes, counts, area_share=area_share, area=area)
    return hit_rate(score, counts, area_share=area_share, area=area) / best


def auc(score: ArrayLike, outcome: ArrayLike) -> float:
    """
    Return the chance that a place with the outcome scored above one without; ties count half.

    Returns
    -------
    auc
        0 to 1, 0.5 is blind; NaN where all outcomes are equal.
    """
    happened = np.asarray(outcome, bool)
    n_yes, n_no = int(happened.sum()), int((~happened).sum())
    if n_yes == 0 or n_no == 0:
        return float("nan")
    ranks = rankdata(np.asarray(score, float))
    return float((ranks[happened].sum() - n_yes * (n_yes + 1) / 2) / (n_yes * n_no))
