"""Settings of the signals: clusters, tracks, market days, stake-outs."""

from dataclasses import dataclass, field

from risk.markets import MarketParams
from risk.scan_params import ScanParams
from risk.track_pairs import TrackParams


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalParams:
    """
    What is looked for after each scoring.

    Parameters
    ----------
    topics
        Leads of these topics can form a cluster.
    """

    topics: tuple[str, ...] = (
        "unlicensed_practice", "illegal_cosmetic", "out_of_scope", "non_health_staff",
        "medical_waste", "expired_drugs",
    )  # fmt: skip
    scan: ScanParams = field(default_factory=ScanParams)
    tracks: TrackParams = field(default_factory=TrackParams)
    markets: MarketParams = field(default_factory=MarketParams)
