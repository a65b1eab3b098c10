"""
The workflows as pages call them: one store per process, results kept per store version.

Everything here is keyed by the store's version and the scope, so that a reader
never gets what another may see, nor what was true before the last change.
Frames that come back are shared: read them, never write into them.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from data.records import Plan
from data.schema import TIME_ZONE
from data.scope import Scope
from errors import ForbiddenError
from ui import state
from workflows import (
    access,
    backtest,
    entries,
    evenness,
    exploration,
    exploration_kept,
    overview,
    plan_compare,
    plan_ground,
    plan_life,
    plan_margins,
    plan_week,
    reading,
    rule_check,
    score_runs,
    signals,
    weeks,
)
from workflows.settings import Settings, read_settings

_KEYED: dict[str | type[Any], Callable[[Any], Any]] = {
    Scope: repr,
    reading.ScoreRun: lambda run: run.run_id,
}


@st.cache_resource
def settings() -> Settings:
    """Return the settings, read once per process."""
    return read_settings()


@st.cache_resource
def _opened(url: str) -> reading.Store:
    return access.opened(url)


def store() -> reading.Store:
    """Return the store of this server."""
    return _opened(access.store_in_use())


_ASKED_S = 0.5
_ASKED: ContextVar[tuple[float, str, access.Visitor] | None] = ContextVar("asked", default=None)


def visitor() -> access.Visitor:
    """
    Return who looks at this page and what he may do, asked of the store anew in each run.

    One run asks dozens of times; an answer holds for half a second of the same run.

    Raises
    ------
    ForbiddenError
        If his session has ended.
    """
    session_id, user = state.session_id(), state.user()
    key = f"{access.store_in_use()} {session_id} {user}"
    held = _ASKED.get()
    if held is not None and held[1] == key and time.monotonic() - held[0] < _ASKED_S:
        return held[2]
    found = None
    if session_id is not None:
        found = access.visitor_of_session(store(), session_id, settings().access)
    if found is None or found.account != user or found.must_change:
        raise ForbiddenError("登录已过期，草稿已保存，请重新登录")
    _ASKED.set((time.monotonic(), key, found))
    return found


def ask_again() -> None:
    """Forget who looked: a new run begins."""
    _ASKED.set(None)


def scope() -> Scope:
    """Return what the visitor may see, asked anew at each run, limited to the chosen district."""
    return access.narrowed(visitor().scope, state.district())


def actor() -> str:
    """Return the name under which this visitor's writes are logged."""
    return visitor().account


def may(right: str) -> bool:
    """Return whether the visitor holds a right now; for buttons, the change itself asks again."""
    return right in visitor().rights


def may_open(page: str) -> bool:
    """Return whether the visitor may open a page."""
    return entries.may_open(page, visitor().rights)


def note_work() -> None:
    """Note that the visitor is at work, so that his session does not end."""
    access.note_work(store(), visitor().session_id)


def now() -> datetime:
    """Return the present moment in the bureau's zone."""
    return datetime.now(TIME_ZONE)


def version() -> str:
    """Return which store this is and how often its data has changed: the key of the caches."""
    return f"{access.store_in_use()}@{reading.data_version(store())}"


def run() -> reading.ScoreRun | None:
    """Return the newest score run, if there is one."""
    return _run(version(), scope())


@st.cache_resource(max_entries=32, hash_funcs=_KEYED)
def _run(store_version: str, scope: Scope) -> reading.ScoreRun | None:
    return reading.latest_run(store(), scope=scope)


def is_empty() -> bool:
    """Return whether the store holds nothing to show yet."""
    return not any(counts().values())


def has_demo() -> bool:
    """Return whether the store holds the made-up city."""
    return _has_demo(version())


@st.cache_resource(max_entries=8)
def _has_demo(store_version: str) -> bool:
    return reading.has_demo(store())


def counts() -> dict[str, int]:
    """Return the number of records per kind."""
    return _counts(version(), scope())


@st.cache_resource(max_entries=32, hash_funcs=_KEYED)
def _counts(store_version: str, scope: Scope) -> dict[str, int]:
    return reading.count_rows(store(), scope=scope, as_of=now())


def districts() -> dict[str, str]:
    """Return code and name of every district the visitor may choose."""
    return _districts(version(), visitor().scope)


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _districts(store_version: str, scope: Scope) -> dict[str, str]:
    return reading.district_names(store(), scope=scope, as_of=now())


def week_overview(of: reading.ScoreRun) -> overview.Overview:
    """Return the numbers of the first page."""
    return _overview(version(), of, scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _overview(store_version: str, of: reading.ScoreRun, scope: Scope) -> overview.Overview:
    return overview.make_overview(
        store(), of, scope=scope, unseen_months=settings().screen.unseen_months
    )


def even(of: reading.ScoreRun) -> evenness.Evenness:
    """Return how visits follow risk over the last twelve months."""
    return _even(version(), of, scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _even(store_version: str, of: reading.ScoreRun, scope: Scope) -> evenness.Evenness:
    return evenness.make_evenness(store(), of, scope=scope)


def cell(of: reading.ScoreRun, cell_id: str) -> reading.CellStory | None:
    """Return what is known of one cell and why it scores as it does."""
    return reading.cell_story(store(), of, cells(of), cell_id, scope=scope())


def cells(of: reading.ScoreRun) -> pd.DataFrame:
    """Return the scored cells, highest score first."""
    return _cells(version(), of.run_id, scope())


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _cells(store_version: str, run_id: str, scope: Scope) -> pd.DataFrame:
    return reading.ranked_cells(store(), run_id, scope=scope)


def plans(week_start: date) -> pd.DataFrame:
    """Return the drafts of a week, newest first."""
    return _plans(version(), week_start, scope())


@st.cache_resource(max_entries=32, hash_funcs=_KEYED)
def _plans(store_version: str, week_start: date, scope: Scope) -> pd.DataFrame:
    return reading.plans_of_week(store(), week_start, scope=scope)


def plan(plan_id: str) -> Plan:
    """Return one plan."""
    return _plan(version(), plan_id, scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _plan(store_version: str, plan_id: str, scope: Scope) -> Plan:
    return reading.load_plan(store(), plan_id, scope=scope)


def life(plan_id: str) -> plan_life.Life:
    """Return where a plan stands, what happened to it and what came of its visits."""
    return _life(version(), plan_id, scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _life(store_version: str, plan_id: str, scope: Scope) -> plan_life.Life:
    return plan_life.read_life(store(), plan_id, scope=scope)


def margins(plan_id: str) -> dict[str, int] | None:
    """Return what more or fewer hands are worth to a plan, where somebody had it computed."""
    return plan_margins.read_margins(store(), plan_id, scope=scope())


def class_of_cells() -> dict[str, str]:
    """Return the urban-rural class of each scored cell."""
    return _class_of_cells(version(), scope())


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _class_of_cells(store_version: str, scope: Scope) -> dict[str, str]:
    return plan_compare.class_of_cells(store(), scope=scope)


def township_names(of: Plan) -> dict[str, str]:
    """Return the names of townships by the beginning of their code."""
    return _township_names(version(), of.plan_id, scope())


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _township_names(store_version: str, plan_id: str, scope: Scope) -> dict[str, str]:
    of = reading.load_plan(store(), plan_id, scope=scope)
    return plan_compare.township_names(store(), of, scope=scope)


def waiting_leads(of: Plan) -> dict[str, tuple[str, date | None]]:
    """Return open leads that no team of a plan visits: number → topic and due day."""
    return _waiting_leads(version(), of.plan_id, scope())


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _waiting_leads(
    store_version: str, plan_id: str, scope: Scope
) -> dict[str, tuple[str, date | None]]:
    of = reading.load_plan(store(), plan_id, scope=scope)
    return plan_week.waiting_leads(store(), of, scope=scope, now=now())


def rule_report(of: Plan) -> rule_check.RuleReport:
    """Return how a plan stands against the rules."""
    return _rule_report(version(), of.plan_id, scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _rule_report(store_version: str, plan_id: str, scope: Scope) -> rule_check.RuleReport:
    of = reading.load_plan(store(), plan_id, scope=scope)
    # what edits stand on is made here once, so that the first edit is answered as fast as the next
    ground = plan_ground.ground_of(store(), of, settings().planning, scope=scope)
    return ground.check(of)


def default_as_of() -> datetime:
    """Return the moment up to which the store is worth looking at."""
    return _default_as_of(version(), now().replace(second=0, microsecond=0))


@st.cache_resource(max_entries=8)
def _default_as_of(store_version: str, now: datetime) -> datetime:
    return score_runs.default_as_of(store(), now=now)


def recent_imports() -> pd.DataFrame:
    """Return the newest imports: when, who, file, kind, counts."""
    return _recent_imports(version(), scope())


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _recent_imports(store_version: str, scope: Scope) -> pd.DataFrame:
    return reading.recent_imports(store(), scope=scope)


def planning_week(of: reading.ScoreRun | None) -> date:
    """Return the Monday of the week that is planned next."""
    return weeks.next_week(now() if of is None else of.as_of)


def replays() -> list[backtest.BacktestRun]:
    """Return the replays over what the visitor looks at, else over all he may see, newest first."""
    return _replays(version(), scope()) or _replays(version(), visitor().scope)


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _replays(store_version: str, scope: Scope) -> list[backtest.BacktestRun]:
    return backtest.runs(store(), scope=scope)


def replay_values(run_id: str) -> pd.DataFrame:
    """Return the figures of a replay that ``replays`` names."""
    is_narrow = any(run.run_id == run_id for run in _replays(version(), scope()))
    return _replay_values(version(), run_id, scope() if is_narrow else visitor().scope)


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _replay_values(store_version: str, run_id: str, scope: Scope) -> pd.DataFrame:
    return backtest.values(store(), run_id, scope=scope)


def alerts() -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return the newest search for signals and its alerts."""
    return _alerts(version(), scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _alerts(store_version: str, scope: Scope) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    return signals.alerts_of(store(), scope=scope)


def exploration_report(of: reading.ScoreRun) -> exploration.Report | None:
    """Return what the random visits say, where the step after scoring stored it."""
    return _exploration_report(version(), of, scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED, show_spinner=False)
def _exploration_report(
    store_version: str, of: reading.ScoreRun, scope: Scope
) -> exploration.Report | None:
    return exploration_kept.load(store(), run=of, scope=scope)
