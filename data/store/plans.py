"""Weekly plans. A plan is never overwritten: saving it again adds a revision."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, false, func, insert, select, true

from data import audit
from data.records import Plan
from data.scope import Scope
from data.store import documents, engine, tables
from data.store.engine import Store
from errors import NotFoundError, StaleError

IN_FORCE = ("released", "done")
"""States of the revision that officers drive by."""

_LISTED = (
    "plan_id",
    "revision",
    "week_start",
    "district_code",
    "status",
    "created_at",
    "prize",
    "upper_bound",
    "n_planned",
    "n_left_out",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One revision of a plan as stored."""

    plan: Plan
    revision: int
    saved_at: datetime
    saved_by: str


def save_plan(store: Store, plan: Plan, *, actor: str, now: datetime | None = None) -> None:
    """Save a plan, or a new revision of it; saving the same content again changes nothing."""
    saved_at = engine.written_at(now)
    with store.write() as conn:
        last = _newest(conn, plan.plan_id)
        # read and written again: an older document lacks fields that were added since
        if last is not None and (
            documents.to_text(documents.to_plan(last.document)) == documents.to_text(plan)
        ):
            return
        add_revision(
            conn, plan, expected=0 if last is None else int(last.revision), actor=actor, at=saved_at
        )


def add_revision(conn: Connection, plan: Plan, *, expected: int, actor: str, at: int) -> int:
    """
    Add a revision inside the caller's transaction and return its number.

    Parameters
    ----------
    expected
        The newest revision that the caller knows; 0 for a new plan.

    Raises
    ------
    StaleError
        If there is a newer one: somebody else changed the plan in the meantime.
    """
    last = _newest(conn, plan.plan_id)
    newest = 0 if last is None else int(last.revision)
    if newest != expected:
        raise StaleError(
            "计划已被他人改动（现为第 {found} 版，您看到的是第 {seen} 版），请刷新后再改",
            found=newest,
            seen=expected,
        )
    revision = newest + 1
    conn.execute(
        insert(tables.plans).values(
            plan_id=plan.plan_id,
            revision=revision,
            week_start=plan.week_start.isoformat(),
            district_code=plan.district_code,
            status=plan.status,
            created_at=engine.to_seconds(plan.created_at),
            saved_at=at,
            saved_by=actor,
            prize=plan.prize,
            upper_bound=plan.upper_bound,
            n_planned=sum(len(route.stops) for route in plan.routes),
            n_left_out=len(plan.left_out),
            document=documents.to_text(plan),
        )
    )
    audit.append(
        conn,
        at=at,
        actor=actor,
        action="plan",
        object_id=plan.plan_id,
        detail={"revision": revision, "status": plan.status},
    )
    engine.bump_data_version(conn)
    return revision


def held(
    conn: Connection,
    plan_id: str,
    *,
    scope: Scope,
    revision: int | None = None,
    in_force: bool = False,
) -> Held:
    """
    Return a revision of a plan: the newest, a given one, or the newest that officers drive by.

    Raises
    ------
    NotFoundError
        If there is no such plan or revision, or it is not for this reader.
    """
    table = tables.plans.c
    query = select(table.document, table.revision, table.saved_at, table.saved_by).where(
        table.plan_id == plan_id, _in_scope(scope)
    )
    if revision is not None:
        query = query.where(table.revision == revision)
    if in_force:
        query = query.where(table.status.in_(IN_FORCE))
    row = conn.execute(query.order_by(table.revision.desc()).limit(1)).one_or_none()
    if row is None:
        raise NotFoundError("没有这个计划：{plan_id}", plan_id=plan_id)
    return Held(
        plan=documents.to_plan(row.document),
        revision=int(row.revision),
        saved_at=engine.to_instant(row.saved_at),
        saved_by=row.saved_by,
    )


def load_plan(store: Store, plan_id: str, *, scope: Scope) -> Plan:
    """
    Load the newest revision of a plan.

    Raises
    ------
    NotFoundError
        If there is no such plan, or it is not for this reader.
    """
    with store.read() as conn:
        return held(conn, plan_id, scope=scope).plan


def plans_in_force(conn: Connection, *, scope: Scope, week_start: date) -> list[Held]:
    """Return the revisions of a week that officers drive by, the newest of each plan."""
    table = tables.plans.c
    found = conn.execute(
        select(table.plan_id)
        .where(
            table.week_start == week_start.isoformat(), table.status.in_(IN_FORCE), _in_scope(scope)
        )
        .distinct()
        .order_by(table.plan_id)
    )
    return [held(conn, str(row[0]), scope=scope, in_force=True) for row in found]


def plan_to_json(plan: Plan) -> dict[str, object]:
    """Return a plan as plain data, as it is stored and written to ``plan.json``."""
    plain = documents.to_plain(plan)
    assert isinstance(plain, dict)  # noqa: S101
    return plain


def list_plans(store: Store, *, scope: Scope, week_start: date | None = None) -> pd.DataFrame:
    """List the newest revision of each plan, newest plan first; ``created_at`` in UTC."""
    table = tables.plans
    newest = (
        select(table.c.plan_id, func.max(table.c.revision).label("revision"))
        .group_by(table.c.plan_id)
        .subquery()
    )
    query = (
        select(*(table.c[name] for name in _LISTED))
        .join(
            newest,
            (newest.c.plan_id == table.c.plan_id) & (newest.c.revision == table.c.revision),
        )
        .where(_in_scope(scope))
        .order_by(table.c.created_at.desc(), table.c.plan_id)
    )
    if week_start is not None:
        query = query.where(table.c.week_start == week_start.isoformat())
    with store.read() as conn:
        frame = pd.DataFrame(conn.execute(query).fetchall(), columns=list(_LISTED))
    frame["week_start"] = pd.to_datetime(frame["week_start"]).astype("datetime64[s]")
    frame["created_at"] = pd.to_datetime(frame["created_at"], unit="s", utc=True)
    return frame


def _newest(conn: Connection, plan_id: str) -> Any:
    table = tables.plans.c
    return conn.execute(
        select(table.revision, table.document)
        .where(table.plan_id == plan_id)
        .order_by(table.revision.desc())
        .limit(1)
    ).one_or_none()


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    if scope.districts is None:
        return true()
    codes = sorted(scope.districts)
    return tables.plans.c.district_code.in_(codes) if codes else false()
