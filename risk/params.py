"""
Every choice of the scoring, with its unit and what it means.

The defaults marked *A* in docs/domain.md are assumptions a bureau may change in
``medpatrol.toml`` under ``[scoring]``; the methods pages say where each comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

SEVERITY = {
    "unlicensed_practice": 10.0,
    "illegal_cosmetic": 8.0,
    "out_of_scope": 6.0,
    "non_health_staff": 5.0,
    "medical_waste": 4.0,
    "expired_drugs": 4.0,
    "hygiene": 2.0,
}
"""Points per violation of a topic (docs/domain.md); topics not named count 1."""

OTHER_SEVERITY = 1.0
"""Points of a topic that ``ScoringParams.severity`` does not name."""

_CLINIC = {"out_of_scope": 4.0, "medical_waste": 3.0, "non_health_staff": 2.0, "expired_drugs": 1.0}
_HOSPITAL = {"medical_waste": 5.0, "out_of_scope": 3.0, "non_health_staff": 2.0}
KIND_TOPICS: Mapping[str, Mapping[str, float]] = {
    "hospital_2plus": _HOSPITAL,
    "hospital": _HOSPITAL,
    "township_health_centre": _HOSPITAL,
    "community_health_centre": _HOSPITAL,
    "private_clinic": _CLINIC,
    "village_clinic": _CLINIC,
    "dental_clinic": _CLINIC,
    "beauty_parlour": {"illegal_cosmetic": 8.0, "expired_drugs": 1.0, "non_health_staff": 1.0},
    "wellness_shop": {"unlicensed_practice": 8.0, "out_of_scope": 1.0, "hygiene": 1.0},
    "pharmacy": {"unlicensed_practice": 4.0, "expired_drugs": 4.0, "non_health_staff": 2.0},
    "restaurant": {"hygiene": 1.0},
    "other": {"unlicensed_practice": 1.0, "hygiene": 1.0, "other": 1.0},
}
"""Typical mix of violations by kind of facility, relative weights, before any finds are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotParams:
    """
    The decayed kernel density of reported events and its tuning.

    Parameters
    ----------
    bandwidths_m, half_lives_days
        Candidates tried; a bandwidth below three quarters of a cell's edge is not tried.
    default_bandwidth_m, default_half_life_days
        Used where there are fewer than ``min_events`` events to tune on.
    n_steps, step_days
        The forecast is tried ``n_steps`` times, each over the next ``step_days`` days,
        the last ending at ``as_of``.
    min_events
        Events needed in the tried steps, and as many before them.
    exposure_mix
        Share of the forecast that follows the exposure alone, 0 to 1, so that an event in
        a new place costs much but not everything.
    """

    bandwidths_m: tuple[float, ...] = (500.0, 1000.0, 2000.0, 4000.0, 8000.0)
    half_lives_days: tuple[float, ...] = (30.0, 90.0, 180.0, 365.0, 730.0)
    default_bandwidth_m: float = 2000.0
    default_half_life_days: float = 180.0
    n_steps: int = 6
    step_days: int = 28
    min_events: int = 40
    exposure_mix: float = 0.05

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.bandwidths_m or min(self.bandwidths_m) <= 0:
            raise ValueError("bandwidths_m must be above 0")
        if not self.half_lives_days or min(self.half_lives_days) <= 0:
            raise ValueError("half_lives_days must be above 0")
        if not 0.0 < self.exposure_mix < 1.0:
            raise ValueError("exposure_mix must lie between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellParams:
    """
    The first cell model, a Gamma-Poisson (docs/methods/risk-score.md).

    Parameters
    ----------
    site_topics
        A find or report of these topics is about a hidden site, wherever it happened.
    place_topics
        So is one of these topics that names no registered facility.
    found_share_per_year
        Finds of a year over the hidden sites there at any time, 0 to 1. *A*: sets the
        scale of all totals; 1.0 is used where all finds are at registered facilities.
    find_years
        Years over which finds set the yearly rate.
    prior_years
        Weight of the default rate, in years of observation.
    default_finds_per_100k_residents, default_finds_per_1000_facilities
        Finds a year where nothing is known yet (residents first). *A*.
    exposure_power
        Hidden sites grow with residents to this power.
    exposure_floor_share
        Share of all hidden sites spread evenly over the cells, so that none is ruled out.
    event_exposure
        Weight of the root of the days with a reported event beside one facility, where
        residents are unknown.
    exposure_smoothing
        Share of that exposure spread over the six neighbouring cells, 0 to 1.
    report_share
        Most that reports make of the density, 0 to 1; all of it where there are no finds.
    place_report_weight
        Weight of a report of a ``place_topics`` beside one of a ``site_topics``.
    shrink_events
        Events within the kernel's footprint that the background counts for.
    prior_shape
        Shape of the Gamma prior of a cell; its relative spread is 1/sqrt(shape).
    total_log_sd
        Spread of the scale of all cells together, log units.
    recent_days, norm_days
        Reports of the last ``recent_days`` are compared with those of the
        ``norm_days`` before.
    norm_prior_reports
        Reports that the exposure's rate counts for in a cell's norm.
    report_weight
        What one report beyond the norm weighs beside a hidden site.
    report_overdispersion
        Relative variance of report counts beyond Poisson (negative binomial).
    max_reports_per_day
        Reports counted per cell and day: ten thousand tickets in a day are one campaign.
    max_report_factor
        Most that reports may raise or lower a cell.
    outcome_weights
        Weight of a report whose outcome is known; 1 for all others.
    displaced_share
        Share of closed sites that open again near by.
    displaced_days, displaced_rings
        For so long after, within so many rings of cells.
    turnover_per_year
        Rate per year at which a looked-at place returns to its prior.
    people_per_home, homes_per_facility, min_homes
        Homes of a cell: residents over people per home; else by its facilities.
    homes_per_visit
        Homes that a visit of a kind reaches; ``other`` for kinds not named.
    detection
        Chance that a visit finds a hidden site among the homes it reaches.
    severity_prior_finds
        Finds that the mean severity counts for, beside the finds of the cell.
    """

    site_topics: tuple[str, ...] = ("unlicensed_practice", "illegal_cosmetic", "non_health_staff")
    place_topics: tuple[str, ...] = (
        "out_of_scope", "medical_waste", "expired_drugs", "hygiene", "other",
    )  # fmt: skip
    found_share_per_year: float = 0.5
    find_years: float = 2.0
    prior_years: float = 0.5
    default_finds_per_100k_residents: float = 2.0
    default_finds_per_1000_facilities: float = 10.0
    exposure_power: float = 0.5
    exposure_floor_share: float = 0.02
    event_exposure: float = 0.2
    exposure_smoothing: float = 0.3
    report_share: float = 0.3
    place_report_weight: float = 0.25
    shrink_events: float = 3.0
    prior_shape: float = 0.8
    total_log_sd: float = 0.5
    recent_days: float = 90.0
    norm_days: float = 730.0
    norm_prior_reports: float = 0.02
    report_weight: float = 0.3
    report_overdispersion: float = 0.2
    max_reports_per_day: float = 3.0
    max_report_factor: float = 10.0
    outcome_weights: Mapping[str, float] = field(
        default_factory=lambda: {"unsubstantiated": 0.3, "not_found": 0.6, "no_jurisdiction": 0.0}
    )
    displaced_share: float = 0.4
    displaced_days: float = 120.0
    displaced_rings: int = 3
    turnover_per_year: float = 0.45
    people_per_home: float = 2.6
    homes_per_facility: float = 40.0
    min_homes: float = 30.0
    homes_per_visit: Mapping[str, float] = field(
        default_factory=lambda: {"sweep": 200.0, "stakeout": 50.0, "other": 15.0}
    )
    detection: float = 0.4
    severity_prior_finds: float = 5.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("found_share_per_year", "detection", "exposure_floor_share"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        for name in (
            "find_years", "prior_years", "exposure_power", "shrink_events", "prior_shape",
            "recent_days", "norm_days", "norm_prior_reports", "max_reports_per_day",
            "displaced_days", "turnover_per_year", "people_per_home", "homes_per_facility",
            "min_homes", "severity_prior_finds",
        ):  # fmt: skip
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not self.max_report_factor > 1.0:
            raise ValueError("max_report_factor must be above 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityParams:
    """
    The shrunken violation rate of a facility (docs/methods/facility-risk.md).

    Parameters
    ----------
    half_life_days
        Age at which a visit counts half; an old history fades to the kind's rate.
    strengths
        Candidates for the strength of the pull to the kind's rate, in visits; the
        likeliest on the data is taken.
    default_strength
        Taken where fewer than ``min_visits`` visits are known.
    default_rate
        Violation rate where no visit is known at all, 0 to 1.
    kind_visits
        Visits by which a kind's rate is pulled to the rate of all kinds.
    min_visits
        Visits needed to estimate the strength.
    report_half_life_days, report_log_odds
        Reports naming the facility: fading, and log odds per doubling of (1 + reports).
    expired_log_odds
        Log odds added after the licence has run out.
    grade_log_odds
        Log odds by the bureau's own grade.
    near_power, near_finds
        Power of the relative rate of the facilities round about (own visits left out),
        and finds by which that rate is pulled to 1.
    topic_finds
        Finds that the typical mix of topics counts for.
    """

    half_life_days: float = 540.0
    strengths: tuple[float, ...] = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
    default_strength: float = 8.0
    default_rate: float = 0.1
    kind_visits: float = 20.0
    min_visits: int = 50
    report_half_life_days: float = 180.0
    report_log_odds: float = 0.4
    expired_log_odds: float = 0.4
    grade_log_odds: Mapping[str, float] = field(
        default_factory=lambda: {"A": -0.3, "B": 0.0, "C": 0.3, "D": 0.6}
    )
    near_power: float = 0.5
    near_finds: float = 5.0
    topic_finds: float = 10.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0.0 < self.default_rate < 1.0:
            raise ValueError("default_rate must lie between 0 and 1")
        if not self.strengths or min(self.strengths) <= 0 or self.default_strength <= 0:
            raise ValueError("strengths must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringParams:
    """
    All choices of a scoring run.

    Parameters
    ----------
    cell_resolution
        H3 resolution of the cells: 8 is 0.74 km2, 7 is 5.2 km2.
    max_cells
        Beyond so many cells a coarser resolution is taken, and the run says so.
    severity
        Points per violation by topic.
    kind_topics
        Typical mix of topics by kind of facility, relative weights.
    sealed_kinds, sealed_channels
        Visits and reports that enter no score (undercover lane, docs/domain.md).
    no_look_kinds
        Kinds of inspection in which nobody looked at the place itself.
    """

    cell_resolution: int = 8
    max_cells: int = 150_000
    severity: Mapping[str, float] = field(default_factory=lambda: dict(SEVERITY))
    kind_topics: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: {kind: dict(mix) for kind, mix in KIND_TOPICS.items()}
    )
    sealed_kinds: tuple[str, ...] = ("undercover",)
    sealed_channels: tuple[str, ...] = ("undercover",)
    no_look_kinds: tuple[str, ...] = ("desk_check", "notice_audit")
    hotspots: HotspotParams = field(default_factory=HotspotParams)
    cells: CellParams = field(default_factory=CellParams)
    facilities: FacilityParams = field(default_factory=FacilityParams)

    def severity_of(self, topic: str) -> float:
        """Return the points of a topic."""
        return float(self.severity.get(topic, OTHER_SEVERITY))
