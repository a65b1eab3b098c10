"""The class computed from where people live and what the seats are called."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo import grid, urban_form
from geo.urban_form import UrbanFormParams

KM = 1.0 / 100.0
"""A hundredth of a degree: about a kilometre at this latitude, either way."""
SIDE = 3
"""Villages are squares of so many kilometres."""


def a_row_of_villages(township_name, *, district_name="甲区", n=8):
    """Return a township of ``n`` villages in a row from west to east, and its areas."""
    rows = [
        {"area_code": "990101", "name": district_name, "level": "district", "parent_code": "9901"},
        {
            "area_code": "990101001", "name": township_name, "level": "township",
            "parent_code": "990101",
        },
    ]  # fmt: skip
    shapes = [shapely.box(112.0, 25.0, 112.0 + n * SIDE * KM, 25.0 + SIDE * KM)] * 2
    for i in range(n):
        west = 112.0 + i * SIDE * KM
        rows.append(
            {
                "area_code": f"99010100120{i}", "name": f"第{i}村", "level": "village",
                "parent_code": "990101001",
            }
        )  # fmt: skip
        shapes.append(shapely.box(west, 25.0, west + SIDE * KM, 25.0 + SIDE * KM))
    return gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")


def people_to(east_km, *, per_km2=4000.0, n_km=8 * SIDE):
    """Return population points every 500 m: dense up to ``east_km``, 20 per km2 beyond."""
    x = np.arange(0.25, n_km, 0.5)
    y = np.arange(0.25, SIDE, 0.5)
    xs, ys = (part.ravel() for part in np.meshgrid(x, y))
    return pd.DataFrame(
        {
            "lon": 112.0 + xs * KM,
            "lat": 25.0 + ys * KM,
            "population": np.where(xs < east_km, per_km2, 20.0) / 4.0,
        }
    )


def codes(areas, people, **params):
    """Return the computed class by area code."""
    found = urban_form.classes_of_areas(areas, people, params=UrbanFormParams(**params))
    return dict(zip(found["area_code"], found["urban_rural_code"], strict=True))


def test_the_village_at_the_edge_of_the_city_is_fringe():
    """That village is where illegal clinics hide; its neighbours on both sides differ."""
    found = codes(a_row_of_villages("城东街道"), people_to(10.0))
    assert [found[f"99010100120{i}"] for i in range(5)] == ["111", "111", "111", "112", "220"]


def test_a_town_makes_town_classes():
    """A town's edge is another code than a city's, and both count as fringe."""
    found = codes(a_row_of_villages("河口镇"), people_to(4.5, per_km2=3000.0))
    assert [found[f"99010100120{i}"] for i in range(3)] == ["121", "122", "220"]


def test_a_sub_district_of_a_county_is_a_town():
    """The statistics bureau calls a county's seat 镇区, whatever its office is called."""
    found = codes(a_row_of_villages("城关街道", district_name="丙县"), people_to(10.0))
    assert found["990101001200"] == "121"
    assert found["990101001203"] == "122"


def test_a_small_seat_has_no_fringe_of_its_own():
    """Built-up ground of a 乡 is no town: only its seat has a code of its own."""
    people = people_to(4.5, per_km2=3000.0)
    people.loc[people["lon"] < 112.0 + SIDE * KM, "population"] *= 1.5
    found = codes(a_row_of_villages("岭上乡"), people)
    assert found["990101001200"] == "210"
    assert found["990101001201"] == "220"


def test_a_cluster_too_small_for_a_city_is_a_town():
    """A sub-district of a few thousand people out in the country is no main urban area."""
    found = codes(a_row_of_villages("城东街道"), people_to(4.5, per_km2=1000.0))
    assert found["990101001200"] == "121"


def test_a_township_has_the_class_of_most_of_its_people():
    """A leader compares townships: one word for each."""
    assert codes(a_row_of_villages("城东街道"), people_to(10.0))["990101001"] == "111"


def test_known_codes_of_villages_count_for_their_township():
    """Where the bureau classed the villages, the township follows the bureau."""
    areas = a_row_of_villages("城东街道")
    known = {code: "220" for code in areas["area_code"] if len(code) == 12}
    found = urban_form.classes_of_areas(areas, people_to(10.0), known=known)
    township = found.set_index("area_code").loc["990101001", "urban_rural_code"]
    assert township == "220"


def test_a_township_without_villages_is_classed_by_its_own_ground():
    """Many bureaus hold outlines of townships only."""
    areas = a_row_of_villages("城东街道").iloc[:2]
    assert codes(areas, people_to(24.0)) == {"990101001": "111"}


@pytest.mark.parametrize("lack", ["people", "areas", "places"])
def test_without_people_or_outlines_nothing_is_computed(lack):
    """An unknown class stays unknown; a guess would look like knowledge."""
    areas, people = a_row_of_villages("城东街道"), people_to(10.0)
    if lack == "people":
        people = people.iloc[:0]
    elif lack == "places":
        people["lon"] = np.nan
    else:
        areas = areas[areas["level"] == "district"]
    assert codes(areas, people) == {}


def test_the_order_of_rows_does_not_matter():
    """The same city in another file gives the same classes."""
    areas, people = a_row_of_villages("城东街道"), people_to(10.0)
    shuffled = codes(areas.iloc[::-1], people.sample(frac=1.0, random_state=3))
    assert shuffled == codes(areas, people)


def cell_codes(cells, areas, people):
    """Return the computed class by cell."""
    return dict(zip(cells, urban_form.classes_of_cells(cells, areas, people), strict=True))


def test_cells_of_a_township_without_villages_differ_by_their_own_ground():
    """A whole township in one class would hide the edge of the city inside it."""
    areas = a_row_of_villages("城东街道").iloc[:2]
    cells = [
        str(grid.cell_of(112.0 + km * KM, 25.0 + 1.5 * KM, resolution=8)[0])
        for km in (5.0, 10.3, 20.0)
    ]
    found = cell_codes(cells, areas, people_to(10.0))
    assert [found[cell] for cell in cells] == ["111", "112", "220"]


def test_the_class_of_a_cell_does_not_depend_on_which_others_are_asked():
    """A cell scored alone has the class that it has on the whole map."""
    areas, people = a_row_of_villages("城东街道").iloc[:2], people_to(10.0)
    east = np.arange(0.5, 23.0, 0.2)
    cells = sorted(set(map(str, grid.cell_of(112 + east * KM, 25.015 + 0 * east, resolution=8))))
    together = cell_codes(cells, areas, people)
    assert set(together.values()) == {"111", "112", "220"}
    for cell in cells[::6]:
        assert cell_codes([cell], areas, people) == {cell: together[cell]}
    assert cell_codes(cells, areas, people.iloc[:0]) == dict.fromkeys(cells)
