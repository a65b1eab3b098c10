"""
Copy a whole store into an empty one, of the same or the other kind, without loss.

All tables as they are: versions, the audit chain byte for byte, sealed names and
phones with the numbers of their keys. One reading transaction on one side, one
writing transaction on the other: a copy is whole or is not there.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Float, Integer, Table, delete, func, select

from data.records import Message
from data.store import all_tables, bulk, postgres
from data.store.engine import Store
from errors import StoreError

_BATCH_ROWS = 20_000
_SEEDED = frozenset({"meta"})
"""Tables that a new store may already have rows in; the copy replaces them."""

KEY_SUFFIX = "key"

Progress = Callable[[float, Message], None]


def copy_store(source: Store, target: Store, *, progress: Progress | None = None) -> dict[str, int]:
    """
    Copy every row of ``source`` into ``target``; return the rows copied by table.

    The key files beside the source are copied beside the target where it has none:
    without them the complainants can't be read.

    Raises
    ------
    StoreError
        If the target already holds something, has another key, or a text holds a
        character that it can't keep.
    """
    tables = all_tables.metadata.sorted_tables
    with source.read() as origin, target.write() as conn:
        _check_empty(conn, target)
        _copy_keys(source, target)
        counts = {table.name: _n_rows(origin, table) for table in tables}
        n_all, n_done = max(sum(counts.values()), 1), 0
        for table in tables:
            n_copied = 0
            for part in _parts(origin, table):
                _write(conn, table, part)
                n_copied += len(part)
                if progress is not None:
                    share = (n_done + n_copied) / n_all
                    progress(share, Message("正在复制 {table}", {"table": table.name}))
            n_done += n_copied
            if _n_rows(conn, table) != counts[table.name] or n_copied != counts[table.name]:
                raise StoreError("表 {table} 未能完整复制，目标库未改动", table=table.name)
        if target.is_server:
            postgres.continue_numbering(conn, tables)
    return counts


def _check_empty(conn: Connection, target: Store) -> None:
    for table in all_tables.metadata.sorted_tables:
        if table.name in _SEEDED:
            conn.execute(delete(table))
        elif conn.execute(select(*table.primary_key).limit(1)).first() is not None:
            raise StoreError("目标库 {path} 不是空库，未复制", path=target.label)


def _copy_keys(source: Store, target: Store) -> None:
    pairs = [
        (path, target.path.with_name(target.path.name + path.name[len(source.path.name) :]))
        for path in sorted(source.folder.glob(f"{source.path.name}.*{KEY_SUFFIX}"))
        if path.is_file()
    ]
    for path, wanted in pairs:
        if wanted.exists() and wanted.read_bytes() != path.read_bytes():
            raise StoreError("目标库旁已有另一把密钥 {file}，未复制；请先移走它", file=wanted.name)
    for path, wanted in pairs:
        if not wanted.exists():
            handle = os.open(wanted, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
            with path.open("rb") as held, os.fdopen(handle, "wb") as made:
                shutil.copyfileobj(held, made)
                made.flush()
                os.fsync(made.fileno())


def _n_rows(conn: Connection, table: Table) -> int:
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def _parts(conn: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    query = select(table).order_by(*table.primary_key)
    with conn.execution_options(yield_per=_BATCH_ROWS).execute(query) as rows:
        for part in rows.partitions():
            yield [tuple(row) for row in part]


def _write(conn: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    names = [column.name for column in table.columns]
    columns = [
        _typed(table, name, values)
        for name, values in zip(names, zip(*rows, strict=True), strict=True)
    ]
    bulk.insert_columns(conn, table, names, columns)


def _typed(table: Table, name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values in the column's own type; SQLite keeps what it was given."""
    type_ = table.c[name].type
    if isinstance(type_, Float):
        return tuple(None if value is None else float(value) for value in values)
    if isinstance(type_, Integer):
        if any(value is not None and value != int(value) for value in values):
            raise _not_kept(table, name)
        return tuple(None if value is None else int(value) for value in values)
    if any(isinstance(value, str) and "\x00" in value for value in values):
        raise _not_kept(table, name)
    return values


def _not_kept(table: Table, name: str) -> StoreError:
    return StoreError(
        "表 {table} 的 {column} 列有目标库不能保存的值，未复制", table=table.name, column=name
    )
