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
    before, width = tie_spans(score, area=area)
    return part_within(before, width, area_share=area_share)


def tie_spans(score: ArrayLike, *, area: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """
    Return where each place comes in the order of a score: one sort for any number of shares.

    Returns
    -------
    before, width
        Share of the area scored higher than the place, and of the area tied with it (its
        own included); 0 to 1, shape ``(n,)``.
    """
    scores = np.nan_to_num(np.asarray(score, float), nan=-np.inf)
    sizes = np.ones(len(scores)) if area is None else np.asarray(area, float)
    levels, level = np.unique(-scores, return_inverse=True)
    share = np.bincount(level, weights=sizes, minlength=len(levels)) / max(sizes.sum(), 1e-300)
    before = np.concatenate([[0.0], np.cumsum(share)[:-1]])
    return before[level], share[level]


def part_within(before: Floats, width: Floats, *, area_share: float) -> Floats:
    """Return how much of places with these ``tie_spans`` lies in the first share of the area."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(width > 0, (area_share - before) / width, 0.0)
    part: Floats = np.clip(share, 0.0, 1.0)
    return part


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


def auc_pairs(
    score: ArrayLike, outcome: ArrayLike, group: ArrayLike
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """
    Return right and all pairs of places of one group, one with the outcome and one without.

    The sum of the right ones over the sum of all is the AUC within groups: what the
    groups themselves differ by does not count. Ties are half right.

    Parameters
    ----------
    group
        Any label per place, e.g. the inspector who was there.

    Returns
    -------
    n_right, n_pairs, code
        The first two per group; ``code`` is the position of each place's group in them.
    """
    values, happened = np.asarray(score, float), np.asarray(outcome, bool)
    names, code = np.unique(np.asarray(group), return_inverse=True)
    n_right, n_pairs = np.zeros(len(names)), np.zeros(len(names))
    order = np.argsort(code, kind="stable")
    ends = np.cumsum(np.bincount(code, minlength=len(names)))[:-1]
    for k, rows in enumerate(np.split(order, ends)):
        one = auc(values[rows], happened[rows])
        if np.isfinite(one):
            n_pairs[k] = happened[rows].sum() * (~happened[rows]).sum()
            n_right[k] = one * n_pairs[k]
    return n_right, n_pairs, code.astype(np.int64)


def brier(p: ArrayLike, outcome: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Return the weighted mean squared distance of probability and outcome; NaN without any."""
    said, happened = np.asarray(p, float), np.asarray(outcome, float)
    weight = np.ones(len(said)) if weights is None else np.asarray(weights, float)
    if weight.sum() <= 0:
        return float("nan")
    return float((weight * (said - happened) ** 2).sum() / weight.sum())
