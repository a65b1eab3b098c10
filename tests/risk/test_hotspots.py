"""Decayed kernel density: fast, equal to the plain sum, tuned on the past alone."""

import numpy as np
import pytest

from risk import hotspots
from risk.params import HotspotParams
from tests.references import density


def test_binning_and_filtering_agree_with_the_double_sum():
    """The fast way must be the same density within 3 % of its peak."""
    rng = np.random.default_rng(11)
    events = rng.normal(0, 3000, 300), rng.normal(0, 2000, 300)
    places = rng.uniform(-6000, 6000, 150), rng.uniform(-6000, 6000, 150)
    weights = rng.uniform(0.1, 1, 300)
    fast = hotspots.kernel_density(events, places, weights, bandwidth_m=1500.0)
    slow = density.kernel_density(events, places, weights, bandwidth_m=1500.0)
    assert np.abs(fast - slow).max() < 0.03 * max(slow)


def test_one_event_has_the_density_of_the_formula():
    """One event, bandwidth 1 km: 1 / (2 pi) per km2 on top of it."""
    origin = np.zeros(1), np.zeros(1)
    peak = hotspots.kernel_density(origin, origin, np.ones(1), bandwidth_m=1000.0)
    assert peak[0] == pytest.approx(1 / (2 * np.pi), rel=0.06)


def test_no_events_give_zero():
    """A new county has no history."""
    none, here = (np.empty(0), np.empty(0)), (np.zeros(2), np.zeros(2))
    assert hotspots.kernel_density(none, here, np.empty(0), bandwidth_m=500.0).tolist() == [0, 0]
    ratio = hotspots.relative_density(
        none, here, np.empty(0), np.full(2, 0.5), bandwidth_m=500.0, shrink_events=2.0
    )
    assert ratio.tolist() == [1, 1]


def test_events_in_proportion_to_exposure_are_no_hotspot():
    """A big town has more of everything; that alone is not red."""
    centres = np.arange(20) * 2000.0, np.zeros(20)
    share = np.linspace(1, 5, 20) / np.linspace(1, 5, 20).sum()
    ratio = hotspots.relative_density(
        centres, centres, 1000 * share, share, bandwidth_m=1000.0, shrink_events=3.0
    )
    assert np.allclose(ratio, 1.0, atol=0.01)


def _town(rng, *, n_days=800, spot_from=400):
    """Even events on a line of places; from a day on, all of them at place 30."""
    ages = np.sort(rng.uniform(0.5, n_days, 900))
    at = np.where(
        ages < spot_from,
        np.where(rng.random(900) < 0.7, 30, rng.integers(0, 60, 900)),
        rng.integers(0, 60, 900),
    )
    return ages, at


def test_tuning_prefers_a_short_memory_where_the_hotspot_is_new():
    """A hotspot that moved lately must not be averaged away."""
    ages, at = _town(np.random.default_rng(2), spot_from=250)
    places = np.arange(60) * 1000.0, np.zeros(60)
    tuned = hotspots.tune_kernel(
        (places[0][at], places[1][at]), ages, at, places, np.full(60, 1 / 60),
        HotspotParams(bandwidths_m=(1000.0,), half_lives_days=(60.0, 5000.0)), shrink_events=3.0,
    )  # fmt: skip
    assert tuned.is_tuned
    assert tuned.half_life_days == 60.0
    assert tuned.gain > 0


def test_tuning_sees_nothing_that_is_not_past():
    """Events dated at or after the moment of scoring change nothing."""
    ages, at = _town(np.random.default_rng(3))
    places = np.arange(60) * 1000.0, np.zeros(60)
    params = HotspotParams(bandwidths_m=(1000.0, 4000.0), half_lives_days=(90.0, 720.0))

    def tune(days, where):
        return hotspots.tune_kernel(
            (places[0][where], places[1][where]), days, where, places, np.full(60, 1 / 60),
            params, shrink_events=3.0,
        )  # fmt: skip

    later = np.linspace(-200, 0, 300)
    assert tune(np.r_[ages, later], np.r_[at, np.full(300, 5)]) == tune(ages, at)


def test_too_few_events_keep_the_default_and_say_so():
    """A bandwidth tuned on ten events is noise."""
    here = np.zeros(10), np.zeros(10)
    tuned = hotspots.tune_kernel(
        here, np.arange(1.0, 11.0), np.zeros(10, dtype=int), (np.zeros(1), np.zeros(1)),
        np.ones(1), HotspotParams(), shrink_events=3.0,
    )  # fmt: skip
    assert not tuned.is_tuned
    assert tuned.bandwidth_m == HotspotParams().default_bandwidth_m
    assert np.isnan(tuned.gain)


def test_a_bandwidth_finer_than_the_cells_is_not_tried():
    """Cells can't show what is smaller than they are."""
    ages, at = _town(np.random.default_rng(4))
    places = np.arange(60) * 1000.0, np.zeros(60)
    tuned = hotspots.tune_kernel(
        (places[0][at], places[1][at]), ages, at, places, np.full(60, 1 / 60),
        HotspotParams(bandwidths_m=(100.0,)), shrink_events=3.0, least_bandwidth_m=700.0,
    )  # fmt: skip
    assert tuned.bandwidth_m == 700.0


def test_an_empty_grid_is_a_mistake():
    """The caller decides what an empty map means."""
    with pytest.raises(ValueError, match="at least one point"):
        hotspots.make_grid(np.empty(0), np.empty(0), bandwidth_m=500.0, max_bins=100)
