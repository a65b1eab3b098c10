"""The random arm: the draw, the estimate that needs no model, and the alarm."""

import numpy as np
import pandas as pd
import pytest

from risk import exploration
from risk.exploration import ExplorationParams, draw, estimate, frame_hash, judge

PARAMS = ExplorationParams()


def cells(n=300, seed=1):
    """Return cells of all classes at all distances."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "cell_id": [f"8840{n:011d}" for n in range(n)],
            "urban_rural_code": rng.choice(["111", "112", "121", "122", "210", "220", None], n),
            "minutes_to_seat": rng.uniform(0, 120, n),
            "knowledge": np.where(rng.random(n) < 0.5, 0.0, rng.random(n)),
        }
    )


def visits(chance, found, made=None, stratum="s"):
    """Return drawn visits."""
    return pd.DataFrame(
        {
            "inclusion_prob": chance,
            "found": np.asarray(found, bool),
            "made": True if made is None else np.asarray(made, bool),
            "stratum": stratum,
        }
    )


def test_stored_chances_are_those_of_the_draw():
    """An estimate weighted by wrong chances is wrong however many visits are made."""
    listed = cells(60)
    n_rounds = 1000
    hits = np.zeros(60)
    for seed in range(n_rounds):
        drawn = draw(listed, 6, PARAMS, seed=seed)
        assert drawn["drawn"].sum() == 6
        hits += drawn["drawn"].to_numpy()
    chance = drawn["inclusion_prob"].to_numpy()
    assert chance.sum() == pytest.approx(6)
    error = (hits / n_rounds - chance) / np.sqrt(chance * (1 - chance) / n_rounds)
    assert np.abs(error).max() < 4.5


def test_remote_and_unsearched_cells_are_drawn_more_often():
    """What nobody has looked at is where the estimate is worst."""
    frame = draw(cells(), 30, PARAMS, seed=1)
    mean = frame.groupby("stratum")["inclusion_prob"].first()
    assert mean["rural-remote-unsearched"] == pytest.approx(3 * mean["rural-near-searched"])
    remote = frame[frame["stratum"].str.contains("-remote")]
    assert remote["inclusion_prob"].sum() / 30 > len(remote) / len(frame)


def test_a_draw_can_be_repeated_from_the_list_and_the_seed():
    """Anybody must be able to check that chance chose, not the bureau."""
    listed = cells()
    first = draw(listed, 20, PARAMS, seed=5)
    again = draw(listed.sample(frac=1.0, random_state=2), 20, PARAMS, seed=5)
    assert frame_hash(first) == frame_hash(again)
    assert first["drawn"].equals(again["drawn"])
    assert not first["drawn"].equals(draw(listed, 20, PARAMS, seed=6)["drawn"])
    assert frame_hash(first.iloc[1:]) != frame_hash(first)


def test_draws_of_thin_lists():
    """No cell, one cell, more wished than there are, and distances unknown."""
    assert draw(cells(0), 5, PARAMS, seed=1).empty
    assert draw(cells(1), 5, PARAMS, seed=1)["drawn"].all()
    whole = draw(cells(4), 9, PARAMS, seed=1)
    assert whole["drawn"].all()
    assert (whole["inclusion_prob"] == 1.0).all()
    blind = cells().assign(minutes_to_seat=np.nan)
    assert draw(blind, 9, PARAMS, seed=1)["drawn"].sum() == 9
    assert not draw(cells(), 0, PARAMS, seed=1)["drawn"].any()


def test_the_estimate_weights_by_one_over_the_chance():
    """Oversampled places must not count double."""
    told = estimate(visits([0.5] * 4 + [0.1] * 4, [1, 1, 1, 1, 0, 0, 0, 1]))
    assert told.share == pytest.approx((4 * 2 + 10) / (4 * 2 + 4 * 10))
    assert told.lo < told.share < told.hi


def test_visits_not_made_are_carried_by_their_stratum_and_bounded():
    """Doors that nobody opened must widen what is said, not vanish."""
    chance = [0.1] * 20
    made = [True] * 10 + [False] * 10
    found = [True] * 5 + [False] * 15
    told = estimate(visits(chance, found, made, ["a"] * 5 + ["b"] * 5 + ["a"] * 5 + ["b"] * 5))
    assert (told.n_drawn, told.n_made, told.n_found) == (20, 10, 5)
    assert told.share == pytest.approx(0.5)
    assert (told.lowest, told.highest) == (pytest.approx(0.25), pytest.approx(0.75))
    uneven = estimate(visits(chance, found, made, ["a"] * 5 + ["b"] * 5 + ["a"] * 10))
    assert uneven.share == pytest.approx(0.75)


def test_no_visit_made_says_nothing():
    """A random arm that was not walked knows nothing: no zero, no error."""
    for drawn in (visits([], []), visits([0.1] * 9, [0] * 9, [0] * 9)):
        told = estimate(drawn)
        assert (told.n_made, told.share, told.hi) == (0, None, None)
    assert judge(np.zeros(0), np.zeros(0, bool), PARAMS).state == "too_few"


def test_no_find_still_has_an_upper_bound():
    """Thirty empty visits do not mean that there is nothing."""
    told = estimate(visits([0.1] * 30, [0] * 30))
    assert (told.share, told.lo) == (0.0, 0.0)
    assert told.hi == pytest.approx(1 - 0.05 ** (1 / 30), rel=0.01)


def test_the_interval_covers_about_as_often_as_it_says():
    """A 90 % interval that holds in 70 % of cases is a lie; checked on unequal chances."""
    rng = np.random.default_rng(3)
    listed = cells(400, seed=2)
    true = rng.random(400) < np.where(listed["urban_rural_code"] == "220", 0.25, 0.08)
    held = 0
    for seed in range(100):
        parts = []
        for week in range(10):
            frame = draw(listed, 8, PARAMS, seed=1000 * seed + week)
            parts.append(frame[frame["drawn"]].assign(found=true[frame["drawn"]], made=True))
        told = estimate(pd.concat(parts))
        held += told.lo <= true.mean() <= told.hi
    assert 0.82 <= held / 100 <= 1.0


def test_the_alarm_is_rare_when_the_model_is_right_and_as_powerful_as_it_says():
    """An alarm is worth what its power is worth, and no more than its false alarms allow."""
    rng = np.random.default_rng(4)
    chance = rng.beta(1, 12, 250)
    alarms = dict.fromkeys((0.5, 1.0, 2.0), 0)
    for _ in range(150):
        for factor in alarms:
            found = rng.random(250) < np.clip(factor * chance, 0, 1)
            told = judge(chance, found, PARAMS, log_sd=0.15)
            alarms[factor] += told.state in {"too_low", "too_high"}
    assert alarms[1.0] / 150 <= 0.10
    assert alarms[2.0] / 150 == pytest.approx(told.power_low, abs=0.12)
    assert alarms[0.5] / 150 == pytest.approx(told.power_high, abs=0.12)


def test_the_tail_is_the_one_counted_by_hand():
    """Ten visits at one in ten, without doubt: four finds or more have a chance of 1.28 %."""
    params = ExplorationParams(least_visits=5)
    told = judge(np.full(10, 0.1), np.arange(10) < 4, params, log_sd=0.0)
    assert told.tail == pytest.approx(0.0127951984)
    assert told.state == "too_low"
    assert (told.observed, told.predicted) == (4, pytest.approx(1.0))


def test_with_few_visits_it_says_how_many_more_it_needs():
    """Too few, without a number, is no help for next month's plan."""
    few = judge(np.full(30, 0.05), np.zeros(30, bool), PARAMS)
    assert few.state == "too_few"
    assert few.n_more is not None
    enough = judge(np.full(30 + few.n_more, 0.05), np.zeros(30 + few.n_more, bool), PARAMS)
    assert enough.power_low >= 0.7


def test_settings_that_make_no_sense_are_refused():
    """Half of all hours is the most that may go to chance."""
    for wrong in ({"share": 0.8}, {"remote_weight": 0.5}, {"alarm_p": 0.0}):
        with pytest.raises(ValueError, match="must be"):
            ExplorationParams(**wrong)
    assert exploration.strata(cells(), PARAMS).nunique() > 8
