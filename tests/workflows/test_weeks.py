"""Weeks begin on Monday in Shanghai, whatever zone a moment comes in."""

from datetime import UTC, date, datetime

import pytest

from data.schema import TIME_ZONE
from workflows.weeks import first_day_left, local_day, midnight, next_week, week_of

MONDAY = date(2026, 3, 9)


def test_sunday_night_in_utc_is_monday_in_shanghai():
    """Stored moments come back in UTC."""
    moment = datetime(2026, 3, 8, 16, tzinfo=UTC)
    assert local_day(moment) == MONDAY
    assert midnight(MONDAY) == moment
    assert next_week(moment) == date(2026, 3, 16)


def test_each_day_belongs_to_the_monday_before_it():
    """Sunday closes the week."""
    assert [week_of(date(2026, 3, day)) for day in (9, 15, 16)] == [
        MONDAY,
        MONDAY,
        date(2026, 3, 16),
    ]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 5, 12, tzinfo=TIME_ZONE), 0),
        (datetime(2026, 3, 9, 0, tzinfo=TIME_ZONE), 0),
        (datetime(2026, 3, 9, 9, tzinfo=TIME_ZONE), 1),
        (datetime(2026, 3, 11, 0, tzinfo=TIME_ZONE), 2),
        (datetime(2026, 3, 10, 16, tzinfo=UTC), 2),
        (datetime(2026, 3, 16, 0, tzinfo=TIME_ZONE), 7),
    ],
)
def test_days_that_have_begun_are_gone(moment, day):
    """At midnight the day can still be planned, at nine its teams are out."""
    assert first_day_left(MONDAY, as_of=moment) == day
