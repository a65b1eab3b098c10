"""Runs of the models: saved whole, read by date and by district."""

from datetime import timedelta

import pandas as pd
import pytest

from data import audit
from data.scope import EVERYTHING, Scope
from data.store import engine, scores
from tests.data.frames_of_records import moment

AS_OF = moment("2025-06-01")
REASONS = [{"t": "久未到访：{d} 天", "v": {"d": 40}, "c": 0.2}]


def save(store, *, as_of=AS_OF, now=None):
    cells = pd.DataFrame(
        {
            "cell_id": ["b", "a"],
            "lon": [112.1, 112.2],
            "lat": [23.1, 23.2],
            "district_code": ["990101", "990102"],
            "score": [0.5, 0.25],
            "last_visit_on": pd.to_datetime(["2025-05-01", None]),
            "n_visits_year": [3, 0],
            "reasons": [REASONS, []],
        }
    )
    facilities = pd.DataFrame(
        {"facility_id": ["F1"], "score": [0.4], "district_code": ["990101"], "reasons": ["[]"]}
    )
    return scores.save_scores(
        store,
        as_of=as_of,
        method="kde",
        params={"bandwidth_m": 800},
        cells=cells,
        facilities=facilities,
        summary={"n_cells": 2},
        actor="t",
        now=now,
    )


def test_a_run_comes_back_as_it_was_saved(empty_store):
    """What is on the map is what the model said, with its reasons."""
    run_id = save(empty_store)
    cells = scores.load_cell_scores(empty_store, run_id, scope=EVERYTHING)
    assert cells["cell_id"].tolist() == ["a", "b"]
    assert cells["last_visit_on"].isna().tolist() == [True, False]
    cell = scores.load_cell(empty_store, run_id, "b", scope=EVERYTHING)
    assert cell["reasons"] == REASONS
    assert cell["last_visit_on"] == "2025-05-01"
    facility = scores.load_facility(empty_store, run_id, "F1", scope=EVERYTHING)
    assert facility["score"] == 0.4
    run = scores.get_run(empty_store, run_id)
    assert (run.as_of, run.params, run.summary) == (AS_OF, {"bandwidth_m": 800}, {"n_cells": 2})


def test_the_newest_run_not_after_a_date_is_found(empty_store):
    """A plan of a past week must use the run of that week."""
    assert scores.latest_run(empty_store, scope=EVERYTHING) is None
    old = save(empty_store, as_of=AS_OF - timedelta(days=7))
    new = save(empty_store)
    assert scores.latest_run(empty_store, scope=EVERYTHING).run_id == new
    found = scores.latest_run(empty_store, scope=EVERYTHING, as_of=AS_OF - timedelta(days=1))
    assert found.run_id == old
    assert scores.get_run(empty_store, "none") is None


def test_of_two_runs_of_one_date_the_later_made_counts(empty_store):
    """Scoring again after an import replaces what is shown."""
    save(empty_store, now=moment("2025-06-01 08:00"))
    second = save(empty_store, now=moment("2025-06-01 09:00"))
    assert scores.latest_run(empty_store, scope=EVERYTHING).run_id == second


def test_a_reader_of_one_district_gets_only_its_cells(empty_store):
    """Neither by list nor by guessing an id."""
    run_id = save(empty_store)
    mine = Scope(user="m", districts=frozenset({"990101"}), sealed=None)
    cells = scores.load_cell_scores(empty_store, run_id, scope=mine)
    assert cells["cell_id"].tolist() == ["b"]
    assert scores.load_cell(empty_store, run_id, "a", scope=mine) is None
    nobody = Scope(user="n", districts=frozenset(), sealed=None)
    assert scores.load_facility_scores(empty_store, run_id, scope=nobody).empty


def test_saving_is_logged_and_moves_the_data_version(empty_store):
    """Screens notice a new run by the version, auditors by the log."""
    save(empty_store)
    assert engine.data_version(empty_store) == 1
    assert audit.verify(empty_store) is None


def test_a_column_nobody_knows_is_an_error(empty_store):
    """A renamed column must not be lost on the way to the store."""
    with pytest.raises(ValueError, match="colour"):
        scores.save_scores(
            empty_store,
            as_of=AS_OF,
            method="kde",
            params={},
            cells=pd.DataFrame({"cell_id": ["a"], "colour": ["red"]}),
            facilities=pd.DataFrame(),
            summary={},
            actor="t",
        )
    assert scores.latest_run(empty_store, scope=EVERYTHING) is None
