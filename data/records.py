"""The nouns of the product that are stored, sent to a screen or written to a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

type_error = "{what} needs a time zone, got {value}"


@dataclass(frozen=True, slots=True)
class Message:
    """
    One sentence for a reader, not yet in a language.

    ``template`` is the Chinese sentence with named placeholders, the identifier
    under which ``locales/`` holds its translations. A placeholder named after a
    vocabulary of ``data.schema.LABELS`` holds a code and is shown as its label.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One part of a score. The parts of a score add up to it (unit of the score)."""

    message: Message
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Officers who work together on the days of one week."""

    team_id: str
    officer_ids: tuple[str, ...]
    base_lon: float
    base_lat: float
    days: tuple[int, ...]
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """
    One call that a team could make: a facility, a lead to check, an area to search.

    ``prize`` is expected finds x severity in hundredths of a point, ``service_s``
    the seconds on site, ``windows`` are ``(day, earliest, latest start)`` in
    seconds from midnight, day 0 a Monday. Nothing of a complainant, and no words
    of a report, is ever part of a visit. ``draw_id`` names the random draw that picked
    place and officers, ``inclusion_prob`` the chance with which a draw picked the place.
    """

    visit_id: str
    kind: str
    place_name: str
    lon: float
    lat: float
    prize: int
    service_s: int
    windows: tuple[tuple[int, int, int], ...]
    district_code: str | None = None
    area_code: str | None = None
    address: str | None = None
    facility_id: str | None = None
    cell_id: str | None = None
    complaint_ids: tuple[str, ...] = ()
    ground: str | None = None
    item_code: str | None = None
    due_on: date | None = None
    required: bool = False
    needs: tuple[str, ...] = ()
    reasons: tuple[Message, ...] = ()
    draw_id: str | None = None
    inclusion_prob: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A visit in a route, in seconds from midnight; a locked one stays with its team and day."""

    visit: Visit
    arrive_s: int
    start_s: int
    depart_s: int
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """
    What one team does on one day (0 = Monday). ``stops`` may be empty: stand-by.

    ``path`` is the way along the roads from base to base as ``geo.polyline`` writes
    it; empty where roads were not known: the way is then drawn straight from stop to
    stop. A route whose stops change loses its path. ``estimated_legs`` are the legs whose
    time is a straight-line estimate because no road leads there: leg 0 leads to the first
    stop, the last one back to the base; empty where the whole plan is an estimate.
    """

    team_id: str
    day: int
    leave_s: int
    back_s: int
    travel_s: int
    stops: tuple[Stop, ...]
    path: str = ""
    estimated_legs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A visit that is not in the plan, why, and the cheapest way to get it in."""

    visit: Visit
    reason: Message
    cheapest_fix: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    The patrol plan of one week.

    ``as_of`` says what was known when it was made, ``upper_bound`` is a value
    (same unit as ``prize``) that no plan of this problem can exceed.
    """

    plan_id: str
    week_start: date
    district_code: str | None
    as_of: datetime
    created_at: datetime
    status: str
    seed: int
    teams: tuple[Team, ...]
    routes: tuple[Route, ...]
    left_out: tuple[LeftOut, ...]
    prize: int
    upper_bound: int
    travel_s: int
    travel_is_estimate: bool
    runtime_s: float
    warnings: tuple[Message, ...] = ()

    def __post_init__(self) -> None:
        """Refuse moments without a zone."""
        for what, value in (("as_of", self.as_of), ("created_at", self.created_at)):
            if value.tzinfo is None:
                raise ValueError(type_error.format(what=what, value=value))
