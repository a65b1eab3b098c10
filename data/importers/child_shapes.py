"""
Read shapes with their attributes; used in the child process only.

GDAL looks at content, not names: a text that calls itself ``.geojson`` can make it
open any other file or address. Its drivers are therefore cut down to two before
it is loaded (``OGR_SKIP``, set by the parent), and GeoJSON never reaches it.
"""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.importers.child_tables import check_zip
from data.importers.problems import ProblemError
from data.importers.stream import send

SHAPE_TYPE = "\x1ashape_type"
"""Header of the column that says what each shape is: ``line``, ``area`` or ``other``."""

_LON_LAT = frozenset({"CRS84", "4326", "4490"})
_MAX_JSON_MB = 300
_MAX_LON, _MAX_LAT = 180.0, 90.0
_SQLITE_HEAD_BYTES = 100


def read_geojson(path: str) -> None:
    """Read a GeoJSON feature collection; its ``crs`` is checked by name, never followed."""
    size_mb = Path(path).stat().st_size / 2**20
    if not size_mb:
        raise ProblemError("empty")
    if size_mb > _MAX_JSON_MB:
        raise ProblemError("too_big", limit=_MAX_JSON_MB)
    try:
        document = json.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ProblemError("unreadable", kind="GeoJSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise ProblemError("unreadable", kind="GeoJSON")
    _check_named_crs(document.get("crs"))
    features = document["features"]
    names = list(dict.fromkeys(k for f in features for k in (f.get("properties") or {})))

    shapes = [_geojson_shape(feature.get("geometry")) for feature in features]
    columns = [[_text((f.get("properties") or {}).get(name)) for f in features] for name in names]
    _send_shapes(names, columns, shapes)


def read_gpkg(path: str) -> None:
    """Read the only layer of a GeoPackage."""
    import pyogrio

    if not Path(path).read_bytes()[:16].startswith(b"SQLite format 3\0"):
        raise ProblemError("unreadable", kind="GeoPackage")
    _check_pages(path)
    _check_tables(path)
    layers = pyogrio.list_layers(path)
    if len(layers) == 0:
        raise ProblemError("no_layer")
    if len(layers) > 1:
        raise ProblemError("many_layers", n=len(layers))
    _send_layer(path, layer=str(layers[0][0]))


def _check_tables(path: str) -> None:
    """Refuse layers that are views: what they compute is up to whoever made the file."""
    import sqlite3

    conn = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        layers = {row[0] for row in conn.execute("SELECT table_name FROM gpkg_contents")}
        views = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type='view'")}
    except sqlite3.Error as error:
        raise ProblemError("unreadable", kind="GeoPackage") from error
    finally:
        conn.close()
    if layers & views:
        raise ProblemError("view")


def read_zipped_shapefile(path: str) -> None:
    """Read the only shapefile of a zip archive, in place."""
    archive = check_zip(path, kind="Shapefile")
    if archive.testzip() is not None:
        raise ProblemError("unreadable", kind="Shapefile")
    names = {entry.filename for entry in archive.infolist()}
    layers = [name for name in names if name.lower().endswith(".shp")]
    if not layers:
        raise ProblemError("no_layer")
    if len(layers) > 1:
        raise ProblemError("many_layers", n=len(layers))
    stem = layers[0][:-4]
    parts = {name[-4:].lower(): archive.read(name) for name in names if name[:-4] == stem}
    if not {".dbf", ".shx"} <= set(parts):
        raise ProblemError("unreadable", kind="Shapefile")
    n_rows = _shapefile_rows(parts)
    _send_layer(f"/vsizip/{{{path}}}/{layers[0]}", layer=None, n_rows=n_rows)


def _send_layer(path: str, *, layer: str | None, n_rows: int | None = None) -> None:
    import pyogrio.raw

    about, _ids, shapes, columns = pyogrio.raw.read(path, layer=layer, force_2d=True)
    n_read = len(columns[0]) if columns else len(shapes)
    expected = pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"]
    if n_read != expected or (n_rows is not None and n_read != n_rows) or shapes is None:
        raise ProblemError("count")
    names = [str(name) for name in about["fields"]]
    texts = [[_text(value) for value in column] for column in columns]
    _send_shapes(names, texts, _to_lon_lat(shapes, about["crs"]))


def _send_shapes(names: Sequence[str], columns: Sequence[Sequence[Any]], shapes: Any) -> None:
    """Send attributes with their shapes; points become lon and lat columns instead."""
    import shapely

    made = np.array(shapes, dtype=object)
    kinds = shapely.get_type_id(made)
    filled = kinds >= 0
    west, south, east, north = shapely.total_bounds(made) if filled.any() else (0, 0, 0, 0)
    if max(abs(west), abs(east)) > _MAX_LON or max(abs(south), abs(north)) > _MAX_LAT:
        raise ProblemError("crs")
    if filled.any() and (kinds[filled] == shapely.GeometryType.POINT).all():
        places = [
            _coordinate_texts(values) for values in (shapely.get_x(made), shapely.get_y(made))
        ]
        lacking = [i for i, name in enumerate(("lon", "lat")) if name not in names]
        headers = [*names, *(("lon", "lat")[i] for i in lacking)]
        cells = [*columns, *(places[i] for i in lacking)]
        send(headers, enumerate(zip(*cells, strict=True), start=1))
        return
    broken = np.isin(kinds, (3, 6)) & ~shapely.is_valid(made)
    made[broken] = shapely.make_valid(made[broken])
    wkb = shapely.to_wkb(shapely.force_2d(made)) if len(made) else []
    cells = [*columns, [_geometry_name(kind) for kind in shapely.get_type_id(made)], wkb]
    send([*names, SHAPE_TYPE], enumerate(zip(*cells, strict=True), start=1), shapes=True)


def _coordinate_texts(values: Any) -> list[str | None]:
    return [None if value != value else repr(float(value)) for value in values]


def _geometry_name(kind: int) -> str | None:
    names = {1: "line", 5: "line", 3: "area", 6: "area"}
    return None if kind < 0 else names.get(int(kind), "other")


def _geojson_shape(geometry: object) -> Any:
    import shapely

    return None if not geometry else shapely.from_geojson(json.dumps(geometry))


def _to_lon_lat(shapes: Sequence[bytes | None], crs: str | None) -> Any:
    import pyproj
    import shapely

    made = shapely.from_wkb(shapes)
    if crs is None:
        return made
    try:
        source = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise ProblemError("crs") from error
    if source.to_epsg() in {4326, 4490}:
        return made
    change = pyproj.Transformer.from_crs(source, "EPSG:4326", always_xy=True)
    return shapely.transform(made, change.transform, interleaved=False)


def _check_named_crs(crs: object) -> None:
    """Accept degrees; anything else, a link above all, is refused and never followed."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or name.rsplit(":", 1)[-1] not in _LON_LAT:
        raise ProblemError("crs")


def _check_pages(path: str) -> None:
    """Compare the page count in an SQLite header with the file's length (file format 1.3)."""
    with Path(path).open("rb") as source:
        head = source.read(_SQLITE_HEAD_BYTES)
    if len(head) < _SQLITE_HEAD_BYTES:
        raise ProblemError("unreadable", kind="GeoPackage")
    page_bytes = int.from_bytes(head[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    n_pages = int.from_bytes(head[28:32], "big")
    if page_bytes * n_pages > Path(path).stat().st_size:
        raise ProblemError("unreadable", kind="GeoPackage")


def _shapefile_rows(parts: dict[str, bytes]) -> int:
    """
    Return the row count on which table, index and shapes agree.

    ESRI Shapefile Technical Description (1998): an index has 100 bytes and 8 per
    shape; lengths in headers count 16-bit words.
    """
    shp, shx, dbf = parts[".shp"], parts[".shx"], parts[".dbf"]
    try:
        (n_rows,) = struct.unpack("<I", dbf[4:8])
        (shp_words,) = struct.unpack(">I", shp[24:28])
    except struct.error as error:
        raise ProblemError("unreadable", kind="Shapefile") from error
    n_shapes, rest = divmod(len(shx) - 100, 8)
    if rest or n_shapes != n_rows or shp_words * 2 != len(shp):
        raise ProblemError("count")
    return int(n_rows)


def _text(value: object) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    if isinstance(value, float) or type(value).__name__.startswith("float"):
        number = float(value)  # type: ignore[arg-type]
        return str(int(number)) if number.is_integer() else repr(number)
    return None if text == "NaT" else text
