"""Market days: the best-known hours of somebody who moves from village to village."""

from datetime import date, timedelta

import pytest

from risk.markets import MarketParams, is_market_day, lunar_day

NEW_YEARS = (
    "2015-02-19", "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25",
    "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17",
    "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03",
)  # fmt: skip


@pytest.mark.parametrize("text", NEW_YEARS)
def test_every_spring_festival_is_the_first_of_a_lunar_month(text):
    """A market by the old calendar is a day off where the month begins a day off."""
    day = date.fromisoformat(text)
    assert lunar_day(day) == 1
    assert lunar_day(day - timedelta(days=1)) in {29, 30}
    assert lunar_day(day + timedelta(days=14)) == 15


def test_mid_autumn_is_a_fifteenth():
    """The moon is full on the fifteenth, also in a year with a leap month (2025)."""
    for text in ("2023-09-29", "2024-09-17", "2025-10-06", "2026-09-25"):
        assert lunar_day(date.fromisoformat(text)) == 15


def test_rules_name_the_days_they_say():
    """逢一四七 means nine markets a month and more, a weekly rule one each week."""
    june = [date(2026, 6, n) for n in range(1, 31)]
    assert [d.day for d in june if is_market_day("solar:1,4,7", d)] == [
        1, 4, 7, 11, 14, 17, 21, 24, 27,
    ]  # fmt: skip
    assert {d.isoweekday() for d in june if is_market_day("weekly:3,6", d)} == {3, 6}
    assert is_market_day("solar:5,10", date(2026, 6, 30))
    assert is_market_day("lunar:1,4,7", date(2026, 2, 17))
    assert not any(is_market_day("", d) for d in june)


def test_a_rule_that_cannot_be_read_is_refused():
    """A slip in the settings must be told when the server starts, not by a wrong stake-out."""
    for rule in ("weekly:8", "solar:", "moon:1", "solar:a"):
        with pytest.raises(ValueError, match="market days"):
            MarketParams(days={"990101001": rule})
    params = MarketParams(days={"东试镇": "weekly:3"}, default="solar:1,6")
    assert params.rule_of("990101001", "东试镇") == "weekly:3"
    assert params.rule_of("990101002", "西试乡") == "solar:1,6"
