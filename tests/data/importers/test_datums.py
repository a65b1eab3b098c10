"""Which datum the points of a file are in."""

import numpy as np
import pandas as pd
import pytest
import shapely

from data.importers import datums
from geo.datum import wgs84_to_bd09, wgs84_to_gcj02

TOWNSHIP = shapely.box(112.0, 23.0, 112.03, 23.03)


def areas():
    return pd.DataFrame({"area_code": ["990101001"], "shape": [shapely.to_wkb(TOWNSHIP)]})


def points(n_points, move=None):
    """Return points spread over the township up to its edge, moved into another datum."""
    rng = np.random.default_rng(1)
    lon, lat = 112 + 0.03 * rng.random(n_points), 23 + 0.03 * rng.random(n_points)
    if move is not None:
        lon, lat = move(lon, lat)
    return pd.DataFrame({"lon": lon, "lat": lat, "area_code": "990101001"})


def choose(records, requested="auto", stated=None):
    return datums.choose(records, requested=requested, stated=stated, areas=areas)


@pytest.mark.parametrize(
    ("move", "datum"), [(None, "wgs84"), (wgs84_to_gcj02, "gcj02"), (wgs84_to_bd09, "bd09")]
)
def test_the_datum_that_puts_most_points_into_their_area_is_taken(move, datum):
    """Half a kilometre decides whose street is searched."""
    choice = choose(points(400, move))
    assert choice.datum == datum
    assert choice.note is not None


def test_few_points_decide_nothing_and_the_report_says_so():
    """With fewer than a hundred points chance would decide."""
    choice = choose(points(99, wgs84_to_gcj02))
    assert choice.datum == "wgs84"
    assert "未能核对" in choice.note.template


def test_what_somebody_stated_is_believed():
    """First the user, then the header."""
    assert choose(points(400), requested="bd09").datum == "bd09"
    assert choose(points(400), stated="gcj02").datum == "gcj02"


def test_points_abroad_are_wgs84():
    """Chinese datums end at the border."""
    abroad = pd.DataFrame({"lon": [-87.6] * 200, "lat": [41.8] * 200, "area_code": "17031"})
    assert choose(abroad) == datums.Choice("wgs84")


def test_points_and_bases_are_moved_to_wgs84():
    """All coordinate columns, and missing ones stay missing."""
    lon, lat = wgs84_to_gcj02(np.array([112.1]), np.array([23.1]))
    frame = pd.DataFrame(
        {"lon": [lon[0], np.nan], "lat": [lat[0], np.nan], "base_lon": lon[0], "base_lat": lat[0]}
    )
    moved = datums.to_wgs84(frame, datum="gcj02")
    assert moved.loc[0].tolist() == pytest.approx([112.1, 23.1, 112.1, 23.1], abs=1e-7)
    assert np.isnan(moved.loc[1, "lon"])
    assert datums.to_wgs84(frame, datum="cgcs2000") is frame


def test_boundaries_are_moved_too():
    """A township drawn on a shifted map lies half a kilometre off."""
    from shapely.affinity import translate

    frame = pd.DataFrame({"shape": [shapely.to_wkb(TOWNSHIP)]})
    moved = shapely.from_wkb(datums.to_wgs84(frame, datum="gcj02")["shape"][0])
    assert not moved.equals(TOWNSHIP)
    assert moved.distance(translate(TOWNSHIP, 0.01)) < 0.02
    assert moved.area == pytest.approx(TOWNSHIP.area, rel=0.01)
