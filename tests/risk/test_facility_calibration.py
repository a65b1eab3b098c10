"""Calibrated probabilities: right on the whole, and never out of order."""

import numpy as np
import pytest

from risk.facility_calibration import UNCHANGED, calibration


def _overconfident(n=4000, seed=2):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.05, 0.4, n)
    return np.clip(truth * 1.6, 0.01, 0.95), (rng.random(n) < truth).astype(float), truth


def test_the_curve_rises_strictly_from_end_to_end():
    """Calibration must not make two places equal, still less swap them."""
    said, found, _ = _overconfident()
    curve = calibration(said, found)
    line = curve(np.linspace(0.001, 0.999, 999))
    assert (np.diff(line) > 0).all()
    assert 0 < line[0] < line[-1] < 1


def test_a_boaster_is_brought_back_to_what_happened():
    """The number on the screen is read as a frequency."""
    said, found, truth = _overconfident()
    told = calibration(said, found)(said)
    assert told.mean() == pytest.approx(found.mean(), abs=0.01)
    assert np.abs(told - truth).mean() < 0.4 * np.abs(said - truth).mean()


def test_chance_that_runs_against_the_order_is_flattened_not_followed():
    """Finds falling where the model says more are noise to be pooled."""
    said = np.repeat([0.1, 0.2, 0.3, 0.4], 200)
    found = np.concatenate([(np.arange(200) % k == 0) for k in (10, 3, 20, 3)]).astype(float)
    line = calibration(said, found)(np.array([0.1, 0.2, 0.3, 0.4]))
    assert (np.diff(line) > 0).all()


@pytest.mark.parametrize("n", [0, 10, 79])
def test_too_little_to_calibrate_changes_nothing(n):
    """A curve through a handful of visits is noise."""
    assert calibration(np.full(n, 0.2), np.zeros(n)) is UNCHANGED
    assert UNCHANGED(np.array([0.2]))[0] == 0.2


def test_one_single_value_said_of_all_changes_nothing():
    """No order, no curve."""
    assert calibration(np.full(400, 0.2), np.tile([1.0, 0, 0, 0], 100)) is UNCHANGED
