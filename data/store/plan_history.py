"""What happened to a plan and its visits: events, edits with undo, results, marginal values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from data.store import engine
from data.store.plan_tables import plan_edits, plan_events, plan_margins, visit_results


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step in the life of a plan."""

    kind: str
    revision: int
    at: datetime
    actor: str
    reason: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """
    How a revision came to be.

    ``content`` is the revision whose content it shows, ``before`` the one that it was
    made from (``None``: can't be undone), ``redo`` what can be brought back, nearest first.
    """

    revision: int
    kind: str
    content: int
    before: int | None
    redo: tuple[int, ...]
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitResult:
    """What came of a planned visit."""

    result_id: int
    visit_id: str
    result: str
    arm: str | None
    inclusion_prob: float | None
    inspection_id: str | None
    happened_at: datetime
    at: datetime
    actor: str


def add_event(
    conn: Connection,
    *,
    key: str,
    plan_id: str,
    revision: int,
    at: int,
    actor: str,
    kind: str,
    reason: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add one step."""
    conn.execute(
        insert(plan_events).values(
            event_key=key,
            plan_id=plan_id,
            revision=revision,
            at=at,
            actor=actor,
            kind=kind,
            reason=reason,
            detail=json.dumps(detail or {}, ensure_ascii=False, sort_keys=True),
        )
    )


def revision_of_event(conn: Connection, key: str) -> int | None:
    """Return the revision that a step under this key led to; ``None`` if there was none."""
    found = conn.execute(
        select(plan_events.c.revision).where(plan_events.c.event_key == key)
    ).scalar()
    return None if found is None else int(found)


def events(conn: Connection, plan_id: str) -> list[Event]:
    """Return what happened to a plan, oldest first."""
    rows = conn.execute(
        select(plan_events).where(plan_events.c.plan_id == plan_id).order_by(plan_events.c.event_id)
    ).mappings()
    return [
        Event(
            kind=row["kind"],
            revision=int(row["revision"]),
            at=engine.to_instant(row["at"]),
            actor=row["actor"],
            reason=row["reason"],
            detail=json.loads(row["detail"]),
        )
        for row in rows
    ]


def add_edit(
    conn: Connection,
    *,
    key: str,
    plan_id: str,
    revision: int,
    kind: str,
    content: int,
    before: int | None,
    redo: Sequence[int] = (),
    summary: Mapping[str, object] | None = None,
) -> None:
    """Say how a revision came to be."""
    conn.execute(
        insert(plan_edits).values(
            edit_key=key,
            plan_id=plan_id,
            revision=revision,
            kind=kind,
            content=content,
            before=before,
            redo=json.dumps(list(redo)),
            summary=json.dumps(summary or {}, ensure_ascii=False, sort_keys=True),
        )
    )


def revision_of_edit(conn: Connection, key: str) -> int | None:
    """Return the revision that an edit under this key led to; ``None`` if there was none."""
    found = conn.execute(select(plan_edits.c.revision).where(plan_edits.c.edit_key == key)).scalar()
    return None if found is None else int(found)


def edit(conn: Connection, plan_id: str, revision: int) -> Edit:
    """Return how a revision came to be; one without a row was made whole, not edited."""
    row = (
        conn.execute(
            select(plan_edits).where(
                plan_edits.c.plan_id == plan_id, plan_edits.c.revision == revision
            )
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return Edit(
            revision=revision, kind="made", content=revision, before=None, redo=(), summary={}
        )
    return Edit(
        revision=revision,
        kind=row["kind"],
        content=int(row["content"]),
        before=None if row["before"] is None else int(row["before"]),
        redo=tuple(json.loads(row["redo"])),
        summary=json.loads(row["summary"]),
    )


def add_result(conn: Connection, **values: object) -> int:
    """Add the result of a visit and return its number."""
    made = conn.execute(insert(visit_results).values(**values)).inserted_primary_key
    assert made is not None  # noqa: S101 - a row that was inserted has a key
    return int(made[0])


def result_of_key(conn: Connection, key: str) -> int | None:
    """Return the result that was entered under a key."""
    found = conn.execute(
        select(visit_results.c.result_id).where(visit_results.c.result_key == key)
    ).scalar()
    return None if found is None else int(found)


def results(conn: Connection, plan_id: str) -> dict[str, VisitResult]:
    """Return the newest result of each visit of a plan that was not taken back."""
    rows = conn.execute(
        select(visit_results)
        .where(visit_results.c.plan_id == plan_id, visit_results.c.undone_at.is_(None))
        .order_by(visit_results.c.result_id)
    ).mappings()
    return {
        row["visit_id"]: VisitResult(
            result_id=int(row["result_id"]),
            visit_id=row["visit_id"],
            result=row["result"],
            arm=row["arm"],
            inclusion_prob=row["inclusion_prob"],
            inspection_id=row["inspection_id"],
            happened_at=engine.to_instant(row["happened_at"]),
            at=engine.to_instant(row["at"]),
            actor=row["actor"],
        )
        for row in rows
    }


def all_result_ids(conn: Connection, plan_id: str) -> list[int]:
    """Return the numbers of all results ever entered for a plan, also those taken back."""
    rows = conn.execute(select(visit_results.c.result_id).where(visit_results.c.plan_id == plan_id))
    return [int(row[0]) for row in rows]


def undo_result(conn: Connection, result_id: int, *, at: int, actor: str) -> None:
    """Mark a result as taken back."""
    conn.execute(
        update(visit_results)
        .where(visit_results.c.result_id == result_id)
        .values(undone_at=at, undone_by=actor)
    )


def keep_margins(conn: Connection, plan_id: str, values: Mapping[str, object], *, at: int) -> None:
    """Keep the marginal values of a plan in place of older ones."""
    conn.execute(delete(plan_margins).where(plan_margins.c.plan_id == plan_id))
    conn.execute(
        insert(plan_margins).values(
            plan_id=plan_id, made_at=at, document=json.dumps(values, sort_keys=True)
        )
    )


def margins(conn: Connection, plan_id: str) -> dict[str, Any] | None:
    """Return the marginal values of a plan; ``None`` while nobody asked for them."""
    found = conn.execute(
        select(plan_margins.c.document).where(plan_margins.c.plan_id == plan_id)
    ).scalar()
    return None if found is None else dict(json.loads(found))
