"""Stores that tests share: empty, and the small made-up district loaded, scored and planned."""

import shutil
from datetime import date, datetime

import pytest

from data.schema import TIME_ZONE
from data.scope import EVERYTHING
from data.store.engine import open_store
from tests import small_city

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
        open_store(f"sqlite:///{path}"), [small_city_folder], actor="test", now=AS_OF
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
    shutil.copy(loaded_file, path)
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


def _copied(source, tmp_path):
    path = tmp_path / "store.sqlite"
    shutil.copy(source, path)
    return open_store(f"sqlite:///{path}")


@pytest.fixture
def empty_store(tmp_path):
    """Return a store of its own with nothing in it."""
    return open_store(f"sqlite:///{tmp_path}/store.sqlite")


@pytest.fixture
def loaded_store(tmp_path, loaded_file):
    """Return a store of its own with the small district loaded."""
    return _copied(loaded_file, tmp_path)


@pytest.fixture
def planned_store(tmp_path, planned_file):
    """Return a store of its own with the small district loaded, scored and planned."""
    return _copied(planned_file, tmp_path)
