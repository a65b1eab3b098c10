"""
What a person asks for on the import page: look at files, then store them, or let them be.

Uploaded files lie in a folder beside the store until they are stored or given up.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.importers.profiles import read_profile
from data.records import Message
from data.scope import Scope
from data.store import engine, imports, jobs
from data.store.engine import Store
from data.store.jobs import Job
from errors import NoDataError, NotFoundError
from workflows import access, import_preview, import_profiles, importing, requests
from workflows.import_preview import Progress
from workflows.import_reading import Choice, Wish
from workflows.requests import UPLOADS, Upload, safe_name

CHECK = "import_check"
_KEPT_S = 86_400.0


def request_check(
    store: Store,
    uploads: Sequence[Upload],
    *,
    kind: str | None,
    datum: str,
    profile: Path | None,
    actor: str,
) -> str:
    """
    Put uploaded files aside and queue a look at them; nothing is stored by it.

    The same files with the same settings give the same job while the store has not
    changed.

    Raises
    ------
    ForbiddenError
        If the actor lacks ``imports.write``.
    NoDataError
        If there is no file beside a profile.
    """
    access.require(store, actor, "imports.write")
    if not any(not upload.name.lower().endswith(".toml") for upload in uploads):
        raise NoDataError("没有可导入的文件。请选择 CSV、XLSX 或图层文件")
    drop_old_uploads(store)
    key = hashlib.sha256()
    for upload in uploads:
        key.update(upload.name.encode() + b"\0" + hashlib.sha256(upload.content).digest())
    key.update(f"{kind}|{datum}|{profile}|{actor}|{engine.data_version(store)}".encode())
    folder = store.folder / UPLOADS / key.hexdigest()[:24]
    folder.mkdir(parents=True, exist_ok=True)
    for upload in uploads:
        path = folder / safe_name(upload.name)
        path.write_bytes(upload.content)
        if path.suffix.lower() == ".toml":
            profile = path
    params: dict[str, object] = {
        "folder": str(folder),
        "kind": kind,
        "datum": datum,
        "profile": None if profile is None else str(profile),
        "choices": [],
    }
    return jobs.submit(
        store, kind=CHECK, params=params, key=f"check-{key.hexdigest()}", actor=actor
    )


def check_again(
    store: Store,
    job_id: str,
    choices: Sequence[Mapping[str, Any]],
    *,
    actor: str,
    scope: Scope,
) -> str:
    """Queue another look at the same files, read as the person settled it."""
    access.require(store, actor, "imports.write")
    params = {**_checked(store, job_id, scope=scope).params, "choices": list(choices)}
    return jobs.submit(
        store, kind=CHECK, params=params, key=_key("check", store, params), actor=actor
    )


def store_checked(
    store: Store, job_id: str, *, actor: str, scope: Scope, together: bool = False
) -> str:
    """
    Queue the import of files that were looked at; a second click is the same job.

    ``together`` stores all files or none. After an import was taken back the same
    files can be stored once more.
    """
    access.require(store, actor, "imports.write")
    params = {**_checked(store, job_id, scope=scope).params, "together": together}
    key = _key("import", store, params, moment=imports.n_undone(store))
    return jobs.submit(store, kind="import", params=params, key=key, actor=actor)


def give_up(store: Store, job_id: str, *, actor: str, scope: Scope) -> None:
    """Delete the uploaded files of a look; nothing of them was stored."""
    access.require(store, actor, "imports.write")
    requests.discard_upload(Path(_checked(store, job_id, scope=scope).params["folder"]))


def run_check(store: Store, job: Job, *, progress: Progress) -> dict[str, Any]:
    """Do the look that a job asks for."""
    access.require(store, job.actor, "imports.write")
    params = job.params
    folder = Path(params["folder"])
    if not folder.is_dir():
        raise NoDataError("上传的文件已清除，请重新选择文件")
    profile = None if params.get("profile") is None else Path(params["profile"])
    sources, ignored = importing.find_sources([folder], profile=profile)
    wish = Wish(
        kind=params.get("kind"),
        datum=params.get("datum", "auto"),
        profile=None if profile is None else read_profile(profile),
        actor=job.actor,
        now=datetime.now(UTC),
        choices=[Choice.of(choice) for choice in params.get("choices", ())],
        saved=import_profiles.saved_profiles(store),
        job_id=job.job_id,
    )
    found = import_preview.preview(store, sources, wish=wish, progress=progress)
    progress(1.0, Message("检查完成"))
    return {**found, "ignored": ignored}


def drop_old_uploads(store: Store) -> None:
    """Delete uploaded files that nobody stored within a day."""
    for folder in (store.folder / UPLOADS).glob("*"):
        if folder.is_dir() and time.time() - folder.stat().st_mtime > _KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)


def points(store: Store, job_id: str, *, scope: Scope) -> Mapping[str, Any]:
    """Return the map layer of a look; NotFoundError where there is none for this reader."""
    found = (_checked(store, job_id, scope=scope).result or {}).get("points")
    if not found:
        raise NotFoundError("没有这项内容，或不在您的辖区")
    return dict(found)


def _checked(store: Store, job_id: str, *, scope: Scope) -> Job:
    job = jobs.get_job(store, job_id, scope=scope)
    if job.kind != CHECK:
        raise NotFoundError("没有这项内容，或不在您的辖区")
    return job


def _key(what: str, store: Store, params: Mapping[str, Any], *, moment: int | None = None) -> str:
    when = engine.data_version(store) if moment is None else moment
    text = json.dumps(params, sort_keys=True, ensure_ascii=False)
    return f"{what}-{hashlib.sha256(f'{text}|{when}'.encode()).hexdigest()}"
