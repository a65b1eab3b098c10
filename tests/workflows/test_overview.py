"""The numbers of the first page, each small enough to count on paper."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from data.scope import EVERYTHING, Scope
from data.store.plans import save_plan
from tests.conftest import AS_OF
from tests.workflows import plans, scored_cells
from tests.workflows import weeks_of_work as work
from workflows import overview
from workflows.overview import make_overview

LEAD = ("complaint_id", "received_at", "channel", "topic", "lon", "lat", "due_on", "status",
        "closed_on", "area_code")  # fmt: skip
VISIT = ("inspection_id", "started_at", "kind", "result", "lon", "lat")
LAST_WEEK = date(2026, 2, 23)


def lead(number, due, *, status="new", closed="", lon=112.03):
    received = "2026-02-01 10:00"
    return (f"C{number}", received, "phone", "hygiene", lon, 23.03, due, status, closed, "")


def shown(store, *cells, scope=EVERYTHING, as_of=AS_OF, **more):
    run = scored_cells.saved(store, *(cells or [scored_cells.cell(112.03, 23.03)]), as_of=as_of)
    return make_overview(store, run, scope=scope, unseen_months=12, **more)


def test_leads_are_late_the_day_after_they_are_due(empty_store, tmp_path):
    """Monday's page: due on Sunday is late by one day, due on Monday is due today."""
    rows = [
        lead(1, "2026-03-01"),
        lead(2, "2026-02-20"),
        lead(3, "2026-03-02"),
        lead(4, "2026-03-03"),
        lead(5, ""),
        lead(6, "2026-02-20", status="closed", closed="2026-02-25"),
        lead(7, "2026-02-20", status="handed_over", closed="2026-02-25"),
    ]
    work.load(empty_store, tmp_path, "complaints", LEAD, *rows)
    page = shown(empty_store)
    counts = (page.n_open, page.n_overdue, page.longest_overdue_days, page.n_due_today)
    assert counts == (5, 2, 10, 1)


def test_a_lead_closed_after_the_moment_is_still_open(empty_store, tmp_path):
    """The page shows what was known then."""
    work.load(
        empty_store, tmp_path, "complaints", LEAD,
        lead(1, "2026-02-20", status="closed", closed="2026-03-02"),
    )  # fmt: skip
    assert shown(empty_store).n_overdue == 1
    assert shown(empty_store, as_of=AS_OF + timedelta(days=1)).n_overdue == 0


def test_last_week_is_monday_to_sunday_and_counts_what_was_met(empty_store, tmp_path):
    """Desk checks are no visit; the Sunday before and the Monday after are other weeks."""
    rows = [
        ("I1", "2026-02-22 23:59", "routine", "pass", 112.03, 23.03),
        ("I2", "2026-02-23 00:00", "routine", "pass", 112.03, 23.03),
        ("I3", "2026-03-01 23:59", "complaint", "violation", 112.03, 23.03),
        ("I4", "2026-02-24 09:00", "desk_check", "pass", 112.03, 23.03),
        ("I5", "2026-02-24 10:00", "routine", "closed_door", 112.03, 23.03),
        ("I6", "2026-02-25 10:00", "routine", "refused", 112.03, 23.03),
        ("I7", "2026-03-02 09:00", "routine", "pass", 112.03, 23.03),
    ]
    work.load(empty_store, tmp_path, "inspections", VISIT, *rows, now=AS_OF + timedelta(days=7))
    page = shown(empty_store)
    assert page.n_done_last_week == 2
    assert page.n_not_done == {"closed_door": 1, "moved": 0, "refused": 1}
    midweek = shown(empty_store, as_of=AS_OF + timedelta(days=3))
    assert midweek.n_done_last_week == 2


def test_places_unseen_for_too_long_are_counted_where_somebody_is(empty_store):
    """Twelve months back is 2 March 2025; empty land is no place."""
    cell = scored_cells.cell
    page = shown(
        empty_store,
        cell(112.00, 23.0, last_visit_on="2025-03-02"),
        cell(112.05, 23.0, last_visit_on="2025-03-01", urban_rural_code="112"),
        cell(112.10, 23.0, population=0.0, n_facilities=1),
        cell(112.15, 23.0, population=0.0),
        cell(112.20, 23.0, population=None),
    )
    assert (page.n_places, page.n_unseen, page.n_unseen_fringe, page.n_never_seen) == (3, 2, 1, 1)


def test_the_highest_cells_come_first(empty_store):
    """A manager looks at the top of the list."""
    cells = [
        scored_cells.cell(112.0 + n / 20, 23.0, score=4 - n, p_hidden=p)
        for n, p in enumerate((0.1, 0.3, 0.2))
    ]
    page = shown(empty_store, *cells, n_top=2)
    # by the chance that the table shows, not by a score that it does not
    assert list(page.top_cells["p_hidden"]) == [0.3, 0.2]


def draft(store, number, district, n_visits, *, status="released"):
    plan = plans.plan(*(plans.visit(n) for n in range(n_visits)), week_start=LAST_WEEK)
    made = plan.created_at + timedelta(minutes=number)
    save_plan(
        store,
        replace(
            plan,
            plan_id=f"p{number}",
            district_code=district,
            created_at=made,
            status=status,
        ),
        actor="test",
    )


def test_planned_visits_are_those_of_each_districts_newest_plan(empty_store):
    """Two plans of one district are not added up, two districts are; a draft is no promise."""
    draft(empty_store, 0, "990101", 9, status="draft")
    assert shown(empty_store).n_planned_last_week is None
    draft(empty_store, 1, "990101", 2)
    draft(empty_store, 2, "990101", 1)
    draft(empty_store, 3, "990102", 3)
    assert shown(empty_store).n_planned_last_week == 4
    own = Scope(user="x", districts=frozenset({"990101"}), sealed=None)
    assert shown(empty_store, scope=own).n_planned_last_week == 1
    draft(empty_store, 4, None, 5)
    assert shown(empty_store).n_planned_last_week == 5


@pytest.mark.parametrize(("lon", "task"), [("", "补 {n} 条线索的坐标"), (112.03, None)])
def test_the_tasks_follow_from_the_records(lon, task, empty_store, tmp_path):
    """A lead without a point can't be planned: somebody has to place it."""
    row = (*lead(1, "", lon=lon)[:5], "" if lon == "" else 23.03, *lead(1, "")[6:])
    work.load(empty_store, tmp_path, "complaints", LEAD, row)
    titles = [each.title.template for each in shown(empty_store).to_do]
    assert "生成第 {w} 周计划" in titles
    assert ("补 {n} 条线索的坐标" in titles) is (task is not None)


def test_a_store_with_scores_alone_breaks_nothing(empty_store):
    """No leads, no visits, no plans, no areas."""
    page = shown(empty_store)
    assert (page.n_open, page.n_overdue, page.n_done_last_week) == (0, 0, 0)
    assert page.places_are_villages is False


def test_the_first_page_shows_the_clocks_and_tasks_of_the_ledger(empty_store):
    """Two pages with two numbers for the same thing cost the reader's trust."""
    counts = {"open": 5, "overdue": 3, "longest": 90_000, "today": 1, "new": 2, "groups": 0}
    page = overview.with_ledger(shown(empty_store), counts)
    assert (page.n_open, page.n_overdue, page.longest_overdue_days, page.n_due_today) == (
        5,
        3,
        2,
        1,
    )
    assert page.to_do[0].title.values == {"n": 2}
    assert page.to_do[0].query == {"show": "new"}
    assert not any("比对" in each.title.template for each in page.to_do)
