"""Roads from an OpenStreetMap extract: which are taken, and where they are cut."""

import osmium
import pytest
import shapely
from osmium.osm import mutable

from data.importers import child_roads, reading

PLACES = {1: (112.0, 23.0), 2: (112.01, 23.0), 3: (112.02, 23.0), 4: (112.03, 23.0)}


def read(tmp_path, *ways, nodes=()):
    """Return the rows of an extract that holds these ways and tagged nodes."""
    path = tmp_path / "roads.osm.pbf"
    tags = dict(nodes)
    with osmium.SimpleWriter(str(path)) as writer:
        for ref, place in PLACES.items():
            writer.add_node(mutable.Node(id=ref, location=place, tags=tags.get(ref, {})))
        for number, (refs, way_tags) in enumerate(ways, start=1):
            writer.add_way(mutable.Way(id=number, nodes=list(refs), tags=way_tags))
    table = reading.read_table(path)
    columns = [column.to_pylist() for column in table.columns]
    lines = [shapely.from_wkb(shape) for shape in table.shapes.to_pylist()]
    return table.headers, list(zip(*columns, strict=True)), lines


def test_roads_come_with_class_way_and_limit(tmp_path):
    """Footways, rivers and bus lines are no roads."""
    headers, rows, lines = read(
        tmp_path,
        ((1, 2), {"highway": "primary", "oneway": "-1", "maxspeed": "60"}),
        ((2, 3), {"highway": "footway"}),
        ((1, 3), {"route": "bus"}),
        ((3, 4), {"route": "ferry"}),
        ((1, 4), {"highway": "tertiary", "junction": "roundabout"}),
    )
    assert headers[:3] == ("highway", "oneway", "maxspeed")
    assert [row[:3] for row in rows] == [
        ("primary", "-1", "60"),
        ("ferry", None, None),
        ("tertiary", "yes", None),
    ]
    assert shapely.get_coordinates(lines[0]).tolist() == [[112.0, 23.0], [112.01, 23.0]]


@pytest.mark.parametrize(
    ("tags", "is_taken"),
    [
        ({}, True),
        ({"access": "private"}, False),
        ({"access": "no", "motor_vehicle": "yes"}, True),
        ({"motor_vehicle": "no"}, False),
        ({"access": "permissive"}, True),
    ],
)
def test_private_tracks_are_left_out(tags, is_taken):
    """A plan must not lead through a locked estate; the most particular tag decides."""
    assert (child_roads.road_tags({"highway": "track", **tags}) is not None) == is_taken


@pytest.mark.parametrize(
    ("tags", "blocks"),
    [
        ({"barrier": "bollard"}, True),
        ({"barrier": "gate"}, False),
        ({"barrier": "gate", "access": "private"}, True),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, False),
        ({"access": "private"}, False),
    ],
)
def test_bollards_and_locked_gates_stop_cars(tags, blocks):
    """Toll booths and plain gates do not."""
    assert child_roads.blocks_cars(tags) == blocks


def test_a_road_is_cut_at_a_bollard(tmp_path):
    """The two ends lie 4 m apart, further than ends of lines are joined over."""
    _, rows, lines = read(
        tmp_path,
        ((1, 2, 3), {"highway": "residential"}),
        nodes={2: {"barrier": "bollard"}}.items(),
    )
    assert len(rows) == 2
    (left, right) = (shapely.get_coordinates(line)[:, 0] for line in lines)
    assert left == pytest.approx([112.0, 112.01 - 2e-5])
    assert right == pytest.approx([112.01 + 2e-5, 112.02])


def test_a_barrier_at_the_end_of_a_road_parts_it_from_the_next():
    """A line that began at the bollard would still meet the street there."""
    (line,) = child_roads.pieces([(0.0, 0.0), (1.0, 0.0)], [True, False])
    assert line[0][0] == pytest.approx(2e-5)
    (between,) = child_roads.pieces([(0.0, 0.0), (1.0, 0.0)], [True, True])
    assert between[-1][0] == pytest.approx(1 - 2e-5)
