"""Layers beside the score: only sure changes are marked, and no lead travels as itself."""

import json

import pandas as pd
import pytest

from data.scope import EVERYTHING
from data.store import scores
from errors import NotFoundError
from risk.params import ScoringParams
from tests import small_city
from workflows import report_layers


def _cell(p, lo, hi):
    return {"p_hidden": p, "p_lo": lo, "p_hi": hi}


def test_only_a_change_beyond_its_interval_is_marked():
    """A wide interval must not dance on the map from month to month."""
    now = pd.DataFrame([_cell(0.5, 0.45, 0.55), _cell(0.5, 0.05, 0.95), _cell(0.02, 0.018, 0.022)])
    before = pd.DataFrame([_cell(0.1, 0.09, 0.11), _cell(0.1, 0.01, 0.6), _cell(0.2, 0.19, 0.21)])
    assert report_layers.sure_change(now, before).tolist() == [1, 0, -1]
    assert report_layers.sure_change(now, now).tolist() == [0, 0, 0]


def test_layers_of_a_run_hold_cells_and_no_words(planned_store):
    """Density, hot spots and change in the shape the map draws, without a name or a text."""
    run = scores.latest_run(planned_store, scope=EVERYTHING)
    density = report_layers.density(planned_store, run.run_id, ScoringParams(), scope=EVERYTHING)
    assert len(density["heat"]) == len(density["id"])
    assert max(density["heat"], default=0) in {0, 1000}
    hot = report_layers.hot(planned_store, run.run_id, ScoringParams(), scope=EVERYTHING)
    assert hot["n"] == len(hot["id"]) == len(hot["mark"])
    change = report_layers.change(planned_store, run.run_id, scope=EVERYTHING)
    assert change["since"] is None
    assert change["id"] == []
    sent = json.dumps([density, hot, change], ensure_ascii=False)
    assert small_city.CANARY_NAME not in sent
    assert small_city.CANARY_PHONE not in sent


def test_an_unknown_run_is_not_there(empty_store):
    """The same answer as for somebody else's run."""
    with pytest.raises(NotFoundError):
        report_layers.change(empty_store, "none", scope=EVERYTHING)
