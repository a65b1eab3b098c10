"""Write an anchor of the audit log once a day while the server runs."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from data.store.engine import Store
from errors import MedPatrolError
from workflows import access, verifying

log = logging.getLogger(__name__)
LOOK_EVERY_S = 3600.0


@contextlib.asynccontextmanager
async def kept_anchored(store: Callable[[], Store], anchor_file: str) -> AsyncIterator[None]:
    """Look each hour whether today's anchor is there, while the context is open."""
    keeper = asyncio.create_task(_keep(store, anchor_file))
    try:
        yield
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def _keep(store: Callable[[], Store], anchor_file: str) -> None:
    while True:
        await asyncio.to_thread(_add, store, anchor_file)
        await asyncio.sleep(LOOK_EVERY_S)


def _add(store: Callable[[], Store], anchor_file: str) -> None:
    try:
        verifying.add_anchor(store(), now=access.now(), anchor_file=anchor_file)
    except (MedPatrolError, OSError) as error:
        log.warning("no anchor written: %s", type(error).__name__)
