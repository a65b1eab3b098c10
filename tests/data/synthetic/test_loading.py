"""The made-up city through the real import: all of it, but what was planted, and out again."""

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from data import schema
from data.scope import EVERYTHING
from data.store.engine import open_store
from data.store.imports import list_imports
from data.store.rows import count_rows, load_rows
from data.synthetic.slips import SLIPS
from errors import StoreBusyError
from workflows import demo
from workflows.importing import import_paths

NOW = datetime(2026, 11, 22, 20, tzinfo=schema.TIME_ZONE)


@pytest.fixture(scope="module")
def loaded(county, tmp_path_factory):
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('loaded') / 'store.sqlite'}")
    return store, import_paths(store, [county.folder], actor="test", now=NOW)


def test_only_the_planted_rows_are_refused(loaded):
    """Refusals that nobody planted are mistakes of the generator or of the import."""
    _, report = loaded
    assert [(file.path, file.error) for file in report.files if file.error] == []
    refused = sorted((file.kind, row.column) for file in report.files for row in file.refused)
    zh = {slip: schema.KINDS[slip.kind].by_name[slip.column].zh for slip in SLIPS}
    assert refused == sorted((slip.kind, zh[slip]) for slip in SLIPS)


def test_every_file_is_taken_as_its_kind_and_rows_add_up(loaded, county):
    """A row that is neither taken nor refused is lost."""
    _, report = loaded
    assert {file.kind for file in report.files} == set(schema.KINDS)
    assert all(f.rows == f.taken + f.updated + len(f.refused) for f in report.files)
    assert all(f.ignored_columns == () for f in report.files)
    assert sum(f.taken for f in report.files if f.kind == "cases") == county.summary.n_rows["cases"]


def test_the_file_from_a_commercial_map_comes_back_to_its_place(loaded, county_land):
    """Taken as WGS-84 its parlours would stand half a kilometre off."""
    store, report = loaded
    shops = next(f for f in report.files if Path(f.path).name.startswith("机构-美容"))
    assert shops.datum == "gcj02"
    rows = load_rows(store, "facilities", scope=EVERYTHING, as_of=NOW)
    parlours = rows[rows["kind"] == "beauty_parlour"]
    villages = county_land.places.villages.set_index("code").loc[parlours["area_code"]]
    own = county_land.ground.lines_to_degrees(county_land.shapes)
    from shapely import contains_xy

    number = county_land.places.villages["code"].tolist()
    inside = [
        bool(contains_xy(own[number.index(code)], lon, lat))
        for code, lon, lat in zip(villages.index, parlours["lon"], parlours["lat"], strict=True)
    ]
    assert sum(inside) > 0.9 * len(inside)


def test_the_truth_is_never_loaded(loaded, county, tmp_path):
    """A score that has seen the answer is worth nothing."""
    _, report = loaded
    assert not [file for file in report.files if "truth" in file.path]
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    again = import_paths(store, [county.folder / "truth"], actor="test", now=NOW)
    assert again.files == ()


def test_the_store_holds_no_word_of_the_truth(loaded, county):
    """Neither site numbers nor reporting rates have a column they could hide in."""
    store, _ = loaded
    cases = load_rows(store, "cases", scope=EVERYTHING, as_of=NOW)
    sites = county.truth("sites")
    assert len(sites) > len(cases)
    named = {text for column in cases for text in cases[column].astype(str)}
    assert not named & set(sites["site_id"])


@pytest.fixture
def store(tmp_path):
    return open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")


def _fill(store):
    return demo.fill_store(store, now=NOW, seed=7, scale="county")


def test_the_demo_goes_in_and_comes_out_without_a_trace(store):
    """One click in, one click out: nobody starts a bureau on leftovers."""
    _fill(store)
    assert demo.has_demo(store)
    assert count_rows(store, scope=EVERYTHING, as_of=NOW)["facilities"] > 300
    n_deleted = demo.remove_demo(store, actor="test", now=NOW)
    assert n_deleted > 1_000
    assert set(count_rows(store, scope=EVERYTHING, as_of=NOW).values()) == {0}
    assert list_imports(store, scope=EVERYTHING).empty
    assert not demo.has_demo(store)


def test_the_demo_can_come_back_after_it_was_taken_out(store):
    """Files remembered as loaded would be skipped, and the store stay empty."""
    _fill(store)
    demo.remove_demo(store, actor="test", now=NOW)
    report = _fill(store)
    assert report.n_unchanged < 20
    assert count_rows(store, scope=EVERYTHING, as_of=NOW)["areas"] > 100


def test_removal_leaves_what_others_brought(store, tmp_path):
    """The bureau's own records are not the demo's to take."""
    _fill(store)
    own = pd.DataFrame({"facility_id": ["OWN1"], "name": ["自有诊所"], "kind": ["private_clinic"]})
    own.to_csv(tmp_path / "facilities.csv", index=False)
    import_paths(store, [tmp_path / "facilities.csv"], actor="li", now=NOW)
    demo.remove_demo(store, actor="test", now=NOW)
    rows = load_rows(
        store, "facilities", scope=EVERYTHING, as_of=datetime(2027, 1, 1, tzinfo=schema.TIME_ZONE)
    )
    assert rows["facility_id"].tolist() == ["OWN1"]


def test_removal_of_nothing_changes_nothing(store):
    """A second click must not fail or write."""
    assert demo.remove_demo(store, actor="test", now=NOW) == 0


def test_removal_waits_for_a_running_job(store):
    """A job that ends after the removal would write scores of places that are gone."""
    from data.store import jobs

    _fill(store)
    jobs.submit(store, kind="score", params={}, key="k", actor="test")
    with pytest.raises(StoreBusyError):
        demo.remove_demo(store, actor="test", now=NOW)
    assert demo.has_demo(store)


def test_progress_runs_from_nothing_to_all(store):
    """Making and loading are one bar for whoever watches."""
    told = []
    demo.fill_store(
        store, now=NOW, seed=7, scale="county", progress=lambda share, _message: told.append(share)
    )
    assert told == sorted(told)
    assert told[0] < 0.1
    assert told[-1] == 1.0
