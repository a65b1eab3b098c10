"""
The embedded store: one SQLite file.

What was acknowledged survives a kill and a power cut: every write is one
``BEGIN IMMEDIATE`` transaction with ``synchronous=FULL``. The write-ahead log is
used only with SQLite 3.51.3 or newer, because 3.7.0 to 3.51.2 can corrupt it
when two connections write and checkpoint at the same moment
(https://sqlite.org/wal.html, "the WAL-reset bug").
"""

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from data.store.backends import BUSY_TIMEOUT_S, Opened
from errors import StoreBusyError, StoreError

WAL_SAFE_VERSION = (3, 51, 3)


def connect(url: URL, *, create: bool) -> Opened:
    """Return the engines of the file; with ``create=False`` it must be there."""
    if not url.database or url.database == ":memory:":
        raise StoreError("数据库地址应为 sqlite:///路径，实为 {url}", url=str(url))
    path = Path(url.database)
    if not create and not path.exists():
        raise StoreError("找不到数据库 {path}", path=str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(str(path)) from error
    return Opened(
        label=str(path),
        path=path,
        reader=_engine(path, begin="BEGIN", read_only=True),
        writer=_engine(path, begin="BEGIN IMMEDIATE", read_only=False),
    )


def spoken(error: exc.DBAPIError, label: str) -> StoreError | None:
    """Return a sentence a person can act on, ``None`` if the error is a fault of ours."""
    reason = str(error.orig).lower()
    if "locked" in reason or "busy" in reason:
        return StoreBusyError("数据库正被其他程序占用，请稍后再试")
    if "not a database" in reason or "malformed" in reason:
        return StoreError("{path} 不是可读的数据库，或已损坏；请从备份恢复", path=label)
    if any(word in reason for word in ("unable to open", "readonly", "disk", "full")):
        return _not_writable(label)
    return None


def prepare(conn: Connection) -> None:
    """Nothing beyond the tables: shapes stay WKB."""


def _engine(path: Path, *, begin: str, read_only: bool) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        pool_size=8,
        max_overflow=16,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi: sqlite3.Connection, _record: object) -> None:
        # The driver would begin (deferred) transactions by itself; see "begin" below.
        dbapi.isolation_level = None
        wal = sqlite3.sqlite_version_info >= WAL_SAFE_VERSION
        dbapi.execute("PRAGMA foreign_keys=ON")
        dbapi.execute("PRAGMA synchronous=FULL")
        if read_only:
            dbapi.execute("PRAGMA query_only=ON")
        else:
            dbapi.execute(f"PRAGMA journal_mode={'WAL' if wal else 'DELETE'}")
            # A spilled cache takes the exclusive lock in the middle of an import,
            # and every reader waits until its end.
            dbapi.execute("PRAGMA cache_spill=OFF")

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql(begin)

    return engine


def _not_writable(label: str) -> StoreError:
    return StoreError("不能打开或写入数据库 {path}，请检查路径、权限和磁盘空间", path=label)
