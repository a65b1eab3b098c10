"""The smooth fields: their scale, their solves and their draws."""

import numpy as np
import pytest

from risk import hidden_fields
from risk.hidden_basis import field_basis
from risk.hidden_data import neighbour_walk
from tests.risk.hidden_made_up import grid_pairs


def shapes(walk, range_cells=4.0):
    return [hidden_fields.field_shape(field_basis(walk), range_cells=range_cells)] * 3


def quadratic(n, rng, g=2):
    half = rng.standard_normal((n, 3, 3)) * 0.3
    return hidden_fields.Quadratic(
        slope=rng.standard_normal((n, 3)),
        slope_shared=rng.standard_normal(g),
        curve=half @ np.swapaxes(half, 1, 2) + 0.1 * np.eye(3),
        cross=rng.standard_normal((n, 3, g)) * 0.01,
        curve_shared=np.eye(g) * 5.0,
    )


def dense(q, design, walk, sds, border_precision):
    """Return prior and data precision of all unknowns as plain matrices."""
    n, p = design.shape
    g = len(q.slope_shared)
    to_logs = np.zeros((n * 3 + g, n * 3 + 3 * p + g))
    for c in range(n):
        for f in range(3):
            to_logs[3 * c + f, 3 * c + f] = 1.0
            to_logs[3 * c + f, 3 * n + f * p : 3 * n + (f + 1) * p] = design[c]
    to_logs[3 * n :, 3 * n + 3 * p :] = np.eye(g)
    curve = np.zeros((3 * n + g, 3 * n + g))
    for c in range(n):
        curve[3 * c : 3 * c + 3, 3 * c : 3 * c + 3] = q.curve[c]
        curve[3 * c : 3 * c + 3, 3 * n :] = q.cross[c]
        curve[3 * n :, 3 * c : 3 * c + 3] = q.cross[c].T
    curve[3 * n :, 3 * n :] = q.curve_shared
    prior = np.zeros((3 * n + 3 * p + g,) * 2)
    precision = hidden_fields.field_shape(field_basis(walk), range_cells=4.0).precision.toarray()
    for f in range(3):
        prior[f : 3 * n : 3, f : 3 * n : 3] = precision / sds[f] ** 2
    prior[3 * n :, 3 * n :] = np.diag(border_precision)
    slope = to_logs.T @ np.r_[q.slope.ravel(), q.slope_shared]
    return prior, to_logs.T @ curve @ to_logs, slope


def test_the_solve_agrees_with_plain_dense_algebra():
    """Sparse factor and border by Schur complement are easy to get subtly wrong."""
    rng = np.random.default_rng(0)
    walk = neighbour_walk(grid_pairs(5), 25)
    design = np.c_[np.ones(25), rng.standard_normal(25)]
    q, sds, border_precision = quadratic(25, rng), (0.5, 1.0, 2.0), np.full(8, 1.5)
    fields, border = rng.standard_normal((25, 3)), rng.standard_normal(8)
    got = hidden_fields.solve(
        q, basis=field_basis(walk), design=design, fields=fields, border=border,
        shapes=shapes(walk), sds=sds,
        border_precision=border_precision,
    )  # fmt: skip
    prior, data, slope = dense(q, design, walk, sds, border_precision)
    here = np.r_[fields.ravel(), border]
    want = np.linalg.solve(prior + data, slope + data @ here)
    assert np.r_[got.fields.ravel(), got.border] == pytest.approx(want, abs=1e-8)


def test_evidence_differs_as_the_dense_formula_says():
    """Ranges are chosen by it."""
    rng = np.random.default_rng(1)
    walk = neighbour_walk(grid_pairs(5), 25)
    design = np.ones((25, 1))
    q, border_precision = quadratic(25, rng), np.full(5, 1.5)
    got, want = [], []
    for sds in ((0.5, 0.5, 0.5), (1.0, 0.3, 0.7)):
        solution = hidden_fields.solve(
            q, basis=field_basis(walk), design=design, fields=np.zeros((25, 3)), border=np.zeros(5),
        shapes=shapes(walk),
            sds=sds, border_precision=border_precision,
        )  # fmt: skip
        prior, data, slope = dense(q, design, walk, sds, border_precision)
        both = prior + data
        value = np.linalg.slogdet(prior)[1] - np.linalg.slogdet(both)[1]
        want.append(0.5 * (value + slope @ np.linalg.solve(both, slope)))
        got.append(solution.evidence)
    assert got[1] - got[0] == pytest.approx(want[1] - want[0], abs=1e-8)


def test_draws_have_the_covariance_of_the_posterior():
    """Intervals are made of them."""
    rng = np.random.default_rng(2)
    walk = neighbour_walk(grid_pairs(3), 9)
    design, q, sds, precision = np.ones((9, 1)), quadratic(9, rng), (0.5, 1.0, 2.0), np.full(5, 2.0)
    solution = hidden_fields.solve(
        q, basis=field_basis(walk), design=design, fields=np.zeros((9, 3)), border=np.zeros(5),
        shapes=shapes(walk),
        sds=sds, border_precision=precision,
    )  # fmt: skip
    fields, border = solution.draw(np.random.default_rng(3), n_draws=40_000)
    draws = np.c_[fields.reshape(len(fields), -1), border]
    prior, data, _ = dense(q, design, walk, sds, precision)
    want = np.linalg.inv(prior + data)
    scale = np.sqrt(np.outer(np.diag(want), np.diag(want)))
    assert np.abs((np.cov(draws.T) - want) / scale).max() < 0.04


def test_a_field_has_variance_one_away_from_the_edge():
    """A field's sd must mean the same on every map."""
    walk = neighbour_walk(grid_pairs(30), 900)
    shape = hidden_fields.field_shape(field_basis(walk), range_cells=4.0)
    variance = np.linalg.inv(shape.precision.toarray()).diagonal().reshape(30, 30)
    assert variance[8:22, 8:22] == pytest.approx(1.0, abs=0.1)
    assert shape.log_det == pytest.approx(np.linalg.slogdet(shape.precision.toarray())[1])


def test_cells_without_neighbours_stand_alone():
    """An island must neither break the solve nor get an endless variance."""
    walk = neighbour_walk(grid_pairs(4), 18)
    shape = hidden_fields.field_shape(field_basis(walk), range_cells=4.0)
    precision = shape.precision.toarray()
    assert precision[16, 16] == pytest.approx(1.0)
    assert np.abs(precision[16]).sum() == pytest.approx(1.0)


def test_a_gathered_basis_solves_like_plain_dense_algebra():
    """On large maps several cells share a knot; the algebra must stay exact."""
    rng = np.random.default_rng(4)
    walk = neighbour_walk(grid_pairs(14), 198)
    basis = field_basis(walk, finest=100)
    m = basis.n_knots
    assert m < 60
    assert np.asarray(basis.cells.sum(axis=1)) == pytest.approx(1.0)
    assert basis.alone.sum() == 2
    shape = hidden_fields.field_shape(basis, range_cells=6.0)
    curve = quadratic(198, rng).curve
    factor = basis.factorise(curve, np.stack([shape.pairs] * 3, axis=1))
    weights = basis.cells.toarray()
    dense_matrix = np.einsum("ca,cij,cb->aibj", weights, curve, weights)
    dense_matrix += np.einsum("ab,ij->aibj", shape.precision.toarray(), np.eye(3))
    dense_matrix = dense_matrix.reshape(3 * m, 3 * m)
    right = rng.standard_normal((3 * m, 4))
    assert factor.solve(right) == pytest.approx(np.linalg.solve(dense_matrix, right), abs=1e-9)
    assert factor.log_det == pytest.approx(np.linalg.slogdet(dense_matrix)[1])


def test_a_gathered_field_is_nearly_that_of_the_cells():
    """Variance and correlation of cells must not hang on the size of the map."""
    walk = neighbour_walk(grid_pairs(30), 900)
    covariance = []
    for finest in (100, 1000):
        basis = field_basis(walk, finest=finest)
        shape = hidden_fields.field_shape(basis, range_cells=8.0)
        weights = basis.cells.toarray()
        covariance.append(weights @ np.linalg.inv(shape.precision.toarray()) @ weights.T)
    middle = 15 * 30 + 15
    for other in (middle, middle + 3, middle + 8):
        assert covariance[0][middle, other] == pytest.approx(covariance[1][middle, other], abs=0.12)
