"""
How far the teams get from their bases: areas within some minutes, and what lies inside.

By road where the store holds roads, else circles of the straight-line estimate. What was
computed once is kept beside the store, named by everything it depends on.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.scope import Scope
from data.store import scores
from data.store.engine import Store
from data.store.rows import load_rows
from data.store.scores import ScoreRun
from geo import isochrones, seats
from geo.isochrones import DEFAULT_MINUTES
from geo.travel_times import UNREACHABLE_S
from workflows import travel_cache
from workflows.map_layers import AREA_TOLERANCE_DEG, DEGREE, Payload
from workflows.seat_minutes import DEFAULT_SEAT_PARAMS, SeatParams, points_of_cells
from workflows.travel import Ways, ways_for

Floats = NDArray[np.float64]
_FORM = "reach 2"
_ROADSIDE_M = 800.0
"""Ground on each side of a reached road that the map shows as reached."""
_HOLE_DEG2 = 0.002
"""Holes up to so many square degrees (about 20 km2) are not drawn."""
BEYOND = "beyond"
"""Column of what lies further than the longest time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """
    What lies within some minutes of the nearest base.

    ``table`` has one row per district (None: all together, first) and measure
    (``population``, ``mean``: expected unknown sites, ``score``: points) with the totals
    within each number of minutes, cumulative, in columns named after the minutes, and
    ``total``. ``n_estimated`` of ``n_cells`` inhabited cells are by the straight line.
    """

    table: pd.DataFrame
    minutes: tuple[int, ...]
    n_bases: int
    n_cells: int
    n_estimated: int


def bases_of(store: Store, *, scope: Scope, as_of: datetime) -> Floats:
    """Return longitude and latitude of every base, each once, shape ``(n, 2)``."""
    officers = load_rows(
        store, "officers", scope=scope, as_of=as_of, columns=["base_lon", "base_lat"]
    )
    points = officers[["base_lon", "base_lat"]].dropna().drop_duplicates()
    return np.asarray(points.sort_values(["base_lon", "base_lat"]).to_numpy(float))


def reach_layer(
    store: Store,
    *,
    scope: Scope,
    as_of: datetime,
    params: SeatParams = DEFAULT_SEAT_PARAMS,
    minutes: Sequence[int] = DEFAULT_MINUTES,
) -> Payload:
    """Return the ground within some minutes of any base the reader may see, for the map."""
    bases = bases_of(store, scope=scope, as_of=as_of)
    ways = ways_for(store, scope=scope, as_of=as_of, roads=params.roads, straight=params.straight)
    shapes = reached_ground(ways, bases, minutes=minutes)
    return {
        "kind": "reach",
        "estimate": bool(ways.lines.empty),
        "minutes": list(minutes),
        "rings": [_rings(shape) for shape in shapes],
        "bases": [[round(lon * DEGREE), round(lat * DEGREE)] for lon, lat in bases.tolist()],
    }


def reached_ground(
    ways: Ways, bases: Floats, *, minutes: Sequence[int] = DEFAULT_MINUTES
) -> list[shapely.Geometry]:
    """Return the area within each number of minutes of any base, EPSG:4326."""
    if not len(bases):
        return [shapely.Polygon() for _ in minutes]
    if ways.lines.empty:
        return _circles(ways, bases, minutes)
    key = hashlib.sha256(
        "|".join(
            (_FORM, ways.content, repr(tuple(minutes)), repr(bases.round(6).tolist()))
        ).encode()
    ).hexdigest()[:40]
    kept = None if ways.folder is None else travel_cache.read_shapes(ways.folder, key)
    if kept is not None and len(kept) == len(minutes):
        return kept
    if ways.network is None:
        return _circles(ways, bases, minutes)
    found = isochrones.isochrones_of_nearest(
        ways.network, bases, minutes=minutes, width_m=_ROADSIDE_M, params=ways.roads
    )
    # A base that no road comes near to still reaches what is close by.
    off = bases[~ways.has_road(bases)]
    if len(off):
        circles = _circles(ways, off, minutes)
        found = [shapely.union(a, b) for a, b in zip(found, circles, strict=True)]
    joined = [_outline(area) for area in found]
    if ways.folder is not None:
        travel_cache.write_shapes(ways.folder, key, joined)
    return joined


def within(
    store: Store,
    run: ScoreRun,
    *,
    scope: Scope,
    params: SeatParams = DEFAULT_SEAT_PARAMS,
    minutes: Sequence[int] = DEFAULT_MINUTES,
) -> Reach:
    """Add up residents and expected risk within some minutes of the nearest base."""
    cells = scores.load_cell_scores(store, run.run_id, scope=scope)
    as_of = run.as_of
    bases = bases_of(store, scope=scope, as_of=as_of)
    cells = cells[(cells["population"].fillna(0) > 0) | (cells["score"] > 0)].reset_index(drop=True)
    people = load_rows(
        store, "population", scope=scope, as_of=as_of, columns=["lon", "lat", "population"]
    )
    ways = ways_for(store, scope=scope, as_of=as_of, roads=params.roads, straight=params.straight)
    nearest, by_road = _nearest_base(ways, bases, points_of_cells(cells, people))
    rows: list[dict[str, object]] = []
    whole = np.ones(len(cells), dtype=bool)
    districts = cells["district_code"].astype(object)
    groups = [(None, whole)] + [
        (code, (districts == code).to_numpy(bool)) for code in sorted(districts.dropna().unique())
    ]
    for measure in ("population", "mean", "score"):
        values = cells[measure].fillna(0.0).to_numpy(float)
        for code, own in groups:
            reached = {str(m): float(values[own & (nearest <= m)].sum()) for m in minutes}
            rows.append(
                {"district_code": code, "measure": measure, **reached,
                 "total": float(values[own].sum())}
            )  # fmt: skip
    return Reach(
        table=pd.DataFrame(rows),
        minutes=tuple(minutes),
        n_bases=len(bases),
        n_cells=len(cells),
        n_estimated=int((~by_road).sum()),
    )


def _nearest_base(ways: Ways, bases: Floats, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return minutes from the nearest base, NaN where there is none, and whether by road."""
    none = np.zeros(len(points), dtype=bool)
    if not len(bases) or not len(points):
        return np.full(len(points), np.nan), none
    matrix = ways.from_to(bases, points)
    seconds = matrix.seconds.astype(float)
    seconds[matrix.seconds >= UNREACHABLE_S] = np.inf
    if matrix.estimated is None or matrix.is_estimate:
        return seconds.min(axis=0) / 60.0, none
    driven = np.where(matrix.estimated, np.inf, seconds)
    fastest = driven.min(axis=0) / 60.0
    by_road = np.isfinite(fastest)
    per_m = ways.straight.detour_factor * 3.6 / (ways.straight.speed_kmh * 60.0)
    near = seats.filled_from_near(fastest, by_road, points[:, 0], points[:, 1], minutes_per_m=per_m)
    return near, by_road


def _circles(ways: Ways, bases: Floats, minutes: Sequence[int]) -> list[shapely.Geometry]:
    """Return what the straight-line estimate reaches: circles around the bases."""
    metres_per_minute = ways.straight.speed_kmh * 1000.0 / 60.0 / ways.straight.detour_factor
    turn = np.linspace(0.0, 2.0 * np.pi, 73)
    degree_m = 111_320.0
    areas = []
    for limit in minutes:
        reach = metres_per_minute * max(limit - ways.straight.start_s / 60.0, 0.0) / degree_m
        drawn = [
            shapely.Polygon(
                np.column_stack(
                    [
                        lon + reach * np.cos(turn) / np.cos(np.radians(lat)),
                        lat + reach * np.sin(turn),
                    ]
                )
            )
            for lon, lat in bases.tolist()
        ]
        areas.append(shapely.union_all(drawn))
    return areas


def _outline(area: shapely.Geometry) -> shapely.Geometry:
    """Return an area without small holes and dents, that an eye can follow."""
    reach = _ROADSIDE_M / 111_320.0
    closed = shapely.simplify(
        shapely.buffer(shapely.buffer(area, reach, quad_segs=2), -reach, quad_segs=2),
        AREA_TOLERANCE_DEG * 2,
    )
    parts = [
        part
        for part in shapely.get_parts(closed)
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    return shapely.union_all(
        [
            shapely.Polygon(
                part.exterior,
                [ring for ring in part.interiors if shapely.Polygon(ring).area > _HOLE_DEG2],
            )
            for part in parts
        ]
    )


def _rings(shape: shapely.Geometry) -> list[list[int]]:
    polygons = [
        part
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    rings = [ring for part in polygons for ring in (part.exterior, *part.interiors)]
    return [
        np.rint(shapely.get_coordinates(ring).ravel() * DEGREE).astype(int).tolist()
        for ring in rings
    ]
