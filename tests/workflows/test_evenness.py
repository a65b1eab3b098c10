"""Risk against visits, with four visits and two places."""

from datetime import timedelta

import pytest

from data.scope import EVERYTHING, Scope
from tests.conftest import AS_OF
from tests.workflows import scored_cells
from tests.workflows import weeks_of_work as work
from workflows.evenness import lived_in_places, make_evenness

VISIT = ("inspection_id", "started_at", "kind", "result", "lon", "lat", "minutes")
WEST, EAST = (112.00, 23.0), (112.20, 23.0)


@pytest.fixture
def two_places(empty_store, tmp_path):
    """West: risk 3, one visit. East: risk 1, three visits. And what must not count."""
    days = ["2026-02-10", "2026-02-11", "2026-02-12", "2026-02-13"]
    rows = [
        (f"I{n}", f"{day} 10:00", "routine", "pass", *place, "")
        for n, (day, place) in enumerate(zip(days, [WEST, EAST, EAST, EAST], strict=True))
    ]
    rows += [
        ("DESK", "2026-02-10 10:00", "desk_check", "pass", *WEST, ""),
        ("OLD", "2025-03-01 10:00", "routine", "pass", *WEST, ""),
        ("LATER", "2026-03-02 10:00", "routine", "pass", *WEST, ""),
        ("NOWHERE", "2026-02-10 10:00", "routine", "pass", "", "", ""),
    ]
    work.load(empty_store, tmp_path, "inspections", VISIT, *rows, now=AS_OF + timedelta(days=7))
    cells = (
        scored_cells.cell(*WEST, score=3.0, urban_rural_code="112", district_code="990101"),
        scored_cells.cell(
            *EAST, score=1.0, urban_rural_code="220", district_code="990102",
            last_visit_on="2026-02-13",
        ),
    )  # fmt: skip
    return empty_store, scored_cells.saved(empty_store, *cells)


def shares(table):
    return {
        row.group: (round(row.risk_share, 4), round(row.visit_share, 4), row.n_visits)
        for row in table.itertuples()
    }


def test_shares_of_risk_and_of_visits_are_of_the_same_places(two_places):
    """West 3 of 4 of the risk and 1 of 4 visits; East the other way round."""
    even = make_evenness(*two_places, scope=EVERYTHING)
    assert shares(even.by_class) == {"112": (0.75, 0.25, 1), "220": (0.25, 0.75, 3)}
    assert shares(even.by_district) == {"990101": (0.75, 0.25, 1), "990102": (0.25, 0.75, 3)}


def test_twelve_months_of_visits_on_site_count(two_places):
    """Not the desk check, not 366 days ago, not later; one without a place is told."""
    even = make_evenness(*two_places, scope=EVERYTHING)
    assert (even.n_visits, even.n_unplaced_visits) == (5, 1)
    assert (str(even.since), str(even.until)) == ("2025-03-02", "2026-03-02")


def test_the_place_nobody_has_seen_comes_first(two_places):
    """West has no last visit in its score, East was seen in February."""
    even = make_evenness(*two_places, scope=EVERYTHING)
    assert list(even.longest_unseen["lon"]) == [WEST[0], EAST[0]]
    assert (even.n_never_seen, even.n_places) == (1, 2)


def test_a_district_sees_its_own_shares_only(two_places):
    """One district, one place: all of the risk, all of the visits."""
    own = Scope(user="x", districts=frozenset({"990101"}), sealed=None)
    even = make_evenness(*two_places, scope=own)
    assert [row[0] for row in shares(even.by_district).values()] == [1.0]


def test_blocks_stand_in_where_no_townships_are_known(two_places):
    """Without areas the comparison still says where, and that it is a block."""
    even = make_evenness(*two_places, scope=EVERYTHING)
    assert even.township_is_block
    assert all("," in name for name in even.by_township["name"])


def test_scores_without_any_visit_are_no_error(empty_store):
    """A bureau loads facilities first."""
    run = scored_cells.saved(empty_store, scored_cells.cell(*WEST))
    even = make_evenness(empty_store, run, scope=EVERYTHING)
    assert (even.n_visits, even.n_never_seen) == (0, 1)


def test_townships_of_the_small_district_carry_their_names(planned_store):
    """Real rows: both townships, all of the risk, all of the visits in the cells."""
    from data.store.scores import latest_run

    run = latest_run(planned_store, scope=EVERYTHING)
    even = make_evenness(planned_store, run, scope=EVERYTHING)
    assert {"东试镇", "西试乡"} <= set(even.by_township["name"].dropna())
    assert even.by_township["risk_share"].sum() == pytest.approx(1.0)


def test_a_village_has_the_last_visit_and_the_sums_of_its_cells():
    """Two cells of one village are one place, seen when either was."""
    import pandas as pd

    rows = [
        scored_cells.cell(112.0, 23.0, area_code="V1", score=1.0, last_visit_on="2026-01-01"),
        scored_cells.cell(112.05, 23.0, area_code="V1", score=2.0, n_facilities=3),
        scored_cells.cell(112.10, 23.0, area_code="V2", population=0.0),
    ]
    areas = pd.DataFrame({"area_code": ["V1", "V2"], "level": ["village", "village"]})
    (place,) = lived_in_places(pd.DataFrame(rows), areas).to_dict("records")
    assert (place["area_code"], place["score"], place["population"]) == ("V1", 3.0, 200.0)
    assert str(place["last_visit_on"])[:10] == "2026-01-01"
    assert place["lon"] == pytest.approx(112.05)
