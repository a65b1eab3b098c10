"""What was checked before at each facility: the counts that the yearly cap and the spacing ask."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from routing.rules import EXEMPT_GROUNDS, PastChecks

EXEMPT_KINDS = frozenset({"complaint", "reinspection", "special", "joint", "desk_check"})
"""Kinds that do not count towards the yearly cap where a record gives no coded ground."""
NO_VISIT = "desk_check"


def past_checks(inspections: pd.DataFrame, *, year: int, level: str) -> dict[str, PastChecks]:
    """
    Count the inspections of each facility in one calendar year.

    Parameters
    ----------
    inspections
        Columns facility_id, started_at (Asia/Shanghai), kind, and where the source has
        them ground and government_level.
    year
        Calendar year in Asia/Shanghai.
    level
        Level of government whose own cap is asked; a record without a level is of it.

    Returns
    -------
    checks
        Facility → counts; facilities without an inspection are absent.
    """
    rows = inspections[
        inspections["facility_id"].notna() & (inspections["started_at"].dt.year == year)
    ]
    counted: dict[str, list[int]] = {}
    levels = _column(rows, "government_level")
    for facility_id, kind, ground, own in zip(
        rows["facility_id"], rows["kind"], _column(rows, "ground"), levels, strict=True
    ):
        counts = counted.setdefault(str(facility_id), [0, 0, 0])
        if (kind in EXEMPT_KINDS) if pd.isna(ground) else (ground in EXEMPT_GROUNDS):
            counts[2] += 1
        else:
            counts[0] += bool(pd.isna(own) or own == level)
            counts[1] += 1
    return {
        facility_id: PastChecks(same_level=same, in_total=total, exempt=exempt)
        for facility_id, (same, total, exempt) in counted.items()
    }


def last_visits(inspections: pd.DataFrame) -> Mapping[str, date]:
    """Return the day of the last visit on site per facility."""
    rows = inspections[inspections["facility_id"].notna() & (inspections["kind"] != NO_VISIT)]
    last = rows.groupby("facility_id")["started_at"].max()
    return {str(facility_id): moment.date() for facility_id, moment in last.items()}


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows[name] if name in rows else pd.Series(None, index=rows.index, dtype=object)
