"""
The dynamic model of hidden sites: fit, weekly update, posterior with its reasons.

``fit`` takes the weeks observed so far; ``update`` takes one more week in by a single
filter step; ``posterior`` says per cell how many sites are expected, how surely, and
why; ``intervals`` draws counts of cells together for blocks, areas or the whole. The
uncertainty of all parameters is carried by draws of them, each with a filter of its own.
docs/methods/hidden-sites.md has the formulas, the assumptions and the known failures.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import norm
from threadpoolctl import threadpool_limits

from risk import hidden_stack
from risk.hidden_basis import places
from risk.hidden_blank import blank_state
from risk.hidden_data import HiddenData, hidden_data, with_spread
from risk.hidden_filter import N_STATES, Rates, forward_backward
from risk.hidden_fit import fit_fields
from risk.hidden_model import Fit, Point, expit
from risk.hidden_params import HiddenParams
from risk.hidden_stack import Check
from risk.hidden_state import HiddenPosterior, HiddenState

Floats = NDArray[np.float64]

_TAIL = 0.05
_HONEST_RATIO = (0.7, 1.4)
_APART = 0.25
_LEAST_TRUST = 0.5


def fit(data: HiddenData, *, params: HiddenParams | None = None) -> HiddenState:
    """
    Fit the model to all weeks of the data.

    Parameters
    ----------
    data
        See ``hidden_data.hidden_data``. No reports, no looks, a single cell or an area
        without neighbours are all allowed; the priors then carry the result.
    params
        Priors and grids.

    Returns
    -------
    state
        For the start of the week after the last. The same data give the same state.
    """
    # threads of the libraries below only wait for each other on many small products
    with threadpool_limits(limits=1):
        return _fitted(data, params or HiddenParams())


def _fitted(data: HiddenData, params: HiddenParams) -> HiddenState:
    first = hidden_stack.held_out_from(data, params)
    if first is None:
        model, point, solution = fit_fields(data, params)
        return filtered(blank_state(model, point, solution), model.data)
    early, early_point, solution = fit_fields(hidden_stack.cut(data, 0, first), params)
    check = _checked(data, first, _central_state(early, early_point))
    model, point, solution = fit_fields(data, params, begin=early_point)
    state = filtered(blank_state(model, point, solution, check=check), model.data)
    mean = (state.states @ np.arange(N_STATES, dtype=float)).mean(axis=0)
    seen = _seen(state, model.data)
    tilt, apart = hidden_stack.tilt(model.data, check.weights, mean=mean, seen=seen)
    level = _levels(len(state.states), float(np.hypot(check.level_sd, apart)), params.seed)
    return replace(
        state, tilt=tilt, level=level, checked=check.to_array(), warnings=_warnings(check, apart)
    )


def _levels(n_draws: int, sd: float, seed: int) -> Floats:
    """Return factors of mean 1 on the level of each draw, spread evenly and in no order."""
    if sd == 0.0:
        return np.ones(n_draws)
    even = norm.ppf((np.arange(n_draws) + 0.5) / n_draws)
    factors = np.exp(sd * np.random.default_rng(seed + 2).permutation(even))
    return np.asarray(factors / factors.mean())


def _central_state(model: Fit, point: Point) -> HiddenState:
    """Return the state of the central parameters alone, with no draws."""
    return blank_state(model, point, None)


def _checked(data: HiddenData, first: int, central: HiddenState) -> Check:
    """Roll the model through the weeks held out and compare it with other methods."""
    whole = with_spread(data, steps=central.walk_steps)
    rates = _rates(central, hidden_stack.cut(whole, 0, first), draw=None)
    before = forward_backward(hidden_stack.cut(whole, 0, first), rates, backward=False)
    standing = {first: before.expected}
    final, week = before.final, first

    def ahead(wanted: int) -> Floats:
        nonlocal final, week
        while week < wanted:
            part = hidden_stack.cut(whole, week, week + 1)
            rates = _rates(central, part, draw=None)
            step = forward_backward(part, rates, backward=False, start=final)
            final, week = step.final, week + 1
            standing[week] = step.expected
        return standing[wanted]

    seen = _seen(central, whole)
    return hidden_stack.check(whole, first, ahead=ahead, seen=seen, groups=places(data.walk))


def _seen(state: HiddenState, data: HiddenData) -> Floats:
    """Return the chance that a look finds a site standing there, per look."""
    return np.asarray(1.0 - (1.0 - _rates(state, data, draw=None).detection) ** data.look_visits)


def _warnings(check: Check, apart: float) -> tuple[str, ...]:
    """Say whether the total can be told at all."""
    ratio = (check.observed + 0.5) / (check.expected + 0.5)
    honest = _HONEST_RATIO[0] < ratio < _HONEST_RATIO[1] and apart < _APART
    honest = honest and hidden_stack.trusted(check.weights) > _LEAST_TRUST
    return () if honest else ("total",)


def update(state: HiddenState, data: HiddenData) -> HiddenState:
    """
    Take further weeks in, with the parameters as they were fitted.

    Parameters
    ----------
    state
        After a fit or an update.
    data
        Only the new weeks, numbered from 0: ``hidden_data`` with ``levels=state.levels`` and
        ``displaced_steps=state.walk_steps``. ``season`` is taken from here.
    """
    if data.n_cells != len(state.central):
        raise ValueError(f"{data.n_cells} cells in the data, {len(state.central)} in the state")
    return _advanced(state, data, from_start=False)


def filtered(state: HiddenState, data: HiddenData) -> HiddenState:
    """Return a state of the same parameters that has seen these weeks and nothing else."""
    n = data.n_cells
    never = np.full(n, -1)
    blank = replace(state, week=0, knowledge=np.zeros(n), last_look=never, last_found=never)
    return _advanced(blank, data, from_start=True)


def posterior(state: HiddenState) -> HiddenPosterior:
    """Return what is believed of each cell, and why."""
    counts = np.arange(N_STATES, dtype=float)
    plain = (state.states @ counts).mean(axis=0)
    states = _tilted(state)
    per_draw = states @ counts
    some = 1.0 - states[:, :, 0]
    upto = states.mean(axis=0).cumsum(axis=1)
    mean = per_draw.mean(axis=0)
    steps = state.story @ counts
    background = _long_run(state.central[:, 0])
    story = np.c_[background, np.diff(np.vstack([background, steps]), axis=0).T]
    # what the draws add to the central rates belongs to the uncertain background
    story[:, 0] += plain - steps[-1]
    story = np.c_[story, mean - plain]
    never, week = -1, state.week
    return HiddenPosterior(
        mean=mean,
        lo=(upto < _TAIL).sum(axis=1).astype(float),
        hi=(upto < 1.0 - _TAIL).sum(axis=1).astype(float),
        rate_lo=np.quantile(per_draw, _TAIL, axis=0),
        rate_hi=np.quantile(per_draw, 1.0 - _TAIL, axis=0),
        p_hidden=some.mean(axis=0),
        p_lo=np.quantile(some, _TAIL, axis=0),
        p_hi=np.quantile(some, 1.0 - _TAIL, axis=0),
        knowledge=state.knowledge,
        story=story,
        weeks_since_look=np.where(state.last_look < 0, never, week - state.last_look),
        weeks_since_found=np.where(state.last_found < 0, never, week - state.last_found),
    )


def intervals(
    state: HiddenState,
    groups: NDArray[np.int64],
    *,
    level: float = 0.9,
    n_per_draw: int = 20,
    seed: int = 0,
) -> tuple[Floats, Floats, Floats]:
    """
    Return mean and interval of the number of sites in groups of cells.

    Parameters
    ----------
    groups
        Group of each cell, 0 to g - 1, shape ``(n,)``.
    level
        Share of the probability inside the interval.
    n_per_draw
        Sets of counts drawn for each draw of the parameters.
    seed
        Of the draws.

    Returns
    -------
    mean, lo, hi
        Shape ``(g + 1,)``; the last is the total over all cells.
    """
    rng = np.random.default_rng(seed)
    n_groups = int(groups.max()) + 1
    member = sparse.csr_array(
        (np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(n_groups, len(groups))
    )
    sums = []
    for chances in _tilted(state):
        upto = np.ascontiguousarray(chances.cumsum(axis=1)[:, :-1].T)
        for _ in range(n_per_draw):
            counts = (rng.random(len(groups)) > upto).sum(axis=0).astype(float)
            sums.append(np.r_[member @ counts, counts.sum()])
    lo, hi = np.quantile(sums, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return np.mean(sums, axis=0), lo, hi


def _tilted(state: HiddenState) -> Floats:
    """Return the chances of 0 to 8 sites per draw after what other methods say."""
    if state.tilt is None:
        return state.states
    level = np.ones(len(state.states)) if state.level is None else state.level
    power = np.arange(N_STATES)
    out = state.states * state.tilt[:, None] ** power * level[:, None, None] ** power
    return np.asarray(out / out.sum(axis=2, keepdims=True))


def _long_run(sites: Floats) -> Floats:
    """Return the mean of the Poisson number of sites cut off at 8."""
    weights = np.ones((N_STATES, len(sites)))
    for n in range(1, N_STATES):
        weights[n] = weights[n - 1] * sites / n
    return np.asarray((np.arange(N_STATES) @ weights) / weights.sum(axis=0))


def _rates(state: HiddenState, data: HiddenData, *, draw: int | None) -> Rates:
    """Return one draw of the parameters, or the central ones, for the looks of the data."""
    group = data.look_group
    effect = _effect(state.kind_effect, data.group_kind)[group]
    effect = effect + _effect(state.team_effect, data.group_team)[group]
    if draw is None:
        sites, reports, noise = (np.ascontiguousarray(c) for c in state.central.T)
        turnover, displaced, detection = state.central_shared
    else:
        sites, reports, noise = state.sites[draw], state.reports[draw], state.noise[draw]
        turnover, displaced = state.turnover[draw], state.displaced[draw]
        detection = state.detection_logit[draw]
    return Rates(
        sites=sites,
        reports=reports,
        noise=noise,
        turnover=float(turnover),
        displaced=float(displaced),
        spread=state.spread,
        site_channels=_shares(state.site_channels, data),
        noise_channels=_shares(state.noise_channels, data),
        season=data.season,
        detection=expit(detection + effect),
        begin_share=np.ones(data.n_cells) if state.begin_share is None else state.begin_share,
    )


def _shares(shares: Floats, data: HiddenData) -> Floats:
    """Return the shares of the channels; a channel unknown to the fit tells sites no more."""
    new = len(data.levels.channels) - len(shares)
    return np.asarray(np.r_[shares, np.full(max(new, 0), 1.0)])


def _effect(effects: Floats, codes: NDArray[np.int64]) -> Floats:
    """Return the effects of codes; codes beyond the known ones have none."""
    known = effects[np.minimum(codes, len(effects) - 1)]
    return np.asarray(np.where(codes < len(effects), known, 0.0))


def _advanced(state: HiddenState, data: HiddenData, *, from_start: bool) -> HiddenState:
    """Return the state after the weeks of the data."""

    def run(part: HiddenData, draw: int | None, begin: Floats | None) -> Floats:
        rates = _rates(state, part, draw=draw)
        return forward_backward(part, rates, backward=False, start=begin).final

    n_draws = len(state.sites)
    parts = _evidence_parts(data)
    states = [run(data, s, None if from_start else state.states[s]) for s in range(n_draws)]
    story = [
        run(part, None, None if from_start else begin)
        for part, begin in zip(parts, state.story, strict=True)
    ]
    knowledge, last_look, last_found = _looked(state, data)
    return replace(
        state,
        week=state.week + data.n_weeks,
        states=np.array(states),
        story=np.array(story),
        knowledge=knowledge,
        last_look=last_look,
        last_found=last_found,
    )


def _evidence_parts(data: HiddenData) -> tuple[HiddenData, ...]:
    """Return the data with reports alone, closures near by, empty looks, and everything."""
    no_near = np.zeros_like(data.near)
    nobody = np.zeros(len(data.look_week), bool)
    return (
        replace(_looks(data, nobody), near=no_near),
        _looks(data, nobody),
        _looks(data, data.look_found == 0),
        data,
    )


def _looks(data: HiddenData, kept: NDArray[np.bool_]) -> HiddenData:
    """Return the data with some of the looks only; closures near by stay."""
    before = np.r_[0, np.cumsum(kept)]
    return replace(
        data,
        look_start=before[data.look_start],
        look_week=data.look_week[kept],
        look_visits=data.look_visits[kept],
        look_found=data.look_found[kept],
        look_group=data.look_group[kept],
    )


def _looked(
    state: HiddenState, data: HiddenData
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return knowledge, week of the last look and of the last find per cell."""
    rates = _rates(state, data, draw=None)
    miss = (1.0 - rates.detection) ** data.look_visits
    cell = np.repeat(np.arange(data.n_cells), np.diff(data.look_start))
    # what is known fades at the rate at which sites come and go
    unknown = np.ones((data.n_cells, data.n_weeks))
    np.multiply.at(unknown, (cell, data.look_week), miss)
    knowledge = state.knowledge.copy()
    for week in range(data.n_weeks):
        knowledge = 1.0 - (1.0 - knowledge) * unknown[:, week]
        knowledge *= 1.0 - rates.turnover
    last_look, last_found = state.last_look.copy(), state.last_found.copy()
    np.maximum.at(last_look, cell, data.look_week + state.week)
    some = data.look_found > 0
    np.maximum.at(last_found, cell[some], data.look_week[some] + state.week)
    return knowledge, last_look, last_found


def warm_up() -> None:
    """Compile the filter, or load its build, before somebody waits for it."""
    data = hidden_data(
        np.zeros((2, 0)),
        np.array([[0, 1]]),
        pd.DataFrame({"cell": [0], "week": [0], "n": [1]}),
        pd.DataFrame({"cell": [0], "week": [0], "n_visits": [1], "n_found": [0]}),
        n_weeks=1,
    )
    fit(data, params=HiddenParams(n_em_steps=1, n_steps=1, n_draws=2))
