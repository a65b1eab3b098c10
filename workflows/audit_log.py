"""The audit log as the auditor reads it: filtered and paged in the query."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from data import audit
from data.schema import TIME_ZONE
from data.store import engine, tables
from data.store.engine import Store
from workflows import access

PAGE_ROWS = 50
REVEALS = ("reveal_ask", "reveal_unlock", "reveal_refuse", "reveal")
"""Steps of seeing a complainant: who saw what."""

_COLUMNS = ("seq", "at", "actor", "role", "action", "object_id", "reason", "detail")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """What to show; empty fields don't limit. ``until`` is the last day shown."""

    actor: str = ""
    action: str = ""
    object_id: str = ""
    since: date | None = None
    until: date | None = None
    only_reveals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """One page of entries, newest first, and how many there are in all."""

    entries: list[dict[str, Any]]
    n_all: int


def read_page(store: Store, wanted: LogFilter, *, page: int, actor: str) -> LogPage:
    """Return one page, counted from 0."""
    access.require(store, actor, "audit.read")
    log = tables.audit.c
    found = _filtered(select(*(log[name] for name in _COLUMNS)), wanted)
    query = found.order_by(log.seq.desc()).limit(PAGE_ROWS).offset(page * PAGE_ROWS)
    with store.read() as conn:
        n_all = int(
            conn.execute(_filtered(select(func.count()).select_from(tables.audit), wanted)).scalar()
            or 0
        )
        rows = conn.execute(query).mappings().all()
    return LogPage(entries=[_entry(row) for row in rows], n_all=n_all)


def actions(store: Store, *, actor: str) -> list[str]:
    """Return every action that stands in the log."""
    access.require(store, actor, "audit.read")
    with store.read() as conn:
        found: list[str] = list(conn.execute(select(tables.audit.c.action).distinct()).scalars())
    return sorted(found)


def to_csv(store: Store, wanted: LogFilter, *, actor: str, now: datetime) -> bytes:
    """Return the filtered entries as CSV, oldest first; that it was taken is logged before."""
    access.require(store, actor, "audit.read")
    log = tables.audit.c
    names = (*_COLUMNS, "previous_hash", "entry_hash", "key_id")
    with store.write() as conn:
        audit.append(conn, at=engine.to_seconds(now), actor=actor, action="audit_export")
    query = _filtered(select(*(log[name] for name in names)), wanted).order_by(log.seq)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(names)
    with store.read() as conn:
        for row in conn.execution_options(yield_per=5000).execute(query).mappings():
            writer.writerow(_texts(row, names))
    return table.getvalue().encode("utf-8-sig")


def _texts(row: Mapping[Any, Any], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = row[name]
        shown = engine.to_instant(value).isoformat() if name == "at" else str(value or "")
        # a spreadsheet takes such a beginning for a formula; the apostrophe makes it text
        yield f"'{shown}" if shown.startswith(("=", "+", "-", "@", "\t", "\r")) else shown


def _entry(row: Mapping[Any, Any]) -> dict[str, Any]:
    entry = {name: row[name] for name in _COLUMNS}
    entry["at"] = engine.to_instant(entry["at"])
    return entry


def _filtered(query: Select, wanted: LogFilter) -> Select:
    log = tables.audit.c
    if wanted.actor:
        query = query.where(log.actor == wanted.actor)
    if wanted.action:
        query = query.where(log.action == wanted.action)
    if wanted.object_id:
        query = query.where(log.object_id == wanted.object_id)
    if wanted.only_reveals:
        query = query.where(log.action.in_(REVEALS))
    if wanted.since is not None:
        query = query.where(log.at >= _midnight(wanted.since))
    if wanted.until is not None:
        query = query.where(log.at < _midnight(wanted.until + timedelta(days=1)))
    return query


def _midnight(day: date) -> int:
    return engine.to_seconds(datetime.combine(day, time(), tzinfo=TIME_ZONE))
