"""
Road times the slow way: every vertex a node, every pair a search of its own.

Knows no junctions, no cut edges and no sparse matrix: a place is tied to both
ends of the nearest segment, one way or both, and a list of loose ends is worked
off until no time gets shorter.
"""

import itertools
import math

AT_JUNCTION_M = 0.01


def road_times(lines, places, *, walk_kmh, no_road_m):
    """
    Return seconds between places, ``None`` where no road leads.

    ``lines`` are ``(points in metres, speed forward, speed backward)``, km/h, 0 where
    forbidden; ``places`` are points in metres. Equal points are one node.
    """
    arcs, segments = {}, []
    for number, (points, forward, backward) in enumerate(lines):
        for k, (a, b) in enumerate(itertools.pairwise(points)):
            segments.append((number, k, a, b, forward, backward))
            length = math.dist(a, b)
            if forward:
                arcs.setdefault(a, []).append((b, length * 3.6 / forward))
            if backward:
                arcs.setdefault(b, []).append((a, length * 3.6 / backward))
    ties = [_nearest(place, segments, no_road_m) for place in places]
    return [
        [
            _seconds(places[i], places[j], ties[i], ties[j], arcs, walk_kmh / 3.6)
            for j in range(len(places))
        ]
        for i in range(len(places))
    ]


def _nearest(place, segments, limit):
    best = None
    for segment in segments:
        _, _, a, b, _, _ = segment
        length2 = math.dist(a, b) ** 2
        dot = (place[0] - a[0]) * (b[0] - a[0]) + (place[1] - a[1]) * (b[1] - a[1])
        share = 0.0 if length2 == 0 else min(max(dot / length2, 0.0), 1.0)
        foot = (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
        walk = math.dist(place, foot)
        if walk <= limit and (best is None or walk < best[1]):
            best = (segment, walk, foot)
    return best


def _seconds(from_, to, tie, other, arcs, walk_ms):
    if tie is None or other is None:
        return None
    (line, k, a, b, forward, backward), walk, foot = tie
    (line2, k2, a2, b2, forward2, backward2), walk2, foot2 = other
    begin = {end: 0.0 for end in (a, b) if math.dist(foot, end) < AT_JUNCTION_M}
    if forward and not begin:
        begin[b] = math.dist(foot, b) * 3.6 / forward
    if backward and not (a in begin and begin[a] == 0.0):
        begin[a] = min(begin.get(a, math.inf), math.dist(foot, a) * 3.6 / backward)
    at = _spread(begin, arcs)
    drive = min(
        (at.get(end, math.inf) for end in (a2, b2) if math.dist(foot2, end) < AT_JUNCTION_M),
        default=math.inf,
    )
    if forward2:
        drive = min(drive, at.get(a2, math.inf) + math.dist(a2, foot2) * 3.6 / forward2)
    if backward2:
        drive = min(drive, at.get(b2, math.inf) + math.dist(b2, foot2) * 3.6 / backward2)
    if (line, k) == (line2, k2):
        ahead = math.dist(a, foot2) - math.dist(a, foot)
        speed = forward if ahead >= 0 else backward
        if speed or ahead == 0:
            drive = min(drive, abs(ahead) * 3.6 / (speed or 1))
    total = drive + (walk + walk2) / walk_ms
    if _spot(line, foot, (a, b)) == _spot(line2, foot2, (a2, b2)):
        total = min(total, math.dist(from_, to) / walk_ms)
    return None if math.isinf(total) else total


def _spot(line, foot, ends):
    at = [end for end in ends if math.dist(foot, end) < AT_JUNCTION_M]
    return at[0] if at else line


def _spread(at, arcs):
    waiting = list(at)
    while waiting:
        node = waiting.pop(0)
        for there, seconds in arcs.get(node, ()):
            if at[node] + seconds < at.get(there, math.inf):
                at[there] = at[node] + seconds
                waiting.append(there)
    return at
