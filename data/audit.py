"""
The log of what people did: append only, each entry sealed over all before it.

An entry is written in the same transaction as the change it tells of. Triggers
refuse to change or remove entries; whoever owns the store can drop them, but not
without the chain showing it: each seal is an HMAC with a key that is not in the
store (``data/audit_keys.py``). Entries from before there was a key have plain
hashes and stay checkable. A cut-off end is found by the anchors
(``data/audit_anchors.py``).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Row, insert, select

from data import accounts, audit_keys
from data.audit_keys import SealKey
from data.store import tables
from data.store.engine import Store

_START = "0" * 64
_PLAIN = ("seq", "at", "actor", "action", "object_id", "reason", "detail")
_SEALED = (*_PLAIN, "role", "key_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """
    What checking the chain found.

    ``bad`` is the number of the first entry that is missing, changed or out of
    order; ``why`` says ``changed`` or ``other_key`` (sealed with a key that is not
    here). ``sealed_from`` is the first entry that has a seal.
    """

    n_entries: int
    sealed_from: int | None
    bad: int | None = None
    why: str | None = None
    key_id: str | None = None


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
    key = audit_keys.of_connection(conn, next_entry=seq)
    account = accounts.get_account(conn, actor)
    entry = {
        "seq": seq,
        "at": at,
        "actor": actor,
        "action": action,
        "object_id": object_id,
        "reason": reason,
        "detail": _canonical(detail or {}),
        "role": None if account is None else " ".join(sorted(account.roles)),
        "key_id": key.key_id,
    }
    previous = _START if last is None else last.entry_hash
    sealed = key.seal(_text(entry, previous))
    conn.execute(insert(tables.audit).values(**entry, previous_hash=previous, entry_hash=sealed))
    return seq


def has_entries(store: Store) -> bool:
    """Return whether anything was ever done in this store."""
    with store.read() as conn:
        return conn.execute(select(tables.audit.c.seq).limit(1)).first() is not None


def verify(store: Store) -> int | None:
    """Check the whole chain; return the number of the first bad entry, ``None`` if it is intact."""
    return check_chain(store).bad


def check_chain(store: Store) -> ChainReport:
    """Check every entry, in order, and say where the chain breaks first."""
    key = audit_keys.of_store(store)
    previous, n_entries, sealed_from = _START, 0, None
    for row in _rows(store):
        expected = n_entries + 1
        if sealed_from is None and row.key_id is not None:
            sealed_from = row.seq
        why = _fault(row, key, previous=previous, expected=expected, sealed_from=sealed_from)
        if why is not None:
            return ChainReport(
                n_entries=n_entries, sealed_from=sealed_from, bad=expected, why=why,
                key_id=None if key is None else key.key_id,
            )  # fmt: skip
        previous, n_entries = row.entry_hash, expected
    return ChainReport(
        n_entries=n_entries, sealed_from=sealed_from, key_id=None if key is None else key.key_id
    )


def _rows(store: Store) -> Iterator[Row]:
    query = select(tables.audit).order_by(tables.audit.c.seq)
    with store.read() as conn:
        yield from conn.execution_options(yield_per=5000).execute(query)


def _fault(
    row: Row, key: SealKey | None, *, previous: str, expected: int, sealed_from: int | None
) -> str | None:
    if row.seq != expected or row.previous_hash != previous:
        return "changed"
    if row.key_id is None:
        # once there are seals, an entry without one was put there by somebody without the key
        is_due = sealed_from is not None or (key is not None and row.seq >= key.first)
        plain = {name: getattr(row, name) for name in _PLAIN}
        hashed = hashlib.sha256(_text(plain, previous)).hexdigest()
        return "changed" if is_due or row.role is not None or row.entry_hash != hashed else None
    if key is None or row.key_id != key.key_id:
        return "other_key"
    sealed = key.seal(_text({name: getattr(row, name) for name in _SEALED}, previous))
    return None if row.entry_hash == sealed else "changed"


def _text(entry: Mapping[str, object], previous: str) -> bytes:
    return f"{previous}\n{_canonical(entry)}".encode()


def _canonical(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
