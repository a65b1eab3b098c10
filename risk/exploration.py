"""
The random arm: whom chance picks, what that says of the whole, and whether it fits the model.

Cells are drawn with chances that are fixed beforehand and kept, so that finds of drawn
visits, weighted by one over the chance, estimate what searches of the whole area would
find: detectable prevalence, free of any model. docs/methods/exploration.md has the
formulas.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CLASSES = {
    "111": "urban", "121": "urban", "123": "urban", "112": "fringe", "122": "fringe",
    "210": "rural", "220": "rural",
}  # fmt: skip
_NODES = 41


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorationParams:
    """
    How much is explored, where, and when the random arm speaks up. Assumptions (A).

    Parameters
    ----------
    share
        Share of the week's officer hours that go to random visits, 0 to 1.
    remote_share
        This share of the cells, those farthest from the seat, counts as remote.
    remote_weight
        Times as likely to be drawn as others, remote cells.
    unknown_weight
        Times as likely to be drawn as others, cells nobody has searched.
    travel_minutes
        Time of way counted for each random visit beside the search.
    weeks
        Visits of so many weeks back are in the estimate.
    least_visits
        Fewer visits made give no statement.
    alarm_p
        The alarm is raised where the model gives so many or so few finds at most this chance
        on either side.
    power
        With this chance an error of the model by a factor of 2 should be noticed.
    model_log_sd
        Doubt in the model's expected number where a run gives no interval, log scale.
    """

    share: float = 0.15
    remote_share: float = 1 / 3
    remote_weight: float = 2.0
    unknown_weight: float = 1.5
    travel_minutes: int = 40
    weeks: int = 52
    least_visits: int = 20
    alarm_p: float = 0.05
    power: float = 0.8
    model_log_sd: float = 0.3

    def __post_init__(self) -> None:
        """Refuse values that could not be meant."""
        if not (0 <= self.share <= 0.5 and 0 < self.remote_share < 1):
            raise ValueError("share must be 0 to 0.5, remote_share between 0 and 1")
        if (
            min(self.remote_weight, self.unknown_weight) < 1
            or min(self.weeks, self.least_visits) < 2
        ):
            raise ValueError("weights must be at least 1, weeks and visits at least 2")
        if not (0 < self.alarm_p < 0.5 and 0 < self.power < 1 and self.model_log_sd >= 0):
            raise ValueError("alarm_p and power must be shares, model_log_sd not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """
    Share of the places where a search finds something, by the random arm alone.

    ``share`` with its 90 % interval is weighted for who did not answer; ``lowest`` and
    ``highest`` are what it would be if none, or all, of the visits not made had found
    something. ``n_effective`` is how many equal draws are as informative. All are None
    where nothing was visited.
    """

    n_drawn: int
    n_made: int
    n_found: int
    share: float | None = None
    lo: float | None = None
    hi: float | None = None
    lowest: float | None = None
    highest: float | None = None
    n_effective: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """
    Finds of the random arm beside what the model foretold for the same visits.

    ``state`` is ``agrees``, ``too_low`` or ``too_high`` (the model) or ``too_few``;
    ``power_low`` and ``power_high`` are the chances that the alarm would be raised if the
    truth were twice, or half, of what the model says; ``n_more`` visits are missing until
    the smaller error is noticed with the wished chance (None: enough, or not foreseeable).
    """

    state: str
    n_visits: int
    observed: int
    predicted: float
    lo: int
    hi: int
    tail: float
    power_low: float
    power_high: float
    n_more: int | None


def strata(cells: pd.DataFrame, params: ExplorationParams) -> pd.Series:
    """
    Return the stratum of each cell: class, remoteness, whether it was ever searched.

    ``cells`` has ``urban_rural_code``, ``minutes_to_seat`` (may be missing), ``knowledge``.
    """
    group = cells["urban_rural_code"].map(CLASSES).fillna("unknown")
    minutes = cells["minutes_to_seat"].astype(float)
    remote = pd.Series(False, index=cells.index)
    if minutes.notna().any():
        far = float(minutes.quantile(1 - params.remote_share))
        remote = minutes.fillna(-1.0) >= far if far > minutes.min() else remote
    unseen = cells["knowledge"].astype(float).fillna(0.0) <= 0
    return (
        group + np.where(remote, "-remote", "-near") + np.where(unseen, "-unsearched", "-searched")
    )


def chances(stratum: pd.Series, n: float, params: ExplorationParams) -> Floats:
    """Return each cell's chance to be drawn; they add up to ``n``, none is 0 or above 1."""
    weight = np.where(stratum.str.contains("-remote"), params.remote_weight, 1.0)
    weight = weight * np.where(stratum.str.endswith("-unsearched"), params.unknown_weight, 1.0)
    if n >= len(weight):
        return np.ones(len(weight))
    certain = np.zeros(len(weight), dtype=bool)
    while True:
        rest = weight[~certain].sum()
        chance = np.where(certain, 1.0, weight * (n - certain.sum()) / rest)
        over = ~certain & (chance > 1.0)
        if not over.any():
            return np.asarray(chance)
        certain |= over


def draw(cells: pd.DataFrame, n: int, params: ExplorationParams, *, seed: int) -> pd.DataFrame:
    """
    Draw ``n`` cells with fixed chances, spread over the strata.

    Parameters
    ----------
    cells
        The list to draw from: ``cell_id`` and what ``strata`` reads.
    n
        Cells to draw; all are taken where there are no more.
    seed
        The same list and seed give the same draw, in whatever order the list comes.

    Returns
    -------
    frame
        The list with ``stratum``, ``inclusion_prob`` and ``drawn``, sorted by cell. The
        draw is systematic over the list in stratum order, so that no stratum is left
        out by chance beyond a rounding.
    """
    frame = cells.sort_values("cell_id", ignore_index=True)
    frame = frame.assign(stratum=strata(frame, params))
    if n <= 0 or frame.empty:
        return frame.assign(inclusion_prob=0.0, drawn=False)
    rng = np.random.default_rng(seed)
    chance = chances(frame["stratum"], min(n, len(frame)), params)
    mixed = rng.permutation(len(frame))
    order = mixed[np.argsort(frame["stratum"].to_numpy()[mixed], kind="stable")]
    ends = np.cumsum(chance[order])
    ticks = rng.random() + np.arange(round(ends[-1]))
    # a tick at the very end may fall beyond the sum by rounding
    hit = np.minimum(np.searchsorted(ends, ticks, side="right"), len(frame) - 1)
    drawn = np.zeros(len(frame), dtype=bool)
    drawn[order[hit]] = True
    return frame.assign(inclusion_prob=chance, drawn=drawn)


def frame_hash(frame: pd.DataFrame) -> str:
    """Return the hash of a list that was drawn from: cells, strata and chances."""
    lines = [
        f"{cell},{stratum},{chance:.12g}"
        for cell, stratum, chance in zip(
            frame["cell_id"], frame["stratum"], frame["inclusion_prob"], strict=True
        )
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def estimate(visits: pd.DataFrame, *, level: float = 0.9) -> Estimate:
    """
    Return the share of places with something to find, from drawn visits alone.

    Parameters
    ----------
    visits
        One row per drawn visit that is due: ``inclusion_prob``, ``stratum``, ``made`` and
        ``found`` (both booleans; found only where made).

    Returns
    -------
    estimate
        Hajek's ratio; weights of visits not made go to those made in the same stratum.
        The interval is Korn and Graubard's: Clopper and Pearson at the effective number.
    """
    n_drawn = len(visits)
    made = visits["made"].to_numpy(dtype=bool)
    found = visits["found"].to_numpy(dtype=bool) & made
    told = Estimate(n_drawn=n_drawn, n_made=int(made.sum()), n_found=int(found.sum()))
    if not made.any():
        return told
    base = 1.0 / visits["inclusion_prob"].to_numpy(dtype=float)
    weight = _answering(base, made, visits["stratum"].astype(str))[made]
    y = found[made].astype(float)
    share = float((weight * y).sum() / weight.sum())
    lo, hi, effective = _interval(y, weight, share, level)
    total = base.sum()
    low = float((base * found).sum() / total)
    return Estimate(
        n_drawn=n_drawn, n_made=told.n_made, n_found=told.n_found, share=share, lo=lo, hi=hi,
        lowest=low, highest=float(low + base[~made].sum() / total), n_effective=effective,
    )  # fmt: skip


def _answering(base: Floats, made: Bools, stratum: pd.Series) -> Floats:
    """Return weights where the visits made stand for those not made, stratum by stratum."""
    codes, names = pd.factorize(stratum)
    drawn = np.bincount(codes, weights=base, minlength=len(names))
    heard = np.bincount(codes, weights=base * made, minlength=len(names))
    # a stratum without any visit made is carried by all the others
    silent = drawn[heard == 0].sum()
    factor = np.divide(drawn, heard, out=np.zeros_like(drawn), where=heard > 0)
    factor *= 1.0 + silent / max(drawn[heard > 0].sum(), 1e-300)
    return np.asarray(base * factor[codes] * made)


def _interval(y: Floats, weight: Floats, share: float, level: float) -> tuple[float, float, float]:
    n = len(y)
    kish = float(weight.sum() ** 2 / (weight**2).sum())
    effective = kish
    if 0 < share < 1 and n > 1:
        parts = weight * (y - share) / weight.sum()
        variance = n / (n - 1) * float((parts**2).sum())
        effective = min(float(n), share * (1 - share) / variance)
        # few visits know their own variance badly
        shrink = (
            stats.t.ppf(0.5 + level / 2, max(n - 1, 1)) / stats.norm.ppf(0.5 + level / 2)
        ) ** 2
        effective = min(effective / shrink, kish) if n < 30 else min(effective, kish)
    count, tail = share * effective, (1 - level) / 2
    lo = float(stats.beta.ppf(tail, count, effective - count + 1)) if count > 0 else 0.0
    hi = float(stats.beta.ppf(1 - tail, count + 1, effective - count)) if count < effective else 1.0
    return lo, hi, effective


def judge(
    predicted: Floats, found: Bools, params: ExplorationParams, *, log_sd: float | None = None
) -> Alarm:
    """
    Compare the finds of random visits with what the model foretold for each of them.

    Parameters
    ----------
    predicted
        Chance of a find at each visit made, as scored before it.
    found
        Whether something was found.
    log_sd
        Doubt in the model's total on the log scale; the setting if None.
    """
    doubt = params.model_log_sd if log_sd is None else log_sd
    chance = np.clip(np.asarray(predicted, dtype=float), 0.0, 1.0)
    observed, total = int(np.sum(found)), float(chance.sum())
    spread = _predictive(chance, doubt)
    at_most = np.cumsum(spread)
    at_least = 1.0 - at_most + spread
    tail = float(min(at_most[observed], at_least[observed]))
    low_bound = int(np.searchsorted(at_most, params.alarm_p, side="right"))
    high = np.flatnonzero(at_least <= params.alarm_p)
    high_bound = int(high[0]) - 1 if len(high) else len(chance)
    power_low = _beyond(np.clip(2 * chance, 0, 1), low_bound, high_bound)
    power_high = _beyond(chance / 2, low_bound, high_bound)
    state = "agrees"
    if len(chance) < params.least_visits:
        state = "too_few"
    elif observed > high_bound:
        state = "too_low"
    elif observed < low_bound:
        state = "too_high"
    elif power_low < 0.5:
        state = "too_few"
    return Alarm(
        state=state, n_visits=len(chance), observed=observed, predicted=total, lo=low_bound,
        hi=high_bound, tail=tail, power_low=power_low, power_high=power_high,
        n_more=_missing(chance, doubt, params, power_low),
    )  # fmt: skip


def _predictive(chance: Floats, log_sd: float) -> Floats:
    """Return how likely each number of finds is under the model and its doubt."""
    if log_sd <= 0:
        return _sums(chance[None, :])[0]
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    factor = np.exp(log_sd * nodes - 0.5 * log_sd**2)
    each = _sums(np.clip(factor[:, None] * chance[None, :], 0.0, 1.0))
    mixed: Floats = weights @ each / weights.sum()
    return mixed


def _sums(chance: Floats) -> Floats:
    """Return the distribution of the number of finds, one row per row of chances."""
    spread = np.zeros((chance.shape[0], chance.shape[1] + 1))
    spread[:, 0] = 1.0
    for p in chance.T:
        moved = spread[:, :-1] * p[:, None]
        spread *= (1.0 - p)[:, None]
        spread[:, 1:] += moved
    return spread


def _beyond(chance: Floats, lo: int, hi: int) -> float:
    """Return the chance of fewer than ``lo`` or more than ``hi`` finds."""
    spread = _sums(chance[None, :])[0]
    return float(spread[:lo].sum() + spread[hi + 1 :].sum())


def _missing(chance: Floats, log_sd: float, params: ExplorationParams, power: float) -> int | None:
    """Return how many more visits of the same kind would notice a model half as high as true."""
    n = len(chance)
    if n == 0 or chance.sum() <= 0 or (power >= params.power and n >= params.least_visits):
        return None
    mean = float(chance.mean())
    for more in _STEPS:
        total = mean * (n + more)
        if n + more >= params.least_visits and _rough_power(total, log_sd, params.alarm_p) >= (
            params.power
        ):
            return more
    return None


_STEPS = (*range(5, 100, 5), *range(100, 500, 20), *range(500, 5001, 100))


def _rough_power(total: float, log_sd: float, alarm_p: float) -> float:
    """Return the power for a total of small chances: sums of them are Poisson."""
    most = int(4 * total + 30)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    means = total * np.exp(log_sd * nodes - 0.5 * log_sd**2)
    counts = np.arange(most + 1)
    at_least = (weights @ stats.poisson.sf(counts[None, :] - 1, means[:, None])) / weights.sum()
    over = np.flatnonzero(at_least <= alarm_p)
    return float(stats.poisson.sf(counts[over[0]] - 1, 2 * total)) if len(over) else 0.0
