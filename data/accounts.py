"""
Accounts and sessions as rows: who may sign in, as what, and who is signed in.

Rules (who may change what, which roles exclude each other) are in
``workflows/accounts.py``; this module only keeps and finds.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from data.store.account_tables import accounts, sessions
from data.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account as it is now; ``districts`` ``None`` means all."""

    account: str
    display_name: str
    enabled: bool
    is_demo: bool
    must_change: bool
    roles: frozenset[str]
    districts: frozenset[str] | None
    sealed: frozenset[str]
    officer_id: str | None
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session and its account, as both are now."""

    session_id: str
    created_at: int
    seen_at: int
    account: Account


_OF_ACCOUNT = tuple(column for column in accounts.c if column.name != "password_hash")


def get_account(conn: Connection, account: str) -> Account | None:
    """Return an account, or ``None``."""
    row = conn.execute(select(*_OF_ACCOUNT).where(accounts.c.account == account)).one_or_none()
    return None if row is None else _account(row)


def list_accounts(store: Store) -> list[Account]:
    """Return every account by name."""
    with store.read() as conn:
        return all_accounts(conn)


def all_accounts(conn: Connection) -> list[Account]:
    """Return every account by name, as this transaction sees them."""
    rows = conn.execute(select(*_OF_ACCOUNT).order_by(accounts.c.account)).all()
    return [_account(row) for row in rows]


def password_hash(conn: Connection, account: str) -> str:
    """Return the hash of an account's password, empty where there is no such account."""
    query = select(accounts.c.password_hash).where(accounts.c.account == account)
    return str(conn.execute(query).scalar() or "")


def add_account(
    conn: Connection,
    account: str,
    *,
    display_name: str,
    password_hash: str,
    at: int,
    must_change: bool,
    is_demo: bool = False,
) -> None:
    """Add an account without any role."""
    conn.execute(
        insert(accounts).values(
            account=account,
            display_name=display_name,
            password_hash=password_hash,
            password_at=at,
            must_change=int(must_change),
            enabled=1,
            is_demo=int(is_demo),
            roles="[]",
            districts="[]",
            sealed="[]",
            created_at=at,
        )
    )


def change_account(conn: Connection, account: str, values: Mapping[str, object]) -> bool:
    """Change columns of an account; return whether there is one."""
    given = {name: _stored(name, value) for name, value in values.items()}
    done = conn.execute(update(accounts).where(accounts.c.account == account).values(**given))
    return bool(done.rowcount)


def add_session(conn: Connection, account: str, *, token_hash: bytes, at: int) -> str:
    """Open a session and return its public id."""
    session_id = secrets.token_hex(8)
    conn.execute(
        insert(sessions).values(
            session_id=session_id, token_hash=token_hash, account=account, created_at=at, seen_at=at
        )
    )
    return session_id


def session_of_token(store: Store, token_hash: bytes) -> Session | None:
    """Return the session a token opens, if it was not ended."""
    return _session(store, sessions.c.token_hash == token_hash)


def session_of_id(store: Store, session_id: str) -> Session | None:
    """Return a session by its public id, if it was not ended."""
    return _session(store, sessions.c.session_id == session_id)


def mark_seen(store: Store, session_id: str, *, at: int) -> None:
    """Note that somebody works in this session."""
    with store.write() as conn:
        conn.execute(update(sessions).where(sessions.c.session_id == session_id).values(seen_at=at))


def end_session(conn: Connection, session_id: str, *, at: int) -> None:
    """End one session."""
    _end(conn, sessions.c.session_id == session_id, at=at)


def end_sessions(conn: Connection, account: str, *, at: int) -> int:
    """End every session of an account; return how many were open."""
    return _end(conn, sessions.c.account == account, at=at)


def _end(conn: Connection, which: Any, *, at: int) -> int:
    done = conn.execute(
        update(sessions).where(which, sessions.c.ended_at.is_(None)).values(ended_at=at)
    )
    return int(done.rowcount)


def _session(store: Store, which: Any) -> Session | None:
    query = (
        select(sessions.c.session_id, sessions.c.created_at.label("opened_at"), sessions.c.seen_at)
        .add_columns(*_OF_ACCOUNT)
        .join_from(sessions, accounts, accounts.c.account == sessions.c.account)
        .where(which, sessions.c.ended_at.is_(None), accounts.c.enabled == 1)
    )
    with store.read() as conn:
        row = conn.execute(query).one_or_none()
    if row is None:
        return None
    return Session(
        session_id=row.session_id,
        created_at=row.opened_at,
        seen_at=row.seen_at,
        account=_account(row),
    )


def _account(row: Row) -> Account:
    districts = json.loads(row.districts)
    return Account(
        account=row.account,
        display_name=row.display_name,
        enabled=bool(row.enabled),
        is_demo=bool(row.is_demo),
        must_change=bool(row.must_change),
        roles=frozenset(json.loads(row.roles)),
        districts=None if districts is None else frozenset(districts),
        sealed=frozenset(json.loads(row.sealed)),
        officer_id=row.officer_id,
        created_at=row.created_at,
    )


def _stored(name: str, value: Any) -> object:
    if name in {"roles", "districts", "sealed"}:
        return json.dumps(None if value is None else sorted(value))
    return int(value) if isinstance(value, bool) else value
