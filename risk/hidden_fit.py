"""
Fit the hidden-site model: fields, shared parameters and their uncertainty together.

Every step takes slope and curvature of the log likelihood and solves one sparse system
for the three fields, their slopes and turnover, displacement and detection: first with
the complete data's curvature (expectation-maximisation), then with that of what was
seen, at last with slopes averaged over the posterior. What has few values (range of a
field, spread of counts, reach of displacement) is chosen by marginal likelihood.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from risk.hidden_basis import N_FIELDS
from risk.hidden_data import HiddenData, with_spread
from risk.hidden_fields import Quadratic, Solution
from risk.hidden_filter import Filtered
from risk.hidden_model import DETECTION, Fit, Point, expit, look_information, start
from risk.hidden_params import HiddenParams

Floats = NDArray[np.float64]

_MOST_LOG = 1.5
_MOST_VARIANCE = 1.5
_SETTLING_STEPS = 3
_STEPS_ANEW = 3


def fit_fields(
    data: HiddenData, params: HiddenParams, *, begin: Point | None = None
) -> tuple[Fit, Point, Solution]:
    """
    Fit the model.

    Parameters
    ----------
    data, params
        What was seen, and the weak priors.
    begin
        Parameters fitted to fewer weeks of the same cells, to start from.

    Returns
    -------
    fit, point, solution
        The model with the chosen reach of displacement, the parameters, and the Gaussian
        posterior about them.
    """
    fit, point = start(data, params)
    first = 0
    if begin is not None:
        point, first = begin, max(params.n_em_steps - _STEPS_ANEW, 0)
        fit.data = with_spread(data, steps=point.walk_steps)
    rng = np.random.default_rng(params.seed)
    last = params.n_em_steps + params.n_steps
    for step in range(first, last):
        point = one_step(fit, point, rng, step=step)
    _, quadratic, _ = fit.quadratic(point, exact=True)
    # the spread is that about the point; one more step would lead back to the mode
    spread = fit.solution(point, quadratic)
    return fit, point, replace(spread, fields=point.fields, border=point.border)


def one_step(fit: Fit, point: Point, rng: np.random.Generator, *, step: int) -> Point:
    """Return the point after a step of the fit, and what is chosen from grids after it."""
    params = fit.params
    newton = step - params.n_em_steps
    value, quadratic, result = fit.quadratic(point, exact=newton >= 0)
    solution = fit.solution(point, quadratic)
    if newton < params.n_line_steps:
        point = _towards(fit, point, solution, value)
    else:
        solution = _averaged(fit, point, quadratic, solution)
        point = replace(point, fields=solution.fields, border=solution.border)
    point = _within_reach(fit, _nuisance(fit, point, result))
    if step >= _SETTLING_STEPS and (newton >= 0 or step % 2):
        point = _field_scales(fit, point, solution, rng)
    if newton in {0, 2}:
        point = _grids(fit, point)
    if newton == 1:
        point = _field_ranges(fit, point, quadratic)
    return point


def _within_reach(fit: Fit, point: Point) -> Point:
    """Return the point with the shared parameters no further from the prior than allowed."""
    border = point.border.copy()
    border[-3:] = fit.logits(border) - fit.centre[-3:]
    return replace(point, border=border)


def _averaged(fit: Fit, point: Point, quadratic: Quadratic, solution: Solution) -> Solution:
    """
    Return the solution with the slope averaged over draws about the point.

    Where that mean is zero lies the Gaussian nearest to the posterior; the mode alone puts
    differences between cells that the fields cannot yet show into turnover.
    """
    rng = np.random.default_rng(fit.params.seed + 1)
    fields, borders = solution.draw(rng, n_draws=fit.params.n_slope_draws)
    slopes, shareds = [], []
    for u, b in zip(fields - solution.fields, borders - solution.border, strict=True):
        logs = fit.logs(point.fields + u, point.border + b)
        _, slope, shared = fit.score(point, logs, fit.logits(point.border + b))
        slopes.append(slope)
        shareds.append(shared)
    return solution.moved(
        fit.design,
        np.mean(slopes, axis=0) - quadratic.slope,
        np.mean(shareds, axis=0) - quadratic.slope_shared,
    )


def _towards(fit: Fit, point: Point, solution: Solution, value: float) -> Point:
    """Return the point after a Newton step, halved until it is no step down."""
    way_fields, way_border = solution.fields - point.fields, solution.border - point.border
    logs = fit.logs(solution.fields, solution.border) - fit.logs(point.fields, point.border)
    longest = max(float(np.abs(logs).max()), float(np.abs(way_border[-3:]).max()), 1e-9)
    share = min(1.0, _MOST_LOG / longest)
    for _ in range(5):
        moved = replace(
            point,
            fields=point.fields + share * way_fields,
            border=point.border + share * way_border,
        )
        if fit.value(moved) >= value - 1e-6 * abs(value):
            return moved
        share *= 0.5
    return point


def _field_scales(fit: Fit, point: Point, solution: Solution, rng: np.random.Generator) -> Point:
    """
    Return the point with new sds of the fields and new variances of the cells' logs.

    The sd is the fixed point of the marginal likelihood (Wood and Fasiolo 2017,
    https://doi.org/10.1111/biom.12666); the variances are those of 32 draws, smoothed.
    """
    fields, border = solution.draw(rng, n_draws=64)
    fields, border = fields[:32] - solution.fields, border[:32] - solution.border
    n, weight = len(point.fields), fit.params.field_sd_weight
    sds = []
    for f, shape in enumerate(fit.shapes_of(point.ranges)):
        off = np.einsum("sc,sc->s", fields[:, :, f], (shape.precision @ fields[:, :, f].T).T)
        free = max(n - float(off.mean()) / point.sds[f] ** 2, 0.0)
        size = float(point.fields[:, f] @ (shape.precision @ point.fields[:, f]))
        new = (size + weight * fit.params.field_sd**2) / (free + weight)
        sds.append(float(np.clip(np.sqrt(new), 0.05, fit.params.most_field_sds[f])))
    slopes = border[:, :-3].reshape(len(border), 3, -1)
    variance = np.zeros_like(point.variance)
    for u, b in zip(fields, slopes, strict=True):
        variance += (fit.basis.cells @ u + fit.design @ b.T) ** 2 / len(fields)
    variance = 0.5 * variance + 0.5 * (fit.data.walk @ variance)
    variance = 0.5 * point.variance + 0.5 * np.minimum(variance, _MOST_VARIANCE)
    return replace(point, sds=(sds[0], sds[1], sds[2]), variance=variance)


def _field_ranges(fit: Fit, point: Point, quadratic: Quadratic) -> Point:
    """Return the point with each field's range of highest marginal likelihood."""
    best = fit.solution(point, quadratic).evidence
    for f in range(N_FIELDS):
        for value in fit.params.ranges:
            if value == point.ranges[f]:
                continue
            ranges = list(point.ranges)
            ranges[f] = value
            trial = replace(point, ranges=(ranges[0], ranges[1], ranges[2]))
            evidence = fit.solution(trial, quadratic).evidence
            if evidence > best + 0.5:
                best, point = evidence, trial
    return point


def _grids(fit: Fit, point: Point) -> Point:
    """Return the point with spread of counts and reach of displacement of highest value."""
    if fit.data.report_n.sum() > 0:
        trials = [replace(point, spread=value) for value in fit.params.spreads]
        point = trials[int(np.argmax([fit.value(trial) for trial in trials]))]
    if fit.data.look_found.sum() > 0:
        values, datas = [], []
        for steps in fit.params.walk_steps:
            fit.data = with_spread(fit.data, steps=steps)
            datas.append(fit.data)
            values.append(fit.value(point))
        best = int(np.argmax(values))
        fit.data = datas[best]
        point = replace(point, walk_steps=fit.params.walk_steps[best])
    return point


def _nuisance(fit: Fit, point: Point, result: Filtered) -> Point:
    """Return the point with new channel shares and effects of visit kind and team."""
    data, params = fit.data, fit.params
    n_channels = len(data.levels.channels)
    site = np.bincount(
        data.report_channel, weights=data.report_n * result.report_share, minlength=n_channels
    )
    both = np.bincount(data.report_channel, weights=data.report_n, minlength=n_channels)
    usual = (both + 1.0) / (both + 1.0).sum() * params.channel_reports
    site_shares, noise_shares = site + usual, both - site + usual
    detection = expit(fit.logits(point.border)[DETECTION] + fit.effects(point))
    information = look_information(data, detection, result.look_sites)
    effects = []
    for codes, old, sd in (
        (data.group_kind, point.kind_effect, params.kind_logit_sd),
        (data.group_team, point.team_effect, params.team_logit_sd),
    ):
        if len(old) == 1:
            effects.append(old)
            continue
        of_look = codes[data.look_group]
        s = np.bincount(of_look, weights=result.look_slope, minlength=len(old)) - old / sd**2
        i = np.bincount(of_look, weights=information, minlength=len(old)) + sd**-2.0
        new = old + np.clip(0.7 * s / i, -0.5, 0.5)
        effects.append(new - new.mean())
    return replace(
        point,
        site_channels=site_shares / site_shares.sum(),
        noise_channels=noise_shares / noise_shares.sum(),
        kind_effect=effects[0],
        team_effect=effects[1],
    )
