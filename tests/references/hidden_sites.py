"""Slow and obvious: the hidden-site model by listing every path of one cell."""

import itertools
import math

import numpy as np

TOP = 16
"""More sites than this have a chance below 1e-10 in the tests."""


def births(rate, room):
    """Poisson counts from 0 to ``room``, adding up to 1."""
    weights = np.array([rate**j / math.factorial(j) for j in range(room + 1)])
    return weights / weights.sum()


def change(turnover, rate):
    """Chance of going from n to k sites: some close, some open."""
    table = np.zeros((TOP + 1, TOP + 1))
    for n in range(TOP + 1):
        for left in range(n + 1):
            stay = math.comb(n, left) * (1 - turnover) ** left * turnover ** (n - left)
            for j, chance in enumerate(births(rate, TOP - left)):
                table[n, left + j] += stay * chance
    return table


def heard_chance(n, tickets, *, rho, eps, level, spread, site_shares, noise_shares):
    """Poisson number of matters per channel, each with a geometric number of tickets; times k!."""
    if level == 0:
        return 1.0
    chance = 1.0
    for j, k in enumerate(tickets):
        rate = level * (n * rho * site_shares[j] + eps * noise_shares[j])
        if k == 0:
            chance *= math.exp(-rate)
            continue
        chance *= math.factorial(k) * sum(
            math.exp(-rate) * rate**m / math.factorial(m)
            * math.comb(k - 1, m - 1) * (1 - spread) ** m * spread ** (k - m)
            for m in range(1, k + 1)
        )  # fmt: skip
    return chance


def found_chance(n, looks):
    """Chance of what the looks of one week found, one after the other."""
    chance = 1.0
    for visits, found, detection in looks:
        if found > n:
            return 0.0
        seen = 1 - (1 - detection) ** visits
        chance *= math.comb(n, found) * seen**found * (1 - seen) ** (n - found)
        n -= found
    return chance


def one_cell(weeks, *, sites, turnover, displaced, **reporting):
    """
    Sum over all paths of one cell.

    Parameters
    ----------
    weeks
        Per week: ``tickets`` per channel, ``level``, ``looks`` (visits, found, detection),
        and ``near``, the closures near by that week.

    Returns
    -------
    log_likelihood, final, expected
        ``final`` for the week after the last; ``expected`` sites before the looks, per week.
    """
    tables = [change(turnover, sites * turnover + displaced * week["near"]) for week in weeks]
    clues = [
        [
            heard_chance(n, week["tickets"], level=week["level"], **reporting)
            * found_chance(n, week["looks"])
            for n in range(TOP + 1)
        ]
        for week in weeks
    ]
    taken = [sum(found for _, found, _ in week["looks"]) for week in weeks]
    start = births(sites, TOP)
    final, expected = np.zeros(TOP + 1), np.zeros(len(weeks))
    for path in itertools.product(range(TOP + 1), repeat=len(weeks)):
        chance = start[path[0]]
        for t, n in enumerate(path):
            chance *= clues[t][n]
            if chance == 0 or n < taken[t]:
                chance = 0.0
                break
            if t + 1 < len(weeks):
                chance *= tables[t][n - taken[t], path[t + 1]]
        if chance > 0:
            final += chance * tables[-1][path[-1] - taken[-1]]
            expected += chance * np.array(path)
    total = final.sum()
    return math.log(total), final / total, expected / total
