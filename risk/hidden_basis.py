"""
Knots that carry the smooth fields: one per cell on a small map, fewer on a large one.

A field that varies over four cells or more needs no value of its own in every cell. On
large maps neighbouring cells are gathered to one knot each, once or twice; a cell takes
the mean of its own knot and the knots of its neighbours. Solves then take seconds
where they took minutes.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from risk.hidden_solves import Factor, factorised

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_FIELDS = 3
SMALL_ISLAND = 6

_FINEST = 1000
_MOST_KNOTS = 6000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """
    How cells take their fields from knots, and the pattern of what links knots.

    Parameters
    ----------
    cells
        Weights of the knots in each cell, rows sum to 1, sparse ``(n, m)``.
    knots
        The same the other way round, sparse ``(m, n)``.
    links
        Neighbouring knots, sparse ``(m, m)`` of ones.
    alone
        Knots of cells on islands of fewer than six cells.
    spacing
        Typical distance of knots, in cells.
    rows, columns
        Pairs of knots that share a cell or stand near each other, shape ``(k,)``.
    pair_of_cells
        Weight of each cell in each such pair, sparse ``(k, n)``.
    """

    cells: sparse.csr_array
    knots: sparse.csr_array
    links: sparse.csr_array
    alone: NDArray[np.bool_]
    spacing: float
    rows: Ints
    columns: Ints
    pair_of_cells: sparse.csr_array
    _keys: Ints
    _inverse: Ints
    _indices: Ints
    _indptr: Ints
    _place: Ints

    @property
    def n_knots(self) -> int:
        """Number of knots."""
        return len(self.alone)

    def pair_values(self, matrix: sparse.csr_array) -> Floats:
        """Return the entries of a matrix over knots, in the order of the pairs."""
        part = matrix.tocoo()
        keys = part.coords[0].astype(np.int64) * self.n_knots + part.coords[1]
        out = np.zeros(len(self.rows))
        np.add.at(out, np.searchsorted(self._keys, keys), part.data)
        return out

    def factorise(self, curve: Floats, priors: Floats) -> Factor:
        """
        Factorise data plus prior precision of the knots, three values to each.

        Parameters
        ----------
        curve
            Of each cell's three values, shape ``(n, 3, 3)``.
        priors
            Prior precision of the three fields by pair of knots, shape ``(k, 3)``.
        """
        blocks = np.asarray(self.pair_of_cells @ curve.reshape(len(curve), -1))
        blocks = blocks.reshape(-1, N_FIELDS, N_FIELDS)
        for f in range(N_FIELDS):
            blocks[:, f, f] += priors[:, f]
        size = N_FIELDS * self.n_knots
        matrix = sparse.csc_array(
            (blocks.ravel()[self._place], self._indices, self._indptr), shape=(size, size)
        )
        factor = factorised(matrix, ordered=True)
        order = (self._inverse[:, None] * N_FIELDS + np.arange(N_FIELDS)).ravel()
        return replace(factor, order=factor.order[order])


def field_basis(
    walk: sparse.csr_array, *, finest: int = _FINEST, most_knots: int = _MOST_KNOTS
) -> Basis:
    """
    Return the knots of a map.

    Parameters
    ----------
    walk
        Walk matrix of the neighbour graph.
    finest
        Maps of so many cells have a knot in every cell; larger ones are gathered once.
    most_knots
        Gather again until there are no more than these.
    """
    n = walk.shape[0]
    links = sparse.csr_array((walk - sparse.diags_array(walk.diagonal()) > 0).astype(float))
    _, island = connected_components(links, directed=False)
    alone = np.bincount(island)[island] < SMALL_ISLAND
    joined = sparse.diags_array((~alone).astype(float))
    links = _tidy(joined @ links @ joined)
    cells = sparse.csr_array(sparse.eye_array(n))
    n_joined = max(int((~alone).sum()), 1)
    while (~alone).sum() > (finest if cells.shape[1] == n else most_knots):
        gathered = _gathered(links)
        if gathered.shape[1] == links.shape[0]:
            break
        cells = sparse.csr_array(cells @ (_half_lazy(links) @ gathered))
        links = _tidy(gathered.T @ links @ gathered)
        alone = np.asarray(gathered.T @ alone.astype(float)) > 0
    spacing = float(np.sqrt(n_joined / max(int((~alone).sum()), 1)))
    return _with_pattern(cells, links, alone, spacing)


def places(walk: sparse.csr_array, *, most: int = 60) -> Ints:
    """Return a number for the part of the map each cell belongs to, neighbours together."""
    n = walk.shape[0]
    links = _tidy(sparse.csr_array(walk - sparse.diags_array(walk.diagonal()) > 0).astype(float))
    group = np.arange(n)
    while links.shape[0] > most:
        gathered = _gathered(links)
        if gathered.shape[1] == links.shape[0]:
            break
        group = gathered.indices[group]
        links = _tidy(sparse.csr_array(gathered.T @ links @ gathered))
    return np.asarray(group, np.int64)


def _tidy(links: sparse.csr_array) -> sparse.csr_array:
    out = sparse.csr_array(links)
    out.setdiag(0.0)
    out.eliminate_zeros()
    out.data[:] = 1.0
    out.sort_indices()
    return out


def _half_lazy(links: sparse.csr_array) -> sparse.csr_array:
    degree = np.asarray(links.sum(axis=1)).ravel()
    stay = np.where(degree > 0, 0.5, 1.0)
    go = np.where(degree > 0, 0.5 / np.maximum(degree, 1.0), 0.0)
    return sparse.csr_array(sparse.diags_array(stay) + sparse.diags_array(go) @ links)


def _gathered(links: sparse.csr_array) -> sparse.csr_array:
    """Return which knot each point goes to: a point with all its neighbours, as far as free."""
    n = links.shape[0]
    group = np.full(n, -1)
    begin, other = links.indptr, links.indices
    n_groups = 0
    for i in range(n):
        near = other[begin[i] : begin[i + 1]]
        if group[i] < 0 and (group[near] < 0).all():
            group[near] = n_groups
            group[i] = n_groups
            n_groups += 1
    first = group.copy()
    size = np.bincount(group[group >= 0], minlength=n)
    for i in np.flatnonzero(first < 0).tolist():
        near = first[other[begin[i] : begin[i + 1]]]
        near = near[near >= 0]
        if len(near):
            smallest = int(near[np.argmin(size[near])])
            group[i] = smallest
            size[smallest] += 1
        else:
            group[i] = n_groups
            n_groups += 1
    return sparse.csr_array((np.ones(n), (np.arange(n), group)), shape=(n, n_groups))


def _with_pattern(
    cells: sparse.csr_array, links: sparse.csr_array, alone: NDArray[np.bool_], spacing: float
) -> Basis:
    """Return the basis with the pairs of knots and the order of elimination worked out."""
    m = cells.shape[1]
    knots = sparse.csr_array(cells.T)
    eye = sparse.csr_array(sparse.eye_array(m))
    near = sparse.csr_array(links + eye)
    pattern = sparse.csr_array(knots @ cells + near @ near)
    pattern.sort_indices()
    rows = np.repeat(np.arange(m), np.diff(pattern.indptr))
    columns = pattern.indices.astype(np.int64)
    keys = rows.astype(np.int64) * m + columns
    stiff = sparse.csc_array(pattern * 0.0 + 1.0 * pattern.astype(bool) + 1e3 * eye)
    inverse = factorised(stiff).order.astype(np.int64)
    size = N_FIELDS
    shape = (len(rows), size, size)
    new_row = np.broadcast_to(
        (inverse[rows] * size)[:, None, None] + np.arange(size)[:, None], shape
    ).ravel()
    new_column = np.broadcast_to(
        (inverse[columns] * size)[:, None, None] + np.arange(size)[None, :], shape
    ).ravel()
    place = np.lexsort((new_row, new_column))
    indptr = np.searchsorted(new_column[place], np.arange(size * m + 1))
    return Basis(
        cells=cells,
        knots=knots,
        links=links,
        alone=alone,
        spacing=spacing,
        rows=rows,
        columns=columns,
        pair_of_cells=_pairs_of_cells(cells, keys, m),
        _keys=keys,
        _inverse=inverse,
        _indices=new_row[place].astype(np.int32),
        _indptr=indptr.astype(np.int32),
        _place=place,
    )


def _pairs_of_cells(cells: sparse.csr_array, keys: Ints, m: int) -> sparse.csr_array:
    """Return the products of weights of two knots in a cell, by pair and cell."""
    n = cells.shape[0]
    count = np.diff(cells.indptr)
    cell = np.repeat(np.arange(n), count**2)
    within = np.arange(len(cell)) - np.repeat(np.r_[0, np.cumsum(count**2)][:-1], count**2)
    one = cells.indptr[cell] + within // count[cell]
    two = cells.indptr[cell] + within % count[cell]
    key = cells.indices[one].astype(np.int64) * m + cells.indices[two]
    values = cells.data[one] * cells.data[two]
    where = (np.searchsorted(keys, key), cell)
    return sparse.csr_array((values, where), shape=(len(keys), n))
