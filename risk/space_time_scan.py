"""
Emerging clusters: the prospective space-time permutation scan of Kulldorff et al. (2005).

Cylinders over places and the last weeks are compared with what the leads' own places
and times would give if they had nothing to do with each other: no population is
needed, and a place that always reports much is no cluster. Repeats about one site are
joined beforehand and told apart. docs/methods/space-time-scan.md has the formulas.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from risk.scan_params import ScanParams

__all__ = ["Cluster", "ScanParams", "collapse", "scan"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 64
_EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """
    A cylinder that holds more leads than place and time alone explain.

    ``places`` are positions of its places, the centre first, ``n_weeks`` its length up to now.
    """

    places: tuple[int, ...]
    n_weeks: int
    radius_m: float
    observed: int
    expected: float
    score: float
    p_value: float


def collapse(site: NDArray[np.object_], day: Ints, *, within_days: int) -> NDArray[np.bool_]:
    """
    Return which leads are the first of their site for some days.

    A lead counts if no counted one about its site came within ``within_days`` before it:
    10,000 tickets on one site in a week are one piece of news.
    """
    order = np.lexsort((np.arange(len(day)), day))
    last: dict[object, int] = {}
    kept = np.zeros(len(day), dtype=bool)
    for n in order.tolist():
        key, today = site[n], int(day[n])
        if key not in last or today - last[key] >= within_days:
            kept[n] = True
            last[key] = today
    return kept


def scan(
    place: Ints, week: Ints, points_m: Floats, params: ScanParams, *, seed: int
) -> list[Cluster]:
    """
    Return the clusters that go on now, the strongest first, none sharing a place.

    Parameters
    ----------
    place
        Position of each lead's place in ``points_m``.
    week
        Whole weeks from each lead to now, 0 the last seven days; leads of
        ``history_weeks`` or more are left out.
    points_m
        Places on a plane, metres, shape ``(n_places, 2)``.
    seed
        The same seed gives the same p-values.

    Returns
    -------
    clusters
        All that have ``least_leads``, whatever their p-value, at most 20.
    """
    used = (week >= 0) & (week < params.history_weeks) & (place >= 0)
    place, week = place[used], week[used]
    n = len(place)
    recent = int((week < params.weeks).sum())
    if n < params.least_leads or recent < params.least_leads or recent == n:
        return []
    names, place = np.unique(place, return_inverse=True)
    centres = np.asarray(points_m, dtype=float)[names]
    near, radius = _circles(centres, np.bincount(place), params)
    lag = np.minimum(week, params.weeks).astype(np.int64)
    totals, logs = _fixed(near, np.bincount(place).astype(np.int64), lag, params.weeks)
    counts = _tally(place, lag, len(names), params.weeks)
    observed = _all_scores(counts, near, totals, logs, params.least_leads, n)
    highest = _null(place, lag, near, totals, logs, params, seed=seed)
    found: list[Cluster] = []
    taken: set[int] = set()
    for flat in np.argsort(-observed, axis=None, kind="stable").tolist():
        score = float(observed.ravel()[flat])
        if score <= 0 or len(found) >= 20:
            break
        centre, k, w = (int(v) for v in np.unravel_index(flat, observed.shape))
        members = near[centre, : k + 1]
        if taken & set(members.tolist()):
            continue
        taken |= set(members.tolist())
        inside = counts[members, : w + 1].sum()
        found.append(
            Cluster(
                places=tuple(int(names[m]) for m in members),
                n_weeks=w + 1,
                radius_m=float(radius[centre, k]),
                observed=int(inside),
                expected=float(np.exp(totals[centre, k, w])),
                score=score,
                p_value=p_value(score, highest, gumbel=params.gumbel),
            )
        )
    return found


def p_value(score: float, highest: Floats, *, gumbel: bool) -> float:
    """Return how rarely chance gives so high a score: by rank, or by a fitted Gumbel tail."""
    by_rank = (1 + int((highest >= score - 1e-9).sum())) / (len(highest) + 1)
    if not gumbel or len(highest) < 2 or highest.std() == 0:
        return by_rank
    scale = float(highest.std(ddof=1)) * np.sqrt(6.0) / np.pi
    at = float(highest.mean()) - _EULER * scale
    return float(-np.expm1(-np.exp(-(score - at) / scale)))


def _circles(centres: Floats, cases: Ints, params: ScanParams) -> tuple[Ints, Floats]:
    """Return for each centre the places by distance, -1 beyond the largest circle, and radii."""
    n_near = min(params.most_places, len(centres))
    metres, near = cKDTree(centres).query(centres, k=list(range(1, n_near + 1)))
    # a centre comes first among places at one point, whatever the tree says
    near = near.astype(np.int64)
    far = metres > params.radius_m
    # the own place is always a circle, however many leads it has
    far[:, 1:] |= (np.cumsum(cases[near], axis=1) > params.largest_share * cases.sum())[:, 1:]
    far = np.maximum.accumulate(far, axis=1)
    far[:, 0] = False
    return np.where(far, -1, near), np.where(far, 0.0, metres)


def _fixed(near: Ints, cases: Ints, lag: Ints, weeks: int) -> tuple[Floats, Floats]:
    """Return log of the expected number of each cylinder, and of what is outside it."""
    n = float(cases.sum())
    inside = np.cumsum(np.where(near >= 0, cases[near], 0), axis=1).astype(float)
    window = np.cumsum(np.bincount(lag, minlength=weeks + 1)[:weeks]).astype(float)
    with np.errstate(divide="ignore"):
        expected = inside[:, :, None] * window[None, None, :] / n
        outside = np.log(np.maximum(n - expected, 1e-300))
        inside_log = np.log(expected)
    inside_log[near < 0] = np.inf
    return inside_log, outside


def _tally(place: Ints, lag: Ints, n_places: int, weeks: int) -> Ints:
    flat = np.bincount(place * (weeks + 1) + lag, minlength=n_places * (weeks + 1))
    return flat.reshape(n_places, weeks + 1)[:, :weeks].astype(np.int64)


def _null(
    place: Ints, lag: Ints, near: Ints, totals: Floats, logs: Floats, params: ScanParams,
    *, seed: int,
) -> Floats:  # fmt: skip
    """Return the highest score of each permutation of the times over the leads."""
    rng = np.random.default_rng(seed)
    log_of = np.log(np.maximum(np.arange(len(place) + 1), 1).astype(float))
    n_places = near.shape[0]
    highest = np.empty(params.n_draws)
    for start in range(0, params.n_draws, _BLOCK):
        size = min(_BLOCK, params.n_draws - start)
        drawn = np.stack(
            [_tally(place, rng.permutation(lag), n_places, params.weeks) for _ in range(size)]
        )
        highest[start : start + size] = _highest(
            drawn, near, totals, logs, log_of, params.least_leads, len(place)
        )
    return highest


@njit(cache=True)
def _score(c: int, total: float, outside: float, log_of: Floats, n: int) -> float:
    """Return the log likelihood ratio of ``c`` leads, 0 where they are not more than expected."""
    if log_of[c] <= total:
        return 0.0
    value: float = c * (log_of[c] - total)
    if c < n:
        value += (n - c) * (log_of[n - c] - outside)
    return value


@njit(cache=True, parallel=True)
def _highest(
    drawn: Ints, near: Ints, totals: Floats, logs: Floats, log_of: Floats, least: int, n: int
) -> Floats:
    n_draws, n_places, weeks = drawn.shape
    best = np.zeros(n_draws)
    for r in prange(n_draws):
        inside = np.zeros(weeks, dtype=np.int64)
        top = 0.0
        for p in range(n_places):
            inside[:] = 0
            for k in range(near.shape[1]):
                q = near[p, k]
                if q < 0:
                    break
                changed = k == 0
                for w in range(weeks):
                    inside[w] += drawn[r, q, w]
                    changed = changed or drawn[r, q, w] > 0
                if not changed:  # the same leads in a larger circle can't score higher
                    continue
                c = 0
                for w in range(weeks):
                    c += inside[w]
                    if c >= least and inside[w] > 0:
                        value = _score(c, totals[p, k, w], logs[p, k, w], log_of, n)
                        top = max(top, value)
        best[r] = top
    return best


def _all_scores(
    counts: Ints, near: Ints, totals: Floats, logs: Floats, least: int, n: int
) -> Floats:
    """Return the score of every cylinder as observed."""
    inside = np.cumsum(np.where(near[:, :, None] >= 0, counts[near], 0), axis=1).cumsum(axis=2)
    c = inside.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = c * (np.log(c) - totals) + np.where(
            n > c, (n - c) * (np.log(np.maximum(n - c, 1e-300)) - logs), 0.0
        )
        more = (np.log(c) > totals) & (inside >= least) & np.isfinite(totals)
    return np.where(more, value, 0.0)
