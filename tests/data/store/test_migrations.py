"""The steps of the schema lead to what the program uses."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from data.store import all_tables, engine, tables
from data.store.migrations import run


def test_the_migrated_schema_is_that_of_the_tables(empty_store):
    """A column in the program but not in the steps would fail at a customer's site."""
    with empty_store.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, all_tables.metadata) == []


def test_the_newest_step_is_the_version_that_opening_asks_for():
    """Otherwise every store would be refused, or none."""
    assert max(run.known_versions()) == tables.SCHEMA_VERSION


def test_upgrading_a_current_store_changes_nothing(empty_store):
    """The command may be run at any time."""
    with empty_store.read() as conn:
        before = conn.execute(text("SELECT sql FROM sqlite_master ORDER BY name")).all()
    engine.upgrade(engine.open_for_upgrade(empty_store.url))
    with empty_store.read() as conn:
        assert conn.execute(text("SELECT sql FROM sqlite_master ORDER BY name")).all() == before
