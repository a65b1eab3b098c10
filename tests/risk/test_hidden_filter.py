"""The forward-backward recursion against a list of all paths, and its derivatives."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from risk.hidden_data import hidden_data
from risk.hidden_filter import Rates, forward_backward
from tests.references import hidden_sites as reference

REPORTS = pd.DataFrame(
    [(0, 0, "phone", 1), (0, 2, "web", 2), (1, 1, "phone", 1), (1, 1, "web", 1), (2, 3, "web", 3)],
    columns=["cell", "week", "channel", "n"],
)
LOOKS = pd.DataFrame(
    [(0, 1, 1, 1, "a"), (1, 0, 2, 0, "a"), (1, 2, 1, 2, "b"), (1, 2, 1, 1, "a"), (2, 3, 3, 0, "b")],
    columns=["cell", "week", "n_visits", "n_found", "team"],
)
LEVEL = np.array([1.0, 1.3, 0.7, 1.0])


def three_cells(level=LEVEL):
    return hidden_data(
        np.zeros((3, 0)), np.array([[0, 1], [1, 2]]), REPORTS, LOOKS, n_weeks=4, season=level,
        displaced_steps=2,
    )  # fmt: skip


def rates(data, *, spread=0.0, turnover=0.05, displaced=0.4, up=(0.0, 0.0, 0.0)):
    return Rates(
        sites=np.array([0.4, 1.5, 0.2]) * np.exp(up[0]),
        reports=np.array([0.3, 0.1, 0.2]) * np.exp(up[1]),
        noise=np.array([0.05, 0.1, 0.02]) * np.exp(up[2]),
        turnover=turnover,
        displaced=displaced,
        spread=spread,
        site_channels=np.array([0.7, 0.3]),
        noise_channels=np.array([0.4, 0.6]),
        season=data.season,
        detection=np.linspace(0.2, 0.6, len(data.look_week)),
        begin_share=np.array([1.0, 1.0, 1.0]),
    )


def weeks_of(data, model, c):
    """Return one cell's weeks as the reference reads them."""
    weeks = []
    for t in range(data.n_weeks):
        rows = range(data.report_start[c], data.report_start[c + 1])
        tickets = [0, 0]
        for r in rows:
            if data.report_week[r] == t:
                tickets[data.report_channel[r]] += int(data.report_n[r])
        looks = [
            (data.look_visits[v], int(data.look_found[v]), model.detection[v])
            for v in range(data.look_start[c], data.look_start[c + 1])
            if data.look_week[v] == t
        ]
        near = data.near[c, t + 1]
        level = data.season[t]
        weeks.append({"tickets": tickets, "level": level, "looks": looks, "near": near})
    return weeks


@pytest.mark.parametrize("spread", [0.0, 0.4])
@pytest.mark.parametrize("level", [LEVEL, np.array([1.0, 0.0, 1.0, 1.0])])
def test_the_filter_agrees_with_a_list_of_all_paths(spread, level):
    """Every figure of the map rests on this recursion."""
    data = three_cells(level)
    model = rates(data, spread=spread)
    result = forward_backward(data, model)
    for c in range(3):
        log_likelihood, final, expected = reference.one_cell(
            weeks_of(data, model, c), sites=model.sites[c], turnover=0.05, displaced=0.4,
            rho=model.reports[c], eps=model.noise[c], spread=spread,
            site_shares=model.site_channels, noise_shares=model.noise_channels,
        )  # fmt: skip
        assert result.log_likelihood[c] == pytest.approx(log_likelihood, abs=1e-8)
        assert result.final[c, :8] == pytest.approx(final[:8], abs=1e-8)
        assert result.final[c, 8] == pytest.approx(final[8:].sum(), abs=1e-8)
        assert result.expected[c] == pytest.approx(final @ np.arange(len(final)), abs=1e-8)
        standing = {}
        for v in range(data.look_start[c], data.look_start[c + 1]):
            week = data.look_week[v]
            already = standing.get(week, 0)
            assert result.look_sites[v] == pytest.approx(expected[week] - already, abs=1e-8)
            standing[week] = already + data.look_found[v]


@pytest.mark.parametrize("spread", [0.0, 0.4])
def test_scores_are_the_derivatives_of_the_log_likelihood(spread):
    """The fit climbs along them."""
    data = three_cells()
    score = forward_backward(data, rates(data, spread=spread)).score
    step = 1e-5
    for i in range(3):
        up, down = np.zeros(3), np.zeros(3)
        up[i], down[i] = step, -step
        high = forward_backward(data, rates(data, spread=spread, up=up), backward=False)
        low = forward_backward(data, rates(data, spread=spread, up=down), backward=False)
        numeric = (high.log_likelihood - low.log_likelihood) / (2 * step)
        assert score[:, i] == pytest.approx(numeric, abs=1e-7)


def test_the_slope_of_each_look_is_the_derivative_by_the_logit_of_its_detection():
    """Kinds and teams are told apart by it."""
    data, step = three_cells(), 1e-5
    model = rates(data)
    slope = forward_backward(data, model).look_slope
    cell = np.repeat(np.arange(3), np.diff(data.look_start))
    for v in range(len(data.look_week)):
        moved = []
        for sign in (1, -1):
            detection = model.detection.copy()
            odds = detection[v] / (1 - detection[v]) * np.exp(sign * step)
            detection[v] = odds / (1 + odds)
            changed = replace(model, detection=detection)
            moved.append(forward_backward(data, changed, backward=False).log_likelihood[cell[v]])
        assert slope[v] == pytest.approx((moved[0] - moved[1]) / (2 * step), abs=1e-7)


def test_many_weeks_of_news_keep_score_and_slope_right():
    """Substitutions between reports and finds are easy to get subtly wrong."""
    rng = np.random.default_rng(3)
    n, weeks = 12, 40
    reports = pd.DataFrame(
        {
            "cell": rng.integers(0, n, 60), "week": rng.integers(0, weeks, 60),
            "channel": rng.choice(["a", "b"], 60), "n": rng.integers(1, 4, 60),
        }
    )  # fmt: skip
    looks = pd.DataFrame(
        {
            "cell": rng.integers(0, n, 60), "week": rng.integers(0, weeks, 60),
            "n_visits": rng.integers(1, 3, 60), "n_found": rng.integers(0, 3, 60),
        }
    )  # fmt: skip
    data = hidden_data(
        np.zeros((n, 0)), np.c_[np.arange(n - 1), np.arange(1, n)], reports, looks, n_weeks=weeks
    )
    model = Rates(
        sites=rng.uniform(0.1, 1.0, n), reports=rng.uniform(0.02, 0.2, n),
        noise=rng.uniform(0.01, 0.1, n), turnover=0.03, displaced=0.5, spread=0.2,
        site_channels=np.array([0.6, 0.4]), noise_channels=np.array([0.3, 0.7]),
        season=data.season, detection=rng.uniform(0.2, 0.6, len(data.look_week)),
        begin_share=rng.uniform(0.5, 1.0, n),
    )  # fmt: skip
    result, step = forward_backward(data, model), 1e-5
    for i, name in enumerate(("sites", "reports", "noise")):
        high, low = (
            forward_backward(data, replace(model, **{name: getattr(model, name) * np.exp(move)}))
            for move in (step, -step)
        )
        numeric = (high.log_likelihood - low.log_likelihood) / (2 * step)
        assert result.score[:, i] == pytest.approx(numeric, abs=1e-6)
    for i, name in enumerate(("turnover", "displaced")):
        odds = getattr(model, name) / (1 - getattr(model, name))
        high, low = (
            forward_backward(data, replace(model, **{name: o / (1 + o)}))
            for o in (odds * np.exp(step), odds * np.exp(-step))
        )
        numeric = (high.log_likelihood - low.log_likelihood) / (2 * step)
        assert result.score_change[:, i] == pytest.approx(numeric, abs=1e-6)


@pytest.mark.parametrize("name", ["turnover", "displaced"])
def test_scores_of_change_are_derivatives_by_the_logit(name):
    """Turnover and displacement are estimated, so their slopes must be right."""
    data, step = three_cells(), 1e-5
    model = rates(data)
    place = ("turnover", "displaced").index(name)
    value = getattr(model, name)
    moved = []
    for sign in (1, -1):
        odds = value / (1 - value) * np.exp(sign * step)
        changed = replace(model, **{name: odds / (1 + odds)})
        moved.append(forward_backward(data, changed).log_likelihood)
    numeric = (moved[0] - moved[1]) / (2 * step)
    got = forward_backward(data, model).score_change[:, place]
    assert got == pytest.approx(numeric, abs=1e-7)


def test_a_filter_step_from_a_state_goes_on_where_the_weeks_before_ended():
    """The weekly update must not need the years before."""
    data = three_cells()
    few = np.array([0.2, 0.3, 0.1])
    whole = forward_backward(data, replace(rates(data), sites=few), backward=False).final
    first = hidden_data(
        np.zeros((3, 0)), np.array([[0, 1], [1, 2]]), REPORTS[REPORTS["week"] < 3],
        LOOKS[LOOKS["week"] < 3], n_weeks=3, season=LEVEL[:3], displaced_steps=2,
    )  # fmt: skip
    last = hidden_data(
        np.zeros((3, 0)), np.array([[0, 1], [1, 2]]),
        REPORTS[REPORTS["week"] == 3].assign(week=0), LOOKS[LOOKS["week"] == 3].assign(week=0),
        n_weeks=1, season=LEVEL[3:], displaced_steps=2, levels=first.levels,
    )  # fmt: skip
    detection = rates(data).detection
    before = forward_backward(
        first, replace(rates(first), sites=few, detection=detection[:-1]), backward=False
    ).final
    after = forward_backward(
        last,
        replace(rates(last), sites=few, detection=detection[-1:]),
        backward=False,
        start=before,
    ).final
    assert after == pytest.approx(whole, abs=1e-8)
