"""
Convert between WGS-84, GCJ-02 and BD-09, vectorised, with inverses good to a millimetre.

Chinese map providers publish points in GCJ-02 (shifted by 18-700 m, median 429 m)
or in BD-09 (about 0.9 km further). CGCS2000 equals WGS-84 to about a metre and
needs no conversion here. The true GCJ-02 is not published; the formula below is
the one everybody uses and is good to metres against the real maps.

Points whose WGS-84 position lies outside ``CHINA_BOX`` are returned unchanged in
both directions. The forward transform jumps at that box, so within 700 m of its
edge (deep in neighbouring countries or at sea) the inverse is ambiguous; there
the inside solution is returned.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

CHINA_BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north, degrees WGS-84: where the public formula applies."""

DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09")
"""Names of the datums a file can be in."""

_AXIS_M = 6_378_245.0
"""Semi-major axis of the Krasovsky 1940 ellipsoid, metres, as in the public formula."""
_ECCENTRICITY2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
_N_ITERATIONS = 8
"""Fixed-point steps of the inverses; the error shrinks about 100-fold per step."""


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """
    Convert WGS-84 degrees to GCJ-02 degrees.

    Parameters
    ----------
    lon, lat
        Degrees, any equal shape. NaN stays NaN.

    Returns
    -------
    lon, lat
        GCJ-02 degrees; the input where it lies outside ``CHINA_BOX``.
    """
    lons, lats = _floats(lon, lat)
    dlon, dlat = _gcj_shift(lons, lats)
    inside = _in_china(lons, lats)
    return np.where(inside, lons + dlon, lons), np.where(inside, lats + dlat, lats)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """
    Convert GCJ-02 degrees to WGS-84 degrees, the inverse of ``wgs84_to_gcj02``.

    Round trips are exact to less than a millimetre. NaN stays NaN.
    """
    lons, lats = _floats(lon, lat)
    return _keep_outside(lons, lats, _invert(_shifted_gcj, lons, lats))


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """
    Convert WGS-84 degrees to BD-09 degrees.

    Points outside ``CHINA_BOX`` and NaN are returned unchanged.
    """
    lons, lats = _floats(lon, lat)
    bd_lon, bd_lat = _shifted_bd(*_shifted_gcj(lons, lats))
    inside = _in_china(lons, lats)
    return np.where(inside, bd_lon, lons), np.where(inside, bd_lat, lats)


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """
    Convert BD-09 degrees to WGS-84 degrees, the inverse of ``wgs84_to_bd09``.

    Round trips are exact to less than a millimetre. NaN stays NaN.
    """
    lons, lats = _floats(lon, lat)
    gcj = _invert(_shifted_bd, lons, lats)
    return _keep_outside(lons, lats, _invert(_shifted_gcj, *gcj))


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Convert GCJ-02 degrees to BD-09 degrees (no box: the formula holds everywhere)."""
    return _shifted_bd(*_floats(lon, lat))


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Convert BD-09 degrees to GCJ-02 degrees, the inverse of ``gcj02_to_bd09``."""
    return _invert(_shifted_bd, *_floats(lon, lat))


def to_wgs84(lon: ArrayLike, lat: ArrayLike, *, datum: str) -> Pair:
    """
    Convert degrees of a named datum to WGS-84.

    Raises
    ------
    ValueError
        If ``datum`` is none of ``DATUMS``.
    """
    if datum in {"wgs84", "cgcs2000"}:
        return _floats(lon, lat)
    if datum == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    if datum == "bd09":
        return bd09_to_wgs84(lon, lat)
    raise ValueError(f"datum must be one of {DATUMS}, got {datum!r}")


def _floats(lon: ArrayLike, lat: ArrayLike) -> Pair:
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _in_china(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    west, south, east, north = CHINA_BOX
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _gcj_shift(lon: Floats, lat: Floats) -> Pair:
    """Return the shift in degrees by the public GCJ-02 formula (eviltransform, MIT)."""
    x, y = lon - 105.0, lat - 35.0
    root, xy = np.sqrt(np.abs(x)), x * y
    waves = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * xy + 0.2 * root + waves
    north += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * xy + 0.1 * root + waves
    east += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    radians = np.radians(lat)
    flat = 1.0 - _ECCENTRICITY2 * np.sin(radians) ** 2
    dlat = np.degrees(north * flat * np.sqrt(flat) / (_AXIS_M * (1.0 - _ECCENTRICITY2)))
    dlon = np.degrees(east * np.sqrt(flat) / (_AXIS_M * np.cos(radians)))
    return dlon, dlat


def _shifted_gcj(lon: Floats, lat: Floats) -> Pair:
    dlon, dlat = _gcj_shift(lon, lat)
    return lon + dlon, lat + dlat


def _shifted_bd(lon: Floats, lat: Floats) -> Pair:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _invert(forward: Callable[[Floats, Floats], Pair], lon: Floats, lat: Floats) -> Pair:
    """Solve ``forward(p) = (lon, lat)`` by fixed-point steps: the shift barely varies."""
    guess_lon, guess_lat = lon.copy(), lat.copy()
    for _ in range(_N_ITERATIONS):
        got_lon, got_lat = forward(guess_lon, guess_lat)
        guess_lon = guess_lon + (lon - got_lon)
        guess_lat = guess_lat + (lat - got_lat)
    return guess_lon, guess_lat


def _keep_outside(lon: Floats, lat: Floats, solved: Pair) -> Pair:
    inside = _in_china(*solved)
    return np.where(inside, solved[0], lon), np.where(inside, solved[1], lat)
