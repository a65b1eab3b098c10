"""Seats of districts, minutes of places off the road, and what is remote."""

import h3
import numpy as np
import pytest

from geo import grid, seats
from geo.seats import RemoteParams

MIDDLE = h3.latlng_to_cell(23.0, 112.0, 8)
CELLS = sorted(h3.grid_disk(MIDDLE, 6))


def test_the_seat_is_where_most_people_live_together():
    """One tall block is no town; a cluster is."""
    lone, town = CELLS[0], MIDDLE
    weight = np.zeros(len(CELLS))
    weight[CELLS.index(lone)] = 500.0
    for cell in [town, *grid.neighbours(town)]:
        weight[CELLS.index(cell)] = 200.0
    district = np.full(len(CELLS), "990101", dtype=object)
    assert seats.seat_cells(CELLS, district, weight) == {"990101": CELLS.index(town)}


def test_people_of_the_next_district_do_not_count():
    """A county at the edge of a city has a seat of its own."""
    district = np.full(len(CELLS), "990101", dtype=object)
    weight = np.full(len(CELLS), 1000.0)
    own = [CELLS[3], CELLS[4]]
    for cell, people in zip(own, (5.0, 9.0), strict=True):
        district[CELLS.index(cell)] = "990102"
        weight[CELLS.index(cell)] = people
    assert seats.seat_cells(CELLS, district, weight)["990102"] == CELLS.index(own[1])


def test_a_district_without_people_has_no_seat():
    """Rather no minutes than minutes to nowhere."""
    district = np.array(["990101", None] + [None] * (len(CELLS) - 2), dtype=object)
    assert seats.seat_cells(CELLS, district, np.full(len(CELLS), np.nan)) == {}


def test_a_place_off_the_road_is_reached_from_the_nearest_place_on_it():
    """Not from the seat by bee-line, which would cross the mountain twice."""
    lon, lat = np.array([112.0, 112.5, 112.51]), np.array([23.0, 23.0, 23.0])
    minutes = seats.filled_from_near(
        np.array([5.0, 40.0, 300.0]), np.array([True, True, False]), lon, lat, minutes_per_m=0.001
    )
    assert minutes[:2].tolist() == [5.0, 40.0]
    assert minutes[2] == pytest.approx(40.0 + 1.0236, abs=0.01)


def test_without_any_place_on_a_road_nothing_is_made_up():
    """The caller then takes the straight line."""
    nothing = seats.filled_from_near(
        np.array([5.0]), np.array([False]), np.array([112.0]), np.array([23.0]), minutes_per_m=1.0
    )
    assert np.isnan(nothing).all()


def test_remote_is_over_an_hour_or_among_the_furthest_tenth():
    """A small county has remote places too."""
    minutes = np.array([*np.arange(1.0, 20.0), 40.0, 70.0, np.nan])
    inhabited = np.array([True] * 20 + [False, True])
    far = seats.is_remote(minutes, inhabited)
    assert np.flatnonzero(far).tolist() == [18, 19, 20]
    only_hour = RemoteParams(furthest_share=0.0)
    assert np.flatnonzero(seats.is_remote(minutes, inhabited, only_hour)).tolist() == [20]


@pytest.mark.parametrize("wrong", [{"minutes": 0.0}, {"furthest_share": 1.0}])
def test_senseless_limits_are_refused(wrong):
    """A setting that would make everything remote is a typing error."""
    with pytest.raises(ValueError, match="must be"):
        RemoteParams(**wrong)
