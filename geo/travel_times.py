"""
Travel times between two lists of places: by road, or estimated from the straight line.

Whoever reads a ``TravelTimeMatrix`` sees by ``is_estimate``, ``estimated`` and
``source`` how far to trust it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csgraph

from geo import coordinates, road_places
from geo.road_network import RoadNetwork
from geo.road_speeds import DEFAULT_ROADS, RoadParams

UNREACHABLE_S = 2_147_483_647
"""Seconds that mean: there is no way (largest int32, as in the planning problem)."""

_BLOCK = 64
"""Origins at a time: a row over all nodes of a big network takes half a megabyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTimeMatrix:
    """
    Seconds from every origin to every destination.

    ``seconds`` is int32 of shape ``(n_origins, n_destinations)``, never negative,
    ``UNREACHABLE_S`` where there is no way. ``source`` is a sentence with named
    ``source_values`` (a message template) that says where the times come from.

    ``is_estimate`` is True where every time is estimated from the straight line.
    Of a matrix by road, ``estimated`` names the pairs (same shape as ``seconds``)
    that no road joins and whose times are therefore estimates, and
    ``origin_has_road`` and ``destination_has_road`` the places a road comes near to.
    """

    seconds: NDArray[np.int32]
    origin_ids: tuple[str, ...]
    destination_ids: tuple[str, ...]
    is_estimate: bool
    source: str
    source_values: Mapping[str, object] = field(default_factory=dict)
    estimated: NDArray[np.bool_] | None = None
    origin_has_road: NDArray[np.bool_] | None = None
    destination_has_road: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Check shape, type and sign."""
        expected = (len(self.origin_ids), len(self.destination_ids))
        if self.seconds.shape != expected or self.seconds.dtype != np.int32:
            raise ValueError(
                f"seconds must be int32 {expected}, got {self.seconds.dtype} {self.seconds.shape}"
            )
        if self.seconds.size and int(self.seconds.min()) < 0:
            raise ValueError("travel times must not be negative")
        if self.estimated is not None and self.estimated.shape != expected:
            raise ValueError(f"estimated must have shape {expected}, got {self.estimated.shape}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StraightLineParams:
    """
    How the straight-line estimate turns metres into seconds.

    Parameters
    ----------
    detour_factor
        Road length over great-circle length, 1 or more. 1.4 is in the middle of
        the 1.3-1.6 found for rural roads.
    speed_kmh
        Mean door-to-door speed over the road, km/h, above 0.
    start_s
        Seconds added to every journey between different points (walk, parking).
    """

    detour_factor: float = 1.4
    speed_kmh: float = 30.0
    start_s: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.detour_factor >= 1.0:
            raise ValueError(f"detour_factor must be 1 or more, got {self.detour_factor}")
        if not self.speed_kmh > 0.0:
            raise ValueError(f"speed_kmh must be above 0, got {self.speed_kmh}")
        if self.start_s < 0:
            raise ValueError(f"start_s must not be negative, got {self.start_s}")


DEFAULT_STRAIGHT_LINE = StraightLineParams()


def straight_line(
    origin_lon: ArrayLike,
    origin_lat: ArrayLike,
    destination_lon: ArrayLike,
    destination_lat: ArrayLike,
    *,
    origin_ids: Sequence[str],
    destination_ids: Sequence[str],
    params: StraightLineParams = DEFAULT_STRAIGHT_LINE,
) -> TravelTimeMatrix:
    """
    Estimate travel times as great circle x detour factor / speed.

    Parameters
    ----------
    origin_lon, origin_lat, destination_lon, destination_lat
        Degrees WGS-84, as long as their ids. A place without position (NaN) is
        unreachable.
    origin_ids, destination_ids
        Identifiers of rows and columns.

    Returns
    -------
    TravelTimeMatrix
        Seconds rounded to whole seconds, symmetric, ``is_estimate`` True.

    Raises
    ------
    ValueError
        If ids and coordinates differ in length.
    """
    from_lon, from_lat = _checked(origin_lon, origin_lat, origin_ids, "origin")
    to_lon, to_lat = _checked(destination_lon, destination_lat, destination_ids, "destination")
    distance_m = coordinates.great_circle_m(
        from_lon[:, None], from_lat[:, None], to_lon[None, :], to_lat[None, :]
    )
    return TravelTimeMatrix(
        seconds=_estimated_s(distance_m, params),
        origin_ids=tuple(origin_ids),
        destination_ids=tuple(destination_ids),
        is_estimate=True,
        source="直线距离估算（绕行系数 {detour_factor}，时速 {speed_kmh} 公里）",
        source_values={"detour_factor": params.detour_factor, "speed_kmh": params.speed_kmh},
    )


def by_road(
    network: RoadNetwork,
    origin_lon: ArrayLike,
    origin_lat: ArrayLike,
    destination_lon: ArrayLike,
    destination_lat: ArrayLike,
    *,
    origin_ids: Sequence[str],
    destination_ids: Sequence[str],
    params: RoadParams = DEFAULT_ROADS,
    fallback: StraightLineParams = DEFAULT_STRAIGHT_LINE,
    progress: Callable[[float], None] | None = None,
) -> TravelTimeMatrix:
    """
    Find the fastest way by road between all pairs of places.

    A journey is the walk to the road, the drive, and the walk to the door. Between
    two places on one edge it is the walk straight over, where that is shorter.

    Parameters
    ----------
    network
        Roads, built with the same ``params``.
    origin_lon, origin_lat, destination_lon, destination_lat
        Degrees WGS-84, as long as their ids. A place without position (NaN) is
        unreachable.
    fallback
        For pairs that no road joins and places far from every road; such times
        are marked in ``estimated``.
    progress
        Told the share that is done, 0 to 1.

    Returns
    -------
    TravelTimeMatrix
        Whole seconds; not symmetric where there are one-ways.

    Raises
    ------
    ValueError
        If ids and coordinates differ in length.

    References
    ----------
    Dijkstra (1959), Numerische Mathematik 1, 269-271, by ``scipy.sparse.csgraph``.
    """
    origins = _Places(*_checked(origin_lon, origin_lat, origin_ids, "origin"))
    destinations = _Places(
        *_checked(destination_lon, destination_lat, destination_ids, "destination")
    )
    n_origins = len(origin_ids)
    snaps = road_places.snap(
        network,
        np.concatenate([origins.lon, destinations.lon]),
        np.concatenate([origins.lat, destinations.lat]),
        params=params,
    )
    graph = road_places.join(network, snaps)
    seconds = np.full((n_origins, len(destination_ids)), UNREACHABLE_S, dtype=np.int32)
    estimated = np.ones(seconds.shape, dtype=bool)
    placed = np.flatnonzero(snaps.has_road[:n_origins])
    # Origins at one spot of the road share a search.
    placed = placed[np.argsort(graph.node[placed], kind="stable")]
    for start in range(0, len(placed), _BLOCK):
        rows = placed[start : start + _BLOCK]
        block = _rows_s(graph, snaps, rows, n_origins=n_origins, params=params)
        found = np.isfinite(block)
        seconds[rows] = np.rint(np.where(found, block, 0)).astype(np.int32)
        estimated[rows] = ~found
        if progress is not None:
            progress(min(start + _BLOCK, len(placed)) / len(placed))
    _fill_estimates(seconds, estimated, origins, destinations, fallback)
    return of_roads(
        seconds,
        origin_ids=origin_ids,
        destination_ids=destination_ids,
        estimated=estimated,
        origin_has_road=snaps.has_road[:n_origins],
        destination_has_road=snaps.has_road[n_origins:],
    )


def of_roads(
    seconds: NDArray[np.int32],
    *,
    origin_ids: Sequence[str],
    destination_ids: Sequence[str],
    estimated: NDArray[np.bool_],
    origin_has_road: NDArray[np.bool_],
    destination_has_road: NDArray[np.bool_],
) -> TravelTimeMatrix:
    """Return times by road, found just now or kept from before, as a matrix that says so."""
    return TravelTimeMatrix(
        seconds=seconds,
        origin_ids=tuple(origin_ids),
        destination_ids=tuple(destination_ids),
        is_estimate=bool(seconds.size) and bool(estimated.all()),
        source="按道路计算，{n} 处附近没有道路，按直线推算",
        source_values={"n": int((~destination_has_road).sum())},
        estimated=estimated,
        origin_has_road=origin_has_road,
        destination_has_road=destination_has_road,
    )


@dataclass(frozen=True, slots=True)
class _Places:
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


def _rows_s(
    graph: road_places.RoadGraph,
    snaps: road_places.Snaps,
    rows: NDArray[np.int64],
    *,
    n_origins: int,
    params: RoadParams,
) -> NDArray[np.float64]:
    """Return the seconds from some origins to all destinations, infinite where no road leads."""
    to_node, to_edge = graph.node[n_origins:], snaps.edge[n_origins:]
    sources, row_of = np.unique(graph.node[rows], return_inverse=True)
    found = csgraph.dijkstra(graph.matrix, directed=True, indices=sources)
    seconds = found[:, np.maximum(to_node, 0)][row_of]
    walk_s = snaps.walk_m * 3.6 / params.walk_kmh
    seconds += walk_s[rows, None] + walk_s[None, n_origins:]
    row, column = np.nonzero(graph.spot[rows, None] == graph.spot[None, n_origins:])
    apart_m = np.hypot(
        snaps.x[rows[row]] - snaps.x[n_origins + column],
        snaps.y[rows[row]] - snaps.y[n_origins + column],
    )
    seconds[row, column] = np.fmin(seconds[row, column], apart_m * 3.6 / params.walk_kmh)
    seconds[:, to_edge < 0] = np.inf
    return seconds


def _fill_estimates(
    seconds: NDArray[np.int32],
    estimated: NDArray[np.bool_],
    origins: _Places,
    destinations: _Places,
    params: StraightLineParams,
) -> None:
    """Put the straight-line estimate where no road leads."""
    row, column = np.nonzero(estimated)
    distance_m = coordinates.great_circle_m(
        origins.lon[row], origins.lat[row], destinations.lon[column], destinations.lat[column]
    )
    seconds[row, column] = _estimated_s(distance_m, params)


def _estimated_s(distance_m: NDArray[np.float64], params: StraightLineParams) -> NDArray[np.int32]:
    seconds = distance_m * params.detour_factor / (params.speed_kmh / 3.6)
    seconds += np.where(distance_m > 0, params.start_s, 0)
    whole = np.rint(np.where(np.isfinite(seconds), seconds, UNREACHABLE_S))
    return np.minimum(whole, UNREACHABLE_S).astype(np.int32)


def _checked(
    lon: ArrayLike, lat: ArrayLike, ids: Sequence[str], what: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lons, lats = _column(lon), _column(lat)
    if not len(ids) == len(lons) == len(lats):
        raise ValueError(f"{what} ids and coordinates differ in length")
    return lons, lats


def _column(values: ArrayLike) -> NDArray[np.float64]:
    return np.atleast_1d(np.asarray(values, dtype=np.float64))
