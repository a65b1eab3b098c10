"""
How much is found in a week: the reference numbers as a course that the history holds to.

Chance decides *what* is found (which site was visited, who was skilled, who was
warned); the course decides *how many*, so that any seed ends on the city's numbers.
"""

import numpy as np

from data.synthetic.scales import CAMPAIGN_WEEKS, Scale, random_for

LEADS = "leads"
TARGETS = {
    "unlicensed_lead": 32,
    "unlicensed_other": 26,
    "out_of_scope_lead": 13,
    "out_of_scope_other": 15,
    "non_health_staff": 15,
    "medical_waste": 65,
    "illegal_cosmetic": 28,
    "expired_drugs": 16,
    "hygiene": 20,
    LEADS: 120,
}
"""What one campaign finds in a prefecture: docs/demo-city.md, split by way of finding."""
_WEEKLY_OUTSIDE = {
    "unlicensed_lead": 0.5,
    "unlicensed_other": 0.35,
    "out_of_scope_lead": 0.2,
    "out_of_scope_other": 0.2,
    "non_health_staff": 0.22,
    "medical_waste": 0.8,
    "illegal_cosmetic": 0.35,
    "expired_drugs": 0.25,
    "hygiene": 0.35,
    LEADS: 2.9,
}
_AFTERWARDS = 1.7
"""Leads after the campaign beside those before: its telephone number is known now."""


class Quotas:
    """How many of each kind are due in a week, given what came out so far."""

    def __init__(self, scale: Scale, *, seed: int) -> None:
        self.targets = {what: max(1, round(n * scale.share)) for what, n in TARGETS.items()}
        self._share = scale.share
        self._rng = random_for(seed, "quotas")
        self._done = dict.fromkeys(TARGETS, 0)

    def due(self, what: str, week: int, *, surge: float = 1.0) -> int:
        """
        Say how many are due this week.

        Inside the campaign this is what the course is short of; ``surge`` bends
        chance outside it, and brings part of the course forward inside it.
        """
        low, high = CAMPAIGN_WEEKS
        if not low <= week < high:
            known = _AFTERWARDS if what == LEADS and week >= high else 1.0
            return int(self._rng.poisson(_WEEKLY_OUTSIDE[what] * self._share * surge * known))
        passed = (week - low + 1) / (high - low)
        # Leads that prove true are taken as they come, and nothing is left to the last week.
        haste = 1.3 if what.endswith("_lead") else 1.0 if what == LEADS else 1.07
        course = min(1.0, passed * haste)
        if what == LEADS and week < high - 1:
            course = min(1.0, course + float(self._rng.normal(0.0, 0.012)) + 0.02 * (surge - 1.0))
        return max(0, round(self.targets[what] * course) - self._done[what])

    def is_behind(self, what: str, week: int, count: int, *, lead: float) -> bool:
        """Say whether ``count`` chances are too few for what the course will ask for."""
        low, high = CAMPAIGN_WEEKS
        if not low <= week < high - 4:
            return False
        passed = (week - low + 1) / (high - low - 4)
        return count < lead * self.targets[what] * passed

    def book(self, what: str, week: int, count: int) -> None:
        """Book what came out in a week; only the campaign counts."""
        if CAMPAIGN_WEEKS[0] <= week < CAMPAIGN_WEEKS[1]:
            self._done[what] += count

    def shift(self, source: str, target: str) -> None:
        """Move what one way can't find any more to the other, for the last week."""
        short = self.targets[source] - self._done[source]
        if short > 0:
            self.targets[source] -= short
            self.targets[target] += short


def surge_of(days_to_festival: int, week: int) -> float:
    """Rate the stream of leads: before Spring Festival and when a campaign is made public."""
    festival = 2.4 if 0 <= days_to_festival <= 28 else 1.0
    publicity = 1.6 if week in {CAMPAIGN_WEEKS[0], CAMPAIGN_WEEKS[0] + 1, 40, 41} else 1.0
    return festival * publicity


def weighted_order(chances: list[float], rng: np.random.Generator) -> list[int]:
    """Order items at random, likelier ones first (Efraimidis and Spirakis 2006)."""
    keys = rng.random(len(chances)) ** (1.0 / np.maximum(chances, 1e-6))
    order: list[int] = np.argsort(-keys, kind="stable").tolist()
    return order
