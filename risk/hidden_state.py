"""What the hidden-site model knows after some weeks, and what it believes of the cells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from risk.hidden_data import Levels
from risk.hidden_stack import Check, from_array

Floats = NDArray[np.float64]

STORY = ("background", "reports", "closures_near", "time_since_look", "found", "other_methods")
"""The reasons, in the order in which the evidence is added."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HiddenState:
    """
    All that the weekly update needs; arrays only, so that it can be saved as they are.

    Parameters
    ----------
    week
        First week not yet observed; the states hold for its start.
    sites, reports, noise
        Draws of the cells' rates (``Rates``), shape ``(s, n)``.
    turnover, displaced, detection_logit
        Draws of the shared parameters, shape ``(s,)``.
    central
        The central rates of each cell, for the reasons, shape ``(n, 3)``.
    central_shared
        Central turnover, displaced and logit of detection, shape ``(3,)``.
    states
        Probability of 0 to 8 sites per draw, shape ``(s, n, 9)``.
    story
        The same at the central rates with part of the evidence: reports alone; closures
        near by too; looks that found nothing too; all. Shape ``(4, n, 9)``.
    knowledge
        Share of the sites there that looks would have found, 0 (never looked) to 1.
    last_look, last_found
        Week of the last look and of the last find, -1 for never, shape ``(n,)``.
    levels
        Names of channels, visit kinds and teams, by code; hand them to ``hidden_data``.
    kind_effect, team_effect
        On the logit of detection; kinds and teams unknown to the fit have effect 0.
    site_channels, noise_channels
        Shares of the channels.
    spread
        Share of tickets that repeat another one of the same week.
    walk_steps
        Reach of displacement, in half-lazy steps.
    walk
        Walk matrix, sparse ``(n, n)``.
    missing
        What was not there to learn from: ``reports``, ``looks``, ``finds``.
    begin_share
        Sites before the first week as a share of the long run's, ``(n,)``; None for 1.
    tilt
        Factor by which other methods, as far as later finds trust them, differ from the
        model's expected sites, ``(n,)``; None for 1.
    level
        Factor of each draw on all cells, ``(s,)``: how far held-out finds and other methods
        leave the total open; None for 1.
    checked
        Figures of ``check``.
    warnings
        ``total``: held-out finds disagree so much that the total cannot be told.
    """

    week: int
    sites: Floats
    reports: Floats
    noise: Floats
    turnover: Floats
    displaced: Floats
    detection_logit: Floats
    central: Floats
    central_shared: Floats
    states: Floats
    story: Floats
    knowledge: Floats
    last_look: NDArray[np.int64]
    last_found: NDArray[np.int64]
    levels: Levels
    kind_effect: Floats
    team_effect: Floats
    site_channels: Floats
    noise_channels: Floats
    spread: float
    walk_steps: int
    walk: sparse.csr_array
    missing: tuple[str, ...] = ()
    begin_share: Floats | None = None
    tilt: Floats | None = None
    level: Floats | None = None
    checked: Floats | None = None
    warnings: tuple[str, ...] = ()

    @property
    def check(self) -> Check | None:
        """How the methods did on the weeks held out; None where there was too little."""
        return None if self.checked is None else from_array(self.checked)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HiddenPosterior:
    """
    What is believed of each cell at the start of the coming week, arrays of shape ``(n,)``.

    Parameters
    ----------
    mean
        Expected hidden sites.
    lo, hi
        90 % interval of their number, whole numbers.
    rate_lo, rate_hi
        90 % interval of the expected number over the draws of the parameters.
    p_hidden, p_lo, p_hi
        Chance of at least one site, and its 90 % interval over the draws.
    knowledge
        Share of the sites there that looks would have found, 0 to 1; 0: nobody looked.
    story
        Parts that add up to ``mean``, in the order of ``STORY``, shape ``(n, 6)``.
    weeks_since_look
        Weeks since anybody looked, -1 for never.
    weeks_since_found
        Weeks since a site was found, -1 for never.
    """

    mean: Floats
    lo: Floats
    hi: Floats
    rate_lo: Floats
    rate_hi: Floats
    p_hidden: Floats
    p_lo: Floats
    p_hi: Floats
    knowledge: Floats
    story: Floats
    weeks_since_look: NDArray[np.int64]
    weeks_since_found: NDArray[np.int64]
