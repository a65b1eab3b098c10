"""Weekly plans. A plan is never overwritten: saving it again adds a revision."""

from datetime import date, datetime

import pandas as pd
from sqlalchemy import ColumnElement, false, func, insert, select, true

from data import audit
from data.records import Plan
from data.scope import Scope
from data.store import documents, engine, tables
from data.store.engine import Store
from errors import NotFoundError

_LISTED = (
    "plan_id",
    "week_start",
    "district_code",
    "status",
    "created_at",
    "prize",
    "upper_bound",
    "n_planned",
    "n_left_out",
)


def save_plan(store: Store, plan: Plan, *, actor: str, now: datetime | None = None) -> None:
    """Save a plan, or a new revision of it; saving the same content again changes nothing."""
    saved_at = engine.written_at(now)
    document = documents.to_text(plan)
    table = tables.plans.c
    with store.write() as conn:
        last = conn.execute(
            select(table.revision, table.document)
            .where(table.plan_id == plan.plan_id)
            .order_by(table.revision.desc())
            .limit(1)
        ).one_or_none()
        if last is not None and last.document == document:
            return
        revision = 1 if last is None else last.revision + 1
        conn.execute(
            insert(tables.plans).values(
                plan_id=plan.plan_id,
                revision=revision,
                week_start=plan.week_start.isoformat(),
                district_code=plan.district_code,
                status=plan.status,
                created_at=engine.to_seconds(plan.created_at),
                saved_at=saved_at,
                saved_by=actor,
                prize=plan.prize,
                upper_bound=plan.upper_bound,
                n_planned=sum(len(route.stops) for route in plan.routes),
                n_left_out=len(plan.left_out),
                document=document,
            )
        )
        audit.append(
            conn,
            at=saved_at,
            actor=actor,
            action="plan",
            object_id=plan.plan_id,
            detail={"revision": revision, "status": plan.status},
        )
        engine.bump_data_version(conn)


def load_plan(store: Store, plan_id: str, *, scope: Scope) -> Plan:
    """
    Load the newest revision of a plan.

    Raises
    ------
    NotFoundError
        If there is no such plan, or it is not for this reader.
    """
    table = tables.plans.c
    query = (
        select(table.document)
        .where(table.plan_id == plan_id, _in_scope(scope))
        .order_by(table.revision.desc())
        .limit(1)
    )
    with store.read() as conn:
        document = conn.execute(query).scalar()
    if document is None:
        raise NotFoundError("没有这个计划：{plan_id}", plan_id=plan_id)
    return documents.to_plan(document)


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


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    if scope.districts is None:
        return true()
    codes = sorted(scope.districts)
    return tables.plans.c.district_code.in_(codes) if codes else false()
