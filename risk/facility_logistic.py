"""
A penalised logistic regression in blocks of columns, each with a spread of its own.

``logit P(found) = offset + sum over blocks of X_b w_b`` with ``w_b ~ N(m_b, s_b^2)``:
a block of indicator columns is a random effect, a block of numbers is ridge
regression. The weights are the posterior mode by Newton's method; the spreads ``s_b``
maximise Laplace's approximation of the marginal likelihood by MacKay's fixed point.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from risk.features import Floats

LEAST_SD, MOST_SD, FIRST_SD = 0.02, 2.0, 0.3
"""Bounds and start of the spread of a block, log odds."""
INTERCEPT = "intercept"
_INTERCEPT_SD = 10.0
_OUTER, _INNER = 20, 50
_CLOSE = 1e-9
_SETTLED = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticFit:
    """
    Weights per block, their spreads, and the covariance of all weights.

    ``slices`` says which rows of ``covariance`` belong to a block; the first is the
    intercept. ``evidence`` is the log marginal likelihood (Laplace).
    """

    weights: Mapping[str, Floats]
    sds: Mapping[str, float]
    slices: Mapping[str, slice]
    covariance: Floats
    evidence: float


def indicator(codes: NDArray[np.int64], n_columns: int) -> sparse.csr_array:
    """Return one column per code, a row of zeros where the code is negative."""
    rows = np.flatnonzero(codes >= 0)
    values = np.ones(len(rows))
    return sparse.csr_array((values, (rows, codes[rows])), shape=(len(codes), n_columns))


def fit(
    blocks: Mapping[str, sparse.csr_array],
    found: Floats,
    *,
    offset: Floats | None = None,
    centres: Mapping[str, Floats] | None = None,
    fixed_sds: Mapping[str, float] | None = None,
) -> LogisticFit:
    """
    Fit the weights, and the spread of every block that is not given one.

    Parameters
    ----------
    blocks
        Name → columns, each of shape ``(n, k)``; an intercept is added.
    found
        0 or 1, shape ``(n,)``.
    offset
        Known log odds of each row; 0 if None.
    centres
        Mean of the prior of a block's weights; 0 where not given.
    fixed_sds
        Spread of a block that is not estimated, log odds.

    Returns
    -------
    LogisticFit
        The same bytes for the same rows in the same order.

    References
    ----------
    MacKay (1992), Neural Computation 4 (3), 415-447 (evidence, fixed point).
    """
    n = len(found)
    known = np.zeros(n) if offset is None else offset
    fixed = fixed_sds or {}
    design, slices = _stacked(blocks, n)
    centre = np.zeros(design.shape[1])
    for name, values in (centres or {}).items():
        centre[slices[name]] = values
    sds = {name: fixed.get(name, FIRST_SD) for name in blocks}
    beta = centre.copy()
    for left in reversed(range(_OUTER)):
        precision = _precision(sds, slices, design.shape[1])
        beta, hessian = _mode(design, found, known, beta, centre, precision)
        covariance = np.asarray(cho_solve(cho_factor(hessian), np.eye(len(beta))))
        new = dict(sds)
        for name in blocks:
            if name not in fixed:
                new[name] = _likelier_sd(beta, centre, covariance, slices[name], sds[name])
        change = max((abs(np.log(new[name] / sds[name])) for name in blocks), default=0.0)
        if change < _SETTLED or left == 0:
            break
        sds = new
    value = -objective(beta, design, found, known, centre, precision)
    evidence = value + 0.5 * (np.log(precision).sum() - np.linalg.slogdet(hessian)[1])
    return LogisticFit(
        weights={name: beta[part] for name, part in slices.items()}, sds=sds, slices=slices,
        covariance=covariance, evidence=float(evidence),
    )  # fmt: skip


def objective(
    beta: Floats,
    design: sparse.csr_array,
    found: Floats,
    offset: Floats,
    centre: Floats,
    precision: Floats,
) -> float:
    """Return the negative log of likelihood times prior, without the prior's constant."""
    eta = design @ beta + offset
    likelihood = found @ eta - np.logaddexp(0.0, eta).sum()
    return float(0.5 * (precision * (beta - centre) ** 2).sum() - likelihood)


def gradient(
    beta: Floats,
    design: sparse.csr_array,
    found: Floats,
    offset: Floats,
    centre: Floats,
    precision: Floats,
) -> Floats:
    """Return the derivative of ``objective`` by the weights, shape ``(k,)``."""
    p = expit(design @ beta + offset)
    slope: Floats = design.T @ (p - found) + precision * (beta - centre)
    return slope


def log_odds(fitted: LogisticFit, blocks: Mapping[str, sparse.csr_array]) -> Mapping[str, Floats]:
    """
    Return what each block adds to the log odds of new rows, the intercept first.

    Blocks that are not given add nothing: a random effect left out is set to its mean.
    """
    n = next(iter(blocks.values())).shape[0]
    terms = {INTERCEPT: np.full(n, fitted.weights[INTERCEPT][0])}
    for name, matrix in blocks.items():
        terms[name] = np.asarray(matrix @ fitted.weights[name])
    return terms


def variance(fitted: LogisticFit, blocks: Mapping[str, sparse.csr_array]) -> Floats:
    """Return the variance of the log odds of new rows that comes from the weights."""
    n = next(iter(blocks.values())).shape[0]
    design, _ = _stacked(blocks, n)
    at = np.concatenate(
        [np.arange(fitted.covariance.shape[0])[fitted.slices[k]] for k in (INTERCEPT, *blocks)]
    )
    spread = fitted.covariance[np.ix_(at, at)]
    moved = np.asarray(design @ spread)
    total: Floats = np.asarray(design.multiply(moved).sum(axis=1)).ravel()
    return total


def _stacked(
    blocks: Mapping[str, sparse.csr_array], n: int
) -> tuple[sparse.csr_array, dict[str, slice]]:
    parts = [sparse.csr_array(np.ones((n, 1))), *blocks.values()]
    edges = np.concatenate([[0], np.cumsum([part.shape[1] for part in parts])]).tolist()
    names = (INTERCEPT, *blocks)
    slices = {name: slice(edges[i], edges[i + 1]) for i, name in enumerate(names)}
    return sparse.csr_array(sparse.hstack(parts, format="csr")), slices


def _precision(sds: Mapping[str, float], slices: Mapping[str, slice], k: int) -> Floats:
    precision = np.full(k, _INTERCEPT_SD**-2)
    for name, sd in sds.items():
        precision[slices[name]] = sd**-2
    return precision


def _mode(
    design: sparse.csr_array,
    found: Floats,
    offset: Floats,
    beta: Floats,
    centre: Floats,
    precision: Floats,
) -> tuple[Floats, Floats]:
    """Return the posterior mode from a start by damped Newton steps, and the Hessian there."""
    value = objective(beta, design, found, offset, centre, precision)
    for _ in range(_INNER):
        slope = gradient(beta, design, found, offset, centre, precision)
        hessian = _hessian(design, beta, offset, precision)
        step = cho_solve(cho_factor(hessian), slope)
        if float(slope @ step) < _CLOSE * max(1.0, abs(value)):
            break
        size = 1.0
        while size > _CLOSE:
            tried = beta - size * step
            reached = objective(tried, design, found, offset, centre, precision)
            if reached <= value - 1e-4 * size * float(slope @ step):
                break
            size /= 2
        else:
            break
        beta, value = tried, reached
    return beta, hessian


def _hessian(design: sparse.csr_array, beta: Floats, offset: Floats, precision: Floats) -> Floats:
    p = expit(design @ beta + offset)
    weighted = design.multiply((p * (1.0 - p))[:, None]).tocsr()
    return np.asarray((design.T @ weighted).todense()) + np.diag(precision)


def _likelier_sd(beta: Floats, centre: Floats, covariance: Floats, part: slice, sd: float) -> float:
    """Return MacKay's next spread of a block: squared weights over their well-set number."""
    squares = float(((beta[part] - centre[part]) ** 2).sum())
    set_by_data = (part.stop - part.start) - float(np.diag(covariance)[part].sum()) / sd**2
    if squares <= 0.0 or set_by_data <= 0.0:
        return max(sd / 2, LEAST_SD)
    return float(np.clip(np.sqrt(squares / set_by_data), LEAST_SD, MOST_SD))
