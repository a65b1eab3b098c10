"""
Complainants' names and phones: a table of their own, each field encrypted.

AES-GCM with a fresh 96-bit nonce; the row, the column and the key are associated
data, so that a field moved to another row can't be read. The key lies beside the
store with mode 0400, or comes from ``MEDPATROL_IDENTITY_KEY``; it is never in the
store or its back-up. Losing the key means losing the names.
"""

import base64
import hmac
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, func, select

from data import audit
from data.scope import Scope
from data.store import bulk, engine, queries, tables
from data.store.engine import Store
from errors import NotFoundError, StoreError

KEY_VARIABLE = "MEDPATROL_IDENTITY_KEY"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_NAME, _PHONE = "complainant_name", "complainant_phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A complainant in clear; never logged, never part of a record or a frame."""

    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class _Keys:
    key_id: str
    seal: AESGCM
    index: bytes
    digest: bytes


def save_identities(conn: Connection, store: Store, identities: pd.DataFrame) -> int:
    """
    Encrypt and keep the complainants of ``complaint_id``s inside the caller's transaction.

    Returns
    -------
    n_changed
        Complaints whose complainant is new or different.
    """
    people = {
        str(row.complaint_id): Identity(name=_text(row, _NAME), phone=_text(row, _PHONE))
        for row in identities.itertuples()
    }
    people = {key: person for key, person in people.items() if person.name or person.phone}
    if not people:
        return 0
    keys = _keys(store, may_create=not _has_rows(conn))
    table = tables.complainants
    rows = conn.execute(select(table.c.complaint_id, table.c.digest)).all()
    held: dict[str, bytes] = {row.complaint_id: row.digest for row in rows}
    changed = [
        _sealed(complaint_id, person, keys)
        for complaint_id, person in people.items()
        if held.get(complaint_id) != _digest(complaint_id, person, keys)
    ]
    bulk.upsert(conn, table, changed, key=["complaint_id"])
    return len(changed)


def check_there(conn: Connection, complaint_id: str, *, scope: Scope, at: int) -> None:
    """Raise NotFoundError unless a lead has a complainant and is for this reader."""
    _visible_row(conn, complaint_id, scope=scope, as_of=at + 1)


def reveal(
    store: Store,
    complaint_id: str,
    *,
    reason: str,
    actor: str,
    scope: Scope,
    now: datetime | None = None,
    before: Callable[[Connection, int], None] | None = None,
) -> Identity:
    """
    Show a complainant; the audit entry with the reason is committed first.

    ``before`` is called inside the same transaction and may refuse. Who may ask is
    decided in ``workflows/complainants.py``.

    Raises
    ------
    ValueError
        If no reason is given.
    NotFoundError
        If the lead has no complainant, or is not for this reader.
    StoreError
        If the key is missing or is not the one the names were encrypted with.
    """
    if not reason.strip():
        raise ValueError("a reveal needs a reason")
    at = engine.written_at(now)
    with store.write() as conn:
        row = _visible_row(conn, complaint_id, scope=scope, as_of=at + 1)
        if before is not None:
            before(conn, at)
        audit.append(
            conn, at=at, actor=actor, action="reveal", object_id=complaint_id, reason=reason
        )
    keys = _keys(store, may_create=False)
    if row["key_id"] != keys.key_id:
        raise StoreError("举报人信息是用另一把密钥加密的，请恢复原来的密钥文件")
    return Identity(
        name=_opened(row["name_sealed"], complaint_id, _NAME, keys),
        phone=_opened(row["phone_sealed"], complaint_id, _PHONE, keys),
    )


def same_phone(store: Store, complaint_id: str, *, scope: Scope, as_of: datetime) -> list[str]:
    """List other leads from the same phone that the reader may see, without decrypting any."""
    table = tables.complainants.c
    wanted = (
        select(table.phone_index)
        .where(table.complaint_id == complaint_id, table.phone_index.is_not(None))
        .scalar_subquery()
    )
    visible = queries.visible_rows(
        "complaints", scope=scope, as_of=engine.to_seconds(as_of), columns=["complaint_id"]
    ).subquery()
    own = select(visible.c.complaint_id).where(visible.c.complaint_id == complaint_id)
    query = (
        select(table.complaint_id)
        .where(table.phone_index == wanted, table.complaint_id != complaint_id, own.exists())
        .where(table.complaint_id.in_(select(visible.c.complaint_id)))
        .order_by(table.complaint_id)
    )
    with store.read() as conn:
        return [str(found) for (found,) in conn.execute(query).all()]


def normalise_phone(phone: str) -> str:
    """Return the digits of a phone number without the country's prefix."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone))
    return re.sub(r"^(?:0086|86)(?=1\d{10}$)", "", digits)


def _keys(store: Store, *, may_create: bool) -> _Keys:
    master = _master_key(key_path(store), may_create=may_create)
    return _Keys(
        key_id=sha256(b"id" + master).hexdigest()[:16],
        seal=AESGCM(_derived(master, b"seal")),
        index=_derived(master, b"phone index"),
        digest=_derived(master, b"digest"),
    )


def key_path(store: Store) -> Path:
    """Return where the key of a store lies, unless the environment gives one."""
    return store.path.with_name(store.path.name + ".key")


def _master_key(path: Path, *, may_create: bool) -> bytes:
    given = os.environ.get(KEY_VARIABLE)
    if given is None and not path.exists():
        if not may_create:
            raise StoreError("找不到举报人信息的密钥文件 {file}，请从备份恢复", file=path.name)
        _write_new_key(path)
    text = path.read_text(encoding="ascii") if given is None else given
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise StoreError("举报人信息的密钥应为 {n} 字节的 Base64 文本", n=_KEY_BYTES)
    return key


def _write_new_key(path: Path) -> None:
    text = base64.b64encode(os.urandom(_KEY_BYTES))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "wb") as target:
        target.write(text + b"\n")
        target.flush()
        os.fsync(target.fileno())


def _derived(master: bytes, purpose: bytes) -> bytes:
    info = b"medpatrol " + purpose
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(master)


def _sealed(complaint_id: str, person: Identity, keys: _Keys) -> dict[str, object]:
    phone = normalise_phone(person.phone) if person.phone else ""
    return {
        "complaint_id": complaint_id,
        "key_id": keys.key_id,
        "name_sealed": _closed(person.name, complaint_id, _NAME, keys),
        "phone_sealed": _closed(person.phone, complaint_id, _PHONE, keys),
        "phone_index": hmac.digest(keys.index, phone.encode(), "sha256") if phone else None,
        "digest": _digest(complaint_id, person, keys),
    }


def _closed(text: str | None, complaint_id: str, column: str, keys: _Keys) -> bytes | None:
    if not text:
        return None
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + keys.seal.encrypt(nonce, text.encode(), _bound(complaint_id, column, keys))


def _opened(sealed: bytes | None, complaint_id: str, column: str, keys: _Keys) -> str | None:
    if sealed is None:
        return None
    nonce, closed = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return keys.seal.decrypt(nonce, closed, _bound(complaint_id, column, keys)).decode()
    except InvalidTag as error:
        raise StoreError("举报人信息已损坏或被移动过，不能解密") from error


def _bound(complaint_id: str, column: str, keys: _Keys) -> bytes:
    return f"complainants\x1f{column}\x1f{complaint_id}\x1f{keys.key_id}".encode()


def _digest(complaint_id: str, person: Identity, keys: _Keys) -> bytes:
    text = "\x1f".join((complaint_id, person.name or "", person.phone or ""))
    return hmac.digest(keys.digest, text.encode(), "sha256")


def _has_rows(conn: Connection) -> bool:
    return bool(conn.execute(select(func.count()).select_from(tables.complainants)).scalar_one())


def _visible_row(
    conn: Connection, complaint_id: str, *, scope: Scope, as_of: int
) -> Mapping[str, Any]:
    visible = queries.visible_rows(
        "complaints", scope=scope, as_of=as_of, columns=["complaint_id"]
    ).where(tables.VERSIONED["complaints"].c.complaint_id == complaint_id)
    table = tables.complainants
    row = conn.execute(select(table).where(table.c.complaint_id == complaint_id)).one_or_none()
    if row is None or conn.execute(visible).first() is None:
        raise NotFoundError("没有这条线索的举报人信息：{complaint_id}", complaint_id=complaint_id)
    return row._asdict()


def _text(row: object, name: str) -> str | None:
    value = getattr(row, name, None)
    return None if value is None or value != value or value == "" else str(value)
