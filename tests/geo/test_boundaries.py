"""Areas: whose place is this."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from errors import MissingCrsError
from geo import boundaries, grid
from tests.references import distances


@pytest.fixture
def areas():
    """One district of two townships side by side; a village in the western one."""
    return gpd.GeoDataFrame(
        {
            "area_code": ["441201", "441201001", "441201002", "441201001201"],
            "level": ["district", "township", "township", "village"],
            "parent_code": [None, "441201", None, "441201001"],
            "urban_rural_code": [None, "121", "111", "112"],
        },
        geometry=[
            shapely.box(112.0, 23.0, 112.4, 23.2),
            shapely.box(112.0, 23.0, 112.2, 23.2),
            shapely.box(112.2, 23.0, 112.4, 23.2),
            shapely.box(112.0, 23.0, 112.1, 23.1),
        ],
        crs=4326,
    )


def test_the_smallest_area_wins(areas):
    """A village is more exact than its township."""
    codes = boundaries.area_of_points([112.05, 112.15, 112.3, 113], [23.05, 23.15, 23.1, 23], areas)
    assert codes.tolist() == ["441201001201", "441201001", "441201002", None]


def test_a_level_can_be_asked_for(areas):
    """Lists and plans are by township."""
    codes = boundaries.area_of_points([112.05, np.nan], [23.05, 23.0], areas, level="township")
    assert codes.tolist() == ["441201001", None]


def test_a_point_on_a_shared_border_always_gets_the_same_area(areas):
    """Whatever the order of the rows in the file."""
    for table in (areas, areas.iloc[::-1]):
        assert boundaries.area_of_points([112.2], [23.1], table, level="township")[0] == "441201001"


def test_points_agree_with_ray_casting(areas):
    """The tree must find what the obvious loop finds."""
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(111.9, 112.5, 300), rng.uniform(22.9, 23.3, 300)
    star = shapely.Polygon(
        [(112, 23), (112.4, 23.05), (112.1, 23.1), (112.35, 23.25), (112.05, 23.2)]
    )
    table = gpd.GeoDataFrame({"area_code": ["x"], "level": ["township"]}, geometry=[star], crs=4326)
    fast = boundaries.area_of_points(lon, lat, table) == "x"
    ring = list(star.exterior.coords)
    slow = [distances.is_in_ring(x, y, ring) for x, y in zip(lon, lat, strict=True)]
    assert fast.tolist() == slow


def test_areas_in_metres_are_understood_and_without_crs_refused(areas):
    """Files come in both; guessing a CRS would move a county."""
    metres = areas.to_crs(4546)
    assert boundaries.area_of_points([112.05], [23.05], metres)[0] == "441201001201"
    with pytest.raises(MissingCrsError):
        boundaries.area_of_points([112.05], [23.05], areas.set_crs(None, allow_override=True))


def test_a_cell_belongs_to_the_area_of_its_centre_or_its_largest_part(areas):
    """Cells along the outer edge have their centre outside and still need an owner."""
    cells = grid.cells_of_boundary(areas.geometry.iloc[0], 8)
    codes = boundaries.area_of_cells(cells, areas, level="township")
    assert set(codes) == {"441201001", "441201002"}


def test_residents_decide_about_a_cell_on_a_border(areas):
    """The area in which most of its people live is responsible."""
    lon, lat = 112.2, 23.1
    (cell,) = grid.cell_of([lon], [lat], 7)
    people = ([lon - 0.001, lon + 0.001], [lat, lat], [10.0, 90.0])
    codes = boundaries.area_of_cells([cell], areas, level="township", people=people)
    assert codes[0] == "441201002"


def test_ancestors_follow_the_parents_and_else_the_digits(areas):
    """Some lists leave the parent out; the code itself tells it."""
    assert boundaries.area_at_level(areas, level="district") == dict.fromkeys(
        areas["area_code"], "441201"
    )
    assert boundaries.area_at_level(areas, level="township")["441201001201"] == "441201001"
    assert "441201" not in boundaries.area_at_level(areas, level="township")


def test_a_circle_of_parents_ends(areas):
    """Bad data must not hang the import."""
    areas.loc[0, "parent_code"] = "441201001"
    assert boundaries.area_at_level(areas, level="city") == {}


def test_no_areas_know_no_place():
    """A city without boundaries is still scored."""
    empty = gpd.GeoDataFrame({"area_code": [], "level": []}, geometry=[], crs=4326)
    assert boundaries.area_of_points([112.0], [23.0], empty)[0] is None
    assert boundaries.area_of_cells(["88411c2d01fffff"], empty)[0] is None
