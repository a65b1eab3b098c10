"""The made-up city: write its files, fill an empty store with it, take it out again."""

import logging
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from data import audit
from data.importers.report import ImportReport
from data.records import Message
from data.scope import EVERYTHING
from data.store import engine, jobs, removal
from data.store.engine import Store
from data.synthetic import city
from data.synthetic.city import DemoSummary
from errors import StoreBusyError
from workflows import area_classes
from workflows.importing import import_paths

log = logging.getLogger(__name__)

DEMO_ACTOR = "demo-city"
"""Who the imports of the made-up city are booked under; no account may have this name."""
DEFAULT_SEED = 1
_WRITING_SHARE = 0.35

Progress = Callable[[float, Message], None]

_STEPS = {
    "land": Message("正在生成示例城市的地形和道路"),
    "history": Message("正在生成机构和两年历史"),
    "files": Message("正在写入示例数据文件"),
}


def write_demo(
    out: Path,
    *,
    seed: int = DEFAULT_SEED,
    scale: str = "prefecture",
    progress: Progress | None = None,
) -> DemoSummary:
    """Write the made-up city's files to a folder, and its truth to ``out/truth``."""

    def tell(share: float, step: str) -> None:
        if progress is not None:
            progress(share, _STEPS[step])

    return city.make_city(out, seed=seed, scale=scale, progress=tell)


def fill_store(
    store: Store,
    *,
    now: datetime,
    seed: int = DEFAULT_SEED,
    scale: str = "prefecture",
    progress: Progress | None = None,
) -> ImportReport:
    """
    Load the made-up city, marked so that ``remove_demo`` finds it again.

    The truth is written to a folder that is gone afterwards, and never loaded.
    """

    def write_share(share: float, message: Message) -> None:
        if progress is not None:
            progress(share * _WRITING_SHARE, message)

    def load_share(share: float, message: Message) -> None:
        if progress is not None:
            progress(_WRITING_SHARE + share * (1.0 - _WRITING_SHARE), message)

    with tempfile.TemporaryDirectory(prefix="medpatrol-demo-") as folder:
        summary = write_demo(Path(folder), seed=seed, scale=scale, progress=write_share)
        report = import_paths(
            store, [summary.folder], actor=DEMO_ACTOR, now=now, progress=load_share
        )
    log.info("loaded the made-up city: %s rows", report.n_rows)
    return report


def has_demo(store: Store) -> bool:
    """Whether the store holds anything of the made-up city."""
    with store.read() as conn:
        return bool(removal.imports_by(conn, actor=DEMO_ACTOR))


def remove_demo(store: Store, *, actor: str, now: datetime) -> int:
    """
    Take the made-up city out of the store, with all scores and plans made from it.

    What other imports brought stays.

    Returns
    -------
    n_deleted
        Versions of records deleted; 0 if there was no made-up city.

    Raises
    ------
    StoreBusyError
        If a job is running: it would write results about places that are gone.
    """
    if jobs.active_jobs(store, scope=EVERYTHING):
        raise StoreBusyError("还有任务正在运行，结束后才能移除示例城市")
    with store.write() as conn:
        import_ids = removal.imports_by(conn, actor=DEMO_ACTOR)
        if not import_ids:
            return 0
        deleted = removal.remove_imports(conn, import_ids)
        n_deleted = sum(deleted.values())
        audit.append(
            conn,
            at=engine.to_seconds(now),
            actor=actor,
            action="remove_demo",
            detail={"n_imports": len(import_ids), "n_deleted": n_deleted},
        )
        engine.bump_data_version(conn)
    area_classes.compute_after(store, area_classes.CHANGED_BY, actor=actor, now=now)
    log.info("removed the made-up city: %s versions", n_deleted)
    return n_deleted
