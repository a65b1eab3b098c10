"""
Three smooth fields over the cells and the sparse solves that fit them.

Each field (log sites, log reports per site, log noise) is covariates times slopes plus
a Gaussian Markov random field of the Matern kind (smoothness 1) on the neighbour
graph, written with sparse matrices as by Lindgren, Rue and Lindstrom (2011),
https://doi.org/10.1111/j.1467-9868.2011.00777.x. Given a quadratic approximation of
the log likelihood, ``solve`` returns the posterior of fields, slopes and shared
parameters at once, its log evidence, and draws from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from risk.hidden_basis import N_FIELDS, Basis
from risk.hidden_solves import Factor, factorised

Floats = NDArray[np.float64]

_SAMPLED_CELLS = 48


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldShape:
    """
    A field of typical standard deviation 1 and a given range, by its knots.

    Parameters
    ----------
    range_cells
        Distance at which the correlation has fallen to about 0.1, in cells.
    root
        Symmetric square root of the precision, sparse ``(m, m)``.
    precision
        Precision, sparse ``(m, m)``.
    pairs
        Its entries by pair of knots (``Basis.rows``).
    log_det
        Log determinant of the precision.
    """

    range_cells: float
    root: sparse.csr_array
    precision: sparse.csr_array
    pairs: Floats
    log_det: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quadratic:
    """
    The log likelihood near a point, as a quadratic in the cells' values and the shared ones.

    Parameters
    ----------
    slope
        Derivative by the three values of each cell, shape ``(n, 3)``.
    slope_shared
        Derivative by the shared parameters, shape ``(g,)``.
    curve
        Minus the second derivative within a cell, positive semidefinite, ``(n, 3, 3)``.
    cross
        Minus the mixed derivative, shape ``(n, 3, g)``.
    curve_shared
        Minus the second derivative by the shared parameters, shape ``(g, g)``.
    """

    slope: Floats
    slope_shared: Floats
    curve: Floats
    cross: Floats
    curve_shared: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """
    A Gaussian posterior of fields and of slopes and shared parameters ("border").

    Parameters
    ----------
    fields
        Mean of the fields at the knots, shape ``(m, 3)``.
    border
        Mean of slopes (field by field) and shared parameters, less their prior means.
    evidence
        Log evidence up to what does not depend on the priors; stale once ``moved``.
    """

    fields: Floats
    border: Floats
    evidence: float
    _basis: Basis
    _factor: Factor
    _spill: Floats
    _border_root: Floats
    _roots: tuple[sparse.csr_array, ...]
    _curve_root: Floats

    def moved(self, design: Floats, slope: Floats, slope_shared: Floats) -> Self:
        """Return the posterior after the slope has changed by so much, the curvature not."""
        border_slope = np.r_[(design.T @ slope).T.ravel(), slope_shared]
        flat = np.asarray(self._basis.knots @ slope).ravel()
        border = self._border_root @ (self._border_root.T @ (border_slope - self._spill.T @ flat))
        fields = self._factor.solve(flat) - self._spill @ border
        return replace(
            self, fields=self.fields + fields.reshape(-1, N_FIELDS), border=self.border + border
        )

    def draw(self, rng: np.random.Generator, *, n_draws: int) -> tuple[Floats, Floats]:
        """
        Draw the knots' fields, ``(s, m, 3)``, and borders, ``(s, q)``, in mirrored pairs.

        Noise with the precision as covariance, solved, has the inverse as covariance.
        """
        half = (n_draws + 1) // 2
        (m, _), n, q = self.fields.shape, len(self._curve_root), len(self.border)
        border = rng.standard_normal((half, q)) @ self._border_root.T
        noise = np.zeros((half, m, N_FIELDS))
        for one in noise:
            each = np.einsum("cij,cj->ci", self._curve_root, rng.standard_normal((n, N_FIELDS)))
            one[:] = self._basis.knots @ each
        for f, root in enumerate(self._roots):
            noise[:, :, f] += (root @ rng.standard_normal((m, half))).T
        flat = self._factor.solve(np.ascontiguousarray(noise.reshape(half, -1).T)).T
        fields = (flat - border @ self._spill.T).reshape(half, m, N_FIELDS)
        both = np.concatenate([fields, -fields])[:n_draws]
        return self.fields + both, self.border + np.concatenate([border, -border])[:n_draws]


def field_shape(basis: Basis, *, range_cells: float) -> FieldShape:
    """
    Return a field of typical variance 1 on the graph of knots.

    The variance is that of the median of some evenly chosen cells. Cells of islands of
    fewer than six cells are independent of all others.
    """
    m, alone = basis.n_knots, basis.alone
    eye = sparse.csr_array(sparse.eye_array(m))
    if alone.all():
        pairs = basis.pair_values(eye)
        return FieldShape(
            range_cells=range_cells, root=eye, precision=eye, pairs=pairs, log_det=0.0
        )
    degree = np.asarray(basis.links.sum(axis=1)).ravel()
    # per unit area a graph of degree 4 is the square grid, for which the range is meant
    weight = 4.0 / float(degree[~alone].mean())
    laplace = weight * (sparse.diags_array(degree) - basis.links)
    own = np.where(alone, 1.0, 8.0 * (basis.spacing / range_cells) ** 2)
    root = sparse.csc_array(sparse.diags_array(own) + laplace)
    factor = factorised(root)
    cells = np.flatnonzero(basis.cells @ alone.astype(float) == 0)
    cells = cells[np.linspace(0, len(cells) - 1, min(_SAMPLED_CELLS, len(cells))).astype(int)]
    some = basis.cells[cells].toarray().T
    variance = float(np.median((factor.solve(np.ascontiguousarray(some)) ** 2).sum(axis=0)))
    scale = np.where(alone, 1.0, np.sqrt(np.sqrt(variance)))
    root = sparse.csr_array(sparse.diags_array(scale) @ root @ sparse.diags_array(scale))
    log_root = factor.log_det + 2.0 * float(np.log(scale).sum())
    precision = sparse.csr_array(root @ root)
    return FieldShape(
        range_cells=range_cells, root=root, precision=precision,
        pairs=basis.pair_values(precision), log_det=2.0 * log_root,
    )  # fmt: skip


def field_draws(
    basis: Basis, shape: FieldShape, rng: np.random.Generator, *, n_draws: int
) -> Floats:
    """Draw fields of sd 1 at the cells, shape ``(s, n)``."""
    noise = rng.standard_normal((basis.n_knots, n_draws))
    return np.asarray(basis.cells @ factorised(sparse.csc_array(shape.root)).solve(noise)).T


def semidefinite(matrices: Floats, *, floor: float = 0.0) -> tuple[Floats, Floats]:
    """Return the nearest matrices without eigenvalues below ``floor``, and their roots."""
    values, vectors = np.linalg.eigh(0.5 * (matrices + np.swapaxes(matrices, -1, -2)))
    root = vectors * np.sqrt(np.maximum(values, floor))[..., None, :]
    return root @ np.swapaxes(root, -1, -2), root


def border_columns(design: Floats, quadratic: Quadratic) -> tuple[Floats, Floats]:
    """Return the data's curvature between fields and border, and within the border."""
    n, p = design.shape
    g = len(quadratic.slope_shared)
    q = N_FIELDS * p + g
    spill = np.zeros((n, N_FIELDS, q))
    spill[:, :, : N_FIELDS * p] = np.einsum("cij,cp->cijp", quadratic.curve, design).reshape(
        n, N_FIELDS, -1
    )
    spill[:, :, N_FIELDS * p :] = quadratic.cross
    within = np.zeros((q, q))
    within[: N_FIELDS * p] = np.einsum("cp,ciq->ipq", design, spill).reshape(-1, q)
    within[N_FIELDS * p :, : N_FIELDS * p] = within[: N_FIELDS * p, N_FIELDS * p :].T
    within[N_FIELDS * p :, N_FIELDS * p :] = quadratic.curve_shared
    return spill.reshape(n * N_FIELDS, q), within


def solve(
    quadratic: Quadratic,
    *,
    basis: Basis,
    design: Floats,
    fields: Floats,
    border: Floats,
    shapes: Sequence[FieldShape],
    sds: Sequence[float],
    border_precision: Floats,
) -> Solution:
    """
    Return the posterior under a quadratic log likelihood taken at ``fields`` and ``border``.

    Parameters
    ----------
    quadratic
        The log likelihood about the present point.
    basis
        The knots of the fields.
    design
        Intercept and covariates, shape ``(n, p)``.
    fields, border
        The present point, fields at the knots; ``border`` less its prior mean, slopes first.
    shapes, sds
        Prior of each of the three fields.
    border_precision
        Prior precision of the border, shape ``(q,)``.
    """
    n, m = len(design), basis.n_knots
    curve, curve_root = semidefinite(quadratic.curve)
    quadratic = replace(quadratic, curve=curve)
    by_cell, within = border_columns(design, quadratic)
    q = len(border)
    spill = np.asarray(basis.knots @ by_cell.reshape(n, -1)).reshape(m * N_FIELDS, q)
    priors = np.stack([s.pairs / d**2 for s, d in zip(shapes, sds, strict=True)], axis=1)
    factor = basis.factorise(curve, priors)
    solved = factor.solve(spill)
    schur = within + np.diag(border_precision) - spill.T @ solved
    # the prior alone is the least we know, whatever the curvature at hand says
    schur, schur_root = _at_least(schur, border_precision)
    at_cells = np.asarray(basis.cells @ fields)
    slope = (
        np.r_[(design.T @ quadratic.slope).T.ravel(), quadratic.slope_shared]
        + by_cell.T @ at_cells.ravel()
        + within @ border
    )
    slope_cells = quadratic.slope + np.einsum("cij,cj->ci", curve, at_cells)
    slope_fields = np.asarray(basis.knots @ slope_cells).ravel() + spill @ border
    new_border = np.linalg.solve(schur, slope - solved.T @ slope_fields)
    new_fields = factor.solve(slope_fields) - solved @ new_border
    log_prior = sum(s.log_det - 2 * m * np.log(d) for s, d in zip(shapes, sds, strict=True))
    log_det = factor.log_det + float(np.linalg.slogdet(schur)[1])
    return Solution(
        fields=new_fields.reshape(m, N_FIELDS),
        border=new_border,
        evidence=0.5 * (log_prior - log_det + new_fields @ slope_fields + new_border @ slope),
        _basis=basis,
        _factor=factor,
        _spill=solved,
        _border_root=schur_root,
        _roots=tuple(s.root / d for s, d in zip(shapes, sds, strict=True)),
        _curve_root=curve_root,
    )


def _at_least(matrix: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """Return the matrix with no direction below the prior, and a root of its inverse."""
    scale = 1.0 / np.sqrt(precision)
    scaled, _ = semidefinite(matrix * np.outer(scale, scale), floor=1.0)
    values, vectors = np.linalg.eigh(scaled)
    root = scale[:, None] * vectors / np.sqrt(values)
    return scaled / np.outer(scale, scale), root
