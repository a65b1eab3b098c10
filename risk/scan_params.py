"""What counts as an emerging cluster of leads; settings of the bureau."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanParams:
    """
    What counts as an emerging cluster. All numbers are assumptions (A).

    Parameters
    ----------
    weeks
        Longest cylinder: clusters that go on now and began at most so many weeks ago.
    history_weeks
        Leads so far back say what is usual.
    radius_m
        Largest radius of a cylinder, metres.
    most_places
        Places in a cylinder at most.
    largest_share
        Largest share of all leads in the places of a cylinder, 0 to 1.
    least_leads
        A cluster has at least so many leads.
    alert_p
        Clusters up to this p-value are alerts.
    n_draws
        Permutations that the p-value rests on.
    gumbel
        Take the p-value from a Gumbel tail fitted to the permutations, finer than one in
        n_draws + 1.
    same_site_days
        Leads about one site within so many days count once.
    site_tickets
        So many tickets on one site within the last weeks are told as one busy site.
    """

    weeks: int = 8
    history_weeks: int = 52
    radius_m: float = 15_000.0
    most_places: int = 60
    largest_share: float = 0.25
    least_leads: int = 3
    alert_p: float = 0.05
    n_draws: int = 999
    gumbel: bool = False
    same_site_days: int = 14
    site_tickets: int = 6

    def __post_init__(self) -> None:
        """Refuse values that could not be meant."""
        if not 1 <= self.weeks < self.history_weeks:
            raise ValueError("weeks must be at least 1 and less than history_weeks")
        if not (0 < self.largest_share <= 0.5 and 0 < self.alert_p < 1):
            raise ValueError("largest_share must be up to 0.5, alert_p between 0 and 1")
        least = (self.most_places, self.n_draws, self.least_leads - 1)
        if min(*least, self.same_site_days, self.site_tickets) < 1 or self.radius_m <= 0:
            raise ValueError("radius, places, draws, leads and days must be positive")
