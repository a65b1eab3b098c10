"""A bureau without class codes: the computed class goes into scores, map and evenness."""

from datetime import timedelta

import pandas as pd
import pytest

from data.scope import EVERYTHING
from data.store import scores
from tests.conftest import AS_OF
from tests.geo.test_urban_form import a_row_of_villages, people_to
from workflows import area_classes, map_layers, scoring
from workflows.access import COMMAND_LINE
from workflows.evenness import make_evenness
from workflows.importing import import_paths

BEFORE = AS_OF - timedelta(days=30)
CITY, EDGE, VILLAGE = (112.015, 25.015), (112.105, 25.015), (112.225, 25.015)
FACILITY = ("facility_id", "name", "kind", "lon", "lat")
VISIT = ("inspection_id", "started_at", "kind", "result", "lon", "lat")


def load(store, path, header, *rows):
    """Import rows given in WGS-84; every row must be taken."""
    pd.DataFrame(rows, columns=header).to_csv(path, index=False)
    report = import_paths(store, [path], datum="wgs84", actor=COMMAND_LINE, now=BEFORE)
    assert [(str(f.error), [str(r) for r in f.refused]) for f in report.files] == [("None", [])]


@pytest.fixture
def scored(empty_store, tmp_path):
    """Return a store scored with areas whose file has no code column, and its run."""
    areas = a_row_of_villages("城东街道")
    assert "urban_rural_code" not in areas
    areas.to_file(tmp_path / "区划.gpkg")
    people_to(10.0).to_csv(tmp_path / "人口.csv", index=False)
    paths = [tmp_path / "区划.gpkg", tmp_path / "人口.csv"]
    report = import_paths(empty_store, paths, datum="wgs84", actor=COMMAND_LINE, now=BEFORE)
    assert [file.error for file in report.files] == [None, None]
    rows = [
        (f"F{k}", f"测试诊所{k}", "hospital_2plus", *at)
        for k, at in enumerate((CITY, EDGE, VILLAGE))
    ]
    load(empty_store, tmp_path / "机构.csv", FACILITY, *rows)
    visits = [
        (f"I{k}", "2026-01-20 10:00", "routine", "pass", *at) for k, at in enumerate((CITY, EDGE))
    ]
    load(empty_store, tmp_path / "检查.csv", VISIT, *visits)
    run = scoring.score(
        empty_store, scoring.ScoringParams(), scope=EVERYTHING, as_of=AS_OF, actor="test"
    )
    return empty_store, run


def test_every_scored_cell_says_that_its_class_is_computed(scored):
    """A computed class that looks like the bureau's would be quoted as such."""
    store, run = scored
    cells = scores.load_cell_scores(store, run.run_id, scope=EVERYTHING)
    known = cells[cells["urban_rural_code"].notna()]
    assert {"111", "112", "220"} <= set(known["urban_rural_code"])
    assert set(known["class_source"]) == {"computed"}


def test_the_hotspot_map_outlines_the_fringe_as_computed(scored):
    """Dotted, with 推算 and the year in the legend."""
    store, run = scored
    cells = scores.load_cell_scores(store, run.run_id, scope=EVERYTHING)
    year = area_classes.fringe_year(store, computed=True, scope=EVERYTHING, as_of=AS_OF)
    fringe = map_layers.cells_layer(cells, as_of=AS_OF, class_year=year)["fringe"]
    assert fringe["computed"]
    assert fringe["rings"]
    assert fringe["year"] == BEFORE.year


def test_evenness_compares_computed_classes(scored):
    """One visit in the city, one at its edge, none beyond."""
    even = make_evenness(*scored, scope=EVERYTHING)
    visits = even.by_class.set_index("group")["n_visits"]
    assert (visits["111"], visits["112"], visits["220"]) == (1, 1, 0)
    assert even.by_class["risk_share"].sum() == pytest.approx(1.0)


def test_remote_cells_are_counted_by_class(scored):
    """偏远 is a group across classes: together they hold all risk of a class."""
    even = make_evenness(*scored, scope=EVERYTHING)
    parts = even.by_class_and_remote
    assert isinstance(parts, pd.DataFrame)
    assert set(parts["is_remote"]) <= {0, 1}
    whole = parts.groupby("group")["risk_share"].sum()
    by_class = even.by_class.set_index("group")["risk_share"]
    for code in ("111", "112", "220"):
        assert whole[code] == pytest.approx(by_class[code])
    assert parts["n_visits"].sum() == even.by_class["n_visits"].sum()
