"""Two plans of a week side by side: value, travel, balance, coverage by township and class."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.records import Plan, Visit
from data.scope import Scope
from data.store import scores
from data.store.engine import Store
from data.store.rows import load_rows

TOWNSHIP = 9
"""Digits of an area code that name the township."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """
    What a plan amounts to.

    ``value`` in points, hours of all teams; ``spread_h`` is the difference between the
    team with most and with fewest hours; visits are counted by township and by class.
    """

    plan_id: str
    value: float
    share_of_bound: float
    n_visits: int
    travel_h: float
    on_site_h: float
    spread_h: float
    by_township: Mapping[str, int]
    by_class: Mapping[str, int]


def figures(plan: Plan, *, class_of: Mapping[str, str] | None = None) -> Figures:
    """
    Return the figures of a plan.

    Parameters
    ----------
    class_of
        Cell → urban-rural class; visits to unknown cells count under ``""``.
    """
    hours: dict[str, float] = {team.team_id: 0.0 for team in plan.teams}
    township: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    on_site_s = 0
    for route in plan.routes:
        seconds = sum(stop.visit.service_s for stop in route.stops)
        on_site_s += seconds
        hours[route.team_id] = hours.get(route.team_id, 0.0) + (seconds + route.travel_s) / 3600
        for stop in route.stops:
            township[_township(stop.visit)] += 1
            classes[(class_of or {}).get(stop.visit.cell_id or "", "")] += 1
    loads = np.array(list(hours.values()) or [0.0])
    return Figures(
        plan_id=plan.plan_id,
        value=plan.prize / 100,
        share_of_bound=plan.prize / plan.upper_bound if plan.upper_bound else 1.0,
        n_visits=sum(township.values()),
        travel_h=plan.travel_s / 3600,
        on_site_h=on_site_s / 3600,
        spread_h=float(loads.max() - loads.min()),
        by_township=township,
        by_class=classes,
    )


def class_of_cells(store: Store, *, scope: Scope) -> dict[str, str]:
    """Return the urban-rural class of each cell, as the newest scores know it."""
    run = scores.latest_run(store, scope=scope)
    if run is None:
        return {}
    cells = scores.load_cell_scores(store, run.run_id, scope=scope)
    known = cells.dropna(subset="urban_rural_code")
    return dict(zip(known["cell_id"], known["urban_rural_code"].astype(str), strict=True))


def township_names(store: Store, plan: Plan, *, scope: Scope) -> dict[str, str]:
    """Return the names of townships by the first nine digits of their code."""
    areas: pd.DataFrame = load_rows(
        store, "areas", scope=scope, as_of=plan.as_of, columns=["area_code", "name", "level"]
    )
    towns = areas[areas["level"] == "township"]
    codes = towns["area_code"].astype(str).str[:TOWNSHIP]
    return dict(zip(codes, towns["name"].astype(str), strict=True))


def _township(visit: Visit) -> str:
    return (visit.area_code or "")[:TOWNSHIP]
