"""
Read the roads of an OpenStreetMap extract; used in the child process only.

What no column of the road kind can hold is settled here: ways closed to cars are
left out, a roundabout is one-way, a ferry is a road of class ``ferry``, and a road
is cut where a bollard or a locked gate stands on it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data.importers.child_shapes import SHAPE_TYPE
from data.importers.problems import ProblemError
from data.importers.stream import Row, send

Point = tuple[float, float]

_ROADS = frozenset(
    {
        *("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link"),
        *("secondary", "secondary_link", "tertiary", "tertiary_link", "unclassified"),
        *("residential", "living_street", "service", "track", "road"),
    }
)
_CLOSED = frozenset({"no", "private", "military", "agricultural", "forestry"})
_ACCESS_TAGS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""From the most to the least particular: the first that is stated decides."""
_BLOCKING = frozenset({"bollard", "block", "jersey_barrier", "cycle_barrier", "log", "debris"})
"""Barriers that stop a car unless their tags say otherwise; a plain gate does not."""
_GAP_DEG = 2e-5
"""Gap left on each side of a barrier, about 2 m: ends this far apart do not meet."""


def read_pbf(path: str) -> None:
    """Read the roads that cars may use from an OpenStreetMap extract."""
    import osmium

    # Without the index of node places a line has no shape; it is kept in memory.
    source = (
        osmium.FileProcessor(path)
        .with_locations("flex_mem")
        .with_filter(osmium.filter.KeyFilter("highway", "route", "barrier"))
    )

    def rows() -> Iterator[Row]:
        number = 0
        barriers: set[int] = set()
        try:
            # In an extract all nodes come before the ways.
            for item in source:
                tags = {tag.k: tag.v for tag in item.tags}
                if isinstance(item, osmium.osm.Node) and blocks_cars(tags):
                    barriers.add(item.id)
                road = road_tags(tags) if isinstance(item, osmium.osm.Way) else None
                for line in _lines(item, barriers) if road else ():
                    number += 1
                    yield number, [*(road or ()), "line", line]
        except RuntimeError as error:
            raise ProblemError("unreadable", kind="OSM.PBF") from error

    send(["highway", "oneway", "maxspeed", SHAPE_TYPE], rows(), shapes=True)


def road_tags(tags: Mapping[str, str]) -> tuple[str, str | None, str | None] | None:
    """Return class, one-way and limit of a way that cars may use, ``None`` of any other."""
    highway = "ferry" if tags.get("route") == "ferry" else tags.get("highway")
    if (highway != "ferry" and highway not in _ROADS) or _is_closed(tags):
        return None
    implied = "yes" if tags.get("junction") in {"roundabout", "circular"} else None
    return str(highway), tags.get("oneway") or implied, tags.get("maxspeed")


def blocks_cars(tags: Mapping[str, str]) -> bool:
    """Say whether a point on a road stops cars."""
    if tags.get("barrier") is None:
        return False
    stated = _access(tags)
    return stated in _CLOSED if stated else tags.get("barrier") in _BLOCKING


def pieces(points: Sequence[Point], is_barrier: Sequence[bool]) -> list[list[Point]]:
    """Return a line cut at its barriers, each piece ending a little before them."""
    found: list[list[Point]] = []
    piece: list[Point] = []
    for k, (point, barrier) in enumerate(zip(points, is_barrier, strict=True)):
        if not barrier:
            piece.append(point)
            continue
        if piece:
            found.append([*piece, _short_of(point, piece[-1])])
        piece = [_short_of(point, points[k + 1])] if k + 1 < len(points) else []
    return [line for line in [*found, piece] if len(line) > 1]


def _lines(way: Any, barriers: set[int]) -> list[Any]:
    import shapely

    nodes = [node for node in way.nodes if node.location.valid()]
    cut = pieces([(n.lon, n.lat) for n in nodes], [n.ref in barriers for n in nodes])
    return [shapely.to_wkb(shapely.LineString(line)) for line in cut]


def _access(tags: Mapping[str, str]) -> str | None:
    return next((str(tags.get(name)) for name in _ACCESS_TAGS if tags.get(name)), None)


def _is_closed(tags: Mapping[str, str]) -> bool:
    return _access(tags) in _CLOSED


def _short_of(end: Point, before: Point) -> Point:
    """Return the point ``_GAP_DEG`` before ``end``, at most half-way to ``before``."""
    away = math.hypot(before[0] - end[0], before[1] - end[1])
    share = 0.5 if away <= 2 * _GAP_DEG else _GAP_DEG / away
    return end[0] + share * (before[0] - end[0]), end[1] + share * (before[1] - end[1])
