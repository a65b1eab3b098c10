"""The scan that finds emerging clusters of leads."""

import numpy as np
import pytest

from risk import space_time_scan as scanning
from risk.space_time_scan import ScanParams, collapse, scan
from tests.references import space_time_scan as twin


def noise(rng, n, n_places, n_weeks=30):
    """Return places and weeks that have nothing to do with each other, and points."""
    weights = rng.dirichlet(np.ones(n_places))
    points = rng.uniform(0, 40_000, (n_places, 2))
    return rng.choice(n_places, n, p=weights), rng.integers(0, n_weeks, n), points


SMALL = ScanParams(
    weeks=4, history_weeks=30, most_places=5, largest_share=0.5, n_draws=39, least_leads=2
)


@pytest.mark.parametrize("seed", range(6))
def test_the_strongest_cylinder_is_the_one_found_by_trying_all(seed):
    """A shortcut that misses a cylinder misses a den."""
    rng = np.random.default_rng(seed)
    place, week, points = noise(rng, 60, 9, 12)
    place[:5], week[:5] = 3, 1
    value, members, n_weeks, inside, expected = twin.best(place, week, points, SMALL)
    found = scan(place, week, points, SMALL, seed=1)[0]
    assert found.score == pytest.approx(value, abs=1e-8)
    assert (set(found.places), found.n_weeks, found.observed) == (set(members), n_weeks, inside)
    assert found.expected == pytest.approx(expected, abs=1e-8)


def test_the_p_value_is_the_one_found_by_trying_all():
    """The same permutations must give the same rank."""
    rng = np.random.default_rng(7)
    place, week, points = noise(rng, 50, 7, 12)
    place[:4], week[:4] = 2, 0
    lag = np.minimum(week, SMALL.weeks)
    drawn = np.random.default_rng(5)
    shuffled = [drawn.permutation(lag) for _ in range(SMALL.n_draws)]
    names, own = np.unique(place, return_inverse=True)
    wanted = twin.p_value(own, lag, points[names], SMALL, shuffled)
    assert scan(place, week, points, SMALL, seed=5)[0].p_value == pytest.approx(wanted)


def test_a_planted_cluster_is_found_and_says_how_many_were_expected():
    """Four villages that report four times as much as ever must stand out."""
    rng = np.random.default_rng(3)
    place, week, points = noise(rng, 600, 60, 52)
    near = np.argsort(np.hypot(*(points - points[10]).T))[:4]
    place = np.concatenate([place, rng.choice(near, 16)])
    week = np.concatenate([week, rng.integers(0, 3, 16)])
    found = scan(place, week, points, ScanParams(n_draws=199), seed=1)[0]
    assert set(found.places) & set(near.tolist())
    assert found.observed > 2 * found.expected
    assert found.p_value <= 0.01


def test_noise_is_alarmed_about_as_often_as_it_says():
    """A list that cries wolf is not read."""
    rng = np.random.default_rng(11)
    params = ScanParams(n_draws=99)
    false = 0
    for _ in range(60):
        found = scan(*noise(rng, 300, 40, 52), params, seed=2)
        false += bool(found) and found[0].p_value <= 0.05
    assert false <= 8  # 3 expected; more than 8 of 60 has a chance of 0.4 %


def test_spam_on_one_site_counts_once():
    """Ten thousand tickets in a day are one campaign, not an emerging cluster."""
    rng = np.random.default_rng(5)
    place, week, points = noise(rng, 300, 40, 52)
    sites = np.array([f"s{n}" for n in range(300)] + ["spam"] * 10_000, dtype=object)
    days = np.concatenate([7 * (60 - week), np.full(10_000, 419)])
    kept = collapse(sites, days, within_days=14)
    assert kept.sum() == 301
    all_places = np.concatenate([place, np.full(10_000, 4)])[kept]
    all_weeks = np.concatenate([week, np.zeros(10_000, dtype=int)])[kept]
    before = scan(place, week, points, ScanParams(n_draws=99), seed=1)[0]
    after = scan(all_places, all_weeks, points, ScanParams(n_draws=99), seed=1)[0]
    assert after.observed <= before.observed + 1


@pytest.mark.parametrize(
    ("place", "week"), [([], []), ([0], [0]), ([0, 0, 0], [0, 0, 0]), ([0] * 9, [9] * 9)]
)
def test_too_little_data_gives_no_cluster(place, week):
    """No leads, one lead, one village: nothing to tell, and no error."""
    points = np.zeros((1, 2))
    assert scan(np.array(place, int), np.array(week, int), points, ScanParams(), seed=1) == []


def test_one_village_is_never_a_cluster():
    """Where all leads are of one place, its share of each week is as expected."""
    week = np.array([0, 0, 1, 5, 9, 20])
    assert scan(np.zeros(6, int), week, np.zeros((1, 2)), ScanParams(), seed=1) == []


def test_the_gumbel_tail_is_close_to_the_rank_and_goes_below_it():
    """A finer p-value must still be that of the same permutations."""
    highest = np.random.default_rng(1).gumbel(5.0, 1.2, 999)
    for share in (0.5, 0.1, 0.02):
        score = float(np.quantile(highest, 1 - share))
        told = scanning.p_value(score, highest, gumbel=True)
        assert told == pytest.approx(share, rel=0.35)
    assert scanning.p_value(20.0, highest, gumbel=True) < 1e-4


def test_settings_that_make_no_sense_are_refused():
    """A typing error in the settings file must not switch the alerts off in silence."""
    with pytest.raises(ValueError, match="weeks"):
        ScanParams(weeks=60)
    with pytest.raises(ValueError, match="alert_p"):
        ScanParams(alert_p=0.0)
