"""What it would cost to get a visit in: the cheapest swap and the shortest overtime, compiled."""

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled
from routing.model import FAR, Ints, Model, Reals, State
from routing.timing import earliest_start, rest_leg

LONGEST_SWAP = 4
"""Most stops that one visit may push out."""


@compiled
def arrival(m: Model, s: State, r: int, v: int, free: int, rested: int, out: Ints) -> None:
    """Write to ``out`` when shift r is free after visit v, reached over ``out[2]`` seconds."""
    leg, day = out[2], m.day[r]
    ready = min(rested + leg, rest_leg(free, leg, m.pause_s[r], m.pause_lo[r], m.pause_hi[r]))
    out[0] = min(FAR, earliest_start(m, s, v, day, free + leg) + m.service[v])
    out[1] = min(FAR, earliest_start(m, s, v, day, ready) + m.service[v])


@compiled
def replaces(m: Model, s: State, r: int, p: int, q: int, v: int, out: Ints) -> bool:
    """Tell whether visit v can take the place of stops p up to but not including q."""
    before = m.origin[r] if p == 0 else m.place[s.stops[r, p - 1]]
    after = m.target[r] if q == s.length[r] else m.place[s.stops[r, q]]
    out[2] = m.travel[before, m.place[v]]
    arrival(m, s, r, v, s.f0[r, p], s.f1[r, p], out)
    leg = int(m.travel[m.place[v], after])
    rested = rest_leg(out[0], leg, m.pause_s[r], m.pause_lo[r], m.pause_hi[r])
    return out[0] + leg <= s.b1[r, q] or min(out[1] + leg, rested) <= s.b0[r, q]


@compiled
def cheapest_swap(m: Model, s: State, loss: Reals, visits: Ints, found: Reals, out: Ints) -> None:
    """
    Find for each visit the stops in a row of least loss that would make room for it.

    Row k of ``found`` becomes loss, route, first and end position; loss infinite if none.
    """
    for k in range(len(visits)):
        v = visits[k]
        found[k, 0] = np.inf
        for r in range(len(m.start)):
            if not m.allowed[v, r]:
                continue
            for p in range(s.length[r]):
                lost = 0.0
                for q in range(p + 1, min(s.length[r], p + LONGEST_SWAP) + 1):
                    lost += loss[s.stops[r, q - 1]]
                    if lost >= found[k, 0]:
                        break
                    if replaces(m, s, r, p, q, v, out):
                        found[k, 0] = lost
                        found[k, 1] = r
                        found[k, 2] = p
                        found[k, 3] = q
                        break


@compiled
def overtime(m: Model, s: State, r: int, p: int, v: int, out: Ints) -> int:
    """Return by how many seconds shift r would end late with visit v before its p-th stop."""
    place = m.origin[r] if p == 0 else m.place[s.stops[r, p - 1]]
    out[2] = m.travel[place, m.place[v]]
    arrival(m, s, r, v, s.f0[r, p], s.f1[r, p], out)
    place = m.place[v]
    for k in range(p, s.length[r]):
        if out[0] >= FAR and out[1] >= FAR:
            return FAR
        u = s.stops[r, k]
        out[2] = m.travel[place, m.place[u]]
        arrival(m, s, r, u, out[0], out[1], out)
        place = m.place[u]
    leg = int(m.travel[place, m.target[r]])
    rested = rest_leg(out[0], leg, m.pause_s[r], m.pause_lo[r], m.pause_hi[r])
    return max(0, min(FAR, min(out[1] + leg, rested) - m.end[r]))


@compiled
def least_overtime(m: Model, s: State, visits: Ints, most: int, found: Reals, out: Ints) -> None:
    """Find for each visit the shift that would end least late with it: seconds and shift."""
    for k in range(len(visits)):
        v = visits[k]
        best = most + 1
        found[k, 0] = np.inf
        for r in range(len(m.start)):
            if not m.allowed[v, r] or s.length[r] == 0:
                continue
            for p in range(s.length[r] + 1):
                free = min(s.f0[r, p], s.f1[r, p])
                if free + m.service[v] - s.b0[r, p] >= best:
                    continue
                late = overtime(m, s, r, p, v, out)
                if late < best:
                    best = late
                    found[k, 0] = late
                    found[k, 1] = r


def search_exchanges(
    m: Model, s: State, loss: NDArray[np.float64], visits: NDArray[np.int64], *, most_s: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Return the cheapest swap and the least overtime of some visits left out.

    Parameters
    ----------
    m, s
        The problem and the plan in arrays, labelled.
    loss
        What leaving a planned visit out would lose; infinite: it must stay.
    visits
        Indices of the visits left out.
    most_s
        Longest overtime worth telling, seconds.

    Returns
    -------
    swaps
        Loss, route, first and end position per visit; loss infinite if there is none.
    late
        Seconds and route per visit; seconds infinite if above ``most_s``.
    """
    swaps, late = np.zeros((len(visits), 4)), np.zeros((len(visits), 2))
    out = np.zeros(3, np.int64)
    cheapest_swap(m, s, loss, visits, swaps, out)
    least_overtime(m, s, visits, most_s, late, out)
    return swaps, late
