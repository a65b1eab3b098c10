"""The steps of the schema lead to what the program uses."""

import warnings

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from data.store import all_tables, engine, tables
from data.store.migrations import run
from tests.stores import schema_of


def test_the_migrated_schema_is_that_of_the_tables(empty_store):
    """A column in the program but not in the steps would fail at a customer's site."""
    with empty_store.read() as conn:
        options = {"compare_type": True, "include_object": _is_ours}
        context = MigrationContext.configure(conn, opts=options)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Did not recognize type 'geometry'")
            assert compare_metadata(context, all_tables.metadata) == []


def _is_ours(_thing, name, type_, *_more):
    """Leave out what a server has for a GIS beyond the tables."""
    is_geometry = type_ == "column" and name == "geom"
    is_its_index = type_ == "index" and name.endswith("_geom")
    return not (is_geometry or is_its_index or name == "spatial_ref_sys")


def test_the_newest_step_is_the_version_that_opening_asks_for():
    """Otherwise every store would be refused, or none."""
    assert max(run.known_versions()) == tables.SCHEMA_VERSION


def test_upgrading_a_current_store_changes_nothing(empty_store):
    """The command may be run at any time."""
    before = schema_of(empty_store)
    again = engine.open_for_upgrade(empty_store.url)
    engine.upgrade(again)
    again.close()
    assert schema_of(empty_store) == before
