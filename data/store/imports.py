"""What was loaded: when, by whom, from which file, with what counts; and what was refused."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
from sqlalchemy import ColumnElement, Connection, insert, select, true, update

from data.records import Message
from data.scope import Scope
from data.store import documents, tables
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
)


def add_import(
    conn: Connection, *, imported_at: int, actor: str, file_name: str, file_hash: str, datum: str
) -> int:
    """Begin an import inside the caller's transaction and return its ``import_id``."""
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
) -> None:
    """Keep refused rows for download: file row, column, value (already masked), reason."""
    rows = [
        {
            "import_id": import_id,
            "row": row,
            "column": column,
            "value": value,
            "reason": documents.to_text(reason),
        }
        for row, column, value, reason in refused
    ]
    if rows:
        conn.execute(insert(tables.refusals), rows)


def was_loaded(conn: Connection, *, file_hash: str) -> bool:
    """Whether a file of this content was loaded before, in the same way."""
    query = select(tables.imports.c.import_id).where(tables.imports.c.file_hash == file_hash)
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
    frame["imported_at"] = pd.to_datetime(frame["imported_at"], unit="s", utc=True)
    return frame


def load_refusals(
    store: Store, import_id: int, *, scope: Scope
) -> Sequence[tuple[int, str | None, str | None, Message]]:
    """
    Load the refused rows of one import: file row, column, value, reason.

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
            .order_by(refused.c.row, refused.c.refusal_id)
        ).all()
    return [(row[0], row[1], row[2], documents.to_message(row[3]) or Message("")) for row in rows]


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    return true() if scope.districts is None else tables.imports.c.actor == scope.user
