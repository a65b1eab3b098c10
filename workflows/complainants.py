"""
Seeing a complainant takes two persons: who asks with a reason, and who unlocks without seeing.

A manager asks for one lead; a security administrator, who sees no leads, unlocks or
refuses by its number and the reason; the asker then looks for a limited time. Each
step and each look is an audit entry in the same transaction.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from data import audit, identity
from data.identity import Identity
from data.scope import Scope
from data.store import engine
from data.store.account_tables import reveal_requests
from data.store.engine import Store
from errors import ForbiddenError, NotFoundError
from workflows import access
from workflows.access_settings import AccessSettings

UNLOCKED_HOURS = 24
"""An unlocked request that nobody opens is over after so long."""
SHORTEST_REASON, LONGEST_REASON = 5, 200
_ASKED, _UNLOCKED, _REFUSED, _OPENED = "asked", "unlocked", "refused", "opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    One request to see a complainant.

    ``status`` is asked, unlocked, opened, refused, or over. ``until`` is when an
    unlocked or opened one is over, seconds since 1970 UTC.
    """

    request_id: str
    complaint_id: str
    asked_by: str
    asked_at: int
    reason: str
    status: str
    until: int | None


def ask(
    store: Store, complaint_id: str, *, reason: str, actor: str, scope: Scope, now: datetime
) -> str:
    """
    Ask to see the complainant of one lead; return the request's id.

    A request that is still under way is returned instead of a second one.
    """
    access.require(store, actor, "complainants.ask")
    words = " ".join(reason.split())
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise ForbiddenError("事由应为 {a} 至 {b} 个字", a=SHORTEST_REASON, b=LONGEST_REASON)
    at = engine.to_seconds(now)
    with store.write() as conn:
        identity.check_there(conn, complaint_id, scope=scope, at=at)
        found = _newest(conn, complaint_id, actor)
        if found is not None and found["status"] == _ASKED:
            return str(found["request_id"])
        request_id = secrets.token_hex(8)
        conn.execute(
            insert(reveal_requests).values(
                request_id=request_id,
                complaint_id=complaint_id,
                asked_by=actor,
                asked_at=at,
                reason=words,
                status=_ASKED,
            )
        )
        audit.append(
            conn, at=at, actor=actor, action="reveal_ask", object_id=complaint_id, reason=words
        )
    return request_id


def waiting(store: Store, *, actor: str) -> list[Request]:
    """Return the requests that wait to be unlocked: number and reason, nothing of the lead."""
    access.require(store, actor, "complainants.unlock")
    query = (
        select(reveal_requests)
        .where(reveal_requests.c.status == _ASKED)
        .order_by(reveal_requests.c.asked_at, reveal_requests.c.request_id)
    )
    with store.read() as conn:
        rows = conn.execute(query).mappings().all()
    return [_request(row, at=0, minutes=1) for row in rows]


def decide(store: Store, request_id: str, *, unlock: bool, actor: str, now: datetime) -> None:
    """
    Unlock or refuse a request of somebody else.

    Raises
    ------
    NotFoundError
        If it was decided already.
    """
    access.require(store, actor, "complainants.unlock")
    at = engine.to_seconds(now)
    with store.write() as conn:
        row = _row(conn, request_id)
        if row is None or row["status"] != _ASKED:
            raise NotFoundError("这一申请已处理")
        if row["asked_by"] == actor:
            raise ForbiddenError("不能处理自己的申请")
        conn.execute(
            update(reveal_requests)
            .where(reveal_requests.c.request_id == request_id)
            .values(status=_UNLOCKED if unlock else _REFUSED, decided_by=actor, decided_at=at)
        )
        audit.append(
            conn,
            at=at,
            actor=actor,
            action="reveal_unlock" if unlock else "reveal_refuse",
            object_id=row["complaint_id"],
            detail={"asked_by": row["asked_by"]},
        )


def newest(
    store: Store, complaint_id: str, *, actor: str, limits: AccessSettings, now: datetime
) -> Request | None:
    """Return the actor's newest request for a lead, as it stands now."""
    with store.read() as conn:
        row = _newest(conn, complaint_id, actor)
    if row is None:
        return None
    return _request(row, at=engine.to_seconds(now), minutes=limits.reveal_minutes)


def look(
    store: Store,
    complaint_id: str,
    *,
    actor: str,
    scope: Scope,
    limits: AccessSettings,
    now: datetime,
) -> Identity:
    """
    Show the complainant to who asked, while the unlocked request lasts; each look is logged.

    Raises
    ------
    ForbiddenError
        If nothing is unlocked for the actor, or the time is over.
    """
    access.require(store, actor, "complainants.ask")
    with store.read() as conn:
        row = _newest(conn, complaint_id, actor)
    if row is None:
        raise ForbiddenError("还没有解锁，或时间已过，请重新申请")

    def spend(conn: Connection, at: int) -> None:
        held = _row(conn, str(row["request_id"]))
        state = None if held is None else _request(held, at=at, minutes=limits.reveal_minutes)
        if state is None or state.status not in {_UNLOCKED, _OPENED}:
            raise ForbiddenError("还没有解锁，或时间已过，请重新申请")
        if state.status == _UNLOCKED:
            conn.execute(
                update(reveal_requests)
                .where(reveal_requests.c.request_id == state.request_id)
                .values(status=_OPENED, opened_at=at)
            )

    return identity.reveal(
        store,
        complaint_id,
        reason=str(row["reason"]),
        actor=actor,
        scope=scope,
        now=now,
        before=spend,
    )


def repeat_callers(
    store: Store, complaint_id: str, scope: Scope, *, now: datetime | None = None
) -> list[str]:
    """Return other leads from the same phone that the reader may see; reads no phone."""
    return identity.same_phone(store, complaint_id, scope=scope, as_of=now or access.now())


def _newest(conn: Connection, complaint_id: str, actor: str) -> Mapping[Any, Any] | None:
    table = reveal_requests.c
    query = (
        select(reveal_requests)
        .where(table.complaint_id == complaint_id, table.asked_by == actor)
        .order_by(table.asked_at.desc(), table.request_id)
        .limit(1)
    )
    return conn.execute(query).mappings().one_or_none()


def _row(conn: Connection, request_id: str) -> Mapping[Any, Any] | None:
    query = select(reveal_requests).where(reveal_requests.c.request_id == request_id)
    return conn.execute(query).mappings().one_or_none()


def _request(row: Mapping[Any, Any], *, at: int, minutes: int) -> Request:
    status, until = str(row["status"]), None
    if status == _UNLOCKED:
        until = int(row["decided_at"]) + UNLOCKED_HOURS * 3600
    elif status == _OPENED:
        until = int(row["opened_at"]) + minutes * 60
    if until is not None and at >= until:
        status = "over"
    return Request(
        request_id=row["request_id"],
        complaint_id=row["complaint_id"],
        asked_by=row["asked_by"],
        asked_at=int(row["asked_at"]),
        reason=row["reason"],
        status=status,
        until=until,
    )
