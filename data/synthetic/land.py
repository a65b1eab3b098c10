"""The whole geography of a made-up place, from the ground up."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.synthetic import areas, built_up, lines, names, roads, settlements, terrain
from data.synthetic.built_up import BuiltUp
from data.synthetic.lattice import Lattice
from data.synthetic.lines import Ground, RoadLines
from data.synthetic.places import CITY_CODE, Places, make_places
from data.synthetic.scales import Scale
from data.synthetic.settlements import Settlements
from data.synthetic.terrain import Terrain


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """The geography of a made-up place; ``shapes`` are villages in shifted metres."""

    scale: Scale
    terrain: Terrain
    lattice: Lattice
    settlements: Settlements
    built_up: BuiltUp
    ground: Ground
    places: Places
    roads: RoadLines
    shapes: NDArray[np.object_]


def make_land(scale: Scale, *, seed: int) -> Land:
    """Make the geography alone."""
    ground_of_all = terrain.make_terrain(scale, seed=seed)
    lattice = Lattice(ground_of_all.inside)
    seats = settlements.make_settlements(scale, ground_of_all, lattice, seed=seed)
    network, cost = roads.make_main_roads(ground_of_all, lattice, seats, seed=seed)
    built = built_up.make_built_up(scale, ground_of_all, lattice, seats, network, seed=seed)
    roads.add_lanes(ground_of_all, lattice, seats, network, cost, built=built.built, seed=seed)
    codes, small = built_up.urban_rural_codes(seats, built, seed=seed)
    ground = Ground(ground_of_all.grid, seed=seed)
    village_of = areas.tidy(ground_of_all, seats.village_of)
    return Land(
        scale=scale,
        terrain=ground_of_all,
        lattice=lattice,
        settlements=seats,
        built_up=built,
        ground=ground,
        places=make_places(
            seats,
            lattice,
            network,
            built,
            ground,
            village_of=village_of,
            codes=codes,
            small=small,
            seed=seed,
        ),
        roads=lines.road_lines(ground_of_all, lattice, seats, network, ground),
        shapes=areas.polygons(village_of, ground_of_all.grid, ground),
    )


def area_table(land: Land) -> pd.DataFrame:
    """List city, counties, townships and villages, in this order."""
    p = land.places
    v, t, d = p.villages, p.townships, p.districts
    by_town = v.groupby("township")["residents"].sum()
    by_district = v.groupby("district")["residents"].sum()
    rows: list[tuple[object, ...]] = [
        (CITY_CODE, names.CITY_NAME, "city", None, None, float(v["residents"].sum()))
    ]
    rows += [
        (code, name, "district", CITY_CODE, None, float(by_district[i]))
        for i, (code, name) in enumerate(zip(d["code"], d["name"], strict=True))
    ]
    rows += [
        (code, name, "township", d["code"][k], None, float(by_town[i]))
        for i, (code, name, k) in enumerate(zip(t["code"], t["name"], t["district"], strict=True))
    ]
    rows += [
        (code, name, "village", t["code"][k], form, float(people))
        for code, name, k, form, people in zip(
            v["code"], v["name"], v["township"], v["urban_rural_code"], v["residents"], strict=True
        )
    ]
    columns = ["area_code", "name", "level", "parent_code", "urban_rural_code", "population"]
    table = pd.DataFrame(rows, columns=columns)
    table["population"] = table["population"].round()
    return table


def area_shapes(land: Land) -> NDArray[np.object_]:
    """Give the polygons of ``area_table``, row by row, in degrees."""
    towns = areas.dissolve(
        land.shapes, land.settlements.village_township, len(land.places.townships)
    )
    counties = areas.dissolve(towns, land.settlements.township_district, len(land.places.districts))
    whole = areas.dissolve(counties, np.zeros(len(counties), dtype=np.int64), 1)
    return land.ground.lines_to_degrees(np.concatenate([whole, counties, towns, land.shapes]))
