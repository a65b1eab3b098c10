"""Probabilities beside outcomes: right ones agree, wrong ones are told, few visits tell nothing."""

import numpy as np
import pytest

from risk import reliability


def _word(p, found, *, doubt=0.05):
    check = reliability.compared(
        np.asarray(p), np.asarray(found, bool), doubt=doubt, rng=np.random.default_rng(0)
    )
    return reliability.verdict(
        check["said"]["lo"], check["said"]["hi"], check["found"]["value"], check["power"]["value"]
    )


def test_the_right_word_for_right_and_wrong_probabilities():
    """500 visits at 10 %: 50 finds agree, 90 are too many, 15 too few; five visits say nothing."""
    p = np.full(500, 0.1)

    def found(n):
        return np.arange(500) < n

    assert _word(p, found(50)) == reliability.AGREES
    assert _word(p, found(90)) == reliability.TOO_LOW
    assert _word(p, found(15)) == reliability.TOO_HIGH
    assert _word(np.full(5, 0.1), np.zeros(5)) == reliability.TOO_FEW


def test_the_interval_holds_nine_times_in_ten():
    """Finds drawn with the very chances that were said, unequal ones included."""
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(300):
        p = rng.beta(1, 8, 200)
        said = reliability.compared(p, rng.random(200) < p, doubt=0.0, rng=rng)
        inside += said["said"]["lo"] <= said["found"]["value"] <= said["said"]["hi"]
    assert 0.86 <= inside / 300 <= 0.98


def test_curve_has_one_point_per_class_with_its_share():
    """By hand: two visits at 1 % without find, four at 30 % with two."""
    points = reliability.curve(
        np.array([0.01, 0.01, 0.3, 0.3, 0.3, 0.3]), np.array([0, 0, 1, 1, 0, 0], bool)
    )
    assert [(point["n"], point["value"]) for point in points] == [(2, 0.0), (4, 0.5)]
    assert points[0]["lo"] == 0.0
    assert points[1]["lo"] < 0.5 < points[1]["hi"]
    assert points[1]["at"] == pytest.approx(0.3)
