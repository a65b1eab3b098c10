"""Check longitudes and latitudes, choose a metric CRS, measure great-circle distances."""

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

from errors import BadCoordinatesError

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth, metres (IUGG 1980)."""

WGS84 = CRS.from_epsg(4326)

_CHINA_GK = (73.5, 16.0, 136.5, 54.0)
"""West, south, east, north, degrees: where the CGCS2000 3-degree zones are used."""
_FIRST_GK_EPSG, _FIRST_GK_MERIDIAN, _GK_WIDTH = 4534, 75.0, 3.0
_UTM_NORTH, _UTM_SOUTH, _UTM_WIDTH = 32600, 32700, 6.0
_MAX_LON, _MAX_LAT = 180.0, 90.0


def check_lon_lat(lon: ArrayLike, lat: ArrayLike) -> None:
    """
    Raise when a point lies off the Earth or longitude and latitude look swapped.

    Parameters
    ----------
    lon, lat
        Degrees, equal shapes. NaN means unknown and passes.

    Raises
    ------
    BadCoordinatesError
        With the position (from 0) of the first bad point, its two numbers, and a
        hint where swapping them would make every point lie in or near China.
    ValueError
        If the shapes differ.
    """
    lons, lats = np.atleast_1d(_floats(lon)), np.atleast_1d(_floats(lat))
    if lons.shape != lats.shape:
        raise ValueError(f"lon and lat differ in shape: {lons.shape} and {lats.shape}")
    bad = is_off_earth(lons, lats)
    if not bad.any():
        return
    first = int(np.flatnonzero(bad)[0])
    values = {"n": first, "lon": float(lons[first]), "lat": float(lats[first])}
    if looks_swapped(lons, lats):
        raise BadCoordinatesError("经纬度可能颠倒：第 {n} 个点为经度 {lon}、纬度 {lat}", **values)
    raise BadCoordinatesError("坐标超出范围：第 {n} 个点为经度 {lon}、纬度 {lat}", **values)


def is_off_earth(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Say per point whether |lon| > 180, |lat| > 90 or a number is infinite. NaN is not."""
    return (np.abs(_floats(lon)) > _MAX_LON) | (np.abs(_floats(lat)) > _MAX_LAT)


def looks_swapped(lon: ArrayLike, lat: ArrayLike) -> bool:
    """Say whether every known point has its "lon" in 16-54 and its "lat" in 73-137 degrees."""
    lons, lats = _floats(lon), _floats(lat)
    known = np.isfinite(lons) & np.isfinite(lats)
    west, south, east, north = _CHINA_GK
    swapped = (lons >= south) & (lons <= north) & (lats >= west) & (lats <= east)
    return bool(known.any() and swapped[known].all())


def metric_crs(lon: ArrayLike, lat: ArrayLike) -> CRS:
    """
    Choose a projected CRS in metres that suits a set of points.

    In China the CGCS2000 3-degree Gauss-Kruger zone of the median longitude
    (EPSG:4534-4554, easting without zone number), elsewhere the UTM zone.
    Within 150 km of the zone's meridian lengths are true to 0.03 %.

    Parameters
    ----------
    lon, lat
        Degrees WGS-84 or CGCS2000. NaN is ignored.

    Raises
    ------
    ValueError
        If no point is known.
    """
    lons, lats = _floats(lon).ravel(), _floats(lat).ravel()
    known = np.isfinite(lons) & np.isfinite(lats)
    if not known.any():
        raise ValueError("a metric CRS needs at least one known point")
    middle_lon, middle_lat = float(np.median(lons[known])), float(np.median(lats[known]))
    west, south, east, north = _CHINA_GK
    if west <= middle_lon <= east and south <= middle_lat <= north:
        zone = round((middle_lon - _FIRST_GK_MERIDIAN) / _GK_WIDTH)
        return CRS.from_epsg(_FIRST_GK_EPSG + int(np.clip(zone, 0, 20)))
    zone = int((middle_lon + _MAX_LON) // _UTM_WIDTH) % 60 + 1
    return CRS.from_epsg((_UTM_NORTH if middle_lat >= 0 else _UTM_SOUTH) + zone)


def to_metres(
    lon: ArrayLike, lat: ArrayLike, *, crs: CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Project degrees WGS-84 to ``crs``.

    Returns
    -------
    east_m, north_m
        Metres, in this order whatever the axis order of the CRS; NaN where the input is NaN.
    """
    east, north = _projector(crs).transform(_floats(lon), _floats(lat))
    east, north = _floats(east), _floats(north)
    known = np.isfinite(east) & np.isfinite(north)
    return np.where(known, east, np.nan), np.where(known, north, np.nan)


@functools.lru_cache(maxsize=8)
def _projector(crs: CRS) -> Transformer:
    # Making one takes 50 ms, longer than a route.
    return Transformer.from_crs(WGS84, crs, always_xy=True)


def great_circle_m(
    lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike
) -> NDArray[np.float64]:
    """
    Return the great-circle distance in metres, broadcasting over the inputs.

    Haversine on a sphere of ``EARTH_RADIUS_M``: exact for near points, at most
    0.56 % off the ellipsoid. Give columns against rows for a matrix. NaN in, NaN out.

    References
    ----------
    Sinnott (1984), Virtues of the haversine, Sky and Telescope 68, 159.
    """
    from_lat, to_lat = np.radians(_floats(lat1)), np.radians(_floats(lat2))
    dlon = np.radians(_floats(lon2)) - np.radians(_floats(lon1))
    half = np.sin((to_lat - from_lat) / 2.0) ** 2
    half = half + np.cos(from_lat) * np.cos(to_lat) * np.sin(dlon / 2.0) ** 2
    angle: NDArray[np.float64] = 2.0 * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return angle * EARTH_RADIUS_M


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)
