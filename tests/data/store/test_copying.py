"""A store copied to the other kind and back is the same store."""

import pandas as pd
import pytest
from sqlalchemy import select

from data import audit, identity
from data.scope import EVERYTHING
from data.store import copying, engine, jobs, tables
from errors import StoreError
from tests.conftest import AS_OF, _copy_store
from tests.stores import all_rows


@pytest.fixture
def full_store(tmp_path, planned_file):
    """Return a store file of the planned district with a complainant, a job and a reveal."""
    path = tmp_path / "full.sqlite"
    _copy_store(planned_file, path)
    store = engine.open_store(f"sqlite:///{path}")
    with store.write() as conn:
        lead = conn.execute(select(tables.VERSIONED["complaints"].c.complaint_id)).scalar()
        people = {
            "complaint_id": [lead],
            "complainant_name": ["金丝雀某某"],
            "complainant_phone": ["13800001234"],
        }
        identity.save_identities(conn, store, pd.DataFrame(people))
    identity.reveal(store, lead, reason="回访", actor="t", scope=EVERYTHING, now=AS_OF)
    jobs.submit(store, kind="k", params={"n": 1.5}, key="k", actor="t")
    yield store, lead
    store.close()


def test_there_and_back_every_table_is_equal(full_store, server_store, tmp_path):
    """SQLite to PostgreSQL to SQLite: a bureau that grows, or moves back, loses nothing."""
    source, lead = full_store
    server = server_store("empty_database")
    told = []
    counts = copying.copy_store(source, server, progress=lambda share, _said: told.append(share))
    back = engine.open_store(f"sqlite:///{tmp_path}/back.sqlite")
    copying.copy_store(server, back)
    before = all_rows(source)
    assert sum(map(len, before.values())) == sum(counts.values()) > 500
    assert all_rows(server) == before
    assert all_rows(back) == before
    assert told == sorted(told)
    assert told[-1] == 1
    for store in (source, server, back):
        assert audit.verify(store) is None
        assert engine.schema_version(store) == tables.SCHEMA_VERSION
        assert engine.data_version(store) == engine.data_version(source)
    for store in (server, back):
        seen = identity.reveal(store, lead, reason="回访", actor="t", scope=EVERYTHING, now=AS_OF)
        assert seen.phone == "13800001234"
    back.close()


def test_a_copy_goes_on_numbering_where_its_source_stopped(full_store, server_store):
    """A number given twice would be an error at the first import after the move."""
    source, _lead = full_store
    server = server_store("empty_database")
    copying.copy_store(source, server)
    ids = []
    for store in (source, server):
        with store.write() as conn:
            made = conn.execute(
                tables.imports.insert().values(
                    imported_at=1, actor="t", file_name="f", file_hash="h", kind="k", datum="d",
                    n_rows=0, n_taken=0, n_updated=0, n_unchanged=0, n_refused=0,
                )
            )  # fmt: skip
            ids.append(made.inserted_primary_key[0])
    assert ids[0] == ids[1] > 1


def test_a_store_that_holds_something_is_no_target(full_store, loaded_store):
    """A slip in the order of two addresses must not mix two cities."""
    source, _lead = full_store
    before = all_rows(loaded_store)
    with pytest.raises(StoreError, match="不是空库"):
        copying.copy_store(source, loaded_store)
    assert all_rows(loaded_store) == before


def test_another_key_beside_the_target_stops_the_copy(full_store, empty_store):
    """Else the complainants of the copy could never be read."""
    source, _lead = full_store
    identity.key_path(empty_store).write_text("another")
    with pytest.raises(StoreError, match="另一把密钥"):
        copying.copy_store(source, empty_store)
    assert not any(rows for name, rows in all_rows(empty_store).items() if name != "meta")


def test_a_copy_that_breaks_off_leaves_nothing(full_store, empty_store):
    """One transaction: half a store is no store."""
    source, _lead = full_store

    def interrupted(share, _said):
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.copy_store(source, empty_store, progress=interrupted)
    assert not any(rows for name, rows in all_rows(empty_store).items() if name != "meta")
