"""The steps of cases: append only; a step that was taken back stays readable."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select

from data.store.record_tables import case_events
from data.store.tables import VERSIONED

EXTENDED = "extended"
"""A step that is no stage: the time limit was extended."""
NO_STAGE = (EXTENDED, "edited")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One step of a case as it was recorded."""

    seq: int
    case_id: str
    stage: str
    happened_on: str
    recorded_at: int
    actor: str
    changes: Mapping[str, Sequence[Any]]
    withdraws: int | None
    is_withdrawn: bool


def append(
    conn: Connection,
    *,
    case_id: str,
    stage: str,
    happened_on: str,
    at: int,
    actor: str,
    changes: Mapping[str, Sequence[Any]],
    withdraws: int | None = None,
    request_key: str | None = None,
) -> int:
    """Add one step inside the caller's transaction and return its number."""
    done = conn.execute(
        insert(case_events).values(
            case_id=case_id,
            stage=stage,
            happened_on=happened_on,
            recorded_at=at,
            actor=actor,
            changes=json.dumps(changes, ensure_ascii=False, sort_keys=True),
            withdraws=withdraws,
            request_key=request_key,
        )
    )
    key = done.inserted_primary_key
    if key is None:
        raise RuntimeError("the store gave the step no number")
    return int(key[0])


def with_key(conn: Connection, request_key: str) -> str | None:
    """Return the case of the step recorded under a key, if there is one."""
    found = conn.execute(
        select(case_events.c.case_id).where(case_events.c.request_key == request_key)
    ).scalar()
    return None if found is None else str(found)


def of_case(conn: Connection, case_id: str, *, as_of: int) -> list[CaseEvent]:
    """Return the steps of a case recorded before ``as_of`` (seconds), oldest first."""
    rows = conn.execute(
        select(case_events)
        .where(case_events.c.case_id == case_id, case_events.c.recorded_at < as_of)
        .order_by(case_events.c.seq)
    ).all()
    taken_back = {row.withdraws for row in rows}
    return [
        CaseEvent(
            seq=row.seq,
            case_id=row.case_id,
            stage=row.stage,
            happened_on=row.happened_on,
            recorded_at=row.recorded_at,
            actor=row.actor,
            changes=json.loads(row.changes),
            withdraws=row.withdraws,
            is_withdrawn=row.seq in taken_back,
        )
        for row in rows
    ]


def last_stage(case_id: ColumnElement, *, as_of: int) -> ColumnElement[str]:
    """Return the newest standing stage of a case, as a part of a query."""
    newest = _standing(case_id, as_of=as_of).where(case_events.c.stage.not_in(NO_STAGE))
    return newest.order_by(case_events.c.seq.desc()).limit(1).scalar_subquery()


def extensions(case_id: ColumnElement, *, as_of: int) -> ColumnElement[int]:
    """Return how often the time limit of a case was extended, as a part of a query."""
    standing = _standing(case_id, as_of=as_of, what=func.count(case_events.c.seq))
    return standing.where(case_events.c.stage == EXTENDED).scalar_subquery()


def _standing(case_id: ColumnElement, *, as_of: int, what: ColumnElement | None = None) -> Select:
    again = case_events.alias("again")
    taken_back = (
        select(again.c.seq)
        .where(again.c.withdraws == case_events.c.seq, again.c.recorded_at < as_of)
        .exists()
    )
    return (
        select(case_events.c.stage if what is None else what)
        .where(
            case_events.c.case_id == case_id,
            case_events.c.recorded_at < as_of,
            case_events.c.withdraws.is_(None),
            ~taken_back,
        )
        .correlate_except(case_events, again)
    )


def n_cases_of(conn: Connection, prefix: str) -> int:
    """Return how many cases have a number that begins so: where a running number goes on."""
    table = VERSIONED["cases"]
    numbers = select(func.count(func.distinct(table.c.case_id)))
    return int(
        conn.execute(
            numbers.where(table.c.case_id.startswith(prefix, autoescape=True))
        ).scalar_one()
    )


def next_person(conn: Connection) -> str:
    """Return a number for a person who is registered by hand."""
    table = VERSIONED["persons"]
    taken: set[str] = set(conn.execute(select(table.c.person_id).distinct()).scalars())
    n = len(taken) + 1
    while f"R{n:05d}" in taken:
        n += 1
    return f"R{n:05d}"
