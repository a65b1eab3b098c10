"""
Roads as a network: lines cut at their junctions, speeds, pieces that hang together.

A line is cut where it shares a vertex with another line (in OpenStreetMap that is
what a junction is; a bridge shares none) and where another line ends on it. What
lies between two cuts is an edge; it keeps its shape, so that places are joined to
the road itself and not to the next junction (``geo/road_places.py``).
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse, spatial
from scipy.sparse import csgraph

from geo import coordinates
from geo.road_speeds import DEFAULT_ROADS, RoadParams, speeds_kmh

_KEYS_PER_DEGREE = 1e7
"""OpenStreetMap keeps places to 1e-7 degrees (about 1 cm): equal ones are one node."""
_LEAST_M = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadNetwork:
    """
    A road network for cars.

    Edges lead from node ``edge_from`` to node ``edge_to`` in ``forward_s`` seconds,
    and back in ``backward_s`` (infinite where that is forbidden). The shape of an
    edge is the vertices ``first`` to ``last``, both included, of ``lon`` and ``lat``
    (degrees WGS-84) and ``x`` and ``y`` (metres in ``crs``); ``along_m`` grows
    along each line. ``piece`` numbers the connected pieces per node, the longest is 0.
    ``content`` is a digest of lines and parameters: equal content, equal times.
    """

    n_nodes: int
    edge_from: NDArray[np.int64]
    edge_to: NDArray[np.int64]
    forward_s: NDArray[np.float64]
    backward_s: NDArray[np.float64]
    can_stop: NDArray[np.bool_]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    along_m: NDArray[np.float64]
    piece: NDArray[np.int64]
    tree: shapely.STRtree
    tree_edges: NDArray[np.int64]
    crs: CRS
    content: str

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.edge_from)

    @property
    def length_m(self) -> NDArray[np.float64]:
        """Length of each edge, metres."""
        return self.along_m[self.last] - self.along_m[self.first]

    def to_metres(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Project degrees WGS-84 to metres in ``crs``; NaN stays NaN."""
        return coordinates.to_metres(lon, lat, crs=self.crs)


def content_of(lines: pd.DataFrame, params: RoadParams) -> str:
    """Return a digest of everything that decides the times on a network of these lines."""
    digest = hashlib.sha256(repr((params, sorted(params.speed_kmh.items()))).encode())
    for name in sorted(lines.columns):
        digest.update(name.encode())
        if name == "shape":
            for shape in lines[name]:
                digest.update(shape if isinstance(shape, bytes) else b"-")
        else:
            digest.update("\x1f".join(map(str, lines[name])).encode())
    return digest.hexdigest()


def make_network(lines: pd.DataFrame, *, params: RoadParams = DEFAULT_ROADS) -> RoadNetwork | None:
    """
    Build the network of the roads that cars may use.

    Parameters
    ----------
    lines
        Column ``shape`` (WKB, lines in degrees WGS-84; others are left out) and the
        tags that ``geo/road_speeds.py`` reads.

    Returns
    -------
    network
        ``None`` where no line can be driven.
    """
    forward_kmh, backward_kmh = speeds_kmh(lines, params)
    shapes = shapely.from_wkb(lines["shape"].to_numpy(dtype=object))
    is_line = np.isin(shapely.get_type_id(shapes), (1, 5)) & ~shapely.is_empty(shapes)
    row_of_shape = np.flatnonzero(is_line & (np.maximum(forward_kmh, backward_kmh) > 0))
    parts, part_shape = shapely.get_parts(shapes[row_of_shape], return_index=True)
    rows = row_of_shape[part_shape]
    if len(parts) == 0:
        return None
    vertices = _vertices(parts, join_m=params.join_m)
    is_node = _is_node(vertices)
    edges = _edges(vertices, is_node, join_m=params.join_m)
    row = rows[vertices.part[edges.first]]
    if len(row) == 0:
        return None
    edges, row, piece = _without_scraps(
        edges, row, n_nodes=vertices.n_nodes, least_m=params.least_piece_m
    )
    used, ends = np.unique(np.concatenate([edges.from_, edges.to]), return_inverse=True)
    can_stop = ~lines["highway"].isin(params.no_stop).to_numpy()[row]
    stops = np.flatnonzero(can_stop)
    shapes_m = _shapes(vertices, edges, stops)
    return RoadNetwork(
        n_nodes=len(used),
        edge_from=ends[: len(row)],
        edge_to=ends[len(row) :],
        forward_s=_seconds(edges.length_m, forward_kmh[row]),
        backward_s=_seconds(edges.length_m, backward_kmh[row]),
        can_stop=can_stop,
        first=edges.first,
        last=edges.last,
        lon=vertices.lon,
        lat=vertices.lat,
        x=vertices.x,
        y=vertices.y,
        along_m=vertices.along_m,
        piece=piece[used],
        tree=shapely.STRtree(shapes_m),
        tree_edges=stops,
        crs=vertices.crs,
        content=content_of(lines, params),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Vertices:
    """Vertices of all lines one after the other; equal ``node`` means one place."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    along_m: NDArray[np.float64]
    part: NDArray[np.int64]
    node: NDArray[np.int64]
    crs: CRS

    @property
    def n_nodes(self) -> int:
        return int(self.node.max()) + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Edges:
    from_: NDArray[np.int64]
    to: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    length_m: NDArray[np.float64]

    def kept(self, keep: NDArray[np.bool_]) -> "_Edges":
        return _Edges(
            from_=self.from_[keep],
            to=self.to[keep],
            first=self.first[keep],
            last=self.last[keep],
            length_m=self.length_m[keep],
        )


def _place_keys(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one number per place; equal to 1e-7 degrees means equal."""
    whole = np.rint(points * _KEYS_PER_DEGREE).astype(np.int64)
    return whole[:, 0] * 4_000_000_000 + whole[:, 1]


def _vertices(parts: NDArray[np.object_], *, join_m: float) -> _Vertices:
    points, part = shapely.get_coordinates(parts, return_index=True)
    crs = coordinates.metric_crs(points[:, 0], points[:, 1])
    x, y = coordinates.to_metres(points[:, 0], points[:, 1], crs=crs)
    points, part, x, y = _with_junctions(points, part, x, y, join_m=join_m)
    keys = _place_keys(points)
    fresh = np.ones(len(part), dtype=bool)
    fresh[1:] = (np.diff(part) != 0) | (np.diff(keys) != 0)
    points, part, x, y = points[fresh], part[fresh], x[fresh], y[fresh]
    _, node = np.unique(keys[fresh], return_inverse=True)
    step = np.hypot(np.diff(x, prepend=x[:1]), np.diff(y, prepend=y[:1]))
    step[_starts(part)] = 0.0
    return _Vertices(
        lon=points[:, 0],
        lat=points[:, 1],
        x=x,
        y=y,
        along_m=np.cumsum(step),
        part=part,
        node=_merged_ends(node, part, x, y, join_m=join_m),
        crs=crs,
    )


def _starts(part: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.diff(part, prepend=-1) != 0


def _ends(part: NDArray[np.int64]) -> NDArray[np.bool_]:
    return _starts(part) | (np.diff(part, append=-1) != 0)


def _with_junctions(
    points: NDArray[np.float64],
    part: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    join_m: float,
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """
    Give a line a vertex where another line ends on it without sharing one.

    Lines drawn by hand often meet this way. A line that passes over another
    without ending there is a bridge and is not joined.
    """
    _, place, times = np.unique(_place_keys(points), return_inverse=True, return_counts=True)
    loose = np.flatnonzero(_ends(part) & (times[place] == 1))
    same_part = np.flatnonzero(np.diff(part) == 0)
    segments = shapely.linestrings(
        np.stack([np.column_stack([x[k], y[k]]) for k in (same_part, same_part + 1)], axis=1)
    )
    ends = shapely.points(x[loose], y[loose])
    end, segment = shapely.STRtree(segments).query(ends, predicate="dwithin", distance=join_m)
    other = part[loose[end]] != part[same_part[segment]]
    end, segment = end[other], segment[other]
    at = shapely.line_locate_point(segments[segment], ends[end])
    # At a vertex that is there already the ends are merged, see _merged_ends.
    inside = (at > join_m) & (at < shapely.length(segments[segment]) - join_m)
    end, segment, at = end[inside], segment[inside], at[inside]
    order = np.lexsort((at, segment))
    source, before = loose[end[order]], same_part[segment[order]] + 1
    return (
        np.insert(points, before, points[source], axis=0),
        np.insert(part, before, part[before - 1]),
        np.insert(x, before, x[source]),
        np.insert(y, before, y[source]),
    )


def _merged_ends(
    node: NDArray[np.int64],
    part: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    join_m: float,
) -> NDArray[np.int64]:
    """Make one node of line ends and vertices that lie within ``join_m`` of a line's end."""
    if join_m <= 0:
        return node
    ends = np.flatnonzero(_ends(part))
    places = np.column_stack([x, y])
    near = spatial.cKDTree(places[ends]).sparse_distance_matrix(
        spatial.cKDTree(places), join_m, output_type="coo_matrix"
    )
    n_nodes = int(node.max()) + 1
    links = sparse.coo_matrix(
        (np.ones(len(near.row)), (node[ends[near.row]], node[near.col])), shape=(n_nodes, n_nodes)
    )
    _, merged = csgraph.connected_components(links, directed=False)
    return merged.astype(np.int64)[node]


def _is_node(vertices: _Vertices) -> NDArray[np.bool_]:
    """Say per vertex whether a line is cut there: at its ends, and where places are shared."""
    times = np.bincount(vertices.node, minlength=vertices.n_nodes)
    return _ends(vertices.part) | (times[vertices.node] > 1)


def _edges(vertices: _Vertices, is_node: NDArray[np.bool_], *, join_m: float) -> _Edges:
    cuts = np.flatnonzero(is_node)
    same_line = vertices.part[cuts[:-1]] == vertices.part[cuts[1:]]
    first, last = cuts[:-1][same_line], cuts[1:][same_line]
    edges = _Edges(
        from_=vertices.node[first],
        to=vertices.node[last],
        first=first,
        last=last,
        length_m=vertices.along_m[last] - vertices.along_m[first],
    )
    # A line that ends where it begins has no way along it, unless it is a loop.
    is_point = (edges.from_ == edges.to) & (edges.length_m <= max(join_m, _LEAST_M))
    return edges.kept(~is_point)


def _without_scraps(
    edges: _Edges, row: NDArray[np.int64], *, n_nodes: int, least_m: float
) -> tuple[_Edges, NDArray[np.int64], NDArray[np.int64]]:
    """Leave out short pieces that hang on nothing; number the others, the longest 0."""
    links = sparse.coo_matrix(
        (np.ones(len(row)), (edges.from_, edges.to)), shape=(n_nodes, n_nodes)
    )
    _, piece = csgraph.connected_components(links, directed=False)
    total_m = np.bincount(piece[edges.from_], weights=edges.length_m, minlength=piece.max() + 1)
    rank = np.empty(len(total_m), dtype=np.int64)
    rank[np.argsort(-total_m, kind="stable")] = np.arange(len(total_m))
    keep_piece = (total_m >= least_m) | (rank == 0)
    keep = keep_piece[piece[edges.from_]]
    return edges.kept(keep), row[keep], rank[piece]


def _shapes(vertices: _Vertices, edges: _Edges, chosen: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the chosen edges as lines in metres."""
    first, n_points = edges.first[chosen], edges.last[chosen] - edges.first[chosen] + 1
    index = np.repeat(np.arange(len(chosen)), n_points)
    offset = np.arange(len(index)) - np.repeat(np.cumsum(n_points) - n_points, n_points)
    at = first[index] + offset
    return np.atleast_1d(
        shapely.linestrings(np.column_stack([vertices.x[at], vertices.y[at]]), indices=index)
    )


def _seconds(length_m: NDArray[np.float64], speed_kmh: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.maximum(length_m, _LEAST_M) * 3.6 / speed_kmh
