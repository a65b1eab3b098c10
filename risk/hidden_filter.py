"""
Exact forward-backward over the number of hidden sites, cell by cell.

In a week reports come in, then looks take sites out, then sites close and open on the
way to the next week (docs/methods/hidden-sites.md). The number of sites has no upper
end; only those told of by reports are counted up to 8.
The filter returns the log likelihood of every cell, and its exact derivatives by
Fisher's identity: the expected derivative of the complete data given what was seen.
Cells are independent given the parameters, so that threads share them out.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from risk import hidden_kernels
from risk.hidden_data import HiddenData

Floats = NDArray[np.float64]

N_STATES = 9
"""Numbers told apart in the result: 0 to 7 hidden sites, and 8 or more."""

_THREADS = 2
_FEW_CELLS = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rates:
    """
    What drives the filter, on its natural scale.

    Parameters
    ----------
    sites
        Hidden sites per cell in the long run with nobody looking, shape ``(n,)``.
    reports
        Reports per hidden site and week, shape ``(n,)``.
    noise
        Reports about nothing per cell and week, shape ``(n,)``.
    turnover
        Share of sites that close by themselves in a week, 0 to 1.
    displaced
        Share of found sites that open again near by, 0 to 1.
    spread
        Share of tickets that repeat another one of the same week, 0 to below 1: a matter
        brings a geometric number of tickets.
    site_channels, noise_channels
        Share of each channel among reports of sites and about nothing, shape ``(j,)``.
    season
        Relative level of reporting per week, 0 where reports are missing, shape ``(t,)``.
    detection
        Chance that one visit of this look finds a site, per look, shape ``(l,)``.
    begin_share
        Sites expected before the first week as a share of ``sites``, shape ``(n,)``.
    """

    sites: Floats
    reports: Floats
    noise: Floats
    turnover: float
    displaced: float
    spread: float
    site_channels: Floats
    noise_channels: Floats
    season: Floats
    detection: Floats
    begin_share: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filtered:
    """
    What the filter found.

    Parameters
    ----------
    final
        Probability of 0 to 8 sites at the start of the week after the last, ``(n, 9)``.
    expected
        Expected number then, shape ``(n,)``.
    log_likelihood
        Per cell, shape ``(n,)``.
    score
        Derivatives by log sites, log reports, log noise, shape ``(n, 3)``; zeros after a
        forward pass alone, like all that follows.
    score_change
        Derivatives by logit turnover and logit displaced, shape ``(n, 2)``.
    look_slope
        Derivative by the logit of detection, per look, shape ``(l,)``.
    look_sites
        Expected sites standing at each look, given all data, shape ``(l,)``.
    report_share
        Chance that the tickets of a report row are about a site, shape ``(r,)``.
    """

    final: Floats
    expected: Floats
    log_likelihood: Floats
    score: Floats
    score_change: Floats
    look_slope: Floats
    look_sites: Floats
    report_share: Floats


def forward_backward(
    data: HiddenData,
    rates: Rates,
    *,
    backward: bool = True,
    start: Floats | None = None,
) -> Filtered:
    """
    Filter all weeks of all cells and, unless told otherwise, smooth them for the scores.

    Parameters
    ----------
    data
        Reports, looks and closures near by.
    rates
        The parameters on their natural scale.
    backward
        Also go back and fill the derivatives.
    start
        Probability of 0 to 8 sites before the first week, shape ``(n, 9)``; if None, the
        long-run distribution of ``rates.sites``.

    Returns
    -------
    filtered
        With ``n_weeks == 0`` the start itself.
    """
    n, n_looks = len(rates.sites), len(data.look_week)
    result = Filtered(
        final=np.zeros((n, N_STATES)),
        expected=np.zeros(n),
        log_likelihood=np.zeros(n),
        score=np.zeros((n, 3)),
        score_change=np.zeros((n, 2)),
        look_slope=np.zeros(n_looks),
        look_sites=np.zeros(n_looks),
        report_share=np.zeros(len(data.report_week)),
    )
    begin = np.zeros((0, N_STATES)) if start is None else np.ascontiguousarray(start, float)

    def part(limits: tuple[int, int]) -> None:
        hidden_kernels.run(
            *limits, rates.sites, rates.begin_share, rates.reports, rates.noise,
            rates.turnover, rates.displaced, rates.spread, rates.site_channels,
            rates.noise_channels, rates.season, rates.detection, begin, data.near,
            data.report_start, data.report_week, data.report_channel, data.report_n,
            data.look_start, data.look_week, data.look_visits, data.look_found, backward,
            result.final, result.expected, result.log_likelihood, result.score,
            result.score_change, result.look_slope, result.look_sites, result.report_share,
        )  # fmt: skip

    cuts = np.linspace(0, n, _THREADS * 4 + 1).astype(int) if n > _FEW_CELLS else np.array([0, n])
    pieces = [(int(a), int(b)) for a, b in pairwise(cuts)]
    if len(pieces) == 1:
        part(pieces[0])
    else:
        list(_pool().map(part, pieces))
    return result


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS)
