"""
Join places to the nearest point of a road, and make the graph that paths are found on.

Every joined point becomes a node of its own that cuts its edge in two. A journey
that begins or ends in the middle of an edge, or runs along one edge only, is then
exact by itself, one-ways included.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse

from geo.road_network import RoadNetwork
from geo.road_speeds import RoadParams

_LEAST_S = 1e-9
"""A stored zero would read as "no way" in a sparse matrix."""
_AT_JUNCTION_M = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snaps:
    """
    Where places meet the road.

    ``edge`` is -1 for a place without a road near by; ``at_m`` is the distance
    from the edge's beginning, ``walk_m`` from the road to the place; ``x`` and
    ``y`` are the place in metres. All have one value per place.
    """

    edge: NDArray[np.int64]
    at_m: NDArray[np.float64]
    walk_m: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @property
    def has_road(self) -> NDArray[np.bool_]:
        """Say per place whether there is a road near by."""
        return self.edge >= 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadGraph:
    """
    The network with a node for every joined place, as a sparse matrix of seconds.

    Arc ``k`` is the ``k``-th stored element of ``matrix`` and runs along edge
    ``arc_edge`` from ``arc_from_m`` to ``arc_to_m`` (smaller when against the
    drawing). ``node`` is the node of each place, -1 where there is no road. Places of
    equal ``spot`` meet the road at one junction or along one edge: between them one
    may walk straight over.
    """

    matrix: sparse.csr_matrix
    arc_edge: NDArray[np.int64]
    arc_from_m: NDArray[np.float64]
    arc_to_m: NDArray[np.float64]
    node: NDArray[np.int64]
    spot: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Arcs:
    from_: NDArray[np.int64]
    to: NDArray[np.int64]
    seconds: NDArray[np.float64]
    edge: NDArray[np.int64]
    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]


def snap(
    network: RoadNetwork,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    params: RoadParams,
) -> Snaps:
    """
    Find the nearest point of the nearest road for each place, degrees WGS-84.

    Only roads along which one can stop count, and none further than
    ``params.no_road_m``. A place without position (NaN) has no road.
    """
    x, y = network.to_metres(lon, lat)
    edge = np.full(len(x), -1, dtype=np.int64)
    at_m, walk_m = np.full(len(x), np.nan), np.full(len(x), np.nan)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    points = shapely.points(x[known], y[known])
    # The library's limit excludes the distance itself and must be above zero.
    limit = np.nextafter(max(params.no_road_m, 1e-3), np.inf)
    if len(known) == 0:
        return Snaps(edge=edge, at_m=at_m, walk_m=walk_m, x=x, y=y)
    near, distance = network.tree.query_nearest(
        points, max_distance=limit, return_distance=True, all_matches=False
    )
    found, shapes = known[near[0]], network.tree.geometries[near[1]]
    edge[found] = network.tree_edges[near[1]]
    at_m[found] = shapely.line_locate_point(shapes, points[near[0]])
    walk_m[found] = distance
    return Snaps(edge=edge, at_m=at_m, walk_m=walk_m, x=x, y=y)


def join(network: RoadNetwork, snaps: Snaps) -> RoadGraph:
    """Return the graph of the network, its edges cut where places are joined."""
    length_m = network.length_m[snaps.edge]
    # At a junction every road that leaves it is open, whichever edge was found.
    at_begin = snaps.has_road & (snaps.at_m <= _AT_JUNCTION_M)
    at_end = snaps.has_road & ~at_begin & (snaps.at_m >= length_m - _AT_JUNCTION_M)
    node = np.full(len(snaps.edge), -1, dtype=np.int64)
    node[at_begin] = network.edge_from[snaps.edge[at_begin]]
    node[at_end] = network.edge_to[snaps.edge[at_end]]
    placed = np.flatnonzero(snaps.has_road & ~at_begin & ~at_end)
    keys = np.column_stack([snaps.edge[placed], snaps.at_m[placed]]).reshape(-1, 2)
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    node[placed] = network.n_nodes + inverse.ravel()
    cut_edge, cut_m = unique[:, 0].astype(np.int64), unique[:, 1]
    steps = _steps(network, cut_edge, cut_m)
    n_nodes = network.n_nodes + len(unique)
    spot = np.where(at_begin | at_end, network.n_edges + node, snaps.edge)
    return _graph(_both_ways(network, steps), n_nodes=n_nodes, node=node, spot=spot)


def edge_points(network: RoadNetwork, edge: int, from_m: float, to_m: float) -> NDArray[np.float64]:
    """Return the shape of an edge between two distances from its beginning, lon and lat."""
    part = slice(network.first[edge], network.last[edge] + 1)
    length_m = network.along_m[network.last[edge]] - network.along_m[network.first[edge]]
    if abs(to_m - from_m) >= length_m > 0:
        whole = np.column_stack([network.lon[part], network.lat[part]])
        return whole if from_m <= to_m else whole[::-1]
    along = network.along_m[part] - network.along_m[network.first[edge]]
    low, high = min(from_m, to_m), max(from_m, to_m)
    at = np.concatenate([[low], along[(along > low) & (along < high)], [high]])
    points = np.column_stack(
        [np.interp(at, along, network.lon[part]), np.interp(at, along, network.lat[part])]
    )
    return points if from_m <= to_m else points[::-1]


def _steps(network: RoadNetwork, cut_edge: NDArray[np.int64], cut_m: NDArray[np.float64]) -> _Arcs:
    """Return every edge as one step from node to node, or as several where it is cut."""
    touched = np.zeros(network.n_edges, dtype=bool)
    touched[cut_edge] = True
    length_m = network.length_m
    whole, cut = np.flatnonzero(~touched), np.flatnonzero(touched)
    # All stations of the cut edges in a row: beginning, cuts, end.
    edge = np.concatenate([cut, cut_edge, cut])
    at_m = np.concatenate([np.zeros(len(cut)), cut_m, length_m[cut]])
    added = network.n_nodes + np.arange(len(cut_edge))
    node = np.concatenate([network.edge_from[cut], added, network.edge_to[cut]])
    rank = np.repeat([0, 1, 2], [len(cut), len(cut_edge), len(cut)])
    order = np.lexsort((at_m, rank, edge))
    edge, at_m, node = edge[order], at_m[order], node[order]
    step = np.flatnonzero(edge[:-1] == edge[1:])
    return _Arcs(
        from_=np.concatenate([network.edge_from[whole], node[step]]),
        to=np.concatenate([network.edge_to[whole], node[step + 1]]),
        seconds=np.zeros(0),
        edge=np.concatenate([whole, edge[step]]),
        from_m=np.concatenate([np.zeros(len(whole)), at_m[step]]),
        to_m=np.concatenate([length_m[whole], np.minimum(at_m[step + 1], length_m[edge[step]])]),
    )


def _both_ways(network: RoadNetwork, steps: _Arcs) -> _Arcs:
    """Return the steps that may be driven, each way an arc of its own, with its seconds."""
    length_m = network.length_m[steps.edge]
    whole = length_m <= 0
    share = np.where(whole, 1.0, (steps.to_m - steps.from_m) / np.where(whole, 1.0, length_m))
    share = np.maximum(share, 0.0)
    ways = []
    for seconds, ends in (
        (network.forward_s, (steps.from_, steps.to, steps.from_m, steps.to_m)),
        (network.backward_s, (steps.to, steps.from_, steps.to_m, steps.from_m)),
    ):
        full_s = seconds[steps.edge]
        open_ = np.isfinite(full_s) & (steps.from_ != steps.to)
        from_, to, from_m, to_m = (values[open_] for values in ends)
        taken = np.maximum(full_s[open_] * share[open_], _LEAST_S)
        ways.append((from_, to, taken, steps.edge[open_], from_m, to_m))
    columns = [np.concatenate(pair) for pair in zip(*ways, strict=True)]
    return _Arcs(
        from_=columns[0],
        to=columns[1],
        seconds=columns[2],
        edge=columns[3],
        from_m=columns[4],
        to_m=columns[5],
    )


def _graph(
    arcs: _Arcs, *, n_nodes: int, node: NDArray[np.int64], spot: NDArray[np.int64]
) -> RoadGraph:
    """Keep the fastest of parallel arcs (a sparse matrix would add them up)."""
    order = np.lexsort((arcs.seconds, arcs.to, arcs.from_))
    from_, to = arcs.from_[order], arcs.to[order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (np.diff(from_) != 0) | (np.diff(to) != 0)
    chosen = order[is_first]
    starts = np.searchsorted(arcs.from_[chosen], np.arange(n_nodes + 1))
    matrix = sparse.csr_matrix(
        (arcs.seconds[chosen], arcs.to[chosen].astype(np.int32), starts.astype(np.int32)),
        shape=(n_nodes, n_nodes),
    )
    return RoadGraph(
        matrix=matrix,
        arc_edge=arcs.edge[chosen],
        arc_from_m=arcs.from_m[chosen],
        arc_to_m=arcs.to_m[chosen],
        node=node,
        spot=spot,
    )
