"""Times and ways by road on nets small enough to work out by hand, and against a slow twin."""

import numpy as np
import pytest

from geo import isochrones, polyline, road_network, road_routes, travel_times
from geo.road_speeds import RoadParams
from geo.travel_times import StraightLineParams
from tests.geo.roads import degrees, lines, metres, road
from tests.references.road_times import road_times

PARAMS = RoadParams(
    speed_kmh={"secondary": 36.0}, walk_kmh=3.6, least_piece_m=0.0, no_road_m=400.0, join_m=0.0
)


def times(roads, *points, params=PARAMS):
    """Return the matrix between all points; roads take 0.1 s, feet 1 s per metre."""
    net = road_network.make_network(lines(*roads), params=params)
    lon, lat = degrees(points).T
    ids = [str(k) for k in range(len(points))]
    return travel_times.by_road(
        net, lon, lat, lon, lat, origin_ids=ids, destination_ids=ids, params=params,
        fallback=StraightLineParams(detour_factor=1.0, speed_kmh=3.6),
    )  # fmt: skip


def test_a_journey_is_walk_drive_walk():
    """From 20 m beside the road at 500 m to 30 m beside it at 2,500 m: 20 + 200 + 30 s."""
    matrix = times([road((0, 0), (1000, 0)), road((1000, 0), (3000, 0))], (500, 20), (2500, -30))
    assert matrix.seconds.tolist() == [[0, 250], [250, 0]]
    assert not matrix.is_estimate
    assert not matrix.estimated.any()


def test_two_places_on_one_edge_do_not_drive_round_by_its_ends():
    """Mid-edge to mid-edge is 60 s of road, and straight over where feet are faster."""
    matrix = times([road((0, 0), (3000, 0))], (500, 10), (1100, 10), (515, 12))
    assert matrix.seconds[0, 1] == 80
    assert matrix.seconds[0, 2] == 15


def test_one_way_streets_are_gone_round():
    """A square driven clockwise: 250 m ahead, 3,750 m back."""
    square = [(0, 0), (0, 1000), (1000, 1000), (1000, 0), (0, 0)]
    matrix = times([road(*square, oneway="yes")], (0, 300), (0, 550))
    assert matrix.seconds[0, 1] == 25
    # The way back on foot is 250 s, the drive round is 375 s.
    assert matrix.seconds[1, 0] == 250
    far = times([road(*square, oneway="yes")], (0, 100), (0, 900))
    assert far.seconds.tolist() == [[0, 80], [320, 0]]
    against = times([road(*square, oneway="-1")], (0, 100), (0, 900))
    assert against.seconds.tolist() == [[0, 320], [80, 0]]


def test_an_island_keeps_its_own_times_and_is_estimated_from_outside():
    """No time is infinite, and none is a guess without saying so."""
    roads = [road((0, 0), (2000, 0)), road((0, 5000), (2000, 5000))]
    matrix = times(roads, (0, 0), (1000, 0), (0, 5000), (1000, 5000))
    assert matrix.estimated.tolist() == [
        [False, False, True, True],
        [False, False, True, True],
        [True, True, False, False],
        [True, True, False, False],
    ]
    assert matrix.seconds[2, 3] == 100
    assert matrix.seconds[0, 2] == pytest.approx(5000, rel=0.006)
    assert matrix.origin_has_road.all()


def test_a_place_far_from_every_road_is_estimated_and_counted():
    """The planner must see how many such places a plan holds."""
    matrix = times([road((0, 0), (2000, 0))], (0, 0), (1000, 600))
    assert matrix.destination_has_road.tolist() == [True, False]
    assert matrix.estimated.tolist() == [[False, True], [True, True]]
    assert matrix.seconds[1, 1] == 0
    assert matrix.source_values == {"n": 1}


def test_a_place_without_position_stays_unreachable():
    """An estimate needs two ends."""
    net = road_network.make_network(lines(road((0, 0), (2000, 0))), params=PARAMS)
    lon, lat = degrees([(0, 0)]).T
    matrix = travel_times.by_road(
        net, lon, lat, [np.nan], [23.0], origin_ids=["a"], destination_ids=["b"], params=PARAMS
    )
    assert matrix.seconds.tolist() == [[travel_times.UNREACHABLE_S]]


def test_a_dead_end_one_way_can_be_entered_and_not_left():
    """The way in is a road time, the way out an estimate."""
    roads = [road((0, 0), (2000, 0)), road((1000, 0), (1000, 3000), oneway="yes")]
    matrix = times(roads, (0, 0), (1000, 3000))
    assert matrix.estimated.tolist() == [[False, False], [True, False]]
    assert matrix.seconds[0, 1] == 400


def test_progress_is_told_up_to_the_end():
    """A job that says nothing is taken for dead."""
    net = road_network.make_network(lines(road((0, 0), (2000, 0))), params=PARAMS)
    lon, lat = degrees([(k, 0) for k in range(100)]).T
    ids = [str(k) for k in range(100)]
    told = []
    travel_times.by_road(
        net, lon, lat, lon[:1], lat[:1], origin_ids=ids, destination_ids=ids[:1],
        params=PARAMS, progress=told.append,
    )  # fmt: skip
    assert told == [0.64, 1.0]


def _random_net(rng):
    """
    Return lines between 16 spots: one-ways, parallels, lines without length, islands.

    No two lines lie on each other: which of the two a place is joined to is anybody's guess.
    """
    spots = [tuple(map(float, spot)) for spot in rng.uniform(0, 3000, (16, 2)).round(3)]
    net, drawn = [], set()
    for _ in range(int(rng.integers(4, 16))):
        a, b = (spots[k] for k in rng.integers(0, len(spots), 2))
        bend = tuple(map(float, rng.uniform(-900, 4000, 2).round(3)))
        points = (a, bend, b) if frozenset((a, b)) in drawn and a != b else (a, b)
        drawn.add(frozenset((a, b)))
        ways = ((36.0, 36.0), (36.0, 0.0), (0.0, 36.0), (18.0, 18.0))[rng.integers(4)]
        net.append((points, *ways))
    return net


@pytest.mark.parametrize("seed", range(40))
def test_the_fast_graph_agrees_with_the_slow_twin(seed):
    """Cut edges, merged parallels and blocks of searches must not change a single time."""
    rng = np.random.default_rng(seed)
    net = _random_net(rng)
    places = [tuple(map(float, rng.uniform(-500, 3500, 2))) for _ in range(12)]
    tags = {(36, 36): {}, (36, 0): {"oneway": "yes"}, (0, 36): {"oneway": "-1"}}
    roads = [
        road(*points, oneway=tags.get((f, b), {}).get("oneway"), maxspeed=str(max(f, b)))
        for points, f, b in net
    ]
    if all(len(set(points)) == 1 for points, _, _ in net):
        return
    matrix = times(roads, *places)
    # A line without length is no road to either of them.
    drawn = [(points, f, b) for points, f, b in net if len(set(points)) > 1]
    slow = road_times(drawn, places, walk_kmh=3.6, no_road_m=400.0)
    for i, row in enumerate(slow):
        for j, seconds in enumerate(row):
            assert matrix.estimated[i, j] == (seconds is None)
            if seconds is not None:
                assert matrix.seconds[i, j] == pytest.approx(seconds, abs=1.0)


def test_the_line_of_a_route_follows_the_road_from_door_to_door():
    """What the map draws is what the time was counted for."""
    net = road_network.make_network(
        lines(road((0, 0), (1000, 0)), road((1000, 0), (1000, 1000))), params=PARAMS
    )
    a, b = degrees([(500, 50), (1050, 500)])
    line = metres(road_routes.route_line(net, tuple(a), tuple(b), params=PARAMS, tolerance_m=1))
    expected = [(500, 50), (500, 0), (1000, 0), (1000, 500), (1050, 500)]
    assert line == pytest.approx(np.array(expected), abs=0.05)


def test_a_route_passes_every_stop_and_is_straight_where_no_road_leads():
    """A team must not be led along a road that does not exist."""
    net = road_network.make_network(lines(road((0, 0), (1000, 0))), params=PARAMS)
    stops = degrees([(0, 0), (800, 0), (800, 3000), (0, 0)])
    (line,) = road_routes.route_lines(net, [stops], params=PARAMS)
    expected = [(0, 0), (800, 0), (800, 3000), (0, 0)]
    assert metres(line) == pytest.approx(np.array(expected), abs=0.05)
    assert road_routes.route_lines(net, [], params=PARAMS) == []


def test_a_route_takes_the_one_way_round():
    """The way back differs from the way there."""
    square = [(0, 0), (0, 1000), (1000, 1000), (1000, 0), (0, 0)]
    net = road_network.make_network(lines(road(*square, oneway="yes")), params=PARAMS)
    stops = degrees([(0, 900), (0, 100)])
    line = metres(road_routes.route_lines(net, [stops], params=PARAMS)[0])
    assert line.max() == pytest.approx(1000, abs=0.05)
    assert len(line) == 6


def test_a_line_survives_as_text():
    """Plans keep it as text: a million numbers would slow every screen."""
    points = np.array([(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)])
    assert polyline.encode(points) == "_p~iF~ps|U_ulLnnqC_mqNvxq`@"
    assert polyline.decode(polyline.encode(points)) == pytest.approx(points)
    assert polyline.decode("").shape == (0, 2)
    rng = np.random.default_rng(1)
    wild = rng.uniform((-180, -90), (180, 90), (500, 2))
    assert polyline.decode(polyline.encode(wild)) == pytest.approx(wild, abs=6e-6)


@pytest.mark.parametrize("text", ["_", "_p~iF", "  ", "\x7f?"])
def test_text_that_is_no_line_is_refused(text):
    """A damaged plan must not draw a line across the world."""
    with pytest.raises(ValueError, match="not an encoded line"):
        polyline.decode(text)


def test_an_isochrone_ends_where_the_minutes_are_over():
    """Five minutes at 36 km/h are 3,000 m, less the walk to the car."""
    net = road_network.make_network(lines(road((0, 0), (9000, 0))), params=PARAMS)
    (lon, lat), *_ = degrees([(0, 60)])
    near, far = isochrones.isochrones(net, lon, lat, minutes=(5, 60), width_m=100.0, params=PARAMS)
    reach = metres(np.array(near.exterior.coords))[:, 0].max()
    assert reach == pytest.approx(2400 + 100, abs=15)
    assert metres(np.array(far.exterior.coords))[:, 0].max() == pytest.approx(9100, abs=15)
    (nowhere,) = isochrones.isochrones(net, 113.0, 23.0, minutes=(5,), params=PARAMS)
    assert nowhere.is_empty
