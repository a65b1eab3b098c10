"""
The server store: PostgreSQL 15 or newer with PostGIS.

Readers see one state: their transactions are repeatable-read and read-only.
Writers come one after another, as with SQLite, by an advisory lock that each
write takes first; so the audit chain has neither gap nor fork. Waiting, running
and idling have limits, so that no stuck client holds up the others.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from psycopg import Connection as Psycopg
from psycopg.adapt import Buffer
from psycopg.types.numeric import FloatDumper
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    exc,
    func,
    select,
)
from sqlalchemy.engine import make_url

from data.store import postgis
from data.store.backends import BUSY_TIMEOUT_S, Opened
from errors import StoreBusyError, StoreError

FOLDER_VARIABLE = "MEDPATROL_FOLDER"
"""Where the keys, travel times and uploads of a server store lie; ``var`` if not set."""

OLDEST_VERSION = (15, 0)
WRITE_LOCK = 0x6D656470617472
READ_LIMIT_S = 120
WRITE_LIMIT_S = 900
IDLE_LIMIT_S = 900
_CONNECT_S = 10

_BUSY_STATES = {"55P03", "57014", "40001", "40P01", "53300", "25P03"}
_GONE_STATES = {"57P01", "57P02", "57P03", "57P05"}
_FULL_STATES = {"53100", "53200", "25006"}


def connect(url: URL, *, create: bool) -> Opened:  # noqa: ARG001 - a database is made by its owner
    """Return the engines of the database; nothing is asked of the server yet."""
    if not url.database:
        raise StoreError(
            "数据库地址应为 postgresql://用户@主机/库名，实为 {url}", url=shown(str(url))
        )
    path = files_path(url)
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError("不能写入数据文件夹 {path}，请检查路径和权限", path=str(folder)) from error
    return Opened(
        label=url.render_as_string(hide_password=True),
        path=path,
        reader=_engine(url, limit_s=READ_LIMIT_S, read_only=True),
        writer=_engine(url, limit_s=WRITE_LIMIT_S, read_only=False),
    )


def files_path(url: URL) -> Path:
    """Return what the files that belong to a database (keys, uploads) are named after."""
    folder = Path(os.environ.get(FOLDER_VARIABLE) or "var")
    return folder / re.sub(r"[^\w.-]", "_", url.database or "")


def shown(url: str) -> str:
    """Return an address as it may be shown: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def spoken(error: exc.DBAPIError, label: str) -> StoreError | None:
    """Return a sentence a person can act on, ``None`` if the error is a fault of ours."""
    state = getattr(error.orig, "sqlstate", None)
    if state in _BUSY_STATES:
        return StoreBusyError("数据库正被其他程序占用，请稍后再试")
    if state in _FULL_STATES:
        return StoreError("不能打开或写入数据库 {path}，请检查路径、权限和磁盘空间", path=label)
    if state == "42501":
        return StoreError("数据库 {path} 的账号没有所需的权限，请联系数据库管理员", path=label)
    is_gone = state in _GONE_STATES or (state or "").startswith(("08", "28", "3D"))
    if is_gone or (state is None and isinstance(error, exc.OperationalError | exc.InterfaceError)):
        return StoreError(
            "连接不上数据库 {path}，或连接已中断；请检查地址、账号和服务器后重试", path=label
        )
    return None


def prepare(conn: Connection) -> None:
    """Give every table its geometry column and every text the order of SQLite."""
    postgis.prepare(conn)


def check_server(conn: Connection) -> None:
    """
    Check what the server must be before the first table is made.

    Raises
    ------
    StoreError
        If it is too old, keeps texts in another encoding, or PostGIS is missing
        and this account may not add it.
    """
    found = conn.dialect.server_version_info or (0,)
    if found < OLDEST_VERSION:
        raise StoreError(
            "数据库服务器的版本是 {found}，需要 PostgreSQL {expected} 或更新",
            found=".".join(map(str, found)),
            expected=OLDEST_VERSION[0],
        )
    encoding = conn.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise StoreError("数据库的编码是 {found}，需要 UTF8；请新建数据库", found=str(encoding))
    postgis.add_extension(conn)


def _engine(url: URL, *, limit_s: int, read_only: bool) -> Engine:
    settings = {
        "lock_timeout": f"{BUSY_TIMEOUT_S:.0f}s",
        "statement_timeout": f"{limit_s}s",
        "idle_in_transaction_session_timeout": f"{IDLE_LIMIT_S}s",
        "timezone": "UTC",
        "synchronous_commit": "on",
    }
    given = url.query.get("options", "")
    options = [given] if isinstance(given, str) else list(given)
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={
            "connect_timeout": _CONNECT_S,
            "application_name": "medpatrol",
            "client_encoding": "utf8",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "prepare_threshold": None,
            "options": " ".join(
                [*filter(None, options), *(f"-c {k}={v}" for k, v in settings.items())]
            ),
        },
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        execution_options={"postgresql_readonly": read_only},
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=16,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi: object, _record: object) -> None:
        driver = getattr(dbapi, "driver_connection", dbapi)
        if isinstance(driver, Psycopg):
            for number in (float, "numpy.float64"):
                driver.adapters.register_dumper(number, _EmptyIfNotANumber)

    if not read_only:

        @event.listens_for(engine, "begin")
        def _begin(conn: Connection) -> None:
            conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")

    return engine


class _EmptyIfNotANumber(FloatDumper):
    """Write NaN as an empty value, as SQLite does."""

    def dump(self, obj: float) -> Buffer | None:
        """Return the text form, ``None`` for NaN."""
        return None if obj != obj else super().dump(obj)


def continue_numbering(conn: Connection, tables: Sequence[Table]) -> None:
    """Let numbers that the server gives out go on after the highest one in each table."""
    for table in tables:
        for column in table.primary_key:
            name = func.pg_get_serial_sequence(table.name, column.name)
            sequence = conn.execute(select(name)).scalar()
            if sequence is not None:
                highest = select(func.max(column)).scalar_subquery()
                is_used = highest.is_not(None)
                conn.execute(select(func.setval(sequence, func.coalesce(highest, 1), is_used)))
