"""
Made-up counties that differ from the model in ways real ones do.

Hexagons inside an irregular outline; reports filed at the complainant's home or at the
township office, weeks late, in bursts, not at all in silent villages; surges before
Spring Festival and after publicity; dens warned before a visit; one person working
several villages. ``PolicyWorld`` has the interface of the policy benchmark.
"""

import numpy as np
import pandas as pd

CHANNELS = ("hotline", "letter", "app", "township")
LOOK_COLUMNS = ["cell_id", "week", "n_visits", "team", "arm", "inclusion_prob", "n_found"]


def hexagons(rng, side):
    """Return places of hexagons inside a wavy outline, and the pairs that touch."""
    row, column = np.mgrid[0:side, 0:side]
    x, y = (column + 0.5 * (row % 2)).ravel(), (row * np.sqrt(0.75)).ravel()
    middle_x, middle_y = x.mean(), y.mean()
    angle = np.arctan2(y - middle_y, x - middle_x)
    reach = 0.42 * side * (1 + 0.2 * np.sin(2 * angle + rng.uniform(0, 6))
                           + 0.12 * np.sin(5 * angle + rng.uniform(0, 6)))  # fmt: skip
    inside = np.hypot(x - middle_x, y - middle_y) < reach
    x, y = x[inside], y[inside]
    gap = np.hypot(x[:, None] - x, y[:, None] - y)
    return x, y, gap, np.argwhere((gap > 0) & (gap < 1.1))


def smooth(rng, gap, width):
    """Draw smooth noise of mean 0 and sd 1."""
    weight = np.exp(-0.5 * (gap / width) ** 2)
    noise = weight @ rng.standard_normal(len(gap))
    return (noise - noise.mean()) / noise.std()


class OddWorld:
    """
    A county with some or all of the oddities.

    Parameters
    ----------
    seed
        Of everything.
    elsewhere, late, silent, warned, itinerant, surges
        Strength of each oddity, 0 to 1; 0 leaves it out.
    """

    visits = 30
    random_visits = 2

    def __init__(self, seed, *, side=44, elsewhere=1.0, late=1.0, silent=1.0, warned=1.0,
                 itinerant=1.0, surges=1.0):  # fmt: skip
        self.rng = rng = np.random.default_rng([seed, 77])
        x, y, gap, pairs = hexagons(rng, side)
        n = len(x)
        self.n, self.gap = n, gap
        self.week = 0
        self.around = [np.flatnonzero((g > 0) & (g < 2.2)) for g in gap]
        seats = rng.choice(n, 3, replace=False)
        town = gap[:, seats].min(axis=1)
        population = 300 * np.exp(0.7 * smooth(rng, gap, 1.5)) + 9000 * np.exp(-((town / 3) ** 2))
        poor = smooth(rng, gap, 4) + 0.15 * town
        hot = np.exp(2.2 * (smooth(rng, gap, 1.8) > 1.3))
        level = np.exp(0.4 * np.log(population) + 0.4 * poor + 0.5 * smooth(rng, gap, 3)) * hot
        self.expected = level / level.sum() * n * rng.uniform(0.12, 0.2)
        self.turnover = rng.uniform(0.006, 0.016)
        self.displaced = rng.uniform(0.3, 0.7)
        report = 0.03 * np.exp(0.5 * smooth(rng, gap, 4) + 0.3 * np.log(population / 500) / 2)
        quiet = smooth(rng, gap, 2) < np.quantile(smooth(rng, gap, 2), 0.3)
        self.report = np.where(quiet, report * (1 - 0.95 * silent), report)
        noise = population**1.1
        self.noise = noise / noise.sum() * (self.report * self.expected).sum() * 0.8
        offices = rng.choice(n, 12, replace=False)
        self.office = offices[gap[:, offices].argmin(axis=1)]
        self.at_home, self.at_office = 0.3 * elsewhere, 0.25 * elsewhere
        self.delay = 5.0 * late
        self.detection = rng.uniform(0.3, 0.5) * np.where(
            rng.random(n) < 0.35 * warned, 0.35, 1.0
        )  # fmt: skip
        self.warned = 0.5 * warned
        self.n_places = 1 + round(2 * itinerant)
        self.itinerant = 0.3 * itinerant
        self.surge = surges
        self.last_near = np.full(n, -99)
        self.people = []
        for c in np.repeat(np.arange(n), rng.poisson(self.expected)):
            self._settle(c)
        self.waiting = []
        self.heard_log, self.found_log = [], []
        self.seat_gap = town
        self.cells = pd.DataFrame({
            "cell_id": [f"H{i:05d}" for i in range(n)], "x_km": x, "y_km": y,
            "residents": population * np.exp(0.1 * rng.standard_normal(n)),
            "poverty_index": poor + 0.3 * rng.standard_normal(n),
            "night_light": np.log(population) + 0.5 * rng.standard_normal(n),
            "remoteness_min": town * 4.0,
            "block_id": (y // 4 * 100 + x // 4).astype(int),
        })  # fmt: skip
        ids = self.cells["cell_id"].to_numpy()
        self.neighbours = pd.DataFrame(
            {"cell_id": ids[pairs[:, 0]], "neighbour_id": ids[pairs[:, 1]]}
        )
        self.ids = pd.Series(np.arange(n), index=ids)
        self.team = np.arange(n) * 4 // n

    def _settle(self, c):
        places = [c]
        if self.n_places > 1 and self.rng.random() < self.itinerant:
            near = self.around[c]
            places += list(self.rng.choice(near, min(self.n_places - 1, len(near)), replace=False))
        self.people.append(np.array(places))

    def n_hidden(self):
        """Count the dens of each cell."""
        out = np.zeros(self.n, int)
        for places in self.people:
            out[places] += 1
        return out

    def _season(self):
        season = 1 + self.surge * (0.8 * ((self.week % 52) in (2, 3, 4)))
        return season + self.surge * 1.5 * (self.week % 37 in (20, 21, 22))

    def usual_visits(self):
        """Choose visits the usual way: recent reports, past finds, nearness."""
        recent = sum(self.heard_log[-8:], np.zeros(self.n))
        past = sum(self.found_log[-52:], np.zeros(self.n))
        weight = (recent + 0.5 * past + 0.02) * np.exp(-self.seat_gap / 15)
        k = self.random_visits
        chosen = self.rng.choice(self.n, self.visits - k, p=weight / weight.sum())
        drawn = self.rng.choice(self.n, k, replace=False)
        return pd.DataFrame({
            "cell_id": self.cells["cell_id"].to_numpy()[np.r_[chosen, drawn]],
            "arm": ["targeted"] * len(chosen) + ["random"] * k,
            "inclusion_prob": [np.nan] * len(chosen) + [k / self.n] * k,
        })  # fmt: skip

    def advance(self, visits):
        """Play one week."""
        rng = self.rng
        self.people = [p for p in self.people if rng.random() >= self.turnover]
        for c in np.repeat(np.arange(self.n), rng.poisson(self.expected * self.turnover)):
            self._settle(c)
        complaints, heard = self._reports()
        found = np.zeros(self.n, int)
        rows = visits.groupby(["cell_id", "arm"], sort=True).agg(
            n_visits=("cell_id", "size"), inclusion_prob=("inclusion_prob", "first")
        ).reset_index()  # fmt: skip
        counts = []
        for name, k in zip(rows["cell_id"], rows["n_visits"], strict=True):
            c, got = int(self.ids[name]), 0
            chance = self.detection[c]
            if self.week - self.last_near[c] <= 4:
                chance *= 1 - self.warned
            for places in [p for p in self.people if c in p]:
                if rng.random() < 1 - (1 - chance / len(places) ** 0.5) ** k:
                    got += 1
                    self.people = [p for p in self.people if p is not places]
                    if rng.random() < self.displaced:
                        self._settle(int(rng.choice(self.around[c])))
            counts.append(got)
            found[c] += got
            self.last_near[self.gap[c] < 2.2] = self.week
        cell = self.ids.loc[rows["cell_id"]].to_numpy()
        log = rows.assign(week=self.week, team=self.team[cell], n_found=counts)[LOOK_COLUMNS]
        self.heard_log.append(heard)
        self.found_log.append(found)
        self.week += 1
        return complaints, log

    def _reports(self):
        rng = self.rng
        rate = self.n_hidden() * self.report
        matters = rng.poisson((rate + self.noise) * self._season())
        for c in np.repeat(np.arange(self.n), matters):
            where, draw = c, rng.random()
            if draw < self.at_home:
                where = rng.choice(self.around[c])
            elif draw < self.at_home + self.at_office:
                where = self.office[c]
            due = self.week + (rng.geometric(1 / (1 + self.delay)) - 1 if self.delay else 0)
            channel = CHANNELS[3] if where == self.office[c] else CHANNELS[rng.integers(3)]
            self.waiting.append((due, int(where), channel, rng.geometric(0.8)))
        now = [w for w in self.waiting if w[0] <= self.week]
        self.waiting = [w for w in self.waiting if w[0] > self.week]
        heard = np.zeros(self.n)
        for _, where, _, k in now:
            heard[where] += k
        table = pd.DataFrame(now, columns=["due", "cell", "channel", "n"])
        table = table.groupby(["cell", "channel"], as_index=False)["n"].sum()
        table["cell_id"] = self.cells["cell_id"].to_numpy()[table["cell"].astype(int)]
        return table.assign(week=self.week)[["cell_id", "week", "channel", "n"]], heard


class PolicyWorld:
    """A year of acting in an odd county."""

    def __init__(self, history_weeks=112, **oddities):
        self.history_weeks, self.oddities = history_weeks, oddities

    def reset(self, seed):
        """Make a new county and return its history."""
        self.world = OddWorld(seed, **self.oddities)
        played = [self.world.advance(self.world.usual_visits()) for _ in range(self.history_weeks)]
        return {
            "cells": self.world.cells.copy(),
            "neighbours": self.world.neighbours.copy(),
            "complaints": pd.concat([p[0] for p in played], ignore_index=True),
            "visits": pd.concat([p[1] for p in played], ignore_index=True),
            "meta": {
                "n_weeks": self.history_weeks,
                "as_of_week": self.history_weeks,
                "visits_per_week": self.world.visits,
            },
        }

    def step(self, cell_ids, *, random=None, inclusion_prob=None):
        """Visit the cells for one week."""
        drawn = np.zeros(len(cell_ids), bool) if random is None else np.asarray(random, bool)
        chance = np.full(len(cell_ids), np.nan) if inclusion_prob is None else inclusion_prob
        visits = pd.DataFrame({
            "cell_id": list(cell_ids), "arm": np.where(drawn, "random", "targeted"),
            "inclusion_prob": np.where(drawn, chance, np.nan),
        })  # fmt: skip
        return self.world.advance(visits)

    def usual_visits(self):
        """Return this week's visits of business as usual."""
        return self.world.usual_visits()

    def n_hidden(self):
        """Return the true counts."""
        return self.world.n_hidden()
