"""Straight-line travel times: the estimate until roads are known."""

import numpy as np
import pytest

from geo import travel_times
from geo.travel_times import StraightLineParams, TravelTimeMatrix


def _line(params=travel_times.DEFAULT_STRAIGHT_LINE):
    return travel_times.straight_line(
        [112.0, 112.0], [23.0, 23.1], [112.0, np.nan], [23.0, 23.0],
        origin_ids=["base", "north"], destination_ids=["here", "nowhere"], params=params,
    )  # fmt: skip


def test_seconds_are_distance_times_detour_over_speed():
    """0.1 degree of latitude is 11.12 km; with detour 1.5 at 30 km/h that is 2,002 s."""
    matrix = _line(StraightLineParams(detour_factor=1.5, speed_kmh=30.0))
    assert matrix.seconds[1, 0] == pytest.approx(2002, abs=1)
    assert matrix.seconds.dtype == np.int32


def test_a_journey_to_where_one_is_takes_no_time():
    """Not even the fixed start time: two records at one door are one stop."""
    assert _line(StraightLineParams(start_s=120)).seconds[0, 0] == 0
    assert _line(StraightLineParams(start_s=120)).seconds[1, 0] == _line().seconds[1, 0] + 120


def test_an_unknown_place_is_unreachable_and_the_matrix_says_it_is_an_estimate():
    """Nobody may take an estimate for a road time."""
    matrix = _line()
    assert matrix.seconds[0, 1] == travel_times.UNREACHABLE_S
    assert matrix.is_estimate
    assert matrix.source.format(**matrix.source_values).startswith("直线距离估算")


@pytest.mark.parametrize("bad", [{"detour_factor": 0.9}, {"speed_kmh": 0}, {"start_s": -1}])
def test_impossible_settings_are_refused(bad):
    """A road can't be shorter than the straight line."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        StraightLineParams(**bad)


def test_ids_must_match_the_rows_and_columns():
    """A bare array never crosses a package border without its ids."""
    with pytest.raises(ValueError, match="differ in length"):
        travel_times.straight_line([112], [23], [112], [23], origin_ids=[], destination_ids=["a"])
    with pytest.raises(ValueError, match="int32"):
        TravelTimeMatrix(
            seconds=np.zeros((1, 1)), origin_ids=("a",), destination_ids=("b",),
            is_estimate=True, source="",
        )  # fmt: skip
