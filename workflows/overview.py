"""The week at a glance: what is late, what was done, where nobody has looked, what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pandas as pd

from data.records import Message
from data.schema import FRINGE_CODES
from data.scope import Scope
from data.store import plans, scores
from data.store.engine import Store
from data.store.rows import load_rows
from data.store.scores import ScoreRun
from workflows.evenness import lived_in_places
from workflows.leads import open_leads
from workflows.plan_life import Tally, done_of_week
from workflows.weeks import local_day, midnight, next_week, week_of

NOT_DONE = ("closed_door", "moved", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """One task of the week: what, a line about it, and the page that does it, with its filter."""

    title: Message
    hint: Message
    page: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Numbers of the first page; counts are of the scope and as of ``run.as_of``."""

    run: ScoreRun
    n_open: int
    n_overdue: int
    longest_overdue_days: int
    n_due_today: int
    n_done_last_week: int
    n_planned_last_week: int | None
    n_not_done: dict[str, int]
    n_unseen: int
    n_places: int
    places_are_villages: bool
    n_unseen_fringe: int
    n_never_seen: int
    top_cells: pd.DataFrame
    to_do: tuple[ToDo, ...]


def make_overview(
    store: Store, run: ScoreRun, *, scope: Scope, unseen_months: int, n_top: int = 6
) -> Overview:
    """
    Return what the first page shows, as known at the moment of the score run.

    ``unseen_months`` is the longest time without a visit before a cell with
    residents or facilities counts as unseen.
    """
    leads = load_rows(
        store,
        "complaints",
        scope=scope,
        as_of=run.as_of,
        columns=["complaint_id", "status", "closed_on", "due_on", "lon"],
    )
    waiting = open_leads(leads)
    today = pd.Timestamp(local_day(run.as_of))
    late_days = (today - waiting["due_on"]).dt.days
    n_done, not_done = _last_week(store, scope=scope, as_of=run.as_of)
    planned = _planned_last_week(store, scope=scope, as_of=run.as_of)
    if planned is not None:
        # with a released plan both numbers are about its visits
        n_done = planned.n_done
        not_done = {result: planned.not_done.get(result, 0) for result in NOT_DONE}
    cells = scores.load_cell_scores(store, run.run_id, scope=scope)
    areas = load_rows(store, "areas", scope=scope, as_of=run.as_of, columns=["area_code", "level"])
    lived_in = lived_in_places(cells, areas)
    last = pd.to_datetime(lived_in["last_visit_on"])
    unseen = lived_in[last.isna() | (last < today - pd.DateOffset(months=unseen_months))]
    top = cells.sort_values(["p_hidden", "cell_id"], ascending=[False, True]).head(n_top)
    return Overview(
        run=run,
        n_open=len(waiting),
        n_overdue=int((late_days > 0).sum()),
        longest_overdue_days=int(late_days.max()) if (late_days > 0).any() else 0,
        n_due_today=int((late_days == 0).sum()),
        n_done_last_week=n_done,
        n_planned_last_week=None if planned is None else planned.n_planned,
        n_not_done=not_done,
        n_unseen=len(unseen),
        n_places=len(lived_in),
        places_are_villages=bool((areas["level"] == "village").any()),
        n_unseen_fringe=int(unseen["urban_rural_code"].isin(FRINGE_CODES).sum()),
        n_never_seen=int(unseen["last_visit_on"].isna().sum()),
        top_cells=top.reset_index(drop=True),
        to_do=_to_do(store, waiting, run, scope=scope),
    )


def with_ledger(shown: Overview, counts: Mapping[str, int]) -> Overview:
    """Return the overview with the clocks and tasks of the ledger, as every page shows them."""
    tasks = list(shown.to_do)
    if counts["groups"]:
        title = Message("比对疑似重复线索 {n} 组", {"n": counts["groups"]})
        hint = Message("并线不删件，确认不是同一处的以后不再提示")
        tasks.insert(0, ToDo(title=title, hint=hint, page="leads", query={"show": "likely"}))
    if counts["new"]:
        title = Message("研判新登记线索 {n} 条", {"n": counts["new"]})
        hint = Message("按类分办：直查直办、转办、移送、退回")
        tasks.insert(0, ToDo(title=title, hint=hint, page="leads", query={"show": "new"}))
    return replace(
        shown,
        n_open=counts["open"],
        n_overdue=counts["overdue"],
        longest_overdue_days=-(-counts["longest"] // 86_400),
        n_due_today=counts["today"],
        to_do=tuple(tasks),
    )


def _last_week(store: Store, *, scope: Scope, as_of: datetime) -> tuple[int, dict[str, int]]:
    """Return visits made in the last full week, and how many of them met a closed door etc."""
    this_week = midnight(week_of(local_day(as_of)))
    visits = load_rows(
        store,
        "inspections",
        scope=scope,
        as_of=as_of,
        columns=["inspection_id", "started_at", "kind", "result"],
        since=this_week - timedelta(days=7),
    )
    visits = visits[(visits["started_at"] < this_week) & (visits["kind"] != "desk_check")]
    counts = visits["result"].value_counts()
    not_done = {result: int(counts.get(result, 0)) for result in NOT_DONE}
    return len(visits) - sum(not_done.values()), not_done


def _planned_last_week(store: Store, *, scope: Scope, as_of: datetime) -> Tally | None:
    """Return planned against done over the plans that were in force last week."""
    monday = week_of(local_day(as_of)) - timedelta(days=7)
    return done_of_week(store, monday, scope=scope)


def _to_do(store: Store, waiting: pd.DataFrame, run: ScoreRun, *, scope: Scope) -> tuple[ToDo, ...]:
    tasks = []
    week = next_week(run.as_of)
    week_name = {"w": str(week.isocalendar().week)}
    if plans.list_plans(store, scope=scope, week_start=week).empty:
        tasks.append(
            ToDo(
                title=Message("生成第 {w} 周计划", week_name),
                hint=Message("还没有草案；先核对在岗人员，再生成计划"),
                page="weekly_plan",
            )
        )
    else:
        tasks.append(
            ToDo(
                title=Message("审核第 {w} 周计划草案", week_name),
                hint=Message("草案已生成，核对未排事项和提醒"),
                page="weekly_plan",
            )
        )
    n_unplaced = int(waiting["lon"].isna().sum())
    if n_unplaced:
        tasks.append(
            ToDo(
                title=Message("补 {n} 条线索的坐标", {"n": n_unplaced}),
                hint=Message("没有坐标的线索不能上图，也排不进计划"),
                page="import_data",
            )
        )
    return tuple(tasks)
