"""Where a stake-out is likeliest to meet somebody who moves about."""

from datetime import date

import pandas as pd
import pytest

from risk.markets import MarketParams
from risk.track_next import likely_stops

FIRST = date(2026, 6, 1)  # a Monday


def villages(n=12):
    """Return villages on a line, 3 km apart, in townships of four."""
    return pd.DataFrame(
        {
            "area_code": [f"99010100{v // 4}{v:03d}" for v in range(n)],
            "name": [f"试{v}村" for v in range(n)],
            "district_code": "990101",
            "township_code": [f"99010100{v // 4}" for v in range(n)],
            "township_name": [f"试{v // 4}镇" for v in range(n)],
            "lon": [112.5 + 0.03 * v for v in range(n)],
            "lat": 23.5,
            "population": 1000.0,
        }
    )


def seen(table, *visits):
    """Return the codes and days of some visits."""
    return [(table["area_code"][v], date(2026, 5, day)) for v, day in visits]


def test_market_days_decide_the_day_and_the_hours():
    """A practitioner of the markets is met on market mornings, not on any evening."""
    table = villages()
    markets = MarketParams(days={"试1镇": "weekly:4"})
    stops = likely_stops(seen(table, (0, 10), (2, 14), (4, 19)), table, markets, first_day=FIRST)
    at_market = [stop for stop in stops if stop.day.isoweekday() == 4]
    assert at_market
    assert at_market[0].area_code.startswith("990101001")
    assert (at_market[0].from_s, at_market[0].to_s) == (markets.from_s, markets.to_s)
    assert "当日有集市" in {reason.template for reason in at_market[0].reasons}
    others = [stop for stop in stops if stop not in at_market]
    assert all(stop.from_s == markets.evening_from_s for stop in others)


def test_near_villages_and_old_haunts_come_first():
    """Who always came back to two villages is awaited there."""
    table = villages()
    route = seen(table, (1, 2), (3, 6), (1, 10), (3, 14), (1, 18), (3, 22))
    stops = likely_stops(route, table, MarketParams(), first_day=FIRST)
    assert {stop.area_code for stop in stops[:2]} == {table["area_code"][1], table["area_code"][3]}
    fresh = likely_stops(seen(table, (0, 10)), table, MarketParams(), first_day=FIRST, most=12)
    by_code = {stop.area_code: stop.chance for stop in fresh}
    assert by_code[table["area_code"][1]] > by_code[table["area_code"][9]]


def test_chances_of_a_day_are_shares():
    """A chance above one, or five of them that add up to two, would be believed by nobody."""
    table = villages()
    stops = likely_stops(seen(table, (0, 10), (2, 14)), table, MarketParams(), first_day=FIRST,
                         n_days=1, most=12)  # fmt: skip
    assert sum(stop.chance for stop in stops) == pytest.approx(1.0)
    assert all(stop.day == FIRST for stop in stops)


def test_a_track_in_unknown_villages_gives_no_stops():
    """No area list, no guess."""
    table = villages()
    assert likely_stops([("000000000000", FIRST)], table, MarketParams(), first_day=FIRST) == []
    assert likely_stops([], table, MarketParams(), first_day=FIRST) == []
    one = table.head(1)
    alone = likely_stops(seen(table, (0, 10)), one, MarketParams(), first_day=FIRST)
    assert [stop.area_code for stop in alone] == [table["area_code"][0]]


def test_villages_without_residents_known_are_taken_as_usual_ones():
    """A missing number must not rule a village out."""
    table = villages().assign(population=float("nan"))
    assert len(likely_stops(seen(table, (0, 10)), table, MarketParams(), first_day=FIRST)) == 5
