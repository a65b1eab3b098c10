"""Weeks of the bureau: Monday to Sunday in Asia/Shanghai, whatever zone a moment comes in."""

from datetime import date, datetime, timedelta

from data.schema import TIME_ZONE

DAYS_A_WEEK = 7


def local_day(moment: datetime) -> date:
    """Return the day of a moment in the bureau's zone."""
    return moment.astimezone(TIME_ZONE).date()


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in the bureau's zone."""
    return datetime.combine(day, datetime.min.time(), tzinfo=TIME_ZONE)


def week_of(day: date) -> date:
    """Return the Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())


def next_week(as_of: datetime) -> date:
    """Return the Monday after ``as_of``: the week that is planned next."""
    return week_of(local_day(as_of)) + timedelta(days=DAYS_A_WEEK)


def first_day_left(week_start: date, *, as_of: datetime) -> int:
    """
    Return the first day of the week that can still be planned, 0 a Monday.

    At its midnight a day still can; later its shifts are under way, and the next day
    is the first. A week ahead gives 0, a week gone by 7 or more.
    """
    today = local_day(as_of)
    has_begun = as_of.astimezone(TIME_ZONE) > midnight(today)
    return max(0, (today - week_start).days + has_begun)
