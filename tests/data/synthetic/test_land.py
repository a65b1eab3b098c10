"""The ground of the made-up city: what a stranger would check on its map."""

import numpy as np
import pytest
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from data.synthetic import areas, lines
from data.synthetic.land import area_shapes, area_table

REAL_PROVINCES = {
    *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"),
    *("41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54"),
    *("61", "62", "63", "64", "65", "71", "81", "82", "83"),
}
"""First two digits of the codes of GB/T 2260."""


@pytest.fixture(params=["county_land", "prefecture_land"])
def land(request):
    return request.getfixturevalue(request.param)


def _road_ends(land):
    """Every piece of road as a pair of end points and its direction."""
    made = land.roads
    starts = shapely.get_coordinates(shapely.get_point(made.lines, 0))
    ends = shapely.get_coordinates(shapely.get_point(made.lines, -1))
    both, node = np.unique(np.vstack([starts, ends]), axis=0, return_inverse=True)
    return both, node[: len(starts)], node[len(starts) :], np.array(made.oneway) == "yes"


def test_every_village_is_reached_by_road_and_can_be_left_again(land):
    """A village off the network is a village that no plan can ever visit."""
    points, start, end, oneway = _road_ends(land)
    rows = np.concatenate([start, end[~oneway]])
    cols = np.concatenate([end, start[~oneway]])
    graph = csr_matrix((np.ones(rows.size), (rows, cols)), shape=(len(points),) * 2)
    _, part = connected_components(graph, directed=True, connection="strong")
    main = np.bincount(part).argmax()
    known = {tuple(point): part[i] == main for i, point in enumerate(points.tolist())}
    villages = land.places.villages[["lon", "lat"]].itertuples(index=False)
    missing = [v for v in villages if not known.get((v.lon, v.lat), False)]
    assert missing == []


def test_rivers_are_crossed_by_bridges_only(land):
    """A road that runs through a river is the first thing a stranger sees."""
    rivers, _ = lines.river_lines(land.terrain, land.ground)
    tree = shapely.STRtree(land.ground.lines_to_degrees(rivers))
    road, _ = tree.query(land.roads.lines, predicate="intersects")
    on_water = np.zeros(len(land.roads.lines), dtype=bool)
    on_water[road] = True
    is_ferry = np.array(land.roads.highway) == "ferry"
    assert land.roads.bridges.sum() > 5
    assert not (on_water & ~land.roads.bridges & ~is_ferry).any()
    assert (on_water | ~land.roads.bridges).all()


def test_no_village_and_no_township_lies_in_water(land):
    """A township office in a lake would end the demonstration."""
    wet = (land.terrain.lake | land.terrain.river).ravel()
    seats = land.settlements
    assert not wet[seats.village_seats].any()
    assert not wet[seats.township_seats].any()
    lakes = areas.mask_polygons(land.terrain.lake, land.terrain.grid, land.ground)
    degrees = land.ground.lines_to_degrees(lakes)
    villages = shapely.points(land.places.villages[["lon", "lat"]].to_numpy())
    assert not any(shapely.contains(lake, villages).any() for lake in degrees)


def test_no_road_runs_through_the_lake(land):
    """Water is crossed by bridges over rivers, and there is none over the reservoir."""
    lakes = areas.mask_polygons(land.terrain.lake, land.terrain.grid, land.ground)
    assert len(lakes) == 1
    shore = land.ground.lines_to_degrees(lakes)[0]
    assert not shapely.intersects(shore, land.roads.lines).any()


def test_areas_tile_the_city_without_gap_or_overlap(land):
    """A point between two villages would belong to nobody."""
    table, shapes = area_table(land), area_shapes(land)
    assert shapely.is_valid(shapes).all()
    size = shapely.area(shapes)
    for level in ("district", "township", "village"):
        assert size[table["level"] == level].sum() == pytest.approx(size[0], rel=1e-6)
    assert (shapely.get_num_geometries(shapes) == 1).all()


def test_every_area_lies_in_its_parent(land):
    """Sums of townships must be the sums of their county."""
    table, shapes = area_table(land), area_shapes(land)
    inside = shapely.point_on_surface(shapes)
    number = {code: i for i, code in enumerate(table["area_code"])}
    assert len(number) == len(table)
    for i, parent in enumerate(table["parent_code"]):
        if isinstance(parent, str):
            assert shapely.contains(shapes[number[parent]], inside[i])


def test_no_code_could_belong_to_a_real_place(land):
    """A made-up den under a real code would be a rumour about a real village."""
    codes = area_table(land)["area_code"]
    assert not set(codes.str[:2]) & REAL_PROVINCES
    assert set(codes.str.len()) == {6, 9, 12}


def test_density_falls_from_centre_to_fringe_to_field(land):
    """The codes come from joined-up building; density must agree without having been asked."""
    villages = land.places.villages
    people = villages.groupby("urban_rural_code")["residents"].sum()
    km2 = np.bincount(villages.index, weights=shapely.area(land.shapes) / 1e6)
    size = villages.assign(km2=km2).groupby("urban_rural_code")["km2"].sum()
    density = people / size
    assert density["111"] > 2 * density["112"] > 2 * density["220"]
    assert density["121"] > 2 * density["122"] > 2 * density["220"]


def test_villages_follow_valleys(prefecture_land):
    """Dots strewn over ridges are what gives a generated map away."""
    terrain = prefecture_land.terrain
    height, slope = terrain.height_m.ravel(), terrain.slope.ravel()
    seats, inside = prefecture_land.settlements.village_seats, terrain.inside.ravel()
    assert slope[seats].mean() < 0.6 * slope[inside].mean()
    assert height[seats].mean() < height[inside].mean()


def test_the_prefecture_has_the_size_it_was_asked_for(prefecture_land):
    """15,000 km2, eight counties, a hundred townships and 1,600 villages."""
    places = prefecture_land.places
    sizes = (len(places.districts), len(places.townships), len(places.villages))
    assert sizes == (8, 100, 1_600)
    assert shapely.area(prefecture_land.shapes).sum() / 1e6 == pytest.approx(15_000, rel=0.02)


def test_the_outline_is_no_circle_and_no_box(prefecture_land):
    """Borders run along ridges: at least a fifth longer than a circle's."""
    whole = area_shapes(prefecture_land)[0]
    metres = prefecture_land.ground.lines_to_metres(np.array([whole]))[0]
    assert metres.length / np.sqrt(4 * np.pi * metres.area) > 1.2


def test_there_is_a_ferry_and_one_way_streets_and_every_class_of_road(prefecture_land):
    """Travel times must meet all of them before a bureau's own roads do."""
    made = prefecture_land.roads
    assert set(made.highway) == set(lines.CLASSES)
    assert made.highway.count("ferry") == 1
    assert made.oneway.count("yes") > 20


def test_some_roads_are_dead_ends(prefecture_land):
    """Mountain villages are at the end of a lane."""
    _, start, end, _ = _road_ends(prefecture_land)
    assert (np.bincount(np.concatenate([start, end])) == 1).sum() > 200
