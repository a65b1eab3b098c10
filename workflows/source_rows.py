"""What the models read of each kind of record, as known before a moment."""

from datetime import datetime

import pandas as pd

from data import frames
from data.scope import Scope
from data.store.engine import Store
from data.store.rows import load_rows
from risk import features
from risk.features import SourceFrames

_COLUMNS = {
    "facilities": (
        "facility_id", "name", "kind", "licence_expiry", "opened_on", "closed_on", "area_code",
        "lon", "lat", "location_precision", "risk_grade",
    ),
    "complaints": (
        "complaint_id", "received_at", "channel", "topic", "facility_id", "area_code", "lon",
        "lat", "location_precision", "status", "closed_on", "outcome",
    ),
    "cases": (
        "case_id", "opened_on", "topic", "facility_id", "area_code", "lon", "lat",
        "location_precision",
    ),
    "inspections": (
        "inspection_id", "started_at", "kind", "facility_id", "lon", "lat", "area_code",
        "location_precision", "result", "topics", "case_id", "officer_ids",
    ),
    "population": ("lon", "lat", "population"),
}  # fmt: skip
"""What the models read of each kind: no names of people, no words of a report."""


def load_frames(store: Store, *, scope: Scope, as_of: datetime) -> SourceFrames:
    """Load what the models read, as known before ``as_of`` and visible to the scope."""
    loaded: dict[str, pd.DataFrame] = {
        kind: load_rows(store, kind, scope=scope, as_of=as_of, columns=columns, joined=True)
        for kind, columns in _COLUMNS.items()
    }
    loaded["facilities"] = _without_coarse_points(loaded["facilities"])
    areas = load_rows(store, "areas", scope=scope, as_of=as_of)
    return features.source_frames(loaded, areas=frames.to_geo(areas) if len(areas) else None)


def _without_coarse_points(facilities: pd.DataFrame) -> pd.DataFrame:
    """Leave out points known only to the township: a cell must not gain clinics by a name."""
    coarse = facilities["location_precision"] == "township"
    return facilities.assign(lon=facilities["lon"].mask(coarse), lat=facilities["lat"].mask(coarse))
