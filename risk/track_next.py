"""Where somebody who moves about may be met next: villages, days and hours for a stake-out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import Message
from risk.markets import MarketParams, is_market_day
from risk.track_pairs import plane

Floats = NDArray[np.float64]

_USUAL_HOP_M = 8_000.0
_HOP_STRENGTH = 3.0
_FURTHEST_M = 40_000.0
_JUST_LEFT_DAYS = 3
_JUST_LEFT = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """
    A village, a day and hours; ``chance`` is its share among all villages on that day.

    It says where, if anybody works that day; whether anybody does is not known.
    """

    area_code: str
    name: str
    district_code: str | None
    lon: float
    lat: float
    day: date
    from_s: int
    to_s: int
    chance: float
    reasons: tuple[Message, ...]


def likely_stops(
    seen: Sequence[tuple[str, date]],
    villages: pd.DataFrame,
    markets: MarketParams,
    *,
    first_day: date,
    n_days: int = 7,
    most: int = 5,
) -> list[Stop]:
    """
    Return the likeliest villages of the next days, each on its likeliest day.

    Parameters
    ----------
    seen
        Village code and day of each report of the track, in order of time.
    villages
        ``area_code``, ``name``, ``district_code``, ``township_code``, ``township_name``,
        ``lon``, ``lat``, ``population``.
    markets
        Market days and hours.
    first_day
        The first day that is looked at.
    """
    villages = villages.reset_index(drop=True)
    position = {code: n for n, code in enumerate(villages["area_code"].astype(str))}
    known = [(position[code], day) for code, day in seen if code in position]
    if not known:
        return []
    points = plane(villages["lon"].to_numpy(float), villages["lat"].to_numpy(float))
    at = np.array([n for n, _ in known])
    usual = _usual(at, points, villages["population"].to_numpy(float))
    rules = [
        markets.rule_of(code, name)
        for code, name in zip(villages["township_code"], villages["township_name"], strict=True)
    ]
    weight = _market_weight(known, rules, markets)
    last, last_day = known[-1]
    metres = np.hypot(*(points - points[last]).T)
    best: dict[int, tuple[float, date, bool]] = {}
    for step in range(n_days):
        day = first_day + timedelta(days=step)
        has_market = np.array([is_market_day(rule, day) for rule in rules])
        worth = usual * np.where(has_market, weight, 1.0)
        if (day - last_day).days <= _JUST_LEFT_DAYS:
            worth[last] *= _JUST_LEFT
        if worth.sum() <= 0:
            continue
        share = worth / worth.sum()
        for n in np.argsort(-share, kind="stable")[: 2 * most].tolist():
            if n not in best or share[n] > best[n][0]:
                best[n] = (float(share[n]), day, bool(has_market[n]))
    chosen = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))[:most]
    visits = np.bincount(at, minlength=len(villages))
    stops = []
    for n, (chance, day, on_market) in chosen:
        row = villages.iloc[n]
        reasons = [Message("距上次出现约 {n} 公里", {"n": f"{metres[n] / 1000:.1f}"})]
        if visits[n]:
            reasons.insert(0, Message("以前出现过 {n} 次", {"n": int(visits[n])}))
        if on_market:
            reasons.append(Message("当日有集市"))
        stops.append(
            Stop(
                area_code=str(row["area_code"]),
                name=str(row["name"]),
                district_code=None if pd.isna(row["district_code"]) else str(row["district_code"]),
                lon=float(row["lon"]),
                lat=float(row["lat"]),
                day=day,
                from_s=markets.from_s if on_market else markets.evening_from_s,
                to_s=markets.to_s if on_market else markets.evening_to_s,
                chance=chance,
                reasons=tuple(reasons),
            )
        )
    return stops


def _usual(at: NDArray[np.int64], points: Floats, people: Floats) -> Floats:
    """Return each village's share on a day without markets: back where he was, or a new place."""
    hops = np.hypot(*np.diff(points[at], axis=0).T) if len(at) > 1 else np.zeros(0)
    before: set[int] = set()
    returns = 0
    for n in at.tolist():
        returns += n in before
        before.add(n)
    again = (returns + 1) / (len(at) + 2)
    reach = (hops.sum() + _HOP_STRENGTH * _USUAL_HOP_M) / (len(hops) + _HOP_STRENGTH)
    metres = np.hypot(*(points - points[at[-1]]).T)
    people = np.where(np.isfinite(people) & (people > 0), people, np.nan)
    filled = np.nanmedian(people) if np.isfinite(people).any() else 1.0
    fresh = np.where(np.isfinite(people), people, filled) * np.exp(-metres / reach)
    fresh[metres > _FURTHEST_M] = 0.0
    fresh[at] = 0.0
    old = np.bincount(at, minlength=len(points)).astype(float)
    total: Floats = again * old / old.sum()
    if fresh.sum() > 0:
        total = total + (1 - again) * fresh / fresh.sum()
    return total


def _market_weight(
    known: Sequence[tuple[int, date]], rules: Sequence[str], markets: MarketParams
) -> float:
    """Return how much likelier market days are, by the track's own days where it has enough."""
    told = [(rules[n], day) for n, day in known if rules[n]]
    if len(told) < 3:
        return markets.weight
    on = sum(is_market_day(rule, day) for rule, day in told)
    days = [told[0][1] + timedelta(days=n) for n in range(60)]
    base = float(np.mean([is_market_day(rule, day) for rule, _ in told for day in days]))
    share = (on + 1) / (len(told) + 2)
    odds = share * (1.0 - base) / max((1.0 - share) * base, 1e-9)
    return float(np.clip(odds, 1.0, 10.0))
