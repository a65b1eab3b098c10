"""Cells nobody spoke of must not inherit the numbers of cells that were chosen for a report."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from risk import thin_cells


def _filled(told_at):
    """Fill two cells of 10 and 20 people beside four fitted ones; cell 0 has many sites."""
    size = np.array([10.0, 10.0, 500.0, 900.0, 10.0, 20.0])
    states = np.zeros((2, 4, 9))
    states[:, 0, 1] = 1.0
    states[:, 1:, 0], states[:, 1:, 1] = 0.99, 0.01
    full = {
        name: np.zeros(6) for name in ("mean", "lo", "hi", "p_hidden", "p_lo", "p_hi")
    }  # fmt: skip
    evidence = SimpleNamespace(
        reports=pd.DataFrame({"at": np.array(told_at, dtype=np.int64)}),
        looks=pd.DataFrame({"at": np.array([-1], dtype=np.int64)}),
    )
    thin_cells.fill(
        full, SimpleNamespace(states=states), evidence, np.log1p(size),
        np.arange(4), np.array([4, 5]),
    )  # fmt: skip
    return full


def test_only_silent_cells_are_taken_as_examples():
    """A small cell is fitted because of its report: taken as an example it made 450 sites."""
    assert _filled([0])["mean"][4:] == pytest.approx([0.01, 0.02])


def test_where_every_fitted_cell_has_evidence_the_smallest_stand_for_the_rest():
    """No silent cell at all: a wide guess rather than none."""
    assert _filled([0, 1, 2, 3])["mean"][4] == pytest.approx(1.0)


def test_cells_left_out_keep_bounds_about_their_chance():
    """Shown on the map like any other cell."""
    full = _filled([0])
    assert (full["p_lo"][4:] <= full["p_hidden"][4:]).all()
    assert (full["p_hidden"][4:] <= full["p_hi"][4:]).all()
    assert full["mean"][:4].tolist() == [0.0] * 4
