"""How far one gets from a place within some minutes, as areas around the roads reached."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
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
    snaps = road_places.snap(network, np.array([lon]), np.array([lat]), params=params)
    graph = road_places.join(network, snaps)
    if graph.node[0] < 0:
        return [shapely.Polygon() for _ in minutes]
    walk_s = float(snaps.walk_m[0]) * 3.6 / params.walk_kmh
    at_s = walk_s + csgraph.dijkstra(
        graph.matrix, indices=int(graph.node[0]), limit=60.0 * max(minutes)
    )
    return [_area(network, graph, at_s, 60.0 * limit, width_m) for limit in minutes]


def _area(
    network: RoadNetwork,
    graph: road_places.RoadGraph,
    at_s: NDArray[np.float64],
    limit_s: float,
    width_m: float,
) -> shapely.Geometry:
    start_s = np.repeat(at_s, np.diff(graph.matrix.indptr))
    share = np.clip((limit_s - start_s) / graph.matrix.data, 0.0, 1.0)
    reached = np.flatnonzero(np.isfinite(start_s) & (start_s <= limit_s))
    lines = []
    for arc in reached:
        begin_m, end_m = graph.arc_from_m[arc], graph.arc_to_m[arc]
        points = road_places.edge_points(
            network, int(graph.arc_edge[arc]), begin_m, begin_m + share[arc] * (end_m - begin_m)
        )
        lines.append(shapely.LineString(points))
    if not lines:
        return shapely.Polygon()
    to_metres = Transformer.from_crs(coordinates.WGS84, network.crs, always_xy=True)
    in_metres = shapely.transform(np.array(lines), to_metres.transform, interleaved=False)
    drawn = shapely.simplify(in_metres, width_m / 10)
    grown = shapely.union_all(shapely.buffer(drawn, width_m, quad_segs=2))
    simple = shapely.simplify(grown, width_m / 10)
    to_degrees = Transformer.from_crs(network.crs, coordinates.WGS84, always_xy=True)
    return shapely.transform(simple, to_degrees.transform, interleaved=False)
