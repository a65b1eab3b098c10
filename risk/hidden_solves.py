"""
Sparse factors that solve for many right-hand sides at once.

SuperLU takes one right-hand side after the other; here every entry of the factor serves
all of them in one sweep, which is some ten times as fast.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_THREADS = 2
_njit: Any = numba.njit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factor:
    """
    A symmetric positive definite matrix as ``L D L'`` under an order of elimination.

    Parameters
    ----------
    begin, row, value
        Strictly lower part of L by columns.
    pivot
        Diagonal of D.
    order
        Place of each row in the order of elimination.
    """

    begin: Ints
    row: Ints
    value: Floats
    pivot: Floats
    order: Ints

    def solve(self, right: Floats) -> Floats:
        """Return the solution for one right-hand side, ``(n,)``, or several, ``(n, k)``."""
        out = np.empty((len(self.pivot), int(np.prod(right.shape[1:]))))
        out[self.order] = right.reshape(out.shape)
        half = (out.shape[1] + 1) // 2
        parts = [np.ascontiguousarray(p) for p in (out[:, :half], out[:, half:]) if p.shape[1]]

        def part(columns: Floats) -> Floats:
            _solve(self.begin, self.row, self.value, self.pivot, columns)
            return columns

        done = [part(parts[0])] if len(parts) == 1 else list(_pool().map(part, parts))
        return np.asarray(np.concatenate(done, axis=1)[self.order].reshape(right.shape))

    @property
    def log_det(self) -> float:
        """Log determinant."""
        return float(np.log(self.pivot).sum())


def factorised(matrix: sparse.csc_array, *, ordered: bool = False) -> Factor:
    """Return the factor of a matrix; ``ordered``: its rows are in a good order already."""
    lu = splu(
        matrix,
        permc_spec="NATURAL" if ordered else "MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    lower = sparse.tril(lu.L, k=-1, format="csc")
    return Factor(
        begin=lower.indptr.astype(np.int32),
        row=lower.indices.astype(np.int32),
        value=lower.data,
        pivot=np.abs(lu.U.diagonal()),
        order=lu.perm_c.astype(np.int32),
    )


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS)


def _sweeps(begin: Ints, row: Ints, value: Floats, pivot: Floats, x: Floats) -> None:
    """Solve in place, forwards and backwards."""
    n, k = x.shape
    for j in range(n):
        for e in range(begin[j], begin[j + 1]):
            i, v = row[e], value[e]
            for c in range(k):
                x[i, c] -= v * x[j, c]
    for j in range(n - 1, -1, -1):
        for c in range(k):
            x[j, c] /= pivot[j]
        for e in range(begin[j], begin[j + 1]):
            i, v = row[e], value[e]
            for c in range(k):
                x[j, c] -= v * x[i, c]


try:
    _solve = _njit(cache=True, nogil=True, fastmath=True)(_sweeps)
except RuntimeError:
    # no folder to write to: compile anew in every process rather than fail
    _solve = _njit(nogil=True, fastmath=True)(_sweeps)
