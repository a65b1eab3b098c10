"""
Open the store and hand out connections.

What was acknowledged survives a kill and a power cut: every write is one
``BEGIN IMMEDIATE`` transaction with ``synchronous=FULL``. The write-ahead log is
used only with SQLite 3.51.3 or newer, because 3.7.0 to 3.51.2 can corrupt it
when two connections write and checkpoint at the same moment
(https://sqlite.org/wal.html, "the WAL-reset bug").
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, exc, insert, select, update
from sqlalchemy.engine import make_url

from data.store import tables
from errors import StoreBusyError, StoreError

BUSY_TIMEOUT_S = 30.0
WAL_SAFE_VERSION = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. Safe to share between threads; open it anew in each process."""

    url: str
    path: Path
    reader: Engine
    writer: Engine

    @property
    def folder(self) -> Path:
        """The folder of the store's file."""
        return self.path.parent

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Hand out a connection that sees one state of the store and can't write."""
        with _spoken_errors(self.path), self.reader.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Hand out the one writing connection; commit on leaving, undo on an error."""
        with _spoken_errors(self.path), self.writer.begin() as conn:
            yield conn

    def close(self) -> None:
        """Close all connections."""
        self.reader.dispose()
        self.writer.dispose()


def open_store(url: str, *, create: bool = True) -> Store:
    """
    Open the store at ``sqlite:///path`` and check its schema version.

    A new or empty file gets the schema. With ``create=False`` a missing file is
    an error.

    Raises
    ------
    StoreError
        If the path can't be read or written, is no database, or holds another
        schema version than this program.
    """
    store = _connect(url, create=create)
    try:
        _make_current(store)
    except BaseException:
        store.close()
        raise
    return store


def open_for_upgrade(url: str) -> Store:
    """Open a store of an older schema version, to pass it to ``upgrade``."""
    return _connect(url, create=False)


def upgrade(store: Store) -> None:
    """
    Bring the schema up to date, all steps in one transaction.

    Raises
    ------
    StoreError
        If the store was written by a newer program.
    """
    from data.store.migrations import run

    with store.write() as conn:
        version = _version(conn)
        if version is not None and version not in run.known_versions():
            raise _other_version(store.path, version)
        run.to_head(conn)


def schema_version(store: Store) -> str | None:
    """Return the alembic revision of the store, ``None`` for an empty one."""
    with store.read() as conn:
        return _version(conn)


def data_version(store: Store) -> int:
    """Return a number that grows with every committed import, score and plan."""
    with store.read() as conn:
        found = conn.execute(
            select(tables.meta.c.value).where(tables.meta.c.name == "data_version")
        ).scalar()
    return int(found or 0)


def bump_data_version(conn: Connection) -> None:
    """Say inside a write transaction that what screens show has changed."""
    counter = tables.meta.c
    done = conn.execute(
        update(tables.meta).where(counter.name == "data_version").values(value=counter.value + 1)
    )
    if not done.rowcount:
        conn.execute(insert(tables.meta).values(name="data_version", value=1))


def to_seconds(when: datetime) -> int:
    """
    Return whole seconds since 1970 UTC.

    Raises
    ------
    ValueError
        If ``when`` has no time zone.
    """
    if when.tzinfo is None:
        raise ValueError(f"need a time zone, got {when}")
    return int(when.timestamp() // 1)


def to_instant(seconds: int) -> datetime:
    """Return the UTC instant of ``seconds`` since 1970."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def written_at(now: datetime | None) -> int:
    """Return ``now`` in seconds; writers that were given no time ask the clock here."""
    return to_seconds(datetime.now(tz=UTC) if now is None else now)


def _connect(url: str, *, create: bool) -> Store:
    parsed = make_url(url)
    if (
        parsed.get_backend_name() != "sqlite"
        or not parsed.database
        or parsed.database == ":memory:"
    ):
        raise StoreError("数据库地址应为 sqlite:///路径，实为 {url}", url=parsed.render_as_string())
    path = Path(parsed.database)
    if not create and not path.exists():
        raise StoreError("找不到数据库 {path}", path=str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(path) from error
    return Store(
        url=url,
        path=path,
        reader=_engine(path, begin="BEGIN", read_only=True),
        writer=_engine(path, begin="BEGIN IMMEDIATE", read_only=False),
    )


def _make_current(store: Store) -> None:
    version = schema_version(store)
    if version is None:
        upgrade(store)
    elif version != tables.SCHEMA_VERSION:
        raise _other_version(store.path, version)


def _engine(path: Path, *, begin: str, read_only: bool) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        pool_size=8,
        max_overflow=16,
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


def _version(conn: Connection) -> str | None:
    names = conn.exec_driver_sql(
        "SELECT count(*), sum(name = 'alembic_version') FROM sqlite_master"
    ).one()
    if not names[0]:
        return None
    if not names[1]:
        raise StoreError("该文件是数据库，但不是医巡的数据库")
    version = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)


def _other_version(path: Path, version: str) -> StoreError:
    return StoreError(
        "数据库 {path} 的结构版本是 {found}，本程序需要 {expected}；"
        "请先运行 medpatrol migrate 或更新程序",
        path=str(path),
        found=version,
        expected=tables.SCHEMA_VERSION,
    )


def _not_writable(path: Path) -> StoreError:
    return StoreError("不能打开或写入数据库 {path}，请检查路径、权限和磁盘空间", path=str(path))


@contextmanager
def _spoken_errors(path: Path) -> Iterator[None]:
    """Turn the driver's errors into sentences a person can act on."""
    try:
        yield
    except exc.IntegrityError:
        raise
    except exc.DatabaseError as error:
        reason = str(error.orig).lower()
        spoken: StoreError | None = None
        if "locked" in reason or "busy" in reason:
            spoken = StoreBusyError("数据库正被其他程序占用，请稍后再试")
        elif "not a database" in reason or "malformed" in reason:
            spoken = StoreError("{path} 不是可读的数据库，或已损坏；请从备份恢复", path=str(path))
        elif any(word in reason for word in ("unable to open", "readonly", "disk", "full")):
            spoken = _not_writable(path)
        if spoken is None:
            raise
        with suppress(AttributeError):
            spoken.add_note(reason)
        raise spoken from error
