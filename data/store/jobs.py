"""
Long work as rows of a table, so that neither a reload nor a restart loses a job.

A worker leases a job for some seconds and renews the lease while it works. A job
whose worker died goes back to the queue once; the second time it fails.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, false, insert, or_, select, true, update

from data import audit
from data.records import Message
from data.scope import Scope
from data.store import documents, engine, tables
from data.store.engine import Store
from errors import NotFoundError

MAX_ATTEMPTS = 2
_STOP_MODES = frozenset({"use", "cancel"})
_FRUITLESS = frozenset({"failed", "cancelled"})
_table = tables.jobs
_job = tables.jobs.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """
    One piece of long work.

    ``status`` is queued, running, done, failed or cancelled; ``progress`` runs
    from 0 to 1; ``value`` and ``bound`` are the best value so far and what can't be
    exceeded; ``stop_mode`` says that somebody asked to stop: ``use`` what is there,
    or ``cancel``.
    """

    job_id: str
    kind: str
    params: Mapping[str, Any]
    district_code: str | None
    status: str
    progress: float
    message: Message | None
    value: float | None
    bound: float | None
    result: Mapping[str, Any] | None
    stop_mode: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    actor: str
    worker: str | None
    lease_until: datetime | None


def submit(
    store: Store,
    *,
    kind: str,
    params: Mapping[str, object],
    key: str,
    actor: str,
    district_code: str | None = None,
    now: datetime | None = None,
) -> str:
    """
    Queue a job and return its ``job_id``; the same idempotency key gives the same job.

    A job that failed or was cancelled does not stand in the way of a new attempt.
    """
    at = engine.written_at(now)
    with store.write() as conn:
        known = conn.execute(
            select(_job.job_id, _job.status).where(_job.idempotency_key == key)
        ).one_or_none()
        if known is not None and known.status not in _FRUITLESS:
            return str(known.job_id)
        if known is not None:
            _change(conn, known.job_id, idempotency_key=f"{key}#{known.job_id}")
        job_id = secrets.token_hex(8)
        conn.execute(
            insert(_table).values(
                job_id=job_id,
                idempotency_key=key,
                kind=kind,
                params=documents.to_text(params),
                district_code=district_code,
                actor=actor,
                status="queued",
                progress=0.0,
                created_at=at,
                n_attempts=0,
            )
        )
        audit.append(
            conn, at=at, actor=actor, action="job.submit", object_id=job_id, detail={"kind": kind}
        )
    return job_id


def lease(store: Store, *, worker: str, now: datetime, lease_s: float) -> Job | None:
    """Take the oldest waiting job for ``lease_s`` seconds; ``None`` if nothing waits."""
    at = engine.to_seconds(now)
    with store.write() as conn:
        _give_back(conn, at)
        job_id = conn.execute(
            select(_job.job_id)
            .where(_job.status == "queued")
            .order_by(_job.created_at, _table.c.job_id)
            .limit(1)
        ).scalar()
        if job_id is None:
            return None
        _change(
            conn,
            job_id,
            status="running",
            worker=worker,
            lease_until=at + round(lease_s),
            started_at=at,
            n_attempts=_job.n_attempts + 1,
        )
        row = conn.execute(select(_table).where(_job.job_id == job_id)).one()
    return _to_job(row)


def renew(store: Store, job_id: str, *, worker: str, now: datetime, lease_s: float) -> bool:
    """Extend the lease; ``False`` if the job is no longer this worker's, or has ended."""
    with store.write() as conn:
        until = engine.to_seconds(now) + round(lease_s)
        done = conn.execute(
            update(_table)
            .where(_job.job_id == job_id, _job.worker == worker, _job.status == "running")
            .values(lease_until=until)
        )
    return bool(done.rowcount)


def report(
    store: Store,
    job_id: str,
    *,
    progress: float,
    message: Message | None,
    value: float | None = None,
    bound: float | None = None,
) -> None:
    """Say how far a running job is (0 to 1) and the best value so far."""
    text = None if message is None else documents.to_text(message)
    with store.write() as conn:
        conn.execute(
            update(_table)
            .where(_job.job_id == job_id, _job.status == "running")
            .values(progress=min(max(progress, 0.0), 1.0), message=text, value=value, bound=bound)
        )


def finish(
    store: Store, job_id: str, *, result: Mapping[str, object], now: datetime | None = None
) -> None:
    """Mark a running job as done, with what it produced."""
    _end(store, job_id, "done", now=now, progress=1.0, result=documents.to_text(result))


def fail(store: Store, job_id: str, *, message: Message, now: datetime | None = None) -> None:
    """Mark a job as failed, with the sentence that says why."""
    _end(store, job_id, "failed", now=now, message=documents.to_text(message))


def cancelled(store: Store, job_id: str, *, now: datetime | None = None) -> None:
    """Mark a job as stopped on request; nothing came of it."""
    _end(store, job_id, "cancelled", now=now)


def request_stop(
    store: Store, job_id: str, *, mode: str, actor: str = "local", now: datetime | None = None
) -> None:
    """
    Ask a job to stop: ``use`` keeps the best so far, ``cancel`` drops it.

    A job that still waits is cancelled at once; one that has ended stays as it is.
    """
    if mode not in _STOP_MODES:
        raise ValueError(f"mode is one of {sorted(_STOP_MODES)}, got {mode}")
    at = engine.written_at(now)
    with store.write() as conn:
        status = conn.execute(select(_job.status).where(_job.job_id == job_id)).scalar()
        if status is None:
            raise _missing(job_id)
        if status == "running":
            _change(conn, job_id, stop_mode=mode)
        elif status == "queued":
            _change(conn, job_id, stop_mode=mode, status="cancelled", finished_at=at)
        audit.append(
            conn, at=at, actor=actor, action="job.stop", object_id=job_id, detail={"mode": mode}
        )


def get_job(store: Store, job_id: str, *, scope: Scope) -> Job:
    """
    Load one job.

    Raises
    ------
    NotFoundError
        If there is none, or it is not for this reader.
    """
    with store.read() as conn:
        row = conn.execute(
            select(_table).where(_job.job_id == job_id, _in_scope(scope))
        ).one_or_none()
    if row is None:
        raise _missing(job_id)
    return _to_job(row)


def active_jobs(store: Store, *, scope: Scope) -> list[Job]:
    """List waiting and running jobs, oldest first."""
    query = (
        select(_table)
        .where(_job.status.in_(("queued", "running")), _in_scope(scope))
        .order_by(_job.created_at, _job.job_id)
    )
    with store.read() as conn:
        return [_to_job(row) for row in conn.execute(query)]


def _give_back(conn: Connection, at: int) -> None:
    """Queue jobs whose worker went silent once more; fail those that lost two workers."""
    lapsed = (_job.status == "running") & (_job.lease_until < at)
    lost = documents.to_text(Message("任务两次中断，已停止；请检查后重新提交"))
    conn.execute(
        update(_table)
        .where(lapsed, or_(_job.n_attempts >= MAX_ATTEMPTS, _job.stop_mode == "cancel"))
        .values(status="failed", message=lost, finished_at=at, lease_until=None)
    )
    conn.execute(
        update(_table)
        .where(lapsed)
        .values(status="queued", worker=None, lease_until=None, progress=0.0)
    )


def _end(store: Store, job_id: str, status: str, *, now: datetime | None, **values: object) -> None:
    at = engine.written_at(now)
    with store.write() as conn:
        conn.execute(
            update(_table)
            .where(_job.job_id == job_id, _job.status.in_(("queued", "running")))
            .values(status=status, finished_at=at, lease_until=None, **values)
        )


def _change(conn: Connection, job_id: str, **values: object) -> None:
    conn.execute(update(_table).where(_job.job_id == job_id).values(**values))


def _missing(job_id: str) -> NotFoundError:
    return NotFoundError("没有这个任务，或已结束：{job_id}", job_id=job_id)


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    if scope.districts is None:
        return true()
    codes = sorted(scope.districts)
    mine = _job.actor == scope.user
    return or_(mine, _job.district_code.in_(codes) if codes else false())


def _to_job(row: Row) -> Job:
    found = row._asdict()

    def moment(name: str) -> datetime | None:
        return None if found[name] is None else engine.to_instant(found[name])

    return Job(
        job_id=found["job_id"],
        kind=found["kind"],
        params=json.loads(found["params"]),
        district_code=found["district_code"],
        status=found["status"],
        progress=found["progress"],
        message=documents.to_message(found["message"]),
        value=found["value"],
        bound=found["bound"],
        result=None if found["result"] is None else json.loads(found["result"]),
        stop_mode=found["stop_mode"],
        created_at=engine.to_instant(found["created_at"]),
        started_at=moment("started_at"),
        finished_at=moment("finished_at"),
        actor=found["actor"],
        worker=found["worker"],
        lease_until=moment("lease_until"),
    )
