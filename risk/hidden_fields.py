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
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

Floats = NDArray[np.float64]

N_FIELDS = 3
SMALL_ISLAND = 6
_SAMPLED_CELLS = 48


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldShape:
    """
    A field of typical standard deviation 1 and a given range.

    Parameters
    ----------
    range_cells
        Distance at which the correlation has fallen to about 0.1, in cells.
    root
        Symmetric square root of the precision, sparse ``(n, n)``.
    precision
        Precision, sparse ``(n, n)``.
    log_det
        Log determinant of the precision.
    """

    range_cells: float
    root: sparse.csr_array
    precision: sparse.csr_array
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
        Mean of the fields, shape ``(n, 3)``.
    border
        Mean of slopes (field by field) and shared parameters, less their prior means.
    evidence
        Log evidence up to what does not depend on the priors; stale once ``moved``.
    """

    fields: Floats
    border: Floats
    evidence: float
    _factor: Any
    _spill: Floats
    _border_root: Floats
    _roots: tuple[sparse.csr_array, ...]
    _curve_root: Floats

    def moved(self, design: Floats, slope: Floats, slope_shared: Floats) -> Self:
        """Return the posterior after the slope has changed by so much, the curvature not."""
        border_slope = np.r_[(design.T @ slope).T.ravel(), slope_shared]
        flat = np.ascontiguousarray(slope.ravel())
        border = self._border_root @ (self._border_root.T @ (border_slope - self._spill.T @ flat))
        fields = self._factor.solve(flat) - self._spill @ border
        return replace(
            self, fields=self.fields + fields.reshape(-1, N_FIELDS), border=self.border + border
        )

    def draw(self, rng: np.random.Generator, *, n_draws: int) -> tuple[Floats, Floats]:
        """
        Draw fields, shape ``(s, n, 3)``, and borders, ``(s, q)``, in mirrored pairs.

        Noise with the precision as covariance, solved, has the inverse as covariance.
        """
        half = (n_draws + 1) // 2
        n, q = len(self.fields), len(self.border)
        border = rng.standard_normal((half, q)) @ self._border_root.T
        noise = np.einsum(
            "cij,scj->sci", self._curve_root, rng.standard_normal((half, n, N_FIELDS))
        )
        for f, root in enumerate(self._roots):
            noise[:, :, f] += (root @ rng.standard_normal((n, half))).T
        flat = self._factor.solve(np.ascontiguousarray(noise.reshape(half, -1).T)).T
        fields = (flat - border @ self._spill.T).reshape(half, n, N_FIELDS)
        both = np.concatenate([fields, -fields])[:n_draws]
        return self.fields + both, self.border + np.concatenate([border, -border])[:n_draws]


def field_shape(walk: sparse.csr_array, *, range_cells: float) -> FieldShape:
    """
    Return a field of typical variance 1 on the neighbour graph.

    The variance is that of the median of some evenly chosen cells. Cells of islands of
    fewer than six cells are independent of all others.
    """
    n = walk.shape[0]
    links = (walk - sparse.diags_array(walk.diagonal()) > 0).astype(float).tocsr()
    degree = np.asarray(links.sum(axis=1)).ravel()
    _, island = connected_components(links, directed=False)
    alone = np.bincount(island)[island] < SMALL_ISLAND
    if alone.all():
        eye = sparse.csr_array(sparse.eye_array(n))
        return FieldShape(range_cells=range_cells, root=eye, precision=eye, log_det=0.0)
    joined = sparse.diags_array((~alone).astype(float))
    # per unit area a graph of degree 4 is the square grid, for which the range is meant
    weight = 4.0 / float(degree[~alone].mean())
    laplace = weight * (sparse.diags_array(degree) - links)
    own = 8.0 / range_cells**2
    root = joined @ (own * sparse.eye_array(n) + laplace) @ joined
    root = sparse.csc_array(root + sparse.diags_array(alone.astype(float)))
    factor = _factorise(root)
    cells = np.flatnonzero(~alone)
    cells = cells[np.linspace(0, len(cells) - 1, min(_SAMPLED_CELLS, len(cells))).astype(int)]
    unit = np.zeros((n, len(cells)))
    unit[cells, np.arange(len(cells))] = 1.0
    variance = float(np.median((factor.solve(unit) ** 2).sum(axis=0)))
    scale = np.where(alone, 1.0, np.sqrt(np.sqrt(variance)))
    root = sparse.csr_array(sparse.diags_array(scale) @ root @ sparse.diags_array(scale))
    log_det = 2.0 * (_log_det(factor) + 2.0 * float(np.log(scale).sum()))
    return FieldShape(
        range_cells=range_cells, root=root, precision=sparse.csr_array(root @ root), log_det=log_det
    )


def _factorise(matrix: sparse.csc_array) -> Any:
    return splu(
        matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )


def _log_det(factor: Any) -> float:
    return float(np.log(np.abs(factor.U.diagonal())).sum())


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
    design
        Intercept and covariates, shape ``(n, p)``.
    fields, border
        The present point; ``border`` less its prior mean, slopes first.
    shapes, sds
        Prior of each of the three fields.
    border_precision
        Prior precision of the border, shape ``(q,)``.
    """
    n = len(design)
    curve, curve_root = semidefinite(quadratic.curve)
    quadratic = Quadratic(
        slope=quadratic.slope, slope_shared=quadratic.slope_shared, curve=curve,
        cross=quadratic.cross, curve_shared=quadratic.curve_shared,
    )  # fmt: skip
    spill, within = border_columns(design, quadratic)
    factor = _factorise(_field_matrix(curve, shapes, sds))
    solved = factor.solve(spill)
    schur = within + np.diag(border_precision) - spill.T @ solved
    # the prior alone is the least we know, whatever the curvature at hand says
    schur, schur_root = _at_least(schur, border_precision)
    slope = (
        np.r_[(design.T @ quadratic.slope).T.ravel(), quadratic.slope_shared]
        + spill.T @ fields.ravel()
        + within @ border
    )
    slope_fields = (
        quadratic.slope.ravel() + np.einsum("cij,cj->ci", curve, fields).ravel() + spill @ border
    )
    new_border = np.linalg.solve(schur, slope - solved.T @ slope_fields)
    new_fields = factor.solve(slope_fields) - solved @ new_border
    log_prior = sum(s.log_det - 2 * n * np.log(d) for s, d in zip(shapes, sds, strict=True))
    log_det = _log_det(factor) + float(np.linalg.slogdet(schur)[1])
    return Solution(
        fields=new_fields.reshape(n, N_FIELDS),
        border=new_border,
        evidence=0.5 * (log_prior - log_det + new_fields @ slope_fields + new_border @ slope),
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


def _field_matrix(
    curve: Floats, shapes: Sequence[FieldShape], sds: Sequence[float]
) -> sparse.csc_array:
    """Return prior plus data precision of the fields, a cell's three values side by side."""
    n = len(curve)
    place = np.arange(n)[:, None, None] * N_FIELDS
    row = np.broadcast_to(place + np.arange(N_FIELDS)[:, None], curve.shape).ravel()
    column = np.broadcast_to(place + np.arange(N_FIELDS)[None, :], curve.shape).ravel()
    rows, columns, values = [row], [column], [curve.ravel()]
    for f, (shape, sd) in enumerate(zip(shapes, sds, strict=True)):
        part = shape.precision.tocoo()
        rows.append(part.coords[0] * N_FIELDS + f)
        columns.append(part.coords[1] * N_FIELDS + f)
        values.append(part.data / sd**2)
    size = n * N_FIELDS
    where = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csc_array((np.concatenate(values), where), shape=(size, size))
