"""
Ground in squares: where people live so densely, or streets lie so close, that it is built up.

What kind of settlement a patch of it belongs to is said in ``geo/urban_form.py``.
"""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy import ndimage, spatial

from geo import coordinates

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ANY = np.ones((3, 3))
"""Squares that touch, also at a corner, join up."""
_STREET_SPREAD_M = 500.0
"""How far around it a street counts: about a block of houses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrbanFormParams:
    """
    How settlement form turns into a class.

    Parameters
    ----------
    built_density
        Residents per km2 from which ground counts as built up.
    street_people
        What a kilometre of street per km2 counts for, residents per km2; 0 leaves streets
        out. Shops, works and new estates have streets before they have residents.
    street_classes
        Classes of road that count as streets: those that houses stand along.
    city_people
        Least residents of a patch of built-up ground that makes a city.
    town_people
        Least residents of a patch that makes a town.
    reached
        Share of a village's ground from which a patch reaches into it, 0 to 1.
    covered
        Share of a village's ground from which it belongs to the city itself.
    covered_by_town
        The same for a town.
    grid_m
        Side of the squares on which the ground is looked at, metres.
    """

    built_density: float = 500.0
    street_people: float = 90.0
    street_classes: tuple[str, ...] = ("residential", "living_street")
    city_people: float = 50_000.0
    town_people: float = 2_000.0
    reached: float = 0.05
    covered: float = 0.8
    covered_by_town: float = 0.6
    grid_m: float = 250.0


DEFAULT_FORM = UrbanFormParams()


@dataclass(frozen=True, slots=True, kw_only=True)
class UrbanForm:
    """
    The ground in squares, and which squares belong to cities and towns.

    ``density`` is residents per km2, smoothed; ``built`` says what counts as built up.
    Rows run north from ``south_m``, columns east from ``west_m``, both in metres of ``crs``.
    """

    density: Floats
    built: Bools
    city: Bools
    town: Bools
    west_m: float
    south_m: float
    grid_m: float
    crs: str

    def centres(self) -> tuple[Floats, Floats]:
        """Return longitude and latitude (WGS-84) of the squares' centres, row by row."""
        rows, columns = np.mgrid[: self.density.shape[0], : self.density.shape[1]]
        x = self.west_m + (columns.ravel() + 0.5) * self.grid_m
        y = self.south_m + (rows.ravel() + 0.5) * self.grid_m
        back = Transformer.from_crs(self.crs, coordinates.WGS84, always_xy=True)
        lon, lat = back.transform(x, y)
        return np.asarray(lon), np.asarray(lat)


def lay_ground(
    people: pd.DataFrame, streets: pd.DataFrame | None, params: UrbanFormParams
) -> UrbanForm:
    """Lay squares over the population points and smooth them to the points' own spacing."""
    points = gpd.GeoSeries.from_xy(people["lon"], people["lat"], crs=coordinates.WGS84)
    crs = points.estimate_utm_crs()
    moved = points.to_crs(crs)
    x, y = moved.x.to_numpy(), moved.y.to_numpy()
    side = params.grid_m
    margin = 8.0 * side
    west, south = float(x.min()) - margin, float(y.min()) - margin
    columns, rows = ((x - west) // side).astype(int), ((y - south) // side).astype(int)
    counts = np.zeros((rows.max() + 9, columns.max() + 9))
    np.add.at(counts, (rows, columns), people["population"].to_numpy(float))
    spread = max(200.0, 0.5 * _spacing_m(x, y)) / side
    density = ndimage.gaussian_filter(counts, spread) / (side / 1_000.0) ** 2
    nothing = np.zeros(density.shape, dtype=bool)
    bare = UrbanForm(
        density=density, built=nothing, city=nothing, town=nothing, west_m=west, south_m=south,
        grid_m=side, crs=crs.to_string(),
    )  # fmt: skip
    signs = density + params.street_people * _street_density(bare, streets, params)
    built = ndimage.binary_closing(signs >= params.built_density, ANY)
    return replace(bare, built=built)


def _street_density(
    ground: UrbanForm, streets: pd.DataFrame | None, params: UrbanFormParams
) -> Floats:
    """Return kilometres of street per km2 in and around each square, zero where none is known."""
    metres = np.zeros(ground.density.shape)
    if streets is None or params.street_people <= 0.0:
        return metres
    chosen = streets[streets["highway"].isin(params.street_classes) & streets["shape"].notna()]
    if chosen.empty:
        return metres
    lines = gpd.GeoSeries.from_wkb(chosen["shape"].tolist(), crs=coordinates.WGS84).to_crs(
        ground.crs
    )
    parts = shapely.segmentize(shapely.get_parts(lines.to_numpy()), ground.grid_m / 10.0)
    points, line = shapely.get_coordinates(parts, return_index=True)
    joined = line[1:] == line[:-1]
    middle = ((points[1:] + points[:-1]) / 2.0)[joined]
    step = (points[1:] - points[:-1])[joined]
    length = np.hypot(step[:, 0], step[:, 1])
    column = ((middle[:, 0] - ground.west_m) // ground.grid_m).astype(int)
    row = ((middle[:, 1] - ground.south_m) // ground.grid_m).astype(int)
    inside = (row >= 0) & (column >= 0)
    inside &= (row < ground.density.shape[0]) & (column < ground.density.shape[1])
    np.add.at(metres, (row[inside], column[inside]), length[inside])
    smooth = ndimage.gaussian_filter(metres, _STREET_SPREAD_M / ground.grid_m)
    return np.asarray(smooth / 1_000.0 / (ground.grid_m / 1_000.0) ** 2)


def _spacing_m(x: Floats, y: Floats) -> float:
    """Return the usual distance from a population point to the next, metres."""
    if x.size < 2:
        return 0.0
    points = np.column_stack([x, y])
    away, _ = spatial.cKDTree(points).query(points, k=2)
    return float(np.median(away[:, 1]))
