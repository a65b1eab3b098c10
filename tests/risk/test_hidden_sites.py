"""The hidden-site model as a whole: recovery, update, reasons, bad input."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from risk import hidden_sites
from risk.hidden_data import hidden_data
from risk.hidden_model import start
from risk.hidden_params import HiddenParams
from risk.hidden_state import STORY
from tests.risk.hidden_made_up import county, county_data, grid_pairs, no_looks, no_reports

QUICK = HiddenParams(n_em_steps=4, n_steps=3, n_line_steps=2, n_draws=12, n_slope_draws=4)


@pytest.fixture(scope="module")
def fitted():
    """A small county, its state and its true counts."""
    data, sites = county_data(seed=1)
    return data, hidden_sites.fit(data, params=QUICK), sites


def test_the_map_shows_where_the_sites_are(fitted):
    """Cells of the top fifth hold more than twice their share."""
    _, state, sites = fitted
    mean = hidden_sites.posterior(state).mean
    top = np.argsort(-mean)[: len(mean) // 5]
    assert sites[top].sum() > 0.4 * sites.sum()


def test_the_total_is_about_right_and_inside_its_interval(fitted):
    """A static model over-states totals two or three times."""
    _, state, sites = fitted
    mean, lo, hi = hidden_sites.intervals(state, np.zeros(len(sites), int))
    assert lo[-1] <= sites.sum() <= hi[-1]
    assert 0.6 < mean[-1] / sites.sum() < 1.6


def test_detection_turnover_and_displacement_are_recovered():
    """Nobody can look them up; the 95 % ranges of the draws hold the truth."""
    data, _ = county_data(
        seed=5, side=20, n_weeks=80, visits=60, turnover=0.03, displaced=0.6, detection=0.55
    )
    # a turnover of 1.6 a year is far from what the default prior expects
    state = hidden_sites.fit(data, params=HiddenParams(turnover_logit_sd=0.6))
    for draws, truth in (
        (state.turnover, 0.03),
        (state.displaced, 0.6),
        (1 / (1 + np.exp(-state.detection_logit)), 0.55),
    ):
        lo, hi = np.quantile(draws, [0.025, 0.975])
        assert lo < truth < hi


def test_draws_are_centred_on_the_fit(fitted):
    """A last step to the mode would put the whole map off, and has."""
    _, state, _ = fitted
    centre = np.mean(np.log(state.turnover / (1 - state.turnover)))
    assert 1 / (1 + np.exp(-centre)) == pytest.approx(state.central_shared[0], rel=1e-9)
    assert np.mean(state.detection_logit) == pytest.approx(state.central_shared[2], abs=1e-9)


def test_curvature_of_the_shared_parameters_is_that_of_the_likelihood():
    """The intervals rest on it: second differences of the log likelihood itself."""
    data, _ = county_data(seed=2, n_weeks=20)
    model, point = start(data, QUICK)
    _, quadratic, _ = model.quadratic(point, exact=True)
    logs, logits = model.logs(point.fields, point.border), model.logits(point.border)

    def value(shift):
        return model.score(point, logs, logits + shift)[0].log_likelihood.sum()

    step = 0.01
    for i in range(3):
        shift = np.eye(3)[i] * step
        second = (value(shift) - 2 * value(0 * shift) + value(-shift)) / step**2
        assert -quadratic.curve_shared[i, i] == pytest.approx(second, rel=0.01, abs=0.01)


def test_an_update_equals_the_filter_over_all_weeks():
    """A week more must not need a new fit, and must not lose anything."""
    x, pairs, reports, looks, _ = county(seed=4, n_weeks=30)

    def part(first, last, **choices):
        cut = [
            rows[rows["week"].between(first, last - 1)].assign(week=rows["week"] - first)
            for rows in (reports, looks)
        ]
        season = np.ones(last - first)
        return hidden_data(x, pairs, *cut, n_weeks=last - first, season=season, **choices)

    state = hidden_sites.fit(part(0, 29), params=QUICK)
    steps = state.walk_steps
    week = part(29, 30, levels=state.levels, displaced_steps=steps)
    updated = hidden_sites.update(state, week)
    fresh = replace(
        state, week=0, knowledge=np.zeros(len(x)), last_look=np.full(len(x), -1),
        last_found=np.full(len(x), -1),
    )  # fmt: skip
    whole = part(0, 30, levels=state.levels, displaced_steps=steps)
    again = hidden_sites.filtered(fresh, whole)
    for name in ("states", "story", "knowledge", "last_look", "last_found", "week"):
        assert getattr(updated, name) == pytest.approx(getattr(again, name), abs=1e-4)


def test_reasons_add_up_to_the_expected_number(fitted):
    """A manager adds them up in his head."""
    believed = hidden_sites.posterior(fitted[1])
    assert np.abs(believed.story.sum(axis=1) - believed.mean).max() < 1e-6


def test_reasons_point_the_way_they_should(fitted):
    """Empty looks lower a cell, closures near by raise one, untouched cells keep quiet."""
    data, state, _ = fitted
    story = hidden_sites.posterior(state).story
    parts = dict(zip(STORY, story.T, strict=True))
    looked = np.diff(data.look_start) > 0
    assert (parts["closures_near"] > -1e-9).all()
    assert (parts["time_since_look"] < 1e-9).all()
    assert parts["time_since_look"][~looked] == pytest.approx(0.0, abs=1e-12)


def test_never_looked_at_is_not_low(fitted):
    """Knowledge is a layer of its own."""
    data, state, _ = fitted
    believed = hidden_sites.posterior(state)
    never = np.diff(data.look_start) == 0
    assert never.any()
    assert (believed.knowledge[never] == 0).all()
    assert (believed.knowledge[~never] > 0).all()
    assert (believed.weeks_since_look[never] == -1).all()


def test_the_same_data_give_the_same_state(fitted):
    """Two runs of one week must not differ on the map."""
    data, state, _ = fitted
    again = hidden_sites.fit(data, params=QUICK)
    for entry in fields(state):
        one, two = getattr(state, entry.name), getattr(again, entry.name)
        if sparse.issparse(one):
            one, two = one.toarray(), two.toarray()
        assert np.array_equal(one, two) if isinstance(one, np.ndarray) else one == two


def sane(state):
    """Check that nothing is missing, negative, or beyond the states."""
    believed = hidden_sites.posterior(state)
    for entry in fields(believed):
        assert np.isfinite(getattr(believed, entry.name)).all()
    assert (believed.mean > 0).all()
    assert (believed.mean < 8).all()
    assert (believed.lo <= believed.hi).all()
    return believed


def test_without_reports_and_visits_the_prior_remains_wide():
    """Nothing known: the total must not look known."""
    data = hidden_data(np.zeros((144, 0)), grid_pairs(), no_reports(), no_looks(), n_weeks=20)
    state = hidden_sites.fit(data, params=QUICK)
    sane(state)
    assert state.missing == ("reports", "looks", "finds")
    _, lo, hi = hidden_sites.intervals(state, np.zeros(144, int))
    assert hi[-1] > 3 * lo[-1]


@pytest.mark.parametrize("left_out", ["reports", "looks"])
def test_one_source_alone_gives_a_sane_map(left_out):
    """A bureau may have tickets but no visits on file, or visits but no hotline."""
    x, pairs, reports, looks, _ = county(seed=5, n_weeks=20)
    data = hidden_data(
        x, pairs, no_reports() if left_out == "reports" else reports,
        no_looks() if left_out == "looks" else looks, n_weeks=20,
    )  # fmt: skip
    state = hidden_sites.fit(data, params=QUICK)
    sane(state)
    assert left_out in state.missing


@pytest.mark.parametrize("pairs", [np.zeros((0, 2), int), np.array([[0, 1]])])
@pytest.mark.parametrize("n_cells", [2, 5])
def test_cells_without_neighbours_get_a_posterior(pairs, n_cells):
    """Islands and exclaves exist."""
    reports = pd.DataFrame({"cell": [0, 1], "week": [1, 2], "n": [1, 2]})
    looks = pd.DataFrame({"cell": [1], "week": [3], "n_visits": [1], "n_found": [1]})
    data = hidden_data(np.zeros((n_cells, 1)), pairs, reports, looks, n_weeks=8)
    sane(hidden_sites.fit(data, params=QUICK))


def test_a_single_cell_gets_a_posterior():
    """A district of one cell is a district."""
    reports = pd.DataFrame({"cell": [0], "week": [1], "n": [1]})
    data = hidden_data(np.zeros((1, 1)), np.zeros((0, 2), int), reports, no_looks(), n_weeks=8)
    sane(hidden_sites.fit(data, params=QUICK))


def test_a_missing_week_is_no_silent_week():
    """No file from the hotline must not read as no complaints."""
    x, pairs, reports, looks, _ = county(seed=6, n_weeks=30)
    gone = reports[~reports["week"].between(20, 24)]
    told = hidden_data(x, pairs, gone, looks, n_weeks=30, missing_weeks=(20, 21, 22, 23, 24))
    assert (told.season[20:25] == 0).all()
    assert (told.season[:20] > 0).all()
    sane(hidden_sites.fit(told, params=QUICK))


def test_ten_thousand_tickets_on_one_day_move_one_cell_only(fitted):
    """A ticket campaign must not redraw the map."""
    _, state, _ = fitted
    x, pairs, reports, looks, _ = county(seed=1)
    flood = pd.DataFrame({"cell": [70], "week": [38], "channel": ["web"], "n": [10_000]})
    data = hidden_data(x, pairs, pd.concat([reports, flood]), looks, n_weeks=40)
    assert data.n_capped >= 9_990
    flooded = sane(hidden_sites.fit(data, params=QUICK))
    usual = hidden_sites.posterior(state)
    assert flooded.mean.sum() < 1.3 * usual.mean.sum()
    assert flooded.mean[70] < 4.0


def test_visits_without_a_result_say_nothing():
    """An unfinished form is no empty look."""
    x, pairs, reports, looks, _ = county(seed=7, n_weeks=20)
    unfinished = looks.assign(n_found=np.nan)
    bare = hidden_data(x, pairs, reports, no_looks(), n_weeks=20)
    same = hidden_data(x, pairs, reports, unfinished, n_weeks=20)
    assert len(same.look_week) == 0
    one = hidden_sites.posterior(hidden_sites.fit(bare, params=QUICK))
    two = hidden_sites.posterior(hidden_sites.fit(same, params=QUICK))
    assert np.array_equal(one.mean, two.mean)


def test_rows_of_unknown_cells_are_refused():
    """A wrong id must not land on another cell."""
    reports = pd.DataFrame({"cell": [9], "week": [1], "n": [1]})
    with pytest.raises(ValueError, match="does not exist"):
        hidden_data(np.zeros((2, 0)), np.zeros((0, 2), int), reports, no_looks(), n_weeks=4)


def test_a_campaign_that_doubles_the_visits_is_no_outbreak():
    """More finds because of more looks must not raise what is believed to stand there."""
    x, pairs, reports, looks, sites = county(seed=8, n_weeks=30, visits=15)
    usual = sane(hidden_sites.fit(hidden_data(x, pairs, reports, looks, n_weeks=30), params=QUICK))
    _, _, more_reports, more_looks, left = county(seed=8, n_weeks=30, visits=30)
    data = hidden_data(x, pairs, more_reports, more_looks, n_weeks=30)
    busy = sane(hidden_sites.fit(data, params=QUICK))
    assert more_looks["n_found"].sum() > 1.2 * looks["n_found"].sum()
    wrong_usual = usual.mean.sum() / sites.sum()
    assert busy.mean.sum() / left.sum() < 1.6 * max(wrong_usual, 1.0)


def test_turnover_and_detection_stay_where_they_can_be_believed():
    """Worlds unlike the model drove turnover to 98 % a week."""
    x, pairs, reports, looks, _ = county(seed=9, n_weeks=30)
    rng = np.random.default_rng(0)
    scattered = reports.assign(cell=rng.permutation(len(x))[reports["cell"]])
    state = hidden_sites.fit(
        hidden_data(x, pairs, pd.concat([scattered] * 3), looks, n_weeks=30), params=QUICK
    )
    assert (state.turnover < 0.03).all()
    detection = 1 / (1 + np.exp(-state.detection_logit))
    assert (detection > 0.1).all()
    assert (detection < 0.8).all()
