"""Boundaries of villages, townships, counties and the city as polygons that fit together."""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from data.synthetic.lattice import CELL_M, Bools, Floats, Grid, Ints
from data.synthetic.lines import Ground, chains
from data.synthetic.terrain import Terrain


def tidy(terrain: Terrain, village_of: Ints) -> Ints:
    """Make each village one piece: cells cut off from its main part go to their neighbours."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    grid = np.where(terrain.inside, village_of.reshape(terrain.grid.shape), -1)
    numbers = np.arange(grid.size).reshape(grid.shape)
    right, up = grid[:, 1:] == grid[:, :-1], grid[1:, :] == grid[:-1, :]
    rows = np.concatenate([numbers[:, :-1][right], numbers[:-1, :][up]])
    cols = np.concatenate([numbers[:, 1:][right], numbers[1:, :][up]])
    graph = csr_matrix((np.ones(rows.size), (rows, cols)), shape=(grid.size, grid.size))
    _, piece = connected_components(graph, directed=False)
    size = np.bincount(piece)
    order = np.lexsort((-size[piece], grid.ravel()))
    first = np.unique(grid.ravel()[order], return_index=True)[1]
    main = np.isin(piece, piece[order[first]]).reshape(grid.shape) & (grid >= 0)
    _, (near_row, near_col) = ndimage.distance_transform_edt(~main, return_indices=True)
    return np.where(terrain.inside, grid[near_row, near_col], -1).ravel()


def polygons(unit_of: Ints, grid: Grid, ground: Ground) -> NDArray[np.object_]:
    """
    Draw the borders between units, smooth them and close them into polygons.

    Parameters
    ----------
    unit_of
        Unit of each flat cell, -1 outside.

    Returns
    -------
    shapes
        One polygon a unit, in shifted metres, in the order of the units. Neighbours
        share their border point by point.
    """
    unit = np.pad(unit_of.reshape(grid.shape), 1, constant_values=-1)
    n_cols = unit.shape[1] + 1
    u, v = _border_edges(unit, n_cols)
    ends, count = np.unique(np.concatenate([u, v]), return_counts=True)
    stops = set(ends[count != 2].tolist())
    lines = [
        shapely.LineString(_smooth(np.array(chain), n_cols, grid, ground))
        for chain in chains(u, v, stops)
    ]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(np.array(lines))]))
    return _collect(faces, unit_of, grid, ground)


def dissolve(shapes: NDArray[np.object_], group: Ints, n_groups: int) -> NDArray[np.object_]:
    """Join polygons by group."""
    return np.array(
        [shapely.union_all(shapes[group == number]) for number in range(n_groups)], dtype=object
    )


def mask_polygons(mask: Bools, grid: Grid, ground: Ground) -> NDArray[np.object_]:
    """Give the smoothed outlines of a mask, the water of a lake say, in shifted metres."""
    unit_of = np.where(mask.ravel(), 0, -1)
    if not mask.any():
        return np.array([], dtype=object)
    return polygons(unit_of, grid, ground)


def _border_edges(unit: Ints, n_cols: int) -> tuple[Ints, Ints]:
    """Give the sides of cells between different units as pairs of corner numbers."""
    rows, cols = np.nonzero(unit[:, 1:] != unit[:, :-1])
    upright = (rows * n_cols + cols + 1, (rows + 1) * n_cols + cols + 1)
    rows, cols = np.nonzero(unit[1:, :] != unit[:-1, :])
    level = ((rows + 1) * n_cols + cols, (rows + 1) * n_cols + cols + 1)
    return np.concatenate([upright[0], level[0]]), np.concatenate([upright[1], level[1]])


def _smooth(corners: Ints, n_cols: int, grid: Grid, ground: Ground) -> Floats:
    """Smooth a border between two forks; the forks stay where they are."""
    rows, cols = np.divmod(corners, n_cols)
    # Corner (0, 0) of the padded raster lies one and a half cells before the first middle.
    points = np.column_stack(
        [
            (cols - 1.5 - (grid.n_cols - 1) / 2) * CELL_M,
            (rows - 1.5 - (grid.n_rows - 1) / 2) * CELL_M,
        ]
    )
    ring = len(corners) > 3 and corners[0] == corners[-1]
    for _ in range(4):
        if ring:
            inner = points[:-1]
            inner = (np.roll(inner, 1, 0) + 2.0 * inner + np.roll(inner, -1, 0)) / 4.0
            points = np.vstack([inner, inner[:1]])
        else:
            points[1:-1] = (points[:-2] + 2.0 * points[1:-1] + points[2:]) / 4.0
    if len(points) > 6:
        points = np.vstack([points[:1], points[1:-1:2], points[-1:]])
    return np.column_stack(ground.shifted(points[:, 0], points[:, 1]))


def _collect(
    faces: NDArray[np.object_], unit_of: Ints, grid: Grid, ground: Ground
) -> NDArray[np.object_]:
    """Give each closed face to the unit of the cell whose middle lies deepest in it."""
    inside = np.flatnonzero(unit_of >= 0)
    x, y = ground.shifted(*grid.metres(inside))
    tree = shapely.STRtree(faces)
    cell, face = tree.query(shapely.points(x, y), predicate="within")
    n_units = int(unit_of.max()) + 1
    votes = np.bincount(face * n_units + unit_of[inside[cell]], minlength=faces.size * n_units)
    owner = votes.reshape(faces.size, n_units)
    best = owner.argmax(axis=1)
    held = owner.max(axis=1) > 0
    return np.array(
        [shapely.union_all(faces[held & (best == number)]) for number in range(n_units)],
        dtype=object,
    )
