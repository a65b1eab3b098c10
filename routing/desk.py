"""Working space of a search: copies to undo a move, marks, random state, pool of routes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.model import Ints, Model, Reals, Small


class Desk(NamedTuple):
    """
    Working space of a search, the copies needed to undo a move, and the pool of routes.

    ``marks`` hold the number of the move that last touched a visit or route; ``tally``
    counts: moves, touched routes, candidates, pooled routes, pool overflow, best found.
    """

    rng: NDArray[np.uint64]
    tally: Ints
    visit_mark: Ints
    route_mark: Ints
    probe_mark: Ints
    touched: Ints
    candidates: Ints
    keys: Reals
    old_length: Ints
    old_stops: Small
    old_leg: Small
    old_lo: Ints
    old_hi: Ints
    best_length: Ints
    best_stops: Small
    best_lo: Ints
    best_hi: Ints
    best: Reals
    pool_stops: Small
    pool_pin: Ints
    pool_length: Ints
    pool_route: Ints
    pool_travel: Ints
    pool_key: NDArray[np.uint64]
    pool_slot: Ints


class Tuning(NamedTuple):
    """What steers a search; temperatures and ``travel_price`` in value per second of travel."""

    mean_removed: float
    longest_string: float
    split_rate: float
    blink_rate: float
    travel_price: float
    n_candidates: int
    n_probes: int
    pool_gap: float


MOVES, TOUCHED, CANDIDATES, POOLED, OVERFLOW, IMPROVED, PROBES = range(7)


def make_desk(model: Model, *, seed: int, pool_size: int = 30_000) -> Desk:
    """Return the working space of one search; ``seed`` fixes every random choice."""
    n, n_routes, width = len(model.place), len(model.start), model.max_stops
    pool_size = max(64, min(pool_size, 60_000_000 // (12 * width)))
    rng = np.random.default_rng(seed).integers(1, 2**63, 1, dtype=np.uint64)
    return Desk(
        rng=rng,
        tally=np.zeros(8, np.int64),
        visit_mark=np.zeros(n, np.int64),
        route_mark=np.zeros(n_routes, np.int64),
        probe_mark=np.zeros(n_routes, np.int64),
        touched=np.zeros(n_routes, np.int64),
        candidates=np.zeros(n, np.int64),
        keys=np.zeros(n),
        old_length=np.zeros(n_routes, np.int64),
        old_stops=np.zeros((n_routes, width), np.int32),
        old_leg=np.zeros((n_routes, width + 1), np.int32),
        old_lo=np.zeros((n_routes, width), np.int64),
        old_hi=np.zeros((n_routes, width), np.int64),
        best_length=np.zeros(n_routes, np.int64),
        best_stops=np.zeros((n_routes, width), np.int32),
        best_lo=np.zeros((n_routes, width), np.int64),
        best_hi=np.zeros((n_routes, width), np.int64),
        best=np.zeros(2),
        pool_stops=np.zeros((pool_size, width), np.int32),
        pool_pin=np.zeros((pool_size, width if len(model.joint_within) else 1), np.int64),
        pool_length=np.zeros(pool_size, np.int64),
        pool_route=np.zeros(pool_size, np.int64),
        pool_travel=np.zeros(pool_size, np.int64),
        pool_key=np.zeros(pool_size, np.uint64),
        pool_slot=np.zeros(1 << 17, np.int64),
    )
