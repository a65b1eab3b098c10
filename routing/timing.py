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
    s.f0[r, 0] = m.start[r] if pause_s >= 0 else FAR
    s.f1[r, 0] = FAR if pause_s >= 0 else m.start[r]
    travel = 0
    for p in range(n):
        v = s.stops[r, p]
        leg = int(s.leg[r, p])
        travel += leg
        free = s.f0[r, p]
        rested = min(s.f1[r, p] + leg, rest_leg(free, leg, pause_s, lo, hi))
        s.f0[r, p + 1] = earliest_start(m, s, v, day, free + leg) + m.service[v]
        s.f1[r, p + 1] = earliest_start(m, s, v, day, rested) + m.service[v]
    if n > 0:
        travel += int(s.leg[r, n])
    s.travel_of[r] = travel
    s.b0[r, n] = m.end[r]
    s.b1[r, n] = -FAR
    for p in range(n - 1, -1, -1):
        v = s.stops[r, p]
        leg = int(s.leg[r, p + 1])
        later, done = s.b1[r, p + 1] - leg, s.b0[r, p + 1]
        rest = max(later, rest_leave(done, leg, pause_s, lo, hi))
        s.b0[r, p] = latest_start(m, s, v, day, done - leg - m.service[v])
        s.b1[r, p] = latest_start(m, s, v, day, rest - m.service[v])
    gap = -FAR
    for p in range(n + 1):
        gap = max(gap, s.b0[r, p] - min(s.f0[r, p], s.f1[r, p]))
    s.slack[r] = gap


@compiled
def measure(m: Model, s: State, r: int) -> None:
    """Look up the legs of a route."""
    here = m.origin[r]
    n = s.length[r]
    for p in range(n):
        there = m.place[s.stops[r, p]]
        s.leg[r, p] = m.travel[here, there]
        here = there
    s.leg[r, n] = m.travel[here, m.target[r]] if n > 0 else 0


@compiled
def detour(m: Model, s: State, r: int, p: int, v: int) -> int:
    """Return the extra travel of visit v before the p-th stop of route r, or FAR."""
    room = s.b0[r, p] - min(s.f0[r, p], s.f1[r, p]) - m.service[v]
    if room < 0:
        return FAR
    here = m.place[v]
    before = m.origin[r] if p == 0 else m.place[s.stops[r, p - 1]]
    to = int(m.travel_to[here, before])
    if to > room:
        return FAR
    after = m.target[r] if p == s.length[r] else m.place[s.stops[r, p]]
    fro = int(m.travel[here, after])
    if to + fro > room or not goes_between(m, s, r, p, v, to, fro):
        return FAR
    return to + fro - int(s.leg[r, p])


@compiled
def goes_between(m: Model, s: State, r: int, p: int, v: int, to: int, fro: int) -> bool:
    """Tell whether visit v fits before the p-th stop with these legs: windows, break, the rest."""
    day, service = m.day[r], m.service[v]
    if m.pause_s[r] < 0:
        start = earliest_start(m, s, v, day, s.f1[r, p] + to)
        return start + service + fro <= s.b0[r, p]
    pause_s, lo, hi = m.pause_s[r], m.pause_lo[r], m.pause_hi[r]
    free = s.f0[r, p]
    leave0 = earliest_start(m, s, v, day, free + to) + service
    if leave0 + fro <= s.b1[r, p]:
        return True
    ready = min(s.f1[r, p] + to, rest_leg(free, to, pause_s, lo, hi))
    rested = earliest_start(m, s, v, day, ready) + service
    return min(rested + fro, rest_leg(leave0, fro, pause_s, lo, hi)) <= s.b0[r, p]


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
