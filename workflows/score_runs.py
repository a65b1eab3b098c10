"""Which scores are current, as of when, and their tables as files."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd

from data.schema import TIME_ZONE
from data.scope import Scope
from data.store import scores
from data.store.engine import Store
from data.store.rows import known_span
from errors import NoDataError

FRESH_DAYS = 14
"""Data that ends longer ago is looked at as of its own end: a past extract, not a living store."""

CELL_COLUMNS = ("cell_id", "lon", "lat", "score", "mean", "lo", "hi", "p_hidden", "knowledge")
FACILITY_COLUMNS = ("facility_id", "p", "lo", "hi", "reasons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How many rows the two tables hold."""

    n_cells: int
    n_facilities: int


def default_as_of(store: Store, *, now: datetime) -> datetime:
    """
    Return the moment up to which the store is worth looking at.

    That is ``now`` for a store that is fed, and the midnight after the last
    event for an extract that ends more than two weeks ago.
    """
    span = known_span(store)
    if span is None or span[1] >= now - timedelta(days=FRESH_DAYS):
        return now
    last = span[1].astimezone(TIME_ZONE).date()
    return datetime.combine(last + timedelta(days=1), datetime.min.time(), tzinfo=TIME_ZONE)


def week_of(day: date) -> date:
    """Return the Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())


def next_week(as_of: datetime) -> date:
    """Return the Monday after ``as_of``: the week that is planned next."""
    day = as_of.astimezone(TIME_ZONE).date()
    return week_of(day) + timedelta(days=7)


def write_scores(
    store: Store,
    run_id: str,
    *,
    scope: Scope,
    cells: Path | None,
    facilities: Path | None,
) -> Written:
    """Write the scores of a run to parquet or CSV files (FORMATS section 2)."""
    cell_rows = scores.load_cell_scores(store, run_id, scope=scope)
    facility_rows = scores.load_facility_scores(store, run_id, scope=scope)
    for rows, columns, path in (
        (cell_rows, CELL_COLUMNS, cells),
        (facility_rows, FACILITY_COLUMNS, facilities),
    ):
        if path is not None:
            _write(rows[list(columns)], path)
    return Written(n_cells=len(cell_rows), n_facilities=len(facility_rows))


def _write(rows: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        rows.to_parquet(path, index=False)
    elif path.suffix == ".csv":
        rows.to_csv(path, index=False)
    else:
        raise NoDataError("{file} 应以 .parquet 或 .csv 结尾", file=path.name)
