"""
Records written by hand: new versions, and the memory of which fields a person wrote.

A field that a person wrote stands until a file says the same. A later file that says
something else does not undo it: ``keep`` puts the hand-written value back into the rows
before they are compared, and counts it, so that the report can say so
(docs/decisions/0012-hand-edits.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, and_, delete, func, insert, select, update

from data import frames, schema
from data.store import tables, versions
from data.store.inserts import district_of
from data.store.record_tables import hand_edits

REMOVED = "*"
"""Stands for a column name where the whole record was removed by hand."""

Values = Mapping[str, Any]
"""Column → stored value: dates as ISO text, instants as seconds, lists ``;``-joined."""


@dataclass(frozen=True, slots=True)
class Kept:
    """
    The rows of a file with hand-written fields put back, and how many were.

    ``n_dropped`` are the rows of records that a person removed.
    """

    records: pd.DataFrame
    n_fields: int
    n_dropped: int = 0


def current(conn: Connection, kind: str, key: Sequence[str]) -> dict[str, Any] | None:
    """Return the newest version of a record as stored values, ``None`` where there is none."""
    table, spec = tables.VERSIONED[kind], schema.KINDS[kind]
    names = [column.name for column in spec.columns if not column.identity]
    row = conn.execute(
        select(*(table.c[name] for name in names)).where(
            _is_key(table, spec, key), table.c.known_to.is_(None)
        )
    ).one_or_none()
    return None if row is None else dict(zip(names, row, strict=True))


def write(
    conn: Connection,
    kind: str,
    values: Values,
    *,
    at: int,
    actor: str,
    mark: bool = True,
    mark_all: bool = False,
) -> dict[str, tuple[Any, Any]]:
    """
    Write fields of one record as a new version, inside the caller's transaction.

    Parameters
    ----------
    values
        The key and the fields to write; fields not named stay as they are.
    at
        Now, seconds since 1970 UTC: the new version is known from here on, never earlier.
    mark
        Whether the fields count as written by a person. A link that the program itself
        sets, or a withdrawal, does not.
    mark_all
        Whether fields that the person only confirms count as well.

    Returns
    -------
    changes
        Column → (before, after) of what differs; empty where nothing does.
    """
    spec = schema.KINDS[kind]
    key = [str(values[name]) for name in spec.key]
    held = current(conn, kind, key)
    before = held or {}
    changes = {
        name: (before.get(name), value)
        for name, value in values.items()
        if before.get(name) != value
    }
    if held is not None and not changes:
        return {}
    _add_version(conn, kind, {**before, **values}, at=_moment(conn, kind, key, at=at))
    if mark:
        written = changes
        if mark_all:
            written = {
                name: (before.get(name), value)
                for name, value in values.items()
                if name not in spec.key
            }
        _mark(conn, kind, key, written, at=at, actor=actor)
    return changes


def remove(conn: Connection, kind: str, key: Sequence[str], *, at: int, actor: str) -> bool:
    """End a record: no version follows, and files do not bring it back. False where none is."""
    table, spec = tables.VERSIONED[kind], schema.KINDS[kind]
    if current(conn, kind, key) is None:
        return False
    moment = _moment(conn, kind, key, at=at)
    conn.execute(
        update(table)
        .where(_is_key(table, spec, key), table.c.known_to.is_(None))
        .values(known_to=moment)
    )
    _forget(conn, kind, key)
    _mark(conn, kind, key, {REMOVED: (None, None)}, at=at, actor=actor)
    return True


def restore(conn: Connection, kind: str, key: Sequence[str], *, at: int) -> bool:
    """Bring back what ``remove`` ended, as it was; False where nothing was removed."""
    table, spec = tables.VERSIONED[kind], schema.KINDS[kind]
    if current(conn, kind, key) is not None:
        return False
    names = [column.name for column in spec.columns if not column.identity]
    last = conn.execute(
        select(*(table.c[name] for name in names))
        .where(_is_key(table, spec, key))
        .order_by(table.c.known_from.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return False
    _add_version(
        conn, kind, dict(zip(names, last, strict=True)), at=_moment(conn, kind, key, at=at)
    )
    _forget(conn, kind, key)
    return True


def release(conn: Connection, kind: str, key: Sequence[str], columns: Sequence[str]) -> None:
    """Say that the next file may write these fields again."""
    conn.execute(
        delete(hand_edits).where(
            hand_edits.c.kind == kind,
            hand_edits.c.record_key == record_key(key),
            hand_edits.c.column_name.in_(list(columns)),
        )
    )


def keep(conn: Connection, kind: str, records: pd.DataFrame) -> Kept:
    """
    Put hand-written fields back into the rows of a file, inside its import's transaction.

    A field on which file and person agree is settled: from then on files may write it.
    Rows of records that a person removed are dropped.
    """
    found = conn.execute(
        select(hand_edits.c.record_key, hand_edits.c.column_name).where(hand_edits.c.kind == kind)
    ).all()
    spec = schema.KINDS[kind]
    if not found or records.empty or spec.key == ("row_id",):
        return Kept(records, 0)
    marked: dict[str, set[str]] = {}
    for key, column in found:
        marked.setdefault(str(key), set()).add(str(column))
    keys = _keys_of(spec, records)
    touched = np.flatnonzero(np.fromiter((key in marked for key in keys), bool, len(keys)))
    if not len(touched):
        return Kept(records, 0)
    mended, dropped, n_fields = records.copy(), [], 0
    for position in touched:
        key = keys[position]
        if REMOVED in marked[key]:
            dropped.append(position)
            n_fields += 1
            continue
        n_fields += _put_back(conn, spec, mended, int(position), key, marked[key])
    if dropped:
        mended = mended.drop(index=mended.index[dropped])
    return Kept(mended, n_fields, len(dropped))


def record_key(key: Sequence[str]) -> str:
    """Return the parts of a key as one text."""
    return "\x1f".join(str(part) for part in key)


def _put_back(
    conn: Connection,
    spec: schema.Kind,
    records: pd.DataFrame,
    position: int,
    key: str,
    columns: set[str],
) -> int:
    parts = key.split("\x1f")
    held = current(conn, spec.name, parts)
    if held is None:
        return 0
    told = frames.to_stored(spec, records.iloc[[position]])
    agreed = [name for name in columns if told[name][0] == held[name]]
    differ = [name for name in columns if name not in agreed]
    if agreed:
        release(conn, spec.name, parts, agreed)
    types = {column.name: column.type for column in spec.columns}
    ours = frames.from_stored(differ, types, [[held[name] for name in differ]])
    for name in differ:
        if name not in records:
            records[name] = pd.Series(None, index=records.index, dtype=ours[name].dtype)
        records.isetitem(
            records.columns.get_loc(name),
            _with_value(records[name], position, ours[name].iloc[0]),
        )
    return len(differ)


def _with_value(values: pd.Series, position: int, value: object) -> pd.Series:
    changed = values.copy()
    if not pd.isna(value) and pd.api.types.is_integer_dtype(changed.dtype):
        changed = changed.astype(float)
    changed.iloc[position] = value
    return changed


def _keys_of(spec: schema.Kind, records: pd.DataFrame) -> list[str]:
    stored = frames.to_stored(spec, records[[name for name in spec.key if name in records]])
    return [record_key(parts) for parts in zip(*(stored[name] for name in spec.key), strict=True)]


def _moment(conn: Connection, kind: str, key: Sequence[str], *, at: int) -> int:
    """Return ``at``, moved on where a version of the record already begins or ends there."""
    table, spec = tables.VERSIONED[kind], schema.KINDS[kind]
    newest, ended = conn.execute(
        select(func.max(table.c.known_from), func.max(table.c.known_to)).where(
            _is_key(table, spec, key)
        )
    ).one()
    begun = at if newest is None else int(str(newest)) + 1
    return max(at, begun, int(str(ended or at)))


def _add_version(conn: Connection, kind: str, values: Values, *, at: int) -> None:
    """End the current version, if there is one, and write the next."""
    table, spec = tables.VERSIONED[kind], schema.KINDS[kind]
    names = [column.name for column in spec.columns if not column.identity]
    stored = {name: np.array([values.get(name)], dtype=object) for name in names}
    digest = versions.describe(spec, stored, known_on=at).full_hash[0]
    row: dict[str, Any] = {name: values.get(name) for name in names}
    if "district_code" not in row and "area_code" in row:
        row["district_code"] = district_of(row["area_code"])
    key = [str(values[name]) for name in spec.key]
    conn.execute(
        update(table)
        .where(_is_key(table, spec, key), table.c.known_to.is_(None))
        .values(known_to=at)
    )
    conn.execute(insert(table).values(known_from=at, content_hash=digest, **row))


def _mark(
    conn: Connection,
    kind: str,
    key: Sequence[str],
    changes: Mapping[str, tuple[Any, Any]],
    *,
    at: int,
    actor: str,
) -> None:
    text = record_key(key)
    spec = schema.KINDS[kind]
    for column, (before, _) in changes.items():
        if column in spec.key:
            continue
        where = and_(
            hand_edits.c.kind == kind,
            hand_edits.c.record_key == text,
            hand_edits.c.column_name == column,
        )
        again = conn.execute(
            update(hand_edits).where(where).values(edited_at=at, actor=actor)
        ).rowcount
        if not again:
            conn.execute(
                insert(hand_edits).values(
                    kind=kind,
                    record_key=text,
                    column_name=column,
                    base=None if before is None else str(before),
                    edited_at=at,
                    actor=actor,
                )
            )


def _forget(conn: Connection, kind: str, key: Sequence[str]) -> None:
    conn.execute(
        delete(hand_edits).where(
            hand_edits.c.kind == kind, hand_edits.c.record_key == record_key(key)
        )
    )


def _is_key(table: Any, spec: schema.Kind, key: Sequence[str]) -> Any:
    return and_(*(table.c[name] == part for name, part in zip(spec.key, key, strict=True)))
