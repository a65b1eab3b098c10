"""What the planner answers: routes with times, the visits left out, and figures."""

from dataclasses import dataclass
from typing import Any

from data.records import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedStop:
    """One visit in a route; seconds from midnight. ``start_s`` may be after arrival."""

    visit: str
    arrive_s: int
    start_s: int
    depart_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedRoute:
    """The stops of one shift in order."""

    shift: str
    stops: tuple[SolvedStop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplanned:
    """
    A visit that is not in the plan.

    ``reason`` and ``cheapest_fix`` are the short code and the English sentence of
    the file format; the two messages say the same to a reader of the screen.
    """

    visit: str
    reason: str
    cheapest_fix: str | None
    message: Message
    fix_message: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaMissed:
    """A group that got ``short_by`` visits fewer than wanted, and why."""

    group: str
    short_by: int
    reason: str
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveResult:
    """
    The best plan found.

    ``status`` is ``ok``, or ``infeasible_required`` if and only if a required visit
    is missing. ``upper_bound`` is a prize no plan can exceed. ``locks_missed`` names
    the locked visits that could not be kept; they stand in ``unplanned`` too.
    """

    status: str
    prize: int
    upper_bound: int
    travel_s: int
    runtime_s: float
    routes: tuple[SolvedRoute, ...]
    unplanned: tuple[Unplanned, ...]
    quotas_missed: tuple[QuotaMissed, ...]
    locks_missed: tuple[str, ...] = ()
    first_plan_s: float = 0.0
    n_iterations: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the solution in the format of docs/formats.md."""
        return {
            "status": self.status,
            "prize": self.prize,
            "upper_bound": self.upper_bound,
            "travel_s": self.travel_s,
            "runtime_s": round(self.runtime_s, 3),
            "routes": [
                {
                    "shift": route.shift,
                    "stops": [
                        {
                            "visit": stop.visit,
                            "arrive_s": stop.arrive_s,
                            "start_s": stop.start_s,
                            "depart_s": stop.depart_s,
                        }
                        for stop in route.stops
                    ],
                }
                for route in self.routes
            ],
            "unplanned": [
                {"visit": u.visit, "reason": u.reason, "cheapest_fix": u.cheapest_fix}
                for u in self.unplanned
            ],
            "quotas_missed": [
                {"group": q.group, "short_by": q.short_by, "reason": q.reason}
                for q in self.quotas_missed
            ],
        }
