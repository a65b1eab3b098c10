"""What screens read: thin questions to the store, each with the reader's scope."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from data.records import Plan, Reason
from data.scope import Scope
from data.store import imports, jobs, plans, queries, scores
from data.store.engine import Store, data_version
from data.store.jobs import Job
from data.store.rows import count_rows, known_span, load_rows
from data.store.scores import ScoreRun, latest_run
from geo import grid
from workflows import demo
from workflows.leads import open_leads
from workflows.weeks import local_day
from workflows.wording import from_json

__all__ = [
    "CellStory",
    "Job",
    "ScoreRun",
    "Store",
    "active_jobs",
    "cell_story",
    "count_rows",
    "counts_all_finds",
    "data_version",
    "district_names",
    "expected_total",
    "known_span",
    "latest_run",
    "load_plan",
    "missing",
    "plans_of_week",
    "ranked_cells",
    "recent_imports",
    "total_is_uncertain",
]

N_VISITS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStory:
    """One cell: its score, its parts, what was done there, what is open. No report texts."""

    row: dict[str, Any]
    rank: int
    n_cells: int
    median_p: float
    reasons: tuple[Reason, ...]
    visits: pd.DataFrame
    n_open: int
    n_overdue: int


def mark_of(store: Store, *kinds: str) -> str:
    """Return what changes when records of some kinds do, for the key of a cache."""
    with store.read() as conn:
        return ".".join(map(str, queries.mark_of(conn, kinds)))


def district_names(store: Store, *, scope: Scope, as_of: datetime) -> dict[str, str]:
    """Return code → name of the districts in the store; the code stands where no name is known."""
    areas = load_rows(
        store, "areas", scope=scope, as_of=as_of, columns=["area_code", "name", "level"]
    )
    named = areas[areas["level"] == "district"].sort_values("area_code")
    names = {
        str(code)[:6]: str(name)
        for code, name in zip(named["area_code"], named["name"], strict=True)
    }
    officers = load_rows(
        store, "officers", scope=scope, as_of=as_of, columns=["officer_id", "district_code"]
    )
    for code in sorted(set(officers["district_code"].dropna()) - set(names)):
        if not names or not str(code).endswith("00"):
            names[str(code)] = str(code)
    return names


def missing(run: ScoreRun) -> list[Mapping[str, Any]]:
    """Return the stored sentences about what the scores had to do without."""
    stored = run.summary.get("missing", [])
    return list(stored) if isinstance(stored, list) else []


def counts_all_finds(run: ScoreRun) -> bool:
    """
    Return whether finds at registered facilities stand in for unknown sites.

    So it is where no case names an unregistered site: the map then says where
    violations will be found, not where unknown sites are, and must say so.
    """
    return bool(run.summary.get("uses_all_finds"))


def expected_total(run: ScoreRun) -> tuple[float, float, float] | None:
    """Return the expected unknown sites of all cells and their 90 % interval, if estimated."""
    names = ("expected_sites", "expected_sites_lo", "expected_sites_hi")
    values = [run.summary.get(name) for name in names]
    if counts_all_finds(run) or not all(isinstance(value, int | float) for value in values):
        return None
    mean, lo, hi = (float(str(value)) for value in values)
    return mean, lo, hi


def total_is_uncertain(run: ScoreRun) -> bool:
    """Return whether the total of a run can hardly be told: held-out finds disagree with it."""
    return bool(run.summary.get("expected_sites_uncertain"))


def ranked_cells(store: Store, run_id: str, *, scope: Scope) -> pd.DataFrame:
    """Return the cells of a run, highest score first."""
    cells = scores.load_cell_scores(store, run_id, scope=scope)
    return cells.sort_values(["score", "cell_id"], ascending=[False, True]).reset_index(drop=True)


def cell_story(
    store: Store, run: ScoreRun, cells: pd.DataFrame, cell_id: str, *, scope: Scope
) -> CellStory | None:
    """
    Return what a manager asks about a cell; ``None`` where it is not there for the reader.

    ``cells`` are the ranked cells of the run in the reader's scope.
    """
    found = cells.index[cells["cell_id"] == cell_id]
    if found.empty:
        return None
    row = cells.loc[found[0]].to_dict()
    visits = _visits_in(store, cell_id, run, scope=scope)
    waiting = _leads_in(store, cell_id, run, scope=scope)
    today = pd.Timestamp(local_day(run.as_of))
    return CellStory(
        row=row,
        # by what is shown beside it, as in the tables
        rank=int((cells["p_hidden"] > row["p_hidden"]).sum()) + 1,
        n_cells=len(cells),
        median_p=float(cells["p_hidden"].median()),
        reasons=tuple(
            Reason(message=from_json(part), contribution=float(part["c"]))
            for part in json.loads(row["reasons"])
        ),
        visits=visits.head(N_VISITS_SHOWN),
        n_open=len(waiting),
        n_overdue=int((waiting["due_on"] < today).sum()),
    )


def _box_of(cell_id: str) -> tuple[float, float, float, float]:
    lons, lats = zip(*grid.cell_ring(cell_id), strict=True)
    return min(lons), min(lats), max(lons), max(lats)


def _in_cell(rows: pd.DataFrame, cell_id: str) -> pd.DataFrame:
    """Return the rows of the cell's box whose point lies in the cell itself."""
    if rows.empty:
        return rows
    own = grid.cell_of(
        rows["lon"].to_numpy(), rows["lat"].to_numpy(), resolution=grid.resolution_of(cell_id)
    )
    return rows[own == cell_id]


def _visits_in(store: Store, cell_id: str, run: ScoreRun, *, scope: Scope) -> pd.DataFrame:
    visits = load_rows(
        store,
        "inspections",
        scope=scope,
        as_of=run.as_of,
        columns=["inspection_id", "started_at", "kind", "result", "topics", "lon", "lat"],
        since=run.as_of - timedelta(days=3 * 365),
        box=_box_of(cell_id),
    )
    inside = _in_cell(visits, cell_id)
    return inside.sort_values("started_at", ascending=False).reset_index(drop=True)


def _leads_in(store: Store, cell_id: str, run: ScoreRun, *, scope: Scope) -> pd.DataFrame:
    leads = load_rows(
        store,
        "complaints",
        scope=scope,
        as_of=run.as_of,
        columns=["complaint_id", "status", "closed_on", "due_on", "lon", "lat"],
        box=_box_of(cell_id),
    )
    return _in_cell(open_leads(leads), cell_id)


def plans_of_week(store: Store, week_start: date, *, scope: Scope) -> pd.DataFrame:
    """Return the drafts of a week, newest first."""
    made = plans.list_plans(store, scope=scope, week_start=week_start)
    return made.sort_values("created_at", ascending=False).reset_index(drop=True)


def load_plan(store: Store, plan_id: str, *, scope: Scope) -> Plan:
    """Return one plan; NotFoundError where it is not the reader's or not there."""
    return plans.load_plan(store, plan_id, scope=scope)


def active_jobs(store: Store, *, scope: Scope, kind: str) -> list[Job]:
    """Return queued and running jobs of a kind, oldest first."""
    return [job for job in jobs.active_jobs(store, scope=scope) if job.kind == kind]


def has_demo(store: Store) -> bool:
    """Return whether the store holds anything of the made-up city."""
    return demo.has_demo(store)


def recent_imports(store: Store, *, scope: Scope, n_most: int = 30) -> pd.DataFrame:
    """Return the newest imports: when, who, file, kind, counts."""
    return imports.list_imports(store, scope=scope).head(n_most)
