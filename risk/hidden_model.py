"""
The hidden-site model on its data: from parameters to rates, scores and curvature.

The derivatives of the log likelihood come exact from the filter; their differences give
the curvature. A Poisson rate is the mean of a log-normal, so the likelihood at a point
is taken at the fields plus half their variance.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from risk import hidden_fields
from risk.hidden_basis import Basis, field_basis
from risk.hidden_data import HiddenData, with_spread
from risk.hidden_fields import FieldShape, Quadratic, Solution
from risk.hidden_filter import Filtered, Rates, forward_backward
from risk.hidden_params import HiddenParams

Floats = NDArray[np.float64]

TURNOVER, DISPLACED, DETECTION = range(3)
"""Places of the shared parameters, all on the logit scale."""

_STEP = 1e-4
_RELAXED = 0.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Point:
    """
    All parameters at one point of the fit.

    Parameters
    ----------
    fields
        The three random fields at the knots, shape ``(m, 3)``.
    border
        Slopes field by field, then logit turnover, displaced, detection; less prior means.
    variance
        Posterior variance of each cell's three logs, shape ``(n, 3)``.
    begin_share
        Sites expected before the first week as a share of the long run's, shape ``(n,)``.
    kind_effect, team_effect
        On the logit of detection.
    site_channels, noise_channels
        Shares of channels.
    spread
        Of report counts.
    walk_steps
        Reach of displacement.
    ranges, sds
        Of the three fields.
    """

    fields: Floats
    border: Floats
    variance: Floats
    begin_share: Floats
    kind_effect: Floats
    team_effect: Floats
    site_channels: Floats
    noise_channels: Floats
    spread: float = 0.0
    walk_steps: int = 6
    ranges: tuple[float, float, float] = (8.0, 8.0, 8.0)
    sds: tuple[float, float, float] = (0.5, 0.5, 0.5)


@dataclass(slots=True, kw_only=True, eq=False)
class Fit:
    """The model on its data: turns points into rates and scores, and steps."""

    data: HiddenData
    params: HiddenParams
    design: Floats
    centre: Floats
    precision: Floats
    basis: Basis
    shapes: dict[float, FieldShape] = field(default_factory=dict)

    def logs(self, fields: Floats, border: Floats) -> Floats:
        """Return the three logs of every cell, shape ``(n, 3)``."""
        slopes = (border + self.centre)[:-3].reshape(3, -1)
        at_cells = np.asarray(self.basis.cells @ fields)
        return np.clip(at_cells + self.design @ slopes.T, -14.0, 2.5)

    def logits(self, border: Floats) -> Floats:
        """Return logit turnover, displaced and detection."""
        reach = self.params.most_prior_sds / np.sqrt(self.precision[-3:])
        return np.asarray(self.centre[-3:] + np.clip(border[-3:], -reach, reach))

    def rates(self, point: Point, logs: Floats, logits: Floats) -> Rates:
        """Return the natural parameters of the filter."""
        site, report, noise = np.exp(np.clip(logs, -14.0, 2.5)).T
        return Rates(
            sites=site.copy(),
            reports=np.minimum(report, 5.0),
            noise=noise.copy(),
            turnover=float(expit(logits[TURNOVER])),
            displaced=float(expit(logits[DISPLACED])),
            spread=point.spread,
            site_channels=point.site_channels,
            noise_channels=point.noise_channels,
            season=self.data.season,
            detection=expit(logits[DETECTION] + self.effects(point)),
            begin_share=point.begin_share,
        )

    def effects(self, point: Point) -> Floats:
        """Return the effect of kind and team on the logit of detection, per look."""
        group = self.data.look_group
        kind, team = self.data.group_kind[group], self.data.group_team[group]
        return np.asarray(point.kind_effect[kind] + point.team_effect[team])

    def score(self, point: Point, logs: Floats, logits: Floats) -> tuple[Filtered, Floats, Floats]:
        """Return the filter's result, the cells' and the shared parameters' derivatives."""
        rates = self.rates(point, logs, logits)
        result = forward_backward(self.data, rates)
        shared = np.r_[result.score_change.sum(axis=0), result.look_slope.sum()]
        return result, result.score, shared

    def quadratic(self, point: Point, *, exact: bool) -> tuple[float, Quadratic, Filtered]:
        """
        Return penalised log likelihood, its quadratic and the filter's result at a point.

        ``exact`` takes the curvature of what was seen, by differences of the scores, else
        that of the complete data, somewhat relaxed: safe far from the optimum.
        """
        logs = self.logs(point.fields, point.border) + 0.5 * point.variance
        logits = self.logits(point.border)
        result, slope, shared = self.score(point, logs, logits)
        complete, complete_shared = self._complete(point, logs, logits, result)
        value = self.penalised(point, result)
        if not exact:
            quadratic = Quadratic(
                slope=slope,
                slope_shared=shared,
                curve=_RELAXED * complete[:, :, None] * np.eye(3),
                cross=np.zeros((len(slope), 3, 3)),
                curve_shared=_RELAXED * np.diag(complete_shared),
            )
            return value, quadratic, result
        curve, cross = np.zeros((*slope.shape, 3)), np.zeros((*slope.shape, 3))
        curve_shared = np.zeros((3, 3))
        for i in range(3):
            step = np.zeros(3)
            step[i] = _STEP
            curve[:, :, i] = (slope - self.score(point, logs + step, logits)[1]) / _STEP
            _, moved, moved_shared = self.score(point, logs, logits + step)
            cross[:, :, i] = (slope - moved) / _STEP
            curve_shared[:, i] = (shared - moved_shared) / _STEP
        quadratic = Quadratic(
            slope=slope,
            slope_shared=shared,
            curve=self._settled(curve, complete),
            cross=cross,
            curve_shared=0.5 * (curve_shared + curve_shared.T),
        )
        return value, quadratic, result

    def _complete(
        self, point: Point, logs: Floats, logits: Floats, result: Filtered
    ) -> tuple[Floats, Floats]:
        """Return the complete data's information, of each cell and of the shared parameters."""
        data = self.data
        cell = np.repeat(np.arange(data.n_cells), np.diff(data.report_start))
        n = data.n_cells
        site = np.bincount(cell, weights=data.report_n * result.report_share, minlength=n)
        both = np.bincount(cell, weights=data.report_n, minlength=n)
        turnover, displaced, _ = expit(logits)
        sites = np.exp(logs[:, 0])
        change = sites * turnover * data.n_weeks
        complete = np.c_[
            sites + change, site - result.score[:, 1], both - site - result.score[:, 2]
        ]
        detection = self.rates(point, logs, logits).detection
        look = look_information(data, detection, result.look_sites).sum()
        moved = displaced * (1.0 - displaced) * float(data.near.sum())
        return np.maximum(complete, 1e-6), np.array([2.0 * change.sum(), moved, look])

    def _settled(self, curve: Floats, complete: Floats) -> Floats:
        """
        Return the cells' curvature, averaged with the cells round about and semidefinite.

        The fields are smooth, so that little depends on which of some neighbours the
        information sits in; single cells with finds can be curved the wrong way.
        """
        flat = (0.5 * (curve + np.swapaxes(curve, 1, 2))).reshape(len(curve), 9)
        for _ in range(4):
            flat = 0.5 * flat + 0.5 * (self.data.walk.T @ flat)
        around = complete.copy()
        for _ in range(4):
            around = 0.5 * around + 0.5 * (self.data.walk.T @ around)
        scale = np.sqrt(np.einsum("ci,cj->cij", around, around))
        ratio, _ = hidden_fields.semidefinite(flat.reshape(-1, 3, 3) / scale, floor=0.01)
        return np.asarray(ratio * scale)

    def penalised(self, point: Point, result: Filtered) -> float:
        """Return the log likelihood less the penalties of the priors."""
        penalty = float(self.precision @ point.border**2)
        for f, shape in enumerate(self.shapes_of(point.ranges)):
            one = point.fields[:, f]
            penalty += float(one @ (shape.precision @ one)) / point.sds[f] ** 2
        return float(result.log_likelihood.sum()) - 0.5 * penalty

    def value(self, point: Point) -> float:
        """Return the penalised log likelihood by a forward pass alone."""
        logs = self.logs(point.fields, point.border) + 0.5 * point.variance
        rates = self.rates(point, logs, self.logits(point.border))
        return self.penalised(point, forward_backward(self.data, rates, backward=False))

    def shapes_of(self, ranges: tuple[float, ...]) -> list[FieldShape]:
        """Return the fields' shapes, made once per range."""
        for value in ranges:
            if value not in self.shapes:
                shape = hidden_fields.field_shape(self.basis, range_cells=value)
                self.shapes[value] = shape
        return [self.shapes[value] for value in ranges]

    def solution(self, point: Point, quadratic: Quadratic) -> Solution:
        """Solve the quadratic for fields and border."""
        return hidden_fields.solve(
            quadratic,
            basis=self.basis,
            design=self.design,
            fields=point.fields,
            border=point.border,
            shapes=self.shapes_of(point.ranges),
            sds=point.sds,
            border_precision=self.precision,
        )


def expit(x: Floats) -> Floats:
    """Return the inverse of the logit."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.asarray(x, float))))


def logit(p: float) -> float:
    """Return the log odds."""
    return float(np.log(p / (1.0 - p)))


def look_information(data: HiddenData, detection: Floats, sites: Floats) -> Floats:
    """Return the complete data's information on the logit of detection, per look."""
    visits = data.look_visits
    miss = (1.0 - detection) ** visits
    return np.asarray(sites * (visits * detection) ** 2 * miss / np.maximum(1.0 - miss, 1e-12))


def start(data: HiddenData, params: HiddenParams) -> tuple[Fit, Point]:
    """Return the model and the point the fit begins at: the prior means."""
    n, j = data.n_cells, len(data.levels.channels)
    design = np.c_[np.ones(n), data.covariates]
    p = design.shape[1]
    total = float(data.report_n.sum())
    weeks = max(float((data.season > 0).sum()), 1.0)
    noise = max(0.5 * total, 0.1) / (n * weeks)
    centre, precision = np.zeros(3 * p + 3), np.full(3 * p + 3, params.slope_sd**-2.0)
    levels = (params.sites_per_cell, params.reports_per_site_week, noise)
    spreads = (params.sites_log_sd, params.reports_log_sd, 2.0)
    for f, (level, sd) in enumerate(zip(levels, spreads, strict=True)):
        centre[f * p], precision[f * p] = np.log(level), sd**-2.0
    shared = (params.turnover_week, params.displaced, params.detection)
    centre[-3:] = [logit(value) for value in shared]
    shared_sd = (params.turnover_logit_sd, params.displaced_logit_sd, params.detection_logit_sd)
    precision[-3:] = np.asarray(shared_sd) ** -2.0
    counts = np.bincount(data.report_channel, weights=data.report_n, minlength=j) + 1.0
    middle = params.ranges[len(params.ranges) // 2]
    basis = field_basis(data.walk)
    point = Point(
        fields=np.zeros((basis.n_knots, 3)),
        border=np.zeros(3 * p + 3),
        variance=np.zeros((n, 3)),
        begin_share=np.ones(n),
        kind_effect=np.zeros(len(data.levels.kinds)),
        team_effect=np.zeros(len(data.levels.teams)),
        site_channels=counts / counts.sum(),
        noise_channels=counts / counts.sum(),
        spread=params.spreads[0],
        walk_steps=params.walk_steps[len(params.walk_steps) // 2],
        ranges=(middle, middle, middle),
        sds=(params.field_sd,) * 3,
    )
    fit = Fit(
        data=data, params=params, design=design, centre=centre, precision=precision, basis=basis
    )
    fit.data = with_spread(data, steps=point.walk_steps)
    return fit, point
