"""Working days: holidays, make-up days, local changes, years not announced yet."""

from datetime import date, datetime

import pytest

from data.schema import TIME_ZONE
from workflows.calendar import CalendarParams, WorkCalendar

PLAIN = WorkCalendar(CalendarParams())


def at(text):
    """Return a moment of the bureau's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=TIME_ZONE)


def test_a_period_leaps_over_national_day_2026():
    """1 to 7 October are days off and 10 October, a Saturday, is worked: the law counts so."""
    assert PLAIN.after(at("2026-09-30 10:00"), 1) == at("2026-10-08 17:30")
    assert PLAIN.after(at("2026-09-30 10:00"), 3) == at("2026-10-10 17:30")
    assert PLAIN.after(at("2026-09-30 10:00"), 4) == at("2026-10-12 17:30")


def test_a_period_leaps_over_the_spring_festival_of_2026():
    """The longest break of the year must not make a bureau late."""
    due = PLAIN.after(at("2026-02-13 09:00"), 1)
    assert due.date() == date(2026, 2, 14)  # a Saturday that is worked
    assert PLAIN.after(at("2026-02-14 09:00"), 1).date() == date(2026, 2, 24)


def test_what_comes_in_on_a_day_off_is_due_like_the_last_working_day_before():
    """Nobody loses a day because a hotline works on Sunday."""
    assert PLAIN.after(at("2026-11-20 23:00"), 1) == PLAIN.after(at("2026-11-22 08:00"), 1)
    assert PLAIN.after(at("2026-11-22 08:00"), 1) == at("2026-11-23 17:30")


def test_a_bureau_can_add_days_off_and_working_days():
    """Local orders differ: a typhoon day, a worked Saturday."""
    local = WorkCalendar(
        CalendarParams(extra_holidays=("2026-11-23",), extra_workdays=("2026-11-28",))
    )
    assert local.after(at("2026-11-20 10:00"), 1).date() == date(2026, 11, 24)
    assert local.is_workday(date(2026, 11, 28))


def test_a_year_that_is_not_announced_counts_weekdays_and_says_so():
    """A clock must run in January although the order for the year comes later."""
    assert PLAIN.unpublished(date(2026, 12, 1), date(2099, 1, 5))[-1] == 2099
    assert PLAIN.unpublished(date(2026, 1, 1), date(2026, 12, 31)) == []
    assert PLAIN.is_workday(date(2099, 1, 5))
    assert not PLAIN.is_workday(date(2099, 1, 4))
    listed = WorkCalendar(CalendarParams(extra_holidays=("2099-01-05",)))
    assert not listed.is_workday(date(2099, 1, 5))
    assert listed.unpublished(date(2099, 1, 1), date(2099, 2, 1)) == []


def test_working_time_there_and_back_again():
    """A clock that stood still must go on with just the time it had left."""
    start, end = at("2026-09-29 15:30"), at("2026-10-09 10:30")
    left = PLAIN.worked_s(start, end)
    assert left == 2 * 3600 + 9 * 3600 * 2 + 2 * 3600
    assert PLAIN.onward(start, left) == end
    assert PLAIN.back(end, left) == start
    assert PLAIN.worked_s(end, start) == 0


def test_settings_that_are_no_dates_are_refused():
    """A typing error in the settings must be told at the start."""
    with pytest.raises(ValueError, match="isoformat"):
        CalendarParams(extra_holidays=("5 Oct",))
    with pytest.raises(ValueError, match="work_start_s"):
        CalendarParams(work_start_s=70_000)
