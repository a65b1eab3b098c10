"""Accounts and sessions for tests: made through the product's own code, in a test's own store."""

from datetime import UTC, datetime

from data import accounts as rows
from data import passwords
from data.store.engine import open_store
from workflows import accounts, rights

WORK = frozenset(rights.ROLES) - rights.APART
"""All roles of daily work at once: what a test needs that is not about rights."""


def add_account(
    store, account="tester", *, roles=WORK, districts=None, sealed=("undercover",), password=None
):
    """Add an account to a store unless it is there; districts ``None`` means all."""
    at = int(datetime.now(UTC).timestamp())
    with store.write() as conn:
        if rows.get_account(conn, account) is None:
            rows.add_account(
                conn,
                account,
                display_name=account.title(),
                password_hash=passwords.hashed(password) if password else passwords.NO_PASSWORD,
                at=at,
                must_change=False,
            )
        rows.change_account(
            conn, account, {"roles": roles, "districts": districts, "sealed": sealed}
        )
    return account


def sign_in(store, account="tester", **grants):
    """Open a session of an account, adding it if needed; return token, session and account."""
    add_account(store, account, **grants)
    return accounts.open_session(store, account, now=datetime.now(UTC))


def user_of(store, account="tester", **grants):
    """Return what ``AppTest.user`` must be for an account: what the gate tells Streamlit."""
    opened = sign_in(store, account, **grants)
    return {"user": opened.account, "session": opened.session_id}


def cookie(address, store_url, account="tester", **grants):
    """Return the cookie that signs a browser in at a server on this machine."""
    token = sign_in(open_store(store_url), account, **grants).token
    return {"name": f"medpatrol-{address.rsplit(':', 1)[1]}", "value": token, "url": address}
