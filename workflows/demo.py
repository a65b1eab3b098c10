"""The made-up city: write its files, fill an empty store with it, take it out again."""

import logging
import tempfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from data import audit
from data.importers.report import ImportReport
from data.records import Message
from data.scope import EVERYTHING
from data.store import engine, jobs, removal
from data.store.engine import Store
from data.synthetic import city
from data.synthetic.city import DemoSummary
from data.synthetic.scales import END, campaign_dates
from errors import StoreBusyError
from workflows.importing import import_paths

log = logging.getLogger(__name__)

DEMO_ACTOR = "demo-city"
"""Who the imports of the made-up city are booked under; no account may have this name."""
DEFAULT_SEED = 1
_WRITING_SHARE = 0.35

Progress = Callable[[float, Message], None]

_STEPS = {
    "land": Message("正在生成演示城市的地形和道路"),
    "history": Message("正在生成机构和两年历史"),
    "files": Message("正在写入演示数据文件"),
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


def about(*, end: date = END) -> tuple[Message, ...]:
    """Return the sentences of the page that tells how the city was made up."""
    first, last = campaign_dates(end)
    return (
        Message("云岭市是为演示而虚构的城市：地名、机构、人员、线索和案件全部由程序生成。"),
        Message("区划代码以 99 开头，全国没有这个省级代码，不会与真实地区混淆。"),
        Message(
            "地形由水系演化而来，城镇建在河谷平地，道路沿最省力的线路修筑；城乡分类看建成区是否连片。"
        ),
        Message(
            "历史截至 {to}，共两年：窝点开设、迁移、被通风报信，群众举报有迟报、错报和沉默的村，检查有习惯路线。",
            {"to": end.isoformat()},
        ),
        Message(
            "{from_on} 至 {to_on} 的专项行动按一次真实行动公布的总数校准，每项相差不超过 5 %。",
            {"from_on": first.isoformat(), "to_on": last.isoformat()},
        ),
        Message("真正藏在哪里另存一份，从不导入，只用来检验评分是否可信。"),
        Message("导入真实数据之前，请先删除演示数据；由它算出的评分和计划会一并删除。"),
    )


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
        raise StoreBusyError("还有任务正在运行，结束后才能删除演示数据")
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
    log.info("removed the made-up city: %s versions", n_deleted)
    return n_deleted
