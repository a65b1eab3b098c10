"""
Replay past weeks: score each as it was known then, look up what was found in the weeks after.

At every origin the records are read as known before its day, and the hidden-site model is
fitted or filtered on them just as a weekly score does it. Only then are the weeks after it
looked at. The result is a saved run of figures; the score card draws them.
"""

import json
import logging
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pandas as pd

from data.records import Message
from data.scope import Scope
from data.store import backtests, jobs
from data.store.backtests import BacktestRun
from data.store.engine import Store
from data.store.rows import load_rows
from data.store.scores import ScoreRun
from errors import NoDataError
from risk import backtest, replay, scored
from risk.cells import Fitted, is_usable
from risk.features import SourceFrames
from risk.params import Progress, ScoringParams
from risk.replay import Outcomes, Said
from workflows import access, seat_minutes
from workflows.seat_minutes import DEFAULT_SEAT_PARAMS, SeatParams
from workflows.source_rows import load_frames
from workflows.weeks import DAYS_A_WEEK, local_day, midnight, week_of

log = logging.getLogger(__name__)

__all__ = [
    "BacktestRun", "Period", "checked", "default_period", "expected_minutes", "request_backtest",
    "run_backtest", "run_job", "runs", "values", "write",
]  # fmt: skip

RIGHT = "scores.run"
KIND = "backtest"
DEFAULT_WEEKS, DEFAULT_EVERY = 26, 2
MOST_ORIGINS = 160
_CELL_WEEKS_A_SECOND = 12_000.0
_ORIGIN_S = 8.0
_REFIT_DAYS = 31
"""Speeds on a small machine; only the minutes that the page announces rely on them."""
_OUTCOME_COLUMNS = ("inspection_id", "officer_ids", "minutes", "arm", "inclusion_prob")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Weeks that are replayed: an origin every so many weeks, the last period ending in time."""

    from_on: date
    to_on: date
    every_weeks: int

    def origins(self) -> list[date]:
        """Return the days scored, each with its whole period before the end."""
        step = timedelta(days=DAYS_A_WEEK * self.every_weeks)
        days = []
        day = self.from_on
        while day + step <= self.to_on:
            days.append(day)
            day += step
        return days


def default_period(as_of: datetime) -> Period:
    """Return the half year before the Monday at or before ``as_of``."""
    end = week_of(local_day(as_of))
    return Period(
        from_on=end - timedelta(days=DAYS_A_WEEK * DEFAULT_WEEKS),
        to_on=end,
        every_weeks=DEFAULT_EVERY,
    )


def checked(period: Period) -> Period:
    """Raise NoDataError where a period holds no whole step, or far too many."""
    n = len(period.origins()) if period.every_weeks >= 1 else 0
    if n < 1:
        raise NoDataError(
            "{a} 至 {b} 不足 {n} 周，无法回放。请选更长的时间",
            a=period.from_on.isoformat(), b=period.to_on.isoformat(),
            n=max(period.every_weeks, 1),
        )  # fmt: skip
    if n > MOST_ORIGINS:
        raise NoDataError("要回放 {n} 个时点，最多 {m} 个。请拉大间隔", n=n, m=MOST_ORIGINS)
    return period


def run_backtest(
    store: Store,
    params: ScoringParams,
    period: Period,
    *,
    scope: Scope,
    actor: str,
    now: datetime,
    progress: Progress | None = None,
    seat_params: SeatParams = DEFAULT_SEAT_PARAMS,
    run_id: str | None = None,
) -> str:
    """
    Replay a period and save its figures; return the id of the run.

    Parameters
    ----------
    now
        What was found is looked up as known at this moment.
    progress
        Called with a share from 0 to 1 and what is being done; may raise
        ``JobCancelledError``, and nothing is saved then.
    run_id
        Id of the run, where the same request may be worked on twice.

    Raises
    ------
    NoDataError
        If the period is too short, or nothing was known before any of its origins.
    """
    access.require(store, actor, RIGHT)
    started = perf_counter()
    report = progress or _silent
    days = checked(period).origins()
    later = _later(store, scope=scope, as_of=now)
    teller = _Teller(store, params, scope, seat_params)
    outcomes: list[Outcomes] = []
    doubts: list[float] = []
    for number, day in enumerate(days):
        values = {"date": day.isoformat(), "k": number + 1, "n": len(days)}
        message = Message("回放 {date}（第 {k} / {n} 个时点）", values)
        part = _within(report, number / len(days), (number + 1) / len(days), message)
        part(0.0, message)
        said = teller.said_on(midnight(day), progress=part)
        if said is None:
            continue
        until = midnight(day + timedelta(days=DAYS_A_WEEK * period.every_weeks))
        outcomes.append(replay.outcomes(said, later, params, until=until))
        doubts.append(said.doubt_log_sd)
    if not outcomes:
        raise NoDataError("{date} 以前没有可评分的记录。请先导入", date=days[-1].isoformat())
    report(0.98, Message("正在计算区间"))
    result = backtest.result_of(outcomes, doubts)
    made = backtests.save_backtest(
        store, run_id=run_id, from_on=period.from_on, to_on=period.to_on,
        every_weeks=period.every_weeks, method=scored.METHOD, scope=scope,
        summary={
            "n_origins": len(outcomes),
            "seconds": round(perf_counter() - started, 1),
            "verdicts": {target: dict(told) for target, told in result.verdicts.items()},
        },
        values=result.values, actor=actor, now=now,
    )  # fmt: skip
    report(1.0, Message("回放完成"))
    log.info("replayed %d origins in %.0f s", len(outcomes), perf_counter() - started)
    return made


class _Teller:
    """Says what every method said on a day; keeps a fit as long as a weekly score would."""

    def __init__(
        self, store: Store, params: ScoringParams, scope: Scope, seats: SeatParams
    ) -> None:
        self._store, self._params, self._scope, self._seats = store, params, scope, seats
        self._fitted: Fitted | None = None
        self._fitted_as_of: datetime | None = None
        self._remote: frozenset[str] | None = None

    def said_on(self, as_of: datetime, *, progress: Progress) -> Said | None:
        """Return what was said on a day; None where nothing was known before it."""
        frames = load_frames(self._store, scope=self._scope, as_of=as_of)
        known = scored.prepare(frames, self._params, as_of=as_of)
        if not known.places.cells:
            return None
        if known.needs_model:
            oldest = as_of - timedelta(days=self._params.cells.refit_days)
            held = self._fitted is not None and is_usable(self._fitted, known.places, known.model)
            if not held or self._fitted_as_of is None or self._fitted_as_of < oldest:
                self._fitted = scored.fit(known, self._params, progress=progress)
                self._fitted_as_of = as_of
        progress(0.9, Message("正在整理 {date} 以前的记录", {"date": as_of.date().isoformat()}))
        told = scored.score_prepared(known, self._params, as_of=as_of, fitted=self._fitted)
        if self._remote is None:
            cells = seat_minutes.with_minutes(
                self._store, told.cells, known.frames.population, scope=self._scope,
                as_of=as_of, params=self._seats,
            )  # fmt: skip
            is_remote = cells["is_remote"].fillna(0).astype(bool)
            self._remote = frozenset(cells["cell_id"][is_remote])
        return replay.said_on(known, told, self._params, as_of=as_of, remote=self._remote)


def _later(store: Store, *, scope: Scope, as_of: datetime) -> SourceFrames:
    """Return the records as known at the end, with who made each visit, how long and by draw."""
    frames = load_frames(store, scope=scope, as_of=as_of)
    more = load_rows(
        store, "inspections", scope=scope, as_of=as_of, columns=list(_OUTCOME_COLUMNS), joined=True
    )
    kept = [name for name in frames.inspections.columns if name not in _OUTCOME_COLUMNS[1:]]
    wanted = more[list(_OUTCOME_COLUMNS)]
    return replace(
        frames, inspections=frames.inspections[kept].merge(wanted, on="inspection_id", how="left")
    )


def _within(report: Progress, lo: float, hi: float, message: Message) -> Progress:
    """Return a progress of one part of the work that tells of the whole."""

    def tell(share: float, said: Message) -> None:
        del said
        report(0.98 * (lo + (hi - lo) * min(max(share, 0.0), 1.0)), message)

    return tell


def _silent(share: float, message: Message) -> None:
    del share, message


def request_backtest(
    store: Store, period: Period, *, scope: Scope, actor: str, now: datetime, key: str
) -> str:
    """
    Queue a replay over the districts the visitor looks at; return the job's id.

    Raises
    ------
    ForbiddenError
        If the account may not run scores.
    """
    access.require(store, actor, RIGHT)
    checked(period)
    districts = None if scope.districts is None else sorted(scope.districts)
    return jobs.submit(
        store,
        kind=KIND,
        params={
            "from_on": period.from_on.isoformat(),
            "to_on": period.to_on.isoformat(),
            "every_weeks": period.every_weeks,
            "districts": districts,
        },
        key=key,
        actor=actor,
        now=now,
    )


def expected_minutes(period: Period, run: ScoreRun | None) -> int:
    """Return about how many minutes a replay takes, from the size of the last score."""
    cells, weeks = (
        float(str(run.summary.get(name) or default)) if run is not None else default
        for name, default in (("n_cells_fitted", 3_000.0), ("n_weeks", 104.0))
    )
    n = len(period.origins())
    n_fits = min(n, 1 + n * period.every_weeks * DAYS_A_WEEK // _REFIT_DAYS)
    seconds = n_fits * cells * weeks / _CELL_WEEKS_A_SECOND + n * _ORIGIN_S
    return max(1, round(seconds / 60.0))


def run_job(
    store: Store,
    job: jobs.Job,
    params: ScoringParams,
    seat_params: SeatParams,
    *,
    now: datetime,
    progress: Progress,
) -> dict[str, str]:
    """Do a queued replay with what its owner may see now, never more than was asked for."""
    scope = access.scope_of(store, job.actor)
    asked = job.params.get("districts")
    if asked is not None:
        allowed = frozenset(asked)
        allowed = allowed if scope.districts is None else scope.districts & allowed
        scope = replace(scope, districts=allowed)
    period = Period(
        from_on=date.fromisoformat(job.params["from_on"]),
        to_on=date.fromisoformat(job.params["to_on"]),
        every_weeks=int(job.params["every_weeks"]),
    )
    run_id = run_backtest(
        store, params, period, scope=scope, actor=job.actor, now=now, progress=progress,
        seat_params=seat_params, run_id=job.job_id,
    )  # fmt: skip
    return {"run_id": run_id}


def runs(store: Store, *, scope: Scope) -> list[BacktestRun]:
    """Return the replays over the districts that the reader looks at, newest first."""
    return backtests.list_backtests(store, scope=scope)


def values(store: Store, run_id: str, *, scope: Scope) -> pd.DataFrame:
    """Return the figures of a replay (``risk.backtest.COLUMNS``)."""
    return backtests.load_values(store, run_id, scope=scope)


def write(store: Store, run_id: str, folder: Path, *, scope: Scope) -> tuple[Path, Path]:
    """Write the figures as ``values.csv``, the verdicts as ``summary.json``; return both."""
    (run,) = (one for one in runs(store, scope=scope) if one.run_id == run_id)
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "values.csv"
    values(store, run_id, scope=scope).to_csv(table, index=False)
    summary = folder / "summary.json"
    told = {
        "run_id": run.run_id, "from": run.from_on.isoformat(), "to": run.to_on.isoformat(),
        "every_weeks": run.every_weeks, "method": run.method, **run.summary,
    }  # fmt: skip
    summary.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    return table, summary
