"""
Which datum a file's points are in, and moving them to WGS-84.

Chinese maps shift their points by some 400 m (GCJ-02), Baidu's by another 900 m
(BD-09). CGCS2000 differs from WGS-84 by less than a metre and is taken as it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.importers.checks import POINTS
from data.records import Message

MIN_POINTS = 100
MIN_MARGIN = 0.02
"""Least lead in the share of points inside their stated area; below it nothing is decided."""
_CHINA = (73.0, 136.0, 3.0, 54.0)
_MAX_TESTED = 3_000

Move = Callable[
    [NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]
]


@dataclass(frozen=True, slots=True)
class Choice:
    """The datum taken, and what the report says about how it was found."""

    datum: str
    note: Message | None = None


def choose(
    records: pd.DataFrame, *, requested: str, stated: str | None, areas: Callable[[], pd.DataFrame]
) -> Choice:
    """
    Decide the datum of records with points.

    Parameters
    ----------
    requested
        ``auto`` or a datum that the user or the profile names.
    stated
        Datum that a header names, if any.
    areas
        Gives ``area_code`` and ``shape`` (WKB) of the stored areas when needed.
    """
    if requested != "auto":
        return Choice(requested)
    if stated is not None:
        return Choice(stated)
    if not {"lon", "lat"} <= set(records.columns):
        return Choice("wgs84")
    lon, lat = records["lon"].to_numpy(), records["lat"].to_numpy()
    west, east, south, north = _CHINA
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    if not inside.any():
        return Choice("wgs84")
    if "area_code" in records:
        shares = _shares_inside(records[inside], areas())
        if shares is not None:
            return _decided(shares)
    return Choice("wgs84", Message("坐标系未能核对，按 WGS-84 处理"))


def to_wgs84(records: pd.DataFrame, *, datum: str) -> pd.DataFrame:
    """Return the records with their points moved to WGS-84."""
    move = _moves().get(datum)
    if move is None:
        return records
    moved = records.copy()
    for lon_name, lat_name in POINTS:
        if lon_name in records and lat_name in records:
            lon, lat = (records[name].to_numpy(dtype=np.float64) for name in (lon_name, lat_name))
            moved[lon_name], moved[lat_name] = move(lon, lat)
    if "shape" in records:
        moved["shape"] = _moved_shapes(records["shape"], move)
    return moved


def _moves() -> Mapping[str, Move]:
    from geo import datum

    return {"gcj02": datum.gcj02_to_wgs84, "bd09": datum.bd09_to_wgs84}


def _moved_shapes(shapes: pd.Series, move: Move) -> pd.Series:
    import shapely

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(move(points[:, 0], points[:, 1]))

    made = shapely.from_wkb(shapes.to_numpy(dtype=object))
    return pd.Series(list(shapely.to_wkb(shapely.transform(made, moved))), index=shapes.index)


def _shares_inside(records: pd.DataFrame, areas: pd.DataFrame) -> dict[str, float] | None:
    """Share of points inside the area they name, per datum; None with too few points."""
    known = records[records["area_code"].isin(areas["area_code"])]
    if len(known) < MIN_POINTS:
        return None
    # Evenly spaced rows, so that the answer does not depend on chance.
    known = known.iloc[:: max(1, len(known) // _MAX_TESTED)]
    shapes = areas.set_index("area_code")["shape"]
    lon, lat = known["lon"].to_numpy(), known["lat"].to_numpy()
    shares = {"wgs84": _share_inside(lon, lat, known["area_code"], shapes)}
    for datum, move in _moves().items():
        shares[datum] = _share_inside(*move(lon, lat), known["area_code"], shapes)
    return shares


def _share_inside(
    lon: NDArray[np.float64], lat: NDArray[np.float64], codes: pd.Series, shapes: pd.Series
) -> float:
    import shapely

    n_inside = 0
    for code, where in codes.reset_index(drop=True).groupby(codes.to_numpy()).indices.items():
        area = shapely.from_wkb(shapes[code])
        shapely.prepare(area)
        n_inside += int(shapely.contains_xy(area, lon[where], lat[where]).sum())
    return n_inside / len(codes)


def _decided(shares: Mapping[str, float]) -> Choice:
    best, second = sorted(shares, key=lambda datum: -shares[datum])[:2]
    margin = shares[best] - shares[second]
    if margin < MIN_MARGIN:
        return Choice("wgs84", Message("坐标系无法判断，按 WGS-84 处理；如有误请用 --datum 指明"))
    share = round(100 * shares[best], 1)
    return Choice(
        best,
        Message(
            "坐标系：自动判断为 {datum}（{p} % 的点落在所填区划内）", {"datum": best, "p": share}
        ),
    )
