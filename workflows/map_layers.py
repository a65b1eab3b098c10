"""
Frames and plans as the compact payloads that a map draws.

Numbers travel as columns of integers: longitudes and latitudes in hundred
thousandths of a degree (about a metre), probabilities per mille. A report never
travels as itself: leads are counted on a grid of about 500 m, and neither their
words nor their numbers are part of any payload.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data import frames
from data.records import Plan, Route
from data.schema import FRINGE_CODES
from geo import grid, polyline
from workflows import estimated_legs
from workflows.weeks import local_day

DEGREE = 100_000
"""Units per degree in a payload."""

BLUR_M = 500
METRES_PER_DEGREE = 111_320.0
"""Length of a degree of latitude, metres (mean meridian)."""

AREA_TOLERANCE_DEG = 0.0004
"""How far a drawn boundary may lie from the true one, degrees (about 40 m)."""

DRAWN_LEVELS = ("city", "district", "township")
COMPUTED_CLASS = "computed"
CLOSED_STATUS = frozenset({"closed", "handed_over", "transferred", "returned"})

Payload = dict[str, Any]


def cells_layer(cells: pd.DataFrame, *, as_of: datetime, class_year: int | None = None) -> Payload:
    """
    Return the payload of scored cells.

    Parameters
    ----------
    cells
        Cell scores as ``data/store/scores.py`` loads them.
    as_of
        Moment the scores are of.
    class_year
        Newest year of the classes that the fringe follows from, if known.

    Returns
    -------
    payload
        Columns of equal length: ``id``, ``lon`` and ``lat`` of the centre,
        ``ring`` (corner offsets from the centre), ``p``, ``lo``, ``hi`` (per
        mille), ``score`` (per mille of the highest), ``knowledge`` (percent),
        ``days`` since the last visit (``None``: never), ``population`` (``None``:
        unknown), ``area`` (position in ``areas``). ``fringe`` holds the outline
        of the urban-rural fringe and whether its class was computed.
    """
    ids = [str(cell) for cell in cells["cell_id"]]
    lon, lat = _ints(cells["lon"]), _ints(cells["lat"])
    names, places = _coded(cells["area_name"])
    fringe = cells[cells["urban_rural_code"].isin(FRINGE_CODES)]
    return {
        "kind": "cells",
        "as_of": _last_day(as_of),
        "cell_km2": _mean_area(ids),
        "id": ids,
        "lon": lon,
        "lat": lat,
        "ring": [_offsets(cell, x, y) for cell, x, y in zip(ids, lon, lat, strict=True)],
        "p": _per_mille(cells["p_hidden"]),
        "lo": _per_mille(cells["p_lo"]),
        "hi": _per_mille(cells["p_hi"]),
        "score": _per_mille(cells["score"] / max(float(cells["score"].max() or 0), 1e-12)),
        "knowledge": _ints(cells["knowledge"], 100),
        "days": _days_since(cells["last_visit_on"], as_of),
        "population": _maybe_ints(cells["population"]),
        "areas": names,
        "area": places,
        "fringe": {
            "computed": has_computed_fringe(cells),
            "year": class_year,
            "rings": _outline([str(cell) for cell in fringe["cell_id"]]),
        },
    }


def has_computed_fringe(cells: pd.DataFrame) -> bool:
    """Return whether any cell of the fringe has a computed class."""
    fringe = cells[cells["urban_rural_code"].isin(FRINGE_CODES)]
    return bool((fringe["class_source"] == COMPUTED_CLASS).any())


def facilities_layer(facilities: pd.DataFrame, *, as_of: datetime) -> Payload:
    """Return the payload of scored facilities; those without a place are left out."""
    placed = facilities.dropna(subset=["lon", "lat"])
    kinds, kind_of = _coded(placed["kind"])
    return {
        "kind": "facilities",
        "as_of": _last_day(as_of),
        "n_without_place": len(facilities) - len(placed),
        "id": placed["facility_id"].astype(str).tolist(),
        "name": placed["name"].astype(str).tolist(),
        "kinds": kinds,
        "kind_of": kind_of,
        "lon": _ints(placed["lon"]),
        "lat": _ints(placed["lat"]),
        "p": _per_mille(placed["p"]),
    }


def leads_layer(leads: pd.DataFrame, *, blur_m: int = BLUR_M) -> Payload:
    """
    Return open and closed leads counted per square of a grid.

    Parameters
    ----------
    leads
        Columns ``lon``, ``lat``, ``status``, ``closed_on`` and, where known,
        ``location_precision``; nothing else is read. ``coarse`` counts the open leads
        that are known to the village or township only.
    blur_m
        Side of a square, metres. A lead is drawn in the middle of its square.
    """
    placed = leads.dropna(subset=["lon", "lat"])
    lon, lat = snap(placed["lon"].to_numpy(float), placed["lat"].to_numpy(float), blur_m=blur_m)
    is_closed = placed["status"].isin(CLOSED_STATUS) | placed["closed_on"].notna()
    is_coarse = pd.Series(data=False, index=placed.index)
    if "location_precision" in placed:
        is_coarse = placed["location_precision"].isin(["village", "township"])
    squares = pd.DataFrame({"lon": _ints(lon), "lat": _ints(lat)}).assign(
        open=(~is_closed).to_numpy(),
        closed=is_closed.to_numpy(),
        coarse=(is_coarse & ~is_closed).to_numpy(),
    )
    sums = ["open", "closed", "coarse"]
    counted = squares.groupby(["lat", "lon"], as_index=False)[sums].sum()
    return {
        "kind": "complaints",
        "blur_m": blur_m,
        "n_without_place": len(leads) - len(placed),
        "id": [f"{y}_{x}" for x, y in zip(counted["lon"], counted["lat"], strict=True)],
        **{name: counted[name].astype(int).tolist() for name in ("lon", "lat", *sums)},
    }


def cases_layer(cases: pd.DataFrame, *, days: int) -> Payload:
    """
    Return the payload of filed cases: where, what about, when, whether a den was destroyed.

    ``days`` says how many days back they go, for the legend.
    """
    placed = cases.dropna(subset=["lon", "lat"])
    topics, topic = _coded(placed["topic"])
    return {
        "kind": "cases",
        "days": days,
        "n_without_place": len(cases) - len(placed),
        "id": placed["case_id"].astype(str).tolist(),
        "lon": _ints(placed["lon"]),
        "lat": _ints(placed["lat"]),
        "topics": topics,
        "topic": topic,
        "opened": [_day(on) for on in placed["opened_on"]],
        "den": [int(flag == 1) for flag in placed["den_destroyed"]],
    }


def areas_layer(areas: pd.DataFrame) -> Payload:
    """
    Return simplified boundaries of cities, districts and townships, with their names.

    Neighbours are simplified together, so that no gap opens between them.
    """
    shown = [areas[areas["level"] == level] for level in DRAWN_LEVELS]
    return {"kind": "areas", "areas": [area for rows in shown for area in _area_rows(rows)]}


def plan_layer(plan: Plan) -> Payload:
    """
    Return the payload of a week's routes: one line and its stops per team and day.

    Teams get letters in the order of the plan. Lines follow the roads where the plan
    knows them, else they are straight from stop to stop and ``estimate`` is True. The
    ``parts`` of a line are ``[1 if its time is an estimate, numbers of its path]``.
    """
    number = {team.team_id: k for k, team in enumerate(plan.teams)}
    base = {team.team_id: _point(team.base_lon, team.base_lat) for team in plan.teams}
    routes = [
        _route(plan, route, number[route.team_id], base[route.team_id])
        for route in plan.routes
        if route.stops
    ]
    stops = [stop for route in routes for stop in route["stops"]]
    return {
        "kind": "plan",
        "estimate": plan.travel_is_estimate,
        "some_estimated": any(route.estimated_legs for route in plan.routes),
        "week_start": plan.week_start.isoformat(),
        "bases": sorted({tuple(point) for point in base.values()}),
        "routes": routes,
        "id": [stop["id"] for stop in stops],
    }


def snap(
    lon: NDArray[np.float64], lat: NDArray[np.float64], *, blur_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Move points to the middle of their square of about ``blur_m`` metres.

    The grid is fixed to the globe: the same place always moves to the same
    point, so that repeated looks can't be averaged back to where it was.
    """
    step_lat = blur_m / METRES_PER_DEGREE
    snapped_lat = (np.floor(lat / step_lat) + 0.5) * step_lat
    step_lon = step_lat / np.maximum(np.cos(np.radians(snapped_lat)), 0.01)
    return (np.floor(lon / step_lon) + 0.5) * step_lon, snapped_lat


def _route(plan: Plan, route: Route, number: int, base: list[int]) -> Payload:
    team = plan.teams[number]
    cut = estimated_legs.parts(plan, route, (team.base_lon, team.base_lat))
    points = [base, *(_point(stop.visit.lon, stop.visit.lat) for stop in route.stops), base]
    return {
        "team": number,
        "letter": route.team_id,
        "day": route.day,
        "path": _ints(polyline.decode(route.path).ravel())
        if route.path
        else [value for point in points for value in point],
        "parts": [[int(part.estimated), _ints(part.points.ravel())] for part in cut],
        "stops": [
            {
                "id": stop.visit.visit_id,
                "n": k,
                "lon": point[0],
                "lat": point[1],
                "name": stop.visit.place_name,
                "estimate": int(estimated_legs.is_estimate(plan, route, k - 1)),
                "at": f"{stop.start_s // 3600:02d}:{stop.start_s % 3600 // 60:02d}",
            }
            for k, (stop, point) in enumerate(zip(route.stops, points[1:-1], strict=True), start=1)
        ],
    }


def _area_rows(rows: pd.DataFrame) -> Iterable[Payload]:
    if rows.empty:
        return
    shapes = frames.to_geo(rows).geometry.to_numpy()
    labels = shapely.point_on_surface(shapes)
    drawn = shapely.coverage_simplify(shapes, AREA_TOLERANCE_DEG)
    for row, shape, label in zip(rows.to_dict("records"), drawn, labels, strict=True):
        code = row["urban_rural_code"]
        yield {
            "code": str(row["area_code"]),
            "name": str(row["name"]),
            "level": row["level"],
            "urban_rural_code": None if pd.isna(code) else str(code),
            "label": _point(label.x, label.y),
            "rings": _rings(shape),
        }


def _rings(shape: shapely.Geometry) -> list[list[int]]:
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    rings = [ring for part in polygons for ring in (part.exterior, *part.interiors)]
    return [_ints(shapely.get_coordinates(ring).ravel()) for ring in rings]


def _outline(cells: Sequence[str]) -> list[list[int]]:
    if not cells:
        return []
    return _rings(shapely.union_all(grid.cell_polygons(cells), grid_size=1e-7))


def _offsets(cell: str, lon: int, lat: int) -> list[int]:
    corners = grid.cell_ring(cell)[:-1]
    return [
        value for x, y in corners for value in (round(x * DEGREE) - lon, round(y * DEGREE) - lat)
    ]


def _mean_area(cells: Sequence[str]) -> float | None:
    if not cells:
        return None
    return round(float(grid.cell_area_km2(cells[:1])[0]), 2)


def _point(lon: float, lat: float) -> list[int]:
    return [round(lon * DEGREE), round(lat * DEGREE)]


def _ints(values: Iterable[float], scale: float = DEGREE) -> list[int]:
    scaled = np.round(np.asarray(values, dtype=float) * scale)
    return [int(value) for value in scaled]


def _per_mille(values: pd.Series) -> list[int | None]:
    return [None if math.isnan(v) else round(v * 1000) for v in values.astype(float)]


def _maybe_ints(values: pd.Series) -> list[int | None]:
    return [None if math.isnan(v) else round(v) for v in values.astype(float)]


def _coded(values: pd.Series) -> tuple[list[str], list[int]]:
    """Return the distinct texts and the position of each row's text among them."""
    texts = values.fillna("").astype(str)
    codes, distinct = pd.factorize(texts, sort=True)
    return [str(text) for text in distinct], [int(code) for code in codes]


def _days_since(days: pd.Series, as_of: datetime) -> list[int | None]:
    # A score as of midnight knows the day before it, not the day itself.
    today = pd.Timestamp(local_day(as_of))
    elapsed = (today - pd.to_datetime(days)).dt.days
    return [None if math.isnan(v) else max(int(v), 0) for v in elapsed.astype(float)]


def _last_day(as_of: datetime) -> str:
    """Return the last day of which something is known before ``as_of``."""
    return _day(local_day(as_of - timedelta(seconds=1)))


def _day(moment: date | datetime | pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%d}"
