"""
The clocks of a lead: which one runs, when it turns amber, when it is late.

A lead waits first for triage, then for its answer. One that was handed over waits for
the other unit's receipt and then its reply, and its own clock stands still, except for
the channels whose clock nobody can stop. The numbers are settings: local rules differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from data.schema import TIME_ZONE
from workflows.calendar import CalendarParams, WorkCalendar

ACTIONS = ("direct", "hand_over", "transfer", "return")
"""Classes of triage: 直查直办, 转办, 移送, 退回."""

OPEN = frozenset({"new", "triaged", "assigned"})
AWAY = frozenset({"handed_over", "transferred"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerParams:
    """
    Clocks and rules of the ledger; days are working days. All numbers are assumptions (A).

    Parameters
    ----------
    triage_days
        Days for triage by channel; ``default`` for the rest.
    answer_days
        Days for the answer by class of triage, or by class and channel
        (``direct.hotline_12345``); counted from the registration.
    receipt_days
        Days in which a unit confirms a hand-over, or a department a transfer.
    reply_days
        Days in which a unit replies to a hand-over, by channel; ``default`` for the rest.
    return_days
        Days after registration in which a lead that is not ours can be returned.
    extend_days
        Longest extension, days.
    unstoppable
        Channels whose answer clock runs on while the lead is handed over.
    amber_share
        Share of the working time after which a clock turns amber, 0 to 1.
    amber_hours
        A clock also turns amber when so many working hours are left.
    units
        Names of squads and units that leads are given to; accounts come on top.
    undercover_days
        Undercover findings up to so many days old become leads by themselves.
    """

    triage_days: Mapping[str, int] = field(default_factory=lambda: {"default": 1})
    answer_days: Mapping[str, int] = field(
        default_factory=lambda: {
            "direct": 15,
            "direct.hotline_12345": 5,
            "direct.letter": 60,
            "hand_over": 15,
            "hand_over.hotline_12345": 5,
            "transfer": 15,
            "return": 1,
        }
    )
    receipt_days: int = 2
    reply_days: Mapping[str, int] = field(
        default_factory=lambda: {"default": 10, "hotline_12345": 3}
    )
    return_days: int = 1
    extend_days: int = 15
    unstoppable: tuple[str, ...] = ("hotline_12345",)
    amber_share: float = 0.75
    amber_hours: float = 8.0
    units: tuple[str, ...] = ()
    undercover_days: int = 60
    calendar: CalendarParams = field(default_factory=CalendarParams)

    def __post_init__(self) -> None:
        """Refuse what can't be a number of days or a share."""
        for days in (self.triage_days, self.answer_days, self.reply_days):
            if any(not isinstance(n, int) or n < 1 for n in days.values()):
                raise ValueError("days must be whole numbers from 1")
        if min(self.receipt_days, self.return_days, self.extend_days) < 1:
            raise ValueError("days must be whole numbers from 1")
        if not 0 < self.amber_share <= 1 or self.amber_hours < 0:
            raise ValueError("amber_share must be above 0 and at most 1, amber_hours not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadState:
    """What the ledger decided of a lead; seconds since 1970 UTC."""

    action: str | None = None
    owner: str | None = None
    unit: str | None = None
    due_at: int | None = None
    handed_at: int | None = None
    receipt_due_at: int | None = None
    receipt_at: int | None = None
    reply_due_at: int | None = None
    reply_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One running clock; seconds since 1970 UTC."""

    kind: str
    started_at: int
    amber_at: int
    due_at: int


class Clocks:
    """The clocks under some settings; keeps what it computed, for leads come in many."""

    def __init__(self, params: LedgerParams) -> None:
        self.params = params
        self.calendar = WorkCalendar(params.calendar)
        self._after = lru_cache(maxsize=50_000)(self._count)
        self._amber = lru_cache(maxsize=50_000)(self._amber_before)

    def running(
        self,
        *,
        received_at: int,
        channel: str | None,
        status: str,
        due_on: date | None,
        state: LeadState | None,
    ) -> Clock | None:
        """Return the clock that runs for a lead, ``None`` where nothing is waited for."""
        held = state or LeadState()
        if status in AWAY:
            return self._away(held, channel) if state is not None else None
        if status not in OPEN:
            return None
        answer = self.answer_due(
            received_at=received_at, channel=channel, due_on=due_on, state=held
        )
        if status == "new":
            triage = self.triage_due(received_at, channel)
            if triage <= answer:
                return self._clock("triage", received_at, triage)
        return self._clock("answer", received_at, answer)

    def triage_due(self, received_at: int, channel: str | None) -> int:
        """Return until when a lead must be triaged."""
        days = self.params.triage_days
        return self.after(received_at, days.get(channel or "", days.get("default", 1)))

    def answer_due(
        self, *, received_at: int, channel: str | None, due_on: date | None, state: LeadState
    ) -> int:
        """Return until when a lead must be answered: as decided, as the file says, as the rule."""
        if state.due_at is not None:
            return state.due_at
        if due_on is not None:
            return _seconds(self.calendar.end_of(due_on))
        return self.rule_due(received_at, channel, state.action or "direct")

    def rule_due(self, received_at: int, channel: str | None, action: str) -> int:
        """Return the answer's due moment by the rule of class and channel."""
        days = self.params.answer_days
        found = days.get(f"{action}.{channel}", days.get(action, days.get("direct", 15)))
        return self.after(received_at, found)

    def reply_due(self, handed_at: int, channel: str | None) -> int:
        """Return until when a unit must reply to a hand-over."""
        days = self.params.reply_days
        return self.after(handed_at, days.get(channel or "", days.get("default", 10)))

    def after(self, moment: int, days: int) -> int:
        """Return the end of the ``days``-th working day after a moment, seconds."""
        return self._after(_local(moment).date(), days)

    def resumed(self, due_at: int, *, paused_at: int, now: int) -> int:
        """Return a due moment moved by the working time for which its clock stood still."""
        left = self.calendar.worked_s(_local(paused_at), _local(due_at))
        if left <= 0:
            return due_at
        return _seconds(self.calendar.onward(_local(max(now, paused_at)), left))

    def _away(self, state: LeadState, channel: str | None) -> Clock | None:
        began = state.handed_at or 0
        if state.receipt_at is None and state.receipt_due_at is not None:
            kind, due = "receipt", state.receipt_due_at
        elif state.reply_at is None and state.reply_due_at is not None:
            kind, due = "reply", state.reply_due_at
        else:
            return None
        if channel in self.params.unstoppable and state.due_at is not None and state.due_at < due:
            kind, due = "answer", state.due_at
        return self._clock(kind, began, due)

    def _clock(self, kind: str, started_at: int, due_at: int) -> Clock:
        amber = self._amber(_local(started_at).date(), due_at)
        return Clock(kind=kind, started_at=started_at, amber_at=amber, due_at=due_at)

    def _count(self, day: date, days: int) -> int:
        start = datetime(day.year, day.month, day.day, 12, tzinfo=TIME_ZONE)
        return _seconds(self.calendar.after(start, days))

    def _amber_before(self, day: date, due_at: int) -> int:
        start = self.calendar.end_of(day)
        total = self.calendar.worked_s(start, _local(due_at))
        left = max((1 - self.params.amber_share) * total, self.params.amber_hours * 3600)
        return _seconds(self.calendar.back(_local(due_at), min(left, max(total, 1))))


def _local(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=TIME_ZONE)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
