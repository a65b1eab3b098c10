"""Run alembic inside a transaction that is already open, from any installed tree."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_FOLDER = Path(__file__).parent


def to_head(conn: Connection) -> None:
    """Apply all missing steps; the caller's transaction commits them together."""
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def known_versions() -> frozenset[str]:
    """Return the revisions this program knows."""
    return frozenset(
        step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
