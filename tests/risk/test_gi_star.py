"""Hot spots: the statistic is the textbook's, pure noise stays cold, a real spot is found."""

import numpy as np
import pytest
import scipy.sparse as sp

from risk import gi_star


def _line_of_squares(side):
    """Four-neighbour squares as a sparse matrix."""
    at = np.arange(side * side).reshape(side, side)
    pairs = np.vstack(
        [
            np.column_stack([at[:, :-1].ravel(), at[:, 1:].ravel()]),
            np.column_stack([at[:-1].ravel(), at[1:].ravel()]),
        ]
    )
    both = np.vstack([pairs, pairs[:, ::-1]])
    n = side * side
    return sp.csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))


def test_z_is_the_formula_of_ord_and_getis():
    """Plain sums over each cell and its neighbours, one after the other."""
    near = _line_of_squares(6)
    values = np.random.default_rng(1).poisson(2.0, 36).astype(float)
    fast = gi_star.hot_spots(values, gi_star.windows(near)).z
    dense = near.toarray() + np.eye(36)
    mean, deviation = values.mean(), values.std()
    for i in range(36):
        w = dense[i]
        top = (w * values).sum() - mean * w.sum()
        bottom = deviation * np.sqrt((36 * (w**2).sum() - w.sum() ** 2) / 35)
        assert fast[i] == pytest.approx(top / bottom)


@pytest.mark.parametrize("mean", [0.05, 0.5, 4.0])
def test_pure_noise_is_called_hot_no_more_often_than_promised(mean):
    """Folded default p-values call 11 % of pure noise significant; here 5 % of maps at most."""
    window = gi_star.windows(_line_of_squares(40))
    rng = np.random.default_rng(7)
    maps = [gi_star.hot_spots(rng.poisson(mean, 1600).astype(float), window) for _ in range(200)]
    # 5 % of 200 maps, and three standard deviations of chance
    assert sum(found.is_hot.any() for found in maps) <= 10 + 9
    assert np.mean([found.is_hot.mean() for found in maps]) < 0.001


def test_a_real_hot_spot_is_found_and_little_else():
    """Power: five cells with four times the reports stand out of 1,600."""
    rng = np.random.default_rng(3)
    values = rng.poisson(2.0, 1600).astype(float)
    spot = [820, 819, 821, 780, 860]
    values[spot] += 12
    is_hot = gi_star.hot_spots(values, gi_star.windows(_line_of_squares(40))).is_hot
    assert is_hot[820]
    assert is_hot.sum() < 25


def test_equal_values_and_tiny_maps_have_no_hot_spot():
    """No report at all, or two cells: nothing, and no warning."""
    window = gi_star.windows(_line_of_squares(5))
    assert not gi_star.hot_spots(np.zeros(25), window).is_hot.any()
    one = gi_star.windows(sp.csr_array((1, 1)))
    assert not gi_star.hot_spots(np.ones(1), one).is_hot.any()


def test_step_up_rule_keeps_all_below_the_last_good_one():
    """Benjamini and Hochberg at 10 %, by hand: limits .02 .04 .06 .08 .10."""
    p = np.array([0.05, 0.001, 0.055, 0.2, 0.9])
    assert gi_star.discoveries(p, share=0.1).tolist() == [True, True, True, False, False]
    assert not gi_star.discoveries(np.array([0.5, 0.9]), share=0.1).any()


def test_reports_in_proportion_to_people_are_no_excess():
    """A big town reports more; that alone is not hot."""
    people = np.array([100.0, 200.0, 700.0])
    assert np.allclose(gi_star.above_expected(people / 10, people), 0.0)
    assert gi_star.above_expected(np.array([10.0, 0, 0]), people)[0] > 0
