"""What each class of triage makes of a lead: its columns, its state, its due moments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from data.store.engine import to_instant, to_seconds
from errors import LedgerError
from workflows.clocks import Clocks, LeadState
from workflows.weeks import local_day

DEPARTMENTS: Mapping[str, str] = {
    "police": "公安", "market_regulation": "市场监管", "medical_insurance": "医保",
    "environment": "生态环境", "discipline": "纪检监察",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one act makes of a lead: columns of its record, its state, codes for the timeline."""

    columns: Mapping[str, object] = field(default_factory=dict)
    state: LeadState
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """A decision of class: ``action``, and what that class needs."""

    action: str
    owner: str | None = None
    unit: str | None = None
    due_on: date | None = None
    note: str | None = None


Step = Callable[[Mapping[str, Any], LeadState], Change]


def direct(clocks: Clocks, decision: Triage, now: datetime) -> Step:
    """Return what 直查直办 makes of a lead."""

    def step(row: Mapping[str, Any], state: LeadState) -> Change:
        due_at = _due(clocks, decision, row, now)
        new = replace(state, action="direct", owner=decision.owner or None, due_at=due_at)
        status = "assigned" if decision.owner else "triaged"
        return Change(
            columns={"status": status, "due_on": day_of(due_at)},
            state=new,
            detail={"action": "direct", "owner": decision.owner, "due_on": day_of(due_at)},
        )

    return step


def hand_over(clocks: Clocks, decision: Triage, now: datetime) -> Step:
    """Return what 转办 to a unit makes of a lead."""
    unit = (decision.unit or "").strip()
    if not unit:
        raise LedgerError("请填写转办单位")

    def step(row: Mapping[str, Any], state: LeadState) -> Change:
        at = to_seconds(now)
        due_at = _due(clocks, decision, row, now)
        new = replace(
            state, action="hand_over", unit=unit, due_at=due_at, handed_at=at, receipt_at=None,
            reply_at=None, receipt_due_at=clocks.after(at, clocks.params.receipt_days),
            reply_due_at=clocks.reply_due(at, row["channel"]),
        )  # fmt: skip
        return Change(
            columns={"status": "handed_over", "handed_to": unit, "due_on": day_of(due_at)},
            state=new,
            detail={"action": "hand_over", "unit": unit, "due_on": day_of(new.reply_due_at)},
        )

    return step


def transfer(clocks: Clocks, decision: Triage, now: datetime) -> Step:
    """Return what 移送 to a department makes of a lead."""
    if decision.unit not in DEPARTMENTS:
        raise LedgerError("请选择移送部门")
    name = DEPARTMENTS[str(decision.unit)]

    def step(row: Mapping[str, Any], state: LeadState) -> Change:
        at = to_seconds(now)
        due_at = _due(clocks, decision, row, now)
        new = replace(
            state, action="transfer", unit=name, due_at=due_at, handed_at=at, receipt_at=None,
            reply_at=None, receipt_due_at=clocks.after(at, clocks.params.receipt_days),
        )  # fmt: skip
        return Change(
            columns={"status": "transferred", "handed_to": name, "due_on": day_of(due_at)},
            state=new,
            detail={"action": "transfer", "unit": name, "due_on": day_of(new.receipt_due_at)},
        )

    return step


def give_back(clocks: Clocks, decision: Triage, now: datetime) -> Step:
    """Return what 退回 makes of a lead; whether it was in time is noted."""
    if not (decision.note or "").strip():
        raise LedgerError("请填写退回理由")

    def step(row: Mapping[str, Any], state: LeadState) -> Change:
        until = clocks.after(int(row["received_at"]), clocks.params.return_days)
        late = int(to_seconds(now) > until)
        return Change(
            columns={
                "status": "returned",
                "closed_on": local_day(now).isoformat(),
                "outcome": "no_jurisdiction",
            },
            state=replace(state, action="return"),
            detail={"action": "return", "late": late},
        )

    return step


def _due(clocks: Clocks, decision: Triage, row: Mapping[str, Any], now: datetime) -> int:
    """Return the answer's due moment: as chosen, as the file says, as the rule."""
    if decision.due_on is not None:
        if decision.due_on < local_day(now):
            raise LedgerError("办结时限不能早于今天")
        return to_seconds(clocks.calendar.end_of(decision.due_on))
    return answer_due(clocks, row, LeadState(action=decision.action))


def answer_due(clocks: Clocks, row: Mapping[str, Any], state: LeadState) -> int:
    """Return until when a lead must be answered."""
    due_on = row["due_on"]
    return clocks.answer_due(
        received_at=int(row["received_at"]),
        channel=row["channel"],
        due_on=None if due_on is None else date.fromisoformat(due_on),
        state=state,
    )


def day_of(seconds: int | None) -> str | None:
    """Return the day of a moment in the bureau's zone, as stored."""
    if seconds is None:
        return None
    return local_day(to_instant(seconds)).isoformat()
