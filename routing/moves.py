"""
Single moves on the routes of a search: put in, take out, undo, find the best place.

Value, quotas, alternatives and joint visits are kept right with every move.
"""

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled
from routing.desk import CANDIDATES, MOVES, TOUCHED, Desk
from routing.model import FAR, Model, State
from routing.timing import detour, label, start_at

_S13, _S7, _S17, _S11 = np.uint64(13), np.uint64(7), np.uint64(17), np.uint64(11)


@compiled
def draw(rng: NDArray[np.uint64]) -> float:
    """Return the next random number in [0, 1) (xorshift, Marsaglia 2003)."""
    x = rng[0]
    x ^= x << _S13
    x ^= x >> _S7
    x ^= x << _S17
    rng[0] = x
    return float(x >> _S11) / 9007199254740992.0


@compiled
def count_in(m: Model, s: State, v: int, r: int, sign: int) -> None:
    """Book visit v in or out of route r: value, quotas, alternatives."""
    gain = m.value[v]
    if m.keep[v] == r:
        gain += m.keep_bonus
    q = m.quota_of[v]
    if q >= 0:
        before = s.quota_n[q] if sign > 0 else s.quota_n[q] - 1
        if before < m.quota_min[q]:
            gain += m.quota_bonus
        s.quota_n[q] += sign
    for k in range(m.rivals_at[v], m.rivals_at[v + 1]):
        s.rival_n[m.rivals[k]] += sign
    s.totals[0] += sign * gain
    s.route_of[v] = r if sign > 0 else -1


@compiled
def touch(s: State, d: Desk, r: int) -> None:
    """Keep a copy of route r, once per move."""
    if d.route_mark[r] == d.tally[MOVES]:
        return
    d.route_mark[r] = d.tally[MOVES]
    d.touched[d.tally[TOUCHED]] = r
    d.tally[TOUCHED] += 1
    d.old_length[r] = s.length[r]
    for p in range(s.length[r]):
        v = s.stops[r, p]
        d.old_stops[r, p] = v
        d.old_leg[r, p] = s.leg[r, p]
        d.old_lo[r, p] = s.pin_lo[v]
        d.old_hi[r, p] = s.pin_hi[v]
    d.old_leg[r, s.length[r]] = s.leg[r, s.length[r]]


@compiled
def relabel(m: Model, s: State, r: int) -> None:
    """Label a route and keep the travel total right."""
    s.totals[1] -= s.travel_of[r]
    label(m, s, r)
    s.totals[1] += s.travel_of[r]


@compiled
def put(m: Model, s: State, d: Desk, v: int, r: int, p: int) -> None:
    """Insert visit v before the p-th stop of route r."""
    touch(s, d, r)
    n = s.length[r]
    before = m.origin[r] if p == 0 else m.place[s.stops[r, p - 1]]
    after = m.target[r] if p == n else m.place[s.stops[r, p]]
    for k in range(n, p, -1):
        s.stops[r, k] = s.stops[r, k - 1]
        s.leg[r, k + 1] = s.leg[r, k]
    s.stops[r, p] = v
    s.leg[r, p] = m.travel_to[m.place[v], before]
    s.leg[r, p + 1] = m.travel[m.place[v], after]
    s.length[r] = n + 1
    count_in(m, s, v, r, 1)
    relabel(m, s, r)


@compiled
def cut(m: Model, s: State, d: Desk, r: int, p: int, n: int) -> None:
    """Take n stops out of route r from position p on and make them candidates."""
    touch(s, d, r)
    for k in range(p, p + n):
        v = s.stops[r, k]
        count_in(m, s, v, r, -1)
        s.pin_lo[v] = -FAR
        s.pin_hi[v] = FAR
        nominate(m, d, v)
    for k in range(p, s.length[r] - n):
        s.stops[r, k] = s.stops[r, k + n]
        s.leg[r, k + 1] = s.leg[r, k + n + 1]
    s.length[r] -= n
    after = m.target[r] if p == s.length[r] else m.place[s.stops[r, p]]
    before = m.origin[r] if p == 0 else m.place[s.stops[r, p - 1]]
    s.leg[r, p] = m.travel[before, after] if s.length[r] > 0 else 0
    relabel(m, s, r)


@compiled
def cut_visit(m: Model, s: State, d: Desk, v: int) -> None:
    """Take one visit out of its route."""
    r = s.route_of[v]
    for p in range(s.length[r]):
        if s.stops[r, p] == v:
            cut(m, s, d, r, p, 1)
            return


@compiled
def nominate(m: Model, d: Desk, v: int) -> None:
    """Make a visit a candidate of this move; a joint visit is led by its first member."""
    g = m.joint_of[v]
    if g >= 0:
        v = m.joint[m.joint_at[g]]
    if d.visit_mark[v] != d.tally[MOVES]:
        d.visit_mark[v] = d.tally[MOVES]
        d.candidates[d.tally[CANDIDATES]] = v
        d.tally[CANDIDATES] += 1


@compiled
def undo(m: Model, s: State, d: Desk, value: float, travel: float) -> None:
    """Bring every touched route back to what it was before this move."""
    for k in range(d.tally[TOUCHED]):
        r = d.touched[k]
        for p in range(s.length[r]):
            v = s.stops[r, p]
            count_in(m, s, v, r, -1)
            s.pin_lo[v] = -FAR
            s.pin_hi[v] = FAR
        s.length[r] = 0
    for k in range(d.tally[TOUCHED]):
        r = d.touched[k]
        s.length[r] = d.old_length[r]
        for p in range(s.length[r]):
            v = d.old_stops[r, p]
            s.stops[r, p] = v
            s.leg[r, p] = d.old_leg[r, p]
            s.pin_lo[v] = d.old_lo[r, p]
            s.pin_hi[v] = d.old_hi[r, p]
            count_in(m, s, v, r, 1)
        s.leg[r, s.length[r]] = d.old_leg[r, s.length[r]]
        label(m, s, r)
    s.totals[0] = value
    s.totals[1] = travel


@compiled
def has_rival(m: Model, s: State, v: int) -> bool:
    """Tell whether an alternative of visit v is in the plan."""
    n_in = 0
    for k in range(m.rivals_at[v], m.rivals_at[v + 1]):
        n_in += s.rival_n[m.rivals[k]]
    return n_in > 0


@compiled
def is_blocked(m: Model, s: State, r: int) -> bool:
    """Tell whether an empty shift may not start because its team is out at that time."""
    if s.length[r] == 0:
        for k in range(m.clash_at[r], m.clash_at[r + 1]):
            if s.length[m.clash[k]] > 0:
                return True
    return False


@compiled
def best_in_route(
    m: Model, s: State, d: Desk, v: int, r: int, blink: float, bound: float
) -> tuple[float, int]:
    """Return the cheapest place for visit v in route r that beats ``bound``, or -1."""
    best, place = bound, -1
    if not m.allowed[v, r] or s.slack[r] < m.service[v] or is_blocked(m, s, r):
        return best, place
    bonus = 7200.0 if m.keep[v] == r else 0.0
    for p in range(s.length[r] + 1):
        cost = detour(m, s, r, p, v)
        if cost < FAR and cost - bonus < best and (blink <= 0.0 or draw(d.rng) >= blink):
            best, place = cost - bonus, p
    return best, place


@compiled
def insert_joint(m: Model, s: State, d: Desk, g: int) -> bool:
    """Put all members of a joint visit in, at one time, by different teams; or none."""
    first, last = m.joint_at[g], m.joint_at[g + 1]
    for k in range(first, last):
        if has_rival(m, s, m.joint[k]):
            return False
    n_routes = len(m.start)
    for _ in range(8):
        lead = m.joint[first + int(draw(d.rng) * (last - first))]
        day = int(draw(d.rng) * m.n_days)
        best, route, place = float(FAR), -1, -1
        for r in range(n_routes):
            if m.day[r] == day:
                cost, p = best_in_route(m, s, d, lead, r, 0.2, best)
                if p >= 0:
                    best, route, place = cost, r, p
        if route < 0:
            continue
        within = m.joint_within[g]
        lo = start_at(m, s, route, place, lead) - int(draw(d.rng) * 1.5 * within)
        if draw(d.rng) < 0.5:
            lo += int(draw(d.rng) * 14_400)
        if place_members(m, s, d, g, day, lo):
            return True
    return False


@compiled
def place_members(m: Model, s: State, d: Desk, g: int, day: int, lo: int) -> bool:
    """Insert the members of a joint visit with starts in one span; undo on failure."""
    first, last = m.joint_at[g], m.joint_at[g + 1]
    turn = int(draw(d.rng) * (last - first))
    done = 0
    for k in range(last - first):
        v = m.joint[first + (k + turn) % (last - first)]
        s.pin_lo[v] = lo
        s.pin_hi[v] = lo + m.joint_within[g]
        best, route, place = float(FAR), -1, -1
        for r in range(len(m.start)):
            if m.day[r] != day or (k > 0 and has_member(m, s, g, m.team[r])):
                continue
            cost, p = best_in_route(m, s, d, v, r, 0.0, best)
            if p >= 0:
                best, route, place = cost, r, p
        if route < 0 or has_rival(m, s, v):
            s.pin_lo[v] = -FAR
            s.pin_hi[v] = FAR
            break
        put(m, s, d, v, route, place)
        done += 1
    if done == last - first:
        return True
    for k in range(done):
        cut_visit(m, s, d, m.joint[first + (k + turn) % (last - first)])
    return False


@compiled
def has_member(m: Model, s: State, g: int, team: int) -> bool:
    """Tell whether a team already makes a part of a joint visit."""
    for k in range(m.joint_at[g], m.joint_at[g + 1]):
        r = s.route_of[m.joint[k]]
        if r >= 0 and m.team[r] == team:
            return True
    return False


@compiled
def fits_alone(m: Model, s: State, fits: NDArray[np.uint8]) -> None:
    """Mark which visit fits into which shift if it were the only one; ``s`` must be empty."""
    for r in range(len(m.start)):
        label(m, s, r)
    for v in range(len(m.place)):
        for r in range(len(m.start)):
            if m.allowed[v, r] and detour(m, s, r, 0, v) < FAR:
                fits[v, r] = 1
