"""
Minutes from the seat of its district to every scored cell, and which cells are remote.

By road where the store holds roads; a cell that no road comes near to has the minutes
of the nearest one that has, and the straight line across, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.scope import Scope
from data.store.engine import Store
from geo import grid, seats
from geo.road_speeds import DEFAULT_ROADS, RoadParams
from geo.seats import RemoteParams
from geo.travel_times import DEFAULT_STRAIGHT_LINE, UNREACHABLE_S, StraightLineParams
from workflows.travel import Ways, ways_for

Floats = NDArray[np.float64]
COLUMNS = ("minutes_to_seat", "minutes_source", "is_remote")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatParams:
    """How minutes to the seat are found and what is remote."""

    remote: RemoteParams = field(default_factory=RemoteParams)
    roads: RoadParams = DEFAULT_ROADS
    straight: StraightLineParams = DEFAULT_STRAIGHT_LINE


DEFAULT_SEAT_PARAMS = SeatParams()


def with_minutes(
    store: Store,
    cells: pd.DataFrame,
    people: pd.DataFrame,
    *,
    scope: Scope,
    as_of: datetime,
    params: SeatParams = DEFAULT_SEAT_PARAMS,
) -> pd.DataFrame:
    """
    Return the scored cells with ``COLUMNS``.

    Parameters
    ----------
    cells
        ``cell_id``, ``lon``, ``lat``, ``district_code``, ``population``, ``n_facilities``.
    people
        Population points (``lon``, ``lat``, ``population``): a cell is reached where its
        people live, an empty one in its middle.
    """
    if cells.empty:
        return cells.assign(**dict.fromkeys(COLUMNS))
    ways = ways_for(store, scope=scope, as_of=as_of, roads=params.roads, straight=params.straight)
    residents = cells["population"].to_numpy(float)
    weight = residents if np.nansum(residents) > 0 else cells["n_facilities"].to_numpy(float)
    points = points_of_cells(cells, people)
    minutes, by_road = minutes_from_seats(
        ways, list(cells["cell_id"]), cells["district_code"].to_numpy(object), weight, points
    )
    inhabited = (np.nan_to_num(residents) > 0) | (cells["n_facilities"].to_numpy(float) > 0)
    source = pd.Series(np.where(by_road, seats.BY_ROAD, seats.BY_ESTIMATE), index=cells.index)
    return cells.assign(
        minutes_to_seat=np.round(minutes, 1),
        minutes_source=source.astype(object).where(np.isfinite(minutes), None),
        is_remote=seats.is_remote(minutes, inhabited, params.remote).astype(np.int64),
    )


def minutes_from_seats(
    ways: Ways,
    cells: Sequence[str],
    district: NDArray[np.object_],
    weight: Floats,
    points: Floats,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return minutes from the seat of the own district, and whether they are by road."""
    at = seats.seat_cells(cells, district, weight)
    minutes = np.full(len(cells), np.nan)
    by_road = np.zeros(len(cells), dtype=bool)
    if not at:
        return minutes, by_road
    codes = sorted(at)
    matrix = ways.from_to(points[[at[code] for code in codes]], points)
    per_m = ways.straight.detour_factor * 3.6 / (ways.straight.speed_kmh * 60.0)
    for row, code in enumerate(codes):
        own = np.flatnonzero(district == code)
        seconds = matrix.seconds[row, own].astype(float)
        seconds[seconds >= UNREACHABLE_S] = np.nan
        lon, lat = points[own, 0], points[own, 1]
        if matrix.estimated is None or matrix.is_estimate:
            minutes[own] = seconds / 60.0
            continue
        by_road[own] = ~matrix.estimated[row, own]
        near = seats.filled_from_near(seconds / 60.0, by_road[own], lon, lat, minutes_per_m=per_m)
        minutes[own] = np.where(np.isfinite(near), near, seconds / 60.0)
    return minutes, by_road


def points_of_cells(cells: pd.DataFrame, people: pd.DataFrame) -> Floats:
    """Return where each cell is reached: the middle of its people, else its own; ``(n, 2)``."""
    points = cells[["lon", "lat"]].to_numpy(float).copy()
    people = people.dropna(subset=["lon", "lat", "population"])
    people = people[people["population"] > 0]
    if people.empty or cells.empty:
        return points
    lon, lat = people["lon"].to_numpy(float), people["lat"].to_numpy(float)
    own = grid.cell_of(lon, lat, resolution=grid.resolution_of(str(cells["cell_id"].iloc[0])))
    n = people["population"].to_numpy(float)
    sums = pd.DataFrame({"cell": own, "n": n, "x": lon * n, "y": lat * n}).groupby("cell").sum()
    middle = sums.reindex(cells["cell_id"])
    lived = middle["n"].to_numpy(float) > 0
    points[lived, 0] = (middle["x"] / middle["n"]).to_numpy(float)[lived]
    points[lived, 1] = (middle["y"] / middle["n"]).to_numpy(float)[lived]
    return points
