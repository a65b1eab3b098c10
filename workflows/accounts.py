"""
Accounts as people change them: make, disable, reset, grant; sign in and out.

Two pairs of eyes by design: the system administrator makes accounts that may do
nothing, the security administrator says what they may do; neither can do the
other's part. Every change ends the sessions of the account it concerns and is
logged with names and codes only.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from data import accounts, audit, passwords
from data.accounts import Account
from data.records import Message
from data.scope import EVERYTHING
from data.store import engine, tables
from data.store.engine import Store
from errors import AccountError, ForbiddenError, NotFoundError
from workflows import access, reading, rights
from workflows.demo import DEMO_ACTOR

FIRST_ROLES = ("system_admin", "security_admin")
"""Roles that a first start hands out, to two persons."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_TAKEN = frozenset({"local", "system", "medpatrol", DEMO_ACTOR})
_LONGEST_DISPLAY_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session that was just opened; the token goes into its owner's cookie and nowhere else."""

    token: str
    session_id: str
    account: str


def list_accounts(store: Store, *, actor: str) -> list[Account]:
    """Return every account, for those who make or grant."""
    _require_any(store, actor, ("accounts.write", "roles.grant"))
    return accounts.list_accounts(store)


def district_names(store: Store, *, actor: str, now: datetime) -> dict[str, str]:
    """Return code and name of every district, for who grants them; no cases with it."""
    _require_any(store, actor, ("roles.grant", "accounts.write"))
    return reading.district_names(store, scope=EVERYTHING, as_of=now)


def has_accounts(store: Store) -> bool:
    """Return whether anybody but the marked demo accounts can sign in."""
    return any(found.enabled and not found.is_demo for found in accounts.list_accounts(store))


def missing_first_roles(store: Store) -> tuple[str, ...]:
    """Return which of the two first administrators nobody is yet."""
    held = frozenset[str]().union(
        *(a.roles for a in accounts.list_accounts(store) if a.enabled and not a.is_demo)
    )
    return tuple(role for role in FIRST_ROLES if role not in held)


def create_first(
    store: Store, account: str, *, role: str, display_name: str, password: str, now: datetime
) -> None:
    """
    Make one of the two first administrators; who holds its one-time code asks for it.

    Raises
    ------
    ForbiddenError
        If somebody has the role already.
    """
    _check_name(account, display_name)
    check_password(password, account=account)
    hashed = passwords.hashed(password)
    at = engine.to_seconds(now)
    with store.write() as conn:
        if role not in FIRST_ROLES or _holders(conn, role):
            raise ForbiddenError("这一角色已经有人，一次性代码不再有效")
        _add(conn, account, display_name=display_name, password_hash=hashed, at=at, actor=account)
        accounts.change_account(conn, account, {"roles": [role], "must_change": False})
        audit.append(
            conn,
            at=at,
            actor=account,
            action="grant_roles",
            object_id=account,
            detail={"roles": [role], "first": True},
        )


def create_account(
    store: Store, account: str, *, display_name: str, actor: str, now: datetime
) -> str:
    """
    Make an account that may do nothing yet; return its one-time password, shown once.

    Raises
    ------
    AccountError
        If the name is taken or not one.
    """
    access.require(store, actor, "accounts.write")
    _check_name(account, display_name)
    password = passwords.new_password()
    hashed = passwords.hashed(password)
    at = engine.to_seconds(now)
    with store.write() as conn:
        _add(conn, account, display_name=display_name, password_hash=hashed, at=at, actor=actor)
        maker = accounts.get_account(conn, actor)
        # who tries out the made-up city makes accounts that end with it
        accounts.change_account(conn, account, {"is_demo": maker is not None and maker.is_demo})
    return password


def reset_password(store: Store, account: str, *, actor: str, now: datetime) -> str:
    """Give an account a new one-time password, shown once, and end its sessions."""
    access.require(store, actor, "accounts.write")
    password = passwords.new_password()
    hashed = passwords.hashed(password)
    at = engine.to_seconds(now)
    with store.write() as conn:
        _known(conn, account)
        values = {"password_hash": hashed, "password_at": at, "must_change": True}
        accounts.change_account(conn, account, values)
        _logged(conn, "reset_password", account, actor=actor, at=at)
    return password


def set_enabled(store: Store, account: str, *, enabled: bool, actor: str, now: datetime) -> None:
    """
    Switch an account on or off.

    Raises
    ------
    AccountError
        If it is the actor's own, or the last one that can make or grant.
    """
    access.require(store, actor, "accounts.write")
    at = engine.to_seconds(now)
    with store.write() as conn:
        found = _known(conn, account)
        if found.enabled == enabled:
            return
        if not enabled:
            if account == actor:
                raise AccountError("不能停用自己的账号")
            _check_not_last(conn, found, left=frozenset())
        accounts.change_account(conn, account, {"enabled": enabled})
        _logged(conn, "enable_account" if enabled else "disable_account", account,
                actor=actor, at=at)  # fmt: skip


def grant(
    store: Store,
    account: str,
    *,
    roles: Iterable[str],
    districts: Iterable[str] | None,
    sealed: Iterable[str],
    actor: str,
    now: datetime,
    officer_id: str | None = None,
) -> None:
    """
    Say what an account may do and see.

    Parameters
    ----------
    districts
        District codes; ``None`` means all.
    sealed
        The word ``undercover`` for all sealed rows, or single ids.
    officer_id
        Whose routes and results are this account's own.

    Raises
    ------
    AccountError
        If roles exclude each other, or it is the actor's own account.
    """
    access.require(store, actor, "roles.grant")
    wanted = frozenset(roles)
    check_roles(wanted)
    if account == actor:
        raise AccountError("不能更改自己的角色，请由另一位安全管理员操作")
    at = engine.to_seconds(now)
    codes = None if districts is None else frozenset(districts)
    with store.write() as conn:
        found = _known(conn, account)
        _check_not_last(conn, found, left=wanted)
        values = {
            "roles": wanted,
            "districts": codes,
            "sealed": frozenset(sealed),
            "officer_id": officer_id,
        }
        before = (found.roles, found.districts, found.sealed, found.officer_id)
        if before == tuple(values.values()):
            return
        accounts.change_account(conn, account, values)
        detail = {
            "roles": sorted(wanted),
            "districts": None if codes is None else sorted(codes),
            "n_sealed": len(values["sealed"] or ()),
        }
        _logged(conn, "grant_roles", account, actor=actor, at=at, detail=detail)


def sign_in(store: Store, account: str, password: str, *, now: datetime) -> Opened | None:
    """
    Open a session; ``None`` for a wrong name, a wrong password and a disabled account alike.

    Takes as long for a name that does not exist. Bound the number of calls at
    once: each needs 64 MB.
    """
    name = account.strip().lower()
    with store.read() as conn:
        kept, found = accounts.password_hash(conn, name), accounts.get_account(conn, name)
    right = passwords.fits(password, kept)
    at = engine.to_seconds(now)
    is_over = found is not None and found.is_demo and not only_demo(store)
    if not right or found is None or not found.enabled or is_over:
        with store.write() as conn:
            # a name that is none may be a password typed into the wrong field
            known = None if found is None else name
            audit.append(conn, at=at, actor=known or "-", action="sign_in_failed", object_id=known)
        return None
    return open_session(store, name, now=now)


def open_session(store: Store, account: str, *, now: datetime) -> Opened:
    """Open a session for somebody who has proved who he is."""
    token = passwords.new_token()
    at = engine.to_seconds(now)
    with store.write() as conn:
        session_id = accounts.add_session(
            conn, account, token_hash=passwords.token_hash(token), at=at
        )
        audit.append(conn, at=at, actor=account, action="sign_in", object_id=session_id)
    return Opened(token=token, session_id=session_id, account=account)


def sign_out(store: Store, session_id: str, *, actor: str, now: datetime) -> None:
    """End a session."""
    at = engine.to_seconds(now)
    with store.write() as conn:
        accounts.end_session(conn, session_id, at=at)
        audit.append(conn, at=at, actor=actor, action="sign_out", object_id=session_id)


def change_password(
    store: Store, account: str, *, old: str, new: str, now: datetime
) -> Opened | None:
    """
    Change one's own password and end all of one's sessions; return a new one.

    ``None`` if the old password is wrong.
    """
    check_password(new, account=account)
    with store.read() as conn:
        kept = accounts.password_hash(conn, account)
    if not passwords.fits(old, kept):
        return None
    if passwords.fits(new, kept):
        raise AccountError("新密码不能与旧密码相同")
    hashed = passwords.hashed(new)
    at = engine.to_seconds(now)
    with store.write() as conn:
        values = {"password_hash": hashed, "password_at": at, "must_change": False}
        accounts.change_account(conn, account, values)
        _logged(conn, "change_password", account, actor=account, at=at)
    return open_session(store, account, now=now)


def check_password(password: str, *, account: str) -> None:
    """Raise AccountError for a password that is too short, too long, or the account's name."""
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        raise AccountError("密码应为 {a} 至 {b} 个字符", a=passwords.SHORTEST, b=passwords.LONGEST)
    plain = password.lower()
    if len(plain.replace(account.lower(), "")) < passwords.SHORTEST // 2:
        raise AccountError("密码不能是账号名")
    if len(set(plain)) < 4:
        raise AccountError("密码至少要有 4 个不同的字符")


def check_roles(wanted: frozenset[str]) -> None:
    """Raise AccountError for roles that do not exist or exclude each other."""
    unknown = wanted - rights.ROLES.keys()
    if unknown:
        raise AccountError("没有这个角色：{role}", role=", ".join(sorted(unknown)))
    apart = wanted & rights.APART
    if len(apart) > 1 or (apart and wanted - apart):
        raise AccountError("系统管理员、安全管理员、审计员三者不能兼任，也不能兼任业务角色")


def only_demo(store: Store) -> bool:
    """Return whether the store holds nothing but the made-up city, so that demo accounts may."""
    table = tables.imports.c
    with store.read() as conn:
        foreign = conn.execute(
            select(func.count()).select_from(tables.imports).where(table.actor != DEMO_ACTOR)
        ).scalar_one()
    return not foreign and not has_accounts(store)


def _check_name(account: str, display_name: str) -> None:
    if not _NAME.fullmatch(account) or account in _TAKEN:
        raise AccountError(
            "账号名应为 2 至 32 个小写字母、数字、点、下划线或连字符，且不是保留名：{account}",
            account=account[:40],
        )
    if not 0 < len(display_name.strip()) <= _LONGEST_DISPLAY_NAME:
        raise AccountError("姓名应为 1 至 {n} 个字符", n=_LONGEST_DISPLAY_NAME)


def _add(
    conn: Connection, account: str, *, display_name: str, password_hash: str, at: int, actor: str
) -> None:
    if accounts.get_account(conn, account) is not None:
        raise AccountError("账号 {account} 已存在", account=account)
    accounts.add_account(
        conn,
        account,
        display_name=display_name.strip(),
        password_hash=password_hash,
        at=at,
        must_change=True,
    )
    audit.append(conn, at=at, actor=actor, action="create_account", object_id=account)


def _known(conn: Connection, account: str) -> Account:
    found = accounts.get_account(conn, account)
    if found is None:
        raise NotFoundError("没有账号 {account}", account=account)
    return found


def _logged(
    conn: Connection,
    action: str,
    account: str,
    *,
    actor: str,
    at: int,
    detail: Mapping[str, object] | None = None,
) -> None:
    n_ended = accounts.end_sessions(conn, account, at=at)
    audit.append(
        conn,
        at=at,
        actor=actor,
        action=action,
        object_id=account,
        detail={**(detail or {}), "n_sessions_ended": n_ended},
    )


def _holders(conn: Connection, role: str) -> list[str]:
    return [
        found.account
        for found in accounts.all_accounts(conn)
        if found.enabled and not found.is_demo and role in found.roles
    ]


def _check_not_last(conn: Connection, found: Account, *, left: frozenset[str]) -> None:
    for role in sorted((found.roles & frozenset(FIRST_ROLES)) - left):
        if _holders(conn, role) == [found.account]:
            raise AccountError(
                "{account} 是唯一的{role}，请先指定另一人",
                account=found.account,
                role=Message(rights.ROLES[role][0]),
            )


def _require_any(store: Store, actor: str, wanted: Iterable[str]) -> None:
    if not access.rights_of(store, actor) & frozenset(wanted):
        access.require(store, actor, next(iter(wanted)))
