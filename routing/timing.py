"""Times along a route: labels with and without the break, and the insertion test."""

from routing.compiled import compiled
from routing.model import FAR, Model, State


@compiled
def rest_leg(clock: int, leg: int, pause_s: int, lo: int, hi: int) -> int:
    """Return when a leg ends that has the whole break before or after it, or FAR."""
    if pause_s < 0 or clock >= FAR:
        return FAR
    before = max(clock, lo) + pause_s
    after = max(clock + leg, lo) + pause_s
    ends = FAR
    if before <= hi:
        ends = before + leg
    if after <= hi and after < ends:
        ends = after
    return ends


@compiled
def rest_leave(arrive: int, leg: int, pause_s: int, lo: int, hi: int) -> int:
    """Return the latest departure for a leg with the break that ends by ``arrive``, or -FAR."""
    if pause_s < 0:
        return -FAR
    begin = min(hi, arrive - leg) - pause_s
    leave = -FAR
    if begin >= lo:
        leave = begin
    begin = min(hi, arrive) - pause_s
    if begin >= lo and begin - leg > leave:
        leave = begin - leg
    return leave


@compiled
def earliest_start(m: Model, s: State, v: int, day: int, clock: int) -> int:
    """Return the first moment not before ``clock`` at which visit v may start, or FAR."""
    at = v * m.n_days + day
    for w in range(m.win_at[at], m.win_at[at + 1]):
        lo = max(m.win_lo[w], s.pin_lo[v])
        hi = min(m.win_hi[w], s.pin_hi[v])
        if lo <= hi and clock <= hi:
            return max(clock, lo)
    return FAR


@compiled
def latest_start(m: Model, s: State, v: int, day: int, clock: int) -> int:
    """Return the last moment not after ``clock`` at which visit v may start, or -FAR."""
    at = v * m.n_days + day
    for w in range(m.win_at[at + 1] - 1, m.win_at[at] - 1, -1):
        lo = max(m.win_lo[w], s.pin_lo[v])
        hi = min(m.win_hi[w], s.pin_hi[v])
        if lo <= hi and clock >= lo:
            return min(clock, hi)
    return -FAR


@compiled
def label(m: Model, s: State, r: int) -> None:
    """Compute the labels of a route again, and its travel and largest gap."""
    n, day = s.length[r], m.day[r]
    pause_s, lo, hi = m.pause_s[r], m.pause_lo[r], m.pause_hi[r]
    here = m.origin[r]
    s.f0[r, 0] = m.start[r] if pause_s >= 0 else FAR
    s.f1[r, 0] = FAR if pause_s >= 0 else m.start[r]
    travel = 0
    for p in range(n):
        v = s.stops[r, p]
        leg = int(m.travel[here, m.place[v]])
        travel += leg
        free = s.f0[r, p]
        rested = min(s.f1[r, p] + leg, rest_leg(free, leg, pause_s, lo, hi))
        s.f0[r, p + 1] = earliest_start(m, s, v, day, free + leg) + m.service[v]
        s.f1[r, p + 1] = earliest_start(m, s, v, day, rested) + m.service[v]
        here = m.place[v]
    if n > 0:
        travel += int(m.travel[here, m.target[r]])
    s.travel_of[r] = travel
    there = m.target[r]
    s.b0[r, n] = m.end[r]
    s.b1[r, n] = -FAR
    for p in range(n - 1, -1, -1):
        v = s.stops[r, p]
        leg = int(m.travel[m.place[v], there])
        later, done = s.b1[r, p + 1] - leg, s.b0[r, p + 1]
        rest = max(later, rest_leave(done, leg, pause_s, lo, hi))
        s.b0[r, p] = latest_start(m, s, v, day, done - leg - m.service[v])
        s.b1[r, p] = latest_start(m, s, v, day, rest - m.service[v])
        there = m.place[v]
    gap = -FAR
    for p in range(n + 1):
        gap = max(gap, s.b0[r, p] - min(s.f0[r, p], s.f1[r, p]))
    s.slack[r] = gap


@compiled
def detour(m: Model, s: State, r: int, p: int, v: int) -> int:
    """Return the extra travel of visit v before the p-th stop of route r, or FAR."""
    if s.b0[r, p] - min(s.f0[r, p], s.f1[r, p]) < m.service[v]:
        return FAR
    here = m.place[v]
    before = m.origin[r] if p == 0 else m.place[s.stops[r, p - 1]]
    after = m.target[r] if p == s.length[r] else m.place[s.stops[r, p]]
    day = m.day[r]
    pause_s, lo, hi = m.pause_s[r], m.pause_lo[r], m.pause_hi[r]
    to, fro = int(m.travel[before, here]), int(m.travel[here, after])
    free = s.f0[r, p]
    rested = earliest_start(m, s, v, day, min(s.f1[r, p] + to, rest_leg(free, to, pause_s, lo, hi)))
    leave0 = FAR
    if pause_s >= 0:
        leave0 = earliest_start(m, s, v, day, free + to) + m.service[v]
    arrive = min(rested + m.service[v] + fro, rest_leg(leave0, fro, pause_s, lo, hi))
    if arrive > s.b0[r, p] and leave0 + fro > s.b1[r, p]:
        return FAR
    direct = int(m.travel[before, after]) if s.length[r] > 0 else 0
    return to + fro - direct


@compiled
def start_at(m: Model, s: State, r: int, p: int, v: int) -> int:
    """Return the earliest start of visit v put before the p-th stop of route r."""
    here, day = m.place[v], m.day[r]
    before = m.origin[r] if p == 0 else m.place[s.stops[r, p - 1]]
    leg = int(m.travel[before, here])
    rested = min(
        s.f1[r, p] + leg,
        rest_leg(s.f0[r, p], leg, m.pause_s[r], m.pause_lo[r], m.pause_hi[r]),
    )
    return min(earliest_start(m, s, v, day, rested), earliest_start(m, s, v, day, s.f0[r, p] + leg))
