"""Payloads made up for the browser tests: one round county, any number of cells."""

from collections.abc import Sequence
from datetime import date, datetime

import h3
import numpy as np
import pandas as pd

from data.records import Plan, Route, Stop, Team, Visit
from data.schema import TIME_ZONE
from workflows import map_layers

AS_OF = datetime(2026, 11, 23, tzinfo=TIME_ZONE)
LON, LAT = 112.9, 28.2


def cells(n_cells: int, *, names: Sequence[str] = ("东桥镇", "沙渡镇", "石坪镇")) -> dict:
    """Return a payload of about ``n_cells`` cells round one place."""
    n_rings = round((-3 + np.sqrt(12 * n_cells - 3)) / 6)
    ids = sorted(h3.grid_disk(h3.latlng_to_cell(LAT, LON, 8), n_rings))
    rng = np.random.default_rng(7)
    lat, lon = np.array([h3.cell_to_latlng(cell) for cell in ids]).T
    far = np.hypot(lon - LON, lat - LAT) / max(np.hypot(lon - LON, lat - LAT).max(), 1e-9)
    p = np.clip(0.75 * np.exp(-(far**2) * 14) + rng.gamma(0.6, 0.03, len(ids)), 0.001, 0.97)
    seen = pd.Timestamp("2026-11-22") - pd.to_timedelta(rng.integers(1, 900, len(ids)), "D")
    is_fringe = (far > 0.25) & (far < 0.42)
    frame = pd.DataFrame({
        "cell_id": ids, "lon": lon, "lat": lat,
        "p_hidden": p, "p_lo": p * 0.6, "p_hi": np.minimum(p * 1.6, 1), "score": p * 3,
        "knowledge": 1 - far,
        "last_visit_on": pd.Series(seen).where(rng.random(len(ids)) > 0.2 * far),
        "population": np.where(far > 0.93, 0, 1000),
        "area_name": [names[k % len(names)] for k in range(len(ids))],
        "urban_rural_code": np.where(is_fringe, "112", None), "class_source": "code",
    })  # fmt: skip
    return map_layers.cells_layer(frame, as_of=AS_OF)


def facilities(names: Sequence[str]) -> dict:
    """Return a payload of one facility per name, along a line through the county."""
    kinds = ["hospital", "private_clinic", "village_clinic", "dental_clinic", "beauty_parlour"]
    kinds += ["pharmacy", "community_health_centre", "other"]
    n = len(names)
    frame = pd.DataFrame({
        "facility_id": [f"F{k}" for k in range(n)], "name": names,
        "kind": [kinds[k % len(kinds)] for k in range(n)],
        "lon": LON + (np.arange(n) - n / 2) * 0.012, "lat": LAT + 0.004 * (np.arange(n) % 5),
        "p": np.where(np.arange(n) % 7 == 0, np.nan, (np.arange(n) % 10) / 15),
    })  # fmt: skip
    return map_layers.facilities_layer(frame, as_of=AS_OF)


def leads() -> dict:
    """Return a payload of some open and closed leads."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({
        "lon": LON + rng.normal(0, 0.06, 40), "lat": LAT + rng.normal(0, 0.05, 40),
        "status": ["closed" if k % 3 == 0 else "assigned" for k in range(40)],
        "closed_on": pd.NaT,
    })  # fmt: skip
    return map_layers.leads_layer(frame)


def cases() -> dict:
    """Return a payload of nine cases, one with a den destroyed."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({
        "case_id": [f"A{k}" for k in range(9)],
        "lon": LON + rng.normal(0, 0.07, 9), "lat": LAT + rng.normal(0, 0.06, 9),
        "topic": "unlicensed_practice", "opened_on": pd.Timestamp("2026-11-02"),
        "den_destroyed": [1.0, *[0.0] * 8],
    })  # fmt: skip
    return map_layers.cases_layer(frame, days=30)


def areas(*, radius: float = 0.17) -> dict:
    """Return a payload of one district in four quarters."""
    import shapely

    def quarter(k: int) -> shapely.Geometry:
        turn = np.linspace(k * np.pi / 2, (k + 1) * np.pi / 2, 24)
        ring = [
            (LON, LAT),
            *zip(LON + radius * np.cos(turn), LAT + radius * np.sin(turn), strict=True),
        ]
        return shapely.Polygon(ring)

    quarters = [quarter(k) for k in range(4)]
    names = ["石坪镇", "柳塘镇", "花田镇", "云坪乡"]
    rows = [
        (f"43010{k}", name, "township", q)
        for k, (name, q) in enumerate(zip(names, quarters, strict=True))
    ]
    rows.append(("430100", "禾溪县", "district", shapely.union_all(quarters)))
    frame = pd.DataFrame(rows, columns=["area_code", "name", "level", "shape"])
    frame["shape"] = shapely.to_wkb(frame["shape"].to_numpy())
    frame["urban_rural_code"] = None
    return map_layers.areas_layer(frame)


def plan(*, n_teams: int = 3, names: Sequence[str] = ("下坪村卫生室",)) -> Plan:
    """Return a plan of ``n_teams`` teams on two days, five stops each."""
    teams = tuple(
        Team(team_id=f"T{k}", officer_ids=(f"O{k}", f"P{k}"), base_lon=LON, base_lat=LAT,
             days=(0, 1, 2, 3, 4))
        for k in range(n_teams)
    )  # fmt: skip

    def stop(k: int, day: int, i: int) -> Stop:
        turn = 2 * np.pi * (k + 0.16 * i) / n_teams + day
        far = 0.05 + 0.015 * i
        visit = Visit(
            visit_id=f"V{k}{day}{i}", kind="facility", place_name=names[i % len(names)],
            lon=LON + far * float(np.cos(turn)), lat=LAT + far * float(np.sin(turn)),
            prize=100, service_s=2700, windows=((day, 30600, 61200),),
        )  # fmt: skip
        start = 30600 + 4500 * i
        return Stop(visit=visit, arrive_s=start, start_s=start, depart_s=start + 2700)

    routes = tuple(
        Route(team_id=f"T{k}", day=day, leave_s=30000, back_s=60000, travel_s=5000,
              stops=tuple(stop(k, day, i) for i in range(5)))
        for k in range(n_teams)
        for day in (0, 1)
    )  # fmt: skip
    return Plan(
        plan_id="P1", week_start=date(2026, 11, 30), district_code=None, as_of=AS_OF,
        created_at=AS_OF, status="draft", seed=1, teams=teams, routes=routes, left_out=(),
        prize=100, upper_bound=110, travel_s=5000, travel_is_estimate=False, runtime_s=1.0,
    )  # fmt: skip
