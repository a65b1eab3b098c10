"""
The road network: cheapest ways over the ground, each new road drawn to the older ones.

National and provincial roads join the county seats, county roads the townships,
lanes the villages; streets fill the built-up ground, tracks end at hamlets. Water is
dear to cross, and free where a bridge stands, so roads share their bridges.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, dijkstra, minimum_spanning_tree

from data.synthetic.lattice import CELL_M, Bools, Floats, Ints, Lattice, trace
from data.synthetic.scales import random_for
from data.synthetic.settlements import Settlements
from data.synthetic.terrain import Terrain, noise

CLASSES = (
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "track",
    "ferry",
)
"""OpenStreetMap classes by rank; a ferry is the last."""
NO_ROAD = 99
_FERRY = CLASSES.index("ferry")
_TRACK = CLASSES.index("track")
_CLOSED = 1e8


@dataclass(slots=True)
class RoadNetwork:
    """
    Edges of the lattice that carry a road.

    ``rank`` (into ``CLASSES``, ``NO_ROAD`` where there is none) and ``oneway`` (1 from
    ``u`` to ``v``, -1 against it, 0 both ways) run over the edges of the lattice;
    ``ferries`` are pairs of flat cells.
    """

    rank: Ints
    oneway: Ints
    ferries: list[tuple[int, int]]

    def has_road(self, lattice: Lattice) -> Bools:
        """Say for each node whether a road touches it."""
        touched = np.zeros(lattice.cells.size, dtype=bool)
        edges = np.flatnonzero(self.rank != NO_ROAD)
        touched[lattice.u[edges]] = True
        touched[lattice.v[edges]] = True
        return touched


def make_main_roads(
    terrain: Terrain, lattice: Lattice, settlements: Settlements, *, seed: int
) -> tuple[RoadNetwork, Floats]:
    """
    Build the roads between counties and townships.

    Returns
    -------
    network, cost
        ``cost`` is what a new road would cost along each edge; the lanes need it again.
    """
    cost = _building_cost(terrain, lattice, random_for(seed, "roads"))
    network = RoadNetwork(
        rank=np.full(lattice.u.size, NO_ROAD, dtype=np.int64),
        oneway=np.zeros(lattice.u.size, dtype=np.int64),
        ferries=[],
    )
    _join_counties(terrain, lattice, settlements, network, cost)
    seats = lattice.node_of[settlements.township_seats]
    ways = _possible_links(lattice, _now(network, cost), seats)
    for link in [*_tree(ways, seats.size), *_shortcuts(ways, seats.size, ratio=1.75)]:
        _lay(lattice, network, ways.way(link), CLASSES.index("secondary"))
    return network, cost


def add_lanes(
    terrain: Terrain,
    lattice: Lattice,
    settlements: Settlements,
    network: RoadNetwork,
    cost: Floats,
    *,
    built: Floats,
    seed: int,
) -> None:
    """Reach every village, then add streets, tracks to hamlets, one-ways and a ferry."""
    rng = random_for(seed, "lanes")
    seats = lattice.node_of[settlements.village_seats]
    ways = _possible_links(lattice, _now(network, cost), seats)
    tree = _tree(ways, seats.size)
    weight = _villages_behind(ways, tree, seats.size)
    for link in tree:
        rank = "tertiary" if weight[link] >= 5 else "unclassified"
        _lay(lattice, network, ways.way(link), CLASSES.index(rank))
    spare = np.setdiff1d(np.arange(ways.total.size), tree)
    spare = spare[np.argsort(ways.total[spare], kind="stable")]
    for link in spare[: seats.size // 7].tolist():
        _lay(lattice, network, ways.way(link), CLASSES.index("unclassified"))
    _add_streets(terrain, lattice, network, built, rng)
    _add_tracks(terrain, lattice, network, cost, rng)
    _set_oneways(lattice, network, built)
    _add_ferry(terrain, lattice, network)


def _building_cost(terrain: Terrain, lattice: Lattice, rng: np.random.Generator) -> Floats:
    """Price a new road: length, gradient, luck, banks, and bridges by the size of the river."""
    shape = terrain.grid.shape
    luck = np.exp(0.42 * noise(shape, rng, power=1.2, low_m=5_000))
    bank = ndimage.binary_dilation(terrain.river, np.ones((3, 3))) & ~terrain.river
    luck = np.where(bank, luck * 1.7, luck).ravel()[lattice.cells]
    height = terrain.height_m.ravel()[lattice.cells]
    climb = np.abs(height[lattice.u] - height[lattice.v]) / lattice.length_m
    bridge = np.where(terrain.river, 900.0 + 26.0 * np.sqrt(terrain.catchment_km2), 0.0)
    closed = ndimage.binary_dilation(terrain.lake, np.ones((3, 3)))
    # The last cells before the border carry no roads: only the gates lead out.
    bridge = np.where(closed, _CLOSED, bridge).ravel()[lattice.cells]
    toil = (luck[lattice.u] + luck[lattice.v]) / 2.0 + np.minimum((climb / 0.055) ** 2, 14.0)
    return lattice.length_m * toil + (bridge[lattice.u] + bridge[lattice.v]) / 2.0


def _now(network: RoadNetwork, cost: Floats) -> Floats:
    """Give the cost with the roads there are: cheap to follow, bridges free."""
    flat = np.minimum(cost, CELL_M * 1.4)
    return np.where(network.rank != NO_ROAD, flat * 0.3, cost)


@dataclass(slots=True)
class _Links:
    """The cheapest way between each two neighbouring places: ``a``, ``b`` their numbers."""

    a: Ints
    b: Ints
    total: Floats
    from_node: Ints
    to_node: Ints
    previous: Ints

    def way(self, link: int) -> list[int]:
        """Give the nodes of a link from one place to the other."""
        there = trace(self.previous, int(self.from_node[link]))
        return there[::-1] + trace(self.previous, int(self.to_node[link]))


def _possible_links(lattice: Lattice, cost: Floats, places: Ints) -> _Links:
    """
    Find the cheapest way between each two places whose reaches touch.

    One search from all places at once: where the reaches of two of them meet, the
    ways back to both make the link. Enough for a spanning tree that is exact.
    """
    spread = lattice.spread(cost, places)
    number = np.full(lattice.cells.size, -1, dtype=np.int64)
    number[places] = np.arange(places.size)
    reach = np.where(spread.source >= 0, number[spread.source], -1)
    a, b = reach[lattice.u], reach[lattice.v]
    meet = np.flatnonzero((a != b) & (a >= 0) & (b >= 0))
    total = spread.cost[lattice.u[meet]] + cost[meet] + spread.cost[lattice.v[meet]]
    low, high = np.minimum(a[meet], b[meet]), np.maximum(a[meet], b[meet])
    order = np.lexsort((total, high, low))
    first = np.ones(order.size, dtype=bool)
    first[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
    best = order[first]
    return _Links(
        a=low[best],
        b=high[best],
        total=total[best],
        from_node=lattice.u[meet[best]],
        to_node=lattice.v[meet[best]],
        previous=spread.previous,
    )


def _tree(ways: _Links, n_places: int) -> list[int]:
    """Choose the links of the cheapest network that joins all places."""
    numbered = csr_matrix((ways.total, (ways.a, ways.b)), shape=(n_places, n_places))
    tree = minimum_spanning_tree(numbered).tocoo()
    keys = {(int(a), int(b)): i for i, (a, b) in enumerate(zip(ways.a, ways.b, strict=True))}
    return sorted(keys[int(a), int(b)] for a, b in zip(tree.row, tree.col, strict=True))


def _shortcuts(ways: _Links, n_places: int, *, ratio: float) -> list[int]:
    """Choose links that save a long way round, cheapest first."""
    chosen = _tree(ways, n_places)
    taken, extra = set(chosen), []
    for link in np.argsort(ways.total, kind="stable").tolist():
        if link in taken:
            continue
        ends = (ways.a[chosen], ways.b[chosen])
        graph = csr_matrix((ways.total[chosen], ends), shape=(n_places, n_places))
        round_m = dijkstra(graph, directed=False, indices=int(ways.a[link]))[ways.b[link]]
        if round_m > ratio * ways.total[link]:
            chosen.append(link)
            extra.append(link)
    return extra


def _villages_behind(ways: _Links, tree: list[int], n_places: int) -> dict[int, int]:
    """Count for each link of the tree the places that it alone joins to the main centre."""
    graph = csr_matrix((np.ones(len(tree)), (ways.a[tree], ways.b[tree])), shape=(n_places,) * 2)
    order, before = breadth_first_order(graph, 0, directed=False)
    behind = np.ones(n_places, dtype=np.int64)
    for place in order[:0:-1].tolist():
        behind[before[place]] += behind[place]
    deeper = np.where(before[ways.b[tree]] == ways.a[tree], ways.b[tree], ways.a[tree])
    return {link: int(behind[place]) for link, place in zip(tree, deeper, strict=True)}


def _lay(lattice: Lattice, network: RoadNetwork, way: list[int], rank: int) -> None:
    """Lay a road along a way; where a better one runs already, it stays."""
    edges = lattice.edges_along(way)
    network.rank[edges] = np.minimum(network.rank[edges], rank)


def _join_counties(
    terrain: Terrain, lattice: Lattice, settlements: Settlements, network: RoadNetwork, cost: Floats
) -> None:
    """Lay two national roads through the county seats to the border, provincial ones between."""
    seats = lattice.node_of[settlements.district_seats]
    spread = lattice.spread(cost, seats[:1])
    border = terrain.inside & ~ndimage.binary_erosion(terrain.inside)
    x, y = terrain.grid.metres(lattice.cells)
    x, y = x - x[seats[0]], y - y[seats[0]]
    on_border = border.ravel()[lattice.cells] & ~terrain.river.ravel()[lattice.cells]
    gates = []
    for ahead, aside in ((x, y), (-x, y), (y, x), (-y, x)):
        fit = on_border & (ahead > 2.0 * np.abs(aside))
        if not fit.any():
            fit = on_border & (ahead > np.abs(aside))
        gates.append(int(np.argmin(np.where(fit, spread.cost, np.inf))))
    for gate in gates:
        _lay(lattice, network, trace(spread.previous, gate), CLASSES.index("trunk"))
    places = np.concatenate([seats, np.array(gates)])
    ways = _possible_links(lattice, _now(network, cost), places)
    for link in [*_tree(ways, places.size), *_shortcuts(ways, places.size, ratio=1.6)]:
        _lay(lattice, network, ways.way(link), CLASSES.index("primary"))


def _add_streets(
    terrain: Terrain,
    lattice: Lattice,
    network: RoadNetwork,
    built: Floats,
    rng: np.random.Generator,
) -> None:
    """Lay a grid of streets where the ground is built up, with gaps at its rim."""
    density = built.ravel()[lattice.cells]
    wet = (terrain.river | terrain.lake).ravel()[lattice.cells]
    straight = lattice.length_m < CELL_M * 1.1
    thin = np.minimum(density[lattice.u], density[lattice.v])
    keep = rng.random(thin.size) < np.clip(1.4 * thin - 0.25, 0.0, 0.92)
    fit = straight & ~wet[lattice.u] & ~wet[lattice.v] & (thin > 0.4) & keep
    new = np.flatnonzero(fit & (network.rank == NO_ROAD))
    network.rank[new] = CLASSES.index("residential")
    _drop_islands(lattice, network)


def _drop_islands(lattice: Lattice, network: RoadNetwork) -> None:
    """Remove streets that no road reaches."""
    from scipy.sparse.csgraph import connected_components

    edges = np.flatnonzero(network.rank != NO_ROAD)
    n = lattice.cells.size
    graph = csr_matrix((np.ones(edges.size), (lattice.u[edges], lattice.v[edges])), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    main = np.bincount(part[lattice.u[edges]]).argmax()
    network.rank[edges[part[lattice.u[edges]] != main]] = NO_ROAD


def _add_tracks(
    terrain: Terrain, lattice: Lattice, network: RoadNetwork, cost: Floats, rng: np.random.Generator
) -> None:
    """Lay dead ends from the network to scattered hamlets."""
    on_road = network.has_road(lattice)
    spread = lattice.spread(_now(network, cost), np.flatnonzero(on_road))
    slope = terrain.slope.ravel()[lattice.cells]
    near = (spread.cost > CELL_M * 2.2) & (spread.cost < CELL_M * 12.0) & (slope < 0.13)
    hamlets = np.flatnonzero(near)
    hamlets = hamlets[rng.random(hamlets.size) < 0.02]
    for hamlet in hamlets.tolist():
        _lay(lattice, network, trace(spread.previous, hamlet), _TRACK)


def _set_oneways(lattice: Lattice, network: RoadNetwork, built: Floats) -> None:
    """Make every sixth street of a dense centre one-way, alternating, where nobody is cut off."""
    n_cols = built.shape[1]
    density = built.ravel()[lattice.cells]
    row, col = np.divmod(lattice.cells, n_cols)
    street = network.rank == CLASSES.index("residential")
    dense = (density[lattice.u] > 0.75) & (density[lattice.v] > 0.75)
    along_row = row[lattice.u] == row[lattice.v]
    line = np.where(along_row, row[lattice.u], col[lattice.u])
    pick = np.flatnonzero(street & dense & (line % 6 == 1))
    network.oneway[pick] = np.where(line[pick] % 12 == 1, 1, -1)
    for _ in range(5):
        cut = pick[_one_way_traps(lattice, network, pick)]
        if cut.size == 0:
            return
        network.oneway[cut] = 0
    network.oneway[pick] = 0


def _one_way_traps(lattice: Lattice, network: RoadNetwork, pick: Ints) -> Bools:
    """Say which one-way edges touch a node that can't be reached from everywhere and back."""
    from scipy.sparse.csgraph import connected_components

    edges = np.flatnonzero(network.rank != NO_ROAD)
    u, v, way = lattice.u[edges], lattice.v[edges], network.oneway[edges]
    rows = np.concatenate([u[way >= 0], v[way <= 0]])
    cols = np.concatenate([v[way >= 0], u[way <= 0]])
    n = lattice.cells.size
    graph = csr_matrix((np.ones(rows.size), (rows, cols)), shape=(n, n))
    _, part = connected_components(graph, directed=True, connection="strong")
    main = np.bincount(part[u]).argmax()
    made: Bools = (part[lattice.u[pick]] != main) | (part[lattice.v[pick]] != main)
    return made


def _add_ferry(terrain: Terrain, lattice: Lattice, network: RoadNetwork) -> None:
    """Put a ferry where two roads face each other over wide water with a long way round."""
    from scipy.spatial import cKDTree

    edges = np.flatnonzero((network.rank != NO_ROAD) & (network.rank != _TRACK))
    n = lattice.cells.size
    graph = csr_matrix(
        (lattice.length_m[edges], (lattice.u[edges], lattice.v[edges])), shape=(n, n)
    )
    nodes = np.unique(np.concatenate([lattice.u[edges], lattice.v[edges]]))
    x, y = terrain.grid.metres(lattice.cells[nodes])
    wide = terrain.river & (
        terrain.catchment_km2 > 0.25 * terrain.catchment_km2[terrain.inside].max()
    )
    wet_x, wet_y = terrain.grid.metres(np.flatnonzero((wide & terrain.inside).ravel()))
    tree = cKDTree(np.column_stack([x, y]))
    far_from_centre = np.hypot(wet_x, wet_y) > 0.2 * CELL_M * terrain.grid.n_cols
    best, best_m = None, 6_000.0
    for px, py in np.column_stack([wet_x, wet_y])[far_from_centre][::4]:
        near = np.array(tree.query_ball_point((px, py), 800.0), dtype=np.int64)
        if near.size < 2 or near.size > 12:
            continue
        round_m = dijkstra(graph, directed=False, indices=nodes[near[0]], limit=60_000.0)[
            nodes[near]
        ]
        round_m[~np.isfinite(round_m)] = 0.0
        if round_m.max() > best_m:
            best_m = float(round_m.max())
            best = (int(nodes[near[0]]), int(nodes[near[int(round_m.argmax())]]))
    if best is not None:
        network.ferries.append((int(lattice.cells[best[0]]), int(lattice.cells[best[1]])))
