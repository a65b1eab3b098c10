"""
Computed urban-rural class: what kind of settlement a place belongs to, where nobody says.

The statistics bureau classes villages by built-up ground that joins up: a village that
the built-up ground of the city covers is main urban, one that it reaches into is fringe,
the same for towns (国务院关于统计上划分城乡规定的批复, 2008). Built-up ground itself is
rarely at hand; here it is ground where people live densely, closed over small gaps, as
in the clusters of the Degree of Urbanisation (UN Statistical Commission, 2020). Whether a
patch is city or town follows from what the seats in it are called: sub-district (街道) of
a district or city, or town (镇).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from geo import boundaries, grid
from geo.built_ground import (
    ANY,
    DEFAULT_FORM,
    Bools,
    Floats,
    UrbanForm,
    UrbanFormParams,
    lay_ground,
)

__all__ = ("DEFAULT_FORM", "UrbanForm", "UrbanFormParams", "classes_of_areas", "classes_of_cells")


MAIN_URBAN, FRINGE, TOWN, TOWN_FRINGE, SMALL_SEAT, VILLAGE = (
    "111",
    "112",
    "121",
    "122",
    "210",
    "220",
)

_CITY_SEAT, _TOWN_SEAT, _SMALL_SEAT = "city", "town", "small"


def classes_of_areas(
    areas: gpd.GeoDataFrame,
    people: pd.DataFrame,
    *,
    streets: pd.DataFrame | None = None,
    params: UrbanFormParams = DEFAULT_FORM,
    known: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """
    Compute the class of every village and township.

    Parameters
    ----------
    areas
        Columns ``area_code``, ``name``, ``level``, ``parent_code`` and polygons, CRS set.
    people
        Population points: ``lon``, ``lat`` (degrees WGS-84), ``population``.
    streets
        Roads (``highway``, ``shape`` as WKB in degrees WGS-84), a second sign of built-up
        ground; None where they are not known.
    known
        Area code → class that somebody gave: a township's class counts its villages by
        these before the computed ones.

    Returns
    -------
    classes
        Columns ``area_code``, ``urban_rural_code``, ``city_share``, ``town_share`` (share of
        the ground, 0 to 1) and ``residents``. A township without villages in the table is
        classed like a village, any other has the class in which most of its people live.
        Empty where there are no people or no areas of these levels.
    """
    areas = boundaries.in_wgs84(areas)
    people = people.dropna(subset=["lon", "lat", "population"])
    units = _units(areas)
    if len(people) == 0 or len(units) == 0:
        return pd.DataFrame(
            columns=["area_code", "urban_rural_code", "city_share", "town_share", "residents"]
        )
    home = boundaries.area_of_points(people["lon"], people["lat"], units)
    position = {code: i for i, code in enumerate(units["area_code"])}
    lives = np.array([position.get(code, -1) for code in home], dtype=np.int64)
    residents = _sums(lives, people["population"].to_numpy(float), len(units))
    ground, unit, seats = _settled(areas, units, people, streets, params)
    squares = np.maximum(_sums(unit, np.ones(unit.size), len(units)), 1.0)
    city = _sums(unit, ground.city.ravel(), len(units)) / squares
    town = _sums(unit, ground.town.ravel(), len(units)) / squares
    found = pd.DataFrame(
        {
            "area_code": units["area_code"].to_numpy(object),
            "urban_rural_code": _codes(city, town, seats, params),
            "city_share": city,
            "town_share": town,
            "residents": residents,
        }
    )
    return pd.concat([found, _townships(areas, units, found, known)], ignore_index=True)


def classes_of_cells(
    cells: Sequence[str],
    areas: gpd.GeoDataFrame,
    people: pd.DataFrame,
    *,
    streets: pd.DataFrame | None = None,
    params: UrbanFormParams = DEFAULT_FORM,
) -> NDArray[np.object_]:
    """
    Compute the class of cells from the ground in and around them.

    For cells of a township whose villages nobody has drawn: its own class says nothing
    about the difference between its seat and its edge. A cell that a city or town covers
    belongs to it; the cell and its neighbours, together about as large as a village, say
    whether it is reached.

    Parameters
    ----------
    cells
        Different H3 cells of one resolution, shape ``(n,)``.
    areas, people, streets
        As in ``classes_of_areas``.

    Returns
    -------
    codes
        Shape ``(n,)``; None everywhere where there are no people or areas.
    """
    codes = np.full(len(cells), None, dtype=object)
    areas = boundaries.in_wgs84(areas)
    people = people.dropna(subset=["lon", "lat", "population"])
    units = _units(areas)
    if len(people) == 0 or len(units) == 0 or len(cells) == 0:
        return codes
    ground, _, _ = _settled(areas, units, people, streets, params)
    wide = sorted({*cells, *(near for cell in cells for near in grid.neighbours(cell))})
    position = {cell: i for i, cell in enumerate(wide)}
    at = grid.cell_of(*ground.centres(), resolution=grid.resolution_of(cells[0]))
    square = np.array([position.get(cell, -1) for cell in at], dtype=np.int64)
    n = _sums(square, np.ones(square.size), len(wide))
    around = grid.neighbour_matrix(wide)
    own = np.array([position[cell] for cell in cells], dtype=np.int64)

    def shares(of: Bools) -> tuple[Floats, Floats]:
        inside = _sums(square, of.ravel(), len(wide))
        near, all_near = inside + around @ inside, n + around @ n
        return (inside / np.maximum(n, 1.0))[own], (near / np.maximum(all_near, 1.0))[own]

    (city, city_near), (town, town_near) = shares(ground.city), shares(ground.town)
    codes[:] = VILLAGE
    codes[town_near >= params.reached] = TOWN_FRINGE
    codes[town >= params.covered_by_town] = TOWN
    codes[city_near >= params.reached] = FRINGE
    codes[city >= params.covered] = MAIN_URBAN
    return codes


def _settled(
    areas: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    people: pd.DataFrame,
    streets: pd.DataFrame | None,
    params: UrbanFormParams,
) -> tuple[UrbanForm, NDArray[np.int64], NDArray[np.object_]]:
    """Return the ground with its cities and towns, the unit of each square, and the seats."""
    ground = lay_ground(people, streets, params)
    at = boundaries.area_of_points(*ground.centres(), units)
    position = {code: i for i, code in enumerate(units["area_code"])}
    unit = np.array([position.get(code, -1) for code in at], dtype=np.int64)
    densest = _densest_square(ground, unit, len(units))
    seats = _seats(units, areas, ground, densest)
    return _with_patches(ground, seats, densest, params), unit, seats


def _units(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the villages, and the townships that have none."""
    villages = areas[areas["level"] == "village"]
    townships = areas[areas["level"] == "township"]
    alone = townships[~townships["area_code"].isin(set(villages["parent_code"]))]
    return pd.concat([villages, alone]).reset_index(drop=True)


def _sums(at: NDArray[np.int64], weights: NDArray[np.generic], n: int) -> Floats:
    inside = at >= 0
    sums = np.bincount(at[inside], weights=weights[inside].astype(float), minlength=n)
    return sums.astype(np.float64)


def _densest_square(ground: UrbanForm, unit: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return the square of each unit where most people live, -1 for a unit without squares."""
    density = ground.density.ravel()
    order = np.lexsort((-np.arange(unit.size), density, unit))
    last = order[np.flatnonzero(np.diff(unit[order], append=n))]
    found = np.full(n, -1, dtype=np.int64)
    held = last[unit[last] >= 0]
    found[unit[held]] = held
    return found


def _seats(
    units: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    ground: UrbanForm,
    densest: NDArray[np.int64],
) -> NDArray[np.object_]:
    """
    Say which units hold the seat of their township, and what kind of seat it is.

    The seat is where people live most densely. A sub-district (街道) of a district or
    city is city; that of a county, like a 镇, is town; a 乡 is a small seat. Where the
    name does not say, the patch's own size decides, as for a town.
    """
    names = dict(zip(areas["area_code"], areas["name"].astype(str), strict=True))
    above = dict(zip(areas["area_code"], areas["parent_code"], strict=True))
    density = np.where(densest >= 0, ground.density.ravel()[densest], -1.0)
    best: dict[object, int] = {}
    levels = units["level"].to_numpy(object)
    codes = units["area_code"].to_numpy(object)
    parents = units["parent_code"].to_numpy(object)
    for i in range(len(units)):
        township = codes[i] if levels[i] == "township" else parents[i]
        if township not in best or density[i] > density[best[township]]:
            best[township] = i
    seats = np.full(len(units), None, dtype=object)
    for township, i in best.items():
        name = names.get(township, "")
        district = names.get(above.get(township), "")
        if name.endswith("街道"):
            seats[i] = _TOWN_SEAT if district.endswith(("县", "旗")) else _CITY_SEAT
        elif name.endswith(("乡", "苏木")):
            seats[i] = _SMALL_SEAT
        else:
            seats[i] = _TOWN_SEAT
    return seats


def _with_patches(
    ground: UrbanForm,
    seats: NDArray[np.object_],
    densest: NDArray[np.int64],
    params: UrbanFormParams,
) -> UrbanForm:
    """Join built-up squares to patches and find those of cities and towns."""
    patch, n = ndimage.label(ground.built, ANY)
    size = np.bincount(
        patch.ravel(), weights=ground.density.ravel() * (ground.grid_m / 1_000.0) ** 2,
        minlength=n + 1,
    )  # fmt: skip
    flat = patch.ravel()

    def of(kind: str, least: float) -> set[int]:
        squares = densest[(seats == kind) & (densest >= 0)]
        return {p for p in flat[squares].tolist() if p > 0 and size[p] >= least}

    city = of(_CITY_SEAT, params.city_people)
    town = of(_TOWN_SEAT, params.town_people) | of(_CITY_SEAT, params.town_people)
    return replace(ground, city=np.isin(patch, list(city)), town=np.isin(patch, list(town - city)))


def _codes(
    city: Floats, town: Floats, seats: NDArray[np.object_], params: UrbanFormParams
) -> NDArray[np.object_]:
    codes = np.full(city.size, VILLAGE, dtype=object)
    codes[town >= params.reached] = TOWN_FRINGE
    codes[town >= params.covered_by_town] = TOWN
    codes[seats == _TOWN_SEAT] = TOWN
    codes[seats == _SMALL_SEAT] = SMALL_SEAT
    codes[city >= params.reached] = FRINGE
    codes[city >= params.covered] = MAIN_URBAN
    return codes


def _townships(
    areas: gpd.GeoDataFrame, units: gpd.GeoDataFrame, found: pd.DataFrame, known: Mapping[str, str]
) -> pd.DataFrame:
    """Give each township with villages the class in which most of its people live."""
    villages = found[(units["level"] == "village").to_numpy()].copy()
    given = villages["area_code"].map(known)
    villages["urban_rural_code"] = given.where(given.notna(), villages["urban_rural_code"])
    villages["township"] = units.loc[units["level"] == "village", "parent_code"].to_numpy(object)
    townships = areas[areas["level"] == "township"]
    villages = villages[villages["township"].isin(set(townships["area_code"]))]
    if villages.empty:
        return found.iloc[:0]
    people = villages.groupby(["township", "urban_rural_code"], as_index=False)["residents"].sum()
    people = people.sort_values(
        ["township", "residents", "urban_rural_code"], ascending=[True, False, True]
    ).drop_duplicates("township")
    weighted = villages.assign(
        city=villages["city_share"] * villages["residents"],
        town=villages["town_share"] * villages["residents"],
    ).groupby("township")[["city", "town", "residents"]].sum()  # fmt: skip
    share = weighted[["city", "town"]].div(weighted["residents"].clip(lower=1.0), axis=0)
    codes = people["township"].to_numpy(object)
    return pd.DataFrame(
        {
            "area_code": codes,
            "urban_rural_code": people["urban_rural_code"].to_numpy(object),
            "city_share": share.loc[codes, "city"].to_numpy(float),
            "town_share": share.loc[codes, "town"].to_numpy(float),
            "residents": weighted.loc[codes, "residents"].to_numpy(float),
        }
    )
