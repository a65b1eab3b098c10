"""What one more search of a cell is worth."""

from datetime import timedelta

import pandas as pd
import pytest

from tests.conftest import AS_OF
from tests.workflows import scored_cells
from workflows.search_worth import search_worth

NOBODY = pd.DataFrame({"kind": [], "started_at": [], "lon": [], "lat": []})


def _cells(**more):
    return pd.DataFrame([scored_cells.cell(112.45, 23.05, mean=0.8, **more)])


def _worth(cells, searches=NOBODY):
    worth = search_worth(cells, searches, sweep_detection=0.5, scored_as_of=AS_OF)
    return float(worth.iloc[0])


def test_a_search_is_worth_its_expected_finds_times_severity():
    """The value of a visit is what it is expected to find, in points."""
    assert _worth(_cells(sweep_finds=0.4, site_severity=10.0)) == pytest.approx(4.0)


def test_a_second_search_of_the_week_is_worth_less():
    """The first one has found half of what was there."""
    done = pd.DataFrame(
        {
            "kind": ["sweep"],
            "started_at": [pd.Timestamp(AS_OF + timedelta(days=1))],
            "lon": [112.45],
            "lat": [23.05],
        }
    )
    assert _worth(_cells(sweep_finds=0.4, site_severity=10.0), done) == pytest.approx(2.0)


def test_runs_of_before_keep_their_score_times_the_assumed_detection():
    """A store with older scores still plans."""
    assert _worth(_cells(score=3.0)) == pytest.approx(1.5)
    empty = _cells(score=3.0, sweep_finds=None, site_severity=None)
    assert _worth(empty) == pytest.approx(1.5)
