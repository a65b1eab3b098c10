"""Square cells of the made-up ground, their neighbours, and cheapest ways over them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

CELL_M = 250.0
"""Side of a cell, metres."""
LON_0, LAT_0 = 112.85, 25.35
"""Middle of the made-up place, degrees: somewhere in the hills of the inland south."""
_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Spread(NamedTuple):
    """Cheapest ways from the nearest of several sources; all arrays over the nodes."""

    cost: Floats
    previous: Ints
    source: Ints


@dataclass(frozen=True, slots=True)
class Grid:
    """A raster of square cells; row 0 in the south, metres counted from its middle."""

    n_rows: int
    n_cols: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.n_rows, self.n_cols)

    def metres(self, cells: Ints) -> tuple[Floats, Floats]:
        """Give the middles of flat cell numbers, metres east and north of the middle."""
        rows, cols = np.divmod(np.asarray(cells), self.n_cols)
        return (
            (cols - (self.n_cols - 1) / 2) * CELL_M,
            (rows - (self.n_rows - 1) / 2) * CELL_M,
        )

    def cells(self, x_m: Floats, y_m: Floats) -> Ints:
        """Give the flat numbers of the cells that hold points, clipped to the raster."""
        cols = np.rint(np.asarray(x_m) / CELL_M + (self.n_cols - 1) / 2).astype(np.int64)
        rows = np.rint(np.asarray(y_m) / CELL_M + (self.n_rows - 1) / 2).astype(np.int64)
        cols = np.clip(cols, 0, self.n_cols - 1)
        return np.clip(rows, 0, self.n_rows - 1) * self.n_cols + cols


class Lattice:
    """
    The cells of a mask as nodes, joined to their eight neighbours.

    ``cells`` gives the flat cell of a node, ``node_of`` the node of a flat cell
    (-1 outside the mask), ``u``, ``v`` and ``length_m`` describe each edge once.
    """

    def __init__(self, mask: Bools) -> None:
        self.cells: Ints = np.flatnonzero(mask.ravel())
        self.node_of: Ints = np.full(mask.size, -1, dtype=np.int64)
        self.node_of[self.cells] = np.arange(self.cells.size)
        numbers = self.node_of.reshape(mask.shape)
        parts_u, parts_v, parts_m = [], [], []
        for d_row, d_col in _STEPS:
            left = max(0, -d_col)
            right = mask.shape[1] - max(0, d_col)
            a = numbers[: mask.shape[0] - d_row, left:right].ravel()
            b = numbers[d_row:, left + d_col : right + d_col].ravel()
            both = (a >= 0) & (b >= 0)
            parts_u.append(a[both])
            parts_v.append(b[both])
            parts_m.append(np.full(int(both.sum()), CELL_M * float(np.hypot(d_row, d_col))))
        self.u: Ints = np.concatenate(parts_u)
        self.v: Ints = np.concatenate(parts_v)
        self.length_m: Floats = np.concatenate(parts_m)
        n = self.cells.size
        ends = (np.concatenate([self.u, self.v]), np.concatenate([self.v, self.u]))
        pattern = csr_matrix((np.arange(2 * self.u.size), ends), shape=(n, n))
        self._order = pattern.data % self.u.size
        self._edge_at = {}
        for step in {int(step) for step in np.unique(self.cells[self.v] - self.cells[self.u])}:
            mine = np.flatnonzero(self.cells[self.v] - self.cells[self.u] == step)
            self._edge_at[step] = np.full(n, -1, dtype=np.int64)
            self._edge_at[step][self.u[mine]] = mine
        self._indices, self._indptr = pattern.indices, pattern.indptr

    def edges_along(self, way: list[int]) -> list[int]:
        """Give the edges between the neighbouring nodes of a way."""
        edges = []
        for a, b in pairwise(way):
            lower, upper = min(a, b), max(a, b)
            edges.append(int(self._edge_at[int(self.cells[upper] - self.cells[lower])][lower]))
        return edges

    def spread(self, edge_cost: Floats, sources: Ints) -> Spread:
        """
        Find the cheapest way from the nearest source to every node.

        Parameters
        ----------
        edge_cost
            Cost of each edge, both ways; infinite where there is no way.
        sources
            Nodes to start from.

        Returns
        -------
        spread
            ``previous`` is -9999 at sources and at nodes out of reach; ``source``
            is the source node.
        """
        n = self.cells.size
        matrix = csr_matrix((edge_cost[self._order], self._indices, self._indptr), shape=(n, n))
        cost, previous, source = dijkstra(
            matrix, indices=np.asarray(sources), min_only=True, return_predecessors=True
        )
        return Spread(cost, previous.astype(np.int64), source.astype(np.int64))


def trace(previous: Ints, node: int) -> list[int]:
    """Follow a way back from a node to its source, both included."""
    way = [node]
    while previous[way[-1]] >= 0:
        way.append(int(previous[way[-1]]))
    return way
