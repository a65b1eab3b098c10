"""Small frames of records for the tests of the store."""

from datetime import datetime

import pandas as pd

from data.schema import KINDS, TIME_ZONE


def moment(text):
    """Return an instant in Shanghai from ISO text."""
    return datetime.fromisoformat(text).replace(tzinfo=TIME_ZONE)


def records(kind, *rows):
    """Return a frame of records with the types that ``data/frames.py`` asks for."""
    frame = pd.DataFrame(list(rows))
    for column in KINDS[kind].columns:
        if column.name not in frame:
            continue
        if column.type == "date":
            frame[column.name] = pd.to_datetime(frame[column.name])
        elif column.type == "instant":
            times = pd.to_datetime(frame[column.name])
            frame[column.name] = times.dt.tz_localize("Asia/Shanghai")
    return frame


def complaint(complaint_id="C1", received_at="2025-03-01 10:00", **more):
    """Return one lead as a mapping, the required columns filled."""
    given = {"channel": "web", "topic": "hygiene", "area_code": "990101001"}
    return {"complaint_id": complaint_id, "received_at": received_at, **given, **more}


def facility(facility_id="F1", **more):
    """Return one facility as a mapping, the required columns filled."""
    given = {"name": "测试诊所", "kind": "private_clinic", "area_code": "990101001"}
    return {"facility_id": facility_id, **given, **more}


def inspection(inspection_id="I1", started_at="2025-03-01 10:00", **more):
    """Return one inspection as a mapping, the required columns filled."""
    given = {"kind": "routine", "result": "pass"}
    return {"inspection_id": inspection_id, "started_at": started_at, **given, **more}
