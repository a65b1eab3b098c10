"""Lines on the made-up ground: roads, rivers and bridges as smooth lines in degrees."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from data.synthetic.lattice import CELL_M, LAT_0, LON_0, Floats, Grid, Ints, Lattice
from data.synthetic.roads import CLASSES, NO_ROAD, RoadNetwork
from data.synthetic.scales import random_for
from data.synthetic.settlements import Settlements
from data.synthetic.terrain import RIVER_KM2, Terrain, noise

_SPEEDS = {"trunk": "80", "primary": "60", "secondary": "60", "tertiary": "40"}
_BRIDGE_HALF_M = 40.0


class Ground:
    """
    The way from cells to degrees.

    A smooth random shift, the same for everything, takes the straightness of the
    raster away without letting any two lines cross that did not cross before.
    """

    def __init__(self, grid: Grid, *, seed: int) -> None:
        rng = random_for(seed, "shift")
        self._grid = grid
        self._shift = [
            (110.0 * noise(grid.shape, rng, power=2.4, low_m=3_200)).astype(np.float64)
            for _ in range(2)
        ]
        local = f"+proj=tmerc +lat_0={LAT_0} +lon_0={LON_0} +ellps=WGS84 +units=m +no_defs"
        self._to_degrees = Transformer.from_crs(local, "EPSG:4326", always_xy=True)

    def shifted(self, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
        """Shift points, metres in, metres out."""
        from scipy.ndimage import map_coordinates

        at = [
            np.asarray(y_m) / CELL_M + (self._grid.n_rows - 1) / 2,
            np.asarray(x_m) / CELL_M + (self._grid.n_cols - 1) / 2,
        ]
        dx, dy = (map_coordinates(part, at, order=1, mode="nearest") for part in self._shift)
        return x_m + dx, y_m + dy

    def degrees(self, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
        """Turn points that are shifted already into longitude and latitude."""
        lon, lat = self._to_degrees.transform(x_m, y_m)
        return np.round(lon, 7), np.round(lat, 7)

    def place(
        self, cells: Ints, *, jitter_m: float = 0.0, rng: np.random.Generator | None = None
    ) -> tuple[Floats, Floats]:
        """Give longitude and latitude of cells, or of points scattered in and about them."""
        x, y = self._grid.metres(cells)
        if rng is not None:
            x = x + rng.uniform(-jitter_m, jitter_m, x.shape)
            y = y + rng.uniform(-jitter_m, jitter_m, y.shape)
        return self.degrees(*self.shifted(x, y))

    def line(self, cells: list[int], *, rounds: int) -> Floats:
        """Give a smoothed and shifted line through cells, metres, shape ``(n, 2)``; ends stay."""
        x, y = self._grid.metres(np.array(cells))
        points = np.column_stack([x, y])
        for _ in range(rounds):
            points[1:-1] = (points[:-2] + 2.0 * points[1:-1] + points[2:]) / 4.0
        return np.column_stack(self.shifted(points[:, 0], points[:, 1]))

    def lines_to_degrees(self, lines: NDArray[np.object_]) -> NDArray[np.object_]:
        """Turn shapes in shifted metres into shapes in degrees."""
        made: NDArray[np.object_] = shapely.transform(
            lines, lambda xy: np.column_stack(self.degrees(xy[:, 0], xy[:, 1]))
        )
        return made

    def lines_to_metres(self, lines: NDArray[np.object_]) -> NDArray[np.object_]:
        """Turn shapes in degrees back into shapes in shifted metres."""

        def back(xy: Floats) -> Floats:
            x, y = self._to_degrees.transform(xy[:, 0], xy[:, 1], direction="INVERSE")
            return np.column_stack([x, y])

        made: NDArray[np.object_] = shapely.transform(lines, back)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadLines:
    """One entry a piece of road; ``lines`` in degrees, ``bridges`` says which cross a river."""

    lines: NDArray[np.object_]
    highway: list[str]
    oneway: list[str]
    maxspeed: list[str]
    bridges: NDArray[np.bool_]


def river_lines(terrain: Terrain, ground: Ground) -> tuple[NDArray[np.object_], Floats]:
    """Give the rivers inside the outline: lines in shifted metres, and their catchments in km2."""
    big = (terrain.catchment_km2 >= RIVER_KM2) & terrain.inside
    cells = np.flatnonzero(big.ravel())
    into = terrain.downstream[cells]
    keep = into >= 0
    cells, into = cells[keep], into[keep]
    n_into = np.bincount(into, minlength=terrain.downstream.size)
    stops = set(np.concatenate([cells[n_into[cells] != 1], into[~big.ravel()[into]]]).tolist())
    lines, size = [], []
    flat = terrain.catchment_km2.ravel()
    for chain in chains(cells, into, stops):
        lines.append(shapely.LineString(ground.line(chain, rounds=3)))
        size.append(float(flat[chain].mean()))
    return np.array(lines, dtype=object), np.array(size)


def road_lines(
    terrain: Terrain,
    lattice: Lattice,
    settlements: Settlements,
    network: RoadNetwork,
    ground: Ground,
) -> RoadLines:
    """Turn the network into lines that meet end to end, cut where a bridge begins and ends."""
    paths: list[Floats] = []
    ranks: list[int] = []
    oneways: list[str] = []
    seats = set(settlements.village_seats.tolist())
    edges = np.flatnonzero(network.rank != NO_ROAD)
    u, v = lattice.cells[lattice.u[edges]], lattice.cells[lattice.v[edges]]
    key = network.rank[edges] * 3 + network.oneway[edges] + 1
    stops = _junctions(u, v, key) | seats | {end for pair in network.ferries for end in pair}
    for value in np.unique(key).tolist():
        mine = key == value
        rank, way = value // 3, value % 3 - 1
        for chain in chains(u[mine], v[mine], stops):
            ordered = chain if way >= 0 or chain[0] > chain[-1] else chain[::-1]
            ordered = chain[::-1] if way > 0 and chain[0] > chain[-1] else ordered
            paths.append(ground.line(ordered, rounds=2))
            ranks.append(rank)
            oneways.append("yes" if way else "no")
    for pair in network.ferries:
        paths.append(ground.line(list(pair), rounds=0))
        ranks.append(CLASSES.index("ferry"))
        oneways.append("no")
    lines = np.array([shapely.LineString(path) for path in paths], dtype=object)
    return _cut_at_bridges(lines, ranks, oneways, terrain, ground)


def chains(u: Ints, v: Ints, stops: set[int]) -> Iterable[list[int]]:
    """Join edges end to end into lists of cells that end at stops, at forks or in a ring."""
    neighbours: dict[int, list[int]] = {}
    for a, b in zip(u.tolist(), v.tolist(), strict=True):
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    ends = [cell for cell, others in neighbours.items() if len(others) != 2 or cell in stops]
    is_end = set(ends)
    done: set[tuple[int, int]] = set()
    for start in [*ends, *neighbours]:
        for step in neighbours[start]:
            if (start, step) in done:
                continue
            chain = [start, step]
            while chain[-1] not in is_end and chain[-1] != start:
                a, b = neighbours[chain[-1]]
                chain.append(b if a == chain[-2] else a)
            done.update(pairwise(chain))
            done.update(pairwise(chain[::-1]))
            yield chain


def _junctions(u: Ints, v: Ints, key: Ints) -> set[int]:
    """Find the cells where roads fork, end or change their class."""
    ends = np.concatenate([u, v])
    cells, position, count = np.unique(ends, return_inverse=True, return_counts=True)
    both = np.concatenate([key, key])
    low = np.full(cells.size, both.max() + 1)
    high = np.full(cells.size, -1)
    np.minimum.at(low, position, both)
    np.maximum.at(high, position, both)
    return set(cells[(count != 2) | (low != high)].tolist())


def _cut_at_bridges(
    lines: NDArray[np.object_],
    ranks: list[int],
    oneways: list[str],
    terrain: Terrain,
    ground: Ground,
) -> RoadLines:
    """Cut each road where it crosses a river, so that the bridge is a piece of its own."""
    from shapely import ops

    rivers, _ = river_lines(terrain, ground)
    tree = shapely.STRtree(rivers)
    on_land = np.array([CLASSES[rank] != "ferry" for rank in ranks])
    road, river = tree.query(lines, predicate="intersects")
    crossed: dict[int, list[int]] = {}
    for a, b in zip(road.tolist(), river.tolist(), strict=True):
        if on_land[a]:
            crossed.setdefault(a, []).append(b)
    pieces: list[shapely.LineString] = []
    origin: list[int] = []
    bridges: list[bool] = []
    for number, line in enumerate(lines):
        points = shapely.get_parts(
            [shapely.intersection(line, rivers[b]) for b in crossed.get(number, [])]
        )
        cuts = _cuts(line, points)
        for (start, end), is_bridge in cuts:
            pieces.append(ops.substring(line, start, end) if len(cuts) > 1 else line)
            origin.append(number)
            bridges.append(is_bridge)
    highway = [CLASSES[ranks[number]] for number in origin]
    return RoadLines(
        lines=ground.lines_to_degrees(np.array(pieces, dtype=object)),
        highway=highway,
        oneway=[oneways[number] for number in origin],
        maxspeed=[_SPEEDS.get(name, "") for name in highway],
        bridges=np.array(bridges),
    )


def _cuts(
    line: shapely.LineString, crossings: NDArray[np.object_]
) -> list[tuple[tuple[float, float], bool]]:
    """Give the stretches of a line in order, metres from its start, and which are bridges."""
    spans: list[tuple[float, float]] = []
    for at in sorted(float(line.project(shape.centroid)) for shape in crossings):
        start, end = max(0.0, at - _BRIDGE_HALF_M), min(line.length, at + _BRIDGE_HALF_M)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    cuts: list[tuple[tuple[float, float], bool]] = []
    done = 0.0
    for start, end in spans:
        if start > done:
            cuts.append(((done, start), False))
        cuts.append(((start, end), True))
        done = end
    if done < line.length:
        cuts.append(((done, line.length), False))
    return cuts
