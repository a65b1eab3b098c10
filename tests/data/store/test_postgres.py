"""What is true of a server store alone: one state per reader, one writer, limits, sentences."""

import signal
import subprocess
import sys
import textwrap
import threading

import pytest
from sqlalchemy import func, select, text

from data import audit
from data.scope import EVERYTHING
from data.store import engine, jobs, postgres, tables
from errors import StoreBusyError, StoreError
from tests import postgres_server

CANARY = "sesam-8421"


@pytest.fixture
def store(server_store):
    return server_store("empty_database")


def submit(store, key):
    return jobs.submit(store, kind="k", params={}, key=key, actor="t")


def n_jobs(store):
    return len(jobs.active_jobs(store, scope=EVERYTHING))


def test_a_reader_sees_one_state_from_its_first_look_to_its_last(store):
    """A page that counts first and lists later must not show two states."""
    count = select(func.count()).select_from(tables.jobs)
    with store.read() as conn:
        before = conn.execute(count).scalar()
        submit(store, "k1")
        assert conn.execute(count).scalar() == before
    assert n_jobs(store) == 1


def test_writers_of_two_processes_keep_one_chain(store):
    """Two web processes beside each other: no gap, no fork, nothing lost."""
    code = textwrap.dedent(
        """
        import sys
        from data.store import engine, jobs
        store = engine.open_store(sys.argv[1])
        for number in range(25):
            jobs.submit(store, kind="k", params={}, key=f"{sys.argv[2]}-{number}", actor="t")
        store.close()
        """
    )
    command = [sys.executable, "-c", code, store.url]
    with subprocess.Popen([*command, "a"]) as one, subprocess.Popen([*command, "b"]) as two:
        assert (one.wait(), two.wait()) == (0, 0)
    assert n_jobs(store) == 50
    assert audit.verify(store) is None


def test_a_writer_that_waits_too_long_is_told_that_the_store_is_busy(store, monkeypatch):
    """Never an endless wait behind somebody's long import."""
    monkeypatch.setattr(postgres, "BUSY_TIMEOUT_S", 1)
    impatient = engine.open_store(store.url)
    with store.write(), pytest.raises(StoreBusyError), impatient.write():
        pass
    impatient.close()


def test_a_question_that_takes_too_long_ends(store, monkeypatch):
    """One page must not hold the server for ever."""
    monkeypatch.setattr(postgres, "READ_LIMIT_S", 1)
    impatient = engine.open_store(store.url)
    with pytest.raises(StoreBusyError), impatient.read() as conn:
        conn.execute(text("SELECT pg_sleep(20)"))
    impatient.close()


def test_the_log_can_not_be_emptied_at_one_stroke(store):
    """TRUNCATE passes by guards on rows."""
    submit(store, "k")
    with pytest.raises(Exception, match=r"only grows|所需的权限"), store.write() as conn:
        conn.execute(text("TRUNCATE audit"))
    assert audit.verify(store) is None
    assert audit.has_entries(store)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://someone:{secret}@127.0.0.1:{port}/none",
        "postgresql://{account}:{secret}@127.0.0.1:{port}/with_postgis",
        "postgresql://someone:{secret}@127.0.0.1:1/none",
        "postgresql://someone:{secret}@127.0.0.1:{port}",
    ],
)
def test_no_password_is_ever_told(postgres, address, caplog, capsys):
    """Wrong account, wrong password, no server, no name: one sentence each, and no secret."""
    given = {"secret": CANARY, "account": postgres_server.ACCOUNT, "port": postgres.port}
    with pytest.raises(StoreError) as caught:
        engine.open_store(address.format(**given))
    error, told = caught.value, []
    while error is not None:
        told += [str(error), repr(error), *getattr(error, "__notes__", [])]
        error = error.__cause__ or error.__context__
    assert CANARY not in "\n".join(told) + caplog.text + capsys.readouterr().err


def test_an_open_store_does_not_show_its_password(store):
    """Objects end up in logs."""
    assert postgres_server.PASSWORD in store.url
    shown = f"{store} {store!r} {store.reader} {store.writer!r} {store.label}"
    assert postgres_server.PASSWORD not in shown


def test_a_database_without_postgis_is_told_in_one_sentence(postgres):
    """The account of a bureau may not add extensions: who can, and what to do."""
    name = postgres.database(template="template0")
    with postgres.owner(name) as conn:
        conn.execute("GRANT ALL ON SCHEMA public TO PUBLIC")
    with pytest.raises(StoreError, match="CREATE EXTENSION postgis"):
        engine.open_store(postgres.url(name))
    with postgres.owner(name) as conn:
        found = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", ["public"])
        assert found.fetchall() == []
    postgres.drop(name)


def test_somebody_elses_database_is_left_alone(postgres):
    """Opening must never add tables to another program's database."""
    name = postgres.database()
    with postgres.owner(name) as conn:
        conn.execute("CREATE TABLE theirs (a int)")
    with pytest.raises(StoreError, match="不是医巡的数据库"):
        engine.open_store(postgres.url(name))
    postgres.drop(name)


def test_two_first_starts_at_once_make_one_schema(postgres):
    """The dashboard and its worker start together on an empty database."""
    name = postgres.database()
    failed = []

    def start():
        try:
            engine.open_store(postgres.url(name)).close()
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    postgres.drop(name)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_after_the_server_came_back_work_goes_on_and_nothing_is_doubled(how, postgres):
    """A restart and a crash: what was acknowledged is there, a retry under its key adds nothing."""
    with postgres_server.running() as server:
        store = engine.open_store(server.url(server.database()))
        for number in range(5):
            submit(store, str(number))
        server.stop(how)
        with pytest.raises(StoreError, match="连接"):
            submit(store, "5")
        server.start()
        for number in range(6):
            submit(store, str(number))
        assert n_jobs(store) == 6
        assert audit.verify(store) is None
        store.close()


def test_a_connection_lost_in_the_middle_of_a_write_undoes_it(store, postgres):
    """The server's owner ends a connection: one sentence, no half write, and the next one works."""

    def cut_off():
        with store.write() as conn:
            engine.bump_data_version(conn)
            own = conn.execute(text("SELECT pg_backend_pid()")).scalar()
            with postgres.owner("postgres") as owner:
                owner.execute("SELECT pg_terminate_backend(%s)", [own])
            engine.bump_data_version(conn)

    with pytest.raises(StoreError, match="连接"):
        cut_off()
    assert engine.data_version(store) == 0
    assert submit(store, "k")


def test_a_number_that_is_none_is_stored_as_nothing(store):
    """NaN in one kind of store and empty in the other would be two answers."""
    job_id = submit(store, "k")
    jobs.lease(store, worker="w", now=engine.to_instant(1), lease_s=9)
    jobs.report(store, job_id, progress=0.5, message=None, value=float("nan"))
    assert jobs.get_job(store, job_id, scope=EVERYTHING).value is None
