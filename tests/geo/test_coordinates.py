"""Coordinates: checks, metric CRS, distances."""

import numpy as np
import pytest

from errors import BadCoordinatesError
from geo import coordinates
from tests.references import distances


def test_great_circle_agrees_with_the_angle_between_vectors():
    """The fast formula must equal the obvious one, also across the date line and at the poles."""
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(-180, 180, (2, 200)), np.degrees(np.arcsin(rng.uniform(-1, 1, (2, 200))))
    fast = coordinates.great_circle_m(lon[0], lat[0], lon[1], lat[1])
    slow = [
        distances.great_circle_m(*pair) for pair in zip(lon[0], lat[0], lon[1], lat[1], strict=True)
    ]
    assert np.allclose(fast, slow, rtol=1e-9, atol=1e-3)


def test_a_degree_of_latitude_is_111_km():
    """A number everybody knows."""
    assert coordinates.great_circle_m(112, 23, 112, 24) == pytest.approx(111_195, abs=1)


def test_columns_against_rows_give_a_matrix():
    """Travel times rely on broadcasting."""
    lon = np.array([112.0, 113.0])
    matrix = coordinates.great_circle_m(lon[:, None], 23.0, lon[None, :], 23.0)
    assert matrix.shape == (2, 2)
    assert matrix[0, 0] == 0


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [(112.47, 23.05, 4546), (116.4, 39.9, 4548), (-87.6, 41.9, 32616), (151.2, -33.9, 32756)],
)
def test_the_metric_crs_is_the_zone_of_the_place(lon, lat, epsg):
    """China's own 3-degree zones at home, UTM elsewhere."""
    assert coordinates.metric_crs([lon, np.nan], [lat, np.nan]).to_epsg() == epsg


def test_projected_lengths_are_true():
    """Bandwidths are in metres: a wrong axis order would stretch them."""
    crs = coordinates.metric_crs(112.0, 23.0)
    east, north = coordinates.to_metres([112.0, 112.0], [23.0, 23.01], crs=crs)
    assert north[1] - north[0] == pytest.approx(1107.4, rel=1e-3)
    assert abs(east[1] - east[0]) < 30


def test_no_known_point_has_no_crs():
    """An arbitrary zone would be silently wrong."""
    with pytest.raises(ValueError, match="at least one known point"):
        coordinates.metric_crs([np.nan], [np.nan])


def test_swapped_columns_are_told_apart_from_nonsense():
    """The commonest mistake in a spreadsheet deserves its own sentence."""
    with pytest.raises(BadCoordinatesError, match="颠倒"):
        coordinates.check_lon_lat([23.05], [112.47])
    with pytest.raises(BadCoordinatesError, match="超出范围"):
        coordinates.check_lon_lat([112.47, 400.0], [23.05, 23.0])


def test_unknown_positions_pass_the_check():
    """A record without a point is no error."""
    coordinates.check_lon_lat([112.0, np.nan], [23.0, np.nan])
    with pytest.raises(ValueError, match="shape"):
        coordinates.check_lon_lat([112.0], [23.0, 24.0])
