"""
Open the store and hand out connections.

There are two kinds of store with one schema: an SQLite file and a PostgreSQL
database (``sqlite.py``, ``postgres.py``). A reader sees one state and can't
write; writers come one after another; what was acknowledged survives a kill and a
power cut.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, exc, insert, inspect, select, update
from sqlalchemy.engine import make_url

from data.store import postgres, sqlite, tables
from data.store.backends import Backend
from errors import StoreBusyError, StoreError

_BACKENDS: Mapping[str, Backend] = {"sqlite": sqlite, "postgresql": postgres}
_NOT_OURS = frozenset({"spatial_ref_sys"})
"""Tables that an extension of the server brings."""


@dataclass(frozen=True, slots=True)
class Store:
    """
    An open store. Safe to share between threads; open it anew in each process.

    ``url`` may hold a password: show ``label``. ``path`` is what the files that
    belong to the store (keys, travel times, uploads) are named after; only for
    SQLite is it the store's own file.
    """

    url: str = field(repr=False)
    label: str
    path: Path
    reader: Engine = field(repr=False)
    writer: Engine = field(repr=False)

    @property
    def folder(self) -> Path:
        """The folder of the files that belong to the store."""
        return self.path.parent

    @property
    def is_server(self) -> bool:
        """Whether the store is a database of a server, not a file."""
        return self.reader.dialect.name != "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Hand out a connection that sees one state of the store and can't write."""
        with _spoken_errors(self), self.reader.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Hand out the one writing connection; commit on leaving, undo on an error."""
        with _spoken_errors(self), self.writer.begin() as conn:
            yield conn

    def close(self) -> None:
        """Close all connections."""
        self.reader.dispose()
        self.writer.dispose()


def open_store(url: str, *, create: bool = True) -> Store:
    """
    Open the store at ``sqlite:///path`` or ``postgresql://…`` and check its schema version.

    A new or empty one gets the schema. With ``create=False`` a missing file is an
    error; a server's database must always be there.

    Raises
    ------
    StoreError
        If the store can't be reached, read or written, is no database, or holds
        another schema version than this program.
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
            raise _other_version(store, version)
        if store.is_server:
            postgres.check_server(conn)
        run.to_head(conn)
        _backend(store.url).prepare(conn)


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


def _backend(url: str) -> Backend:
    try:
        return _BACKENDS[make_url(url).get_backend_name()]
    except (KeyError, exc.ArgumentError) as error:
        raise StoreError("数据库地址应为 sqlite:///路径 或 postgresql://用户@主机/库名") from error


def _connect(url: str, *, create: bool) -> Store:
    opened = _backend(url).connect(make_url(url), create=create)
    return Store(
        url=url,
        label=opened.label,
        path=opened.path,
        reader=opened.reader,
        writer=opened.writer,
    )


def _make_current(store: Store) -> None:
    version = schema_version(store)
    if version is None:
        upgrade(store)
    elif version != tables.SCHEMA_VERSION:
        raise _other_version(store, version)


def _version(conn: Connection) -> str | None:
    names = set(inspect(conn).get_table_names()) - _NOT_OURS
    if not names:
        return None
    if "alembic_version" not in names:
        raise StoreError("该文件是数据库，但不是医巡的数据库")
    version = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)


def _other_version(store: Store, version: str) -> StoreError:
    return StoreError(
        "数据库 {path} 的结构版本是 {found}，本程序需要 {expected}；"
        "请先运行 medpatrol migrate 或更新程序",
        path=store.label,
        found=version,
        expected=tables.SCHEMA_VERSION,
    )


@contextmanager
def _spoken_errors(store: Store) -> Iterator[None]:
    """Turn the driver's errors into sentences a person can act on."""
    try:
        yield
    except exc.IntegrityError:
        raise
    except exc.TimeoutError as error:
        raise StoreBusyError("数据库正被其他程序占用，请稍后再试") from error
    except exc.DBAPIError as error:
        spoken = _backend(store.url).spoken(error, store.label)
        if spoken is None:
            raise
        with suppress(AttributeError):
            spoken.add_note(type(error.orig).__name__)
        raise spoken from error
