"""
One worker process beside the server, watched and started again when it dies.

Long work (imports, scores, plans) never runs in the server: a solver in a thread
holds the interpreter lock and freezes every user's page.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Sequence

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
GRACE_S = 10.0
"""Time for a worker to put down its work before it is killed, seconds."""


def worker_command(store_url: str) -> tuple[str, ...]:
    """
    Return the command line of the worker for this store.

    A server's address may hold a password, which a command line shows to every
    user of the machine: the worker takes it from the environment, as the server did.
    """
    is_file = store_url.startswith("sqlite")
    return (sys.executable, "-m", "cli", "worker", *(("--store", store_url) if is_file else ()))


@contextlib.asynccontextmanager
async def kept_running(
    command: Sequence[str], *, first_pause_s: float = FIRST_PAUSE_S
) -> AsyncIterator[None]:
    """
    Run ``command`` while the context is open; end it when the context closes.

    A process that ends is started again after ``first_pause_s`` seconds, twice
    as long each time it fails at once, up to a minute.
    """
    keeper = asyncio.create_task(_keep(tuple(command), first_pause_s))
    try:
        yield
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def _keep(command: tuple[str, ...], first_pause_s: float) -> None:
    pause_s = first_pause_s
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        code = await _run_once(command)
        lived_s = loop.time() - started
        pause_s = first_pause_s if lived_s > LONGEST_PAUSE_S else pause_s
        log.warning("worker ended with code %s after %.0f s", code, lived_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _run_once(command: tuple[str, ...]) -> int:
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(asyncio.shield(process.wait()), GRACE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
