"""
Which datum a file's points are in, and moving them to WGS-84.

Chinese maps shift their points by some 400 m (GCJ-02), Baidu's by another 900 m
(BD-09). CGCS2000 differs from WGS-84 by less than a metre and is taken as it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.importers.checks import POINTS
from data.records import Message
from errors import BadFileError

if TYPE_CHECKING:
    from geo import datum_guard

MIN_POINTS = 20
"""From so many points on a thin lead is asked about; of fewer none could be expected."""
_GRID_INSIDE = 0.95
_GRID_LEAD = 4.0
"""Share inside from which a grid ends with the areas, and its lead in standard errors."""
_CHINA = (73.0, 136.0, 3.0, 54.0)

Move = Callable[
    [NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]
]


@dataclass(frozen=True, slots=True)
class Choice:
    """
    The datum taken, and what the report says about how it was found.

    ``asks`` says that the points do not settle it and a person must: the file is
    not to be stored before somebody names the datum. ``assumed`` says that nothing
    could be checked and WGS-84 was taken for want of better.
    """

    datum: str
    note: Message | None = None
    asks: bool = False
    assumed: bool = False


def choose(
    records: pd.DataFrame,
    *,
    requested: str,
    stated: str | None,
    areas: Callable[[], pd.DataFrame],
    roads: Callable[[], NDArray[np.object_]] | None = None,
    outline: Callable[[], Sequence[bytes]] | None = None,
) -> Choice:
    """
    Decide the datum of records with points.

    Parameters
    ----------
    requested
        ``auto`` or a datum that the user or the profile names.
    stated
        Datum that a header names, if any. Points that clearly contradict it are told.
    areas
        Gives ``area_code`` and ``shape`` (WKB) of the stored areas when needed.
    roads
        Gives the shapes (WKB) of the stored roads when needed.
    outline
        Gives the shapes (WKB) of the areas that the points fill; for grids, whose
        points lie everywhere and not at roads.
    """
    if requested != "auto":
        return Choice(requested)
    points = _points_in_china(records)
    if len(points) == 0:
        return Choice(stated or "wgs84")
    if outline is not None and stated is None:
        return _grid(points, outline())
    verdict = _judge(points, areas, roads)
    if stated is not None:
        return Choice(stated, _contradiction(verdict, stated))
    return _unstated(verdict)


def _grid(points: pd.DataFrame, shapes: Sequence[bytes]) -> Choice:
    """
    Judge the points of a grid by how many lie inside the areas it covers.

    Only a grid that ends where the areas end can tell: shifted, its rim falls outside.
    """
    import shapely

    from geo import datum, datum_guard

    unknown = _unstated(None)
    if not shapes:
        return unknown
    tree = shapely.STRtree(shapely.from_wkb(shapes))
    lon, lat = points["lon"].to_numpy(float), points["lat"].to_numpy(float)
    inside = {}
    for name in datum_guard.TRIED:
        at_point, _ = tree.query(
            shapely.points(*datum.to_wgs84(lon, lat, datum=name)), predicate="intersects"
        )
        inside[name] = np.isin(np.arange(len(lon)), at_point)
    best, second = sorted(inside, key=lambda name: -int(inside[name].sum()))[:2]
    won = int((inside[best] & ~inside[second]).sum())
    lost = int((inside[second] & ~inside[best]).sum())
    share = float(inside[best].mean())
    if share < _GRID_INSIDE or won - lost < _GRID_LEAD * np.sqrt(max(won + lost, 1)):
        return unknown
    values = {"datum": best, "p": round(100 * share, 1)}
    note = Message("坐标系：自动判断为 {datum}（{p} % 的网格点落在已导入的区划内）", values)
    return Choice(best, note)


def check_settled(choice: Choice, *, file: str) -> None:
    """
    Stop a file whose datum nobody knows, before anything of it is stored.

    Raises
    ------
    BadFileError
        If the choice asks.
    """
    if choice.asks and choice.note is not None:
        raise BadFileError(
            "{file}：{n} 个点不足以判断坐标系（相符的点：WGS-84 {wgs84} %、GCJ-02 {gcj02} %、"
            "BD-09 {bd09} %），未导入任何内容；请在页面上选择坐标系或用 --datum 指明",
            file=file,
            **choice.note.values,
        )


def _unstated(verdict: "datum_guard.Verdict | None") -> Choice:
    if verdict is None:
        note = Message("坐标系未能核对，按 WGS-84 处理；如有误请指明坐标系后重新导入")
        return Choice("wgs84", note, assumed=True)
    if verdict.decided:
        return Choice(verdict.datum, _found(verdict))
    if verdict.datum == "wgs84" and verdict.n_points < MIN_POINTS:
        note = Message(
            "只有 {n} 个点，不足以判断坐标系，按 WGS-84 处理；如有误请指明坐标系后重新导入",
            {"n": verdict.n_points},
        )
        return Choice("wgs84", note, assumed=True)
    return Choice(verdict.datum, _question(verdict), asks=True)


def _points_in_china(records: pd.DataFrame) -> pd.DataFrame:
    """Return the points inside the box of the shifted datums, with their stated areas."""
    if not {"lon", "lat"} <= set(records.columns):
        return pd.DataFrame()
    lon, lat = records["lon"].to_numpy(float), records["lat"].to_numpy(float)
    west, east, south, north = _CHINA
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    columns = [name for name in ("lon", "lat", "area_code") if name in records]
    return records.loc[inside, columns]


def _judge(
    points: pd.DataFrame,
    areas: Callable[[], pd.DataFrame],
    roads: Callable[[], NDArray[np.object_]] | None,
) -> "datum_guard.Verdict | None":
    import shapely

    from geo import datum_guard

    lon, lat = points["lon"].to_numpy(float), points["lat"].to_numpy(float)
    codes, shapes = None, {}
    if "area_code" in points:
        codes = points["area_code"].to_numpy(dtype=object)
        wanted = {code for code in codes if isinstance(code, str)}
        held = areas()
        held = held[held["area_code"].isin(wanted)]
        made = shapely.from_wkb(held["shape"].to_numpy(dtype=object))
        shapes = dict(zip(held["area_code"], made, strict=True))
    lines = np.empty(0, dtype=object) if roads is None else shapely.from_wkb(roads())
    by_roads = datum_guard.by_roads(lon, lat, lines, codes=codes, shapes=shapes)
    if by_roads is not None or codes is None:
        return by_roads
    known = np.array([code in shapes for code in codes], dtype=bool)
    return datum_guard.by_areas(lon[known], lat[known], codes[known], shapes)


def _found(verdict: "datum_guard.Verdict") -> Message:
    values = {"datum": verdict.datum, "p": round(100 * verdict.shares[verdict.datum], 1)}
    if verdict.by == "roads":
        return Message("坐标系：自动判断为 {datum}（{p} % 的点在道路 150 米以内）", values)
    return Message("坐标系：自动判断为 {datum}（{p} % 的点落在所填区划内）", values)


def _question(verdict: "datum_guard.Verdict") -> Message:
    shares = {name: round(100 * share) for name, share in verdict.shares.items()}
    return Message(
        "{n} 个点不足以判断坐标系（相符的点：WGS-84 {wgs84} %、GCJ-02 {gcj02} %、BD-09 {bd09} %）",
        {"n": verdict.n_points, **shares},
    )


def _contradiction(verdict: "datum_guard.Verdict | None", stated: str) -> Message | None:
    if verdict is None or not verdict.decided or _same(verdict.datum, stated):
        return None
    return Message(
        "表头写明坐标系为 {stated}，但各点更像 {datum}；已按表头处理，请核对",
        {"stated": stated, "datum": verdict.datum},
    )


def _same(one: str, other: str) -> bool:
    return {one, other} <= {"wgs84", "cgcs2000"} or one == other


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
