"""Which clock of a lead runs, when it turns amber, when it stands still."""

from datetime import date, datetime

import pytest

from data.schema import TIME_ZONE
from workflows.clocks import Clocks, LeadState, LedgerParams

CLOCKS = Clocks(LedgerParams())


def at(text):
    """Return seconds of a moment in the bureau's zone."""
    return int(datetime.fromisoformat(text).replace(tzinfo=TIME_ZONE).timestamp())


def running(status, *, channel="phone", due_on=None, state=None, received="2026-11-19 09:00"):
    """Return the clock of a lead."""
    return CLOCKS.running(
        received_at=at(received), channel=channel, status=status, due_on=due_on, state=state
    )


def test_a_new_lead_waits_for_triage():
    """One working day, amber in its last eight hours."""
    clock = running("new")
    assert (clock.kind, clock.due_at) == ("triage", at("2026-11-20 17:30"))
    assert clock.amber_at == at("2026-11-20 09:30")


def test_a_hotline_ticket_has_five_days_and_a_letter_sixty():
    """Channels have their own rules; what the file says goes before both."""
    assert running("assigned", channel="hotline_12345").due_at == at("2026-11-26 17:30")
    assert running("assigned").due_at == at("2026-12-10 17:30")
    assert running("assigned", channel="letter").due_at > at("2027-02-01 00:00")
    stated = running("assigned", due_on=date(2026, 11, 30))
    assert (stated.kind, stated.due_at) == ("answer", at("2026-11-30 17:30"))


def test_a_date_of_the_file_before_triage_is_due_first():
    """A ticket that must be answered tomorrow can't wait two days for triage."""
    assert running("new", due_on=date(2026, 11, 19)).kind == "answer"


def test_a_lead_that_is_away_waits_for_receipt_then_for_the_reply():
    """A hand-over is no way to forget a lead."""
    state = LeadState(
        handed_at=at("2026-11-19 10:00"), receipt_due_at=at("2026-11-23 17:30"),
        reply_due_at=at("2026-12-03 17:30"), due_at=at("2026-11-26 17:30"),
    )  # fmt: skip
    assert running("handed_over", state=state).kind == "receipt"
    signed = LeadState(
        handed_at=state.handed_at, receipt_due_at=state.receipt_due_at,
        receipt_at=at("2026-11-20 10:00"), reply_due_at=state.reply_due_at, due_at=state.due_at,
    )  # fmt: skip
    assert running("handed_over", state=signed).kind == "reply"
    # a hotline ticket's own clock can't be stopped
    assert running("handed_over", channel="hotline_12345", state=signed).kind == "answer"


def test_nothing_runs_for_closed_leads_and_for_hand_overs_of_a_file():
    """A file says that a lead was given away, not what was agreed."""
    for status in ("closed", "returned", "handed_over"):
        assert running(status) is None


def test_a_clock_goes_on_where_it_stood():
    """Three days away give three days back, working time only."""
    due = CLOCKS.resumed(
        at("2026-11-26 17:30"), paused_at=at("2026-11-19 08:30"), now=at("2026-11-24 08:30")
    )
    assert due == at("2026-12-01 17:30")
    late = at("2026-11-18 17:30")
    assert (
        CLOCKS.resumed(late, paused_at=at("2026-11-19 08:30"), now=at("2026-11-24 08:30")) == late
    )


def test_settings_that_make_no_sense_are_refused():
    """Zero days would make every lead late."""
    with pytest.raises(ValueError, match="days"):
        LedgerParams(triage_days={"default": 0})
    with pytest.raises(ValueError, match="amber_share"):
        LedgerParams(amber_share=1.5)
