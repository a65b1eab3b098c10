"""Slow, obvious twins of the geometry: one pair, one point at a time."""

import itertools
import math


def great_circle_m(lon1, lat1, lon2, lat2):
    """Great-circle distance by the angle between two vectors from the Earth's centre."""
    first, second = (
        (
            math.cos(math.radians(lat)) * math.cos(math.radians(lon)),
            math.cos(math.radians(lat)) * math.sin(math.radians(lon)),
            math.sin(math.radians(lat)),
        )
        for lon, lat in ((lon1, lat1), (lon2, lat2))
    )
    cross = (
        first[1] * second[2] - first[2] * second[1],
        first[2] * second[0] - first[0] * second[2],
        first[0] * second[1] - first[1] * second[0],
    )
    dot = sum(a * b for a, b in zip(first, second, strict=True))
    return 6_371_008.8 * math.atan2(math.sqrt(sum(c * c for c in cross)), dot)


def is_in_ring(lon, lat, ring):
    """Whether a point lies in a ring: count the edges that a ray to the east crosses."""
    inside = False
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        if (y1 > lat) != (y2 > lat) and lon < x1 + (lat - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside
