"""How far one gets from a place within some minutes, as areas around the roads reached."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy import sparse
from scipy.sparse import csgraph

from geo import coordinates, road_places
from geo.road_network import RoadNetwork
from geo.road_speeds import DEFAULT_ROADS, RoadParams

DEFAULT_MINUTES = (15, 30, 60, 90)


def isochrones(
    network: RoadNetwork,
    lon: float,
    lat: float,
    *,
    minutes: Sequence[float] = DEFAULT_MINUTES,
    width_m: float = 250.0,
    params: RoadParams = DEFAULT_ROADS,
) -> list[shapely.Geometry]:
    """
    Return the area within each number of minutes of a place (degrees WGS-84).

    Parameters
    ----------
    width_m
        Ground on each side of a reached road that counts as reached, metres.

    Returns
    -------
    areas
        One polygon or multipolygon per number of minutes, EPSG:4326; an empty
        one where the place has no road near by or the walk to it takes longer.
    """
    return isochrones_of_nearest(
        network, np.array([[lon, lat]]), minutes=minutes, width_m=width_m, params=params
    )


def isochrones_of_nearest(
    network: RoadNetwork,
    places: NDArray[np.float64],
    *,
    minutes: Sequence[float] = DEFAULT_MINUTES,
    width_m: float = 250.0,
    params: RoadParams = DEFAULT_ROADS,
) -> list[shapely.Geometry]:
    """
    Return the area within each number of minutes of the nearest of some places.

    One search for all places together. Parameters and areas as of ``isochrones``;
    ``places`` are longitude and latitude, shape ``(n, 2)``.
    """
    snaps = road_places.snap(network, places[:, 0], places[:, 1], params=params)
    graph = road_places.join(network, snaps)
    placed = np.flatnonzero(graph.node >= 0)
    if not len(placed):
        return [shapely.Polygon() for _ in minutes]
    walk_s = snaps.walk_m[placed] * 3.6 / params.walk_kmh
    at_s = _from_nearest_s(graph, graph.node[placed], walk_s, limit_s=60.0 * max(minutes))
    areas: dict[float, shapely.Geometry] = {}
    inner: shapely.Geometry = shapely.Polygon()
    before_s = -1.0
    # From the inside out: what is reached sooner need not be drawn again.
    for limit in sorted(set(minutes)):
        lines = _reached(network, graph, at_s, after_s=before_s, limit_s=60.0 * limit)
        inner = shapely.union(inner, _ground(lines, network, width_m=width_m))
        areas[limit] = _to_degrees(shapely.simplify(inner, width_m / 10), network)
        before_s = 60.0 * limit
    return [areas[limit] for limit in minutes]


def _from_nearest_s(
    graph: road_places.RoadGraph,
    nodes: NDArray[np.int64],
    walk_s: NDArray[np.float64],
    *,
    limit_s: float,
) -> NDArray[np.float64]:
    """Return the seconds to every node from the nearest place, through a node joined to all."""
    n = graph.matrix.shape[0]
    order = np.lexsort((walk_s, nodes))
    first = order[np.unique(nodes[order], return_index=True)[1]]
    # A stored zero would read as "no way".
    start = sparse.csr_matrix(
        (np.maximum(walk_s[first], 1e-6), (np.zeros(len(first), dtype=int), nodes[first])),
        shape=(1, n),
    )
    whole = sparse.bmat([[graph.matrix, None], [start, sparse.csr_matrix((1, 1))]], format="csr")
    return np.asarray(csgraph.dijkstra(whole, indices=n, limit=limit_s)[:n])


def _reached(
    network: RoadNetwork,
    graph: road_places.RoadGraph,
    at_s: NDArray[np.float64],
    *,
    after_s: float,
    limit_s: float,
) -> list[shapely.LineString]:
    """Return the roads reached within the limit that were not reached whole before."""
    start_s = np.repeat(at_s, np.diff(graph.matrix.indptr))
    end_s = start_s + graph.matrix.data
    share = np.clip((limit_s - start_s) / graph.matrix.data, 0.0, 1.0)
    low_m = np.minimum(graph.arc_from_m, graph.arc_to_m)
    lines, seen = [], set()
    for arc in np.flatnonzero((start_s <= limit_s) & (end_s > after_s)):
        edge, begin_m = int(graph.arc_edge[arc]), graph.arc_from_m[arc]
        if share[arc] >= 1.0:
            # A road that is reached whole from both its ends is drawn once.
            if (edge, low_m[arc]) in seen:
                continue
            seen.add((edge, low_m[arc]))
        end_m = begin_m + share[arc] * (graph.arc_to_m[arc] - begin_m)
        lines.append(shapely.LineString(road_places.edge_points(network, edge, begin_m, end_m)))
    return lines


def _ground(
    lines: list[shapely.LineString], network: RoadNetwork, *, width_m: float
) -> shapely.Geometry:
    """Return the ground along lines in degrees, in metres."""
    if not lines:
        return shapely.Polygon()
    points, line = shapely.get_coordinates(np.array(lines), return_index=True)
    x, y = network.to_metres(points[:, 0], points[:, 1])
    drawn = shapely.simplify(
        shapely.linestrings(np.column_stack([x, y]), indices=line), width_m / 5
    )
    return shapely.union_all(shapely.buffer(drawn, width_m, quad_segs=2))


def _to_degrees(shape: shapely.Geometry, network: RoadNetwork) -> shapely.Geometry:
    change = Transformer.from_crs(network.crs, coordinates.WGS84, always_xy=True)
    return shapely.transform(shape, change.transform, interleaved=False)
