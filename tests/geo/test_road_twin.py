"""The fast graph against the plainest one of another library, on random nets."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest

from geo import road_network, travel_times
from geo.road_speeds import RoadParams
from geo.travel_times import StraightLineParams
from tests.geo.roads import degrees, lines, road

PARAMS = RoadParams(
    speed_kmh={"secondary": 36.0, "track": 18.0}, walk_kmh=3.6, least_piece_m=0.0,
    no_road_m=400.0, join_m=0.0,
)  # fmt: skip
SECONDS_PER_M = {"secondary": 0.1, "track": 0.2}


def a_net(rng):
    """Return corners and lines: one-ways, parallel edges, edges without length, an island."""
    corners = [(float(x), float(y)) for x, y in rng.uniform(0, 5000, (14, 2)).round()]
    island = [(x + 30_000.0, y) for x, y in corners[:4]]
    drawn = []
    for group in (corners, island):
        for _ in range(2 * len(group)):
            a, b = rng.choice(len(group), 2, replace=False)
            way = rng.choice(["no", "yes", "-1"], p=[0.6, 0.2, 0.2])
            kind = str(rng.choice(["secondary", "track"]))
            drawn.append((group[a], group[b], str(way), kind))
            if rng.random() < 0.3:
                drawn.append((group[a], group[b], "no", "track"))
            if rng.random() < 0.2:
                drawn.append((group[a], group[a], "no", "secondary"))
    return corners + island, drawn


def slow(corners, drawn):
    """Return the seconds between all corners by networkx, infinite where no road leads."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(corners)
    for a, b, way, kind in drawn:
        seconds = math.dist(a, b) * SECONDS_PER_M[kind]
        if way != "-1":
            graph.add_edge(a, b, seconds=seconds)
        if way != "yes":
            graph.add_edge(b, a, seconds=seconds)
    found = dict(nx.all_pairs_dijkstra_path_length(graph, weight="seconds"))
    return [[found[a].get(b, math.inf) for b in corners] for a in corners]


@pytest.mark.parametrize("seed", range(12))
def test_the_fast_graph_agrees_with_the_plain_one(seed):
    """Compressed sparse rows add up duplicate edges and drop zeros unless one takes care."""
    corners, drawn = a_net(np.random.default_rng(seed))
    corners = [c for c in corners if any(c in line[:2] for line in drawn if line[0] != line[1])]
    net = road_network.make_network(
        lines(*(road(a, b, highway=kind, oneway=way) for a, b, way, kind in drawn)), params=PARAMS
    )
    lon, lat = degrees(corners).T
    ids = [str(k) for k in range(len(corners))]
    fast = travel_times.by_road(
        net, lon, lat, lon, lat, origin_ids=ids, destination_ids=ids, params=PARAMS,
        fallback=StraightLineParams(detour_factor=1.0, speed_kmh=3.6),
    )  # fmt: skip
    wanted = slow(corners, drawn)
    for i, j in itertools.product(range(len(corners)), repeat=2):
        assert bool(fast.estimated[i, j]) == math.isinf(wanted[i][j])
        if not fast.estimated[i, j]:
            assert fast.seconds[i, j] == pytest.approx(wanted[i][j], abs=2.0)
