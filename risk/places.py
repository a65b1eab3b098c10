"""The cells that are scored: where they are, whose they are, who lives there."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import boundaries, grid, urban_form, urban_rural
from risk import features
from risk.features import Floats, SourceFrames
from risk.params import ScoringParams

_CELL_KM2 = 0.7373
"""Mean area of a cell at resolution 8, km2; each resolution is 7 times finer or coarser."""
_EQUAL_AREA = 6933


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """
    The cells of a scoring run, all arrays of shape ``(n_cells,)``, cells sorted.

    ``area_code`` is the smallest area known, ``area_name`` its township's name and its own.
    ``residents`` is NaN everywhere where the
    population is unknown. ``cells_of_area`` maps any area code to cell positions.
    """

    cells: tuple[str, ...]
    resolution: int
    lon: Floats
    lat: Floats
    area_km2: Floats
    area_code: NDArray[np.object_]
    area_name: NDArray[np.object_]
    district_code: NDArray[np.object_]
    urban_rural_code: NDArray[np.object_]
    class_source: NDArray[np.object_]
    residents: Floats
    cells_of_area: dict[str, NDArray[np.int64]]

    @property
    def has_residents(self) -> bool:
        """Whether the population of the cells is known."""
        return bool(np.isfinite(self.residents).any())

    def positions(self, lon: Floats, lat: Floats) -> NDArray[np.int64]:
        """Return the position of each point's cell, -1 where it lies in none."""
        at = {cell: i for i, cell in enumerate(self.cells)}
        return np.array(
            [at.get(cell, -1) for cell in grid.cell_of(lon, lat, self.resolution)], dtype=np.int64
        )


def find_places(
    known: SourceFrames, placed: Sequence[pd.DataFrame], params: ScoringParams
) -> Places:
    """
    Find every cell that holds anything, and every cell of the areas.

    Parameters
    ----------
    known
        What was known before the day of the score.
    placed
        Located records (``lon``, ``lat``, ``district_code``) of all kinds.

    Returns
    -------
    Places
        No cells where no record has a point and there are no areas.
    """
    resolution = _fitting_resolution(known.areas, params)
    points = [frame[["lon", "lat"]] for frame in (*placed, known.population)]
    everywhere = pd.concat(points).dropna().drop_duplicates()
    cells = set(
        grid.cell_of(
            everywhere["lon"].to_numpy(float), everywhere["lat"].to_numpy(float), resolution
        )
    )
    areas = boundaries.in_wgs84(known.areas)
    if len(areas):
        for shape in _outermost(areas).geometry:
            cells.update(grid.cells_of_boundary(shape, resolution))
    return _describe(sorted(cells), resolution, known, areas, placed, params)


def _fitting_resolution(areas: gpd.GeoDataFrame, params: ScoringParams) -> int:
    resolution = params.cell_resolution
    grid.check_resolution(resolution)
    if len(areas) == 0:
        return resolution
    km2 = float(_outermost(boundaries.in_wgs84(areas)).to_crs(_EQUAL_AREA).area.sum()) / 1e6
    while resolution > 0 and km2 / (_CELL_KM2 * 7.0 ** (8 - resolution)) > params.max_cells:
        resolution -= 1
    return resolution


def _outermost(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas that lie in no other area of the table."""
    codes = set(areas["area_code"])
    return areas[~areas["parent_code"].isin(codes)] if "parent_code" in areas else areas


def _describe(
    cells: list[str],
    resolution: int,
    known: SourceFrames,
    areas: gpd.GeoDataFrame,
    placed: Sequence[pd.DataFrame],
    params: ScoringParams,
) -> Places:
    lon, lat = grid.cell_centre(cells)
    people = known.population
    smallest = boundaries.area_of_cells(
        cells,
        areas,
        people=(people["lon"], people["lat"], people["population"]) if len(people) else None,
    )
    above = {level: boundaries.area_at_level(areas, level=level) for level in boundaries.LEVELS}
    district = np.array([above["district"].get(code) for code in smallest], dtype=object)
    names = dict(zip(areas["area_code"], areas["name"], strict=True)) if len(areas) else {}
    classes, sources = urban_rural.class_of_areas(smallest, areas)
    _class_by_ground(cells, smallest, classes, sources, areas, people, params)
    members = _members(smallest, above)
    return Places(
        cells=tuple(cells),
        resolution=resolution,
        lon=lon,
        lat=lat,
        area_km2=grid.cell_area_km2(cells),
        area_code=smallest,
        area_name=_names(smallest, names, above["township"]),
        district_code=_with_majority(district, cells, resolution, placed),
        urban_rural_code=classes,
        class_source=sources,
        residents=_residents(cells, resolution, people, areas, members),
        cells_of_area=members,
    )


def _class_by_ground(
    cells: list[str],
    smallest: NDArray[np.object_],
    classes: NDArray[np.object_],
    sources: NDArray[np.object_],
    areas: gpd.GeoDataFrame,
    people: pd.DataFrame,
    params: ScoringParams,
) -> None:
    """Class cells of townships that nobody classed and that have no villages by their ground."""
    if len(areas) == 0 or len(people) == 0 or not {"level", "parent_code"} <= set(areas.columns):
        return
    is_township = areas["level"] == "township"
    has_villages = set(areas.loc[areas["level"] == "village", "parent_code"])
    alone = set(areas.loc[is_township & ~areas["area_code"].isin(has_villages), "area_code"])
    at = np.flatnonzero(
        [
            code in alone and source in {urban_rural.UNKNOWN, urban_rural.COMPUTED}
            for code, source in zip(smallest, sources, strict=True)
        ]
    )
    if len(at) == 0:
        return
    found = urban_form.classes_of_cells(
        [cells[i] for i in at.tolist()], areas, people, params=params.urban_form
    )
    known = ~pd.isna(found)
    classes[at[known]], sources[at[known]] = found[known], urban_rural.COMPUTED


def _names(
    smallest: NDArray[np.object_], names: dict[str, str], townships: dict[str, str]
) -> NDArray[np.object_]:
    """Return what people call a cell's place: township and village, or what is known of them."""
    found: list[str | None] = []
    for code in smallest:
        parts = [names[area] for area in (townships.get(code), code) if area in names]
        found.append(" ".join(dict.fromkeys(parts)) or None)
    return np.array(found, dtype=object)


def _members(
    smallest: NDArray[np.object_], above: dict[str, dict[str, str]]
) -> dict[str, NDArray[np.int64]]:
    """Return the cells of every area: those whose smallest area it is or lies above."""
    lists: dict[str, list[int]] = {}
    for i, code in enumerate(smallest):
        if code is None:
            continue
        for area in {code, *(table[code] for table in above.values() if code in table)}:
            lists.setdefault(area, []).append(i)
    return {area: np.array(members, dtype=np.int64) for area, members in lists.items()}


def _with_majority(
    district: NDArray[np.object_],
    cells: list[str],
    resolution: int,
    placed: Sequence[pd.DataFrame],
) -> NDArray[np.object_]:
    """Fill a missing district with the one that most records of the cell name."""
    missing = pd.isna(district)
    if not missing.any():
        return district
    rows = pd.concat([frame[["lon", "lat", "district_code"]] for frame in placed]).dropna()
    if rows.empty:
        return district
    rows["cell"] = grid.cell_of(
        rows["lon"].to_numpy(float), rows["lat"].to_numpy(float), resolution
    )
    counts = rows.groupby(["cell", "district_code"]).size().reset_index(name="n")
    counts = counts.sort_values(["cell", "n", "district_code"], ascending=[True, False, True])
    first = counts.drop_duplicates("cell")
    by_cell = dict(zip(first["cell"], first["district_code"], strict=True))
    for i in np.flatnonzero(missing).tolist():
        district[i] = by_cell.get(cells[i])
    return district


def _residents(
    cells: list[str],
    resolution: int,
    people: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    members: dict[str, NDArray[np.int64]],
) -> Floats:
    """Return residents per cell: from points, else each area's number spread over its cells."""
    if len(people):
        at = grid.cell_of(people["lon"].to_numpy(float), people["lat"].to_numpy(float), resolution)
        return grid.counts_per_cell(at, cells, weights=people["population"].to_numpy(float))
    residents = np.full(len(cells), np.nan)
    if len(areas) == 0 or "population" not in areas:
        return residents
    for level in reversed(boundaries.LEVELS):
        chosen = areas[(areas["level"] == level) & areas["population"].notna()]
        for code, number in zip(chosen["area_code"], chosen["population"], strict=True):
            within = members.get(code, np.empty(0, dtype=np.int64))
            if len(within) and np.isnan(residents[within]).all():
                residents[within] = float(number) / len(within)
    return residents if np.isnan(residents).all() else np.nan_to_num(residents)


def spread(
    frame: pd.DataFrame, places: Places, weights: Floats, exposure_share: Floats
) -> tuple[Floats, Floats]:
    """
    Add up the weights of records per cell.

    Parameters
    ----------
    frame
        Located records (``lon``, ``lat``, ``area_code``).
    weights
        Weight of each record, shape ``(n,)``.
    exposure_share
        Share of each cell in the whole, by which a record known only by its area is
        spread over the cells of that area.

    Returns
    -------
    by_point, by_area
        Weight per cell from records with a point, and from those with an area alone.
        Records with neither are left out.
    """
    n_cells = len(places.cells)
    at = places.positions(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    placed = at >= 0
    by_point = np.bincount(at[placed], weights=weights[placed], minlength=n_cells).astype(float)
    by_area = np.zeros(n_cells)
    codes = frame["area_code"].to_numpy(object)
    rest = pd.Series(weights[~placed]).groupby(pd.Series(codes[~placed], dtype=object)).sum()
    for code, weight in rest.items():
        within = places.cells_of_area.get(str(code))
        if within is not None and len(within):
            share = exposure_share[within]
            by_area[within] += weight * share / share.sum()
    return by_point, by_area


def known_years(frames: Sequence[pd.DataFrame]) -> float:
    """Return the years that the records' ages span, 0 where there are none."""
    ages = [frame["age_days"].max() for frame in frames if len(frame)]
    return float(np.nanmax(ages)) / features.DAYS_PER_YEAR if ages else 0.0
