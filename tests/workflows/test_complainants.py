"""A complainant is seen when two persons decide so, for a short time; each look is logged."""

from datetime import timedelta

import pandas as pd
import pytest
from sqlalchemy import text

from data import audit, identity
from data.identity import Identity
from data.scope import Scope
from data.store import rows
from errors import ForbiddenError, NotFoundError
from tests import signing_in
from tests.data.frames_of_records import complaint, moment, records
from workflows import access, complainants
from workflows.access_settings import AccessSettings

NAME, PHONE = "金丝雀某某", "138 0000 1234"
NOW = moment("2026-06-02 09:30")
LIMITS = AccessSettings()
REASON = "回访核实药品来源"


@pytest.fixture
def store(empty_store):
    """Return a store with a lead, its complainant, a manager and a security administrator."""
    known = moment("2025-06-02 09:30")
    for lead in ("C1", "C2"):
        with empty_store.write() as conn:
            given = records("complaints", complaint(lead))
            rows.save_rows(conn, "complaints", given, import_id=None, known_on=known)
            people = pd.DataFrame(
                {"complaint_id": [lead], "complainant_name": [NAME], "complainant_phone": [PHONE]}
            )
            identity.save_identities(conn, empty_store, people)
    for account, role in (("m", "manager"), ("n", "manager"), ("s", "security_admin"),
                          ("p", "planner")):  # fmt: skip
        signing_in.add_account(
            empty_store, account, roles=[role], districts=[] if role == "security_admin" else None
        )
    return empty_store


def ask(store, actor="m", lead="C1", reason=REASON, at=NOW):
    scope = access.scope_of(store, actor)
    return complainants.ask(store, lead, reason=reason, actor=actor, scope=scope, now=at)


def look(store, actor="m", lead="C1", at=NOW):
    scope = access.scope_of(store, actor)
    return complainants.look(store, lead, actor=actor, scope=scope, limits=LIMITS, now=at)


def log(store):
    with store.read() as conn:
        return conn.execute(
            text("SELECT actor, action, object_id FROM audit WHERE action LIKE 'reveal%'")
        ).all()


def test_asking_unlocking_and_looking_are_three_entries(store):
    """Who saw whom, why, and who allowed it, must be answerable years later."""
    request = ask(store)
    complainants.decide(store, request, unlock=True, actor="s", now=NOW)
    assert look(store) == Identity(name=NAME, phone=PHONE)
    look(store, at=NOW + timedelta(minutes=5))
    assert [tuple(row) for row in log(store)] == [
        ("m", "reveal_ask", "C1"),
        ("s", "reveal_unlock", "C1"),
        ("m", "reveal", "C1"),
        ("m", "reveal", "C1"),
    ]
    assert audit.verify(store) is None


def test_nobody_looks_before_it_is_unlocked_or_after_the_time(store):
    """Not asked, only asked, refused, over: the same refusal, and no entry of a look."""
    for step in (None, "ask", "refuse"):
        if step == "ask":
            request = ask(store)
        if step == "refuse":
            complainants.decide(store, request, unlock=False, actor="s", now=NOW)
        with pytest.raises(ForbiddenError):
            look(store)
    request = ask(store, at=NOW + timedelta(seconds=1))
    complainants.decide(store, request, unlock=True, actor="s", now=NOW)
    look(store)
    with pytest.raises(ForbiddenError):
        look(store, at=NOW + timedelta(minutes=LIMITS.reveal_minutes))
    assert [row.action for row in log(store)].count("reveal") == 1


def test_an_unlocked_request_that_nobody_opens_is_over_after_a_day(store):
    """Open doors must not add up."""
    complainants.decide(store, ask(store), unlock=True, actor="s", now=NOW)
    with pytest.raises(ForbiddenError):
        look(store, at=NOW + timedelta(hours=complainants.UNLOCKED_HOURS))


def test_only_who_asked_looks_and_only_at_that_lead(store):
    """An unlocked request is no key for others."""
    complainants.decide(store, ask(store), unlock=True, actor="s", now=NOW)
    with pytest.raises(ForbiddenError):
        look(store, actor="n")
    with pytest.raises(ForbiddenError):
        look(store, lead="C2")


@pytest.mark.parametrize("actor", ["p", "s", "nobody"])
def test_only_managers_ask(store, actor):
    """Not a planner, not who unlocks."""
    with pytest.raises(ForbiddenError):
        ask(store, actor=actor)


@pytest.mark.parametrize("actor", ["m", "p", "nobody"])
def test_only_the_security_administrator_unlocks(store, actor):
    """Nobody unlocks his own request."""
    request = ask(store)
    with pytest.raises(ForbiddenError):
        complainants.decide(store, request, unlock=True, actor=actor, now=NOW)
    with pytest.raises(ForbiddenError):
        complainants.waiting(store, actor=actor)


def test_who_unlocks_sees_the_reason_and_nothing_of_the_lead(store):
    """Two pairs of eyes, one of them blind for the case."""
    ask(store)
    [request] = complainants.waiting(store, actor="s")
    assert (request.complaint_id, request.asked_by, request.reason) == ("C1", "m", REASON)
    assert NAME not in repr(request)
    with pytest.raises(ForbiddenError):
        look(store, actor="s")


def test_a_request_is_decided_once_and_asked_once(store):
    """A double click does nothing twice."""
    request = ask(store)
    assert ask(store) == request
    complainants.decide(store, request, unlock=True, actor="s", now=NOW)
    with pytest.raises(NotFoundError):
        complainants.decide(store, request, unlock=False, actor="s", now=NOW)


@pytest.mark.parametrize("reason", ["", "    ", "看看", "x" * 201])
def test_a_reason_is_needed(store, reason):
    """A word is none, a story may hold names."""
    with pytest.raises(ForbiddenError):
        ask(store, reason=reason)


def test_another_districts_lead_has_no_complainant(store):
    """The same answer as for a lead that is not there."""
    signing_in.add_account(store, "m", roles=["manager"], districts=["000000"])
    for lead in ("C1", "C9"):
        with pytest.raises(NotFoundError):
            ask(store, lead=lead)


def test_a_right_taken_away_closes_an_unlocked_request(store):
    """Rights are asked at each look."""
    complainants.decide(store, ask(store), unlock=True, actor="s", now=NOW)
    signing_in.add_account(store, "m", roles=["planner"])
    with pytest.raises(ForbiddenError):
        look(store)


def test_repeat_callers_are_counted_without_reading_a_phone(store):
    """Also with the key away; other districts' leads are not counted."""
    scope = access.scope_of(store, "m")
    identity.key_path(store).rename(store.folder / "away")
    assert complainants.repeat_callers(store, "C1", scope, now=NOW) == ["C2"]
    other = Scope(user="x", districts=frozenset({"000000"}), sealed=None)
    assert complainants.repeat_callers(store, "C1", other, now=NOW) == []


def test_neither_store_nor_log_holds_the_canary(store, caplog):
    """All steps done, and still nothing in clear on disk or in the log."""
    complainants.decide(store, ask(store), unlock=True, actor="s", now=NOW)
    look(store)
    kept = b"".join(path.read_bytes() for path in store.folder.iterdir() if path.is_file())
    for canary in (NAME, PHONE, "13800001234"):
        assert canary.encode() not in kept
        assert canary not in caplog.text
