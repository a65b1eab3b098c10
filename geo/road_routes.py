"""The way a journey takes along the roads, as a line for a map or a hand-held device."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csgraph

from geo import road_places
from geo.road_network import RoadNetwork
from geo.road_speeds import DEFAULT_ROADS, RoadParams

_METRES_PER_DEGREE = 111_320.0
_NO_NODE = -9999
"""What scipy calls the predecessor of a node that has none."""


def route_lines(
    network: RoadNetwork,
    routes: Sequence[NDArray[np.float64]],
    *,
    params: RoadParams = DEFAULT_ROADS,
    tolerance_m: float = 20.0,
) -> list[NDArray[np.float64]]:
    """
    Return the fastest way along each sequence of places.

    Parameters
    ----------
    network
        Roads, built with the same ``params``.
    routes
        Per route the places in order, shape ``(n_places, 2)``, longitude and
        latitude in degrees WGS-84.
    tolerance_m
        How far a returned line may lie from the road, metres.

    Returns
    -------
    lines
        Per route the points of its way, shape ``(n_points, 2)``. It passes through
        every place; between places that no road joins it is straight.
    """
    if not routes:
        return []
    places = np.concatenate(list(routes))
    snaps = road_places.snap(network, places[:, 0], places[:, 1], params=params)
    graph = road_places.join(network, snaps)
    lines, start = [], 0
    for route in routes:
        stops = np.arange(start, start + len(route))
        legs = _legs(network, graph, snaps, stops, places=places, params=params)
        simple = [_simplified(leg, tolerance_m) for leg in legs]
        lines.append(np.concatenate([places[stops[:1]], *(leg[1:] for leg in simple)]))
        start += len(route)
    return lines


def route_line(
    network: RoadNetwork,
    origin: tuple[float, float],
    destination: tuple[float, float],
    *,
    params: RoadParams = DEFAULT_ROADS,
    tolerance_m: float = 20.0,
) -> NDArray[np.float64]:
    """Return the fastest way between two places (lon, lat); see ``route_lines``."""
    ends = np.array([origin, destination], dtype=np.float64)
    return route_lines(network, [ends], params=params, tolerance_m=tolerance_m)[0]


def _legs(
    network: RoadNetwork,
    graph: road_places.RoadGraph,
    snaps: road_places.Snaps,
    stops: NDArray[np.int64],
    *,
    places: NDArray[np.float64],
    params: RoadParams,
) -> Iterator[NDArray[np.float64]]:
    """Yield the way from each stop to the next, from door to door."""
    nodes = graph.node[stops]
    sources = np.unique(nodes[:-1][nodes[:-1] >= 0])
    if len(sources):
        seconds, before = csgraph.dijkstra(
            graph.matrix, directed=True, indices=sources, return_predecessors=True
        )
    for a, b in itertools.pairwise(stops.tolist()):
        ends = places[[a, b]]
        if graph.node[a] < 0 or graph.node[b] < 0:
            yield ends
            continue
        row = int(np.searchsorted(sources, graph.node[a]))
        drive_s = float(seconds[row, graph.node[b]])
        if not np.isfinite(drive_s) or _is_walk(graph, snaps, a, b, drive_s, params):
            yield ends
            continue
        arcs = _arcs(graph, before[row], int(graph.node[a]), int(graph.node[b]))
        road = [
            road_places.edge_points(
                network, int(graph.arc_edge[k]), graph.arc_from_m[k], graph.arc_to_m[k]
            )
            for k in arcs
        ]
        yield np.concatenate([ends[:1], *road, ends[1:]])


def _is_walk(
    graph: road_places.RoadGraph,
    snaps: road_places.Snaps,
    a: int,
    b: int,
    drive_s: float,
    params: RoadParams,
) -> bool:
    """Say whether two places on one edge are nearer on foot, as ``by_road`` counts it."""
    apart_m = float(np.hypot(snaps.x[a] - snaps.x[b], snaps.y[a] - snaps.y[b]))
    walk_ms = params.walk_kmh / 3.6
    by_road_s = drive_s + float(snaps.walk_m[a] + snaps.walk_m[b]) / walk_ms
    return bool(graph.spot[a] == graph.spot[b]) and apart_m / walk_ms <= by_road_s


def _arcs(
    graph: road_places.RoadGraph, before: NDArray[np.int32], source: int, target: int
) -> list[int]:
    """Return the arcs from source to target, following the predecessors back."""
    starts, ends = graph.matrix.indptr, graph.matrix.indices
    arcs, node = [], target
    while node != source:
        previous = int(before[node])
        if previous == _NO_NODE:
            raise ValueError("no way between these nodes")
        low, high = int(starts[previous]), int(starts[previous + 1])
        arcs.append(low + int(np.searchsorted(ends[low:high], node)))
        node = previous
    return arcs[::-1]


def _simplified(leg: NDArray[np.float64], tolerance_m: float) -> NDArray[np.float64]:
    line = shapely.simplify(shapely.LineString(leg), tolerance_m / _METRES_PER_DEGREE)
    return shapely.get_coordinates(line)
