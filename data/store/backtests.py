"""Replays of past weeks: save one with all its figures, list them, read one."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Row, insert, select

from data import audit
from data.scope import Scope
from data.store import documents, engine
from data.store.backtest_tables import backtest_runs, backtest_values
from data.store.engine import Store
from errors import NotFoundError

VALUE_COLUMNS = (
    "origin_on", "target", "stratum", "method", "measure", "at", "value", "lo", "hi", "n",
)  # fmt: skip
_NUMBERS = ("at", "value", "lo", "hi", "n")


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRun:
    """One replay: the weeks it went over, when it was made, and what is to be said of it."""

    run_id: str
    from_on: date
    to_on: date
    every_weeks: int
    created_at: datetime
    actor: str
    method: str
    districts: tuple[str, ...] | None
    summary: Mapping[str, Any]


def save_backtest(
    store: Store,
    *,
    run_id: str | None = None,
    from_on: date,
    to_on: date,
    every_weeks: int,
    method: str,
    scope: Scope,
    summary: Mapping[str, object],
    values: pd.DataFrame,
    actor: str,
    now: datetime,
) -> str:
    """
    Save one replay and return its id; a run that is already there stays as it is.

    Parameters
    ----------
    run_id
        Given where the same work may come twice, e.g. by a job that ran again.
    values
        Columns ``VALUE_COLUMNS``, in the order in which they are read back.
    """
    made = run_id or f"{to_on:%Y%m%d}-{secrets.token_hex(4)}"
    districts = None if scope.districts is None else json.dumps(sorted(scope.districts))
    with store.write() as conn:
        known = select(backtest_runs.c.run_id).where(backtest_runs.c.run_id == made)
        if conn.execute(known).scalar() is not None:
            return made
        at = engine.written_at(now)
        conn.execute(
            insert(backtest_runs).values(
                run_id=made, from_on=from_on.isoformat(), to_on=to_on.isoformat(),
                every_weeks=every_weeks, created_at=at, actor=actor, method=method,
                districts=districts, summary=documents.to_text(summary),
            )
        )  # fmt: skip
        rows = values[list(VALUE_COLUMNS)].astype(object)
        rows = rows.where(rows.notna(), None)
        listed = [
            {"run_id": made, "row_no": k, **dict(zip(VALUE_COLUMNS, row, strict=True))}
            for k, row in enumerate(rows.itertuples(index=False, name=None))
        ]
        if listed:
            conn.execute(insert(backtest_values), listed)
        detail = {"n_values": len(rows), "every_weeks": every_weeks}
        audit.append(conn, at=at, actor=actor, action="backtest", object_id=made, detail=detail)
        engine.bump_data_version(conn)
    return made


def list_backtests(store: Store, *, scope: Scope) -> list[BacktestRun]:
    """List the replays over exactly the districts that the reader looks at, newest first."""
    run = backtest_runs.c
    query = select(backtest_runs).order_by(run.created_at.desc(), run.run_id)
    if scope.districts is None:
        query = query.where(run.districts.is_(None))
    else:
        query = query.where(run.districts == json.dumps(sorted(scope.districts)))
    with store.read() as conn:
        return [_run(row) for row in conn.execute(query)]


def load_values(store: Store, run_id: str, *, scope: Scope) -> pd.DataFrame:
    """
    Load the figures of a replay.

    Raises
    ------
    NotFoundError
        If there is no such replay over the reader's districts.
    """
    if run_id not in {run.run_id for run in list_backtests(store, scope=scope)}:
        raise NotFoundError("没有这项内容，或不在您的辖区")
    value = backtest_values.c
    query = (
        select(*(value[name] for name in VALUE_COLUMNS))
        .where(value.run_id == run_id)
        .order_by(value.row_no)
    )
    with store.read() as conn:
        rows = [tuple(row) for row in conn.execute(query)]
    frame = pd.DataFrame(rows, columns=list(VALUE_COLUMNS))
    for name in _NUMBERS:
        frame[name] = pd.to_numeric(frame[name]).astype(float)
    return frame


def _run(row: Row[Any]) -> BacktestRun:
    return BacktestRun(
        run_id=row.run_id,
        from_on=date.fromisoformat(row.from_on),
        to_on=date.fromisoformat(row.to_on),
        every_weeks=row.every_weeks,
        created_at=engine.to_instant(row.created_at),
        actor=row.actor,
        method=row.method,
        districts=None if row.districts is None else tuple(json.loads(row.districts)),
        summary=json.loads(row.summary),
    )
