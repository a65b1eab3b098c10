"""Lines to a network: where they meet, where they don't, and what is left out."""

import numpy as np
import pytest

from geo import road_network, road_places
from geo.road_speeds import RoadParams
from tests.geo.roads import degrees, lines, metres, road

PARAMS = RoadParams(speed_kmh={"secondary": 36.0, "motorway": 72.0}, least_piece_m=0.0)


def network(*roads, params=PARAMS):
    return road_network.make_network(lines(*roads), params=params)


def snap(net, *points, params=PARAMS):
    lon, lat = degrees(points).T if points else np.zeros((2, 0))
    return road_places.snap(net, lon, lat, params=params)


def test_lines_are_cut_where_they_share_a_vertex():
    """A cross of two lines has four arms."""
    net = network(
        road((-1000, 0), (0, 0), (1000, 0)),
        road((0, -1000), (0, 0), (0, 1000)),
    )
    assert (net.n_nodes, net.n_edges) == (5, 4)
    assert net.length_m == pytest.approx([1000] * 4, abs=0.01)
    assert net.forward_s == pytest.approx([100] * 4, abs=0.01)


def test_a_bridge_over_a_road_is_no_junction():
    """Lines that cross without a shared vertex can't be changed from one to the other."""
    net = network(road((-1000, 0), (1000, 0)), road((0, -1000), (0, 1000)))
    assert (net.n_nodes, net.n_edges, net.piece.max()) == (4, 2, 1)


def test_a_line_that_ends_on_another_meets_it_without_a_shared_vertex():
    """Lines drawn by hand meet this way, up to the tolerance beside each other."""
    net = network(road((-1000, 0), (1000, 0)), road((0, 0.6), (0, 500)))
    assert (net.n_nodes, net.n_edges, net.piece.max()) == (4, 3, 0)
    apart = network(road((-1000, 0), (1000, 0)), road((0, 5), (0, 500)))
    assert apart.piece.max() == 1


def test_ends_a_hands_breadth_apart_meet():
    """Two sheets of a road survey rarely agree to the centimetre."""
    assert network(road((0, 0), (500, 0)), road((500.4, 0), (900, 0))).n_nodes == 3


def test_lines_without_length_and_shapes_that_are_no_lines_are_left_out():
    """They carry no way, and a zero would read as no connection."""
    point = {"highway": "secondary", "shape": road((0, 0), (0, 0))["shape"]}
    net = network(road((0, 0), (500, 0)), point, road())
    assert net.n_edges == 1
    assert network(point) is None


def test_scraps_joined_to_nothing_are_left_out_and_the_longest_piece_stays():
    """A parking lot drawn without its exit would catch every place around it."""
    roads = (road((0, 0), (3000, 0)), road((0, 500), (300, 500)))
    assert network(*roads, params=RoadParams(least_piece_m=1000)).n_edges == 1
    assert network(*roads, params=RoadParams(least_piece_m=9000)).n_edges == 1
    assert network(*roads).n_edges == 2


def test_a_place_meets_the_edge_and_not_the_next_junction():
    """On long mountain edges the next junction is kilometres away."""
    found = snap(network(road((0, 0), (2000, 0))), (700, 120))
    assert found.at_m[0] == pytest.approx(700, abs=0.01)
    assert found.walk_m[0] == pytest.approx(120, abs=0.01)


def test_a_place_beyond_the_limit_or_without_position_has_no_road():
    """Its times are estimates then."""
    net = network(road((0, 0), (2000, 0)))
    lon, lat = degrees([(0, 499), (0, 501), (0, 0)]).T
    lon[2] = np.nan
    found = road_places.snap(net, lon, lat, params=PARAMS)
    assert found.has_road.tolist() == [True, False, False]


def test_nobody_stops_on_a_motorway():
    """A clinic beside the motorway is reached by the road behind it."""
    net = network(road((0, 0), (2000, 0), highway="motorway"), road((0, 300), (2000, 300)))
    assert snap(net, (1000, 10)).walk_m[0] == pytest.approx(290, abs=0.01)


def test_of_parallel_edges_the_fastest_is_taken():
    """A sparse matrix would add the two up."""
    net = network(
        road((0, 0), (1000, 0)), road((0, 0), (1000, 0), maxspeed="18"),
    )  # fmt: skip
    graph = road_places.join(net, snap(net))
    assert graph.matrix.data == pytest.approx([100, 100], abs=0.01)


def test_the_shape_of_a_part_of_an_edge_is_cut_where_it_should_be():
    """The route on the map begins at the door, not at the junction."""
    net = network(road((0, 0), (300, 0), (300, 400)))
    there = metres(road_places.edge_points(net, 0, 100.0, 500.0))
    assert there == pytest.approx(np.array([(100, 0), (300, 0), (300, 200)]), abs=0.01)
    back = metres(road_places.edge_points(net, 0, 500.0, 100.0))
    assert back == pytest.approx(there[::-1])


def test_content_names_lines_and_settings():
    """Kept times must not outlive a changed limit or speed."""
    one = lines(road((0, 0), (500, 0), maxspeed=None))
    other = lines(road((0, 0), (500, 0), maxspeed="30"))
    names = {
        road_network.content_of(one, PARAMS),
        road_network.content_of(other, PARAMS),
        road_network.content_of(one, RoadParams()),
    }
    assert len(names) == 3
