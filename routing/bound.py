"""
A prize that no plan can exceed: a fractional knapsack of time.

Give half of every leg to each of its two ends. A visit then costs its service and
half of its way in and half of its way out; these are at least the two shortest legs
to two different neighbours it could have, or to and from one base. A shift has its
length, less the break, less half of its first and its last leg, which fall to the
base. Filling the total time with the visits of highest prize per second, the last
one in part, collects at least as much as any plan.
"""

import math

import numpy as np
from numpy.typing import NDArray

from routing.model import Model
from routing.problem import UNREACHABLE

Reals = NDArray[np.float64]


def knapsack_bound(model: Model, prizes: NDArray[np.int64], fits: NDArray[np.uint8]) -> int:
    """
    Return an upper bound of the prize of any plan.

    Parameters
    ----------
    model
        The problem in arrays.
    prizes
        Prize per visit, shape ``(n_visits,)``.
    fits
        Which visit fits into which shift on its own, shape ``(n_visits, n_shifts)``.
        A visit that fits nowhere is no item and nobody's neighbour.
    """
    servable = np.flatnonzero(fits.any(axis=1))
    if len(servable) == 0:
        return 0
    travel = model.travel.astype(np.float64)
    travel[model.travel >= UNREACHABLE] = np.inf
    cost = model.service[servable] + _least_legs(model, travel, servable, fits) / 2
    room = _room(model, travel, servable, fits)
    prize = prizes[servable].astype(np.float64)
    order = np.argsort(-prize / np.maximum(cost, 1e-9), kind="stable")
    used = np.cumsum(cost[order])
    n_whole = int(np.searchsorted(used, room, side="right"))
    total = prize[order[:n_whole]].sum()
    if n_whole < len(order):
        left = room - (used[n_whole - 1] if n_whole else 0.0)
        total += prize[order[n_whole]] * left / max(cost[order[n_whole]], 1e-9)
    return math.floor(total + 1e-6)


def _least_legs(
    model: Model, travel: Reals, servable: NDArray[np.int64], fits: NDArray[np.uint8]
) -> Reals:
    """Return the least way in plus way out of each visit, seconds, infinite if there is none."""
    place = model.place[servable]
    between = travel[np.ix_(place, place)]
    share = fits[servable].astype(np.float32)
    between[(share @ share.T) == 0] = np.inf
    np.fill_diagonal(between, np.inf)
    n = len(servable)
    to_base = np.full(n, np.inf)
    from_base = np.full(n, np.inf)
    round_trip = np.full(n, np.inf)
    for r in np.unique(model.kind, return_index=True)[1]:
        here = fits[servable, r] > 0
        out, back = travel[model.origin[r], place], travel[place, model.target[r]]
        from_base = np.where(here, np.minimum(from_base, out), from_base)
        to_base = np.where(here, np.minimum(to_base, back), to_base)
        round_trip = np.where(here, np.minimum(round_trip, out + back), round_trip)
    first_in, second_in = _two_smallest(between.T)
    first_out, second_out = _two_smallest(between)
    same = between.T.argmin(axis=1) == between.argmin(axis=1)
    visits_only = np.where(
        same, np.minimum(first_in + second_out, second_in + first_out), first_in + first_out
    )
    with_base = np.minimum(from_base + first_out, first_in + to_base)
    return np.minimum(np.minimum(visits_only, with_base), round_trip)


def _two_smallest(rows: Reals) -> tuple[Reals, Reals]:
    if rows.shape[1] < 2:
        lonely = np.full(len(rows), np.inf)
        return lonely, lonely
    parted = np.partition(rows, 1, axis=1)
    return parted[:, 0], parted[:, 1]


def _room(
    model: Model, travel: Reals, servable: NDArray[np.int64], fits: NDArray[np.uint8]
) -> float:
    """Return the time of all shifts together that visits and their half legs can fill."""
    room = 0.0
    for r in range(len(model.start)):
        here = model.place[servable[fits[servable, r] > 0]]
        if len(here) == 0:
            continue
        first = travel[model.origin[r], here].min()
        last = travel[here, model.target[r]].min()
        length = model.end[r] - model.start[r] - max(0, model.pause_s[r])
        room += max(0.0, length - (first + last) / 2)
    return room
