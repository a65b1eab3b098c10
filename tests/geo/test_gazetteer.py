"""Addresses as people write them, on the made-up city's names."""

import csv
from pathlib import Path

import pytest

from geo.gazetteer import Gazetteer
from geo.place_names import Door, Place

HERE = Path(__file__).parent


def rows(name):
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def doors():
    return {
        row["facility_id"]: Door(
            door_id=row["facility_id"],
            name=row["name"],
            address=row["address"],
            code=row["area_code"],
            lon=float(row["lon"]),
            lat=float(row["lat"]),
        )
        for row in rows("made_up_doors.csv")
    }


@pytest.fixture(scope="module")
def gazetteer(doors):
    places = [
        Place(
            code=row["area_code"],
            name=row["name"],
            level=row["level"],
            parent=row["parent_code"] or None,
            lon=float(row["lon"]),
            lat=float(row["lat"]),
            former=tuple(filter(None, row["former_names"].split(";"))),
        )
        for row in rows("made_up_areas.csv")
    ]
    return Gazetteer(places, doors.values())


@pytest.mark.parametrize("part", ["dev", "held"])
def test_addresses_written_by_hand_are_placed(gazetteer, part):
    """County right in 98 of 100, township in 93, each of both halves; blank means: say nothing."""
    written = [row for row in rows("addresses_by_hand.csv") if row["part"] == part]
    found = [gazetteer.find(row["address"]).code or "" for row in written]
    county = [code[:6] == row["area_code"][:6] for code, row in zip(found, written, strict=True)]
    township = [code[:9] == row["area_code"][:9] for code, row in zip(found, written, strict=True)]
    assert len(written) == 100
    assert sum(county) >= 98
    assert sum(township) >= 93


def test_a_wrong_place_is_never_claimed_as_exact(gazetteer, doors):
    """An officer drives to an exact place; it must be the very door."""
    n_exact = 0
    for row in rows("addresses_by_hand.csv"):
        found = gazetteer.find(row["address"])
        if found.precision != "exact":
            continue
        n_exact += 1
        at = [doors[door] for door in row["door"].split(";") if door]
        assert any((door.lon, door.lat) == (found.lon, found.lat) for door in at), row["address"]
    assert n_exact >= 10


def test_a_place_without_a_point_is_nowhere_and_not_at_zero(gazetteer):
    """A county is counted, not drawn; nothing is put off the coast of Africa."""
    county = gazetteer.find("禾溪县某出租屋")
    assert (county.code, county.precision, county.lon, county.lat) == ("990121", None, None, None)
    nothing = gazetteer.find("来电人不愿透露")
    assert (nothing.code, nothing.lon, nothing.confidence) == (None, None, 0.0)


def test_a_known_county_settles_a_repeated_name(gazetteer):
    """The file of a county's bureau never means the village of that name elsewhere."""
    assert gazetteer.find("唐家湾村").code is None
    assert gazetteer.find("唐家湾村", within="990124").code == "990124107216"
    assert gazetteer.find("唐家湾村", within="990126100").code == "990126100201"


def test_contradicting_names_are_not_resolved_by_guessing(gazetteer):
    """A village that the named township lacks: the township at most, and it is told."""
    found = gazetteer.find("禾溪县双渡镇唐家湾村")
    assert (found.code, found.precision) == ("990121100", "township")
    far = gazetteer.find("禾溪县新墟镇下滩村")
    assert far.precision != "village"


def test_a_neighbour_of_a_door_is_not_the_door(gazetteer, doors):
    """Opposite the hospital is not the hospital."""
    hospital = doors["F00032"]
    at = gazetteer.find("望川县第三人民医院")
    beside = gazetteer.find("望川县第三人民医院对面")
    assert (at.precision, at.lon) == ("exact", hospital.lon)
    assert (beside.precision, beside.reason) == ("village", "landmark")


def test_other_cities_are_not_ours(gazetteer):
    """A street of the same name elsewhere is not placed here."""
    assert gazetteer.find("广州市松口街道唐岗社区").code is None
