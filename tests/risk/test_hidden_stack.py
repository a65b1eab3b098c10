"""The model beside other methods: who is trusted, and what nobody may know beforehand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from risk import hidden_sites, hidden_stack
from risk.hidden_basis import places
from risk.hidden_data import hidden_data
from risk.hidden_features import snapshots
from risk.hidden_params import HiddenParams
from tests.risk.hidden_made_up import county, county_data
from tests.risk.hidden_worlds import OddWorld

QUICK = HiddenParams(n_em_steps=4, n_steps=3, n_line_steps=2, n_draws=12, n_slope_draws=4)
COUNTY = {"seed": 3, "side": 16, "n_weeks": 60, "visits": 40, "level": 0.8}


@pytest.fixture(scope="module")
def played():
    return county_data(**COUNTY)


def compared(data, ahead):
    seen = 1 - 0.6**data.look_visits
    return hidden_stack.check(data, 45, ahead=ahead, seen=seen, groups=places(data.walk))


def test_a_model_that_knows_the_sites_is_left_alone(played):
    """In a world like the model's the challengers only add noise."""
    data, _ = played
    state = hidden_sites.fit(data, params=QUICK)
    assert hidden_stack.trusted(state.check.weights) > 0.6


def test_a_model_that_knows_nothing_loses_its_weight(played):
    """Where it fails, the map must follow what finds bear out."""
    data, _ = played
    noise = np.exp(np.random.default_rng(0).normal(-1.0, 1.5, data.n_cells))
    told = compared(data, lambda _: noise)
    assert hidden_stack.trusted(told.weights) < 0.5
    assert told.deviance[-1] < told.deviance[0]


def test_a_level_far_off_is_noticed(played):
    """A total that later finds deny must not be told with confidence."""
    data, _ = played
    right = compared(data, lambda _: np.full(data.n_cells, 0.5))
    wrong = compared(data, lambda _: np.full(data.n_cells, 5.0))
    assert wrong.level_sd > right.level_sd
    assert wrong.expected == pytest.approx(10 * right.expected)


def test_a_comparison_is_saved_as_figures_and_read_back(played):
    """The state is kept as plain arrays."""
    data, _ = played
    told = compared(data, lambda _: np.full(data.n_cells, 0.5))
    again = hidden_stack.from_array(told.to_array())
    for name in ("weights", "deviance", "level_sd", "place_sd", "observed", "expected"):
        assert getattr(again, name) == pytest.approx(getattr(told, name))


def test_features_know_nothing_of_the_week_they_are_for_or_after(played):
    """A leak would make every challenger look good."""
    x, pairs, reports, looks, _ = county(**COUNTY)
    late_reports = reports.assign(n=np.where(reports["week"] >= 30, 5, reports["n"]))
    late_looks = looks.assign(n_found=np.where(looks["week"] >= 30, 0, looks["n_found"]))
    weeks = np.array([20, 30])
    one, two = (
        dict(snapshots(hidden_data(x, pairs, *rows, n_weeks=60), weeks))
        for rows in ((reports, looks), (late_reports, late_looks))
    )
    for week in weeks:
        assert np.array_equal(one[week], two[week])


def test_cut_weeks_are_those_weeks_and_no_others(played):
    """The weeks held out must not reach the early fit."""
    data, _ = played
    part = hidden_stack.cut(data, 10, 20)
    assert part.n_weeks == 10
    inside = (data.look_week >= 10) & (data.look_week < 20)
    assert part.look_found.sum() == data.look_found[inside].sum()
    assert part.look_start[-1] == inside.sum()
    assert np.array_equal(part.near[:, 1:], data.near[:, 11:21])


def test_other_methods_change_the_map_by_a_reason_of_their_own(played):
    """The reasons still add up to the number shown."""
    data, _ = played
    state = hidden_sites.fit(data, params=replace(QUICK, stack=False))
    assert state.tilt is None
    tilt = np.exp(np.random.default_rng(1).normal(0, 0.5, data.n_cells))
    level = np.exp(np.linspace(-0.2, 0.2, len(state.states)))
    told = hidden_sites.posterior(replace(state, tilt=tilt, level=level))
    plain = hidden_sites.posterior(state)
    assert np.abs(told.story.sum(axis=1) - told.mean).max() < 1e-6
    assert np.array_equal(told.story[:, :5], plain.story[:, :5])
    assert ((told.mean > plain.mean) == (told.story[:, 5] > 0)).all()


def test_a_county_of_another_kind_gets_a_wide_and_flagged_answer():
    """Tickets filed elsewhere and late, silent villages, warned dens: say so, stay sane."""
    world = OddWorld(3, side=20)
    world.visits = 20
    played = [world.advance(world.usual_visits()) for _ in range(60)]
    reports, looks = (pd.concat(parts, ignore_index=True) for parts in zip(*played, strict=True))
    place = world.ids
    data = hidden_data(
        world.cells[["residents", "poverty_index", "night_light"]].to_numpy(float),
        np.c_[
            place.loc[world.neighbours["cell_id"]], place.loc[world.neighbours["neighbour_id"]]
        ],
        reports.assign(cell=place.loc[reports["cell_id"]].to_numpy()),
        looks.assign(cell=place.loc[looks["cell_id"]].to_numpy()),
        n_weeks=60,
    )  # fmt: skip
    state = hidden_sites.fit(data, params=QUICK)
    mean, lo, hi = hidden_sites.intervals(state, np.zeros(data.n_cells, int))
    truth = world.n_hidden().sum()
    assert hi[-1] > 1.25 * lo[-1]
    assert "total" in state.warnings or 0.5 < mean[-1] / truth < 2.0
    assert mean[-1] < 8 * truth
