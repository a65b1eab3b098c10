"""Which datum the points of a file are in."""

import numpy as np
import pandas as pd
import pytest
import shapely

from data.importers import datums
from errors import BadFileError
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


def streets():
    """Return a grid of streets 1.2 km apart around the township, as WKB."""
    steps = np.arange(-2, 6) * 0.011
    lines = [shapely.LineString([(111.97, 23 + s), (112.06, 23 + s)]) for s in steps]
    lines += [shapely.LineString([(112 + s, 22.97), (112 + s, 23.06)]) for s in steps]
    return shapely.to_wkb(np.array(lines, dtype=object))


def doors(n_points, move=None):
    """Return points some tens of metres from the streets, without stated areas."""
    rng = np.random.default_rng(2)
    along, street = 0.03 * rng.random(n_points), rng.integers(0, 3, n_points) * 0.011
    off = rng.normal(0, 0.0003, n_points)
    across = rng.random(n_points) < 0.5
    lon = 112 + np.where(across, along, street + off)
    lat = 23 + np.where(across, street + off, along)
    if move is not None:
        lon, lat = move(lon, lat)
    return pd.DataFrame({"lon": lon, "lat": lat})


def choose(records, requested="auto", stated=None, roads=None):
    return datums.choose(records, requested=requested, stated=stated, areas=areas, roads=roads)


@pytest.mark.parametrize(
    ("move", "datum"), [(None, "wgs84"), (wgs84_to_gcj02, "gcj02"), (wgs84_to_bd09, "bd09")]
)
def test_the_datum_that_puts_most_points_into_their_area_is_taken(move, datum):
    """Half a kilometre decides whose street is searched."""
    choice = choose(points(400, move))
    assert choice.datum == datum
    assert choice.note is not None


@pytest.mark.parametrize(
    ("move", "datum"), [(None, "wgs84"), (wgs84_to_gcj02, "gcj02"), (wgs84_to_bd09, "bd09")]
)
def test_thirty_doors_beside_known_streets_tell_their_datum(move, datum):
    """Streets decide it with far fewer points than townships do."""
    choice = choose(doors(30, move), roads=streets)
    assert (choice.datum, choice.asks) == (datum, False)
    assert "道路" in choice.note.template


def test_a_shifted_file_with_too_few_points_is_asked_about():
    """With fewer points chance would decide, so a person must, before anything is stored."""
    choice = choose(points(99, wgs84_to_gcj02))
    assert choice.asks
    with pytest.raises(BadFileError, match="--datum"):
        datums.check_settled(choice, file="a.csv")


def test_a_handful_of_points_that_fit_wgs84_are_taken_with_a_warning():
    """Five leads can't prove their datum; where they fit as they are, nobody is stopped."""
    choice = choose(points(5))
    assert (choice.datum, choice.asks, choice.assumed) == ("wgs84", False, True)
    assert "不足以判断" in choice.note.template
    datums.check_settled(choice, file="a.csv")


def test_points_that_fit_no_road_and_no_area_are_told_as_unchecked():
    """What nothing can be held against must not look checked."""
    far = doors(40).assign(lon=lambda frame: frame["lon"] + 3)
    choice = choose(far, roads=streets)
    assert (choice.datum, choice.assumed) == ("wgs84", True)
    assert "未能核对" in choice.note.template


def test_a_header_that_the_points_contradict_is_told():
    """A column called GCJ-02 may hold what a satellite receiver wrote."""
    choice = choose(doors(60), stated="gcj02", roads=streets)
    assert choice.datum == "gcj02"
    assert "请核对" in choice.note.template


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


def test_a_grid_tells_its_datum_by_the_areas_it_ends_with():
    """Residents shifted by 500 m live in the wrong cells; a grid has no doors at roads."""
    outline = [shapely.to_wkb(shapely.box(112.0, 23.0, 112.2, 23.2))]
    lon, lat = (axis.ravel() for axis in np.meshgrid(*[np.arange(0.0025, 0.2, 0.005)] * 2))
    shifted = dict(zip(("lon", "lat"), wgs84_to_gcj02(lon + 112, lat + 23), strict=True))
    more = {"requested": "auto", "stated": None, "areas": areas, "outline": lambda: outline}
    assert datums.choose(pd.DataFrame(shifted), **more).datum == "gcj02"
    straight = datums.choose(pd.DataFrame({"lon": lon + 112, "lat": lat + 23}), **more)
    assert (straight.datum, straight.assumed) == ("wgs84", False)
    wider = datums.choose(pd.DataFrame({"lon": 3 * lon + 111.8, "lat": 3 * lat + 22.8}), **more)
    assert wider.assumed
