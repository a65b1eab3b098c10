"""The state of the hidden-site model before any week: its parameters and draws of them."""

import numpy as np
from numpy.typing import NDArray

from risk.hidden_fields import Solution, field_draws
from risk.hidden_filter import N_STATES, Rates
from risk.hidden_model import Fit, Point
from risk.hidden_stack import Check
from risk.hidden_state import HiddenState

Floats = NDArray[np.float64]


def blank_state(
    model: Fit, point: Point, solution: Solution | None, *, check: Check | None = None
) -> HiddenState:
    """Return the fitted parameters and their draws, with no week taken in yet."""
    data = model.data
    rates: list[Rates] = []
    detection = np.zeros(0)
    if solution is not None:
        rates, detection = _drawn(model, point, solution, check)
    middle_logs = model.logs(point.fields, point.border) + 0.5 * point.variance
    middle = model.rates(point, middle_logs, model.logits(point.border))
    s, n = len(rates), data.n_cells
    missing = {
        "reports": data.report_n.sum() == 0,
        "looks": len(data.look_week) == 0,
        "finds": data.look_found.sum() == 0,
    }
    return HiddenState(
        week=0,
        sites=np.array([r.sites for r in rates]),
        reports=np.array([r.reports for r in rates]),
        noise=np.array([r.noise for r in rates]),
        turnover=np.array([r.turnover for r in rates]),
        displaced=np.array([r.displaced for r in rates]),
        detection_logit=detection,
        central=np.c_[middle.sites, middle.reports, middle.noise],
        central_shared=np.array([middle.turnover, middle.displaced, model.logits(point.border)[2]]),
        states=np.zeros((s, n, N_STATES)),
        story=np.zeros((4, n, N_STATES)),
        knowledge=np.zeros(n),
        last_look=np.full(n, -1),
        last_found=np.full(n, -1),
        levels=data.levels,
        kind_effect=point.kind_effect,
        team_effect=point.team_effect,
        site_channels=point.site_channels,
        noise_channels=point.noise_channels,
        spread=point.spread,
        walk_steps=point.walk_steps,
        walk=data.walk,
        begin_share=point.begin_share,
        missing=tuple(name for name, is_missing in missing.items() if is_missing),
    )


def _drawn(
    model: Fit, point: Point, solution: Solution, check: Check | None
) -> tuple[list[Rates], Floats]:
    """Return draws of the rates and of the logit of detection."""
    params = model.params
    rng = np.random.default_rng(params.seed)
    fields, borders = solution.draw(rng, n_draws=params.n_draws)
    half = (params.n_draws + 1) // 2
    level = params.level_log_sd * rng.standard_normal(half)[:, None]
    if check and check.place_sd > 0:
        shape = model.shapes_of(point.ranges)[0]
        level = level + check.place_sd * field_draws(model.basis, shape, rng, n_draws=half)
    # mirrored like the draws, so that the centre stays where the fit put it
    level = np.concatenate([level, -level])[: params.n_draws]
    rates = []
    for u, b, shift in zip(fields, borders, level, strict=True):
        logs = model.logs(u, b)
        logs[:, 0] += shift
        rates.append(model.rates(point, logs, model.logits(b)))
    return rates, np.array([model.logits(b)[2] for b in borders])
