"""The space-time permutation scan written out: every cylinder, every permutation, no shortcut."""

import itertools
import math


def cylinders(points, n_most, radius_m, share, place):
    """Yield the sets of places that are a circle around a place."""
    n = len(place)
    for centre, (x, y) in enumerate(points):
        order = sorted(
            range(len(points)),
            key=lambda q: (math.hypot(points[q][0] - x, points[q][1] - y), q != centre),
        )
        chosen = []
        for number, q in enumerate(order[:n_most]):
            chosen.append(q)
            metres = math.hypot(points[q][0] - x, points[q][1] - y)
            n_inside = sum(p in chosen for p in place)
            if number and (metres > radius_m or n_inside > share * n):
                break
            yield tuple(chosen)


def score(place, week, members, n_weeks):
    """Return the log likelihood ratio of one cylinder, 0 where it holds no more than expected."""
    n = len(place)
    inside = sum(p in members and w < n_weeks for p, w in zip(place, week, strict=True))
    here = sum(p in members for p in place)
    now = sum(w < n_weeks for w in week)
    expected = here * now / n
    if inside <= expected:
        return 0.0, inside, expected
    value = inside * math.log(inside / expected)
    if inside < n:
        value += (n - inside) * math.log((n - inside) / (n - expected))
    return value, inside, expected


def best(place, week, points, params):
    """Return score, members, weeks, observed and expected of the strongest cylinder."""
    found = (0.0, (), 0, 0, 0.0)
    sets = list(cylinders(points, params.most_places, params.radius_m, params.largest_share, place))
    for members, n_weeks in itertools.product(sets, range(1, params.weeks + 1)):
        value, inside, expected = score(place, week, members, n_weeks)
        if inside >= params.least_leads and value > found[0] + 1e-12:
            found = (value, members, n_weeks, inside, expected)
    return found


def p_value(place, week, points, params, permutations):
    """Return how many of the given permutations of the weeks score as high, with the data."""
    top = best(place, week, points, params)[0]
    reached = sum(
        best(place, list(shuffled), points, params)[0] >= top - 1e-9 for shuffled in permutations
    )
    return (reached + 1) / (len(permutations) + 1)
