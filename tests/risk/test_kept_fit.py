"""A kept fit must come back whole, or the score of a day would hang on who fitted first."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from risk import hidden_sites, kept_fit
from risk.cells import Fitted
from risk.hidden_data import hidden_data
from risk.hidden_params import HiddenParams
from risk.hidden_stack import Check
from risk.hidden_state import HiddenState

CELLS = ("a", "b", "c")


@pytest.fixture(scope="module")
def state():
    """A short fit of three cells, with all that a comparison with other methods adds."""
    reports = pd.DataFrame({"cell": [0, 1, 1], "week": [1, 4, 9], "n": [1, 2, 1]})
    looks = pd.DataFrame(
        {
            "cell": [0, 1, 2], "week": [2, 5, 8], "n_visits": [1, 1, 1], "n_found": [0, 1, 0],
            "kind": ["sweep", "lead", "sweep"], "team": ["x", "y", "x"],
        }
    )  # fmt: skip
    data = hidden_data(
        np.array([[0.0], [1.0], [2.0]]), np.array([[0, 1], [1, 2]]), reports, looks, n_weeks=12
    )
    fitted = hidden_sites.fit(data, params=HiddenParams(n_em_steps=2, n_steps=1, n_draws=4))
    check = Check(
        weights=np.array([0.4, 0.3, 0.2, 0.1]), deviance=np.arange(5.0),
        level_sd=0.3, place_sd=0.1, observed=21.0, expected=14.5,
    )  # fmt: skip
    return replace(
        fitted, begin_share=np.array([0.5, 1.0, 2.0]), tilt=np.array([0.9, 1.1, 3.0]),
        level=np.array([0.8, 0.9, 1.1, 1.2]), checked=check.to_array(), warnings=("total",),
        missing=("finds",),
    )  # fmt: skip


def _same(left, right):
    if isinstance(left, sparse.csr_array):
        return (left != right).nnz == 0 and left.shape == right.shape
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right)
    return left == right and type(left) is type(right)


@pytest.mark.parametrize("name", [field.name for field in fields(HiddenState)])
def test_every_part_comes_back(state, name):
    """A part added to the model and lost on the way would change scores unseen."""
    kept = kept_fit.from_bytes(kept_fit.to_bytes(Fitted(state=state, cells=CELLS)))
    assert kept is not None
    assert kept.cells == CELLS
    before, after = getattr(state, name), getattr(kept.state, name)
    if name in {"states", "story"}:
        # made anew from the records by every score
        assert before.shape == after.shape
    else:
        assert _same(before, after), name


def test_parts_that_are_not_there_come_back_as_none(state):
    """A fit with too few finds for a comparison has none of its figures."""
    bare = replace(state, begin_share=None, tilt=None, level=None, checked=None, warnings=())
    kept = kept_fit.from_bytes(kept_fit.to_bytes(Fitted(state=bare, cells=CELLS)))
    assert kept is not None
    assert [kept.state.tilt, kept.state.level, kept.state.check] == [None, None, None]
    assert kept.state.begin_share is None
    assert kept.state.warnings == ()


def test_the_comparison_with_other_methods_is_the_same_afterwards(state):
    """What the screen says of the total comes from it."""
    kept = kept_fit.from_bytes(kept_fit.to_bytes(Fitted(state=state, cells=CELLS)))
    assert kept is not None
    assert kept.state.check is not None
    assert kept.state.check.observed == 21.0
    assert kept.state.check.weights.tolist() == [0.4, 0.3, 0.2, 0.1]


def test_a_fit_of_another_version_is_not_used(state, monkeypatch):
    """A part that this version needs and the document lacks: fit anew rather than guess."""
    document = kept_fit.to_bytes(Fitted(state=state, cells=CELLS))
    real = kept_fit.fields

    def more(of):
        extra = type("Field", (), {"name": "unheard_of"})()
        return (*real(of), extra)

    monkeypatch.setattr(kept_fit, "fields", more)
    assert kept_fit.from_bytes(document) is None
