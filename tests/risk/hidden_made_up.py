"""A small made-up county for the tests of the hidden-site model."""

import numpy as np
import pandas as pd

from risk.hidden_data import hidden_data

SIDE = 12


def grid_pairs(side=SIDE):
    """Return the shared edges of a square grid."""
    place = np.arange(side * side).reshape(side, side)
    across = np.c_[place[:, :-1].ravel(), place[:, 1:].ravel()]
    down = np.c_[place[:-1].ravel(), place[1:].ravel()]
    return np.r_[across, down]


def no_reports():
    return pd.DataFrame({"cell": [], "week": [], "n": []}).astype("int64")


def no_looks():
    return pd.DataFrame({"cell": [], "week": [], "n_visits": [], "n_found": []}).astype("int64")


def county(seed=1, *, side=SIDE, n_weeks=40, visits=15, turnover=0.01, displaced=0.4,
           detection=0.4, level=0.5, reporting=0.05):  # fmt: skip
    """Play the model forward; return tables and the true counts."""
    rng = np.random.default_rng(seed)
    n = side * side
    pairs = grid_pairs(side)
    around = [np.r_[pairs[pairs[:, 0] == c, 1], pairs[pairs[:, 1] == c, 0]] for c in range(n)]
    x = np.repeat(np.linspace(-1.5, 1.5, side), side)
    expected = level * np.exp(0.8 * x)
    sites = rng.poisson(expected)
    reports, looks = [], []
    for week in range(n_weeks):
        sites = sites - rng.binomial(sites, turnover) + rng.poisson(expected * turnover)
        for c, k in enumerate(rng.poisson(sites * reporting + 0.01)):
            if k:
                reports.append((c, week, ("phone", "web")[rng.integers(2)], k))
        moved = []
        for c in rng.choice(n, visits, replace=False):
            found = rng.binomial(sites[c], detection)
            looks.append((c, week, 1, found))
            sites[c] -= found
            moved += [c] * rng.binomial(found, displaced)
        for c in moved:
            place = c
            for _ in range(4):
                place = rng.choice(around[place]) if rng.random() < 0.5 else place
            sites[place] += 1
    return (
        x[:, None],
        pairs,
        pd.DataFrame(reports, columns=["cell", "week", "channel", "n"]),
        pd.DataFrame(looks, columns=["cell", "week", "n_visits", "n_found"]),
        sites,
    )


def county_data(**choices):
    """Return the arrays of a made-up county, and the true counts."""
    x, pairs, reports, looks, sites = county(**choices)
    return hidden_data(x, pairs, reports, looks, n_weeks=choices.get("n_weeks", 40)), sites
