"""
What a person asks for from a screen: the made-up city, scores, a plan, a stop.

Each request asks for its right here and once more when its job begins. It is a row
in the jobs table with an idempotency key, so that a double click or a repeated request
after a broken connection does it once. Files are asked for in ``import_requests``.
"""

import re
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from data import audit
from data.scope import Scope
from data.store import jobs
from data.store.engine import Store
from data.store.jobs import Job
from errors import NotFoundError
from workflows import access, demo

UPLOADS = "uploads"
EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
RIGHT_OF = {
    "import": "imports.write",
    "import_check": "imports.write",
    "demo": "imports.write",
    "score": "scores.run",
    "backtest": "scores.run",
    "plan": "plans.write",
    "plan_margins": "plans.write",
}
"""Kind of job → right of who may ask for it, run it and stop it."""

_UNSAFE = re.compile(r"[\x00-\x1f/\\:*?\"<>|]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One uploaded file: the name its owner gave it, and its bytes."""

    name: str
    content: bytes


def shipped_profiles() -> dict[str, Path]:
    """Return name → path of the mapping profiles that come with the product."""
    return {path.stem: path for path in sorted(EXAMPLES.glob("*.toml"))}


def safe_name(name: str) -> str:
    """Return a file name without folders or characters that a file system would trip over."""
    cleaned = _UNSAFE.sub("_", name).strip(" .")
    return cleaned[-120:] or "file"


def discard_upload(folder: Path) -> None:
    """Delete the files of one upload; they are in the store now, or were refused."""
    if folder.parent.name == UPLOADS:
        shutil.rmtree(folder, ignore_errors=True)


def request_demo(store: Store, *, actor: str, key: str) -> str:
    """Queue the filling of the store with the made-up city, and its scoring."""
    access.require(store, actor, RIGHT_OF["demo"])
    return jobs.submit(store, kind="demo", params={}, key=key, actor=actor)


def request_first_demo(store: Store) -> None:
    """Queue the made-up city for a store that never held anything; ask once and never again."""
    if not audit.has_entries(store):
        request_demo(store, actor=access.FIRST_START, key="first-start")


def remove_demo(store: Store, *, actor: str, now: datetime) -> int:
    """Take the made-up city out of the store; return how many record versions went."""
    access.require(store, actor, "imports.undo")
    return demo.remove_demo(store, actor=actor, now=now)


def request_score(store: Store, *, as_of: datetime, actor: str, key: str) -> str:
    """
    Queue the scoring of all cells and facilities; return the job's id.

    There is one run for the whole city, whoever asks for it: cells are compared with all
    others. Each reader sees the part inside their own scope.
    """
    access.require(store, actor, RIGHT_OF["score"])
    return jobs.submit(
        store, kind="score", params={"as_of": as_of.isoformat()}, key=key, actor=actor
    )


def request_plan(
    store: Store,
    *,
    week_start: date,
    district_code: str | None,
    n_teams: int | None,
    seconds: float,
    seed: int,
    as_of: datetime,
    actor: str,
    scope: Scope,
    key: str,
) -> str:
    """
    Queue the making of a plan; return the job's id.

    Who may see one district only plans that district, also where none is named.

    Raises
    ------
    ForbiddenError
        If the actor lacks ``plans.write``.
    NotFoundError
        If the district is not in the scope, or none is named and the scope holds several.
    """
    access.require(store, actor, RIGHT_OF["plan"])
    district_code = _planned_district(scope, district_code)
    return jobs.submit(
        store,
        kind="plan",
        params={
            "week_start": week_start.isoformat(),
            "district_code": district_code,
            "n_teams": n_teams,
            "seconds": seconds,
            "seed": seed,
            "as_of": as_of.isoformat(),
        },
        key=key,
        actor=actor,
        district_code=district_code,
    )


def _planned_district(scope: Scope, district_code: str | None) -> str | None:
    """Return the district of a plan; ``None``, the whole city, only where the scope is whole."""
    if scope.districts is None:
        return district_code
    if district_code is None and len(scope.districts) == 1:
        [district_code] = scope.districts
    if district_code is None:
        raise NotFoundError("请先选择区县，您的账号不能编制全市计划")
    if district_code not in scope.districts:
        raise NotFoundError("没有这项内容，或不在您的辖区")
    return district_code


def request_margins(
    store: Store, plan_id: str, *, district_code: str | None, actor: str, key: str
) -> str:
    """Queue the computing of what more or fewer hands are worth to a plan; return the job's id."""
    access.require(store, actor, RIGHT_OF["plan_margins"])
    params = {"plan_id": plan_id, "district_code": district_code}
    return jobs.submit(store, kind="plan_margins", params=params, key=key, actor=actor)


def job(store: Store, job_id: str, *, scope: Scope) -> Job:
    """Return a job's row; NotFoundError where it is not there or not the reader's."""
    return jobs.get_job(store, job_id, scope=scope)


def stop(store: Store, job_id: str, *, use: bool, actor: str, scope: Scope) -> None:
    """
    Ask a job to stop and keep its best so far (``use``), or to leave all as it was.

    Raises
    ------
    NotFoundError
        If the job is not there or not the actor's to see.
    ForbiddenError
        If the actor lacks the right to ask for such a job.
    """
    found = jobs.get_job(store, job_id, scope=scope)
    access.require(store, actor, RIGHT_OF[found.kind])
    jobs.request_stop(store, job_id, mode="use" if use else "cancel", actor=actor)
