"""The worker beside the server: started, started again, ended."""

import asyncio
import os
import sys
import time

from tests.web.asgi import wait_for
from web import worker

BEAT = """
import os, sys, time
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
time.sleep(float(sys.argv[2]))
"""


def _pids(path):
    return [int(line) for line in path.read_text("utf-8").split()] if path.exists() else []


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _wait_for(count, path):
    deadline = time.monotonic() + 20
    # another process writes the file: nothing inside this one could wake us
    while len(_pids(path)) < count and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def test_the_command_names_the_store():
    """The worker must work on the store that is shown."""
    command = worker.worker_command("sqlite:///x.sqlite")
    assert command == (sys.executable, "-m", "cli", "worker", "--store", "sqlite:///x.sqlite")


def test_the_command_names_no_servers_address():
    """Every user of the machine may list command lines; the address may hold a password."""
    assert worker.worker_command("postgresql://u:secret@h/d") == (
        sys.executable,
        "-m",
        "cli",
        "worker",
    )


def test_a_worker_that_dies_is_started_again(tmp_path):
    """A solver that runs out of memory must not end planning for good."""
    beats = tmp_path / "beats"

    async def run():
        async with worker.kept_running(
            (sys.executable, "-c", BEAT, str(beats), "0"), first_pause_s=0.01
        ):
            await _wait_for(3, beats)

    wait_for(run())
    assert len(set(_pids(beats))) >= 3


def test_a_worker_ends_with_the_server(tmp_path):
    """No process is left behind when the dashboard is closed."""
    beats = tmp_path / "beats"

    async def run():
        async with worker.kept_running((sys.executable, "-c", BEAT, str(beats), "60")):
            await _wait_for(1, beats)

    wait_for(run())
    [pid] = _pids(beats)
    assert not _is_running(pid)
