"""
Long work in processes of its own.

A job is a row in the store: what is to be done, how far it is, what came out.
One worker process leases jobs; each runs in a child process, so that a solve
never holds up a page and a crash takes nothing with it. A reload, a restart or
a second screen finds the row again.

A job runs with the right and the scope that its asker has when it begins, not when
it was asked for. Only scores are always made for the whole city: each cell is compared
with all others, and readers see the part of the run inside their own scope.
"""

import logging
import os
import secrets
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from data.importers.report import ImportReport
from data.records import Message
from data.schema import TIME_ZONE
from data.scope import EVERYTHING
from data.store import jobs
from data.store.engine import Store, open_store
from errors import JobCancelledError, MedPatrolError
from routing.solve import SolveProgress, SolverParams
from workflows import (
    access,
    backtest,
    demo,
    import_requests,
    importing,
    plan_margins,
    planning,
    requests,
    scoring,
    signal_step,
)
from workflows.clocks import Clocks
from workflows.import_reading import Choice
from workflows.ledger import Book
from workflows.planning import WeekRequest
from workflows.score_runs import default_as_of
from workflows.settings import Settings, read_settings

log = logging.getLogger(__name__)

LEASE_S = 15
"""A worker that is silent for so long is taken for dead, and its job runs again once."""
POLL_S = 0.4
REPORT_S = 0.5
STOP_GRACE_S = 10.0


@dataclass
class Reporter:
    """Writes progress into the job's row, at most twice a second, and hears stop requests."""

    store: Store
    job_id: str
    last_s: float = 0.0
    stop: str | None = None

    def __call__(
        self,
        share: float,
        message: Message,
        *,
        value: float | None = None,
        bound: float | None = None,
    ) -> str | None:
        """Report, and return ``"use"`` or ``"cancel"`` where somebody asked to stop."""
        if time.monotonic() - self.last_s < REPORT_S:
            return self.stop
        self.last_s = time.monotonic()
        jobs.report(
            self.store, self.job_id, progress=share, message=message, value=value, bound=bound
        )
        self.stop = jobs.get_job(self.store, self.job_id, scope=EVERYTHING).stop_mode
        return self.stop

    def or_cancel(self, share: float, message: Message) -> None:
        """Report, and raise JobCancelledError where somebody asked to stop."""
        if self(share, message) is not None:
            raise JobCancelledError("已取消")


def run_job(store: Store, job_id: str, *, settings_file: Path | None = None) -> None:
    """Do one leased job in this process and write its result or its failure into the store."""
    job = jobs.get_job(store, job_id, scope=EVERYTHING)
    reporter = Reporter(store, job_id)
    try:
        access.require(store, job.actor, requests.RIGHT_OF[job.kind])
        result = RUNNERS[job.kind](store, read_settings(settings_file), job, reporter)
    except JobCancelledError:
        jobs.cancelled(store, job_id)
    except MedPatrolError as error:
        jobs.fail(store, job_id, message=Message(error.template, error.values))
    except Exception as error:  # noqa: BLE001 - the edge: whatever broke is told, not lost
        code = _logged(job, error)
        said = Message("系统出错，未保存本次操作，编号 {code}", {"code": code})
        jobs.fail(store, job_id, message=said)
    else:
        jobs.finish(store, job_id, result=dict(result))


def _logged(job: jobs.Job, error: Exception) -> str:
    """Log what broke and return the reference under which it is found."""
    reference = secrets.token_hex(2).upper()
    # places and the type, never the text: it may hold a name or an address
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)[-6:])
    )
    kind = type(error).__name__
    log.error("job %s (%s), reference %s: %s at %s", job.job_id, job.kind, reference, kind, places)
    return reference


def _run_import(
    store: Store, settings: Settings, job: jobs.Job, reporter: Reporter
) -> Mapping[str, Any]:
    folder = Path(job.params["folder"])
    profile = job.params.get("profile")
    try:
        report = importing.import_paths(
            store,
            [folder],
            kind=job.params.get("kind"),
            datum=job.params.get("datum", "auto"),
            profile=None if profile is None else Path(profile),
            choices=[Choice.of(choice) for choice in job.params.get("choices", ())],
            together=bool(job.params.get("together", False)),
            actor=job.actor,
            now=datetime.now(UTC),
            job_id=job.job_id,
            progress=reporter.or_cancel,
        )
        _sync_ledger(store, settings)
        return _scored_import(store, settings, job, reporter, report)
    finally:
        # only now: a job whose process was killed runs again and needs its files
        requests.discard_upload(folder)


def _run_import_check(
    store: Store,
    settings: Settings,  # noqa: ARG001 - runners are called alike
    job: jobs.Job,
    reporter: Reporter,
) -> Mapping[str, Any]:
    return import_requests.run_check(store, job, progress=reporter.or_cancel)


def _sync_ledger(store: Store, settings: Settings) -> None:
    """Give new leads their clocks and likely repeats here, not when a page asks for them."""
    Book(store, Clocks(settings.ledger), settings.links).sync(datetime.now(UTC))


def _scored_import(
    store: Store, settings: Settings, job: jobs.Job, reporter: Reporter, report: ImportReport
) -> Mapping[str, Any]:
    """
    Score anew where files brought something.

    The files are stored by now, whatever becomes of the scores: the report is told in
    any case, and beside it why there are no new scores.
    """
    told = {"report": report.to_json(None)}
    if not (report.n_taken and job.params.get("score", True)):
        return told
    try:
        return {**told, **_scored(store, settings, job, reporter)}
    except JobCancelledError:
        problem = Message("评分已取消")
    except MedPatrolError as error:
        problem = Message(error.template, error.values)
    except Exception as error:  # noqa: BLE001 - the records are stored: their report must be told
        problem = Message("系统出错，编号 {code}", {"code": _logged(job, error)})
    return {**told, "not_scored": {"t": problem.template, "v": dict(problem.values)}}


def _run_demo(
    store: Store, settings: Settings, job: jobs.Job, reporter: Reporter
) -> Mapping[str, Any]:
    demo.fill_store(store, now=datetime.now(UTC), progress=reporter.or_cancel)
    _sync_ledger(store, settings)
    return _scored(store, settings, job, reporter)


def _run_score(
    store: Store, settings: Settings, job: jobs.Job, reporter: Reporter
) -> Mapping[str, Any]:
    as_of = datetime.fromisoformat(job.params["as_of"])
    return _scored(store, settings, job, reporter, as_of=as_of)


def _scored(
    store: Store,
    settings: Settings,
    job: jobs.Job,
    reporter: Reporter,
    *,
    as_of: datetime | None = None,
) -> Mapping[str, Any]:
    """Score as of a moment, or of the one up to which the store is worth looking at."""
    run = scoring.score(
        store,
        settings.scoring,
        scope=EVERYTHING,
        as_of=as_of or default_as_of(store, now=datetime.now(TIME_ZONE)),
        actor=job.actor,
        progress=reporter.or_cancel,
        seat_params=settings.seat_params(),
    )
    _signals(store, settings, job, reporter, as_of=run.as_of)
    return {"run_id": run.run_id}


def _signals(
    store: Store, settings: Settings, job: jobs.Job, reporter: Reporter, *, as_of: datetime
) -> Mapping[str, Any]:
    """Find what is new, and draw next week's random visits."""
    return signal_step.run(
        store, settings, as_of=as_of, actor=job.actor, progress=reporter.or_cancel
    )


def _run_signals(
    store: Store, settings: Settings, job: jobs.Job, reporter: Reporter
) -> Mapping[str, Any]:
    as_of = datetime.fromisoformat(job.params["as_of"])
    return _signals(store, settings, job, reporter, as_of=as_of)


def _run_backtest(
    store: Store, settings: Settings, job: jobs.Job, reporter: Reporter
) -> Mapping[str, Any]:
    return backtest.run_job(
        store, job, settings.scoring, settings.seat_params(), now=datetime.now(UTC),
        progress=reporter.or_cancel,
    )  # fmt: skip


def _run_plan(
    store: Store, settings: Settings, job: jobs.Job, reporter: Reporter
) -> Mapping[str, Any]:
    params = job.params
    seconds = float(params["seconds"])

    def solving(step: SolveProgress) -> str | None:
        return reporter(
            min(1.0, step.elapsed_s / seconds),
            Message(
                "正在求解 {t} / {limit} 秒",
                {"t": round(step.elapsed_s), "limit": round(seconds)},
            ),
            value=step.value,
            bound=step.bound,
        )

    reporter.or_cancel(0.0, Message("正在准备候选和编队"))
    plan = planning.make_plan(
        store,
        WeekRequest(
            week_start=date.fromisoformat(params["week_start"]),
            district_code=params.get("district_code"),
            n_teams=params.get("n_teams"),
            solver=SolverParams(seconds=seconds, seed=int(params["seed"])),
        ),
        settings.planning,
        settings.scoring,
        scope=access.scope_of(store, job.actor),
        as_of=datetime.fromisoformat(params["as_of"]),
        now=datetime.now(TIME_ZONE),
        actor=job.actor,
        progress=solving,
        plan_id=job.job_id,
    )
    return {"plan_id": plan.plan_id}


def _run_margins(
    store: Store, settings: Settings, job: jobs.Job, reporter: Reporter
) -> Mapping[str, Any]:
    values = plan_margins.make_margins(
        store,
        job.params["plan_id"],
        settings.planning,
        scope=access.scope_of(store, job.actor),
        actor=job.actor,
        now=datetime.now(TIME_ZONE),
        progress=reporter.or_cancel,
    )
    return {"plan_id": job.params["plan_id"], **values}


RUNNERS: Mapping[str, Callable[[Store, Settings, jobs.Job, Reporter], Mapping[str, Any]]] = {
    "demo": _run_demo,
    "import": _run_import,
    "import_check": _run_import_check,
    "score": _run_score,
    "backtest": _run_backtest,
    "signals": _run_signals,
    "plan": _run_plan,
    "plan_margins": _run_margins,
}


def work(store_url: str, *, stop: Callable[[], bool]) -> None:
    """
    Lease and run jobs one after the other until ``stop()`` is true.

    The parent process is watched too: a worker whose server is gone ends, so
    that none is left behind.
    """
    store = open_store(store_url)
    worker = f"{os.uname().nodename}-{os.getpid()}"
    parent = os.getppid()
    while not stop() and os.getppid() == parent:
        job = jobs.lease(store, worker=worker, now=datetime.now(UTC), lease_s=LEASE_S)
        if job is None:
            time.sleep(POLL_S)
            continue
        _supervise(store, store_url, job.job_id, worker=worker, stop=stop)


def _supervise(
    store: Store, store_url: str, job_id: str, *, worker: str, stop: Callable[[], bool]
) -> None:
    """Run one job in a child, renew its lease, end it when asked and it does not listen."""
    child = subprocess.Popen(  # noqa: S603 - our own command, no shell
        [sys.executable, "-m", "cli", "job", job_id],
        cwd=Path(__file__).parent.parent,
        # not on the command line, where every user of the machine would see a password
        env={**os.environ, access.STORE_VARIABLE: store_url},
    )
    asked_s: float | None = None
    while child.poll() is None:
        time.sleep(POLL_S)
        jobs.renew(store, job_id, worker=worker, now=datetime.now(UTC), lease_s=LEASE_S)
        job = jobs.get_job(store, job_id, scope=EVERYTHING)
        if job.stop_mode is not None and asked_s is None:
            asked_s = time.monotonic()
        overdue = asked_s is not None and time.monotonic() - asked_s > STOP_GRACE_S
        if stop() or overdue:
            child.terminate()
    job = jobs.get_job(store, job_id, scope=EVERYTHING)
    if job.status != "running":
        return
    if job.stop_mode is not None:
        jobs.cancelled(store, job_id)
    elif not stop():
        log.error("job %s ended with code %s", job_id, child.returncode)
        jobs.fail(
            store,
            job_id,
            message=Message(
                "后台进程意外结束（代码 {exit_code}），未保存本次操作。请重试",
                {"exit_code": child.returncode},
            ),
        )
