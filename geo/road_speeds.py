"""
What a vehicle may do on a road and how fast: classes, one-ways, limits, closed roads.

Tags are those of OpenStreetMap; a bureau's own classes go into the speed table
of the settings. One-way rules: https://wiki.openstreetmap.org/wiki/Key:oneway
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_KMH_PER_MPH = 1.609344
_KMH_PER_KNOT = 1.852
_FORWARD = frozenset({"yes", "true", "1", "y", "ft", "f"})
_BACKWARD = frozenset({"-1", "reverse", "tf", "t"})
_BOTH_WAYS = frozenset({"no", "false", "0", "n", "b"})
_CIRCLES = frozenset({"roundabout", "circular"})
_ONE_WAY_BY_CLASS = frozenset({"motorway"})
_NO_ENTRY = frozenset({"no", "private", "military", "agricultural", "forestry"})
_ACCESS_COLUMNS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""From the most to the least particular: the first that is stated decides."""
_LIMIT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(km/?h|kph|mph|knots)?\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadParams:
    """
    How roads turn into travel times.

    Parameters
    ----------
    speed_kmh
        Mean driving speed per class of road, stops at crossings included, km/h.
        A stated limit that is lower wins. Classes of the bureau's own road file
        may be added.
    other_kmh
        Speed on a class the table does not name, km/h.
    closed
        Classes that no car may use.
    no_stop
        Classes along which nobody can stop: places are never reached from them.
    walk_kmh
        Speed on foot between the road and the door, km/h.
    no_road_m
        A place further than this from every road counts as having none near by;
        its times are straight-line estimates.
    join_m
        Ends of lines within this distance of another line meet it, metres.
    least_piece_m
        Pieces of the network shorter than this in all, joined to nothing, are
        taken as drawing errors and left out, metres of road.
    """

    speed_kmh: Mapping[str, float] = field(
        default_factory=lambda: {
            "motorway": 90.0,
            "motorway_link": 45.0,
            "trunk": 65.0,
            "trunk_link": 40.0,
            "primary": 55.0,
            "primary_link": 35.0,
            "secondary": 45.0,
            "secondary_link": 30.0,
            "tertiary": 38.0,
            "tertiary_link": 25.0,
            "unclassified": 30.0,
            "residential": 22.0,
            "living_street": 12.0,
            "service": 15.0,
            "track": 15.0,
            "ferry": 8.0,
        }
    )
    other_kmh: float = 25.0
    closed: tuple[str, ...] = (
        *("footway", "path", "steps", "cycleway", "bridleway", "pedestrian", "corridor"),
        *("construction", "proposed", "abandoned", "raceway", "platform"),
    )
    no_stop: tuple[str, ...] = ("motorway", "motorway_link", "ferry")
    walk_kmh: float = 4.5
    no_road_m: float = 500.0
    join_m: float = 1.0
    least_piece_m: float = 500.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        slow = [name for name, speed in self.speed_kmh.items() if not speed > 0.0]
        if slow:
            raise ValueError(f"speed_kmh must be above 0, got {self.speed_kmh[slow[0]]}: {slow[0]}")
        for name in ("other_kmh", "walk_kmh"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("no_road_m", "join_m", "least_piece_m"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")


DEFAULT_ROADS = RoadParams()


def speeds_kmh(
    lines: pd.DataFrame, params: RoadParams
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Return the speed along each line and against it, km/h; 0 where a car may not go.

    Parameters
    ----------
    lines
        Column ``highway``; ``oneway``, ``maxspeed``, ``junction``, ``access``,
        ``vehicle``, ``motor_vehicle`` and ``motorcar`` are heeded where they exist.
    """
    highway = _texts(lines, "highway")
    speed = np.array([params.speed_kmh.get(name, params.other_kmh) for name in highway])
    limit = _by_value(_texts(lines, "maxspeed"), limit_kmh)
    speed = np.where(np.isfinite(limit), np.minimum(speed, limit), speed)
    speed = np.where(np.isin(highway, params.closed) | _is_barred(lines), 0.0, speed)
    forward, backward = _directions(lines, highway)
    return speed * forward, speed * backward


def limit_kmh(text: str) -> float:
    """
    Return a stated speed limit in km/h, NaN where it states no number.

    Understands ``60``, ``60 km/h``, ``30 mph``, ``5 knots`` and lists (``60;40``:
    the lowest). https://wiki.openstreetmap.org/wiki/Key:maxspeed
    """
    found = []
    for part in re.split(r"[;|,]", text.lower()):
        match = _LIMIT.match(part)
        if match and float(match[1]) > 0:
            unit = {"mph": _KMH_PER_MPH, "knots": _KMH_PER_KNOT}.get(match[2] or "", 1.0)
            found.append(float(match[1]) * unit)
    return min(found, default=float("nan"))


def _directions(
    lines: pd.DataFrame, highway: NDArray[np.object_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say per line whether it may be driven as drawn, and against the drawing."""
    oneway = _texts(lines, "oneway")
    only_forward = np.isin(oneway, list(_FORWARD))
    only_backward = np.isin(oneway, list(_BACKWARD))
    stated = only_forward | only_backward | np.isin(oneway, list(_BOTH_WAYS))
    implied = np.isin(_texts(lines, "junction"), list(_CIRCLES))
    implied |= np.isin(highway, list(_ONE_WAY_BY_CLASS))
    only_forward |= implied & ~stated
    return ~only_backward, ~only_forward


def _is_barred(lines: pd.DataFrame) -> NDArray[np.bool_]:
    """Say per line whether its access tags keep a car of the bureau out."""
    barred = np.zeros(len(lines), dtype=bool)
    decided = np.zeros(len(lines), dtype=bool)
    for name in _ACCESS_COLUMNS:
        stated = _texts(lines, name)
        barred |= ~decided & np.isin(stated, list(_NO_ENTRY))
        decided |= stated != ""
    return barred


def _texts(lines: pd.DataFrame, name: str) -> NDArray[np.object_]:
    if name not in lines:
        return np.full(len(lines), "", dtype=object)
    values = lines[name].astype(object)
    plain = values.where(values.notna(), "").astype(str).str.strip().str.lower()
    # A column of numbers that lacks some values is read as decimals.
    return plain.str.removesuffix(".0").to_numpy(dtype=object)


def _by_value(texts: NDArray[np.object_], read: object) -> NDArray[np.float64]:
    """Apply a slow reader once per distinct text."""
    codes, distinct = pd.factorize(texts)
    values = np.array([read(str(text)) for text in distinct], dtype=np.float64)  # type: ignore[operator]
    return values[codes] if len(values) else np.zeros(0)
