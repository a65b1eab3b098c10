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


def test_auc_within_groups_is_that_of_all_pairs_of_one_group():
    """What inspectors differ by must not count for a score: brute force over all pairs."""
    rng = np.random.default_rng(5)
    score, yes = rng.integers(0, 4, 60).astype(float), rng.random(60) < 0.4
    group = rng.integers(0, 5, 60)
    right, pairs, code = metrics.auc_pairs(score, yes, group)
    slow_right = slow_pairs = 0.0
    for i in range(60):
        for j in range(60):
            if group[i] == group[j] and yes[i] and not yes[j]:
                slow_pairs += 1
                slow_right += 1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0
    assert right.sum() == pytest.approx(slow_right)
    assert pairs.sum() == slow_pairs
    assert len(pairs) == len(set(group.tolist()))
    assert (np.unique(group)[code] == group).all()


def test_one_sort_gives_the_part_within_any_share():
    """The spans stand for ``chosen_part`` at every share, ties and unequal areas included."""
    score, area = [3.0, 1.0, 1.0, 2.0, 0.0], [1.0, 2.0, 1.0, 3.0, 1.0]
    before, width = metrics.tie_spans(score, area=area)
    assert before.tolist() == pytest.approx([0, 0.5, 0.5, 0.125, 0.875])
    assert width.tolist() == pytest.approx([0.125, 0.375, 0.375, 0.375, 0.125])
    part = metrics.part_within(before, width, area_share=0.5 + 0.375 / 2)
    assert part.tolist() == pytest.approx([1, 0.5, 0.5, 1, 0])


def test_brier_score_weighs_visits():
    """A visit drawn with a small chance stands for many; nothing at all is no perfect mark."""
    assert metrics.brier([0.5, 1.0], [0, 1]) == pytest.approx(0.125)
    assert metrics.brier([0.5, 1.0], [0, 1], weights=[3, 1]) == pytest.approx(0.1875)
    assert np.isnan(metrics.brier([], []))
