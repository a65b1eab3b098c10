"""Opening the store, and what a write promises."""

import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from data import audit
from data.scope import EVERYTHING
from data.store import engine, jobs, sqlite, tables
from errors import StoreError

ROOT = Path(__file__).parents[3]


def test_a_new_file_gets_the_schema_and_a_second_opening_keeps_it(tmp_path):
    """A first start must need no other command."""
    url = f"sqlite:///{tmp_path}/var/store.sqlite"
    assert engine.schema_version(engine.open_store(url)) == tables.SCHEMA_VERSION
    assert engine.data_version(engine.open_store(url)) == 0


def test_a_missing_file_is_an_error_where_none_may_be_made(tmp_path):
    """A typing error in a back-up's name must not make an empty store."""
    with pytest.raises(StoreError):
        engine.open_store(f"sqlite:///{tmp_path}/none.sqlite", create=False)
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "postgresql://host", "mysql://host/base", "x"]
)
def test_addresses_that_are_no_store_are_refused(url):
    """The sentence says what is expected."""
    with pytest.raises(StoreError):
        engine.open_store(url)


def test_a_file_that_is_no_database_is_named_as_such(tmp_path):
    """A wrong path must not end in a stack trace."""
    path = tmp_path / "notes.sqlite"
    path.write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(StoreError, match="不是可读的数据库"):
        engine.open_store(f"sqlite:///{path}")


def test_somebody_elses_database_is_left_alone(tmp_path):
    """Opening must never add tables to another program's file."""
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE theirs (a)")
    with pytest.raises(StoreError, match="不是医巡的数据库"):
        engine.open_store(f"sqlite:///{path}")


def test_a_newer_schema_is_refused_by_opening_and_by_upgrading(empty_store):
    """An old program must not write into a store it does not understand."""
    with empty_store.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="9999"):
        engine.open_store(empty_store.url)
    older = engine.open_for_upgrade(empty_store.url)
    with pytest.raises(StoreError, match="9999"):
        engine.upgrade(older)
    older.close()


def test_a_folder_that_can_not_be_made_is_named(tmp_path):
    """The usual mistake: a path below a file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="不能打开或写入"):
        engine.open_store(f"sqlite:///{tmp_path}/file/store.sqlite")


def test_a_reading_connection_can_not_write(empty_store):
    """A page that only reads can't be talked into writing."""
    with pytest.raises(StoreError), empty_store.read() as conn:
        conn.execute(text("DELETE FROM jobs"))


def test_an_error_inside_a_write_undoes_all_of_it(empty_store):
    """Half an import is worse than none."""

    def interrupted():
        with empty_store.write() as conn:
            engine.bump_data_version(conn)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert engine.data_version(empty_store) == 0


def test_durability_is_switched_on(empty_store):
    """With synchronous=NORMAL, or its like on a server, a power cut loses acknowledged commits."""
    with empty_store.write() as conn:
        if empty_store.is_server:
            assert conn.execute(text("SHOW synchronous_commit")).scalar() == "on"
            return
        assert conn.execute(text("PRAGMA synchronous")).scalar() == 2
        assert conn.execute(text("PRAGMA foreign_keys")).scalar() == 1
        wal_is_safe = sqlite3.sqlite_version_info >= sqlite.WAL_SAFE_VERSION
        mode = conn.execute(text("PRAGMA journal_mode")).scalar()
    assert mode == ("wal" if wal_is_safe else "delete")


def test_readers_go_on_while_a_large_write_is_under_way(empty_store):
    """An import of a whole city must not freeze every screen."""
    with empty_store.write() as writer:
        blob = "x" * 10_000
        for number in range(2_000):
            writer.execute(
                text("INSERT INTO meta (name, value) VALUES (:name, 1)"),
                {"name": f"{number}{blob}"},
            )
        started = time.perf_counter()
        assert engine.data_version(empty_store) == 0
        assert time.perf_counter() - started < 1


def test_writers_in_many_threads_lose_nothing(empty_store):
    """Deferred transactions would end in 'database is locked' here."""

    def write(worker):
        for number in range(10):
            jobs.submit(empty_store, kind="k", params={}, key=f"{worker}-{number}", actor="t")

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(jobs.active_jobs(empty_store, scope=EVERYTHING)) == 60
    assert audit.verify(empty_store) is None


@pytest.mark.parametrize("n_before_kill", [1, 17, 60])
def test_what_was_acknowledged_survives_a_kill(empty_store, n_before_kill):
    """Kill -9 in the middle of writing: every acknowledged row is there, no half one."""
    code = textwrap.dedent(
        """
        import sys
        from data.store import engine, jobs
        store = engine.open_store(sys.argv[1])
        for number in range(100_000):
            jobs.submit(store, kind="k", params={"n": number}, key=str(number), actor="t")
            print(number, flush=True)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, empty_store.url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        told = [child.stdout.readline() for _ in range(n_before_kill)]
        child.kill()
        told += child.stdout.readlines()
    acknowledged = {int(line) for line in told if line.endswith("\n")}
    store = engine.open_store(empty_store.url)
    stored = {job.params["n"] for job in jobs.active_jobs(store, scope=EVERYTHING)}
    assert len(acknowledged) >= n_before_kill
    assert acknowledged <= stored
    assert len(stored) <= len(acknowledged) + 1
    assert audit.verify(store) is None
    if not store.is_server:
        with store.read() as conn:
            assert conn.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    store.close()
