"""
Whether the probabilities are right: what visits found beside what was said before them.

Visits drawn at random are the honest test, since nobody chose where to look; where there
are too few of them, all visits are taken, and the row says so by its stratum of visits.
"""

import numpy as np
import pandas as pd
from scipy.stats import beta

from risk import metrics
from risk.baselines import MODEL
from risk.features import Floats
from risk.replay import ALL, REMOTE, STRATA

EDGES = (0.0, 0.02, 0.05, 0.10, 0.20, 0.40, 1.0)
LEAST_RANDOM = 30
"""Random visits from which on they alone judge the probabilities."""
RANDOM_ARM, ANY_ARM = "random", "any"
AGREES, TOO_LOW, TOO_HIGH, TOO_FEW = "agrees", "too_low", "too_high", "too_few"
LEAST_POWER = 0.5
"""Chance of noticing finds twice (or half) what was said, below which nothing is told."""
_N_DRAWS = 4_000
_LOW, _HIGH = 0.05, 0.95


def reliability_rows(
    visits: pd.DataFrame, target: str, *, doubt: float, rng: np.random.Generator
) -> list[dict[str, object]]:
    """
    Return the reliability curve, the Brier scores and the checks per stratum.

    Parameters
    ----------
    visits
        ``p``, ``found``, ``arm``, ``weight`` (one over the inclusion probability),
        ``stratum``, ``is_remote``.
    doubt
        Doubt of the common level of all probabilities, log units.
    """
    usable = visits[visits["p"].notna()]
    drawn = usable[usable["arm"] == "random"]
    is_random = len(drawn) >= LEAST_RANDOM
    some = drawn if is_random else usable
    if some.empty:
        return []
    p, found = some["p"].to_numpy(float), some["found"].to_numpy(bool)
    weights = some["weight"].fillna(1.0).to_numpy(float) if is_random else np.ones(len(some))
    arm = RANDOM_ARM if is_random else ANY_ARM
    rows = [_row(target, ALL, "reliability", **one) for one in curve(p, found)]
    base = np.full(len(p), float((weights * found).sum() / weights.sum()))
    rows += [
        _row(target, ALL, "brier", value=metrics.brier(p, found, weights=weights), n=len(p)),
        _row(target, ALL, "brier_base", value=metrics.brier(base, found, weights=weights),
             n=len(p)),
    ]  # fmt: skip
    for stratum in (ALL, *STRATA):
        inside = np.ones(len(some), dtype=bool)
        if stratum == REMOTE:
            inside = some["is_remote"].to_numpy(bool)
        elif stratum != ALL:
            inside = (some["stratum"] == stratum).to_numpy(bool)
        if inside.any():
            check = compared(p[inside], found[inside], doubt=doubt, rng=rng)
            rows.append(_row(target, stratum, f"said_{arm}", **check["said"]))
            rows.append(_row(target, stratum, f"found_{arm}", **check["found"]))
            rows.append(_row(target, stratum, f"power_{arm}", **check["power"]))
    return rows


def _row(target: str, stratum: str, measure: str, **more: object) -> dict[str, object]:
    return {
        "origin_on": None, "target": target, "stratum": stratum, "method": MODEL,
        "measure": measure, **more,
    }  # fmt: skip


def curve(p: Floats, found: np.ndarray) -> list[dict[str, float]]:
    """
    Return one point per class of said probability: mean said, share found with 90 % interval.

    The interval is that of Jeffreys for a share; it takes the visits of a class as alike.
    """
    points = []
    bins = np.clip(np.searchsorted(EDGES, p, side="right") - 1, 0, len(EDGES) - 2)
    for k in range(len(EDGES) - 1):
        inside = bins == k
        n, yes = int(inside.sum()), int(found[inside].sum())
        if n == 0:
            continue
        lo, hi = beta.ppf([_LOW, _HIGH], yes + 0.5, n - yes + 0.5)
        points.append(
            {
                "at": float(p[inside].mean()),
                "value": yes / n,
                "lo": 0.0 if yes == 0 else float(lo),
                "hi": 1.0 if yes == n else float(hi),
                "n": float(n),
            }
        )
    return points


def compared(
    p: Floats, found: np.ndarray, *, doubt: float, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """
    Return the finds that were to be expected with their interval, the actual ones, the power.

    The interval holds chance and the doubt of the common level. ``power`` is the
    chance of noticing that the finds are twice, or half, what was said, whichever shows more.
    """
    level = np.exp(doubt * rng.standard_normal(_N_DRAWS) - 0.5 * doubt**2)
    sums = _drawn_sums(p, level, rng)
    lo, hi = np.quantile(sums, [_LOW, _HIGH])
    many = float((_drawn_sums(p, 2.0 * level, rng) > hi).mean())
    few = float((_drawn_sums(p, 0.5 * level, rng) < lo).mean())
    n = float(len(p))
    return {
        "said": {"value": float(p.sum()), "lo": float(lo), "hi": float(hi), "n": n},
        "found": {"value": float(found.sum()), "n": n},
        "power": {"value": max(many, few), "n": n},
    }


def _drawn_sums(p: Floats, level: Floats, rng: np.random.Generator) -> Floats:
    """Return drawn numbers of finds: a sum of independent chances, by its first two moments."""
    chance = np.clip(level[:, None] * p[None, :], 0.0, 0.999)
    mean, spread = chance.sum(axis=1), (chance * (1.0 - chance)).sum(axis=1)
    # a binomial with the same mean and variance: exact for equal chances
    share = np.clip(1.0 - spread / np.maximum(mean, 1e-12), 1e-9, 0.999)
    n = np.maximum(np.rint(mean / share), 1.0)
    sums: Floats = rng.binomial(n.astype(np.int64), np.clip(mean / n, 0.0, 1.0)).astype(float)
    return sums


def verdict(said_lo: float, said_hi: float, n_found: float, power: float) -> str:
    """Return the word for a check: agrees, too low, too high, or too few to tell."""
    if n_found > said_hi:
        return TOO_LOW
    if n_found < said_lo:
        return TOO_HIGH
    return AGREES if power >= LEAST_POWER else TOO_FEW
