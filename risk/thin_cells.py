"""Inhabited cells that the model was not fitted on: as many sites as silent cells like them."""

import numpy as np
from numpy.typing import NDArray

from risk.features import Floats
from risk.hidden_state import HiddenState
from risk.site_evidence import SiteEvidence

Ints = NDArray[np.int64]

_BOUNDS = (0.05, 0.95)
_LEAST_SIZE = 1.0
_LIKE = 4
"""One in so many silent fitted cells, the smallest, stand for the ones left out."""


def fill(
    full: dict[str, Floats],
    state: HiddenState,
    evidence: SiteEvidence,
    log_size: Floats,
    chosen: Ints,
    thin: Ints,
) -> None:
    """
    Give cells without evidence as many sites per resident as small silent fitted ones have.

    Parameters
    ----------
    full
        Columns of all cells, written in place where ``thin`` says.
    state
        After the records: silence counts.
    log_size
        Log of residents plus one, all cells.
    chosen, thin
        Positions of the fitted cells, in the order of the state, and of those left out.
    """
    size = np.expm1(log_size)
    # a small cell is fitted because something was said there: only silent ones are like them
    told = np.zeros(len(size), bool)
    for frame in (evidence.reports, evidence.looks):
        at = frame["at"].to_numpy(np.int64)
        told[at[at >= 0]] = True
    alike = chosen[~told[chosen]]
    alike = alike if len(alike) else chosen
    least = alike[np.argsort(size[alike], kind="stable")]
    least = least[: max(1, len(least) // _LIKE)]
    place = np.searchsorted(chosen, least)
    expected = state.states[:, place] @ np.arange(state.states.shape[2], dtype=float)
    each = expected.sum(axis=1) / np.maximum(size[least].sum(), _LEAST_SIZE)
    rates = np.clip(each[:, None] * size[thin][None, :], 1e-7, 1.0)
    some = -np.expm1(-rates)
    full["mean"][thin] = rates.mean(axis=0)
    full["lo"][thin], full["hi"][thin] = np.quantile(rates, _BOUNDS, axis=0)
    full["p_hidden"][thin] = some.mean(axis=0)
    full["p_lo"][thin], full["p_hi"][thin] = np.quantile(some, _BOUNDS, axis=0)
