"""The page of a facility: history in scope, licence, visits left as the planner counts them."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from data.schema import TIME_ZONE
from data.scope import EVERYTHING, Scope
from data.store.rows import load_rows, save_rows
from errors import NotFoundError
from routing import rules
from workflows import facility_file, reading
from workflows.candidates import CandidateParams
from workflows.case_reading import current
from workflows.facility_file import FacilityFilter
from workflows.past_checks import past_checks
from workflows.record_params import RecordParams

NOW = datetime(2026, 3, 2, 10, tzinfo=TIME_ZONE)
TODAY = NOW.date()
ELSEWHERE = Scope(user="a", districts=frozenset({"990199"}), sealed=frozenset())
UNCLEARED = Scope(user="a", districts=None, sealed=frozenset())


def opened(store, facility_id="F000", *, scope=EVERYTHING, today=TODAY):
    """Return the file of a facility as its page reads it."""
    return facility_file.facility_file(
        store,
        facility_id,
        run=reading.latest_run(store, scope=scope),
        scope=scope,
        as_of=current(NOW),
        today=today,
        records=RecordParams(),
        candidates=CandidateParams(),
    )


def listed(store, scope=EVERYTHING, page_rows=500, page=1, **wanted):
    """Return a page of the list."""
    run = reading.latest_run(store, scope=scope)
    return facility_file.list_facilities(
        store,
        FacilityFilter(**wanted),
        run_id=None if run is None else run.run_id,
        scope=scope,
        as_of=current(NOW),
        page=page,
        page_rows=page_rows,
    )


def inspection(number, *, kind="routine", day="2026-03-01", ground=None):
    """Return one more inspection of F000."""
    return {
        "inspection_id": f"N{number}", "started_at": pd.Timestamp(day, tz=TIME_ZONE),
        "kind": kind, "facility_id": "F000", "result": "pass", "ground": ground,
    }  # fmt: skip


def add(store, *rows):
    """Save inspections."""
    with store.write() as conn:
        save_rows(conn, "inspections", pd.DataFrame(rows), import_id=None, known_on=NOW)


def test_the_list_pages_in_the_query_without_loss(planned_store):
    """Every facility stands on exactly one page."""
    pages = [listed(planned_store, page_rows=25, page=n) for n in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [25, 25, 10]
    ids = [key for page in pages for key in page.rows["facility_id"]]
    assert len(set(ids)) == 60
    scores = pd.concat([page.rows["score"] for page in pages])
    assert scores.is_monotonic_decreasing


def test_filters_agree_with_the_rows_they_are_told_by(planned_store):
    """A filter that drops the wrong rows hides a facility."""
    everything = listed(planned_store).rows
    assert set(listed(planned_store, kinds=("pharmacy",)).rows["kind"]) == {"pharmacy"}
    likely = listed(planned_store, least_p=0.1).rows
    assert len(likely) == int((everything["p"] >= 0.1).sum())
    since = NOW - timedelta(days=180)
    unseen = listed(planned_store, unseen_since=since).rows
    expected = everything["last_seen_at"].isna() | (everything["last_seen_at"] < since)
    assert set(unseen["facility_id"]) == set(everything.loc[expected, "facility_id"])
    assert listed(planned_store, words="试验机构 007").rows["facility_id"].tolist() == ["F007"]
    assert listed(planned_store, words="50%").n_total == 0


def test_another_district_finds_neither_list_nor_file(planned_store):
    """The answer is the same as for a facility that is not there."""
    assert listed(planned_store, ELSEWHERE).n_total == 0
    said = []
    for facility_id in ("F000", "F999"):
        with pytest.raises(NotFoundError) as caught:
            opened(planned_store, facility_id, scope=ELSEWHERE)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_visits_left_are_the_planners_own_count(planned_store):
    """Else the page would promise a visit that no plan may hold."""
    today = date(2026, 3, 20)
    add(planned_store, inspection(1), inspection(2, kind="complaint"))
    found = opened(planned_store, today=today).visits_left
    rows = load_rows(planned_store, "inspections", scope=EVERYTHING, as_of=current(NOW))
    own = past_checks(rows, year=2026, level="county")["F000"]
    assert (found.done, found.done_in_total, found.exempt) == (
        own.same_level, own.in_total, own.exempt
    )  # fmt: skip
    assert found.left == max(0, 2 - own.same_level)
    add(planned_store, inspection(3), inspection(4))
    over = opened(planned_store, today=today).visits_left
    assert over.left == 0
    expected = rules.check_yearly_cap(
        rules.PastChecks(same_level=own.same_level + 2, in_total=own.in_total + 2),
        ground="routine",
    )
    assert over.barred == expected[0].message


def test_a_sealed_visit_shows_only_to_the_cleared_and_counts_for_nobody(planned_store):
    """Until unsealed it enters no number, or the number would tell."""
    before = opened(planned_store)
    add(planned_store, inspection(1, kind="undercover"))
    cleared, uncleared = opened(planned_store), opened(planned_store, scope=UNCLEARED)
    assert len(cleared.inspections) == len(before.inspections) + 1
    assert len(uncleared.inspections) == len(before.inspections)
    assert cleared.visits_left == uncleared.visits_left == before.visits_left
    assert cleared.row["last_seen_at"] == before.row["last_seen_at"]


@pytest.mark.parametrize(
    ("days", "state"), [(-1, "expired"), (0, "soon"), (90, "soon"), (91, "ok"), (None, "unknown")]
)
def test_a_licence_is_flagged_before_it_ends(days, state):
    """The last day still counts."""
    expiry = None if days is None else TODAY + timedelta(days=days)
    assert facility_file.licence_state(expiry, today=TODAY, warn_days=90) == state


def test_the_reasons_are_those_of_the_current_score_and_add_up(planned_store):
    """What the page says must be what the map says."""
    run = reading.latest_run(planned_store, scope=EVERYTHING)
    found = opened(planned_store)
    from data.store import scores

    stored = scores.load_facility(planned_store, run.run_id, "F000", scope=EVERYTHING)
    assert len(found.reasons) == len(stored["reasons"]) > 0
    assert found.row["p"] == stored["p"]


def test_the_small_map_holds_only_what_is_near_and_in_scope(planned_store):
    """A map of one door must not carry the whole district's rows."""
    run = reading.latest_run(planned_store, scope=EVERYTHING)
    around, cells = facility_file.near(planned_store, "F000", run_id=run.run_id, scope=EVERYTHING)
    assert "F000" in set(around["facility_id"])
    assert 0 < len(around) < 60
    assert len(cells) > 0
    with pytest.raises(NotFoundError):
        facility_file.near(planned_store, "F000", run_id=run.run_id, scope=ELSEWHERE)


def test_no_words_of_a_report_and_no_complainant_stand_in_the_file(planned_store):
    """A facility's page is read by many."""
    from tests.small_city import CANARY_NAME, CANARY_PHONE

    found = opened(planned_store)
    assert "summary" not in found.leads
    shown = " ".join(frame.to_csv() for frame in (found.leads, found.inspections, found.cases))
    assert CANARY_NAME not in shown
    assert CANARY_PHONE not in shown
