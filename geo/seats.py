"""
How far a place is from the seat of its district, and which places count as remote.

The seat is taken from the ground, not from a list: the cell that has, with its six
neighbours, the most residents of the district.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo import coordinates, grid

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
BY_ROAD, BY_ESTIMATE = "road", "estimate"
"""Where minutes come from: roads all the way, or the straight line for some or all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteParams:
    """
    What counts as remote.

    Parameters
    ----------
    minutes
        Drive to the seat of the district from which a place counts as remote, minutes.
    furthest_share
        Share of the inhabited cells, the furthest ones, that count as remote whatever
        their minutes; 0 to 1, 0 for none.
    """

    minutes: float = 60.0
    furthest_share: float = 0.1

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.minutes > 0.0:
            raise ValueError(f"minutes must be above 0, got {self.minutes}")
        if not 0.0 <= self.furthest_share < 1.0:
            raise ValueError(f"furthest_share must be 0 to 1, got {self.furthest_share}")


DEFAULT_REMOTE = RemoteParams()


def seat_cells(
    cells: Sequence[str], district: NDArray[np.object_], weight: Floats
) -> dict[str, int]:
    """
    Return the position of each district's seat among the cells.

    Parameters
    ----------
    cells
        Different H3 cells of one resolution, shape ``(n,)``.
    district
        District of each cell, None where unknown.
    weight
        Residents of each cell, or what stands in for them; NaN counts as none.

    Returns
    -------
    seats
        District → position; a district where no cell has any weight is left out.
    """
    people = np.nan_to_num(weight)
    named = np.array([isinstance(code, str) for code in district], dtype=bool)
    around = grid.neighbour_matrix(cells)
    # Only people of the same district count: a county's seat is not the city next door.
    seats: dict[str, int] = {}
    for code in sorted({str(code) for code in district[named]}):
        own = (district == code).astype(float) * people
        total = (own + around @ own) * (own > 0)
        if total.max() > 0:
            seats[code] = int(total.argmax())
    return seats


def filled_from_near(
    minutes: Floats, has_road: Bools, lon: Floats, lat: Floats, *, minutes_per_m: float
) -> Floats:
    """
    Give places off the road the minutes of the nearest place on it, and the way across.

    Parameters
    ----------
    minutes
        Minutes of each place, meaningful where ``has_road``; shape ``(n,)``.
    lon, lat
        Degrees WGS-84.
    minutes_per_m
        Minutes for a metre of straight line.

    Returns
    -------
    minutes
        NaN everywhere where no place is on the road.
    """
    known = np.flatnonzero(has_road & np.isfinite(minutes))
    filled = np.where(has_road, minutes, np.nan)
    off = np.flatnonzero(~np.isfinite(filled) & np.isfinite(lon) & np.isfinite(lat))
    if not len(known) or not len(off):
        return filled
    # To find the nearest, a plane laid at the mean latitude is true enough.
    plane = np.column_stack([lon * np.cos(np.radians(np.nanmean(lat))), lat])
    _, near = cKDTree(plane[known]).query(plane[off])
    at = known[near]
    across_m = coordinates.great_circle_m(lon[off], lat[off], lon[at], lat[at])
    filled[off] = minutes[at] + across_m * minutes_per_m
    return filled


def is_remote(minutes: Floats, inhabited: Bools, params: RemoteParams = DEFAULT_REMOTE) -> Bools:
    """
    Say which places are remote: over so many minutes from the seat, or among the furthest.

    The furthest are counted among inhabited places; a place without minutes is not remote.
    """
    known = np.isfinite(minutes)
    limit = params.minutes
    counted = minutes[known & inhabited]
    if params.furthest_share > 0.0 and len(counted):
        limit = min(limit, float(np.quantile(counted, 1.0 - params.furthest_share)))
    return known & (np.nan_to_num(minutes, nan=-1.0) > limit)
