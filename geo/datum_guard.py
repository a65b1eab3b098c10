"""
Find out which datum points are in, by holding them against roads and stated areas.

Each datum is tried in turn. Under the right one most points lie within some tens
of metres of a road and inside the area their row states; under a wrong one they
are shifted by 200-700 m (GCJ-02) or about 1.3 km (BD-09) and lie anywhere. Doors
and bureaus' maps are noisy and rural roads are missing on maps, so a distance is
scored by a density with a long tail: points far from every road say little for any
datum instead of deciding for one by chance. A verdict counts only where its lead is
larger than chance between the points explains, and where the points fit better
than after any of a ring of other shifts: points that have nothing to do with the
roads at hand decide nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo import datum as datums

Floats = NDArray[np.float64]

TRIED = ("wgs84", "gcj02", "bd09")
"""CGCS2000 equals WGS-84 to about a metre and can't be told from it, nor need it be."""

MIN_BY_ROADS = 20
MIN_BY_AREAS = 100
"""Points below which nothing is decided, DESIGN.md section 4."""

_TAIL_M = np.array([25.0, 90.0, 400.0])
_TAIL_WEIGHT = np.array([0.40, 0.35, 0.25])
"""Distance of a door from the nearest mapped road: mixture of exponentials, metres."""
_REACH_M = 600.0
"""Roads beyond this distance say nothing."""
_OUTSIDE_COST = 3.5
"""Natural log of the odds that a point with a rightly stated area lies inside it."""
_LEAST_Z = 0.5
_LEAST_Z_FEW = 1.0
_FEW = 30
_LEAST_PEAK = 22
"""
Lead over the second datum, in standard errors (a larger one below ``_FEW`` points); and how
many of 24 other shifts the points must fit worse under. Set by ``benchmarks/datum_guard.py``:
of 1,800 files of 30 points the leading datum was the right one in every one; these limits
turn away what has no peak.
"""
_LEAST_Z_AREAS = 2.6
_LEAST_FIT = 1 / 3
"""Share of points near a road or inside their area below which nothing fits at all."""
_NEAR_M = 150.0
_MAX_TESTED = 600
_M_PER_DEGREE = 111_195.0
_RING_M = (400.0, 800.0, 1_300.0)
_N_DIRECTIONS = 8

Shapes = Mapping[str, shapely.Geometry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What the points say about their datum.

    ``datum`` leads; it is ``decided`` only with enough points and a clear lead.
    ``shares`` is, per datum, the share of points near a road or inside their area.
    """

    datum: str
    decided: bool
    by: str
    n_points: int
    shares: Mapping[str, float]


def by_roads(
    lon: Floats,
    lat: Floats,
    lines: NDArray[np.object_],
    *,
    codes: NDArray[np.object_] | None = None,
    shapes: Shapes | None = None,
) -> Verdict | None:
    """
    Judge points by their distance to the nearest road and, where stated, by their area.

    Parameters
    ----------
    lon, lat
        Degrees as written in the file; no NaN.
    lines
        Roads, shapely lines in degrees WGS-84.
    codes, shapes
        Stated area per point and the polygons there are; a code without polygon
        says nothing.

    Returns
    -------
    verdict
        None where the points do not fit the roads under any datum: not of this place.
    """
    if codes is None or shapes is None:
        codes, shapes = np.full(len(lon), None, dtype=object), {}
    lon, lat, codes = _distinct(lon, lat, codes)
    if len(lon) == 0 or len(lines) == 0:
        return None
    held = _Held.make(lon, lat, lines, codes=codes, shapes=shapes)
    if held is None:
        return None
    placed = {name: datums.to_wgs84(lon, lat, datum=name) for name in TRIED}
    support = {name: held.support(*points) for name, points in placed.items()}
    shares = {
        name: float((held.distance_m(*points) <= _NEAR_M).mean()) for name, points in placed.items()
    }
    best, second = sorted(TRIED, key=lambda name: -float(support[name].sum()))[:2]
    if shares[best] < _LEAST_FIT:
        return None
    return Verdict(
        datum=best,
        decided=len(lon) >= MIN_BY_ROADS
        and _z(support[best] - support[second]) >= (_LEAST_Z if len(lon) >= _FEW else _LEAST_Z_FEW)
        and held.is_peak(*placed[best]),
        by="roads",
        n_points=len(lon),
        shares=shares,
    )


def by_areas(
    lon: Floats, lat: Floats, codes: NDArray[np.object_], shapes: Shapes
) -> Verdict | None:
    """
    Judge points by whether they lie inside the area their row states.

    Parameters
    ----------
    codes
        Stated area per point; every code is a key of ``shapes``.
    shapes
        Polygons in degrees WGS-84.

    Returns
    -------
    verdict
        None without points, or where no datum puts a third of them inside.
    """
    picked = _spread(len(lon))
    lon, lat, codes = lon[picked], lat[picked], codes[picked]
    if len(lon) == 0:
        return None
    inside = {
        name: _are_inside(*datums.to_wgs84(lon, lat, datum=name), codes, shapes) for name in TRIED
    }
    shares = {name: float(hits.mean()) for name, hits in inside.items()}
    best, second = sorted(TRIED, key=lambda name: -shares[name])[:2]
    if shares[best] < _LEAST_FIT:
        return None
    # Only points that one datum puts inside and the other outside tell the two apart.
    won = int((inside[best] & ~inside[second]).sum())
    lost = int((inside[second] & ~inside[best]).sum())
    clear = won - lost >= 3 and (won - lost) / np.sqrt(won + lost) >= _LEAST_Z_AREAS
    return Verdict(
        datum=best,
        decided=len(lon) >= MIN_BY_AREAS and bool(clear),
        by="areas",
        n_points=len(lon),
        shares=shares,
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """What points are held against: roads, in metres on a plane, and stated areas."""

    tree: shapely.STRtree
    middle: float
    codes: NDArray[np.object_]
    shapes: Shapes

    @classmethod
    def make(
        cls,
        lon: Floats,
        lat: Floats,
        lines: NDArray[np.object_],
        *,
        codes: NDArray[np.object_],
        shapes: Shapes,
    ) -> "_Held | None":
        """Index the roads around the points; None where there are none."""
        bounds, pad = shapely.bounds(lines), 0.03
        near = (
            (bounds[:, 2] >= lon.min() - pad)
            & (bounds[:, 0] <= lon.max() + pad)
            & (bounds[:, 3] >= lat.min() - pad)
            & (bounds[:, 1] <= lat.max() + pad)
        )
        if not near.any():
            return None
        middle = float(np.median(lat))
        scale = np.array([np.cos(np.radians(middle)), 1.0]) * _M_PER_DEGREE
        tree = shapely.STRtree(shapely.transform(lines[near], lambda points: points * scale))
        known = np.array([code if code in shapes else None for code in codes], dtype=object)
        return cls(tree, middle, known, shapes)

    def distance_m(self, lon: Floats, lat: Floats) -> Floats:
        """Return the distance to the nearest road, at most ``_REACH_M``."""
        x = lon * np.cos(np.radians(self.middle)) * _M_PER_DEGREE
        metres = np.full(len(lon), _REACH_M)
        (at_point, _), found = self.tree.query_nearest(
            shapely.points(x, lat * _M_PER_DEGREE),
            max_distance=_REACH_M,
            return_distance=True,
            all_matches=False,
        )
        metres[at_point] = found
        return metres

    def support(self, lon: Floats, lat: Floats) -> Floats:
        """Return the log density of each point, up to a constant."""
        metres = self.distance_m(lon, lat)[:, None]
        near = np.log((_TAIL_WEIGHT / _TAIL_M * np.exp(-metres / _TAIL_M)).sum(axis=1))
        known = np.array([code is not None for code in self.codes], dtype=bool)
        inside = np.zeros(len(lon), dtype=bool)
        if known.any():
            inside[known] = _are_inside(lon[known], lat[known], self.codes[known], self.shapes)
        return near + np.where(inside, _OUTSIDE_COST, 0.0)

    def is_peak(self, lon: Floats, lat: Floats) -> bool:
        """Return whether the points fit better here than after nearly any other shift."""
        here, n_worse = float(self.support(lon, lat).sum()), 0
        for radius in _RING_M:
            for turn in np.arange(_N_DIRECTIONS) * (2.0 * np.pi / _N_DIRECTIONS):
                north = radius * np.sin(turn) / _M_PER_DEGREE
                east = radius * np.cos(turn) / _M_PER_DEGREE / np.cos(np.radians(self.middle))
                n_worse += float(self.support(lon + east, lat + north).sum()) < here
        return n_worse >= _LEAST_PEAK


def _distinct(
    lon: Floats, lat: Floats, codes: NDArray[np.object_]
) -> tuple[Floats, Floats, NDArray[np.object_]]:
    """Count a place once: many equal points are the middle of a township, not doors."""
    rounded = np.round(np.column_stack([lon, lat]), 5)
    _, first = np.unique(rounded, axis=0, return_index=True)
    first = first[_spread(len(first))]
    return lon[first], lat[first], codes[first]


def _spread(n: int) -> NDArray[np.int64]:
    """Take evenly spaced rows, so that the answer does not depend on chance."""
    return np.unique(np.linspace(0, max(n - 1, 0), min(n, _MAX_TESTED)).astype(np.int64))[:n]


def _z(lead: Floats) -> float:
    """Return a sum over points in its standard errors."""
    spread = float(np.sqrt((lead**2).sum()))
    return float(lead.sum()) / spread if spread > 0 else 0.0


def _are_inside(
    lon: Floats,
    lat: Floats,
    codes: NDArray[np.object_],
    shapes: Shapes,
) -> NDArray[np.bool_]:
    inside = np.zeros(len(lon), dtype=bool)
    for code in np.unique(codes.astype(str)):
        here = codes == code
        shape = shapes[code]
        shapely.prepare(shape)
        inside[here] = shapely.contains_xy(shape, lon[here], lat[here])
    return inside
