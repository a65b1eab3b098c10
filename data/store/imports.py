"""What was loaded: when, by whom, from which file, with what counts; and what was refused."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, true, update

from data import schema
from data.records import Message
from data.scope import Scope
from data.store import documents, engine, tables
from data.store.engine import Store
from errors import NotFoundError

_LISTED = (
    "import_id",
    "imported_at",
    "actor",
    "file_name",
    "kind",
    "datum",
    "n_rows",
    "n_taken",
    "n_updated",
    "n_unchanged",
    "n_refused",
    "n_warned",
    "sha256",
    "sheet",
    "undone_at",
    "undone_by",
)
WARNING = "warning"
"""Level of a row that was taken, with something to look at."""

_OUTER_LEVELS = ("city", "district", "township")


def add_import(
    conn: Connection,
    *,
    imported_at: int,
    actor: str,
    file_name: str,
    file_hash: str,
    datum: str,
    sha256: str | None = None,
    sheet: str | None = None,
    job_id: str | None = None,
) -> int:
    """
    Begin an import inside the caller's transaction and return its ``import_id``.

    ``file_hash`` is of the file and the way it was read, ``sha256`` of its bytes alone.
    """
    made = conn.execute(
        insert(tables.imports).values(
            imported_at=imported_at,
            actor=actor,
            file_name=file_name,
            file_hash=file_hash,
            kind="",
            datum=datum,
            n_rows=0,
            n_taken=0,
            n_updated=0,
            n_unchanged=0,
            n_refused=0,
            sha256=sha256,
            sheet=sheet,
            job_id=job_id,
        )
    )
    key = made.inserted_primary_key
    assert key is not None  # noqa: S101
    return int(key[0])


def set_counts(conn: Connection, import_id: int, *, kind: str, counts: Mapping[str, int]) -> None:
    """Write what came of an import; ``counts`` by column name, ``n_rows`` and so on."""
    conn.execute(
        update(tables.imports)
        .where(tables.imports.c.import_id == import_id)
        .values(kind=kind, **counts)
    )


def add_refusals(
    conn: Connection,
    import_id: int,
    refused: Iterable[tuple[int, str | None, str | None, Message]],
    *,
    level: str | None = None,
) -> None:
    """Keep refused rows for download: file row, column, value (already masked), reason."""
    rows = [
        {
            "import_id": import_id,
            "row": row,
            "column": column,
            "value": value,
            "reason": documents.to_text(reason),
            "level": level,
        }
        for row, column, value, reason in refused
    ]
    if rows:
        conn.execute(insert(tables.refusals), rows)


def was_loaded(conn: Connection, *, file_hash: str) -> bool:
    """Whether a file of this content was loaded before, in the same way, and still counts."""
    query = select(tables.imports.c.import_id).where(
        tables.imports.c.file_hash == file_hash, tables.imports.c.undone_at.is_(None)
    )
    return conn.execute(query.limit(1)).scalar() is not None


def list_imports(store: Store, *, scope: Scope) -> pd.DataFrame:
    """List imports, newest first; a reader of some districts sees only the own ones."""
    table = tables.imports
    query = (
        select(*(table.c[name] for name in _LISTED))
        .where(_in_scope(scope))
        .order_by(table.c.import_id.desc())
    )
    with store.read() as conn:
        frame = pd.DataFrame(conn.execute(query).fetchall(), columns=list(_LISTED))
    for name in ("imported_at", "undone_at"):
        frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="s", utc=True)
    return frame


def get_import(conn: Connection, import_id: int, *, scope: Scope) -> Row:
    """Return one import's row; NotFoundError if it is not there, or not for this reader."""
    table = tables.imports
    found = conn.execute(
        select(table).where(table.c.import_id == import_id, _in_scope(scope))
    ).one_or_none()
    if found is None:
        raise NotFoundError("没有这次导入：{import_id}", import_id=import_id)
    return found


def n_undone(store: Store) -> int:
    """Return how many imports were taken back so far."""
    query = select(func.count()).where(tables.imports.c.undone_at.is_not(None))
    with store.read() as conn:
        return int(conn.execute(query).scalar_one())


def names(conn: Connection, import_ids: Sequence[int | None]) -> list[str]:
    """Return how people call some imports: number and file; ``None`` is the ledger."""
    table = tables.imports.c
    rows = conn.execute(
        select(table.import_id, table.file_name).where(
            table.import_id.in_([i for i in import_ids if i is not None])
        )
    ).all()
    named = [f"#{row.import_id} {row.file_name}" for row in rows]
    return [*named, *(["台账记录"] if None in import_ids else [])]


def stored_keys(store: Store, kind: str) -> frozenset[str]:
    """Return the ids of all records of a kind with a key of one column."""
    column = tables.VERSIONED[kind].c[schema.KINDS[kind].key[0]]
    with store.read() as conn:
        return frozenset(str(row[0]) for row in conn.execute(select(column).distinct()).all())


def outer_areas(store: Store, *, as_of: datetime) -> list[bytes]:
    """Return the shapes (WKB) of the stored areas of the highest level there is."""
    table = tables.VERSIONED["areas"].c
    at = engine.to_seconds(as_of)
    with store.read() as conn:
        for level in (*_OUTER_LEVELS, "village"):
            query = select(table.shape).where(
                table.level == level,
                table.shape.is_not(None),
                table.known_from < at,
                or_(table.known_to.is_(None), table.known_to >= at),
            )
            if shapes := [bytes(row[0]) for row in conn.execute(query).all()]:
                return shapes
    return []


def load_refusals(
    store: Store, import_id: int, *, scope: Scope, level: str | None = None
) -> Sequence[tuple[int, str | None, str | None, Message]]:
    """
    Load the refused rows of one import, or its warnings: file row, column, value, reason.

    Raises
    ------
    NotFoundError
        If there is no such import, or it is not for this reader.
    """
    with store.read() as conn:
        found = conn.execute(
            select(tables.imports.c.import_id).where(
                tables.imports.c.import_id == import_id, _in_scope(scope)
            )
        ).scalar()
        if found is None:
            raise NotFoundError("没有这次导入：{import_id}", import_id=import_id)
        refused = tables.refusals
        rows = conn.execute(
            select(refused.c.row, refused.c.column, refused.c.value, refused.c.reason)
            .where(refused.c.import_id == import_id)
            .where(refused.c.level.is_(None) if level is None else refused.c.level == level)
            .order_by(refused.c.row, refused.c.refusal_id)
        ).all()
    return [(row[0], row[1], row[2], documents.to_message(row[3]) or Message("")) for row in rows]


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    return true() if scope.districts is None else tables.imports.c.actor == scope.user
