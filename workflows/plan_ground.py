"""
What an edit of a plan stands on: its problem with travel times, and the records of the rules.

Made once per plan and process, so that each edit is answered at once; travel times by
road are those that were kept when the plan was made.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import Plan, Route, Visit
from data.scope import Scope
from data.store.engine import Store
from data.store.rows import load_rows
from routing import edit
from workflows import plan_problem, rule_check, travel
from workflows.planning import PlanningParams
from workflows.rule_check import RuleReport

MOST_KEPT = 4


@dataclass(frozen=True)
class Ground:
    """
    The problem of a plan's week, its visits by name, and the records that rules ask.

    ``ways`` answers for other places, other days and blocked roads; ``estimated`` says
    between which locations of the problem no road leads.
    """

    table: edit.Table
    visits: Mapping[str, Visit]
    officers: pd.DataFrame = field(repr=False)
    recusals: pd.DataFrame = field(repr=False)
    inspections: pd.DataFrame = field(repr=False)
    ways: travel.Ways = field(repr=False)
    params: PlanningParams = field(repr=False)
    estimated: NDArray[np.bool_] | None = field(default=None, repr=False)

    def check(self, plan: Plan) -> RuleReport:
        """Put a plan to every rule."""
        return rule_check.check_plan(
            plan,
            officers=self.officers,
            recusals=self.recusals,
            inspections=self.inspections,
            params=self.params,
        )


def all_visits(plan: Plan) -> list[Visit]:
    """Return every visit that a plan knows of, planned or not."""
    planned = [stop.visit for route in plan.routes for stop in route.stops]
    return [*planned, *(out.visit for out in plan.left_out)]


def route_of(plan: Plan, visit_id: str) -> tuple[Route, int] | None:
    """Return the route that holds a visit, and its position in it."""
    for route in plan.routes:
        for position, stop in enumerate(route.stops):
            if stop.visit.visit_id == visit_id:
                return route, position
    return None


def make_ground(
    store: Store,
    plan: Plan,
    params: PlanningParams,
    *,
    scope: Scope,
    extra: Sequence[Visit] = (),
) -> Ground:
    """
    Return what edits of a plan stand on.

    Parameters
    ----------
    extra
        Visits that the plan does not know yet.
    """
    visits = _once([*all_visits(plan), *extra])
    officers = load_rows(store, "officers", scope=scope, as_of=plan.as_of)
    recusals = load_rows(store, "recusals", scope=scope, as_of=plan.as_of, joined=True)
    inspections = load_rows(
        store,
        "inspections",
        scope=scope,
        as_of=plan.as_of,
        columns=rule_check.INSPECTION_COLUMNS,
        since=rule_check.inspections_since(plan.week_start),
        joined=True,
    )
    known = {visit.facility_id for visit in visits} - {None}
    ways = travel.ways_for(
        store, scope=scope, as_of=plan.as_of, roads=params.roads, straight=params.travel
    )
    matrix = ways.matrix(plan_problem.places(plan.teams, visits))
    problem = plan_problem.make_problem(
        plan.plan_id,
        params.shifts,
        visits=visits,
        teams=plan.teams,
        located=visits,
        barred=plan_problem.barred_teams(visits, plan.teams, recusals),
        districts=plan_problem.districts_of(plan.teams, officers),
        travel_s=matrix.seconds,
    )
    return Ground(
        table=edit.Table(problem),
        visits={visit.visit_id: visit for visit in visits},
        officers=officers,
        recusals=recusals,
        inspections=inspections[inspections["facility_id"].isin(known)],
        ways=ways,
        params=params,
        estimated=matrix.estimated,
    )


_KEPT: OrderedDict[str, Ground] = OrderedDict()
_LOCK = threading.Lock()


def ground_of(
    store: Store,
    plan: Plan,
    params: PlanningParams,
    *,
    scope: Scope,
    extra: Sequence[Visit] = (),
) -> Ground:
    """Return ``make_ground``, made once for the same plan, visits, teams, reader and settings."""
    # what times and rules ask of a visit; hashing its words as well would take longer than an edit
    asked = sorted(
        (v.visit_id, v.lon, v.lat, v.service_s, v.prize, v.required, v.windows, v.needs)
        for v in _once([*all_visits(plan), *extra])
    )
    what = (store.url, plan.plan_id, plan.as_of, scope, params, plan.teams, asked)
    key = hashlib.sha256(repr(what).encode()).hexdigest()
    with _LOCK:
        if key in _KEPT:
            _KEPT.move_to_end(key)
            return _KEPT[key]
    made = make_ground(store, plan, params, scope=scope, extra=extra)
    with _LOCK:
        _KEPT[key] = made
        while len(_KEPT) > MOST_KEPT:
            _KEPT.popitem(last=False)
    return made


def _once(visits: Iterable[Visit]) -> list[Visit]:
    return list({visit.visit_id: visit for visit in visits}.values())


def with_paths(store: Store, plan: Plan, params: PlanningParams, *, scope: Scope) -> Plan:
    """Return the plan with the ways of those routes drawn that have none, along known roads."""
    bare = [route for route in plan.routes if route.stops and not route.path]
    if not bare:
        return plan
    ways = travel.ways_for(
        store, scope=scope, as_of=plan.as_of, roads=params.roads, straight=params.travel
    )
    drawn = {(r.team_id, r.day): r for r in ways.with_paths(bare, plan.teams)}
    return replace(plan, routes=tuple(drawn.get((r.team_id, r.day), r) for r in plan.routes))
