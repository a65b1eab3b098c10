"""Speeds, one-ways, limits and closed roads."""

import math

import numpy as np
import pandas as pd
import pytest

from geo.road_speeds import RoadParams, limit_kmh, speeds_kmh


def speeds(**tags):
    forward, backward = speeds_kmh(
        pd.DataFrame([{"highway": "secondary", **tags}]), RoadParams(speed_kmh={"secondary": 45.0})
    )
    return forward[0], backward[0]


@pytest.mark.parametrize(
    ("text", "kmh"),
    [("60", 60), ("60 km/h", 60), ("30 mph", 48.28), ("60;40", 40), ("5 knots", 9.26)],
)
def test_limits_are_read_with_their_units(text, kmh):
    """A limit in miles taken for kilometres would make a road 40 % slower."""
    assert limit_kmh(text) == pytest.approx(kmh, abs=0.01)


@pytest.mark.parametrize("text", ["none", "", "walk", "CN:urban", "0", "-5"])
def test_a_limit_that_is_no_number_says_nothing(text):
    """Nothing is guessed from it, the class decides."""
    assert math.isnan(limit_kmh(text))


def test_a_lower_limit_wins_over_the_class_and_a_higher_one_does_not():
    """A mean speed never exceeds the limit; a high limit does not make a bad road fast."""
    assert speeds(maxspeed="30") == (30.0, 30.0)
    assert speeds(maxspeed="80") == (45.0, 45.0)
    assert speeds(maxspeed=None) == (45.0, 45.0)


@pytest.mark.parametrize(
    ("tags", "ways"),
    [
        ({"oneway": "yes"}, (45.0, 0.0)),
        ({"oneway": "-1"}, (0.0, 45.0)),
        ({"oneway": -1.0}, (0.0, 45.0)),
        ({"oneway": "no"}, (45.0, 45.0)),
        ({"junction": "roundabout"}, (45.0, 0.0)),
        ({"junction": "roundabout", "oneway": "no"}, (45.0, 45.0)),
        ({"access": "private"}, (0.0, 0.0)),
        ({"access": "no", "motor_vehicle": "yes"}, (45.0, 45.0)),
    ],
)
def test_ways_and_access_follow_the_tags(tags, ways):
    """Driving a one-way street backwards gives a time nobody can keep."""
    assert speeds(**tags) == ways


def test_a_motorway_is_one_way_unless_it_says_otherwise():
    """OpenStreetMap draws each carriageway and leaves the tag out."""
    frame = pd.DataFrame({"highway": ["motorway", "footway"], "oneway": [None, None]})
    forward, backward = speeds_kmh(frame, RoadParams())
    assert forward.tolist() == [90.0, 0.0]
    assert backward.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "bad", [{"walk_kmh": 0}, {"no_road_m": -1}, {"speed_kmh": {"primary": 0.0}}]
)
def test_impossible_settings_are_refused(bad):
    """A speed of zero would make every time infinite."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        RoadParams(**bad)


def test_an_unknown_class_is_driven_at_the_other_speed():
    """A bureau's own class names must not lose its roads."""
    forward, _ = speeds_kmh(pd.DataFrame({"highway": ["county road"]}), RoadParams(other_kmh=20.0))
    assert np.allclose(forward, 20.0)
