"""Which scores are current, as of when, and their tables as files."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from data.scope import Scope
from data.store import scores
from data.store.engine import Store
from data.store.rows import known_span
from errors import NoDataError
from workflows.weeks import local_day, midnight

FRESH_DAYS = 14
"""Data that ends longer ago is looked at as of its own end: a past extract, not a living store."""

CELL_COLUMNS = ("cell_id", "lon", "lat", "score", "mean", "lo", "hi", "p_hidden", "knowledge")
TABLE_FORMATS = (".parquet", ".csv")
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
    return midnight(local_day(span[1]) + timedelta(days=1))


def check_tables(*paths: Path | None) -> None:
    """Raise NoDataError where a table is wanted in a format that is not written."""
    for path in filter(None, paths):
        if path.suffix not in TABLE_FORMATS:
            raise NoDataError("{file} 应以 .parquet 或 .csv 结尾", file=path.name)


def write_scores(
    store: Store,
    run_id: str,
    *,
    scope: Scope,
    cells: Path | None,
    facilities: Path | None,
) -> Written:
    """Write the scores of a run to parquet or CSV files (docs/formats.md)."""
    check_tables(cells, facilities)
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
    else:
        rows.to_csv(path, index=False)
