"""What the two kinds of store have in common: SQLite and PostgreSQL."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, exc

from errors import StoreError

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another one, seconds."""


@dataclass(frozen=True, slots=True)
class Opened:
    """
    The engines of a store and what it is called.

    ``label`` may be shown: it holds no password. Files that belong to the store
    (keys, travel times, uploads) lie beside ``path`` and bear its name; it is the
    store's own file only for SQLite.
    """

    label: str
    path: Path
    reader: Engine
    writer: Engine


class Backend(Protocol):
    """One kind of store; a module is enough."""

    def connect(self, url: URL, *, create: bool) -> Opened:
        """Return the engines of a store."""

    def spoken(self, error: exc.DBAPIError, label: str) -> StoreError | None:
        """Return a sentence a person can act on, ``None`` if the error is a fault of ours."""

    def prepare(self, conn: Connection) -> None:
        """Add what this kind has beyond the tables; runs at the end of each upgrade."""
