"""From the store to what could be visited: leads, inspections, scores, facilities still open."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd

from data.scope import Scope
from data.store import scores
from data.store.engine import Store
from data.store.rows import load_rows
from errors import NoDataError
from geo import grid
from workflows import exploration, persons, rule_check, signals
from workflows.candidates import CandidateParams, Candidates, Known, by_worth, make_candidates
from workflows.weeks import local_day


def load_candidates(
    store: Store,
    params: CandidateParams,
    *,
    severity: Mapping[str, float],
    scope: Scope,
    week_start: date,
    as_of: datetime,
    limit: int,
) -> Candidates:
    """
    Return the candidates of a week as known before ``as_of``, with names and addresses.

    Parameters
    ----------
    severity
        Points per topic.
    limit
        Most visits handed to the solver.

    Raises
    ------
    NoDataError
        If there are no scores up to ``as_of``, or nothing to visit.
    """
    run = scores.latest_run(store, scope=scope, as_of=as_of)
    if run is None:
        raise NoDataError(
            "{date} 以前还没有评分。请先评分，再生成计划", date=local_day(as_of).isoformat()
        )
    facilities = load_rows(
        store,
        "facilities",
        scope=scope,
        as_of=as_of,
        columns=["facility_id", "name", "address", "closed_on"],
        joined=True,
    )
    known = Known(
        leads=load_rows(store, "complaints", scope=scope, as_of=as_of, joined=True),
        inspections=load_rows(
            store,
            "inspections",
            scope=scope,
            as_of=as_of,
            columns=(*rule_check.INSPECTION_COLUMNS, "lon", "lat"),
            since=rule_check.inspections_since(week_start),
            joined=True,
        ),
        cells=scores.load_cell_scores(store, run.run_id, scope=scope),
        facilities=_still_open(
            scores.load_facility_scores(store, run.run_id, scope=scope), facilities
        ),
        scored_as_of=run.as_of,
    )
    candidates = make_candidates(
        known, params, severity=severity, week_start=week_start, as_of=as_of, limit=limit
    )
    # who should be registered and is not becomes a targeted check, ranked like all else
    checks = persons.registration_checks(store, params, severity=severity, scope=scope, as_of=as_of)
    # what somebody asked for, and what chance picked, in its own week
    stakeouts = signals.stakeout_visits(
        store, params, severity=severity, scope=scope, week_start=week_start
    )
    drawn = exploration.required_visits(
        store, params, scope=scope, week_start=week_start, as_of=as_of
    )
    others = (*candidates.visits, *checks, *stakeouts)
    ranked = sorted(exploration.with_required(others, drawn), key=by_worth)
    candidates = replace(candidates, visits=tuple(ranked[:limit]))
    if not candidates.visits:
        raise NoDataError("没有可排的机构、线索或网格。请先导入机构和线索并评分")
    return _with_places(candidates, cells=known.cells, facilities=facilities)


def _still_open(scored: pd.DataFrame, facilities: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of open facilities: scores may be older than the news of a closure."""
    still = facilities.loc[facilities["closed_on"].isna(), "facility_id"]
    return scored[scored["facility_id"].isin(still)]


def _with_places(
    candidates: Candidates, *, cells: pd.DataFrame, facilities: pd.DataFrame
) -> Candidates:
    """Fill in what a route sheet must say about a place: its area's name and its address."""
    about = facilities.set_index("facility_id")[["name", "address"]].to_dict("index")
    names = dict(zip(cells["cell_id"], cells["area_name"], strict=True))
    if not names:
        return candidates
    resolution = grid.resolution_of(next(iter(names)))
    found = grid.cell_of(
        np.array([v.lon for v in candidates.visits]),
        np.array([v.lat for v in candidates.visits]),
        resolution=resolution,
    )
    visits = []
    for visit, cell_id in zip(candidates.visits, found, strict=True):
        facility = about.get(visit.facility_id or "", {})
        place = visit.place_name or _text(facility.get("name")) or _text(names.get(cell_id))
        address = visit.address if visit.facility_id is None else _text(facility.get("address"))
        visits.append(
            replace(
                visit,
                cell_id=str(cell_id),
                place_name=place or "",
                address=address,
            )
        )
    return replace(candidates, visits=tuple(visits))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
