"""Measures of a ranking: checked by hand, ties included."""

import numpy as np
import pytest

from risk import metrics

SCORE = [4.0, 3.0, 2.0, 1.0, 0.0]
EVENTS = [5, 0, 3, 2, 0]


def test_the_top_two_of_five_places_caught_half_of_the_events():
    """5 of 10 events; two fifths of the area: PAI 0.5 / 0.4; the best choice catches 8."""
    assert metrics.hit_rate(SCORE, EVENTS, area_share=0.4) == pytest.approx(0.5)
    assert metrics.pai(SCORE, EVENTS, area_share=0.4) == pytest.approx(1.25)
    assert metrics.pei(SCORE, EVENTS, area_share=0.4) == pytest.approx(0.5 / 0.8)


def test_a_constant_score_catches_exactly_the_area_share():
    """Row order must not make a blind method look good."""
    for share in (0.1, 0.4, 1.0):
        assert metrics.hit_rate([1.0] * 5, EVENTS, area_share=share) == pytest.approx(share)


def test_tied_places_share_the_room_left():
    """One place is taken whole, two tied ones by half."""
    part = metrics.chosen_part([2, 1, 1, 0], area_share=0.5)
    assert part.tolist() == [1, 0.5, 0.5, 0]


def test_area_counts_instead_of_places():
    """A large township is dearer to search than a small one."""
    part = metrics.chosen_part([3, 2, 1], area_share=0.5, area=[1, 2, 1])
    assert part.tolist() == [1, 0.5, 0]


def test_without_events_there_is_no_hit_rate():
    """NaN, not a perfect or a worst mark."""
    assert np.isnan(metrics.hit_rate(SCORE, [0] * 5, area_share=0.4))


def test_auc_counts_pairs_and_halves_ties():
    """Pairs (yes, no): (3,2) right, (3,1) right, (1,2) wrong, (1,1) tie: 2.5 of 4."""
    assert metrics.auc([3, 2, 1, 1], [True, False, True, False]) == pytest.approx(0.625)
    assert np.isnan(metrics.auc([1, 2], [True, True]))


def test_a_share_outside_0_to_1_is_refused():
    """20 instead of 0.2 is an easy mistake."""
    with pytest.raises(ValueError, match="area_share"):
        metrics.hit_rate(SCORE, EVENTS, area_share=20)
