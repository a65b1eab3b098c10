"""Cases as screens read them: lists, one case with its steps, its statutory clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from data.scope import Scope
from data.store import case_events, record_pages
from data.store.case_events import CaseEvent
from data.store.engine import Store, to_instant, to_seconds
from data.store.record_pages import OPEN_STAGES, CaseFilter, Page
from errors import NotFoundError
from workflows.record_params import RecordParams
from workflows.weeks import local_day

__all__ = [
    "CaseFilter",
    "Page",
    "case_file",
    "case_row",
    "clock_of",
    "current",
    "late_before",
    "list_cases",
    "undoable",
    "with_limit",
]

NOT_HERE = "没有这项内容，或不在您的辖区"
"""The one answer for what is not there and for what is not the reader's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The statutory limit of an undecided case. ``state``: ``ok``, ``soon`` or ``late``."""

    due_on: date
    days_left: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """One case: the record, its steps, its clock, what it came from."""

    row: Mapping[str, Any]
    events: tuple[CaseEvent, ...]
    clock: Clock | None
    inspections: pd.DataFrame
    can_undo_until: datetime | None


def current(now: datetime) -> datetime:
    """Return the ``as_of`` that sees everything written up to now, this second included."""
    return now + timedelta(minutes=1)


def list_cases(
    store: Store, wanted: CaseFilter, *, scope: Scope, as_of: datetime, page: int, page_rows: int
) -> Page:
    """Return one page of the cases, newest first; pages count from 1."""
    return record_pages.cases(
        store,
        wanted,
        scope=scope,
        as_of=as_of,
        offset=(page - 1) * page_rows,
        limit=page_rows,
    )


def late_before(params: RecordParams, today: date) -> tuple[date, ...]:
    """Return, per number of extensions, the filing day before which an undecided case is late."""
    return tuple(
        today - timedelta(days=params.decision_days + n * params.extension_days)
        for n in range(params.max_extensions + 1)
    )


def clock_of(row: Mapping[str, Any], params: RecordParams, *, today: date) -> Clock | None:
    """Return the clock of a listed case; ``None`` once it is decided, transferred or closed."""
    if row["stage"] not in OPEN_STAGES or pd.isna(row["opened_on"]):
        return None
    n = 0 if pd.isna(row["n_extensions"]) else int(row["n_extensions"])
    days = params.decision_days + n * params.extension_days
    due_on = pd.Timestamp(row["opened_on"]).date() + timedelta(days=days)
    left = (due_on - today).days
    state = "late" if left < 0 else "soon" if left <= params.decision_warn_days else "ok"
    return Clock(due_on=due_on, days_left=left, state=state)


def case_file(
    store: Store,
    case_id: str,
    *,
    scope: Scope,
    as_of: datetime,
    params: RecordParams,
    actor: str,
    now: datetime,
) -> CaseFile:
    """
    Return one case with its steps.

    Raises
    ------
    NotFoundError
        If it is not there, or not in the reader's districts.
    """
    row = case_row(store, case_id, scope=scope, as_of=as_of)
    with store.read() as conn:
        events = tuple(case_events.of_case(conn, case_id, as_of=to_seconds(as_of)))
    columns = ("inspection_id", "started_at", "kind", "result")
    inspections = record_pages.inspections_of_case(
        store, case_id, scope=scope, as_of=as_of, columns=columns
    )
    last = undoable(events, actor=actor, now=now, params=params)
    until = None
    if last is not None:
        until = to_instant(last.recorded_at) + timedelta(minutes=params.undo_minutes)
    return CaseFile(
        row=row,
        events=events,
        clock=clock_of(row, params, today=local_day(now)),
        inspections=inspections,
        can_undo_until=until,
    )


def with_limit(wanted: CaseFilter, params: RecordParams, today: date) -> CaseFilter:
    """Return the filter narrowed to cases past their statutory limit."""
    return replace(wanted, late_before=late_before(params, today))


def undoable(
    events: Sequence[CaseEvent], *, actor: str, now: datetime, params: RecordParams
) -> CaseEvent | None:
    """Return the step that the actor may still take back, if there is one."""
    standing = [e for e in events if e.withdraws is None and not e.is_withdrawn]
    if not standing or standing[-1].stage == "filed":
        return None
    last = standing[-1]
    is_fresh = to_seconds(now) - last.recorded_at <= 60 * params.undo_minutes
    return last if is_fresh and last.actor == actor else None


def case_row(store: Store, case_id: str, *, scope: Scope, as_of: datetime) -> dict[str, Any]:
    """Return a case as listed; NotFoundError where it is not there for the reader."""
    found = record_pages.cases(
        store, CaseFilter(case_id=case_id), scope=scope, as_of=as_of, limit=1
    ).rows
    if found.empty:
        raise NotFoundError(NOT_HERE)
    return dict(found.iloc[0].to_dict())
