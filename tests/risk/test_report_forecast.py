"""The bank of densities: mixture weights find the truth, the forecast learns what tells."""

import numpy as np
import pytest

from risk import report_forecast
from risk.report_forecast import BankParams, FineGrid

GRID = FineGrid(shape=(6, 8), sub=2, bin_m=250.0, kept=np.arange(48))


def test_every_density_of_the_bank_has_mean_one_and_follows_its_memory():
    """An old corner counts with a long memory only."""
    bins, ages = np.array([0] * 10 + [191] * 10), np.array([900.0] * 10 + [1.0] * 10)
    params = BankParams(bandwidths_m=(100.0,), half_lives_days=(7.0, float("inf")))
    short, long, *_ = report_forecast.bank(GRID, bins, ages, params)
    assert short.mean() == pytest.approx(1.0)
    assert short[0] < 1e-6 < short[47]
    assert long[0] == pytest.approx(long[47], rel=0.05)


def test_mixture_weights_find_the_density_that_made_the_events():
    """Events drawn from the second of three densities give it the weight."""
    rng = np.random.default_rng(0)
    densities = np.array([_mean_one(rng.gamma(0.5, 1, 300)) for _ in range(3)])
    counts = [rng.poisson(densities[1]).astype(float) for _ in range(6)]
    shares = report_forecast.mixture_weights([densities] * 6, counts)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[1] > 0.8


def test_the_forecast_ranks_by_what_told_in_the_past():
    """Of two maps one is noise: the learnt order is that of the other."""
    rng = np.random.default_rng(1)
    weeks = [np.array([_mean_one(rng.gamma(0.5, 1, 300)) for _ in range(2)]) for _ in range(12)]
    counts = [rng.poisson(week[0]).astype(float) for week in weeks]
    learnt = report_forecast.fit(weeks[:11], counts[:11], BankParams(penalties=(1e-3, 1e-1)))
    said = learnt.expected(weeks[11])
    assert np.corrcoef(np.log(said), np.log(weeks[11][0] + 0.05))[0, 1] > 0.95
    assert said.mean() == pytest.approx(1.0)


def _mean_one(values):
    return values / values.mean()
