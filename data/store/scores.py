"""Runs of the risk models: what every cell and facility was scored, as of when, and why."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Table, false, insert, select, true

from data import audit, frames
from data.scope import Scope
from data.store import documents, engine, tables
from data.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRun:
    """One run: ``as_of`` says what was known, ``summary`` counts what came out."""

    run_id: str
    as_of: datetime
    created_at: datetime
    method: str
    params: Mapping[str, object]
    summary: Mapping[str, object]


def save_scores(
    store: Store,
    *,
    as_of: datetime,
    method: str,
    params: Mapping[str, object],
    cells: pd.DataFrame,
    facilities: pd.DataFrame,
    summary: Mapping[str, object],
    actor: str,
    now: datetime | None = None,
) -> str:
    """
    Save one run and return its ``run_id``.

    Columns as in ``tables.cell_scores`` and ``tables.facility_scores``; missing
    ones are empty, unknown ones a ``ValueError``. ``reasons`` may be JSON text or
    lists.
    """
    created = engine.written_at(now)
    as_of_s = engine.to_seconds(as_of)
    run_id = f"{as_of:%Y%m%d}-{secrets.token_hex(4)}"
    with store.write() as conn:
        conn.execute(
            insert(tables.score_runs).values(
                run_id=run_id,
                as_of=as_of_s,
                created_at=created,
                method=method,
                params=documents.to_text(params),
                summary=documents.to_text(summary),
                actor=actor,
            )
        )
        _insert_frame(conn, tables.cell_scores, cells, run_id=run_id)
        _insert_frame(conn, tables.facility_scores, facilities, run_id=run_id)
        detail = {"n_cells": len(cells), "n_facilities": len(facilities), "method": method}
        audit.append(conn, at=created, actor=actor, action="score", object_id=run_id, detail=detail)
        engine.bump_data_version(conn)
    return run_id


def latest_run(store: Store, *, scope: Scope, as_of: datetime | None = None) -> ScoreRun | None:
    """
    Return the newest run whose ``as_of`` is not after the one given, if any.

    A run itself is no secret; what is in it is filtered by the loads below.
    """
    del scope
    run = tables.score_runs.c
    query = select(tables.score_runs).order_by(run.as_of.desc(), run.created_at.desc(), run.run_id)
    if as_of is not None:
        query = query.where(run.as_of <= engine.to_seconds(as_of))
    with store.read() as conn:
        row = conn.execute(query.limit(1)).one_or_none()
    return None if row is None else _run(row._asdict())


def get_run(store: Store, run_id: str) -> ScoreRun | None:
    """Load the description of one run, ``None`` if there is none of that id."""
    with store.read() as conn:
        row = conn.execute(
            select(tables.score_runs).where(tables.score_runs.c.run_id == run_id)
        ).one_or_none()
    return None if row is None else _run(row._asdict())


def load_cell_scores(store: Store, run_id: str, *, scope: Scope) -> pd.DataFrame:
    """Load the cells of a run that the reader may see; ``reasons`` is JSON text."""
    return _load_frame(store, tables.cell_scores, run_id=run_id, scope=scope)


def load_facility_scores(store: Store, run_id: str, *, scope: Scope) -> pd.DataFrame:
    """Load the facilities of a run that the reader may see; ``reasons`` is JSON text."""
    return _load_frame(store, tables.facility_scores, run_id=run_id, scope=scope)


def load_cell(store: Store, run_id: str, cell_id: str, *, scope: Scope) -> dict[str, object] | None:
    """Load one cell with ``reasons`` as a list; ``None`` if absent or not for this reader."""
    return _load_one(store, tables.cell_scores, run_id, "cell_id", cell_id, scope)


def load_facility(
    store: Store, run_id: str, facility_id: str, *, scope: Scope
) -> dict[str, object] | None:
    """Load one facility's score, ``reasons`` as a list; ``None`` as in ``load_cell``."""
    return _load_one(store, tables.facility_scores, run_id, "facility_id", facility_id, scope)


def _run(row: Mapping[str, Any]) -> ScoreRun:
    return ScoreRun(
        run_id=row["run_id"],
        as_of=engine.to_instant(row["as_of"]),
        created_at=engine.to_instant(row["created_at"]),
        method=row["method"],
        params=json.loads(row["params"]),
        summary=json.loads(row["summary"]),
    )


def _insert_frame(conn: Connection, table: Table, frame: pd.DataFrame, *, run_id: str) -> None:
    names = [column.name for column in table.columns if column.name != "run_id"]
    if unknown := set(frame.columns) - set(names):
        raise ValueError(f"{table.name} has no columns {sorted(unknown)}")
    if frame.empty:
        return
    given = [name for name in names if name in frame]
    columns = [_plain_values(frame[name]) for name in given]
    rows = [
        dict(zip(given, values, strict=True), run_id=run_id)
        for values in zip(*columns, strict=True)
    ]
    conn.execute(insert(table), rows)


def _plain_values(values: pd.Series) -> list[object]:
    if pd.api.types.is_datetime64_any_dtype(values):
        days = values.dt.tz_convert("Asia/Shanghai") if values.dt.tz is not None else values
        return [None if pd.isna(day) else day.date().isoformat() for day in days]
    if pd.api.types.is_numeric_dtype(values):
        return list(values.astype(object).where(values.notna(), None))
    return [_plain_value(value) for value in values]


def _plain_value(value: object) -> object:
    if isinstance(value, list | tuple | dict | np.ndarray):
        return documents.to_text(value)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    return value.isoformat()[:10] if hasattr(value, "isoformat") else value


def _load_frame(store: Store, table: Table, *, run_id: str, scope: Scope) -> pd.DataFrame:
    columns = [column for column in table.columns if column.name != "run_id"]
    key = columns[0]
    query = select(*columns).where(table.c.run_id == run_id, _in_scope(table, scope)).order_by(key)
    with store.read() as conn:
        rows = conn.execute(query).cursor.fetchall()
    types = {c.name: "real" for c in columns if c.type.python_type in {float, int}}
    types["last_visit_on"] = "date"
    return frames.from_stored([column.name for column in columns], types, rows)


def _load_one(
    store: Store, table: Table, run_id: str, key: str, value: str, scope: Scope
) -> dict[str, object] | None:
    query = select(table).where(
        table.c.run_id == run_id, table.c[key] == value, _in_scope(table, scope)
    )
    with store.read() as conn:
        row = conn.execute(query).one_or_none()
    if row is None:
        return None
    found = dict(row._asdict())
    found["reasons"] = json.loads(found["reasons"] or "[]")
    return found


def _in_scope(table: Table, scope: Scope) -> ColumnElement[bool]:
    if scope.districts is None:
        return true()
    codes = sorted(scope.districts)
    return table.c.district_code.in_(codes) if codes else false()
