"""What one more search of a cell is worth: expected marginal finds x severity."""

from datetime import datetime

import pandas as pd

from geo import grid


def search_worth(
    cells: pd.DataFrame,
    inspections: pd.DataFrame,
    *,
    sweep_detection: float,
    scored_as_of: datetime | None,
) -> pd.Series:
    """
    Return the points of one more search of each cell.

    Expected finds x severity of the run's model; a search since the run was made has
    taken the same share out already. Runs older than these columns have their score
    times the assumed detection instead.
    """
    old = sweep_detection * cells["score"].astype(float)
    if "sweep_finds" not in cells:
        return old
    finds = cells["sweep_finds"].astype(float)
    left = 1.0 - (finds / cells["mean"].astype(float)).where(cells["mean"] > 0, 0.0)
    worth = finds * cells["site_severity"].astype(float)
    if scored_as_of is not None:
        worth = worth * left ** _searched_since(cells, inspections, scored_as_of)
    return worth.where(worth.notna(), old)


def _searched_since(cells: pd.DataFrame, inspections: pd.DataFrame, since: datetime) -> pd.Series:
    """Return how often each cell was searched since a moment."""
    none = pd.Series(0, index=cells.index)
    if inspections.empty or cells.empty or "lon" not in inspections:
        return none
    recent = inspections[
        (inspections["kind"] == "sweep") & (inspections["started_at"] >= pd.Timestamp(since))
    ]
    if recent.empty:
        return none
    own = grid.cell_of(
        recent["lon"].to_numpy(float), recent["lat"].to_numpy(float),
        grid.resolution_of(str(cells["cell_id"].iloc[0])),
    )  # fmt: skip
    return cells["cell_id"].map(pd.Series(own).value_counts()).fillna(0)
