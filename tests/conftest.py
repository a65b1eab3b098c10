"""
Stores that tests share: empty, and the small made-up district loaded, scored and planned.

Tests of the store itself, and modules that say ``pytestmark = pytest.mark.both_stores``,
run on SQLite and on a PostgreSQL server of their own.
"""

import os
import shutil
from datetime import date, datetime

import pytest

from data.schema import TIME_ZONE
from data.scope import EVERYTHING
from data.store.engine import open_store
from tests import postgres_server, small_city

AS_OF = datetime(2026, 3, 2, tzinfo=TIME_ZONE)
WEEK = date(2026, 3, 2)


@pytest.fixture(scope="session")
def small_city_folder(tmp_path_factory):
    """Return the folder with the small district's files."""
    return small_city.write(tmp_path_factory.mktemp("small_city"))


@pytest.fixture(scope="session")
def loaded_file(tmp_path_factory, small_city_folder):
    """Return a store file with the small district loaded; copy it, never write into it."""
    from workflows.importing import import_paths

    path = tmp_path_factory.mktemp("loaded") / "store.sqlite"
    report = import_paths(
        open_store(f"sqlite:///{path}"),
        [small_city_folder],
        datum="wgs84",  # a district without roads settles no datum
        actor="test",
        now=AS_OF,
    )
    assert [file.path for file in report.files if file.error or file.refused] == []
    return path


@pytest.fixture(scope="session")
def planned_file(tmp_path_factory, loaded_file):
    """Return a store file with the small district loaded, scored and planned."""
    from routing.solve import SolverParams
    from workflows.planning import PlanningParams, WeekRequest, make_plan
    from workflows.scoring import ScoringParams, score

    path = tmp_path_factory.mktemp("planned") / "store.sqlite"
    _copy_store(loaded_file, path)
    store = open_store(f"sqlite:///{path}")
    score(store, ScoringParams(), scope=EVERYTHING, as_of=AS_OF, actor="test")
    make_plan(
        store,
        WeekRequest(week_start=WEEK, solver=SolverParams(seconds=60, iterations=2000)),
        PlanningParams(),
        ScoringParams(),
        scope=EVERYTHING,
        as_of=AS_OF,
        now=AS_OF,
        actor="test",
    )
    return path


def _copy_store(source, target):
    """Copy a store's file and the keys that lie beside it."""
    shutil.copy(source, target)
    for key in source.parent.glob(f"{source.name}*.key"):
        shutil.copy(key, target.with_name(target.name + key.name[len(source.name) :]))


def pytest_generate_tests(metafunc):
    """Run what is about the store on both kinds of store."""
    is_fixed = any(
        "store_kind" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")
    )
    if "store_kind" not in metafunc.fixturenames or is_fixed:
        return
    is_about_stores = "tests/data/store/" in metafunc.definition.nodeid
    if is_about_stores or metafunc.definition.get_closest_marker("both_stores"):
        metafunc.parametrize("store_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def store_kind(request):
    """Return the kind of store that a test is run on."""
    return getattr(request, "param", "sqlite")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """Return the running server for tests; say what is missing where there can be none."""
    if packages := postgres_server.missing():
        sentence = f"tests on a server store need the system's packages {', '.join(packages)}"
        # On the build server a missing database is a fault, never a reason to test less.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    with postgres_server.running() as server, pytest.MonkeyPatch.context() as patch:
        server.beside = tmp_path_factory.mktemp("beside_the_server")
        patch.setenv("MEDPATROL_FOLDER", str(server.beside))
        yield server


@pytest.fixture(scope="session")
def empty_database(postgres):
    """Return the name of a database with the schema and nothing in it; a template."""
    name = postgres.database()
    open_store(postgres.url(name)).close()
    return name


def _template(postgres, empty_database, source):
    from data.store import copying

    name = postgres.database(template=empty_database)
    held, made = open_store(f"sqlite:///{source}"), open_store(postgres.url(name))
    copying.copy_store(held, made)
    held.close()
    made.close()
    return name


@pytest.fixture(scope="session")
def loaded_database(postgres, empty_database, loaded_file):
    """Return a database with what is in ``loaded_file``; a template."""
    return _template(postgres, empty_database, loaded_file)


@pytest.fixture(scope="session")
def planned_database(postgres, empty_database, planned_file):
    """Return a database with what is in ``planned_file``; a template."""
    return _template(postgres, empty_database, planned_file)


@pytest.fixture
def server_store(request, tmp_path, monkeypatch):
    """Return what makes a server store of a test's own from a template."""
    made = []

    def make(template):
        # Asked for here, so that tests on SQLite start no server.
        server = request.getfixturevalue("postgres")
        copied = request.getfixturevalue(template)
        name = server.database(template=copied)
        # an empty store has no key yet: the first write makes its own
        keys = [] if template == "empty_database" else server.beside.glob(f"{copied}.*key")
        for key in keys:
            shutil.copy(key, tmp_path / (name + key.name.removeprefix(copied)))
        monkeypatch.setenv("MEDPATROL_FOLDER", str(tmp_path))
        store = open_store(server.url(name))
        made.append((server, name, store))
        return store

    yield make
    for server, name, store in made:
        store.close()
        server.drop(name)


def _copied(source, tmp_path):
    path = tmp_path / "store.sqlite"
    _copy_store(source, path)
    return open_store(f"sqlite:///{path}")


@pytest.fixture
def empty_store(tmp_path, store_kind, server_store):
    """Return a store of its own with nothing in it."""
    if store_kind == "postgresql":
        return server_store("empty_database")
    return open_store(f"sqlite:///{tmp_path}/store.sqlite")


@pytest.fixture
def loaded_store(tmp_path, store_kind, server_store, request):
    """Return a store of its own with the small district loaded."""
    if store_kind == "postgresql":
        return server_store("loaded_database")
    return _copied(request.getfixturevalue("loaded_file"), tmp_path)


@pytest.fixture
def planned_store(tmp_path, store_kind, server_store, request):
    """Return a store of its own with the small district loaded, scored and planned."""
    if store_kind == "postgresql":
        return server_store("planned_database")
    return _copied(request.getfixturevalue("planned_file"), tmp_path)
