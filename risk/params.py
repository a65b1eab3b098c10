"""
Every choice of the scoring, with its unit and what it means.

The defaults marked *A* in docs/domain.md are assumptions a bureau may change in
``medpatrol.toml`` under ``[scoring]``; the methods pages say where each comes from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from data.records import Message
from geo.urban_form import UrbanFormParams

Progress = Callable[[float, Message], None]
"""Hears a share from 0 to 1 and what is being done; may raise to stop."""

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
    How the hidden-site model reads a bureau's records (docs/methods/risk-score.md).

    Parameters
    ----------
    site_topics
        A report or find of these topics is about a hidden site where it names no facility.
    place_topics
        So is one of these topics that names no registered facility.
    n_weeks
        Weeks of records that the model reads, ending at the day of the score.
    refit_days
        A fit is used for so many days; every score still reads all records up to its day.
    max_fitted_cells
        Cells that the model is fitted on: all with a report or look, then those with the
        most residents. The other inhabited cells get what fitted cells like them have.
    found_share_per_year
        Finds of a year over the hidden sites there at any time, 0 to 1; with the finds so
        far it gives the prior guess of the total. *A*
    default_finds_per_100k_residents, default_finds_per_1000_facilities, default_years
        Finds a year where nothing is known yet (residents first), and the years of records
        that this guess counts for. *A*
    total_log_sd
        Doubt of the prior guess of the total, log units.
    uninhabited_sites
        Expected sites of a cell where nobody lives and nothing was reported or seen.
    recent_days
        Reports of so many days are compared with the local norm in the reasons.
    max_reports_per_day
        Reports counted per cell and day: ten thousand tickets in a day are one campaign.
    displaced_days, displaced_rings
        Closures of so many days, within so many rings of cells, are named in the reasons.
    people_per_home, homes_per_facility, min_homes
        Homes of a cell: residents over people per home; else by its facilities.
    homes_per_sweep
        Homes that one search of a cell reaches. *A*
    severity_prior_finds
        Finds that the mean severity counts for, beside the finds of the cell.
    facility_level_sd
        Relative doubt of the level of all facilities together, where finds at registered
        facilities stand in for hidden sites.
    """

    site_topics: tuple[str, ...] = ("unlicensed_practice", "illegal_cosmetic", "non_health_staff")
    place_topics: tuple[str, ...] = (
        "out_of_scope", "medical_waste", "expired_drugs", "hygiene", "other",
    )  # fmt: skip
    n_weeks: int = 104
    refit_days: float = 31.0
    max_fitted_cells: int = 12_000
    found_share_per_year: float = 0.5
    default_finds_per_100k_residents: float = 2.0
    default_finds_per_1000_facilities: float = 10.0
    default_years: float = 0.5
    total_log_sd: float = 0.7
    uninhabited_sites: float = 1e-5
    recent_days: float = 90.0
    max_reports_per_day: int = 3
    displaced_days: float = 120.0
    displaced_rings: int = 3
    people_per_home: float = 2.6
    homes_per_facility: float = 40.0
    min_homes: float = 30.0
    homes_per_sweep: float = 200.0
    severity_prior_finds: float = 5.0
    facility_level_sd: float = 0.15

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in (
            "n_weeks", "max_fitted_cells", "uninhabited_sites", "recent_days",
            "max_reports_per_day", "displaced_days", "people_per_home", "homes_per_facility",
            "min_homes", "homes_per_sweep", "severity_prior_finds", "facility_level_sd",
        ):  # fmt: skip
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in (
            "found_share_per_year", "default_years", "total_log_sd",
            "default_finds_per_100k_residents", "default_finds_per_1000_facilities",
        ):  # fmt: skip
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.refit_days < 0:
            raise ValueError(f"refit_days must be 0 or more, got {self.refit_days}")


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
    window_days
        Age of the oldest look that the fitted models learn from; older ones are history.
    n_folds, fold_days
        Stretches of the last looks, and days of each, that choose among the models.
    min_fit_looks, min_fit_finds
        Looks, and finds among them, needed to fit the logistic model.
    min_boost_looks, min_boost_finds
        The same for the boosted trees.
    min_tested_finds
        Finds needed in the folds; with fewer the shrunken rate stays.
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
    window_days: float = 1461.0
    n_folds: int = 4
    fold_days: float = 91.0
    min_fit_looks: int = 400
    min_fit_finds: int = 40
    min_boost_looks: int = 2000
    min_boost_finds: int = 150
    min_tested_finds: int = 30

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0.0 < self.default_rate < 1.0:
            raise ValueError("default_rate must lie between 0 and 1")
        if not self.strengths or min(self.strengths) <= 0 or self.default_strength <= 0:
            raise ValueError("strengths must be above 0")
        if self.n_folds < 1 or self.fold_days <= 0 or self.window_days <= 0:
            raise ValueError("n_folds, fold_days and window_days must be above 0")


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
    urban_form: UrbanFormParams = field(default_factory=UrbanFormParams)

    def severity_of(self, topic: str) -> float:
        """Return the points of a topic."""
        return float(self.severity.get(topic, OTHER_SEVERITY))
