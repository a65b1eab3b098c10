"""Stores of the small district with something added, scored and ready to plan."""

import csv

from data.scope import EVERYTHING
from routing.solve import SolverParams
from tests.conftest import AS_OF, WEEK
from workflows.importing import import_paths
from workflows.planning import PlanningParams, WeekRequest, make_plan
from workflows.scoring import ScoringParams, score

OFFICER = (
    "officer_id", "name", "district_code", "base_lon", "base_lat", "certificate_no",
    "certificate_expiry",
)  # fmt: skip

FEW_MOVES = SolverParams(seconds=60, iterations=300)


def load(store, folder, kind, header, *rows, now=AS_OF):
    """Import rows of one kind; every row must be taken."""
    path = folder / f"{kind}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    report = import_paths(store, [path], kind=kind, actor="test", now=now)
    assert [(file.error, file.refused) for file in report.files] == [(None, ())]


def scored(store):
    """Score the store as of the planned Monday and return it."""
    score(store, ScoringParams(), scope=EVERYTHING, as_of=AS_OF, actor="test")
    return store


def planned(store, *, params=None, as_of=AS_OF, **request):
    """Plan the week with few moves, so that it takes a moment."""
    fields = {"week_start": WEEK, "solver": FEW_MOVES, **request}
    return make_plan(
        store,
        WeekRequest(**fields),
        params or PlanningParams(),
        ScoringParams(),
        scope=EVERYTHING,
        as_of=as_of,
        now=as_of,
        actor="test",
    )


def stops(plan):
    """Return (team, day, visit) of every stop."""
    return [(r.team_id, r.day, s.visit) for r in plan.routes for s in r.stops]
