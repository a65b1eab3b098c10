"""Weak priors, grids and sizes of the hidden-site model, each with its unit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenParams:
    """
    Weak priors and grids of the model.

    Parameters
    ----------
    sites_per_cell, sites_log_sd
        Typical hidden sites of a cell in the long run, and its spread in log units. *A*
    reports_per_site_week, reports_log_sd
        Reports a hidden site draws a week (0.02 is one a year). *A*
    turnover_week, turnover_logit_sd
        Share of sites closing by themselves in a week (0.0087 is 0.45 a year). *A*
    displaced, displaced_logit_sd
        Share of found sites that open again near by. *A*
    detection, detection_logit_sd
        Chance that one visit finds a site standing in the cell. *A*
    most_prior_sds
        Turnover, displaced share and detection stay within so many prior sds: worlds that
        differ from the model drive them to absurd values otherwise.
    slope_sd
        Prior sd of the slope of a standardised covariate.
    kind_logit_sd, team_logit_sd
        Prior sd of the effects of visit kind and team on detection.
    field_sd, field_sd_weight
        Prior guess of a field's sd, and the number of values it counts for.
    most_field_sds
        Largest sd of the fields of sites, reports and noise. Where tickets are filed
        elsewhere, a field of reports that varies at will puts sites wherever nobody reports.
    ranges
        Ranges tried for each field, in cells.
    spreads
        Shares of repeated tickets tried, 0 to below 1.
    walk_steps
        Reach of displacement tried, in half-lazy steps of a walk over neighbours.
    channel_reports
        Reports by which a channel's share among sites is pulled to its share among all.
    n_em_steps, n_steps
        Steps with the complete data's curvature, then with that of what was seen.
    n_line_steps
        The first of the latter, at the mode; the others average the slope over draws.
    n_slope_draws
        Draws for that.
    n_draws
        Draws of the parameters that carry their uncertainty.
    seed
        Of the draws.
    level_log_sd
        What the level of all cells is uncertain by beyond the draws: by so much did totals
        of made-up counties of the model's own family miss.
    stack
        Weigh the model against boosted trees and a density of tickets on later finds.
    held_out_weeks
        Weeks held out for that, at most a quarter of all.
    """

    sites_per_cell: float = 0.1
    sites_log_sd: float = 1.5
    reports_per_site_week: float = 0.02
    reports_log_sd: float = 0.7
    turnover_week: float = 0.0087
    turnover_logit_sd: float = 0.25
    displaced: float = 0.4
    displaced_logit_sd: float = 0.7
    detection: float = 0.4
    detection_logit_sd: float = 0.4
    most_prior_sds: float = 3.0
    slope_sd: float = 0.7
    kind_logit_sd: float = 0.7
    team_logit_sd: float = 0.25
    field_sd: float = 0.5
    field_sd_weight: float = 4.0
    most_field_sds: tuple[float, float, float] = (1.5, 1.1, 1.5)
    ranges: tuple[float, ...] = (4.0, 8.0, 16.0)
    spreads: tuple[float, ...] = (0.0, 0.1, 0.2, 0.4)
    walk_steps: tuple[int, ...] = (1, 4, 9, 16)
    channel_reports: float = 100.0
    n_em_steps: int = 8
    n_steps: int = 5
    n_line_steps: int = 2
    n_slope_draws: int = 12
    n_draws: int = 48
    seed: int = 0
    level_log_sd: float = 0.12
    stack: bool = True
    held_out_weeks: int = 26

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("turnover_week", "displaced", "detection"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        if not all(0.0 <= share < 1.0 for share in self.spreads):
            raise ValueError(f"spreads must lie between 0 and 1, got {self.spreads}")
        if self.n_draws <= 1 or not self.ranges or not self.walk_steps or not self.spreads:
            raise ValueError("n_draws must be 2 or more and no grid empty")
