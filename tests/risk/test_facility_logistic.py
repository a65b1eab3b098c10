"""The logistic regression in blocks: its derivatives, and worlds whose truth is known."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import approx_fprime
from scipy.special import expit

from risk import facility_logistic
from risk.facility_choice import auc_within
from risk.facility_logistic import fit, gradient, indicator, log_odds, objective, variance


def _world(*, n=6000, n_officers=12, officer_sd=1.0, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    officer = rng.integers(0, n_officers, n)
    effect = rng.normal(0, officer_sd, n_officers)
    odds = -2.0 + x @ np.array([0.8, 0.0, -0.5]) + effect[officer]
    found = (rng.random(n) < expit(odds)).astype(float)
    blocks = {"x": sparse.csr_array(x), "officers": indicator(officer, n_officers)}
    return blocks, found, effect, officer


def test_the_gradient_is_that_of_finite_differences():
    """A wrong derivative still converges, to the wrong place."""
    rng = np.random.default_rng(0)
    design = sparse.csr_array(rng.normal(size=(40, 4)))
    found = (rng.random(40) < 0.3).astype(float)
    rest = (design, found, rng.normal(size=40), rng.normal(size=4), np.full(4, 2.0))
    beta = rng.normal(size=4)
    slope = approx_fprime(beta, lambda b: objective(b, *rest), 1e-7)
    assert gradient(beta, *rest) == pytest.approx(slope, abs=1e-4)


def test_weights_and_spreads_come_back_from_a_simulated_world():
    """What was put in is what is read out, within the stated doubt."""
    blocks, found, effect, _ = _world(n_officers=40)
    fitted = fit(blocks, found)
    sd = np.sqrt(np.diag(fitted.covariance)[fitted.slices["x"]])
    assert np.abs(fitted.weights["x"] - [0.8, 0.0, -0.5]).max() < 3 * sd.max()
    assert 0.7 < fitted.sds["officers"] < 1.4
    assert np.corrcoef(fitted.weights["officers"], effect)[0, 1] > 0.95


def test_without_the_officer_effect_strict_officers_would_pass_for_bad_places():
    """Who goes where is no chance: the strict go to one half of the town."""
    rng = np.random.default_rng(5)
    half = rng.integers(0, 2, 8000)
    officer = np.where(rng.random(8000) < 0.8, half, 1 - half)
    found = (rng.random(8000) < expit(-2.5 + 1.5 * officer)).astype(float)
    town = {"town": sparse.csr_array(half[:, None].astype(float))}
    with_officer = fit(town | {"officers": indicator(officer, 2)}, found)
    alone = fit(town, found)
    assert abs(with_officer.weights["town"][0]) < 0.25
    assert alone.weights["town"][0] > 0.5


def test_the_slope_is_zero_at_the_mode():
    """Newton's method stopped because it was there."""
    blocks, found, _, _ = _world(n=800)
    fitted = fit(blocks, found, fixed_sds={"x": 0.3, "officers": 0.5})
    design = sparse.csr_array(
        sparse.hstack([np.ones((800, 1)), blocks["x"], blocks["officers"]], format="csr")
    )
    beta = np.concatenate([fitted.weights[k] for k in ("intercept", "x", "officers")])
    precision = np.concatenate([[0.01], np.full(3, 0.3**-2), np.full(12, 4.0)])
    slope = gradient(beta, design, found, np.zeros(800), np.zeros(16), precision)
    assert np.abs(slope).max() < 1e-2


def test_a_block_without_effect_is_pulled_to_nothing():
    """Noise must not move a ranking."""
    rng = np.random.default_rng(1)
    found = (rng.random(4000) < 0.2).astype(float)
    fitted = fit({"noise": sparse.csr_array(rng.normal(size=(4000, 5)))}, found)
    assert fitted.sds["noise"] < 0.1
    assert np.abs(fitted.weights["noise"]).max() < 0.1


def test_terms_add_up_to_the_log_odds_and_an_absent_block_is_averaged_out():
    """Reasons are made of them."""
    blocks, found, _, _ = _world(n=500)
    fitted = fit(blocks, found)
    terms = log_odds(fitted, blocks)
    dense = np.hstack([np.ones((500, 1)), blocks["x"].toarray(), blocks["officers"].toarray()])
    beta = np.concatenate([fitted.weights[k] for k in ("intercept", "x", "officers")])
    assert sum(terms.values()) == pytest.approx(dense @ beta)
    assert "officers" not in log_odds(fitted, {"x": blocks["x"]})
    assert variance(fitted, blocks) == pytest.approx(
        np.einsum("ij,jk,ik->i", dense, fitted.covariance, dense)
    )


def test_few_rows_stay_at_the_centre_of_the_prior():
    """Five visits tell nothing that the prior does not."""
    x = sparse.csr_array(np.array([[1.0], [-1.0], [0.5], [0.0], [0.2]]))
    fitted = fit({"x": x}, np.array([1.0, 0, 0, 1, 0]), centres={"x": np.array([1.0])})
    assert fitted.weights["x"][0] == pytest.approx(1.0, abs=0.4)


def test_all_clean_and_all_found_give_finite_weights():
    """Separated data would run to infinity without the prior."""
    x = sparse.csr_array(np.arange(30.0)[:, None] / 30)
    for found in (np.zeros(30), np.ones(30)):
        fitted = fit({"x": x}, found)
        assert np.isfinite(fitted.weights["x"]).all()
        assert np.isfinite(fitted.evidence)


def test_the_evidence_prefers_the_true_spread():
    """The spreads are estimates, so the evidence must peak near the truth."""
    blocks, found, _, _ = _world(n_officers=60, officer_sd=0.8)
    value = {
        sd: fit(blocks, found, fixed_sds={"x": 0.6, "officers": sd}).evidence
        for sd in (0.1, 0.8, 2.0)
    }
    assert max(value, key=value.get) == 0.8


def test_the_same_rows_give_the_same_bytes():
    """Two runs of one day must not differ."""
    blocks, found, _, _ = _world(n=700)
    one, two = fit(blocks, found), fit(blocks, found)
    assert one.covariance.tobytes() == two.covariance.tobytes()


def test_indicator_leaves_unknown_codes_empty():
    """A kind never seen gets no effect."""
    table = facility_logistic.indicator(np.array([0, -1, 1]), 2).toarray()
    assert table.tolist() == [[1, 0], [0, 0], [0, 1]]


def test_auc_within_compares_only_inside_groups():
    """Groups that differ in level must not look like skill."""
    score = np.array([1.0, 2, 11, 12])
    found = np.array([1.0, 0, 1, 1])
    assert auc_within(score, found, np.array([0, 0, 1, 1])) == 0.0
    assert np.isnan(auc_within(score, np.ones(4), np.zeros(4, dtype=int)))
