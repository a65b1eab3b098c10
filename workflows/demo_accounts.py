"""
Marked accounts for trying out the made-up city: one per role, no password opens them.

They exist only in a store that holds nothing but the made-up city, and the
sign-in page opens them by one click only while the server runs on loopback with
``--demo``.
"""

from datetime import datetime

from data import accounts, audit, passwords
from data.accounts import Account
from data.store import engine
from data.store.engine import Store
from errors import ForbiddenError
from workflows import rights
from workflows.accounts import Opened, only_demo, open_session

DISTRICT = "990122"
"""The county whose manager and officers the marked accounts are."""

_DISPLAY_NAME = "示例用户"
_OF_ONE_DISTRICT = frozenset({"officer", "sealed_officer", "manager"})
_CLEARED = frozenset({"planner", "leader"})


def name_of(role: str) -> str:
    """Return the name of the marked account of a role."""
    return f"demo-{role.replace('_', '-')}"


def fill(store: Store, *, now: datetime) -> None:
    """Add the marked accounts that are missing, if the store holds only the made-up city."""
    if not only_demo(store):
        return
    at = engine.to_seconds(now)
    with store.write() as conn:
        there = {found.account for found in accounts.all_accounts(conn)}
        missing = [role for role in rights.ROLES if name_of(role) not in there]
        for role in missing:
            accounts.add_account(
                conn,
                name_of(role),
                display_name=_DISPLAY_NAME,
                password_hash=passwords.NO_PASSWORD,
                at=at,
                must_change=False,
                is_demo=True,
            )
            values = {
                "roles": [role],
                "districts": _districts(role),
                "sealed": ["undercover"] if role in _CLEARED else [],
            }
            accounts.change_account(conn, name_of(role), values)
        if missing:
            audit.append(
                conn,
                at=at,
                actor="first start",
                action="demo_accounts",
                detail={"n_accounts": len(missing)},
            )


def listed(store: Store) -> list[Account]:
    """Return the marked accounts in the order of their roles; none once there is own data."""
    if not only_demo(store):
        return []
    found = {one.account: one for one in accounts.list_accounts(store) if one.is_demo}
    return [found[name_of(role)] for role in rights.ROLES if name_of(role) in found]


def sign_in(store: Store, account: str, *, now: datetime) -> Opened:
    """
    Open a session of a marked account.

    Raises
    ------
    ForbiddenError
        If there is no such marked account, or the store holds own data by now.
    """
    if account not in {found.account for found in listed(store) if found.enabled}:
        raise ForbiddenError("示例账号只在仅有示例城市的库中可用")
    return open_session(store, account, now=now)


def _districts(role: str) -> list[str] | None:
    if role in rights.APART:
        return []
    return [DISTRICT] if role in _OF_ONE_DISTRICT else None
