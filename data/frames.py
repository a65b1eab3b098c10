"""
Frames to stored values and back.

A frame of records has the columns of ``data/schema.py``: dates as naive
``datetime64`` days, instants as zone-aware ``datetime64``, numbers as float with
NaN, texts with missing values, shapes as WKB in WGS-84. The store keeps dates as
ISO text and instants as whole seconds since 1970 UTC.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data import schema

if TYPE_CHECKING:
    import geopandas

DAY_S = 86_400
SHANGHAI_OFFSET_S = 8 * 3600
NO_TIME = np.iinfo(np.int64).min


def to_stored(kind: schema.Kind, records: pd.DataFrame) -> dict[str, NDArray[np.object_]]:
    """
    Turn a frame of records into one object array per column, ``None`` where empty.

    Columns of the kind that the frame lacks are empty; columns that the kind
    lacks are dropped, identity columns too.
    """
    return {
        column.name: _stored(column.type, records[column.name])
        if column.name in records
        else np.full(len(records), None, dtype=object)
        for column in kind.columns
        if not column.identity
    }


def from_stored(
    names: Sequence[str], types: Mapping[str, str], rows: Sequence[Sequence[object]]
) -> pd.DataFrame:
    """Build a frame from stored rows; ``types`` are those of ``data/schema.py``."""
    columns: Iterable[Sequence[object]] = zip(*rows, strict=True) if rows else [()] * len(names)
    return pd.DataFrame(
        {
            name: _loaded(types.get(name, "text"), values)
            for name, values in zip(names, columns, strict=True)
        }
    )


def day_starts(stored_dates: NDArray[np.object_]) -> NDArray[np.int64]:
    """
    Return the seconds since 1970 UTC at which stored dates begin in Shanghai.

    ``NO_TIME`` where a date is missing. China kept daylight saving time from 1986
    to 1991; the hour it shifts is of no importance for what was known on a day.
    """
    days = np.array([np.datetime64(d or "NaT", "D") for d in stored_dates], dtype="datetime64[D]")
    seconds = days.astype("datetime64[s]").astype(np.int64) - SHANGHAI_OFFSET_S
    return np.where(np.isnat(days), NO_TIME, seconds)


def to_geo(frame: pd.DataFrame) -> "geopandas.GeoDataFrame":
    """Return the frame with its ``shape`` column as geometry, EPSG:4326."""
    import geopandas
    import shapely

    shapes = shapely.from_wkb(frame["shape"].to_numpy(dtype=object))
    return geopandas.GeoDataFrame(frame.drop(columns="shape"), geometry=shapes, crs="EPSG:4326")


def _stored(type_: str, values: pd.Series) -> NDArray[np.object_]:
    empty = values.isna().to_numpy()
    if type_ == "date":
        stored = np.datetime_as_string(_days(values), unit="D").astype(object)
    elif type_ == "instant":
        stored = _seconds(values).astype(object)
    elif type_ in {"integer", "flag"}:
        stored = pd.to_numeric(values).fillna(0).to_numpy(dtype=np.int64).astype(object)
    elif type_ == "real":
        # -0.0 and 0.0 are one number and must have one hash.
        stored = (pd.to_numeric(values).to_numpy(dtype=np.float64) + 0.0).astype(object)
    else:
        stored = np.array(values, dtype=object)
        empty = empty | np.fromiter((v == "" for v in stored), dtype=bool, count=len(stored))
    stored[empty] = None
    return stored


def _days(values: pd.Series) -> NDArray[np.datetime64]:
    return pd.to_datetime(values).to_numpy(dtype="datetime64[D]")


def _seconds(values: pd.Series) -> NDArray[np.int64]:
    instants = pd.to_datetime(values)
    if instants.dt.tz is None:
        raise ValueError(f"{values.name} needs a time zone")
    return instants.dt.tz_convert("UTC").to_numpy(dtype="datetime64[s]").astype(np.int64)


def _loaded(type_: str, values: Sequence[object]) -> pd.Series:
    if type_ == "date":
        texts = pa.array(values, pa.string())
        return pd.Series(
            texts.cast(pa.date32()).cast(pa.timestamp("s")).to_numpy(zero_copy_only=False)
        )
    if type_ == "instant":
        seconds = pa.array(values, pa.int64()).cast(pa.timestamp("s"))
        utc = pd.Series(seconds.to_numpy(zero_copy_only=False)).dt.tz_localize("UTC")
        return utc.dt.tz_convert(schema.TIME_ZONE)
    if type_ in {"real", "integer", "flag"}:
        numbers = pa.array(values, pa.float64())
        return pd.Series(numbers.to_numpy(zero_copy_only=False))
    if type_ == "shape":
        return pd.Series(list(values), dtype=object)
    return pa.chunked_array([pa.array(values, pa.large_string())]).to_pandas()
