"""
Travel times and ways for the places of a plan: by road where the store holds roads.

Without roads every time is the straight-line estimate, and says so. Times by road
are kept beside the store (``workflows/travel_cache.py``).
"""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import Message, Route, Team
from data.scope import Scope
from data.store.engine import Store
from data.store.rows import load_rows
from geo import isochrones, polyline, road_network, road_places, road_routes, travel_times
from geo.road_speeds import DEFAULT_ROADS, RoadParams
from geo.travel_times import DEFAULT_STRAIGHT_LINE, StraightLineParams, TravelTimeMatrix
from workflows import travel_cache

log = logging.getLogger(__name__)

_FORM = "1"
"""Part of every kept file's name: raise it when the times of equal content change."""


class _Named(TypedDict):
    origin_ids: tuple[str, ...]
    destination_ids: tuple[str, ...]


class Ways:
    """
    What is known about getting around at a moment: the roads of the store, or none.

    The network is built when it is first needed; times that are kept on disk need none.
    """

    def __init__(
        self,
        lines: pd.DataFrame,
        *,
        roads: RoadParams = DEFAULT_ROADS,
        straight: StraightLineParams = DEFAULT_STRAIGHT_LINE,
        folder: Path | None = None,
    ) -> None:
        self.lines = lines
        self.roads = roads
        self.straight = straight
        self.folder = folder

    @cached_property
    def network(self) -> road_network.RoadNetwork | None:
        """The road network, ``None`` where no road can be driven."""
        return (
            None if self.lines.empty else road_network.make_network(self.lines, params=self.roads)
        )

    @cached_property
    def content(self) -> str:
        """What times and ways depend on beside the places: the roads and the speeds."""
        return road_network.content_of(self.lines, self.roads) + repr(self.straight)

    def matrix(
        self,
        points: NDArray[np.float64],
        *,
        progress: Callable[[float], None] | None = None,
    ) -> TravelTimeMatrix:
        """
        Return the seconds between all points, shape ``(n, 2)``, degrees WGS-84.

        Rows and columns are named after the positions of the points.
        """
        ids = tuple(str(number) for number in range(len(points)))
        if self.lines.empty:
            return self._straight(points, ids)
        key = self._key(points)
        kept = None if self.folder is None else travel_cache.read_times(self.folder, key)
        if kept is not None and kept.seconds.shape == (len(points), len(points)):
            return _from_kept(kept, ids)
        if self.network is None:
            return self._straight(points, ids)
        began_s = time.process_time()
        lon, lat = points[:, 0], points[:, 1]
        matrix = travel_times.by_road(
            self.network,
            lon,
            lat,
            lon,
            lat,
            origin_ids=ids,
            destination_ids=ids,
            params=self.roads,
            fallback=self.straight,
            progress=progress,
        )
        log.info(
            "%d x %d travel times by road in %.1f CPU s, %d places without a road",
            len(ids),
            len(ids),
            time.process_time() - began_s,
            n_without_road(matrix),
        )
        if self.folder is not None:
            travel_cache.write_times(self.folder, key, _to_kept(matrix))
        return matrix

    def from_to(
        self, origins: NDArray[np.float64], destinations: NDArray[np.float64]
    ) -> TravelTimeMatrix:
        """
        Return the seconds from some points to others, each of shape ``(n, 2)``.

        Rows and columns are named after the positions of the points.
        """
        ids = tuple(str(number) for number in range(len(origins)))
        to_ids = tuple(str(number) for number in range(len(destinations)))
        ends = (origins[:, 0], origins[:, 1], destinations[:, 0], destinations[:, 1])
        named: _Named = {"origin_ids": ids, "destination_ids": to_ids}
        if self.lines.empty:
            return travel_times.straight_line(*ends, **named, params=self.straight)
        key = self._key(np.concatenate([origins, destinations]), n_origins=len(origins))
        kept = None if self.folder is None else travel_cache.read_times(self.folder, key)
        if kept is not None and kept.seconds.shape == (len(ids), len(to_ids)):
            return travel_times.of_roads(
                kept.seconds, **named, estimated=kept.estimated,
                origin_has_road=np.ones(len(ids), dtype=bool), destination_has_road=kept.has_road,
            )  # fmt: skip
        if self.network is None:
            return travel_times.straight_line(*ends, **named, params=self.straight)
        matrix = travel_times.by_road(
            self.network, *ends, **named, params=self.roads, fallback=self.straight
        )
        if self.folder is not None:
            travel_cache.write_times(self.folder, key, _to_kept(matrix))
        return matrix

    def has_road(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say of each point, shape ``(n, 2)``, whether a road comes near to it."""
        if self.network is None:
            return np.zeros(len(points), dtype=bool)
        found = road_places.snap(self.network, points[:, 0], points[:, 1], params=self.roads)
        return found.has_road

    def with_paths(self, routes: Sequence[Route], teams: Sequence[Team]) -> tuple[Route, ...]:
        """Return the routes with the way each takes along the roads, base to base."""
        if self.network is None:
            return tuple(routes)
        base = {team.team_id: (team.base_lon, team.base_lat) for team in teams}
        driven = [route for route in routes if route.stops]
        places = [
            np.array(
                [
                    base[route.team_id],
                    *((stop.visit.lon, stop.visit.lat) for stop in route.stops),
                    base[route.team_id],
                ]
            )
            for route in driven
        ]
        lines = road_routes.route_lines(self.network, places, params=self.roads)
        drawn = {
            (route.team_id, route.day): polyline.encode(line)
            for route, line in zip(driven, lines, strict=True)
        }
        return tuple(
            replace(route, path=drawn[route.team_id, route.day]) if route.stops else route
            for route in routes
        )

    def _straight(self, points: NDArray[np.float64], ids: Sequence[str]) -> TravelTimeMatrix:
        lon, lat = points[:, 0], points[:, 1]
        return travel_times.straight_line(
            lon, lat, lon, lat, origin_ids=ids, destination_ids=ids, params=self.straight
        )

    def _key(self, points: NDArray[np.float64], *, n_origins: int | None = None) -> str:
        digest = hashlib.sha256(_FORM.encode())
        if n_origins is not None:
            digest.update(f"from {n_origins}".encode())
        digest.update(self.content.encode())
        digest.update(np.ascontiguousarray(points, dtype=np.float64).tobytes())
        return digest.hexdigest()[:40]


def ways_for(
    store: Store,
    *,
    scope: Scope,
    as_of: datetime,
    roads: RoadParams = DEFAULT_ROADS,
    straight: StraightLineParams = DEFAULT_STRAIGHT_LINE,
) -> Ways:
    """Return the ways by the roads that the store held before ``as_of``."""
    lines = load_rows(store, "roads", scope=scope, as_of=as_of)
    columns = [name for name in lines.columns if name not in {"row_id", "district_code"}]
    return Ways(
        lines[columns], roads=roads, straight=straight, folder=store.path.with_suffix(".travel")
    )


def matrix_for(
    store: Store,
    points: NDArray[np.float64],
    *,
    scope: Scope,
    as_of: datetime,
    roads: RoadParams = DEFAULT_ROADS,
    straight: StraightLineParams = DEFAULT_STRAIGHT_LINE,
    progress: Callable[[float], None] | None = None,
) -> TravelTimeMatrix:
    """
    Return the seconds between all points, by road where the store holds roads.

    Parameters
    ----------
    points
        Longitude and latitude, degrees WGS-84, shape ``(n, 2)``.
    progress
        Told the share that is done, 0 to 1.
    """
    ways = ways_for(store, scope=scope, as_of=as_of, roads=roads, straight=straight)
    return ways.matrix(points, progress=progress)


def n_without_road(matrix: TravelTimeMatrix) -> int:
    """Return how many destinations have no road near by; 0 where roads are not known at all."""
    has_road = matrix.destination_has_road
    return 0 if has_road is None else int((~has_road).sum())


def road_warnings(matrix: TravelTimeMatrix) -> tuple[Message, ...]:
    """Return what a reader of times by road must know: how many places no road leads to."""
    n = n_without_road(matrix)
    if not n or matrix.is_estimate:
        return ()
    return (Message("{n} 处附近没有道路，路途时间为直线推算", {"n": n}),)


def residents_within(
    ways: Ways,
    bases: NDArray[np.float64],
    people: pd.DataFrame,
    *,
    minutes: Sequence[float] = isochrones.DEFAULT_MINUTES,
) -> dict[float, float]:
    """
    Return the share of residents that the nearest base reaches within some minutes.

    Parameters
    ----------
    bases
        Longitude and latitude, shape ``(n_bases, 2)``.
    people
        Columns ``lon``, ``lat``, ``population``, as ``load_rows`` gives them.

    Returns
    -------
    share
        Minutes → share of all residents, 0 to 1; NaN where there are no residents.
    """
    ids = [str(number) for number in range(len(people))]
    lon, lat = people["lon"].to_numpy(float), people["lat"].to_numpy(float)
    origin = [str(number) for number in range(len(bases))]
    if ways.network is not None:
        matrix = travel_times.by_road(
            ways.network,
            bases[:, 0],
            bases[:, 1],
            lon,
            lat,
            origin_ids=origin,
            destination_ids=ids,
            params=ways.roads,
            fallback=ways.straight,
        )
    else:
        matrix = travel_times.straight_line(
            bases[:, 0],
            bases[:, 1],
            lon,
            lat,
            origin_ids=origin,
            destination_ids=ids,
            params=ways.straight,
        )
    nearest_s = matrix.seconds.min(axis=0)
    residents = people["population"].to_numpy(float)
    total = float(np.nansum(residents))
    reached = {m: float(np.nansum(residents[nearest_s <= 60 * m])) for m in minutes}
    return {m: n / total if total else float("nan") for m, n in reached.items()}


def _to_kept(matrix: TravelTimeMatrix) -> travel_cache.KeptTimes:
    none = np.zeros(len(matrix.destination_ids), dtype=bool)
    return travel_cache.KeptTimes(
        seconds=matrix.seconds,
        estimated=np.zeros(matrix.seconds.shape, dtype=bool)
        if matrix.estimated is None
        else matrix.estimated,
        has_road=none if matrix.destination_has_road is None else matrix.destination_has_road,
    )


def _from_kept(kept: travel_cache.KeptTimes, ids: tuple[str, ...]) -> TravelTimeMatrix:
    return travel_times.of_roads(
        kept.seconds,
        origin_ids=ids,
        destination_ids=ids,
        estimated=kept.estimated,
        origin_has_road=kept.has_road,
        destination_has_road=kept.has_road,
    )
