"""Files as bureaus send them: GB18030, title rows, Chinese words and dates, fixed bytes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data import schema
from data.synthetic.lattice import Floats

_AXIS_M = 6_378_245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_WRITTEN_ON = datetime(2026, 11, 22, tzinfo=UTC)
"""The files carry this date inside, so that the same city is the same bytes."""


def write_csv(
    path: Path, kind: str, table: pd.DataFrame, *, encoding: str, datum: str = ""
) -> None:
    """Write rows of a kind with Chinese headers and words; ``datum`` is added to coordinates."""
    spoken = _spoken(kind, table, chinese_dates=False)
    if datum:
        spoken = spoken.rename(columns={w: f"{w}（{datum}）" for w in ("经度", "纬度")})
    text = spoken.to_csv(index=False, lineterminator="\r\n")
    path.write_bytes(text.encode(encoding))


def write_xlsx(path: Path, kind: str, table: pd.DataFrame, *, title: str | None) -> None:
    """Write rows of a kind as a worksheet, under a merged title row where one is given."""
    import xlsxwriter

    spoken = _spoken(kind, table, chinese_dates=True)
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"created": _WRITTEN_ON.replace(tzinfo=None), "author": "卫生监督"})
        sheet = book.add_worksheet(schema.KINDS[kind].zh)
        bold = book.add_format({"bold": True, "align": "center"})
        start = 0
        if title is not None:
            sheet.merge_range(0, 0, 0, spoken.shape[1] - 1, title, bold)
            start = 1
        sheet.write_row(start, 0, list(spoken.columns), bold)
        for number, row in enumerate(spoken.itertuples(index=False), start + 1):
            for column, value in enumerate(row):
                if not (value is None or value != value):
                    sheet.write(number, column, value)


def write_gpkg(
    path: Path, fields: dict[str, Sequence[object]], shapes: NDArray[np.object_], *, geometry: str
) -> None:
    """Write shapes in degrees (EPSG:4490, equal to WGS-84 here) with their fields."""
    import pyogrio

    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{_WRITTEN_ON:%Y-%m-%dT%H:%M:%S.000Z}"})
    try:
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(shapes),
            field_data=[np.array(list(values), dtype=_dtype(values)) for values in fields.values()],
            fields=np.array(list(fields), dtype=object),
            driver="GPKG",
            layer=path.stem,
            geometry_type=geometry,
            crs="EPSG:4490",
        )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _dtype(values: Sequence[object]) -> type:
    return float if all(isinstance(value, float) for value in values) else object


def to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """
    Shift WGS-84 degrees as the commercial maps of China do.

    The polynomial is the one every public converter carries; the demo city has its
    own copy, so that a slip in ``geo/datum.py`` shows up instead of cancelling out.
    """
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    d_lat += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    d_lon += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    d_lon += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    angle = np.radians(lat)
    bulge = 1.0 - _ECCENTRICITY_2 * np.sin(angle) ** 2
    d_lat = np.degrees(d_lat * bulge * np.sqrt(bulge) / (_AXIS_M * (1.0 - _ECCENTRICITY_2)))
    d_lon = np.degrees(d_lon * np.sqrt(bulge) / (_AXIS_M * np.cos(angle)))
    return np.round(lon + d_lon, 6), np.round(lat + d_lat, 6)


def _spoken(kind: str, table: pd.DataFrame, *, chinese_dates: bool) -> pd.DataFrame:
    """Give a table with Chinese headers, words and dates, in the order of the schema."""
    columns = {}
    for column in schema.KINDS[kind].columns:
        if column.name not in table:
            continue
        values = table[column.name].tolist()
        if column.vocabulary is not None:
            words = schema.LABELS[column.vocabulary]
            values = [_label(value, words) for value in values]
        elif column.type in ("date", "instant"):
            values = [_date_text(value, chinese=chinese_dates) for value in values]
        elif column.type in ("real", "integer", "flag"):
            values = [_number(value, digits=6) for value in values]
        else:
            values = [None if _is_missing(value) else value for value in values]
        columns[column.zh] = pd.Series(values, dtype=object)
    return pd.DataFrame(columns)


def _label(value: object, words: Mapping[str, tuple[str, str]]) -> str | None:
    if _is_missing(value):
        return None
    return "；".join(words[part][0] if part in words else part for part in str(value).split(";"))


def _date_text(value: object, *, chinese: bool) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime) and not pd.isna(value):
        head = f"{value.year}年{value.month}月{value.day}日 " if chinese else f"{value:%Y-%m-%d} "
        return f"{head}{value:%H:%M}"
    if isinstance(value, date) and not pd.isna(value):
        if chinese:
            return f"{value.year}年{value.month}月{value.day}日"
        return f"{value.year}/{value.month}/{value.day}"
    return None


def _number(value: object, *, digits: int) -> float | int | None:
    if _is_missing(value):
        return None
    number = round(float(value), digits)  # type: ignore[arg-type]
    return int(number) if number.is_integer() else number


def _is_missing(value: object) -> bool:
    return value is None or bool(pd.isna(value))
