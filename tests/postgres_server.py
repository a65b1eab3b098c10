"""
A PostgreSQL server for the tests alone: own folder, own port, own databases.

It is started once per session by ``conftest.py`` as a user who is not root and
ended by its own process number. What it promises after a power cut is switched off:
the tests kill processes, not the machine.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

OLDEST = 15
ACCOUNT, PASSWORD = "bureau", "kept-secret"
_LAST_WORDS_S = 30.0
_ROOM_BYTES = 4 * 1024**3
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "log_min_messages": "fatal",
    "max_wal_size": "2GB",
}


def bin_folder() -> Path | None:
    """Return the folder of the newest server programs that are new enough, if any."""
    found = [
        path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()
    ]
    newest = max(found, key=lambda path: int(path.parent.name), default=None)
    if newest is not None and int(newest.parent.name) >= OLDEST and (newest / "initdb").exists():
        return newest
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).parent


def missing() -> list[str]:
    """Return the Debian packages that tests on a server store still need."""
    programs = bin_folder()
    if programs is None:
        return ["postgresql", "postgresql-postgis"]
    share = subprocess.run(
        [programs / "pg_config", "--sharedir"], capture_output=True, text=True, check=False
    ).stdout.strip()
    folder = Path(share) if share else Path("/usr/share/postgresql") / programs.parent.name
    if (folder / "extension" / "postgis.control").exists():
        return []
    return [f"postgresql-{programs.parent.name}-postgis-3"]


@dataclass
class Server:
    """A running server; ``url`` gives the address of one of its databases."""

    folder: Path
    port: int
    programs: Path
    user: str | None
    process: subprocess.Popen | None = None
    made: list[str] = field(default_factory=list)
    beside: Path | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        settings = {
            **_SETTINGS,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", self.folder / "data", *arguments],
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + _LAST_WORDS_S
        while True:
            try:
                self.owner("postgres").close()
            except psycopg.OperationalError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT in order, SIGQUIT at once, as a crash would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(_LAST_WORDS_S)

    def owner(self, database: str) -> psycopg.Connection:
        """Connect as the owner of the server."""
        return psycopg.connect(
            host=str(self.folder), port=self.port, dbname=database, user="postgres", autocommit=True
        )

    def database(self, *, template: str = "with_postgis") -> str:
        """Make a database of the tests' account and return its name."""
        name = f"t{os.getpid()}_{len(self.made)}"
        with self.owner("postgres") as conn:
            conn.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    *map(sql.Identifier, (name, template, ACCOUNT))
                )
            )
        self.made.append(name)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        with self.owner("postgres") as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, database: str, *, password: str = PASSWORD) -> str:
        """Return the store's address of a database."""
        return f"postgresql://{ACCOUNT}:{password}@127.0.0.1:{self.port}/{database}"


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Make a server in a folder of its own, run it, stop it and delete the folder."""
    programs = bin_folder()
    assert programs is not None
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="medpatrol-pg-", dir=_fast_folder()))
    server = Server(folder=folder, port=_free_port(), programs=programs, user=user)
    try:
        if user is not None:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        subprocess.run(
            [
                *(programs / "initdb", "-D", folder / "data", "-U", "postgres", "-E", "UTF8"),
                *("--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8", "--no-sync"),
                *("--auth-local=trust", "--auth-host=scram-sha-256"),
            ],
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        server.start()
        with server.owner("postgres") as conn:
            account_of = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            conn.execute(account_of.format(sql.Identifier(ACCOUNT), sql.Literal(PASSWORD)))
            conn.execute("CREATE DATABASE with_postgis")
        with server.owner("with_postgis") as conn:
            conn.execute("CREATE EXTENSION postgis")
            # The long list of reference systems would be copied for every test.
            conn.execute("DELETE FROM spatial_ref_sys WHERE srid <> 4326")
            conn.execute("VACUUM FULL")
            conn.execute("GRANT ALL ON SCHEMA public TO PUBLIC")
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _fast_folder() -> Path | None:
    """Return memory that acts as a disk, where there is enough of it."""
    shared = Path("/dev/shm")  # noqa: S108 - the folder made in it has a name of its own
    if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > _ROOM_BYTES:
        return shared
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
