"""
Every layer as one GeoPackage for QGIS: facilities, leads, cases, inspections, areas, roads,
scored cells, the week's stops and routes.

Columns are listed here by name: what is not listed does not leave. No complainant,
no words of a report, no officer and no undercover row is ever in the file; leads lie
in the middle of their square of about 500 m, as on the map. Coded columns keep
their codes and get their labels beside them (``kind``, ``kind_zh``, ``kind_en``).
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data import audit, schema
from data.records import Message, Plan, Route
from data.scope import Scope
from data.store import engine, plans, scores
from data.store.engine import Store
from data.store.rows import load_rows
from geo import grid, polyline
from workflows import access
from workflows.map_layers import BLUR_M, snap

if TYPE_CHECKING:
    import geopandas

PLACED = {
    "facilities": (
        "facility_id", "name", "kind", "licence_no", "licence_scope", "licence_expiry", "opened_on",
        "closed_on", "address", "area_code", "risk_grade", "opening_hours",
    ),
    "complaints": (
        "received_at", "channel", "topic", "area_code", "status", "closed_on", "outcome",
    ),
    "cases": (
        "case_id", "opened_on", "closed_on", "topic", "facility_id", "area_code", "source",
        "fine_yuan", "confiscated_yuan", "den_destroyed",
    ),
    "inspections": (
        "inspection_id", "started_at", "kind", "facility_id", "area_code", "n_officers", "minutes",
        "result", "topics", "case_id", "arm", "item_code",
    ),
}  # fmt: skip
"""Kind of record → the columns that leave, beside its point and its district."""

SHAPED = {
    "areas": ("area_code", "name", "level", "parent_code", "urban_rural_code", "population"),
    "roads": ("highway", "oneway", "maxspeed"),
}
CELLS = (
    "cell_id", "district_code", "area_code", "area_name", "urban_rural_code", "class_source",
    "score", "p_hidden", "p_lo", "p_hi", "mean", "lo", "hi", "knowledge", "last_visit_on",
    "n_visits_year", "n_open_leads", "n_facilities", "population",
)  # fmt: skip
LAYER_NAMES = {"complaints": "leads"}
_TYPES = {
    "areas": "MultiPolygon",
    "roads": "MultiLineString",
    "cells": "Polygon",
    "plan_routes": "LineString",
}
_CRS = "EPSG:4326"

Progress = Callable[[float, Message], None]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: a frame, and one shape (or none) per row."""

    name: str
    rows: pd.DataFrame
    shapes: NDArray[np.object_]

    @property
    def geometry_type(self) -> str:
        """The type of all shapes of the layer."""
        return _TYPES.get(self.name, "Point")


def export_layers(
    store: Store,
    path: Path,
    *,
    scope: Scope,
    as_of: datetime,
    actor: str,
    now: datetime,
    progress: Progress | None = None,
) -> dict[str, int]:
    """
    Write what was known before ``as_of`` to a GeoPackage; return the features by layer.

    The audit entry is committed before the first byte is written. The same store
    and date give the same file.

    Raises
    ------
    ForbiddenError
        If the actor may not export.
    """
    access.require(store, actor, "export")
    layers = make_layers(store, scope=scope, as_of=as_of)
    counts = {layer.name: len(layer.rows) for layer in layers}
    with store.write() as conn:
        audit.append(
            conn,
            at=engine.to_seconds(now),
            actor=actor,
            action="export.gpkg",
            detail={
                "as_of": engine.to_seconds(as_of),
                "districts": None if scope.districts is None else sorted(scope.districts),
                **counts,
            },
        )
    write_layers(layers, path, as_of=as_of, progress=progress)
    return counts


def make_layers(store: Store, *, scope: Scope, as_of: datetime) -> list[Layer]:
    """Return every layer as known before ``as_of``; undercover rows are never among them."""
    scope = replace(scope, sealed=frozenset())
    made = [_placed(store, kind, scope=scope, as_of=as_of) for kind in PLACED]
    made += [_shaped(store, kind, scope=scope, as_of=as_of) for kind in SHAPED]
    made.append(_cells(store, scope=scope, as_of=as_of))
    newest = _plans(store, scope=scope, as_of=as_of)
    return [*made, _stops(newest), _routes(newest)]


def write_layers(
    layers: Sequence[Layer], path: Path, *, as_of: datetime, progress: Progress | None = None
) -> None:
    """Write layers to one file, which is there whole or not at all."""
    import geopandas
    import pyogrio

    # Else the file would say when it was written, and no two were equal.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{as_of:%Y-%m-%d}T00:00:00.000Z"})
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".layers-") as folder:
            written = Path(folder) / "layers.gpkg"
            for number, layer in enumerate(layers):
                if progress is not None:
                    told = Message("正在写出图层 {layer}", {"layer": layer.name})
                    progress(number / len(layers), told)
                frame = geopandas.GeoDataFrame(layer.rows, geometry=layer.shapes, crs=_CRS)
                _write_layer(frame, written, layer)
            written.replace(path)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _write_layer(frame: "geopandas.GeoDataFrame", path: Path, layer: Layer) -> None:
    import pyogrio

    pyogrio.write_dataframe(
        frame,
        path,
        layer=layer.name,
        driver="GPKG",
        geometry_type=layer.geometry_type,
        layer_options={"GEOMETRY_NAME": "geom"},
    )


def _placed(store: Store, kind: str, *, scope: Scope, as_of: datetime) -> Layer:
    wanted = (*PLACED[kind], "lon", "lat", "district_code")
    rows = load_rows(store, kind, scope=scope, as_of=as_of, columns=wanted)
    lon, lat = rows["lon"].to_numpy(float), rows["lat"].to_numpy(float)
    if kind == "complaints":
        lon, lat = snap(lon, lat, blur_m=BLUR_M)
        # No number, no minute: what is left can't be looked up in a complainant's hand.
        rows = rows.assign(received_at=rows["received_at"].dt.strftime("%Y-%m-%d"))
        rows = rows.rename(columns={"received_at": "received_on"})
    rows = rows.drop(columns=["lon", "lat"])
    return Layer(LAYER_NAMES.get(kind, kind), _labelled(kind, rows), _points(lon, lat))


def _shaped(store: Store, kind: str, *, scope: Scope, as_of: datetime) -> Layer:
    wanted = (*SHAPED[kind], "shape", "district_code")
    rows = load_rows(store, kind, scope=scope, as_of=as_of, columns=wanted)
    shapes = shapely.force_2d(shapely.from_wkb(rows["shape"].to_numpy(dtype=object)))
    many = shapely.multipolygons if kind == "areas" else shapely.multilinestrings
    single = {"Polygon", "LineString"}
    made = [
        many([shape]) if shape is not None and shape.geom_type in single else shape
        for shape in shapes
    ]
    return Layer(kind, _labelled(kind, rows.drop(columns="shape")), _objects(made))


def _cells(store: Store, *, scope: Scope, as_of: datetime) -> Layer:
    run = scores.latest_run(store, scope=scope, as_of=as_of)
    if run is None:
        return Layer("cells", pd.DataFrame({name: [] for name in CELLS}), _objects([]))
    rows = scores.load_cell_scores(store, run.run_id, scope=scope)
    shapes = grid.cell_polygons([str(cell) for cell in rows["cell_id"]])
    return Layer("cells", _labelled("areas", rows[list(CELLS)]), shapes)


def _plans(store: Store, *, scope: Scope, as_of: datetime) -> list[Plan]:
    """Return the newest plan of each district for the newest week that was planned by then."""
    listed = plans.list_plans(store, scope=scope).sort_values(
        ["week_start", "created_at"], ascending=False, kind="stable"
    )
    found: list[Plan] = []
    for plan_id in listed["plan_id"]:
        plan = plans.load_plan(store, str(plan_id), scope=scope)
        if plan.as_of > as_of:
            continue
        if found and plan.week_start != found[0].week_start:
            break
        if all(plan.district_code != other.district_code for other in found):
            found.append(plan)
    return found


def _stops(found: Iterable[Plan]) -> Layer:
    rows: list[dict[str, Any]] = []
    for plan, route in _driven(found):
        rows += [
            {
                **_of_route(plan, route),
                "position": position,
                "kind": stop.visit.kind,
                "facility_id": stop.visit.facility_id,
                "cell_id": stop.visit.cell_id,
                "area_code": stop.visit.area_code,
                "required": int(stop.visit.required),
                "arrive": _clock(stop.arrive_s),
                "depart": _clock(stop.depart_s),
                "lon": stop.visit.lon,
                "lat": stop.visit.lat,
            }
            for position, stop in enumerate(route.stops, start=1)
        ]
    frame = pd.DataFrame(rows, columns=None if rows else ["plan_id", "lon", "lat"])
    shapes = _points(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    return Layer("plan_stops", frame.drop(columns=["lon", "lat"]), shapes)


def _routes(found: Iterable[Plan]) -> Layer:
    rows, shapes = [], []
    for plan, route in _driven(found):
        base = next((t.base_lon, t.base_lat) for t in plan.teams if t.team_id == route.team_id)
        straight = [base, *((s.visit.lon, s.visit.lat) for s in route.stops), base]
        rows.append(
            {
                **_of_route(plan, route),
                "n_stops": len(route.stops),
                "leave": _clock(route.leave_s),
                "back": _clock(route.back_s),
                "travel_min": round(route.travel_s / 60),
                "along_roads": int(bool(route.path)),
            }
        )
        shapes.append(shapely.LineString(polyline.decode(route.path) if route.path else straight))
    return Layer(
        "plan_routes", pd.DataFrame(rows, columns=None if rows else ["plan_id"]), _objects(shapes)
    )


def _driven(found: Iterable[Plan]) -> Iterable[tuple[Plan, Route]]:
    return ((plan, route) for plan in found for route in plan.routes if route.stops)


def _of_route(plan: Plan, route: Route) -> dict[str, object]:
    return {
        "plan_id": plan.plan_id,
        "week_start": plan.week_start.isoformat(),
        "status": plan.status,
        "district_code": plan.district_code,
        "team": route.team_id,
        "day": route.day + 1,
    }


def _labelled(kind: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with labels beside codes, and times as ISO text in the bureau's zone."""
    columns: dict[str, pd.Series] = {}
    known = schema.KINDS[kind].by_name
    for name in rows.columns:
        values = rows[name]
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            values = values.dt.tz_convert(schema.TIME_ZONE).dt.strftime("%Y-%m-%dT%H:%M%z")
        elif pd.api.types.is_datetime64_any_dtype(values.dtype):
            values = values.dt.strftime("%Y-%m-%d")
        columns[name] = values
        vocabulary = known[name].vocabulary if name in known else None
        if vocabulary is not None:
            labels = schema.LABELS[vocabulary]
            for place, language in enumerate(("zh", "en")):
                columns[f"{name}_{language}"] = values.map(
                    _speaker(labels, place), na_action="ignore"
                )
    return pd.DataFrame(columns)


def _speaker(labels: Mapping[str, tuple[str, str]], place: int) -> Any:
    def say(codes: object) -> str:
        return ";".join(
            labels[code][place] if code in labels else code for code in str(codes).split(";")
        )

    return say


def _points(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.object_]:
    is_placed = ~(np.isnan(lon) | np.isnan(lat))
    made = np.full(len(lon), None, dtype=object)
    made[is_placed] = shapely.points(lon[is_placed], lat[is_placed])
    return made


def _objects(shapes: Sequence[object]) -> NDArray[np.object_]:
    made = np.empty(len(shapes), dtype=object)
    made[:] = list(shapes)
    return made


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
