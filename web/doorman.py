"""
Who is at the door: looks up the session behind a cookie for the gate.

Reading the store blocks, so it is done in threads of its own: passwords being
checked or big files being read never keep a request waiting at the gate.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from data.store.engine import Store
from workflows import access
from workflows.access import Visitor
from workflows.access_settings import AccessSettings

Answer = TypeVar("Answer")


class Doorman(Protocol):
    """What the gate asks."""

    async def by_token(self, token: str) -> Visitor | None:
        """Return who holds a session's secret."""

    async def by_session(self, session_id: str) -> Visitor | None:
        """Return whose session this is, if it is still alive."""


class StoreDoorman:
    """
    Asks the store each time.

    Parameters
    ----------
    store_url
        Store with the accounts, opened when first needed.
    limits
        How long sessions live.
    """

    def __init__(self, store_url: str, limits: AccessSettings) -> None:
        self._url = store_url
        self._limits = limits
        self._store: Store | None = None
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="doorman")

    def store(self) -> Store:
        """Return the store."""
        with self._lock:
            if self._store is None:
                self._store = access.opened(self._url)
            return self._store

    async def by_token(self, token: str) -> Visitor | None:
        """Return who holds a session's secret."""
        return await self._asked(lambda: access.visitor_of_token(self.store(), token, self._limits))

    async def by_session(self, session_id: str) -> Visitor | None:
        """Return whose session this is, if it is still alive."""
        return await self._asked(
            lambda: access.visitor_of_session(self.store(), session_id, self._limits)
        )

    async def _asked(self, question: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, question)
