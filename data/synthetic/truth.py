"""What nobody is supposed to know, written apart: sites, people, faults, silence, water."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from data.synthetic import areas, lines
from data.synthetic.hidden import Hidden
from data.synthetic.history import History
from data.synthetic.institutions import Institutions
from data.synthetic.lattice import CELL_M
from data.synthetic.lines import Ground, RoadLines
from data.synthetic.places import Places
from data.synthetic.reporting import Reporting, reporting_table
from data.synthetic.scales import N_WEEKS, week_starts
from data.synthetic.slips import SLIPS
from data.synthetic.staff import Staff
from data.synthetic.terrain import Terrain


def write_people_and_sites(
    out: Path,
    *,
    places: Places,
    institutions: Institutions,
    staff: Staff,
    hidden: Hidden,
    reporting: Reporting,
    history: History,
    end: date,
) -> None:
    """Write who worked where from when to when, who speaks up, and who sees well."""
    starts = week_starts(end)
    faults = _faults(history, institutions, starts)
    tables = {
        "sites": pd.concat(
            [hidden.table(starts), _back_rooms(faults, institutions)], ignore_index=True
        ),
        "practitioners": _practitioners(hidden, places),
        "tracks": _tracks(hidden, places, starts),
        "faults": faults,
        "reporting": reporting_table(reporting, places),
        "inspectors": staff.officers[["officer_id", "ability"]].round(3),
        "slips": pd.DataFrame(
            {
                "kind": [slip.kind for slip in SLIPS],
                "record_id": [slip.record_id for slip in SLIPS],
                "column": [slip.column for slip in SLIPS],
            }
        ),
    }
    for name, table in tables.items():
        table.to_parquet(out / f"{name}.parquet", index=False)


def write_land(out: Path, *, terrain: Terrain, ground: Ground, roads: RoadLines) -> None:
    """Write the water, the bridges and the passes (WKB, degrees): no kind of file holds them."""
    rivers, size = lines.river_lines(terrain, ground)
    lakes = areas.mask_polygons(terrain.lake, terrain.grid, ground)
    shapes = ground.lines_to_degrees(np.concatenate([rivers, lakes]))
    pd.DataFrame(
        {
            "kind": ["river"] * len(rivers) + ["lake"] * len(lakes),
            "catchment_km2": [*size.round(1).tolist(), *[np.nan] * len(lakes)],
            "shape": shapely.to_wkb(shapes),
        }
    ).to_parquet(out / "water.parquet", index=False)
    bridges = roads.lines[roads.bridges]
    points = shapely.get_coordinates(shapely.line_interpolate_point(bridges, 0.5, normalized=True))
    highway = [
        name for name, is_bridge in zip(roads.highway, roads.bridges, strict=True) if is_bridge
    ]
    pd.DataFrame(
        {
            "lon": points[:, 0],
            "lat": points[:, 1],
            "highway": highway,
            "shape": shapely.to_wkb(bridges),
        }
    ).to_parquet(out / "bridges.parquet", index=False)
    rows, cols = np.nonzero(terrain.inside)
    lon, lat = ground.place(np.ravel_multi_index((rows[::16], cols[::16]), terrain.grid.shape))
    pd.DataFrame(
        {"lon": lon, "lat": lat, "height_m": terrain.height_m[rows[::16], cols[::16]].round(1)}
    ).assign(cell_m=CELL_M).to_parquet(out / "heights.parquet", index=False)


def _practitioners(hidden: Hidden, places: Places) -> pd.DataFrame:
    codes = places.villages["code"].to_numpy()
    return pd.DataFrame(
        {
            "practitioner_id": [f"P{person.number:04d}" for person in hidden.people],
            "kind": [person.kind for person in hidden.people],
            "home_code": [codes[person.home] for person in hidden.people],
            "circuit_codes": [";".join(codes[person.circuit]) for person in hidden.people],
            "is_stopped": [person.is_stopped for person in hidden.people],
        }
    )


def _tracks(hidden: Hidden, places: Places, starts: list[date]) -> pd.DataFrame:
    """Give the village in which each itinerant practitioner works, week by week."""
    codes = places.villages["code"].to_numpy()
    rows = [
        (f"P{site.practitioner:04d}", starts[week], codes[site.village])
        for site in hidden.sites
        if site.kind == "itinerant"
        for week in range(max(0, site.from_week), min(N_WEEKS, site.to_week))
    ]
    table = pd.DataFrame(rows, columns=["practitioner_id", "week_start", "village_code"])
    return table.sort_values(["practitioner_id", "week_start"], kind="stable")


def _faults(history: History, institutions: Institutions, starts: list[date]) -> pd.DataFrame:
    """Give the spells in which each facility had each fault; ``to_on`` is the first day without."""
    ids = institutions.table["facility_id"].to_numpy()
    began = {
        (facility, topic): 0
        for topic, has in history.first_faults.items()
        for facility in np.flatnonzero(has).tolist()
    }
    rows: list[tuple[str, str, date, date | None]] = []
    for change in history.fault_ends:
        key = (change.facility, change.topic)
        if change.is_back:
            began[key] = change.week
        elif key in began:
            rows.append((ids[key[0]], key[1], starts[began.pop(key)], starts[change.week]))
    rows += [
        (ids[facility], topic, starts[week], None) for (facility, topic), week in began.items()
    ]
    table = pd.DataFrame(rows, columns=["facility_id", "topic", "from_on", "to_on"])
    return table.sort_values(["facility_id", "topic", "from_on"], kind="stable")


def _back_rooms(faults: pd.DataFrame, institutions: Institutions) -> pd.DataFrame:
    """Give the parlours with an unlicensed cosmetic procedure as hidden sites of their own."""
    mine = faults[faults["topic"] == "illegal_cosmetic"].reset_index(drop=True)
    parlour = institutions.table.set_index("facility_id").loc[mine["facility_id"]]
    to_on = pd.to_datetime(mine["to_on"])
    return pd.DataFrame(
        {
            "site_id": [f"R{number:04d}" for number in range(len(mine))],
            "kind": "backroom",
            "practitioner_id": None,
            "village_code": parlour["area_code"].to_numpy(),
            "lon": parlour["lon"].to_numpy(),
            "lat": parlour["lat"].to_numpy(),
            "facility_id": mine["facility_id"],
            "from_on": pd.to_datetime(mine["from_on"]),
            "to_on": to_on,
            "ended": np.where(to_on.isna(), "", "found"),
            "found_on": to_on,
        }
    )
