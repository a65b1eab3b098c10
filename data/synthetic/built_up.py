"""What stands on the ground: built-up share and residents of each cell, and the codes they give."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from data.synthetic.lattice import CELL_M, Bools, Floats, Ints, Lattice
from data.synthetic.roads import CLASSES, RoadNetwork
from data.synthetic.scales import Scale, random_for
from data.synthetic.settlements import Settlements
from data.synthetic.terrain import Terrain, noise

_JOINED = 0.3
"""Built-up share from which neighbouring cells count as one settlement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltUp:
    """``built``: share of each cell under buildings and streets, 0 to 1; ``residents`` per cell."""

    built: Floats
    residents: Floats


def make_built_up(
    scale: Scale,
    terrain: Terrain,
    lattice: Lattice,
    settlements: Settlements,
    network: RoadNetwork,
    *,
    seed: int,
) -> BuiltUp:
    """Grow towns along their roads and villages round their centres."""
    rng = random_for(seed, "built")
    shape = terrain.grid.shape
    road = np.zeros(shape[0] * shape[1], dtype=bool)
    main = np.flatnonzero(network.rank <= CLASSES.index("secondary"))
    road[lattice.cells[lattice.u[main]]] = True
    road[lattice.cells[lattice.v[main]]] = True
    near_road = ndimage.gaussian_filter(road.reshape(shape).astype(float), 1.6)
    texture = noise(shape, rng, power=0.8, low_m=2_500)
    ground = np.exp(0.22 * texture + 9.0 * terrain.slope - 1.1 * near_road)
    dry = terrain.inside & ~terrain.lake & ~terrain.river
    built = np.zeros(shape)
    residents = np.zeros(shape)
    for size in _sizes(scale, settlements, terrain, rng):
        _grow(built, residents, ground, dry, size, rng)
    # Farmsteads between the villages: more on gentle ground and along roads.
    lone = dry * np.exp(-6.0 * terrain.slope + 0.5 * texture) * (0.5 + 2.0 * near_road)
    residents += lone * (0.1 * scale.population / lone.sum())
    residents *= scale.population / residents.sum()
    return BuiltUp(built=np.clip(built, 0.0, 1.0), residents=residents)


class _Size(NamedTuple):
    """One settlement: cell, residents, residents per km2 of its middle, and how solid it is."""

    cell: int
    people: float
    density: float
    solid: float


def _sizes(
    scale: Scale, settlements: Settlements, terrain: Terrain, rng: np.random.Generator
) -> list[_Size]:
    """List the sizes of all settlements."""
    n_city = min(2, settlements.district_seats.size)
    seats = set(settlements.district_seats.tolist())
    sizes = []
    for number, cell in enumerate(settlements.district_seats.tolist()):
        if number < n_city:
            share = (0.72, 0.28)[number] if n_city > 1 else 1.0
            sizes.append(_Size(cell, scale.city_population * share, 12_000.0, 0.97))
        else:
            sizes.append(_Size(cell, float(rng.uniform(55_000, 120_000)), 9_000.0, 0.92))
    for cell in settlements.township_seats[~settlements.is_street].tolist():
        if cell not in seats:
            tame = 1.0 - 0.6 * float(terrain.rough.ravel()[cell])
            sizes.append(_Size(cell, float(rng.lognormal(8.9, 0.5)) * tame, 5_500.0, 0.8))
    for cell in settlements.village_seats.tolist():
        tame = 1.0 - 0.6 * float(terrain.rough.ravel()[cell])
        sizes.append(_Size(cell, float(rng.lognormal(6.9, 0.45)) * tame, 3_200.0, 0.48))
    return sizes


def _grow(
    built: Floats,
    residents: Floats,
    ground: Floats,
    dry: Bools,
    size: _Size,
    rng: np.random.Generator,
) -> None:
    """Add one settlement: dense middle, thinner rim, scattered patches in the fringe."""
    cell, people, density, solidity = size
    core_m = np.sqrt(people / density / np.pi) * 1_000.0 * 1.35
    reach = int(np.ceil(3.2 * core_m / CELL_M)) + 1
    row, col = divmod(cell, built.shape[1])
    part = (
        slice(max(0, row - reach), row + reach + 1),
        slice(max(0, col - reach), col + reach + 1),
    )
    rows = np.arange(part[0].start, min(part[0].stop, built.shape[0])) - row
    cols = np.arange(part[1].start, min(part[1].stop, built.shape[1])) - col
    away = np.hypot(rows[:, None], cols[None, :]) * CELL_M * ground[part] / core_m
    solid = np.clip(1.55 - 0.95 * away, 0.0, solidity)
    patchy = rng.random(away.shape) < 0.75 * np.exp(-1.3 * np.clip(away - 0.9, 0.0, None))
    share = np.maximum(solid, patchy * solidity * 0.66 * np.exp(-0.75 * away)) * dry[part]
    built[part] = 1.0 - (1.0 - built[part]) * (1.0 - share)
    crowd = share**1.25 * np.exp(-0.7 * away) + 0.015 * np.exp(-1.1 * away) * dry[part]
    if crowd.sum() > 0:
        residents[part] += people * crowd / crowd.sum()


def urban_rural_codes(
    settlements: Settlements, built_up: BuiltUp, *, seed: int
) -> tuple[list[str], Bools]:
    """
    Give each village its class by the form of settlement, as the statistics bureau does.

    Built-up cells that join up make a patch. A village that the patch of the main
    city mostly covers is urban, one that it reaches into is fringe; the same for
    towns. Nothing here is a distance or a density of residents.

    Returns
    -------
    codes, is_township
        One code a village; and whether a township is a rural one (乡) instead of a town.
    """
    rng = random_for(seed, "codes")
    patch, _ = ndimage.label(
        ndimage.binary_closing(built_up.built >= _JOINED, np.ones((3, 3))), np.ones((3, 3))
    )
    n_city = min(2, settlements.district_seats.size)
    city = np.isin(patch, patch.ravel()[settlements.district_seats[:n_city]]) & (patch > 0)
    small = _small_townships(settlements, built_up, rng)
    towns = settlements.township_seats[~settlements.is_street & ~small]
    town = np.isin(patch, patch.ravel()[towns]) & (patch > 0) & ~city
    cells = np.bincount(patch.ravel())
    town &= cells[patch] >= 6
    in_city, in_town = _shares(settlements, city), _shares(settlements, town)
    codes = np.full(settlements.village_seats.size, "220", dtype=object)
    seat = settlements.township_village
    codes[in_town >= 0.03] = "122"
    codes[in_town >= 0.45] = "121"
    codes[seat[small]] = "210"
    codes[seat[~settlements.is_street & ~small]] = "121"
    codes[in_city >= 0.03] = "112"
    codes[in_city >= 0.6] = "111"
    for special in rng.choice(np.flatnonzero(codes == "220"), 2 + n_city, replace=False):
        codes[special] = "123"
    return [str(code) for code in codes], small


def _small_townships(
    settlements: Settlements, built_up: BuiltUp, rng: np.random.Generator
) -> Bools:
    """Choose the rural townships: the least peopled third, more or less."""
    people = np.bincount(
        np.maximum(settlements.township_of, 0),
        weights=np.where(settlements.township_of >= 0, built_up.residents.ravel(), 0.0),
        minlength=settlements.township_seats.size,
    )
    score = np.log(people + 1.0) + rng.normal(0.0, 0.25, people.size)
    score[settlements.is_street] = np.inf
    score[np.isin(settlements.township_seats, settlements.district_seats)] = np.inf
    made: Bools = score < np.quantile(score[np.isfinite(score)], 0.33)
    return made


def _shares(settlements: Settlements, patch: Bools) -> Floats:
    """Give the share of each village's ground that a patch covers, 0 to 1."""
    village: Ints = settlements.village_of
    inside = village >= 0
    n = settlements.village_seats.size
    whole = np.bincount(village[inside], minlength=n)
    part = np.bincount(village[inside], weights=patch.ravel()[inside], minlength=n)
    return part / np.maximum(whole, 1)
