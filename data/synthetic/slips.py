"""Slips of the pen: rows that an import must refuse, and rows sent twice."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.synthetic.scales import random_for


@dataclass(frozen=True, slots=True)
class Slip:
    """One planted row: kind of record, id of the row, the column that is wrong and its value."""

    kind: str
    record_id: str
    column: str
    value: object


SLIPS = (
    Slip("complaints", "XS2025E0001", "received_at", None),
    Slip("complaints", "XS2025E0002", "topic", "看病难"),
    Slip("complaints", "XS2026E0003", "received_at", "2026年2月31日"),
    Slip("facilities", "F90001", "lat", 125.3512),
    Slip("facilities", "F90002", "kind", "卫生所门诊"),
    Slip("inspections", "JC2025E00001", "result", None),
    Slip("inspections", "JC2026E00002", "started_at", "昨天下午"),
    Slip("cases", "AJ2026E0001", "fine_yuan", -3000.0),
)
"""Every row that an import must refuse, and no other."""
_N_TWICE = 4


def with_slips(kind: str, table: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """
    Add the planted rows of a kind at the end, and send a few good rows twice.

    The counts of the city are taken before: what is refused or sent twice is in none.
    """
    rng = random_for(seed, f"slips {kind}")
    key = {"facilities": "facility_id", "complaints": "complaint_id", "cases": "case_id"}
    mine = [slip for slip in SLIPS if slip.kind == kind]
    parts = [table.astype(object)]
    for slip in mine:
        row = table.iloc[[int(rng.integers(len(table)))]].astype(object).copy()
        row[key.get(kind, "inspection_id")] = slip.record_id
        row[slip.column] = slip.value
        parts.append(row)
    if kind in ("complaints", "inspections"):
        twice = rng.choice(len(table), min(_N_TWICE, len(table)), replace=False)
        parts.append(table.iloc[np.sort(twice)].astype(object))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else table
