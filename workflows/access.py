"""
Who may see and do what: the one place that turns a user into a scope and rights.

Every page run, data route and change asks here anew, so that a right that is
taken away is gone at the next step. Nothing of it is kept in a cookie, a cache
or the screen's memory.
"""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from data import accounts, passwords
from data.accounts import Account, Session
from data.scope import EVERYTHING, Scope
from data.store import engine
from data.store.engine import Store, open_store
from errors import ForbiddenError
from workflows import rights
from workflows.access_settings import AccessSettings

COMMAND_LINE = "command line"
"""Actor of the commands: whoever may start them on the server owns the store's file anyway.
No account can have this name."""

FIRST_START = "first start"
"""Actor of what the program itself does in a store that never held anything."""

_SYSTEM = frozenset({COMMAND_LINE, FIRST_START})

STORE_VARIABLE = "MEDPATROL_STORE"
DEFAULT_STORE = "sqlite:///var/medpatrol.sqlite"
SEEN_EVERY_S = 60
"""How exactly the store knows when somebody was last at work, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who is signed in, and what the store says of them now."""

    account: str
    display_name: str
    session_id: str
    roles: frozenset[str]
    rights: frozenset[str]
    scope: Scope
    must_change: bool


def store_in_use(store_url: str | None = None) -> str:
    """Return the store's address: as given, else from the environment, else the default."""
    return store_url or os.environ.get(STORE_VARIABLE) or DEFAULT_STORE


def opened(url: str) -> Store:
    """Open the store at ``url``, making it where there is none yet."""
    return open_store(url)


def visitor_of_token(
    store: Store, token: str, limits: AccessSettings, *, now: datetime | None = None
) -> Visitor | None:
    """Return who holds a session's secret; ``None`` if it opens nothing or is over."""
    found = accounts.session_of_token(store, passwords.token_hash(token))
    return _visitor(found, limits, at=engine.written_at(now))


def visitor_of_session(
    store: Store, session_id: str, limits: AccessSettings, *, now: datetime | None = None
) -> Visitor | None:
    """Return whose session this is; ``None`` if it is over."""
    found = accounts.session_of_id(store, session_id)
    return _visitor(found, limits, at=engine.written_at(now))


def note_work(store: Store, session_id: str, *, now: datetime | None = None) -> None:
    """Note, once a minute, that somebody works in a session; an idle one ends."""
    at = engine.written_at(now)
    found = accounts.session_of_id(store, session_id)
    if found is not None and at - found.seen_at >= SEEN_EVERY_S:
        accounts.mark_seen(store, session_id, at=at)


def _visitor(found: Session | None, limits: AccessSettings, *, at: int) -> Visitor | None:
    if found is None or not _is_alive(found, limits, at=at):
        return None
    account = found.account
    return Visitor(
        account=account.account,
        display_name=account.display_name,
        session_id=found.session_id,
        roles=account.roles,
        rights=rights.of_roles(account.roles),
        scope=_scope(account),
        must_change=account.must_change,
    )


def _is_alive(found: Session, limits: AccessSettings, *, at: int) -> bool:
    # a clock set back by more than the idle time ends sessions too: none lives for ever
    idle_s = limits.idle_minutes * 60
    return (
        abs(at - found.seen_at) < idle_s + SEEN_EVERY_S
        and at - found.created_at < limits.session_hours * 3600
    )


def scope_of(store: Store, user: str) -> Scope:
    """Return what ``user`` may see now; an unknown or disabled account sees nothing."""
    if user in _SYSTEM:
        return replace(EVERYTHING, user=user)
    account = _enabled(store, user)
    return _nothing(user) if account is None else _scope(account)


def rights_of(store: Store, user: str) -> frozenset[str]:
    """Return the rights ``user`` holds now."""
    if user in _SYSTEM:
        return rights.ALL
    account = _enabled(store, user)
    return frozenset() if account is None else rights.of_roles(account.roles)


def may(store: Store, user: str, right: str) -> bool:
    """Return whether ``user`` holds ``right`` now; an unknown right is a fault of ours."""
    if right not in rights.ALL:
        raise ValueError(f"no such right: {right}")
    return right in rights_of(store, user)


def require(store: Store, user: str, right: str) -> None:
    """Raise ``ForbiddenError`` unless ``user`` holds ``right`` now."""
    if not may(store, user, right):
        raise ForbiddenError("您的账号没有此项权限，请联系安全管理员")


def narrowed(scope: Scope, district_code: str | None) -> Scope:
    """Return the scope limited to one district; never wider than ``scope``."""
    if district_code is None:
        return scope
    wanted = frozenset({district_code})
    allowed = wanted if scope.districts is None else scope.districts & wanted
    return replace(scope, districts=allowed)


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def _enabled(store: Store, user: str) -> Account | None:
    with store.read() as conn:
        account = accounts.get_account(conn, user)
    return account if account is not None and account.enabled else None


def _scope(account: Account) -> Scope:
    if "work.read" not in rights.of_roles(account.roles):
        return _nothing(account.account)
    return Scope(user=account.account, districts=account.districts, sealed=account.sealed)


def _nothing(user: str) -> Scope:
    return Scope(user=user, districts=frozenset(), sealed=frozenset())
