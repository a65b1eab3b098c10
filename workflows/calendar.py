"""
Working days of the bureau: Chinese holidays with their make-up days, and local changes.

Holidays are announced each autumn for the year that follows. For a year that is not
announced yet weekdays count as working days, except the days of the settings, and
``unpublished`` says so, so that a screen can.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import chinese_calendar

from data.schema import TIME_ZONE

_YEARS = frozenset(day.year for day in chinese_calendar.holidays)
_SATURDAY = 5
_LONGEST_DAYS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarParams:
    """
    Working days and hours.

    Parameters
    ----------
    work_start_s, work_end_s
        Beginning and end of a working day, seconds from midnight (A).
    extra_holidays
        Further days off, ISO dates; they win over the published calendar.
    extra_workdays
        Further working days, ISO dates; they win over everything.
    """

    work_start_s: int = 30600
    work_end_s: int = 63000
    extra_holidays: tuple[str, ...] = ()
    extra_workdays: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no date, and a day that ends before it begins."""
        for day in (*self.extra_holidays, *self.extra_workdays):
            date.fromisoformat(day)
        if not 0 <= self.work_start_s < self.work_end_s <= 86_400:
            raise ValueError("work_start_s must be before work_end_s, both within a day")


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Counts working days and working time; made once from the settings."""

    params: CalendarParams
    holidays: frozenset[date] = field(init=False)
    workdays: frozenset[date] = field(init=False)

    def __post_init__(self) -> None:
        """Read the dates of the settings."""
        off, on = self.params.extra_holidays, self.params.extra_workdays
        object.__setattr__(self, "holidays", frozenset(map(date.fromisoformat, off)))
        object.__setattr__(self, "workdays", frozenset(map(date.fromisoformat, on)))

    @property
    def day_s(self) -> int:
        """Length of a working day, seconds."""
        return self.params.work_end_s - self.params.work_start_s

    def is_workday(self, day: date) -> bool:
        """Say whether the bureau works on a day."""
        if day in self.workdays:
            return True
        return day not in self.holidays and _published_workday(day)

    def after(self, moment: datetime, days: int) -> datetime:
        """
        Return the end of the ``days``-th working day after a moment.

        The day on which a period begins does not count; what comes in on a day off
        begins like what came in on the last working day before it.
        """
        day = moment.astimezone(TIME_ZONE).date()
        for _ in range(max(days, 1)):
            day = self._next(day)
        return self.end_of(day)

    def end_of(self, day: date) -> datetime:
        """Return the end of the working hours of a day."""
        return _at(day, self.params.work_end_s)

    def back(self, moment: datetime, seconds: float) -> datetime:
        """Return when so much working time is left before a moment."""
        local = moment.astimezone(TIME_ZONE)
        day, left = local.date(), float(seconds)
        upto = self._within_day(local)
        while left > upto:
            left -= upto
            day = self._previous(day)
            upto = float(self.day_s)
        return _at(day, int(self.params.work_start_s + upto - left))

    def worked_s(self, start: datetime, end: datetime) -> float:
        """Return the working time between two moments, seconds; 0 if they are turned round."""
        a, b = start.astimezone(TIME_ZONE), end.astimezone(TIME_ZONE)
        if b <= a:
            return 0.0
        n_days = (b.date() - a.date()).days
        between = sum(
            self.day_s for n in range(n_days) if self.is_workday(a.date() + timedelta(days=n))
        )
        return between - self._within_day(a) + self._within_day(b)

    def onward(self, moment: datetime, seconds: float) -> datetime:
        """Return the moment so much working time later."""
        local = moment.astimezone(TIME_ZONE)
        day, left = local.date(), float(seconds)
        done = self._within_day(local)
        while left > (room := (self.day_s if self.is_workday(day) else 0) - done):
            left -= room
            day, done = self._next(day), 0.0
        return _at(day, int(self.params.work_start_s + done + left))

    def unpublished(self, first: date, last: date) -> list[int]:
        """Return the years between two days whose holidays are not announced yet."""
        stated = {day.year for day in self.holidays | self.workdays}
        years = range(first.year, last.year + 1)
        return [year for year in years if year not in _YEARS and year not in stated]

    def _within_day(self, local: datetime) -> float:
        if not self.is_workday(local.date()):
            return 0.0
        since = local.hour * 3600 + local.minute * 60 + local.second - self.params.work_start_s
        return float(min(max(since, 0), self.day_s))

    def _next(self, day: date) -> date:
        return self._stepped(day, 1)

    def _previous(self, day: date) -> date:
        return self._stepped(day, -1)

    def _stepped(self, day: date, step: int) -> date:
        for n in range(1, _LONGEST_DAYS):
            found = day + timedelta(days=n * step)
            if self.is_workday(found):
                return found
        raise ValueError("the settings leave no working day")


@lru_cache(maxsize=20_000)
def _published_workday(day: date) -> bool:
    if day.year in _YEARS:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < _SATURDAY


def _at(day: date, seconds: int) -> datetime:
    return datetime.combine(day, time(), tzinfo=TIME_ZONE) + timedelta(seconds=seconds)
