"""Who can be sent: certificates, absences and recusals, written by hand and logged."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from data.schema import TIME_ZONE
from data.scope import EVERYTHING, Scope
from data.store import tables
from data.store.rows import load_rows
from errors import ForbiddenError, NotFoundError, RecordError
from routing import teams
from workflows import access, officers
from workflows.case_reading import current
from workflows.planning import PlanningParams
from workflows.record_params import RecordParams

NOW = datetime(2026, 3, 2, 10, tzinfo=TIME_ZONE)
WEEK = date(2026, 3, 9)
ELSEWHERE = Scope(user="a", districts=frozenset({"990199"}), sealed=frozenset())
WHO = {"actor": access.COMMAND_LINE, "scope": EVERYTHING, "now": NOW}


def staff(store, scope=EVERYTHING):
    """Return the officers as the page reads them."""
    return officers.staff(store, scope=scope, as_of=current(NOW))


def week(store):
    """Return the capacity of the week."""
    return officers.week_capacity(staff(store), WEEK, PlanningParams())


def test_the_week_counts_as_the_plan_does(loaded_store):
    """A second count would differ from the plan one day."""
    found = week(loaded_store)
    own = staff(loaded_store)
    formed = teams.form_teams(own.officers, own.absences, week_start=WEEK, n_teams=None)
    assert found.teams == formed.teams
    assert [len(day.officer_ids) for day in found.days] == [8] * 5
    assert {day.most_teams for day in found.days} == {4}
    assert found.kept_out == {}


def test_an_expired_certificate_keeps_an_officer_out_and_says_why(loaded_store):
    """The last day counts as valid, the day after does not."""
    officers.save_officer(
        loaded_store, "O1", {"certificate_expiry": WEEK + timedelta(days=1)}, **WHO
    )
    found = week(loaded_store)
    assert ["O1" in day.officer_ids for day in found.days] == [True, True, False, False, False]
    assert "到期" in found.kept_out["O1"].template
    officers.save_officer(loaded_store, "O1", {"certificate_expiry": None}, **WHO)
    assert "没有执法证有效期" in week(loaded_store).kept_out["O1"].template


@pytest.mark.parametrize(
    ("days", "state"), [(-1, "expired"), (0, "soon"), (60, "soon"), (61, "ok"), (None, "none")]
)
def test_a_certificate_is_amber_for_sixty_days(days, state):
    """Renewal takes weeks; red on the last day would be too late."""
    expiry = None if days is None else NOW.date() + timedelta(days=days)
    assert officers.certificate_state(expiry, today=NOW.date(), params=RecordParams()) == state


def test_an_absence_takes_its_days_and_gives_them_back_when_withdrawn(loaded_store):
    """Somebody falls ill and comes back: both must reach the next plan."""
    leave = {"from_on": WEEK, "to_on": WEEK + timedelta(days=2), "reason": "sick"}
    officers.save_absence(loaded_store, "O2", **leave, **WHO)
    assert [len(day.officer_ids) for day in week(loaded_store).days] == [7, 7, 7, 8, 8]
    officers.withdraw_absence(loaded_store, "O2", from_on=WEEK, **WHO)
    assert [len(day.officer_ids) for day in week(loaded_store).days] == [8] * 5
    assert staff(loaded_store).absences.empty
    officers.save_absence(loaded_store, "O2", **leave, **WHO)
    assert len(staff(loaded_store).absences) == 1


def test_an_absence_that_ends_before_it_begins_is_refused(loaded_store):
    """That is how a withdrawn one is stored: nobody may write it by a slip."""
    with pytest.raises(RecordError):
        officers.save_absence(
            loaded_store, "O2", from_on=WEEK, to_on=WEEK - timedelta(days=1), reason="duty", **WHO
        )


def test_a_recusal_comes_goes_and_comes_again(loaded_store):
    """An interest may end, and begin again."""
    for _ in range(2):
        officers.save_recusal(loaded_store, "O1", "F001", reason="interest", **WHO)
        assert staff(loaded_store).recusals["facility_id"].tolist() == ["F001"]
        officers.remove_recusal(loaded_store, "O1", "F001", **WHO)
        assert staff(loaded_store).recusals.empty
    with pytest.raises(NotFoundError):
        officers.save_recusal(loaded_store, "O1", "F999", reason="interest", **WHO)


def test_an_edit_is_a_new_version_and_a_line_in_the_log(loaded_store):
    """A plan of yesterday must still be explained by what was known yesterday."""
    officers.save_officer(loaded_store, "O1", {"skills": ["dental", "tcm"]}, **WHO)
    before = load_rows(loaded_store, "officers", scope=EVERYTHING, as_of=NOW)
    after = staff(loaded_store).officers
    of = [rows.set_index("officer_id").loc["O1", "skills"] for rows in (before, after)]
    assert of[0] != of[0]
    assert of[1] == "dental;tcm"
    with loaded_store.read() as conn:
        last = conn.execute(select(tables.audit).order_by(tables.audit.c.seq.desc())).first()
    assert (last.action, last.object_id) == ("officer.edit", "O1")
    assert "试验员" not in last.detail


def test_another_district_sees_no_officer_and_changes_none(loaded_store):
    """Capacity is the district's own business."""
    assert staff(loaded_store, ELSEWHERE).officers.empty
    other = {**WHO, "scope": ELSEWHERE}
    leave = {"from_on": WEEK, "to_on": WEEK, "reason": "duty"}
    for change in (
        lambda: officers.save_officer(loaded_store, "O1", {"skills": "tcm"}, **other),
        lambda: officers.save_absence(loaded_store, "O1", **leave, **other),
        lambda: officers.save_recusal(loaded_store, "O1", "F001", reason="other", **other),
    ):
        with pytest.raises(NotFoundError):
            change()


def test_without_the_right_nothing_is_written(loaded_store):
    """Buttons are hidden, but the change itself asks too."""
    with pytest.raises(ForbiddenError):
        officers.save_officer(loaded_store, "O1", {"skills": "tcm"}, **{**WHO, "actor": "nobody"})
