"""
The figures of a replay: each method beside the simple ones, every one with its interval.

Intervals are 90 %, from drawing whole origins (the weeks after one day) again with
replacement; with fewer than ``LEAST_ORIGINS`` of them, blocks of cells within each are
drawn instead. All methods are drawn together, so that differences keep what they share.
docs/methods/score-card.md says which question each measure answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from risk import baselines, metrics
from risk.baselines import MODEL
from risk.features import Floats
from risk.reliability import reliability_rows
from risk.replay import ALL, FACILITIES, REMOTE, SHARES, SITES, STRATA, Outcomes

COLUMNS = (
    "origin_on", "target", "stratum", "method", "measure", "at", "value", "lo", "hi", "n",
)  # fmt: skip
MAIN_SHARE = 0.05
HOURS_SHARE = 0.10
PAI_SHARES = (0.01, 0.02, 0.05, 0.10)
LEAST_ORIGINS = 6
LEAST_FINDS = 10
"""With fewer later finds no method is called better than another."""
N_DRAWS = 1_000
LOW, HIGH = 0.05, 0.95
AHEAD, LEVEL, BEHIND, TOO_FEW = "ahead", "level", "behind", "too_few"
_DAY = "%Y-%m-%d"
_SHARE = np.array(SHARES)

METHODS: Mapping[str, tuple[str, ...]] = {
    SITES: (MODEL, *baselines.OF_CELLS),
    FACILITIES: (MODEL, *baselines.OF_FACILITIES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All figures (``COLUMNS``), and per target the verdict on the model with its numbers."""

    values: pd.DataFrame
    verdicts: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class _Draws:
    """Drawn numbers of each unit, shape ``(N_DRAWS, n_units)``."""

    weights: Floats
    n_units: int


def result_of(replayed: Sequence[Outcomes], doubts: Sequence[float], *, seed: int = 0) -> Result:
    """
    Return every figure of a replay.

    Parameters
    ----------
    replayed
        One per origin, in the order of time.
    doubts
        ``Said.doubt_log_sd`` of each.
    """
    if not replayed:
        return Result(values=pd.DataFrame(columns=list(COLUMNS)), verdicts={})
    rng = np.random.default_rng(seed)
    parts: list[dict[str, object]] = []
    verdicts: dict[str, Mapping[str, object]] = {}
    for target in (SITES, FACILITIES):
        later, visits = _later(replayed, target), _visits(replayed, target)
        captured, verdict = _captures(later, target, replayed, rng)
        parts += captured
        verdicts[target] = verdict | {"n_visits": len(visits)}
        parts += _of_visits(visits, target, rng)
        parts += reliability_rows(visits, target, doubt=float(np.median(doubts)), rng=rng)
        parts += _per_origin(later, visits, target, replayed)
    rows = pd.DataFrame(parts).reindex(columns=list(COLUMNS))
    return Result(values=rows, verdicts=verdicts)


def _later(replayed: Sequence[Outcomes], target: str) -> pd.DataFrame:
    """Return the later finds of a target, one row each, with the number of their origin."""
    tables = []
    for number, one in enumerate(replayed):
        rows = one.finds
        if target == FACILITIES:
            rows = one.visits[(one.visits["target"] == FACILITIES) & one.visits["found"]]
        tables.append(rows.assign(origin=number))
    return pd.concat(tables, ignore_index=True)


def _visits(replayed: Sequence[Outcomes], target: str) -> pd.DataFrame:
    tables = [
        one.visits[one.visits["target"] == target].assign(origin=number)
        for number, one in enumerate(replayed)
    ]
    return pd.concat(tables, ignore_index=True)


def in_stratum(rows: pd.DataFrame, stratum: str) -> pd.DataFrame:
    """Return the rows of a group of cells; remote ones belong to their class as well."""
    if stratum == ALL:
        return rows
    if stratum == REMOTE:
        return rows[rows["is_remote"].astype(bool)]
    return rows[rows["stratum"] == stratum]


def _units(rows: pd.DataFrame, n_origins: int) -> tuple[np.ndarray, int]:
    """Return the unit of each row that is drawn as a whole, and how many units there are."""
    origin = rows["origin"].to_numpy(np.int64)
    if n_origins >= LEAST_ORIGINS:
        return origin, n_origins
    named = origin.astype(str).astype(object) + "/" + rows["block"].astype(str).to_numpy(object)
    names, code = np.unique(named, return_inverse=True)
    return code.astype(np.int64), len(names)


def _drawn(n_units: int, rng: np.random.Generator) -> Floats:
    if n_units == 0:
        return np.zeros((N_DRAWS, 0))
    draws = rng.multinomial(n_units, np.full(n_units, 1.0 / n_units), size=N_DRAWS)
    return draws.astype(float)


def _sums(values: Floats, unit: np.ndarray, n_units: int) -> Floats:
    """Return the sum of rows per unit, shape ``(n_units, ...)``."""
    out = np.zeros((n_units, *values.shape[1:]))
    np.add.at(out, unit, values)
    return out


def _ratio(top: Floats, bottom: Floats, draws: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the ratio of two sums over units, its interval, and its drawn values."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = top.sum(axis=0) / bottom.sum(axis=0)
        drawn = (draws @ top) / (draws @ bottom)
    lo, hi = _interval(drawn)
    return value, lo, hi, drawn


def _interval(drawn: Floats) -> tuple[Floats, Floats]:
    usable = np.isfinite(drawn).any(axis=0)
    lo, hi = np.full(drawn.shape[1:], np.nan), np.full(drawn.shape[1:], np.nan)
    if usable.any():
        lo[usable], hi[usable] = np.nanquantile(drawn[:, usable], [LOW, HIGH], axis=0)
    return lo, hi


def _parts_within(rows: pd.DataFrame, method: str) -> Floats:
    """Return how much of each row lies within each of ``SHARES``, shape ``(n, n_shares)``."""
    before = rows[f"{method}.before"].to_numpy(float)[:, None]
    width = rows[f"{method}.width"].to_numpy(float)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(width > 0, (_SHARE[None, :] - before) / width, 0.0)
    return np.clip(part, 0.0, 1.0)


def _row(target: str, stratum: str, method: str, measure: str, **more: object) -> dict[str, object]:
    return {
        "origin_on": None, "target": target, "stratum": stratum, "method": method,
        "measure": measure, **more,
    }  # fmt: skip


def _captures(
    later: pd.DataFrame, target: str, replayed: Sequence[Outcomes], rng: np.random.Generator
) -> tuple[list[dict[str, object]], dict[str, object]]:
    rows: list[dict[str, object]] = []
    verdict: dict[str, object] = {"verdict": TOO_FEW, "n_finds": len(later)}
    for stratum in (ALL, *STRATA):
        some = in_stratum(later, stratum).reset_index(drop=True)
        if some.empty:
            continue
        unit, n_units = _units(some, len(replayed))
        draws = _drawn(n_units, rng)
        each = _sums(np.ones((len(some), 1)), unit, n_units)
        drawn: dict[str, Floats] = {}
        values: dict[str, Floats] = {}
        for method in METHODS[target]:
            held = _sums(_parts_within(some, method), unit, n_units)
            values[method], lo, hi, drawn[method] = _ratio(held, each, draws)
            for k, share in enumerate(SHARES):
                rows.append(
                    _row(target, stratum, method, "capture", at=share,
                         value=values[method][k], lo=lo[k], hi=hi[k], n=len(some))
                )  # fmt: skip
                if share in PAI_SHARES and stratum == ALL:
                    rows.append(
                        _row(target, stratum, method, "pai", at=share,
                             value=values[method][k] / share, lo=lo[k] / share,
                             hi=hi[k] / share, n=len(some))
                    )  # fmt: skip
            if stratum == ALL and target == SITES:
                rows += _efficiency(some, method, replayed, rng)
        lead, compared = _lead(target, stratum, values, drawn, len(some))
        rows.append(lead)
        if stratum == ALL:
            verdict = compared
    return rows, verdict


def _efficiency(
    some: pd.DataFrame, method: str, replayed: Sequence[Outcomes], rng: np.random.Generator
) -> list[dict[str, object]]:
    """Return what a method caught of the most that any choice could have, per share."""
    n = len(replayed)
    held = _sums(_parts_within(some, method), some["origin"].to_numpy(np.int64), n)
    best = np.array([one.best for one in replayed])
    draws = _drawn(n, rng) if n >= LEAST_ORIGINS else np.full((1, n), np.nan)
    value, lo, hi, _ = _ratio(held, best, draws)
    return [
        _row(SITES, ALL, method, "pei", at=share, value=value[k], lo=lo[k], hi=hi[k], n=len(some))
        for k, share in enumerate(SHARES)
        if share in PAI_SHARES
    ]


def _lead(
    target: str,
    stratum: str,
    values: Mapping[str, Floats],
    drawn: Mapping[str, Floats],
    n_finds: int,
) -> tuple[dict[str, object], dict[str, object]]:
    """Return how far the model is ahead of the best simple method at 5 %, and the verdict."""
    k = SHARES.index(MAIN_SHARE)
    simple = [name for name in METHODS[target] if name != MODEL]
    best = max(simple, key=lambda name: float(values[name][k]))
    value = float(values[MODEL][k] - values[best][k])
    lo, hi = (
        float(end[0])
        for end in _interval((drawn[MODEL][:, k] - drawn[best][:, k])[:, None])
    )  # fmt: skip
    word = AHEAD if lo > 0 else BEHIND if hi < 0 else LEVEL
    if n_finds < LEAST_FINDS:
        word = TOO_FEW
    row = _row(target, stratum, best, "lead", at=MAIN_SHARE, value=value, lo=lo, hi=hi, n=n_finds)
    return row, {
        "verdict": word,
        "n_finds": n_finds,
        "best_simple": best,
        "lead": value,
        "lead_lo": lo,
        "lead_hi": hi,
        "capture": float(values[MODEL][k]),
        "capture_best_simple": float(values[best][k]),
    }


def _of_visits(
    visits: pd.DataFrame, target: str, rng: np.random.Generator
) -> list[dict[str, object]]:
    """Return the AUC within inspector and weeks, and finds per hour where a method pointed."""
    if visits.empty:
        return []
    n_origins = int(visits["origin"].max()) + 1
    unit, n_units = _units(visits, n_origins)
    draws = _drawn(n_units, rng)
    group = visits["origin"].astype(str) + "/" + visits["inspector"].astype(str)
    # pairs of two blocks belong to no block: within inspector, origins are what is drawn
    of_origin = visits["origin"].to_numpy(np.int64)
    origin_draws = _drawn(n_origins, rng) if n_origins >= LEAST_ORIGINS else None
    rows = []
    hours = visits["hours"].fillna(visits["hours"].median()).fillna(1.0).to_numpy(float)
    found = visits["found"].to_numpy(float)
    k = SHARES.index(HOURS_SHARE)
    for method in METHODS[target]:
        right, pairs, code = metrics.auc_pairs(visits[method], visits["found"], group)
        origin_of_group = np.zeros(len(pairs), dtype=np.int64)
        origin_of_group[code] = of_origin
        top = _sums(right[:, None], origin_of_group, n_origins)
        bottom = _sums(pairs[:, None], origin_of_group, n_origins)
        if pairs.sum() > 0:
            wanted = np.full((1, n_origins), np.nan) if origin_draws is None else origin_draws
            value, lo, hi, _ = _ratio(top, bottom, wanted)
            rows.append(
                _row(target, ALL, method, "auc_within_inspector", value=value[0], lo=lo[0],
                     hi=hi[0], n=float(pairs.sum()))
            )  # fmt: skip
        part = _parts_within(visits, method)[:, k]
        if (part * hours).sum() > 0:
            top = _sums((part * found)[:, None], unit, n_units)
            bottom = _sums((part * hours)[:, None], unit, n_units)
            value, lo, hi, _ = _ratio(top, bottom, draws)
            rows.append(
                _row(target, ALL, method, "finds_per_hour", at=HOURS_SHARE, value=value[0],
                     lo=lo[0], hi=hi[0], n=float((part * hours).sum()))
            )  # fmt: skip
    return rows


def _per_origin(
    later: pd.DataFrame, visits: pd.DataFrame, target: str, replayed: Sequence[Outcomes]
) -> list[dict[str, object]]:
    """Return capture at 5 % of every origin by itself, and its visits with and without find."""
    k = SHARES.index(MAIN_SHARE)
    rows: list[dict[str, object]] = []
    for number, one in enumerate(replayed):
        on = one.as_of.strftime(_DAY)
        some = later[later["origin"] == number]
        seen = visits[visits["origin"] == number]
        for method in METHODS[target]:
            value = float(_parts_within(some, method)[:, k].mean()) if len(some) else float("nan")
            row = _row(
                target, ALL, method, "capture", at=MAIN_SHARE, value=value, n=float(len(some))
            )
            rows.append(row | {"origin_on": on})
        row = _row(
            target, ALL, MODEL, "visits", value=float(seen["found"].sum()), n=float(len(seen))
        )
        rows.append(row | {"origin_on": on})
    return rows
