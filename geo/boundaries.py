"""
Administrative areas: the area of a point, of a cell, and the areas above an area.

Areas come as GeoDataFrame with the columns ``area_code``, ``level`` (city,
district, township, village), ``parent_code`` and a geometry, CRS set. Only the
geometry and ``area_code`` are needed; the rest is used where it is there.
"""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from errors import MissingCrsError
from geo import grid

LEVELS = ("city", "district", "township", "village")
"""From large to small."""

_EQUAL_AREA = 6933
"""EPSG code of the global equal-area projection by which sizes are compared."""
_GRADES = np.array([0, 6, 9, 12])
"""Digits of a Chinese area code that name the district, township and village."""


def area_of_points(
    lon: ArrayLike, lat: ArrayLike, areas: gpd.GeoDataFrame, *, level: str | None = None
) -> NDArray[np.object_]:
    """
    Return the code of the area that each point lies in.

    A tree of the points is asked with each prepared polygon: for many points and
    few or many polygons faster than the other way round (1M points, 2,000
    townships: about 3 s).

    Parameters
    ----------
    lon, lat
        Degrees WGS-84, shape ``(n,)``. NaN is in no area.
    areas
        Polygons; any CRS.
    level
        Only areas of this level; None: the smallest area that holds the point.

    Returns
    -------
    codes
        ``area_code``, shape ``(n,)``; None where no area holds the point. A point on
        a shared border gets the smaller area, of equal ones the lower code.

    Raises
    ------
    MissingCrsError
        If ``areas`` has no CRS.
    """
    lons, lats = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
    codes = np.full(lons.shape, None, dtype=object)
    chosen = _large_to_small(areas, level=level)
    known = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats))
    if len(chosen) == 0 or len(known) == 0:
        return codes
    tree = shapely.STRtree(shapely.points(lons[known], lats[known]))
    at_area, at_point = tree.query(chosen.geometry.to_numpy(), predicate="intersects")
    # Pairs come in the order of the polygons; the last (smallest) area written stays.
    order = np.argsort(at_area, kind="stable")
    codes[known[at_point[order]]] = chosen["area_code"].to_numpy(object)[at_area[order]]
    return codes


def area_of_cells(
    cells: Sequence[str],
    areas: gpd.GeoDataFrame,
    *,
    level: str | None = None,
    people: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
) -> NDArray[np.object_]:
    """
    Return the code of the area that each H3 cell belongs to.

    The area that holds most of the cell's residents; without residents the area
    that holds its centre; else, for a cell at the outer edge, the area of which it
    overlaps most.

    Parameters
    ----------
    cells
        H3 cells of one resolution, shape ``(n,)``.
    areas
        Polygons; any CRS.
    level
        As in ``area_of_points``.
    people
        Longitudes, latitudes (degrees WGS-84) and residents of population points.

    Returns
    -------
    codes
        ``area_code``, shape ``(n,)``; None for a cell that touches no area.
    """
    centre_lon, centre_lat = grid.cell_centre(cells)
    codes = area_of_points(centre_lon, centre_lat, areas, level=level)
    outside = np.flatnonzero(pd.isna(codes))
    if len(outside):
        codes[outside] = _largest_overlap(
            [cells[i] for i in outside.tolist()], _large_to_small(areas, level=level)
        )
    if people is None or len(cells) == 0:
        return codes
    lon, lat, residents = people
    majority = _majority_area(
        cells, area_of_points(lon, lat, areas, level=level), lon, lat, residents
    )
    position = {cell: i for i, cell in enumerate(cells)}
    for cell, code in majority.items():
        if cell in position:
            codes[position[cell]] = code
    return codes


def area_at_level(areas: pd.DataFrame, *, level: str) -> dict[str, str]:
    """
    Return for each area code the code of its ancestor at ``level``, itself included.

    Follows ``parent_code``. Where the chain ends early, a 12-, 9- or 6-digit code
    is cut to the digits of the level if an area of that code and level is there.
    Codes without such an ancestor are left out.
    """
    levels = dict(zip(areas["area_code"], areas["level"], strict=True))
    parents = (
        dict(zip(areas["area_code"], areas["parent_code"], strict=True))
        if "parent_code" in areas
        else {}
    )
    found: dict[str, str] = {}
    for code in levels:
        at, seen = code, {code}
        while at in levels and levels[at] != level:
            above = parents.get(at)
            if not isinstance(above, str) or above in seen:
                break
            at = above
            seen.add(at)
        if levels.get(at) == level:
            found[code] = at
            continue
        cut = code[: int(_GRADES[LEVELS.index(level)])]
        if levels.get(cut) == level:
            found[code] = cut
    return found


def in_wgs84(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Return the areas in degrees WGS-84.

    Raises
    ------
    MissingCrsError
        If the frame has no CRS.
    """
    if areas.crs is None:
        raise MissingCrsError("区划边界缺少坐标系")
    return areas if areas.crs.to_epsg() == 4326 else areas.to_crs(4326)


def _large_to_small(areas: gpd.GeoDataFrame, *, level: str | None) -> gpd.GeoDataFrame:
    """Return the usable areas of a level (or all), large before small."""
    usable = in_wgs84(areas)
    usable = usable[~(usable.geometry.is_empty | usable.geometry.isna())]
    if level is not None:
        usable = usable[usable["level"] == level]
    if len(usable) < 2:
        return usable
    # To a hectare: of areas as good as equal the code decides, not the projection's noise.
    size = -(usable.geometry.to_crs(_EQUAL_AREA).area / 1e4).round()
    by_code = usable["area_code"].rank(ascending=False)
    order = np.lexsort((by_code.to_numpy(), size.to_numpy(), _ranks(usable)))
    return usable.iloc[order]


def _largest_overlap(cells: Sequence[str], areas: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the area of the lowest level that covers most of each cell (compared in degrees)."""
    codes = np.full(len(cells), None, dtype=object)
    if len(areas) == 0:
        return codes
    outlines, shapes = grid.cell_polygons(cells), areas.geometry.to_numpy()
    at_cell, at_area = shapely.STRtree(shapes).query(outlines, predicate="intersects")
    if len(at_cell) == 0:
        return codes
    covered = shapely.area(shapely.intersection(outlines[at_cell], shapes[at_area]))
    rank = _ranks(areas)[at_area]
    # Last written wins: low levels after high ones, and there the most covered last.
    order = np.lexsort((at_area, covered, rank))
    codes[at_cell[order]] = areas["area_code"].to_numpy(object)[at_area[order]]
    return codes


def _ranks(areas: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the level of each area as a number, 0 for the largest."""
    if "level" not in areas:
        return np.zeros(len(areas), dtype=np.int64)
    return np.array([LEVELS.index(level) for level in areas["level"]], dtype=np.int64)


def _majority_area(
    cells: Sequence[str],
    codes: NDArray[np.object_],
    lon: ArrayLike,
    lat: ArrayLike,
    residents: ArrayLike,
) -> dict[str, str]:
    """Return per cell the area in which most of its residents live."""
    frame = pd.DataFrame(
        {
            "cell": grid.cell_of(lon, lat, grid.resolution_of(cells[0])),
            "code": codes,
            "residents": np.asarray(residents, float),
        }
    ).dropna()
    if frame.empty:
        return {}
    sums = frame.groupby(["cell", "code"], as_index=False)["residents"].sum()
    sums = sums.sort_values(["cell", "residents", "code"], ascending=[True, False, True])
    first = sums.drop_duplicates("cell")
    return dict(zip(first["cell"], first["code"], strict=True))
