"""
A year of acting in a made-up county: finds of the product and of business as usual.

    python -m benchmarks.policy WORLD.py --seed N --weeks 52 --visits 40 --random-share 0.15

``WORLD.py`` holds a class ``PolicyWorld`` with ``reset(seed)``, ``step(cell_ids, random=,
inclusion_prob=)``, ``usual_visits()`` and ``n_hidden()``. Every week the hidden-site model
takes in what was heard and found, by one filter step; every so many weeks it is fitted
anew. Random visits are drawn with a known chance. The
same year is played with the usual visits. One JSON object is printed last.
"""

import argparse
import importlib.util
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.hidden_sites import covariates_of
from risk import hidden_sites
from risk.hidden_data import HiddenData, hidden_data
from risk.hidden_model import expit
from risk.hidden_state import HiddenState

Floats = NDArray[np.float64]

_REMOTE_COLUMNS = ("remoteness_min", "dist_seat_km", "travel_min")
_REMOTE_WEIGHT = 2.0


@dataclass(slots=True, kw_only=True)
class Acting:
    """What the product knows while it acts."""

    cells: pd.DataFrame
    pairs: NDArray[np.int64]
    reports: pd.DataFrame
    looks: pd.DataFrame
    week: int
    refit_weeks: int
    state: HiddenState | None = None
    fit_s: list[float] = field(default_factory=list)

    def place(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows with the place of their cell."""
        where = pd.Series(np.arange(len(self.cells)), index=self.cells["cell_id"].to_numpy())
        return rows.assign(cell=where.loc[rows["cell_id"]].to_numpy())

    def data(self, first: int, last: int, **choices: Any) -> HiddenData:
        """Return the weeks from ``first`` to before ``last``, numbered from 0."""
        parts = [
            rows[rows["week"].between(first, last - 1)].assign(week=rows["week"] - first)
            for rows in (self.reports, self.looks)
        ]
        covariates = covariates_of(self.cells)
        return hidden_data(covariates, self.pairs, *parts, n_weeks=last - first, **choices)

    def learn(self, reports: pd.DataFrame, looks: pd.DataFrame) -> None:
        """Take one week in: by a filter step, or by a new fit when its time has come."""
        self.reports = pd.concat([self.reports, self.place(reports)], ignore_index=True)
        self.looks = pd.concat([self.looks, self.place(looks)], ignore_index=True)
        self.week += 1
        if self.state is None or self.week % self.refit_weeks == 0:
            self.refit()
            return
        week = self.data(
            self.week - 1, self.week, levels=self.state.levels,
            displaced_steps=self.state.walk_steps,
        )  # fmt: skip
        self.state = hidden_sites.update(self.state, week)

    def refit(self) -> None:
        """Fit all weeks so far."""
        began = perf_counter()
        self.state = hidden_sites.fit(self.data(0, self.week))
        self.fit_s.append(perf_counter() - began)


def inclusion(cells: pd.DataFrame, mean: Floats, n_random: int) -> Floats:
    """
    Return each cell's chance of a random visit this week.

    Half evenly, the remote third twice as often; half by the expected sites, which a
    design-based estimate divides out again.
    """
    weight = np.ones(len(cells))
    for name in _REMOTE_COLUMNS:
        if name in cells:
            weight[cells[name] >= cells[name].quantile(2 / 3)] = _REMOTE_WEIGHT
            break
    both = 0.5 * weight / weight.sum() + 0.5 * mean / mean.sum()
    return np.minimum(n_random * both, 1.0)


def drawn(chance: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw a fixed number of cells with these chances (systematic, in random order)."""
    order = rng.permutation(len(chance))
    ends = np.cumsum(chance[order])
    points = rng.random() + np.arange(round(float(chance.sum())))
    return np.asarray(order[np.searchsorted(ends, points).clip(0, len(order) - 1)], np.int64)


def best_visits(state: HiddenState, n_visits: int) -> NDArray[np.int64]:
    """
    Return the cells to visit, by expected finds; a cell may be named more than once.

    Each further visit to a cell finds only what the ones before it missed.
    """
    mean = hidden_sites.posterior(state).mean
    seen = float(expit(state.detection_logit).mean())
    further = np.arange(3)
    gain = mean[:, None] * seen * (1.0 - seen) ** further
    best = np.argsort(-gain, axis=None, kind="stable")[:n_visits]
    return np.asarray(best // len(further), np.int64)


def play(
    world: Any, *, seed: int, weeks: int, n_visits: int, random_share: float, refit_weeks: int
) -> dict[str, Any]:
    """Play the year with the product; return finds and times."""
    history = world.reset(seed)
    cells = history["cells"].reset_index(drop=True)
    where = pd.Series(np.arange(len(cells)), index=cells["cell_id"].to_numpy())
    near = history["neighbours"]
    acting = Acting(
        cells=cells,
        pairs=np.c_[where.loc[near.iloc[:, 0]].to_numpy(), where.loc[near.iloc[:, 1]].to_numpy()],
        reports=history["complaints"].assign(
            cell=where.loc[history["complaints"]["cell_id"]].to_numpy()
        ),
        looks=history["visits"].assign(cell=where.loc[history["visits"]["cell_id"]].to_numpy()),
        week=int(history["meta"]["n_weeks"]),
        refit_weeks=refit_weeks,
    )
    acting.refit()
    rng = np.random.default_rng(seed)
    n_random = round(random_share * n_visits)
    found, ids = np.zeros(len(cells)), cells["cell_id"].to_numpy()
    for _ in range(weeks):
        if acting.state is None:
            raise RuntimeError("no fit")
        mean = hidden_sites.posterior(acting.state).mean
        chance = inclusion(cells, mean, n_random)
        by_chance = drawn(chance, rng)
        chosen = best_visits(acting.state, n_visits - len(by_chance))
        visits = np.r_[by_chance, chosen]
        is_random = np.arange(len(visits)) < len(by_chance)
        reports, looks = world.step(
            ids[visits].tolist(),
            random=is_random.tolist(),
            inclusion_prob=np.where(is_random, chance[visits], np.nan).tolist(),
        )
        np.add.at(found, where.loc[looks["cell_id"]].to_numpy(), looks["n_found"].to_numpy(float))
        acting.learn(reports, looks)
    return {"found": found, "cells": cells, "fit_s": acting.fit_s}


def play_usual(world: Any, *, seed: int, weeks: int) -> int:
    """Play the year with business as usual; return the finds."""
    world.reset(seed)
    found = 0
    for _ in range(weeks):
        plan = world.usual_visits()
        _, looks = world.step(
            plan["cell_id"].tolist(),
            random=(plan["arm"] == "random").tolist(),
            inclusion_prob=plan["inclusion_prob"].tolist(),
        )
        found += int(looks["n_found"].sum())
    return found


def main() -> None:
    """Play both years and print the finds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("world", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--visits", type=int, default=40)
    parser.add_argument("--random-share", type=float, default=0.15)
    parser.add_argument("--refit-weeks", type=int, default=13)
    args = parser.parse_args()
    spec = importlib.util.spec_from_file_location("policy_world_file", args.world)
    if spec is None or spec.loader is None:
        parser.error(f"{args.world} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["policy_world_file"] = module
    spec.loader.exec_module(module)
    began = perf_counter()
    played = play(
        module.PolicyWorld(), seed=args.seed, weeks=args.weeks, n_visits=args.visits,
        random_share=args.random_share, refit_weeks=args.refit_weeks,
    )  # fmt: skip
    usual = play_usual(module.PolicyWorld(), seed=args.seed, weeks=args.weeks)
    cells, found = played["cells"], played["found"]
    remote = np.zeros(len(cells), bool)
    for name in _REMOTE_COLUMNS:
        if name in cells:
            remote = (cells[name] > cells[name].median()).to_numpy()
            break
    print(
        json.dumps(
            {
                "found": int(found.sum()),
                "found_remote": int(found[remote].sum()),
                "found_usual": usual,
                "times_usual": round(float(found.sum()) / max(usual, 1), 3),
                "seed": args.seed,
                "fits": len(played["fit_s"]),
                "fit_s": round(float(np.mean(played["fit_s"])), 1),
                "seconds": round(perf_counter() - began, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
