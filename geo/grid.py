"""
H3 cells: the cell of a point, cells over a boundary, neighbours, centres, outlines.

Cells are named by H3 index as 15-digit text, the same in the store, in files and
on the screen. Resolution 8 (0.74 km2) is the default of the product, 7 (5.2 km2)
where data is thin. All degrees are WGS-84.
"""

from collections.abc import Sequence

import h3
import numpy as np
import scipy.sparse as sp
import shapely
from numpy.typing import ArrayLike, NDArray

MAX_RESOLUTION = 15


def cell_of(lon: ArrayLike, lat: ArrayLike, resolution: int) -> NDArray[np.object_]:
    """
    Return the H3 cell of each point.

    Parameters
    ----------
    lon, lat
        Degrees WGS-84, shape ``(n,)``.
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    cells
        H3 index as text, shape ``(n,)``; None where a coordinate is not finite.
    """
    check_resolution(resolution)
    lons, lats = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
    if lons.shape != lats.shape or lons.ndim != 1:
        raise ValueError(f"lon and lat must be equally long lists, got {lons.shape}, {lats.shape}")
    cells = np.full(lons.shape, None, dtype=object)
    known = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats))
    to_cell = h3.latlng_to_cell
    for i, x, y in zip(known.tolist(), lons[known].tolist(), lats[known].tolist(), strict=True):
        cells[i] = to_cell(y, x, resolution)
    return cells


def check_resolution(resolution: int) -> None:
    """Raise ValueError unless ``resolution`` is an integer from 0 to 15."""
    if not 0 <= resolution <= MAX_RESOLUTION:
        raise ValueError(f"H3 resolution must be 0 to {MAX_RESOLUTION}, got {resolution}")


def resolution_of(cell: str) -> int:
    """Return the H3 resolution of a cell, 0 to 15."""
    return int(h3.get_resolution(cell))


def parents_of(cells: Sequence[str], resolution: int) -> list[str]:
    """Return the coarser cell, of ``resolution``, that each cell lies in."""
    check_resolution(resolution)
    return [h3.cell_to_parent(cell, resolution) for cell in cells]


def cells_of_boundary(shape: shapely.Geometry, resolution: int) -> list[str]:
    """
    Return every cell that a polygon touches, sorted.

    Touching counts, not the centre alone: otherwise strips along the edge and
    villages smaller than a cell would belong to no cell and never be scored.

    Parameters
    ----------
    shape
        Polygon or multipolygon, degrees WGS-84. Empty gives no cells.

    Raises
    ------
    ValueError
        If the shape is neither polygon nor multipolygon.
    """
    check_resolution(resolution)
    if shape.is_empty:
        return []
    if shape.geom_type not in {"Polygon", "MultiPolygon"}:
        raise ValueError(f"a boundary is a polygon or multipolygon, got {shape.geom_type}")
    outline = h3.geo_to_h3shape(shapely.force_2d(shape))
    return sorted(h3.h3shape_to_cells_experimental(outline, resolution, contain="overlap"))


def cell_centre(cells: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude (degrees WGS-84) of each cell's centre, shape ``(n,)``."""
    if len(cells) == 0:
        return np.empty(0), np.empty(0)
    centres = np.array([h3.cell_to_latlng(cell) for cell in cells], dtype=np.float64)
    return centres[:, 1], centres[:, 0]


def cell_ring(cell: str) -> list[tuple[float, float]]:
    """Return a cell's outline as closed ring of (lon, lat), degrees WGS-84."""
    corners = [(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]
    return [*corners, corners[0]]


def cell_polygons(cells: Sequence[str]) -> NDArray[np.object_]:
    """Return each cell's outline as shapely polygon, degrees WGS-84, shape ``(n,)``."""
    return np.array([shapely.Polygon(cell_ring(cell)) for cell in cells], dtype=object)


def cell_area_km2(cells: Sequence[str]) -> NDArray[np.float64]:
    """Return each cell's true area in square kilometres, shape ``(n,)``."""
    return np.array([h3.cell_area(cell, unit="km^2") for cell in cells], dtype=np.float64)


def neighbours(cell: str, *, n_rings: int = 1) -> list[str]:
    """Return the cells within ``n_rings`` steps of a cell, without the cell itself, sorted."""
    return sorted(set(h3.grid_disk(cell, n_rings)) - {cell})


def neighbour_matrix(cells: Sequence[str], *, n_rings: int = 1) -> sp.csr_array:
    """
    Return which of the given cells lie within ``n_rings`` steps of each other.

    Parameters
    ----------
    cells
        Different H3 cells of one resolution, shape ``(n,)``. Need not be connected.

    Returns
    -------
    matrix
        Sparse, symmetric, shape ``(n, n)``: 1 for neighbours, no diagonal.
    """
    position = {cell: i for i, cell in enumerate(cells)}
    if len(position) != len(cells):
        raise ValueError("a cell is named twice")
    rows: list[int] = []
    columns: list[int] = []
    for i, cell in enumerate(cells):
        near = [position[other] for other in h3.grid_disk(cell, n_rings) if other in position]
        columns.extend(j for j in near if j != i)
        rows.extend([i] * (len(near) - 1))
    ones = np.ones(len(rows))
    return sp.csr_array((ones, (rows, columns)), shape=(len(cells), len(cells)))


def ring_distances(cell: str, *, n_rings: int) -> dict[str, int]:
    """Return each cell within ``n_rings`` of ``cell`` with its distance in steps (itself 0)."""
    return {c: k for k in range(n_rings + 1) for c in h3.grid_ring(cell, k)}


def counts_per_cell(
    point_cells: ArrayLike, cells: Sequence[str], *, weights: ArrayLike | None = None
) -> NDArray[np.float64]:
    """
    Count points per cell, or add up their weights.

    Parameters
    ----------
    point_cells
        Cell of each point, None where unknown; points in none of ``cells`` are left out.
    cells
        Cells to count for, shape ``(n,)``.
    weights
        Weight of each point; 1 if None.
    """
    position = {cell: i for i, cell in enumerate(cells)}
    at = np.array([position.get(cell, -1) for cell in np.asarray(point_cells, object)], dtype=int)
    weight = np.ones(len(at)) if weights is None else np.asarray(weights, float)
    known = at >= 0
    return np.bincount(at[known], weights=weight[known], minlength=len(cells)).astype(float)
