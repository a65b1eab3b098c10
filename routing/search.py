"""
Ruin and recreate on arrays: take strings of stops out of neighbouring routes, put the best back.

Slack induction by string removals (Christiaens and Vanden Berghe 2020,
Transportation Science 54 (2), 417-433, https://doi.org/10.1287/trsc.2019.0914),
made for optional visits: what is put back competes with the visits left out near
by, and annealing works on the value collected, travel as tie-break. Each function
runs compiled or, with ``NUMBA_DISABLE_JIT=1``, as the plain Python it is.
"""

import math

import numpy as np

from routing.compiled import compiled
from routing.desk import (
    CANDIDATES,
    IMPROVED,
    MOVES,
    OVERFLOW,
    POOLED,
    PROBES,
    TOUCHED,
    Desk,
    Tuning,
)
from routing.model import FAR, Ints, Model, State
from routing.moves import (
    best_in_route,
    count_in,
    cut,
    cut_visit,
    draw,
    has_rival,
    insert_joint,
    nominate,
    put,
    relabel,
    undo,
)
from routing.timing import measure


@compiled
def run(m: Model, s: State, d: Desk, t: Tuning, n_moves: int, hot: float, cold: float) -> int:
    """
    Make some moves, cooling from ``hot`` to ``cold`` (in units of value); return improvements.

    The best plan so far is kept in ``d``; ``s`` goes on from where it stands.
    """
    if n_moves < 1:
        return 0
    fall = (cold / hot) ** (1.0 / n_moves)
    heat = hot
    improved = 0
    for _ in range(n_moves):
        heat *= fall
        d.tally[MOVES] += 1
        d.tally[TOUCHED] = 0
        d.tally[CANDIDATES] = 0
        value, travel = s.totals[0], s.totals[1]
        before = value - t.travel_price * travel
        seed = ruin(m, s, d, t)
        recreate(m, s, d, t, seed)
        after = s.totals[0] - t.travel_price * s.totals[1]
        if after <= before and after - before < heat * math.log(draw(d.rng) + 1e-300):
            undo(m, s, d, value, travel)
            continue
        if after > d.best[0] + 1e-6:
            keep_best(m, s, d, after)
            improved += 1
        if after >= d.best[0] - t.pool_gap:
            for k in range(d.tally[TOUCHED]):
                remember(m, s, d, d.touched[k])
    return improved


@compiled
def construct(m: Model, s: State, d: Desk, order: Ints) -> None:
    """Put the visits in, one after the other, each at its cheapest place anywhere."""
    for r in range(len(m.start)):
        relabel(m, s, r)
    for v in m.must:
        if m.joint_of[v] < 0:
            d.tally[MOVES] += 1
            d.tally[TOUCHED] = 0
            probe(m, s, d, v, -1, 0.0)
    for g in range(len(m.joint_within)):
        d.tally[MOVES] += 1
        d.tally[TOUCHED] = 0
        insert_joint(m, s, d, g)
    for v in order:
        if s.route_of[v] < 0 and m.joint_of[v] < 0:
            d.tally[MOVES] += 1
            d.tally[TOUCHED] = 0
            probe(m, s, d, v, -1, 0.0)


@compiled
def keep_best(m: Model, s: State, d: Desk, score: float) -> None:
    """Copy the present plan as the best so far."""
    d.best[0] = score
    d.best[1] = s.totals[0]
    d.tally[IMPROVED] += 1
    for r in range(len(m.start)):
        d.best_length[r] = s.length[r]
        for p in range(s.length[r]):
            v = s.stops[r, p]
            d.best_stops[r, p] = v
            d.best_lo[r, p] = s.pin_lo[v]
            d.best_hi[r, p] = s.pin_hi[v]


@compiled
def adopt(m: Model, s: State, d: Desk) -> None:
    """Make the best plan of the desk the present one."""
    n_routes = len(m.start)
    for r in range(n_routes):
        for p in range(s.length[r]):
            v = s.stops[r, p]
            count_in(m, s, v, r, -1)
            s.pin_lo[v] = -FAR
            s.pin_hi[v] = FAR
        s.length[r] = 0
    for r in range(n_routes):
        s.length[r] = d.best_length[r]
        for p in range(s.length[r]):
            v = d.best_stops[r, p]
            s.stops[r, p] = v
            s.pin_lo[v] = d.best_lo[r, p]
            s.pin_hi[v] = d.best_hi[r, p]
            count_in(m, s, v, r, 1)
        measure(m, s, r)
        relabel(m, s, r)


@compiled
def remember(m: Model, s: State, d: Desk, r: int) -> None:
    """Add route r to the pool: per set of stops and kind of shift the shortest order."""
    n = s.length[r]
    if n == 0:
        return
    key = np.uint64(m.kind[r] + 1) * np.uint64(0x9E3779B9)
    for p in range(n):
        v = s.stops[r, p]
        key ^= m.tag[v]
        if m.joint_of[v] >= 0:
            key ^= np.uint64(s.pin_lo[v] & 0xFFFFFF) << np.uint64(20)
    mask = len(d.pool_slot) - 1
    slot = np.int64(key & np.uint64(0x7FFFFFFF)) & mask
    while d.pool_slot[slot] > 0:
        k = d.pool_slot[slot] - 1
        if d.pool_key[k] == key:
            if s.travel_of[r] < d.pool_travel[k]:
                fill_pool(s, d, k, r)
            return
        slot = (slot + 1) & mask
    k = d.tally[POOLED]
    if k >= len(d.pool_key):
        d.tally[OVERFLOW] += 1
        return
    d.tally[POOLED] += 1
    d.pool_slot[slot] = k + 1
    d.pool_key[k] = key
    fill_pool(s, d, k, r)


@compiled
def fill_pool(s: State, d: Desk, k: int, r: int) -> None:
    """Write route r into place k of the pool."""
    d.pool_length[k] = s.length[r]
    d.pool_route[k] = r
    d.pool_travel[k] = s.travel_of[r]
    for p in range(s.length[r]):
        v = s.stops[r, p]
        d.pool_stops[k, p] = v
        if d.pool_pin.shape[1] > p:
            d.pool_pin[k, p] = s.pin_lo[v]


@compiled
def recreate(m: Model, s: State, d: Desk, t: Tuning, seed: int) -> None:
    """Put removed and neighbouring visits back in a random kind of order."""
    nominate_near(m, s, d, t, seed)
    n = d.tally[CANDIDATES]
    rank(m, d, seed, n)
    for k in range(n):
        v = d.candidates[k]
        if s.route_of[v] >= 0:
            continue
        g = m.joint_of[v]
        if g >= 0:
            insert_joint(m, s, d, g)
        else:
            probe(m, s, d, v, t.n_probes, t.blink_rate)


@compiled
def nominate_near(m: Model, s: State, d: Desk, t: Tuning, seed: int) -> None:
    """Let visits left out compete: all of a small problem, else those near the removed ones."""
    if len(m.place) <= t.n_candidates:
        for v in range(len(m.place)):
            if s.route_of[v] < 0:
                nominate(m, d, v)
        return
    n_removed = d.tally[CANDIDATES]
    for k in range(-1, min(4, n_removed)):
        u = seed if k < 0 else d.candidates[int(draw(d.rng) * n_removed)]
        if s.route_of[u] < 0:
            nominate(m, d, u)
        for i in range(m.near.shape[1]):
            v = m.near[u, i]
            if s.route_of[v] < 0 and d.tally[CANDIDATES] < t.n_candidates:
                nominate(m, d, v)


@compiled
def rank(m: Model, d: Desk, seed: int, n: int) -> None:
    """Sort the candidates by one of four keys, smallest first; a little noise in each."""
    way = draw(d.rng)
    for k in range(n):
        v = d.candidates[k]
        noise = 0.75 + 0.5 * draw(d.rng)
        if way < 0.1:
            key = noise
        elif way < 0.35:
            key = -m.value[v] * noise
        elif way < 0.85:
            key = -m.value[v] / m.weight[v] * noise
        else:
            leg = min(int(m.travel[m.place[seed], m.place[v]]), 86_400)
            key = -m.value[v] / (m.weight[v] + leg) * noise
        d.keys[k] = key
    for k in range(1, n):
        key, v = d.keys[k], d.candidates[k]
        i = k - 1
        while i >= 0 and d.keys[i] > key:
            d.keys[i + 1] = d.keys[i]
            d.candidates[i + 1] = d.candidates[i]
            i -= 1
        d.keys[i + 1] = key
        d.candidates[i + 1] = v


@compiled
def probe(m: Model, s: State, d: Desk, v: int, n_probes: int, blink: float) -> bool:
    """Insert visit v at its cheapest place: touched routes and those of its neighbours."""
    if has_rival(m, s, v):
        return False
    d.tally[PROBES] += 1
    mark = d.tally[PROBES]
    best, route, place = float(FAR), -1, -1
    for k in range(d.tally[TOUCHED]):
        r = d.touched[k]
        d.probe_mark[r] = mark
        cost, p = best_in_route(m, s, d, v, r, blink, best)
        if p >= 0:
            best, route, place = cost, r, p
    everywhere = n_probes < 0
    first, n_few = m.few_at[v], m.few_at[v + 1] - m.few_at[v]
    n = len(m.start) if everywhere else n_few + min(n_probes, m.near.shape[1])
    for k in range(n):
        if everywhere:
            r = k
        elif k < n_few:
            r = m.few[first + k]
        else:
            r = s.route_of[m.near[v, k - n_few]]
        if r < 0 or d.probe_mark[r] == mark:
            continue
        d.probe_mark[r] = mark
        cost, p = best_in_route(m, s, d, v, r, blink, best)
        if p >= 0:
            best, route, place = cost, r, p
    if route < 0:
        return False
    put(m, s, d, v, route, place)
    return True


@compiled
def ruin(m: Model, s: State, d: Desk, t: Tuning) -> int:
    """Remove strings near a random visit; return that visit."""
    seed = pick_seed(m, s, d)
    longest = 1.0 + draw(d.rng) * t.longest_string
    n_strings = int(1.0 + draw(d.rng) * (4.0 * t.mean_removed / (1.0 + longest)))
    done = 0
    n_few = m.few_at[seed + 1] - m.few_at[seed]
    if s.route_of[seed] < 0 and n_few > 0:
        # a visit with few shifts needs room in one of them, wherever that runs
        r = m.few[m.few_at[seed] + int(draw(d.rng) * n_few)]
        if s.length[r] > 0:
            cut_string(m, s, d, t, r, s.stops[r, int(draw(d.rng) * s.length[r])], longest)
            done += 1
    for k in range(-1, m.near.shape[1]):
        if done >= n_strings:
            break
        v = seed if k < 0 else m.near[seed, k]
        r = s.route_of[v]
        if r < 0 or d.route_mark[r] == d.tally[MOVES]:
            continue
        cut_string(m, s, d, t, r, v, longest)
        done += 1
    for g in range(len(m.joint_within)):
        complete_ruin(m, s, d, g)
    return seed


@compiled
def pick_seed(m: Model, s: State, d: Desk) -> int:
    """Pick a random visit; now and then one that ought to be in the plan and is not."""
    chance = draw(d.rng)
    if chance < 0.03 and len(m.must) > 0:
        v = m.must[int(draw(d.rng) * len(m.must))]
        if s.route_of[v] < 0:
            return v
    elif chance < 0.06 and len(m.quota_min) > 0:
        q = int(draw(d.rng) * len(m.quota_min))
        size = m.quota_at[q + 1] - m.quota_at[q]
        if s.quota_n[q] < m.quota_min[q] and size > 0:
            return m.quota_visits[m.quota_at[q] + int(draw(d.rng) * size)]
    return int(draw(d.rng) * len(m.place))


@compiled
def complete_ruin(m: Model, s: State, d: Desk, g: int) -> None:
    """Where part of a joint visit was removed, remove the rest of it."""
    n_in = 0
    for k in range(m.joint_at[g], m.joint_at[g + 1]):
        n_in += s.route_of[m.joint[k]] >= 0
    if 0 < n_in < m.joint_at[g + 1] - m.joint_at[g]:
        for k in range(m.joint_at[g], m.joint_at[g + 1]):
            if s.route_of[m.joint[k]] >= 0:
                cut_visit(m, s, d, m.joint[k])


@compiled
def cut_string(m: Model, s: State, d: Desk, t: Tuning, r: int, v: int, longest: float) -> None:
    """Remove a string of route r that holds visit v, sometimes sparing a part inside it."""
    n = s.length[r]
    size = int(1.0 + draw(d.rng) * min(float(n), longest))
    size = min(size, n)
    spared = 0
    if size > 1 and draw(d.rng) < t.split_rate:
        while size + spared < n and draw(d.rng) < 0.5:
            spared += 1
    at = 0
    for p in range(n):
        if s.stops[r, p] == v:
            at = p
    span = size + spared
    lo, hi = max(0, at - span + 1), min(at, n - span)
    begin = lo + int(draw(d.rng) * (hi - lo + 1))
    if spared == 0:
        cut(m, s, d, r, begin, size)
        return
    head = 1 + int(draw(d.rng) * (size - 1))
    cut(m, s, d, r, begin + head + spared, size - head)
    cut(m, s, d, r, begin, head)
