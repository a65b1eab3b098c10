"""Alerts of the newest run, and the stake-outs that somebody asked for."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, false, insert, select, true, update

from data import audit
from data.scope import Scope
from data.store import documents, engine
from data.store.engine import Store
from data.store.signal_tables import alerts, signal_runs, stakeout_wishes
from errors import NotFoundError


def save_run(
    store: Store,
    found: Sequence[Mapping[str, Any]],
    *,
    as_of: datetime,
    params: Mapping[str, object],
    summary: Mapping[str, object],
    actor: str,
    now: datetime,
) -> str:
    """Save a run with its alerts (columns of ``alerts``, ``document`` plain), return its id."""
    run_id = f"{as_of:%Y%m%d}-{secrets.token_hex(4)}"
    at = engine.to_seconds(now)
    rows = [
        {
            **alert,
            "run_id": run_id,
            "alert_id": f"{run_id}-{number:03d}",
            "document": json.dumps(alert["document"], ensure_ascii=False),
        }
        for number, alert in enumerate(found)
    ]
    with store.write() as conn:
        conn.execute(
            insert(signal_runs).values(
                run_id=run_id, as_of=engine.to_seconds(as_of), created_at=at, actor=actor,
                params=documents.to_text(params), summary=documents.to_text(summary),
            )
        )  # fmt: skip
        if rows:
            conn.execute(insert(alerts), rows)
        audit.append(
            conn, at=at, actor=actor, action="signals", object_id=run_id,
            detail={"n_alerts": len(rows)},
        )  # fmt: skip
        engine.bump_data_version(conn)
    return run_id


def latest_run(store: Store, *, as_of: datetime | None = None) -> dict[str, Any] | None:
    """Return id, as_of and summary of the newest run of a moment not after the one given."""
    run = signal_runs.c
    query = select(run.run_id, run.as_of, run.created_at, run.summary).order_by(
        run.as_of.desc(), run.created_at.desc(), run.run_id
    )
    if as_of is not None:
        query = query.where(run.as_of <= engine.to_seconds(as_of))
    with store.read() as conn:
        row = conn.execute(query.limit(1)).one_or_none()
    if row is None:
        return None
    return {
        "run_id": row.run_id,
        "as_of": engine.to_instant(row.as_of),
        "created_at": engine.to_instant(row.created_at),
        "summary": json.loads(row.summary),
    }


def load_alerts(store: Store, run_id: str, *, scope: Scope) -> list[dict[str, Any]]:
    """Return the alerts of a run for this reader: of the whole city, or of the own districts."""
    query = (
        select(alerts)
        .where(alerts.c.run_id == run_id, _in_scope(scope))
        .order_by(alerts.c.rank, alerts.c.district_code, alerts.c.alert_id)
    )
    with store.read() as conn:
        return [_alert(row._asdict()) for row in conn.execute(query)]


def load_alert(store: Store, alert_id: str, *, scope: Scope) -> dict[str, Any]:
    """Return one alert; NotFoundError where it is not there or not the reader's."""
    query = select(alerts).where(alerts.c.alert_id == alert_id, _in_scope(scope))
    with store.read() as conn:
        row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("没有这条提示：{alert_id}", alert_id=alert_id)
    return _alert(row._asdict())


def save_wish(store: Store, wish: Mapping[str, Any], *, actor: str, now: datetime) -> str:
    """Keep a stake-out wish; the same place and day of one alert is one wish. Return its id."""
    text = "|".join(str(wish[name]) for name in ("alert_id", "area_code", "week_start", "day"))
    wish_id = hashlib.sha256(text.encode()).hexdigest()[:16]
    at = engine.to_seconds(now)
    column = stakeout_wishes.c
    with store.write() as conn:
        held = conn.execute(
            select(column.withdrawn_at).where(column.wish_id == wish_id)
        ).one_or_none()
        if held is not None and held.withdrawn_at is None:
            return wish_id
        if held is None:
            conn.execute(
                insert(stakeout_wishes).values(
                    **wish, wish_id=wish_id, created_at=at, created_by=actor
                )
            )
        else:
            again = {"withdrawn_at": None, "withdrawn_by": None}
            conn.execute(update(stakeout_wishes).where(column.wish_id == wish_id).values(**again))
        audit.append(conn, at=at, actor=actor, action="stakeout.wish", object_id=wish_id)
        engine.bump_data_version(conn)
    return wish_id


def withdraw_wish(store: Store, wish_id: str, *, scope: Scope, actor: str, now: datetime) -> None:
    """Take a wish back; NotFoundError where it is not the reader's. Twice is once."""
    column = stakeout_wishes.c
    at = engine.to_seconds(now)
    with store.write() as conn:
        held = conn.execute(
            select(column.withdrawn_at).where(column.wish_id == wish_id, _wish_in_scope(scope))
        ).one_or_none()
        if held is None:
            raise NotFoundError("没有这条蹲守意愿：{wish_id}", wish_id=wish_id)
        if held.withdrawn_at is not None:
            return
        conn.execute(
            update(stakeout_wishes)
            .where(column.wish_id == wish_id)
            .values(withdrawn_at=at, withdrawn_by=actor)
        )
        audit.append(conn, at=at, actor=actor, action="stakeout.withdraw", object_id=wish_id)
        engine.bump_data_version(conn)


def load_wishes(
    store: Store,
    week_start: date,
    *,
    scope: Scope,
    known_before: datetime | None = None,
    and_later: bool = False,
) -> list[dict[str, Any]]:
    """Return the wishes for a week, or from it on, that stand, as known before a moment."""
    column = stakeout_wishes.c
    monday = week_start.isoformat()
    query = (
        select(stakeout_wishes)
        .where(
            column.week_start >= monday if and_later else column.week_start == monday,
            column.withdrawn_at.is_(None),
            _wish_in_scope(scope),
        )
        .order_by(column.week_start, column.day, column.from_s, column.wish_id)
    )
    if known_before is not None:
        query = query.where(column.created_at <= engine.to_seconds(known_before))
    with store.read() as conn:
        return [row._asdict() for row in conn.execute(query)]


def _alert(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "document": json.loads(row["document"])}


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    # The whole city's alerts are made of all districts' leads: only for who may read all.
    if scope.districts is None:
        return alerts.c.district_code.is_(None)
    codes = sorted(scope.districts)
    return alerts.c.district_code.in_(codes) if codes else false()


def _wish_in_scope(scope: Scope) -> ColumnElement[bool]:
    if scope.districts is None:
        return true()
    codes = sorted(scope.districts)
    return stakeout_wishes.c.district_code.in_(codes) if codes else false()
