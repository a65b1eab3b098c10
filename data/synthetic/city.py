"""Make the whole demo city and write its files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.records import Message
from data.synthetic import (
    areas,
    built_up,
    calibration,
    casework,
    ledgers,
    lines,
    manpower,
    names,
    roads,
    settlements,
    terrain,
    writing,
)
from data.synthetic.built_up import BuiltUp
from data.synthetic.calibration import Target
from data.synthetic.hidden import Hidden
from data.synthetic.history import History
from data.synthetic.inspecting import Inspecting
from data.synthetic.institutions import MEDICAL, Institutions, make_institutions
from data.synthetic.lattice import Lattice
from data.synthetic.lines import Ground, RoadLines
from data.synthetic.places import CITY_CODE, Places, make_places
from data.synthetic.reporting import Reporting, reporting_table
from data.synthetic.scales import END, SCALES, Scale, campaign_dates, week_starts
from data.synthetic.settlements import Settlements
from data.synthetic.staff import Staff, make_staff
from data.synthetic.terrain import Terrain

Progress = Callable[[float, Message], None]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSummary:
    """What was written: file names, rows by kind, and the calibration of the campaign."""

    folder: Path
    files: tuple[str, ...]
    n_rows: dict[str, int]
    campaign: tuple[date, date]
    targets: tuple[Target, ...]
    fringe_share: float


def make_city(
    out: Path,
    *,
    seed: int,
    scale: str = "prefecture",
    end: date = END,
    progress: Progress | None = None,
) -> DemoSummary:
    """
    Make up a city and write its source files, and apart from them its truth.

    Parameters
    ----------
    out
        Folder, made if it is not there. The files of FORMATS section 1 go there,
        what is really hidden where goes to ``truth/``, which no import reads.
    seed
        The same seed gives the same bytes.
    scale
        A key of ``scales.SCALES``.
    end
        Last day of the two years of history, a Sunday.
    progress
        Told the share done, 0 to 1, and what is done next.

    Raises
    ------
    ValueError
        If the scale is unknown or ``end`` is no Sunday.
    """
    if scale not in SCALES or end.weekday() != 6:  # noqa: PLR2004
        msg = f"scale must be one of {sorted(SCALES)} and end a Sunday, got {scale} and {end}"
        raise ValueError(msg)
    tell = progress or (lambda _share, _message: None)
    tell(0.02, Message("正在生成地形和道路"))
    land = make_land(SCALES[scale], seed=seed)
    tell(0.5, Message("正在生成机构和两年历史"))
    world = _make_world(land, end=end, seed=seed)
    tell(0.8, Message("正在写入演示数据文件"))
    return _write(out, land, world, end=end)


def make_land(scale: Scale, *, seed: int) -> Land:
    """Make the geography alone."""
    ground_of_all = terrain.make_terrain(scale, seed=seed)
    lattice = Lattice(ground_of_all.inside)
    seats = settlements.make_settlements(scale, ground_of_all, lattice, seed=seed)
    network, cost = roads.make_main_roads(ground_of_all, lattice, seats, seed=seed)
    built = built_up.make_built_up(scale, ground_of_all, lattice, seats, network, seed=seed)
    roads.add_lanes(ground_of_all, lattice, seats, network, cost, built=built.built, seed=seed)
    codes, small = built_up.urban_rural_codes(ground_of_all, seats, built, seed=seed)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    institutions: Institutions
    staff: Staff
    hidden: Hidden
    reporting: Reporting
    history: History
    tables: dict[str, pd.DataFrame]
    targets: tuple[Target, ...]


def _make_world(land: Land, *, end: date, seed: int) -> _World:
    """Let the institutions, the hidden sites and the two years of history happen."""
    scale, places, campaign = land.scale, land.places, campaign_dates(end)
    institutions = make_institutions(scale, places, land.ground, end=end, seed=seed)
    staff = make_staff(scale, places, institutions.table, end=end, seed=seed)
    hidden = Hidden(scale, land.terrain, places, institutions, land.ground, seed=seed)
    reporting = Reporting(places, institutions, seed=seed)
    inspecting = Inspecting(scale, places, institutions, staff, seed=seed)
    history = History(scale, institutions, hidden, reporting, inspecting, end=end, seed=seed)
    history.run()
    casework.settle(history.cases, scale, campaign=campaign, end=end, seed=seed)
    calls = manpower.trim(history.calls, scale, institutions, campaign=campaign, seed=seed)
    manpower.join_departments(calls, scale, campaign=campaign, first=week_starts(end)[0], seed=seed)
    manpower.send_more(calls, scale, staff, campaign=campaign, seed=seed)
    numbers = ledgers.Numbers(reporting.leads, calls, history.cases)
    tables = {
        "facilities": institutions.table,
        "complaints": ledgers.complaints(numbers, institutions, places, end=end, seed=seed),
        "cases": ledgers.cases(numbers, institutions, places),
        "inspections": ledgers.inspections(numbers, institutions, places, staff, end=end),
        "persons": ledgers.persons(numbers, hidden, places, end=end, seed=seed),
        "campaigns": ledgers.campaigns(places, end=end),
        "officers": staff.officers,
        "absences": staff.absences,
        "recusals": staff.recusals,
        "areas": _area_table(land),
    }
    return _World(
        institutions=institutions,
        staff=staff,
        hidden=hidden,
        reporting=reporting,
        history=history,
        tables=tables,
        targets=calibration.calibration(tables, campaign=campaign, share=scale.share),
    )


def _area_table(land: Land) -> pd.DataFrame:
    """List city, counties, townships and villages, in this order."""
    p = land.places
    v, t, d = p.villages, p.townships, p.districts
    by_town = v.groupby("township")["residents"].sum()
    by_district = v.groupby("district")["residents"].sum()
    rows = [(CITY_CODE, names.CITY_NAME, "city", None, None, float(v["residents"].sum()))]
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


def _write(out: Path, land: Land, world: _World, *, end: date) -> DemoSummary:
    """Write everything as the bureau's departments send it."""
    out.mkdir(parents=True, exist_ok=True)
    tables = world.tables
    _write_land(out, land, tables["areas"])
    facilities = tables["facilities"]
    medical = facilities[facilities["kind"].isin(MEDICAL)]
    shops = facilities[~facilities["kind"].isin(MEDICAL)].copy()
    shops["lon"], shops["lat"] = writing.to_gcj02(shops["lon"].to_numpy(), shops["lat"].to_numpy())
    gb = {"encoding": "gb18030"}
    writing.write_csv(out / "机构-医疗机构.csv", "facilities", medical, **gb)
    writing.write_csv(out / "机构-美容养生药店.csv", "facilities", shops, datum="GCJ-02", **gb)
    until = f"（截至{end.year}年{end.month}月{end.day}日）"
    city = names.CITY_NAME
    sheets = {
        "complaints": f"{city}医疗监督线索登记表{until}",
        "cases": f"{city}卫生健康行政处罚案件台账{until}",
        "campaigns": None,
        "officers": f"{city}卫生监督执法人员名册",
    }
    files = {"complaints": "线索", "cases": "案件", "campaigns": "专项行动", "officers": "执法人员"}
    for kind, title in sheets.items():
        writing.write_xlsx(out / f"{files[kind]}.xlsx", kind, tables[kind], title=title)
    utf8 = {"encoding": "utf-8-sig"}
    writing.write_csv(out / "检查.csv", "inspections", tables["inspections"], **utf8)
    writing.write_csv(out / "人员.csv", "persons", tables["persons"], **gb)
    writing.write_csv(out / "请假.csv", "absences", tables["absences"], **utf8)
    writing.write_csv(out / "回避.csv", "recusals", tables["recusals"], **gb)
    _write_truth(out / "truth", land, world, end=end)
    return DemoSummary(
        folder=out,
        files=tuple(sorted(path.name for path in out.iterdir() if path.is_file())),
        n_rows={kind: len(table) for kind, table in tables.items()},
        campaign=campaign_dates(end),
        targets=world.targets,
        fringe_share=calibration.fringe_share(tables),
    )


def _write_land(out: Path, land: Land, table: pd.DataFrame) -> None:
    """Write areas, roads and residents."""
    towns = areas.dissolve(
        land.shapes, land.settlements.village_township, len(land.places.townships)
    )
    counties = areas.dissolve(towns, land.settlements.township_district, len(land.places.districts))
    whole = areas.dissolve(counties, np.zeros(len(counties), dtype=np.int64), 1)
    shapes = land.ground.lines_to_degrees(np.concatenate([whole, counties, towns, land.shapes]))
    writing.write_gpkg(
        out / "区划.gpkg",
        {name: table[name].tolist() for name in table.columns},
        shapely.multipolygons([shapely.get_parts(shape) for shape in shapes]),
        geometry="MultiPolygon",
    )
    r = land.roads
    fields = {"highway": r.highway, "oneway": r.oneway, "maxspeed": r.maxspeed}
    writing.write_gpkg(out / "道路.gpkg", fields, r.lines, geometry="LineString")
    residents = land.built_up.residents
    rows, cols = (size // 2 * 2 for size in residents.shape)
    blocks = residents[:rows, :cols].reshape(rows // 2, 2, cols // 2, 2).sum(axis=(1, 3))
    row, col = np.nonzero(blocks >= 0.5)  # noqa: PLR2004
    grid = land.terrain.grid
    x, y = grid.metres((row * 2) * grid.n_cols + col * 2)
    lon, lat = land.ground.degrees(*land.ground.shifted(x + 125.0, y + 125.0))
    people = pd.DataFrame({"lon": lon, "lat": lat, "population": blocks[row, col].round(1)})
    writing.write_csv(out / "人口.csv", "population", people, encoding="utf-8-sig")


def _write_truth(out: Path, land: Land, world: _World, *, end: date) -> None:
    """Write what nobody is supposed to know."""
    out.mkdir(parents=True, exist_ok=True)
    starts = week_starts(end)
    tables = {
        "sites": world.hidden.table(starts),
        "reporting": reporting_table(world.reporting, land.places),
    }
    for name, table in tables.items():
        table.to_parquet(out / f"{name}.parquet", index=False)
