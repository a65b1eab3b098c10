"""Datum conversion: a wrong one puts a den on the neighbour's house."""

import numpy as np
import pytest

from geo import coordinates, datum


@pytest.fixture
def chinese_points():
    rng = np.random.default_rng(7)
    return rng.uniform(74, 134, 5000), rng.uniform(18.5, 53, 5000)


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (datum.wgs84_to_gcj02, datum.gcj02_to_wgs84),
        (datum.wgs84_to_bd09, datum.bd09_to_wgs84),
        (datum.gcj02_to_bd09, datum.bd09_to_gcj02),
    ],
)
def test_a_round_trip_comes_back_within_a_millimetre(chinese_points, there, back):
    """Repeated imports and exports must not make points creep."""
    lon, lat = chinese_points
    again = back(*there(lon, lat))
    assert coordinates.great_circle_m(lon, lat, *again).max() < 0.001


def test_the_gcj02_shift_has_the_published_size(chinese_points):
    """A sign or unit error would still round-trip; the size of the shift gives it away."""
    lon, lat = chinese_points
    shift_m = coordinates.great_circle_m(lon, lat, *datum.wgs84_to_gcj02(lon, lat))
    assert 400 < np.median(shift_m) < 460
    assert shift_m.min() > 15
    assert shift_m.max() < 720


def test_a_known_point_lands_where_the_public_converters_put_it():
    """Agreement with others is what makes files from map providers usable."""
    lon, lat = datum.wgs84_to_gcj02([116.404], [39.915])
    assert lon[0] == pytest.approx(116.41024449916938, abs=1e-9)
    assert lat[0] == pytest.approx(39.91640428150164, abs=1e-9)


@pytest.mark.parametrize(
    "convert",
    [datum.wgs84_to_gcj02, datum.gcj02_to_wgs84, datum.wgs84_to_bd09, datum.bd09_to_wgs84],
)
def test_points_outside_china_stay_where_they_are(convert):
    """The formula means nothing there: Chicago must not move."""
    lon, lat = convert([-87.63], [41.88])
    assert (lon[0], lat[0]) == (-87.63, 41.88)


def test_an_unknown_position_stays_unknown():
    """NaN marks a record without a point; it must not become a place."""
    lon, lat = datum.gcj02_to_wgs84([np.nan, 113.0], [np.nan, 23.0])
    assert np.isnan(lon[0])
    assert np.isnan(lat[0])
    assert np.isfinite(lon[1])


def test_cgcs2000_equals_wgs84_and_an_unknown_datum_is_refused():
    """A misspelt datum must not pass silently as WGS-84."""
    assert datum.to_wgs84([112.5], [23.1], datum="cgcs2000")[0][0] == 112.5
    with pytest.raises(ValueError, match="datum must be one of"):
        datum.to_wgs84([112.5], [23.1], datum="wgs85")
