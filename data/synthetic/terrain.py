"""
Heights, rivers, a reservoir and the outline of the made-up place.

Water comes first: a drainage tree over a rough cost field, then heights that rise
from the outlet with the slope of a river in balance with the uplift of its ground
(Whipple and Tucker 1999, Journal of Geophysical Research 104, 17661-17674,
https://doi.org/10.1029/1999JB900120). So valleys branch and rivers follow them.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from data.synthetic.lattice import CELL_M, Bools, Floats, Grid, Ints, Lattice
from data.synthetic.scales import Scale, random_for

RIVER_KM2 = 55.0
"""Catchment from which a stream counts as a river: drawn, and crossed by bridges only."""
_CONCAVITY = 0.45
_DAMS_M = (18.0, 28.0, 42.0, 60.0)
_CELL_KM2 = (CELL_M / 1_000.0) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """
    The ground. Arrays over the whole raster unless said otherwise.

    ``downstream`` is the flat cell that a cell drains to (-1 at the outlet),
    ``catchment_km2`` what drains through it; ``rough`` the uplift, 0 in the plain
    to about 1 in the mountains; ``city`` the flat cell of the main centre.
    """

    grid: Grid
    height_m: Floats
    slope: Floats
    catchment_km2: Floats
    downstream: Ints
    rough: Floats
    river: Bools
    lake: Bools
    inside: Bools
    city: int


def noise(
    shape: tuple[int, int], rng: np.random.Generator, *, power: float, low_m: float
) -> Floats:
    """
    Make smooth random ground of mean 0 and variance 1.

    ``power`` is the fall of the amplitude with the wave number; waves longer than
    ``low_m`` metres carry no more than that length.
    """
    spectrum = np.fft.rfft2(rng.standard_normal(shape))
    fy = np.fft.fftfreq(shape[0], CELL_M)[:, None]
    fx = np.fft.rfftfreq(shape[1], CELL_M)[None, :]
    wave = np.hypot(np.hypot(fx, fy), 1.0 / low_m)
    field = np.fft.irfft2(spectrum * wave**-power, s=shape)
    made: Floats = (field - field.mean()) / field.std()
    return made


def make_terrain(scale: Scale, *, seed: int) -> Terrain:
    """Make the ground of a place of this size; heights in metres above the sea."""
    rng = random_for(seed, "terrain")
    grid = Grid(round(scale.height_m / CELL_M), round(scale.width_m / CELL_M))
    rough = _roughness(grid, rng)
    lattice = Lattice(np.ones(grid.shape, dtype=bool))
    previous, order = _drain(grid, lattice, rough, rng)
    catchment = _accumulate(previous, order) * _CELL_KM2
    height = _raise(grid, previous, order, catchment, rough)
    gradient = np.hypot(*np.gradient(height, CELL_M))
    slope = ndimage.gaussian_filter(gradient, 1.0)
    city = _city(grid, catchment, rough, slope)
    inside = _outline(scale, grid, lattice, height, city, rng)
    catchment_2d = catchment.reshape(grid.shape)
    lake = _reservoir(grid, height, catchment_2d, rough, inside, city)
    river = _four_connected(grid, (catchment_2d >= RIVER_KM2).ravel(), previous)
    return Terrain(
        grid=grid,
        height_m=height,
        slope=slope,
        catchment_km2=catchment_2d,
        downstream=previous,
        rough=rough,
        river=river,
        lake=lake,
        inside=inside,
        city=city,
    )


def _roughness(grid: Grid, rng: np.random.Generator) -> Floats:
    """Plain in the south-east, hills round it, a mountain block in the north-west."""
    y, x = _unit_square(grid)
    span = max(grid.n_rows, grid.n_cols) * CELL_M
    wide = noise(grid.shape, rng, power=2.2, low_m=span / 3)
    fine = noise(grid.shape, rng, power=1.6, low_m=span / 12)
    plain = np.hypot((x - 0.1) + (y + 0.05) * 0.5, (y + 0.05) * 1.3)
    block = (y * 0.8 - x) * 0.75
    level = 1.75 * plain + 0.75 * block + 0.5 * wide + 0.16 * fine
    made: Floats = 0.02 + 0.98 / (1.0 + np.exp(-(level - 0.95) * 3.6))
    return made


def _unit_square(grid: Grid) -> tuple[Floats, Floats]:
    """Give north and east of each cell, -1 to 1."""
    return (
        np.linspace(-1.0, 1.0, grid.n_rows)[:, None],
        np.linspace(-1.0, 1.0, grid.n_cols)[None, :],
    )


def _drain(
    grid: Grid, lattice: Lattice, rough: Floats, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Drain every cell to one outlet at the south-eastern edge along cheap ground."""
    field = (
        1.0 * noise(grid.shape, rng, power=1.9, low_m=26_000)
        + 0.8 * noise(grid.shape, rng, power=1.2, low_m=6_000)
        + 0.25 * rng.standard_normal(grid.shape)
    )
    cost = (np.exp(field) * (0.25 + rough)).ravel()
    outlet = round(grid.n_rows * 0.22) * grid.n_cols + grid.n_cols - 1
    edge = lattice.length_m * (cost[lattice.u] + cost[lattice.v])
    spread = lattice.spread(edge, np.array([outlet]))
    return np.where(spread.previous < 0, -1, spread.previous), np.argsort(spread.cost)


def _accumulate(previous: Ints, order: Ints) -> Floats:
    """Count the cells that drain through each cell, itself included."""
    count = [1.0] * previous.size
    into = previous.tolist()
    for cell in order[::-1].tolist():
        if into[cell] >= 0:
            count[into[cell]] += count[cell]
    return np.array(count)


def _raise(grid: Grid, previous: Ints, order: Ints, catchment: Floats, rough: Floats) -> Floats:
    """Climb from the outlet: gentle along large rivers, steep at the heads of valleys."""
    uplift = 0.004 + 0.085 * rough.ravel() ** 1.5
    step = uplift * catchment**-_CONCAVITY * CELL_M * 1.1
    into, rise = previous.tolist(), step.tolist()
    height = [38.0] * previous.size
    for cell in order[1:].tolist():
        height[cell] = height[into[cell]] + rise[cell]
    made: Floats = ndimage.gaussian_filter(np.array(height).reshape(grid.shape), 0.8)
    return made


def _city(grid: Grid, catchment: Floats, rough: Floats, slope: Floats) -> int:
    """Put the main centre on flat ground by the large river, near the middle."""
    wet = (catchment >= catchment.max() * 0.3).reshape(grid.shape)
    to_river = ndimage.distance_transform_edt(~wet) * CELL_M
    x, y = grid.metres(np.arange(catchment.size))
    away = np.hypot(x, y).reshape(grid.shape) / (CELL_M * grid.n_cols)
    flat = ndimage.uniform_filter(slope + rough * 0.1, 21)
    good = -22.0 * away - 30.0 * flat - np.abs(to_river - 1_100.0) / 2_500.0
    return int(np.argmax(good))


def _outline(
    scale: Scale, grid: Grid, lattice: Lattice, height: Floats, city: int, rng: np.random.Generator
) -> Bools:
    """Grow from the centre over cheap ground until the area is reached: ends on ridges."""
    span = max(grid.n_rows, grid.n_cols) * CELL_M
    field = noise(grid.shape, rng, power=1.35, low_m=span / 6)
    y, x = _unit_square(grid)
    rim = 1.6 * np.hypot(x, y) ** 6 + 60.0 * np.clip(np.maximum(abs(x), abs(y)) - 0.93, 0, None)
    cost = (np.exp(0.62 * field) * (1.0 + height / 2_500.0) + rim).ravel()
    edge = lattice.length_m * (cost[lattice.u] + cost[lattice.v])
    reach = lattice.spread(edge, np.array([city])).cost.reshape(grid.shape)
    n_cells = round(scale.area_km2 / _CELL_KM2)
    inside = reach <= np.partition(reach.ravel(), n_cells)[n_cells]
    disc = np.hypot(*np.mgrid[-4:5, -4:5]) <= 4.2
    inside = ndimage.binary_opening(ndimage.binary_fill_holes(inside), disc)
    labels, _ = ndimage.label(inside)
    made: Bools = labels == labels.ravel()[city]
    return made


def _reservoir(
    grid: Grid, height: Floats, catchment: Floats, rough: Floats, inside: Bools, city: int
) -> Bools:
    """Dam one river of the hills: the best shaped of some trial lakes."""
    deep_inside = ndimage.binary_erosion(inside, iterations=16)
    x, y = grid.metres(np.arange(height.size))
    x_city, y_city = grid.metres(np.array([city]))
    away = np.hypot(x - x_city, y - y_city).reshape(grid.shape)
    fit = deep_inside & (catchment > RIVER_KM2) & (rough > 0.12) & (away > 9_000.0)
    dams = np.flatnonzero(fit.ravel())
    want_km2 = 26.0 if inside.sum() * _CELL_KM2 > 5_000.0 else 5.0
    best, best_miss = np.zeros_like(inside), np.inf
    trials = [(int(dam), rise) for dam in dams[:: max(1, dams.size // 60)] for rise in _DAMS_M]
    for dam, rise in trials:
        row, col = divmod(dam, grid.n_cols)
        part = (slice(max(0, row - 50), row + 51), slice(max(0, col - 50), col + 51))
        # Only what lies upstream: ground no lower than the foot of the dam.
        foot = height[row, col]
        low = (height[part] < foot + rise) & (height[part] >= foot - 0.01)
        labels, _ = ndimage.label(low)
        mine = labels == labels[row - part[0].start, col - part[1].start]
        mine = ndimage.binary_opening(mine) | (mine & (catchment[part] > RIVER_KM2))
        miss = abs(float(mine.sum()) * _CELL_KM2 - want_km2)
        if miss < best_miss and (deep_inside[part] | ~mine).all():
            best_miss = miss
            best = np.zeros_like(inside)
            best[part] = mine
    labels, n = ndimage.label(best)
    if n == 0:
        return best
    made: Bools = labels == 1 + np.argmax(ndimage.sum(best, labels, range(1, n + 1)))
    return made


def _four_connected(grid: Grid, river: Bools, downstream: Ints) -> Bools:
    """Fill the corner of each diagonal step, so that nothing slips between two cells."""
    cells = np.flatnonzero(river & (downstream >= 0))
    into = downstream[cells]
    diagonal = (cells // grid.n_cols != into // grid.n_cols) & (
        cells % grid.n_cols != into % grid.n_cols
    )
    corner = (cells[diagonal] // grid.n_cols) * grid.n_cols + into[diagonal] % grid.n_cols
    full = river.copy()
    full[corner] = True
    return full.reshape(grid.shape)
