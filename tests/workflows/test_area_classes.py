"""Classes of areas: the bureau's first, computed ones else, corrections by hand; all say so."""

import csv
import io

import pytest

from data import audit
from data.scope import EVERYTHING, Scope
from data.store import rows
from errors import ForbiddenError, NotFoundError, RecordError
from geo.urban_form import UrbanFormParams
from tests import signing_in
from tests.data.frames_of_records import moment
from tests.geo.test_urban_form import a_row_of_villages, people_to
from workflows import area_classes, area_layers
from workflows.access import COMMAND_LINE
from workflows.import_undo import undo_import
from workflows.importing import import_paths

NOW = moment("2026-03-02 09:00")
LATER = moment("2026-03-03 09:00")
SOON = moment("2026-03-04 09:00")
FRINGE = "990101001203"
ELSEWHERE = Scope(user="x", districts=frozenset({"990102"}), sealed=None)


def write(folder, *, coded=()):
    """Write areas, some with the bureau's code, and people, as a bureau hands them in."""
    areas = a_row_of_villages("城东街道")
    areas["urban_rural_code"] = [dict(coded).get(code) for code in areas["area_code"]]
    areas.to_file(folder / "区划.gpkg")
    people_to(10.0).to_csv(folder / "人口.csv", index=False)
    return folder


def load(store, *paths, now=NOW):
    """Load files and return the numbers of their imports by kind."""
    report = import_paths(store, list(paths), datum="wgs84", actor=COMMAND_LINE, now=now)
    assert [file.error for file in report.files] == [None] * len(report.files)
    return {file.kind: file.import_id for file in report.files}


def classes(store, now=SOON):
    """Return class, source and year by area code."""
    held = area_classes.listed(store, scope=EVERYTHING, as_of=now)
    held = held.astype(object).where(held.notna(), None)
    return {
        row["area_code"]: (row["urban_rural_code"], row["class_source"], row["class_year"])
        for row in held.to_dict("records")
    }


@pytest.fixture
def store(empty_store, tmp_path):
    """Return a store whose bureau gave no codes."""
    load(empty_store, write(tmp_path))
    return empty_store


def test_loading_areas_and_people_is_enough(store):
    """A county without the statistics bureau's list must still have a fringe on its map."""
    found = classes(store)
    assert found[FRINGE] == ("112", "computed", 2026)
    assert found["990101001200"] == ("111", "computed", 2026)
    assert found["990101001"][1] == "computed"
    assert audit.verify(store) is None


def test_codes_of_the_bureau_stay_as_they_are(empty_store, tmp_path):
    """The computation never overrules those whose task it is."""
    load(empty_store, write(tmp_path, coded={FRINGE: "220"}))
    found = classes(empty_store)
    assert found[FRINGE] == ("220", "bureau", None)
    assert found["990101001200"][1] == "computed"


def test_the_order_of_the_files_does_not_matter(empty_store, tmp_path):
    """People may come a month after the outlines."""
    folder = write(tmp_path)
    load(empty_store, folder / "区划.gpkg")
    assert classes(empty_store)[FRINGE] == (None, None, None)
    load(empty_store, folder / "人口.csv", now=LATER)
    assert classes(empty_store)[FRINGE][0] == "112"


def test_taking_the_people_back_takes_the_classes_that_came_from_them(empty_store, tmp_path):
    """A class must not outlive what it was computed from."""
    loaded = load(empty_store, write(tmp_path))
    undo_import(
        empty_store, loaded["population"], reason="导错文件", actor=COMMAND_LINE,
        scope=EVERYTHING, now=LATER,
    )  # fmt: skip
    assert classes(empty_store)[FRINGE] == (None, None, None)


def test_computing_again_changes_nothing(store):
    """The button may be pressed twice."""
    before = classes(store)
    made = area_classes.recompute(
        store, UrbanFormParams(), actor=COMMAND_LINE, scope=EVERYTHING, now=LATER
    )
    assert (made.n_computed, made.n_without) == (9, 0)
    assert classes(store) == before


def correct(store, *, actor=COMMAND_LINE, code="220", reason="2025 年名录", scope=EVERYTHING):
    """Correct the fringe village."""
    area_classes.reclass(store, FRINGE, code, reason=reason, actor=actor, scope=scope, now=LATER)


def test_a_correction_stands_against_later_files_and_computations(store, tmp_path):
    """Whoever corrected it knows the place; next month's file does not."""
    correct(store)
    folder = tmp_path / "next"
    folder.mkdir()
    load(store, write(folder, coded={FRINGE: "111"}), now=SOON)
    assert classes(store, moment("2026-03-05"))[FRINGE] == ("220", "corrected", 2026)


def test_withdrawing_a_correction_brings_back_the_class_before(store):
    """Undo, with both steps in the history."""
    before = classes(store)[FRINGE]
    correct(store)
    area_classes.withdraw(store, FRINGE, actor=COMMAND_LINE, scope=EVERYTHING, now=SOON)
    assert classes(store, moment("2026-03-05"))[FRINGE] == before
    told = area_layers.history(store, FRINGE, scope=EVERYTHING, now=moment("2026-03-05"))
    assert [version.source for version in told] == ["computed", "corrected", "computed"]
    assert told[1].reason == "2025 年名录"
    with pytest.raises(NotFoundError):
        area_classes.withdraw(store, FRINGE, actor=COMMAND_LINE, scope=EVERYTHING, now=SOON)


def test_only_who_may_corrects_and_only_in_his_districts(store):
    """A class decides where teams go."""
    signing_in.add_account(store, "reader", roles=["officer"])
    with pytest.raises(ForbiddenError):
        correct(store, actor="reader")
    with pytest.raises(NotFoundError):
        correct(store, scope=ELSEWHERE)
    with pytest.raises(ForbiddenError):
        area_classes.recompute(
            store, UrbanFormParams(), actor=COMMAND_LINE, scope=ELSEWHERE, now=LATER
        )
    for code, reason in (("999", "名录"), ("220", " "), ("220", "长" * 201)):
        with pytest.raises(RecordError):
            correct(store, code=code, reason=reason)
    assert classes(store)[FRINGE][1] == "computed"


def test_the_map_shows_source_and_year_of_every_area(store):
    """Always labelled with source and year."""
    drawn = area_layers.classes_layer(store, scope=EVERYTHING, as_of=SOON, level="village")
    at = drawn["id"].index(FRINGE)
    assert drawn["codes"][drawn["code_of"][at]] == "112"
    assert drawn["sources"][drawn["source_of"][at]] == "computed"
    assert drawn["year"][at] == 2026
    assert len(drawn["rings"][at][0]) >= 8
    nothing = area_layers.classes_layer(store, scope=ELSEWHERE, as_of=SOON, level="village")
    assert nothing["id"] == []
    with pytest.raises(ValueError, match="level"):
        area_layers.classes_layer(store, scope=EVERYTHING, as_of=SOON, level="city")


def test_the_list_leaves_the_house_logged_and_without_formulas(store):
    """A spreadsheet must not run what somebody typed as a reason."""
    correct(store, reason="=1+1")
    table = area_layers.classes_csv(
        store, language="zh", actor=COMMAND_LINE, scope=EVERYTHING, now=SOON
    )
    lines = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))
    (line,) = [line for line in lines if line[0] == FRINGE]
    assert line[5:10] == ["220", "村庄", "人工更正", "2026", "'=1+1"]
    signing_in.add_account(store, "reader", roles=["officer"])
    with pytest.raises(ForbiddenError):
        area_layers.classes_csv(store, language="zh", actor="reader", scope=EVERYTHING, now=SOON)


def test_the_fringe_tells_its_year(store):
    """The legend of the hotspot map names it."""
    year = area_classes.fringe_year(store, computed=True, scope=EVERYTHING, as_of=SOON)
    assert year == 2026
    assert area_classes.fringe_year(store, computed=False, scope=EVERYTHING, as_of=SOON) is None


def test_counts_by_source(store):
    """One line over the list says how many classes are the bureau's."""
    counted = area_layers.counts(area_classes.listed(store, scope=EVERYTHING, as_of=SOON))
    assert counted[["source", "township", "village"]].to_numpy().tolist() == [["computed", 1, 8]]
    assert len(rows.load_rows(store, "areas", scope=EVERYTHING, as_of=SOON)) == 10
