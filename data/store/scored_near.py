"""Scored cells and facilities inside a box, for the small map of one place."""

import pandas as pd
from sqlalchemy import Table, false, select

from data import frames
from data.scope import Scope
from data.store import tables
from data.store.engine import Store
from data.store.queries import Box


def load(store: Store, run_id: str, box: Box, *, scope: Scope) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the facilities and the cells of a run with their point inside the box."""
    return (
        _inside(store, tables.facility_scores, run_id, box, scope),
        _inside(store, tables.cell_scores, run_id, box, scope),
    )


def _inside(store: Store, table: Table, run_id: str, box: Box, scope: Scope) -> pd.DataFrame:
    columns = [column for column in table.columns if column.name != "run_id"]
    west, south, east, north = box
    query = select(*columns).where(
        table.c.run_id == run_id,
        table.c.lon.between(west, east),
        table.c.lat.between(south, north),
    )
    if scope.districts is not None:
        codes = sorted(scope.districts)
        query = query.where(table.c.district_code.in_(codes) if codes else false())
    with store.read() as conn:
        rows = conn.execute(query.order_by(columns[0])).all()
    types = {c.name: "real" for c in columns if c.type.python_type in {float, int}}
    types["last_visit_on"] = "date"
    return frames.from_stored([c.name for c in columns], types, [tuple(row) for row in rows])
