"""Small made-up source frames: a few facilities, visits, reports around one place."""

from datetime import datetime, timedelta

import geopandas as gpd
import pandas as pd
import shapely

from data.schema import TIME_ZONE
from risk import features

AS_OF = datetime(2026, 3, 2, tzinfo=TIME_ZONE)
LON, LAT = 112.45, 23.05


def day(days_ago):
    """Midnight so many days before ``AS_OF``, without a zone."""
    return pd.Timestamp((AS_OF - timedelta(days=days_ago)).replace(tzinfo=None))


def instant(days_ago):
    """Noon of that day, Asia/Shanghai."""
    return pd.Timestamp(AS_OF - timedelta(days=days_ago)) + pd.Timedelta(hours=12)


def facilities(n=4, **columns):
    """``n`` private clinics 500 m apart from west to east."""
    return pd.DataFrame(
        {
            "facility_id": [f"F{i}" for i in range(n)],
            "name": [f"示例诊所{i}" for i in range(n)],
            "kind": "private_clinic",
            "lon": [LON + 0.005 * i for i in range(n)],
            "lat": LAT,
            **columns,
        }
    )


def inspections(rows):
    """Rows of (facility or None, days ago, result)."""
    return pd.DataFrame(
        [
            {
                "inspection_id": f"I{number}",
                "started_at": instant(days_ago),
                "kind": "routine" if facility else "sweep",
                "facility_id": facility,
                "lon": None if facility else LON,
                "lat": None if facility else LAT,
                "result": result,
                "topics": "medical_waste" if result == "violation" else None,
            }
            for number, (facility, days_ago, result) in enumerate(rows)
        ]
    )


def complaints(days_ago, *, topic="unlicensed_practice", lon=LON, lat=LAT, **columns):
    """One report per entry of ``days_ago``, all at one point."""
    return pd.DataFrame(
        {
            "complaint_id": [f"C{i}" for i in range(len(days_ago))],
            "received_at": [instant(d) for d in days_ago],
            "channel": "hotline_12345",
            "topic": topic,
            "lon": lon,
            "lat": lat,
            **columns,
        }
    )


def cases(days_ago, *, topic="unlicensed_practice", lon=LON, lat=LAT, **columns):
    """One case per entry of ``days_ago``, all at one point."""
    return pd.DataFrame(
        {
            "case_id": [f"K{i}" for i in range(len(days_ago))],
            "opened_on": [day(d) for d in days_ago],
            "topic": topic,
            "lon": lon,
            "lat": lat,
            **columns,
        }
    )


def areas(width=0.06, height=0.04):
    """One district with two townships, west and east, population 20,000 and 5,000."""
    west, middle, east = LON - width, LON, LON + width
    south, north = LAT - height, LAT + height
    return gpd.GeoDataFrame(
        {
            "area_code": ["990101", "990101001", "990101002"],
            "name": ["示例县", "西镇", "东乡"],
            "level": ["district", "township", "township"],
            "parent_code": [None, "990101", "990101"],
            "urban_rural_code": [None, "112", "220"],
            "population": [None, 20_000.0, 5_000.0],
        },
        geometry=[
            shapely.box(west, south, east, north),
            shapely.box(west, south, middle, north),
            shapely.box(middle, south, east, north),
        ],
        crs=4326,
    )


def frames(**kinds):
    """Source frames of the kinds given; all others empty."""
    shapes = kinds.pop("areas", None)
    return features.source_frames(kinds, areas=shapes)
