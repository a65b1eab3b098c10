"""What screens read, and what they must not get."""

from dataclasses import replace
from datetime import timedelta

import pytest

from data.scope import EVERYTHING, Scope
from data.store.plans import save_plan
from errors import NotFoundError
from tests.conftest import AS_OF
from tests.workflows import plans, scored_cells
from tests.workflows import weeks_of_work as work
from workflows import reading

OTHERS = Scope(user="x", districts=frozenset({"990102"}), sealed=None)
HERE, FAR = (112.00, 23.0), (112.20, 23.0)
REASONS = (
    '[{"t": "共 {n} 家", "v": {"n": 2}, "c": 0.07}, {"t": "共 {n} 家", "v": {"n": 1}, "c": 0.03}]'
)


@pytest.fixture
def story_of(empty_store, tmp_path):
    """Return the story of the western cell: rank 2 of 2, two visits, two open leads, one late."""
    lead = ("complaint_id", "received_at", "channel", "topic", "lon", "lat", "due_on", "status",
            "closed_on")  # fmt: skip
    received = "2026-02-01 10:00"
    work.load(
        empty_store, tmp_path, "complaints", lead,
        ("C1", received, "phone", "hygiene", *HERE, "2026-03-01", "new", ""),
        ("C2", received, "phone", "hygiene", *HERE, "2026-03-02", "new", ""),
        ("C3", received, "phone", "hygiene", *HERE, "2026-02-01", "closed", "2026-02-20"),
        ("C4", received, "phone", "hygiene", *FAR, "2026-02-01", "new", ""),
        ("C5", received, "phone", "hygiene", "", "", "2026-02-01", "new", ""),
    )  # fmt: skip
    visit = ("inspection_id", "started_at", "kind", "result", "lon", "lat")
    work.load(
        empty_store, tmp_path, "inspections", visit,
        ("I1", "2026-01-01 10:00", "routine", "pass", *HERE),
        ("I2", "2026-02-01 10:00", "routine", "violation", *HERE),
        ("I3", "2026-02-02 10:00", "routine", "pass", *FAR),
        ("I4", "2026-03-02 10:00", "routine", "pass", *HERE),
    )  # fmt: skip
    here = scored_cells.cell(*HERE, score=1.0, p_hidden=0.1, reasons=REASONS)
    far = scored_cells.cell(*FAR, score=2.0, p_hidden=0.3)
    run = scored_cells.saved(empty_store, here, far)

    def story(scope=EVERYTHING, cell_id=here["cell_id"]):
        cells = reading.ranked_cells(empty_store, run.run_id, scope=scope)
        return reading.cell_story(empty_store, run, cells, cell_id, scope=scope)

    return story


def test_a_cell_tells_rank_parts_visits_and_open_leads(story_of):
    """What a manager asks when a cell is dark."""
    told = story_of()
    assert (told.rank, told.n_cells, told.median_p) == (2, 2, pytest.approx(0.2))
    assert [reason.contribution for reason in told.reasons] == [0.07, 0.03]
    assert list(told.visits["inspection_id"]) == ["I2", "I1"]
    assert (told.n_open, told.n_overdue) == (2, 1)


def test_a_cell_of_others_or_of_none_has_no_story(story_of):
    """The same answer for both."""
    assert story_of(scope=OTHERS) is None
    assert story_of(cell_id="88000000") is None


def test_cells_are_ranked_by_score(empty_store):
    """Ties keep one order, so that a reload shows the same list."""
    cells = [scored_cells.cell(112.0 + n / 20, 23.0, score=s) for n, s in enumerate((1, 5, 1))]
    run = scored_cells.saved(empty_store, *cells)
    ranked = reading.ranked_cells(empty_store, run.run_id, scope=EVERYTHING)
    assert list(ranked["score"]) == [5, 1, 1]
    assert list(ranked["cell_id"][1:]) == sorted(ranked["cell_id"][1:])
    assert reading.ranked_cells(empty_store, run.run_id, scope=OTHERS).empty


def test_districts_have_names_from_areas_and_codes_from_officers(loaded_store, tmp_path):
    """A district with officers but no outline can still be chosen."""
    guest = ("G1", "试验外员", "990102", 112.05, 23.03, "G1", "2030-12-31")
    work.load(loaded_store, tmp_path, "officers", work.OFFICER, guest)
    names = reading.district_names(loaded_store, scope=EVERYTHING, as_of=AS_OF)
    assert names == {"990101": "试验县", "990102": "990102"}


def test_drafts_of_a_week_come_newest_first_and_only_to_their_readers(empty_store):
    """The page opens the newest."""
    plan = plans.plan()
    for n in (1, 2):
        made = plan.created_at + timedelta(hours=n)
        draft = replace(plan, plan_id=f"p{n}", created_at=made, district_code="990101")
        save_plan(empty_store, draft, actor="test")
    found = reading.plans_of_week(empty_store, plan.week_start, scope=EVERYTHING)
    assert list(found["plan_id"]) == ["p2", "p1"]
    assert reading.plans_of_week(empty_store, plan.week_start, scope=OTHERS).empty
    next_week = plan.week_start + timedelta(days=7)
    assert reading.plans_of_week(empty_store, next_week, scope=EVERYTHING).empty
    with pytest.raises(NotFoundError):
        reading.load_plan(empty_store, "p1", scope=OTHERS)


def test_what_a_score_had_to_do_without_is_told_or_nothing(empty_store):
    """A summary of an older version may lack the list."""
    cell = scored_cells.cell(*HERE)
    told = [{"t": "没有人口数据", "v": {}}]
    assert reading.missing(scored_cells.saved(empty_store, cell, summary={"missing": told})) == told
    assert reading.missing(scored_cells.saved(empty_store, cell)) == []
