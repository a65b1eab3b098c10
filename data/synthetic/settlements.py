"""Where people live: the centres of counties, townships and villages, and who belongs to whom."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from data.synthetic.lattice import CELL_M, Bools, Floats, Grid, Ints, Lattice
from data.synthetic.scales import Scale, random_for
from data.synthetic.terrain import Terrain, noise

_CLOSED = 1e7  # cost of a step over a border: only taken where there is no other way


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlements:
    """
    Seats as flat cells, and the unit that each cell of the raster belongs to (-1: outside).

    ``district_seats[0]`` is the main centre. A township's seat is also the seat of
    one of its villages. ``is_street`` marks the urban sub-districts (街道).
    """

    district_seats: Ints
    township_seats: Ints
    village_seats: Ints
    district_of: Ints
    township_of: Ints
    village_of: Ints
    township_district: Ints
    village_township: Ints
    is_street: Bools
    township_village: Ints


def make_settlements(scale: Scale, terrain: Terrain, lattice: Lattice, *, seed: int) -> Settlements:
    """Choose seats on good ground and divide the land between them along cheap ways."""
    rng = random_for(seed, "settlements")
    good = _suitability(terrain, rng)
    district_seats = _district_seats(scale, terrain, good)
    edge = _walking_cost(terrain, lattice, rng)
    district_of = _nearest(lattice, edge, district_seats, terrain.grid)
    streets, towns = _township_seats(scale, terrain, good, district_seats, rng)
    township_seats = np.concatenate([streets, towns])
    closed = edge + _border(lattice, district_of)
    township_of = _nearest(lattice, closed, township_seats, terrain.grid)
    village_seats = _village_seats(scale, terrain, good, district_seats, township_seats, rng)
    closed = edge + _border(lattice, township_of)
    village_of = _nearest(lattice, closed, village_seats, terrain.grid)
    position = {int(cell): number for number, cell in enumerate(village_seats)}
    return Settlements(
        district_seats=district_seats,
        township_seats=township_seats,
        village_seats=village_seats,
        district_of=district_of,
        township_of=township_of,
        village_of=village_of,
        township_district=district_of[township_seats],
        village_township=township_of[village_seats],
        is_street=np.arange(township_seats.size) < streets.size,
        township_village=np.array([position[int(cell)] for cell in township_seats]),
    )


def _suitability(terrain: Terrain, rng: np.random.Generator) -> Floats:
    """Rate the ground for building: flat, near water but not in it; -inf where nobody builds."""
    flat = ndimage.uniform_filter(terrain.slope, 5)
    stream = ndimage.distance_transform_edt(terrain.catchment_km2 < 4.0) * CELL_M
    wet = ndimage.binary_dilation(terrain.river | terrain.lake)
    luck = noise(terrain.grid.shape, rng, power=1.0, low_m=4_000)
    good = -14.0 * flat - stream / 1_600.0 - terrain.height_m / 900.0 + 0.25 * luck
    good[wet | ~ndimage.binary_erosion(terrain.inside, iterations=5)] = -np.inf
    made: Floats = good
    return made


def _walking_cost(terrain: Terrain, lattice: Lattice, rng: np.random.Generator) -> Floats:
    """Price each edge by its length, climb, water and luck, for the drawing of borders."""
    luck = noise(terrain.grid.shape, rng, power=1.4, low_m=7_000)
    toil = np.exp(0.55 * luck).ravel()[lattice.cells]
    wet = (terrain.river | terrain.lake).ravel()[lattice.cells]
    height = terrain.height_m.ravel()[lattice.cells]
    climb = np.abs(height[lattice.u] - height[lattice.v]) / lattice.length_m
    toil_of_edge = (toil[lattice.u] + toil[lattice.v]) / 2.0
    wet_edge = wet[lattice.u] | wet[lattice.v]
    return lattice.length_m * (toil_of_edge + 7.0 * climb) + 900.0 * wet_edge


def _border(lattice: Lattice, unit_of: Ints) -> Floats:
    """Price the crossing of a border."""
    unit = unit_of[lattice.cells]
    made: Floats = _CLOSED * (unit[lattice.u] != unit[lattice.v])
    return made


def _nearest(lattice: Lattice, edge: Floats, seats: Ints, grid: Grid) -> Ints:
    """Number the seat that each cell reaches most cheaply."""
    source = lattice.spread(edge, lattice.node_of[seats]).source
    number = np.full(lattice.cells.size, -1, dtype=np.int64)
    number[lattice.node_of[seats]] = np.arange(seats.size)
    unit_of = np.full(grid.n_rows * grid.n_cols, -1, dtype=np.int64)
    unit_of[lattice.cells] = number[source]
    return unit_of


def _district_seats(scale: Scale, terrain: Terrain, good: Floats) -> Ints:
    """Choose county seats: the main centre, its sister over the river, then far apart."""
    grid = terrain.grid
    seats = [_best_near(grid, good, terrain.city, 2_500.0)]
    x, y = (part.reshape(grid.shape) for part in grid.metres(np.arange(good.size)))
    x_0, y_0 = grid.metres(np.array(seats))
    deep = ndimage.binary_erosion(terrain.inside, iterations=24)
    rich = good + 0.22 * np.log(terrain.catchment_km2 + 1.0)
    rich = np.where(deep, ndimage.maximum_filter(rich, 3) * 0.5 + rich * 0.5, -np.inf)
    apart = np.sqrt(scale.area_km2 / max(1, scale.n_districts)) * 1_000.0
    while len(seats) < scale.n_districts:
        if len(seats) == 1:
            over = np.abs(np.hypot(x - x_0, y - y_0) - 6_500.0)
            south = (y < y_0 - 2_500.0) | (x > x_0 + 5_000.0)
            score = np.where(south, good, good - 3.0) - over / 700.0
        else:
            away = _distance_m(grid, np.array(seats))
            score = rich - 1.5 * np.clip(1.0 - away / apart, 0.0, None) * 8.0
            score -= 2.0 * (away < 0.8 * apart)
        seats.append(int(np.argmax(score)))
    return np.array(seats, dtype=np.int64)


def _best_near(grid: Grid, good: Floats, cell: int, radius_m: float) -> int:
    """Find the best building ground near a cell."""
    x, y = grid.metres(np.arange(good.size))
    x_0, y_0 = grid.metres(np.array([cell]))
    near = np.hypot(x - x_0, y - y_0) <= radius_m
    return int(np.argmax(np.where(near, good.ravel(), -np.inf)))


def _distance_m(grid: Grid, cells: Ints) -> Floats:
    """Measure the distance to the nearest of some cells, metres, over the raster."""
    far = np.ones(grid.n_rows * grid.n_cols, dtype=bool)
    far[cells] = False
    made: Floats = ndimage.distance_transform_edt(far.reshape(grid.shape)) * CELL_M
    return made


def _township_seats(
    scale: Scale, terrain: Terrain, good: Floats, district_seats: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Choose street offices inside the main city, then towns over the land."""
    grid = terrain.grid
    n_city = min(2, scale.n_districts)
    city = district_seats[:n_city]
    to_city = _distance_m(grid, city)
    centre = np.where(to_city < 6_500.0, good * 0.6 - to_city / 6_000.0, -np.inf)
    streets = _spaced(grid, centre, np.full(grid.shape, 2_300.0), scale.n_streets, city, rng)
    rural = np.where(to_city > 7_500.0, good, -np.inf)
    radius = 5_600.0 + 5_200.0 * np.clip(terrain.rough, 0.0, 1.0)
    seats = district_seats[n_city:]
    return streets, _spaced(grid, rural, radius, scale.n_townships, seats, rng)


def _village_seats(
    scale: Scale,
    terrain: Terrain,
    good: Floats,
    district_seats: Ints,
    township_seats: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Choose village centres: close in towns, along valleys, far apart in the mountains."""
    grid = terrain.grid
    n_city = min(2, scale.n_districts)
    radius = 1_500.0 + 2_100.0 * np.clip(terrain.rough, 0.0, 1.0)
    to_city = _distance_m(grid, district_seats[:n_city])
    radius = np.minimum(radius, 640.0 + 0.13 * to_city)
    if district_seats.size > n_city:
        radius = np.minimum(radius, 800.0 + 0.35 * _distance_m(grid, district_seats[n_city:]))
    radius = np.minimum(radius, 950.0 + 0.45 * _distance_m(grid, township_seats))
    return _spaced(grid, good, radius, scale.n_villages, township_seats, rng)


def _spaced(
    grid: Grid, good: Floats, radius_m: Floats, wanted: int, first: Ints, rng: np.random.Generator
) -> Ints:
    """
    Scatter seats on good ground, no two closer than the radius of the ground between them.

    The radius is stretched until the wanted number fits, then the worst are left out;
    the seats in ``first`` always stay, at the head.
    """
    usable = np.flatnonzero(np.isfinite(good.ravel()))
    luck = rng.gumbel(size=usable.size) * 0.22
    order = usable[np.argsort(-(good.ravel()[usable] + luck), kind="stable")]
    stretch, best = 1.0, None
    for _ in range(14):
        seats = _scatter(grid, order, radius_m * stretch, first)
        if seats.size >= wanted and (best is None or seats.size < best.size):
            best = seats
        if wanted <= seats.size <= wanted * 1.03:
            break
        stretch *= float(np.sqrt(seats.size / (wanted * 1.012)))
        stretch *= 1.0 if seats.size >= wanted else 0.985
    return (seats if best is None else best)[:wanted]


def _scatter(grid: Grid, order: Ints, radius_m: Floats, first: Ints) -> Ints:
    """Take cells in order, each blocking its surroundings."""
    blocked = np.zeros(grid.shape, dtype=bool)
    radius = radius_m.ravel() / CELL_M
    reach = int(np.ceil(radius.max())) + 1
    rows, cols = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    away = np.hypot(rows, cols)
    flat = blocked.ravel()
    seats: list[int] = []

    def take(cell: int) -> None:
        seats.append(cell)
        row, col = divmod(cell, grid.n_cols)
        top, left = max(0, row - reach), max(0, col - reach)
        part = blocked[top : row + reach + 1, left : col + reach + 1]
        near = away[top - row + reach :, left - col + reach :][: part.shape[0], : part.shape[1]]
        part |= near < radius[cell]

    for cell in first.tolist():
        take(cell)
    for cell in order.tolist():
        if not flat[cell]:
            take(cell)
    return np.array(seats, dtype=np.int64)
