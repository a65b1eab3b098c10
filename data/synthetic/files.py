"""The demo city's source files: what each department of a bureau would send, and how."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from data.synthetic import names, slips, writing
from data.synthetic.institutions import MEDICAL
from data.synthetic.land import Land, area_shapes

_GB = "gb18030"
_UTF8 = "utf-8-sig"
_MIN_RESIDENTS = 2.0
"""Blocks of half a kilometre with fewer residents are left out of the population file."""


def write_ledgers(out: Path, tables: dict[str, pd.DataFrame], *, end: date, seed: int) -> None:
    """Write institutions, leads, cases, inspections and staff, slips of the pen included."""
    city, until = names.CITY_NAME, f"（截至{end.year}年{end.month}月{end.day}日）"
    sent = {kind: slips.with_slips(kind, table, seed=seed) for kind, table in tables.items()}
    facilities = sent["facilities"]
    medical = facilities[
        facilities["kind"].isin(MEDICAL) | facilities["facility_id"].str.startswith("F9")
    ]
    shops = facilities.drop(medical.index)
    shops["lon"], shops["lat"] = writing.to_gcj02(
        shops["lon"].to_numpy(dtype=float), shops["lat"].to_numpy(dtype=float)
    )
    writing.write_csv(out / "机构-医疗机构.csv", "facilities", medical, encoding=_GB)
    # The market regulator's list comes from a commercial map.
    writing.write_csv(
        out / "机构-美容养生药店.csv", "facilities", shops, encoding=_GB, datum="GCJ-02"
    )
    for kind, name, title in (
        ("complaints", "线索", f"{city}医疗监督线索登记表{until}"),
        ("cases", "案件", f"{city}卫生健康行政处罚案件台账{until}"),
        ("campaigns", "专项行动", None),
        ("officers", "执法人员", f"{city}卫生监督执法人员名册"),
    ):
        writing.write_xlsx(out / f"{name}.xlsx", kind, sent[kind], title=title)
    for kind, name, encoding in (
        ("inspections", "检查", _UTF8),
        ("persons", "人员", _GB),
        ("absences", "请假", _UTF8),
        ("recusals", "回避", _GB),
    ):
        writing.write_csv(out / f"{name}.csv", kind, sent[kind], encoding=encoding)


def write_land(out: Path, land: Land, table: pd.DataFrame) -> None:
    """Write areas, roads and residents; ``table`` lists the areas."""
    shapes = area_shapes(land)
    writing.write_gpkg(
        out / "区划.gpkg",
        {name: table[name].tolist() for name in table.columns},
        shapely.multipolygons([shapely.get_parts(shape) for shape in shapes]),
        geometry="MultiPolygon",
    )
    r = land.roads
    fields: dict[str, Sequence[object]] = {
        "highway": r.highway,
        "oneway": r.oneway,
        "maxspeed": r.maxspeed,
    }
    writing.write_gpkg(out / "道路.gpkg", fields, r.lines, geometry="LineString")
    residents = land.built_up.residents
    rows, cols = (size // 2 * 2 for size in residents.shape)
    blocks = residents[:rows, :cols].reshape(rows // 2, 2, cols // 2, 2).sum(axis=(1, 3))
    row, col = np.nonzero(blocks >= _MIN_RESIDENTS)
    kept = blocks[row, col] * (blocks.sum() / blocks[row, col].sum())
    grid = land.terrain.grid
    x, y = grid.metres((row * 2) * grid.n_cols + col * 2)
    lon, lat = land.ground.degrees(*land.ground.shifted(x + 125.0, y + 125.0))
    people = pd.DataFrame({"lon": lon, "lat": lat, "population": kept.round(1)})
    writing.write_csv(out / "人口.csv", "population", people, encoding="utf-8-sig")
