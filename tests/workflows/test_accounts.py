"""Accounts: two administrators who check each other, sessions that end when they must."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from data import passwords
from data.scope import EVERYTHING
from errors import AccountError, ForbiddenError, NotFoundError
from tests import signing_in
from workflows import access, accounts
from workflows.access_settings import AccessSettings

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LIMITS = AccessSettings()


@pytest.fixture
def store(empty_store):
    """Return a store with the three administrators and a manager of one district."""
    for account, role in (("sys", "system_admin"), ("sec", "security_admin"), ("aud", "auditor")):
        signing_in.add_account(empty_store, account, roles=[role], districts=[], sealed=[])
    signing_in.add_account(empty_store, "m", roles=["manager"], districts=["990122"], sealed=["I7"])
    return empty_store


def visitor(store, opened, at=NOW):
    return access.visitor_of_token(store, opened.token, LIMITS, now=at)


def grant(store, account="m", *, actor="sec", roles=("manager",), districts=("990122",), sealed=()):
    accounts.grant(
        store, account, roles=roles, districts=districts, sealed=sealed, actor=actor, now=NOW
    )


def test_who_makes_accounts_can_not_grant_and_the_other_way_round(store):
    """Four eyes by design."""
    with pytest.raises(ForbiddenError):
        grant(store, actor="sys")
    with pytest.raises(ForbiddenError):
        accounts.create_account(store, "neu", display_name="新", actor="sec", now=NOW)
    with pytest.raises(ForbiddenError):
        accounts.reset_password(store, "m", actor="sec", now=NOW)
    with pytest.raises(ForbiddenError):
        accounts.set_enabled(store, "m", enabled=False, actor="aud", now=NOW)


def test_a_new_account_may_do_nothing_until_a_role_is_granted(store):
    """And then only what the role says, in its districts."""
    password = accounts.create_account(store, "neu", display_name="新人", actor="sys", now=NOW)
    assert accounts.sign_in(store, "neu", password, now=NOW) is not None
    assert access.rights_of(store, "neu") == frozenset()
    assert access.scope_of(store, "neu").districts == frozenset()
    grant(store, "neu", roles=["manager"], districts=["990121"])
    assert access.may(store, "neu", "leads.write")
    assert access.scope_of(store, "neu").districts == frozenset({"990121"})
    assert access.scope_of(store, "neu").sealed == frozenset()


@pytest.mark.parametrize(
    "roles",
    [["system_admin", "security_admin"], ["auditor", "system_admin"], ["auditor", "manager"],
     ["king"]],
)  # fmt: skip
def test_roles_that_exclude_each_other_are_refused(store, roles):
    """Nobody holds two of the three, and none of them sees cases."""
    with pytest.raises(AccountError):
        grant(store, roles=roles)


def test_nobody_changes_his_own_roles_or_switches_himself_off(store):
    """A slip would lock the door from inside, a wish would open all."""
    with pytest.raises(AccountError):
        grant(store, "sec", roles=["security_admin"])
    with pytest.raises(AccountError):
        accounts.set_enabled(store, "sys", enabled=False, actor="sys", now=NOW)


def test_the_last_administrator_of_a_kind_stays(store):
    """Else nobody could ever grant or make again."""
    with pytest.raises(AccountError, match="唯一"):
        accounts.set_enabled(store, "sec", enabled=False, actor="sys", now=NOW)
    with pytest.raises(AccountError, match="唯一"):
        grant(store, "sys", roles=["planner"])


@pytest.mark.parametrize("change", ["grant", "disable", "reset"])
def test_a_change_of_the_account_ends_its_sessions(store, change):
    """What is open goes on with old rights otherwise."""
    opened = accounts.open_session(store, "m", now=NOW)
    assert visitor(store, opened).scope.sealed == frozenset({"I7"})
    if change == "grant":
        grant(store, districts=["990121"])
    elif change == "disable":
        accounts.set_enabled(store, "m", enabled=False, actor="sys", now=NOW)
        assert access.rights_of(store, "m") == frozenset()
    else:
        accounts.reset_password(store, "m", actor="sys", now=NOW)
    assert visitor(store, opened) is None


def test_a_session_ends_when_idle_and_after_a_day_of_work(store):
    """Work keeps it alive, but not for ever; a clock set back does not, either."""
    opened = accounts.open_session(store, "m", now=NOW)
    assert visitor(store, opened, NOW + timedelta(minutes=LIMITS.idle_minutes)) is not None
    assert visitor(store, opened, NOW + timedelta(minutes=LIMITS.idle_minutes + 2)) is None
    assert visitor(store, opened, NOW - timedelta(days=1)) is None
    for minutes in range(20, LIMITS.session_hours * 60, 20):
        access.note_work(store, opened.session_id, now=NOW + timedelta(minutes=minutes))
    assert visitor(store, opened, NOW + timedelta(hours=LIMITS.session_hours, minutes=-1))
    assert visitor(store, opened, NOW + timedelta(hours=LIMITS.session_hours)) is None


def test_the_store_holds_neither_token_nor_password(store):
    """A stolen file signs nobody in."""
    password = accounts.create_account(store, "neu", display_name="新", actor="sys", now=NOW)
    opened = accounts.sign_in(store, "neu", password, now=NOW)
    kept = store.path.read_bytes()
    assert password.encode() not in kept
    assert opened.token.encode() not in kept


@pytest.mark.parametrize(
    "name", ["", "x", "Li", "li si", "张三", "command line", "local", "a" * 33]
)
def test_a_name_that_is_none_is_refused(store, name):
    """Names go into headers; some belong to the product."""
    with pytest.raises(AccountError):
        accounts.create_account(store, name, display_name="某", actor="sys", now=NOW)


def test_a_name_that_is_taken_is_refused(store):
    """Also by an account that is switched off: its entries stay in the log."""
    with pytest.raises(AccountError):
        accounts.create_account(store, "m", display_name="某", actor="sys", now=NOW)
    with pytest.raises(NotFoundError):
        accounts.reset_password(store, "nobody", actor="sys", now=NOW)


@pytest.mark.parametrize(
    "password", ["short", "x" * 201, "aaaaaaaaaaaa", "managermanager", "Manager123"]
)
def test_a_password_must_be_one(password):
    """At least ten characters, not the name, not one key held down."""
    with pytest.raises(AccountError):
        accounts.check_password(password, account="manager")


def test_an_unknown_name_costs_as_much_as_a_wrong_password(monkeypatch):
    """The clock must not tell which accounts exist: both check one hash."""
    checked = []

    class Hasher:
        def verify(self, kept, _password):
            checked.append(kept)
            return True

    known = passwords.hashed("a good password")
    passwords._hash_of_nobody()
    monkeypatch.setattr(passwords, "_hasher", Hasher())
    assert passwords.fits("x", known)
    assert not passwords.fits("x", "")
    assert not passwords.fits("x", passwords.NO_PASSWORD)
    assert len(checked) == 3


def test_failed_attempts_are_logged_without_what_was_typed(store):
    """People type the password into the field of the name."""
    accounts.sign_in(store, "my secret password", "m", now=NOW)
    accounts.sign_in(store, "m", "wrong", now=NOW)
    with store.read() as conn:
        rows = conn.execute(
            text("SELECT actor, object_id FROM audit WHERE action = 'sign_in_failed'")
        ).all()
    assert [tuple(row) for row in rows] == [("-", None), ("m", "m")]


def test_the_command_line_needs_no_account(store):
    """Who may start commands owns the file."""
    assert access.scope_of(store, access.COMMAND_LINE).districts is EVERYTHING.districts
    access.require(store, access.COMMAND_LINE, "imports.write")
    with pytest.raises(ForbiddenError):
        access.require(store, "nobody", "imports.write")
    with pytest.raises(ValueError, match="no such right"):
        access.may(store, "m", "fly")
