"""
The log of what people did: append only, each entry sealed by the hash of all before it.

An entry is written in the same transaction as the change it tells of. SQLite
triggers refuse to change or remove entries; whoever owns the file can drop the
triggers, but not without the chain showing it.
"""

import hashlib
import json
from collections.abc import Mapping

from sqlalchemy import Connection, Row, insert, select

from data.store import tables
from data.store.engine import Store

_START = "0" * 64
_FIELDS = ("seq", "at", "actor", "action", "object_id", "reason", "detail")


def append(
    conn: Connection,
    *,
    at: int,
    actor: str,
    action: str,
    object_id: str | None = None,
    reason: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> int:
    """
    Add one entry inside the caller's write transaction and return its number.

    ``detail`` holds counts and codes only: never names, phones, addresses or texts.
    """
    log = tables.audit.c
    last = conn.execute(
        select(log.seq, log.entry_hash).order_by(log.seq.desc()).limit(1)
    ).one_or_none()
    seq = 1 if last is None else int(last.seq) + 1
    entry = {
        "seq": seq,
        "at": at,
        "actor": actor,
        "action": action,
        "object_id": object_id,
        "reason": reason,
        "detail": _canonical(detail or {}),
    }
    previous = _START if last is None else last.entry_hash
    conn.execute(
        insert(tables.audit).values(
            **entry, previous_hash=previous, entry_hash=_entry_hash(entry, previous)
        )
    )
    return seq


def has_entries(store: Store) -> bool:
    """Return whether anything was ever done in this store."""
    with store.read() as conn:
        return conn.execute(select(tables.audit.c.seq).limit(1)).first() is not None


def verify(store: Store) -> int | None:
    """
    Check the whole chain.

    Returns
    -------
    seq
        Number of the first entry that is missing, changed or out of order;
        ``None`` if the log is intact. Entries cut off at the end can't be seen
        from inside the store: compare the last number with an outside note.
    """
    previous, expected = _START, 1
    with store.read() as conn:
        for row in conn.execute(select(tables.audit).order_by(tables.audit.c.seq)):
            if not _is_sound(row, previous=previous, expected=expected):
                return expected
            previous, expected = row.entry_hash, expected + 1
    return None


def _is_sound(row: Row, *, previous: str, expected: int) -> bool:
    entry = {name: getattr(row, name) for name in _FIELDS}
    return (
        row.seq == expected
        and row.previous_hash == previous
        and row.entry_hash == _entry_hash(entry, previous)
    )


def _entry_hash(entry: Mapping[str, object], previous: str) -> str:
    return hashlib.sha256(f"{previous}\n{_canonical(entry)}".encode()).hexdigest()


def _canonical(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
