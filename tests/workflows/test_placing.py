"""Rows without coordinates: placed by their words, kept in any case."""

from datetime import UTC, datetime

import pytest

from data.scope import EVERYTHING
from data.store.rows import load_rows
from geo.gazetteer import Gazetteer
from geo.place_names import Door, Place
from workflows import access, placing
from workflows.importing import import_paths

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def area(code, name, level, parent=None, former=()):
    return Place(
        code=code, name=name, level=level, parent=parent, lon=113.0, lat=25.0, former=former
    )


@pytest.fixture
def known():
    places = [
        area("990102", "云浦区", "district"),
        area("990102001", "松口街道", "township", "990102"),
        area("990102002", "大冲镇", "township", "990102", former=("马头乡",)),
        area("990102001001", "唐岗社区", "village", "990102001"),
        area("990102002001", "叶田村", "village", "990102002"),
    ]
    door = Door(
        door_id="F1",
        name="松口和泽诊所",
        address="云浦区松口街道唐岗社区12号",
        code="990102001001",
        lon=113.01,
        lat=25.01,
    )
    return Gazetteer(places, [door])


def test_words_and_code_that_agree_give_the_finest_place(known):
    """The door where it is on file, else the village."""
    door = placing.locate(known, "唐岗社区12号", "990102001001")
    assert (door.precision, door.lon) == ("exact", 113.01)
    village = placing.locate(known, "学校后面", "990102001001")
    assert (village.precision, village.code) == ("village", "990102001001")


def test_words_that_contradict_the_code_are_not_believed_nor_is_the_code(known):
    """One of the two is wrong; only what both share is claimed."""
    found = placing.locate(known, "大冲镇叶田村", "990102001001")
    assert (found.code, found.precision, found.reason) == ("990102", None, "conflict")


def test_former_names_lead_to_todays_place(known):
    """People say the old name for years."""
    assert placing.locate(known, "马头乡叶田村", None).code == "990102002001"


LEADS = """线索编号,登记时间,渠道,类别,机构编号,地点,区划代码,经度,纬度
A1,2026-11-01 10:00,电话,无证行医,,{place}街上,,,
A2,2026-11-01 11:00,电话,无证行医,,来电人不愿说,,,
A3,2026-11-01 12:00,电话,无证行医,{facility},院内,,,
"""


def test_an_import_keeps_counts_and_lists_what_it_cannot_place(loaded_store, tmp_path):
    """Nothing is dropped and nothing put at zero."""
    areas = load_rows(loaded_store, "areas", scope=EVERYTHING, as_of=NOW)
    names = areas[areas["level"] == "township"]["name"]
    township = names[~names.duplicated(keep=False)].iloc[0]
    facilities = load_rows(loaded_store, "facilities", scope=EVERYTHING, as_of=NOW)
    facility = facilities[facilities["lon"].notna()]["facility_id"].iloc[0]
    path = tmp_path / "线索.csv"
    path.write_text(LEADS.format(place=township, facility=facility), encoding="utf-8")

    report = import_paths(loaded_store, [path], actor=access.COMMAND_LINE, now=NOW)

    (file,) = report.files
    assert (file.error, file.taken, file.n_warned >= 1) == (None, 3, True)
    notes = [note.template for note in file.notes]
    assert any("按地址定位" in note for note in notes)
    assert any("无法定位" in note for note in notes)
    after = datetime(2026, 11, 23, tzinfo=UTC)
    leads = load_rows(loaded_store, "complaints", scope=EVERYTHING, as_of=after)
    leads = leads.set_index("complaint_id").loc[["A1", "A2", "A3"]]
    assert leads.loc["A1", "location_precision"] == "township"
    assert leads["lon"].notna().tolist() == [True, False, True]
    assert not (leads["lon"] == 0).any()
    listed = placing.unplaced(loaded_store, scope=EVERYTHING, as_of=after)
    assert "A2" in set(listed["record_id"])
    assert "A3" not in set(listed["record_id"])
