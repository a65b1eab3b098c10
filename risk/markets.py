"""
Market days: which days a township holds its market, by weekday, date or lunar date.

A rule is ``weekly:3,6`` (Monday is 1), ``solar:1,4,7`` or ``lunar:1,4,7``: days of the
month whose last digit is 1, 4 or 7 (逢一四七), of the calendar month or of the lunar
month (农历). The lunar month begins on the day of the new moon in Chinese time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("Asia/Shanghai")
_MONTH = 29.530588861
_KINDS = ("weekly", "solar", "lunar")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketParams:
    """
    Market days and the hours at which somebody who moves about can be met. Assumptions (A).

    Parameters
    ----------
    days
        Code or name of a township and its rule: weekly:3,6 or solar:1,4,7 or lunar:2,5,8.
    default
        Rule of townships not named; empty: unknown.
    from_s, to_s
        Hours of a market, seconds from midnight.
    evening_from_s, evening_to_s
        Hours without a market: people come after work.
    weight
        How much likelier a practitioner is met on a market day, until tracks tell.
    """

    days: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    from_s: int = 30_600
    to_s: int = 43_200
    evening_from_s: int = 61_200
    evening_to_s: int = 75_600
    weight: float = 3.0

    def __post_init__(self) -> None:
        """Refuse rules that can't be read, and hours that end before they begin."""
        for rule in (*self.days.values(), *filter(None, [self.default])):
            _digits(rule)
        if self.from_s >= self.to_s or self.evening_from_s >= self.evening_to_s:
            raise ValueError("hours must end after they begin")
        if self.weight < 1:
            raise ValueError("weight must be at least 1")

    def rule_of(self, code: str | None, name: str | None) -> str:
        """Return the rule of a township, empty where none is known."""
        for key in (code, name):
            if key and key in self.days:
                return self.days[key]
        return self.default


def is_market_day(rule: str, day: date) -> bool:
    """Return whether a rule names a day; an empty rule names none."""
    if not rule:
        return False
    kind, digits = _digits(rule)
    if kind == "weekly":
        return day.isoweekday() in digits
    number = day.day if kind == "solar" else lunar_day(day)
    return number % 10 in {digit % 10 for digit in digits}


def _digits(rule: str) -> tuple[str, frozenset[int]]:
    kind, _, listed = rule.partition(":")
    parts = [part.strip() for part in listed.split(",")]
    most = 7 if kind == "weekly" else 10
    if kind not in _KINDS or not all(p.isdigit() and 1 <= int(p) <= most for p in parts):
        raise ValueError(
            f"market days must be like weekly:3,6 or solar:1,4,7 or lunar:2,5,8, got {rule!r}"
        )
    return kind, frozenset(int(part) for part in parts)


def lunar_day(day: date) -> int:
    """Return the day of the Chinese lunar month, 1 to 30."""
    return (day - _month_start(day)).days + 1


@lru_cache(maxsize=4096)
def _month_start(day: date) -> date:
    k = math.floor((day - date(2000, 1, 6)).days / _MONTH) + 2
    while (start := _new_moon(k)) > day:
        k -= 1
    return start


@lru_cache(maxsize=4096)
def _new_moon(k: int) -> date:
    """Return the day in China of new moon ``k`` (0: 6 January 2000), after Meeus, chapter 49."""
    t = k / 1236.85
    jde = 2451550.09766 + 29.530588861 * k + 0.00015437 * t**2
    e = 1 - 0.002516 * t - 0.0000074 * t**2
    sun = math.radians(2.5534 + 29.1053567 * k - 0.0000014 * t**2)
    moon = math.radians(201.5643 + 385.81693528 * k + 0.0107582 * t**2)
    node = math.radians(160.7108 + 390.67050284 * k - 0.0016118 * t**2)
    omega = math.radians(124.7746 - 1.56375588 * k + 0.0020672 * t**2)
    terms = (
        (-0.40720, moon), (0.17241 * e, sun), (0.01608, 2 * moon), (0.01039, 2 * node),
        (0.00739 * e, moon - sun), (-0.00514 * e, moon + sun), (0.00208 * e * e, 2 * sun),
        (-0.00111, moon - 2 * node), (-0.00057, moon + 2 * node), (0.00056 * e, 2 * moon + sun),
        (-0.00042, 3 * moon), (0.00042 * e, sun + 2 * node), (0.00038 * e, sun - 2 * node),
        (-0.00024 * e, 2 * moon - sun), (-0.00017, omega),
        (0.000325, math.radians(299.77 + 0.107408 * k - 0.009173 * t**2)),
        (0.000165, math.radians(251.88 + 0.016321 * k)),
        (0.000164, math.radians(251.83 + 26.651886 * k)),
    )  # fmt: skip
    jde += sum(size * math.sin(angle) for size, angle in terms)
    # terrestrial time is ahead of the clock by some 69 s in these decades
    seconds = (jde - 2440587.5) * 86_400 - 69
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.astimezone(_ZONE).date()
