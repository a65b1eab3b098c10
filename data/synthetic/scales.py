"""How large a made-up place is, and the fixed dates of its history."""

import zlib
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

END = date(2026, 11, 22)
"""Last day of the history: a Sunday."""
N_WEEKS = 104
"""Weeks of history."""
CAMPAIGN_WEEKS = (66, 92)
"""The campaign of the reference numbers runs from the first week to before the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """
    Sizes of one made-up place.

    ``share`` is the part of a prefecture's reference numbers (docs/demo-city.md)
    that this place should show.
    """

    name: str
    width_m: float
    height_m: float
    area_km2: float
    n_districts: int
    n_streets: int
    n_townships: int
    n_villages: int
    population: float
    city_population: float
    share: float


SCALES = {
    "county": Scale(
        name="county",
        width_m=62_000.0,
        height_m=58_000.0,
        area_km2=1_500.0,
        n_districts=1,
        n_streets=3,
        n_townships=9,
        n_villages=160,
        population=420_000.0,
        city_population=120_000.0,
        share=0.1,
    ),
    "prefecture": Scale(
        name="prefecture",
        width_m=184_000.0,
        height_m=160_000.0,
        area_km2=15_000.0,
        n_districts=8,
        n_streets=11,
        n_townships=89,
        n_villages=1_600,
        population=4_200_000.0,
        city_population=820_000.0,
        share=1.0,
    ),
}


def random_for(seed: int, topic: str) -> np.random.Generator:
    """Make the generator of one topic, so that a change in one leaves the others alone."""
    return np.random.default_rng([seed, zlib.crc32(topic.encode())])


def week_starts(end: date) -> list[date]:
    """List the Mondays of the history that ends on the Sunday ``end``."""
    first = end - timedelta(days=7 * N_WEEKS - 1)
    return [first + timedelta(days=7 * week) for week in range(N_WEEKS)]


def campaign_dates(end: date) -> tuple[date, date]:
    """Give the first and the last day of the campaign of the reference numbers."""
    starts = week_starts(end)
    return starts[CAMPAIGN_WEEKS[0]], starts[CAMPAIGN_WEEKS[1]] - timedelta(days=1)
