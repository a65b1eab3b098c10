"""What becomes of a find: cases, fines, closings, and the people concerned."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from data.synthetic.hidden import Site
from data.synthetic.inspecting import Call
from data.synthetic.scales import Scale, random_for

CLOSED, FINES_YUAN, CONFISCATED_YUAN, DENS_DESTROYED = 72, 1_850_000.0, 320_000.0, 15
"""Reference numbers of the campaign (docs/demo-city.md)."""
_BACKLOG = 11
"""Cases of before the campaign that are closed in it: an assumption."""


@dataclass(slots=True, eq=False)
class Case:
    """One case; ``person`` is the practitioner of its site, -1 where it concerns a facility."""

    number: int
    opened_on: date
    topic: str
    call: Call
    source: str
    site: Site | None = None
    person: int = -1
    closed_on: date | None = None
    fine_yuan: float | None = None
    confiscated_yuan: float | None = None
    den_destroyed: int = 0
    transferred_to: str | None = None


def open_case(number: int, topic: str, call: Call, sunday: date, rng: np.random.Generator) -> Case:
    """File a case within the week of its find."""
    day = call.day if call.day is not None else sunday
    lead = call.lead
    source = "inspection"
    if lead is not None:
        source = {"undercover": "undercover", "handover": "handover"}.get(lead.channel, "complaint")
        source = "inspection" if lead.channel == "patrol_report" else source
    return Case(
        number=number,
        opened_on=min(sunday, day + timedelta(days=int(rng.integers(0, 4)))),
        topic=topic,
        call=call,
        source=source,
        site=call.site,
        person=call.site.practitioner if call.site is not None else -1,
    )


def settle(
    cases: list[Case], scale: Scale, *, campaign: tuple[date, date], end: date, seed: int
) -> None:
    """Close cases and fix their fines, so that the campaign ends on the reference numbers."""
    rng = random_for(seed, "casework")
    for case in cases:
        case.closed_on = case.opened_on + timedelta(days=int(rng.gamma(4.0, 14.0)) + 9)
    _close(cases, scale, campaign)
    for case in cases:
        if case.closed_on is not None and case.closed_on > end:
            case.closed_on = None
    _fine(cases, scale, campaign, rng)
    _destroy(cases, scale, campaign, rng)


def _close(cases: list[Case], scale: Scale, campaign: tuple[date, date]) -> None:
    """Shift closings over the borders of the campaign until as many as wanted lie inside."""
    first, last = campaign
    before = sorted((c for c in cases if c.opened_on < first), key=_closing, reverse=True)
    for place, case in enumerate(before):
        if place < round(_BACKLOG * scale.share) and _closing(case) < first:
            case.closed_on = first + timedelta(days=3 + 5 * place)
        elif place >= round(_BACKLOG * scale.share) and _closing(case) >= first:
            case.closed_on = max(case.opened_on, first - timedelta(days=1 + place % 9))
        if _closing(case) > last:
            case.closed_on = last - timedelta(days=9)
    inside = round(CLOSED * scale.share) - sum(first <= _closing(c) <= last for c in before)
    mine = sorted((c for c in cases if first <= c.opened_on <= last), key=lambda c: c.opened_on)
    for place, case in enumerate(mine):
        days = (_closing(case) - case.opened_on).days
        if place < inside:
            case.closed_on = min(_closing(case), last - timedelta(days=place % 5))
            case.closed_on = max(case.closed_on, case.opened_on)
        elif _closing(case) <= last:
            case.closed_on = last + timedelta(days=3 + days // 3)


def _closing(case: Case) -> date:
    if case.closed_on is None:
        msg = "a case is settled only after it got a first closing day"
        raise ValueError(msg)
    return case.closed_on


def _fine(
    cases: list[Case], scale: Scale, campaign: tuple[date, date], rng: np.random.Generator
) -> None:
    """Draw fines, then stretch those decided in the campaign to their sum."""
    closed = [case for case in cases if case.closed_on is not None]
    for case in closed:
        mean = 10.2 if case.topic == "unlicensed_practice" else 9.3
        case.fine_yuan = 100.0 * round(float(rng.lognormal(mean, 0.5)) / 100.0)
        gain = rng.random() < (0.75 if case.topic == "unlicensed_practice" else 0.3)
        case.confiscated_yuan = 10.0 * round(float(rng.lognormal(8.2, 0.9)) / 10.0) if gain else 0.0
        if case.topic == "unlicensed_practice" and rng.random() < 0.12:
            case.transferred_to = "市公安局"
    mine = [c for c in closed if campaign[0] <= _closing(c) <= campaign[1]]
    fines = sum(c.fine_yuan or 0.0 for c in mine)
    gains = sum(c.confiscated_yuan or 0.0 for c in mine)
    if not mine or gains <= 0:
        return
    for case in closed:
        fine = (case.fine_yuan or 0.0) * FINES_YUAN * scale.share / fines
        gain_yuan = (case.confiscated_yuan or 0.0) * CONFISCATED_YUAN * scale.share / gains
        case.fine_yuan = 100.0 * round(fine / 100.0)
        case.confiscated_yuan = 10.0 * round(gain_yuan / 10.0)


def _destroy(
    cases: list[Case], scale: Scale, campaign: tuple[date, date], rng: np.random.Generator
) -> None:
    """Mark the dens that were destroyed, not only fined."""
    first, last = campaign
    dens = [
        case
        for case in cases
        if case.site is not None and case.site.kind in ("den", "dental_den") and case.closed_on
    ]
    inside = [c for c in dens if first <= c.opened_on and first <= _closing(c) <= last]
    outside = [c for c in dens if not first <= _closing(c) <= last]
    count = min(len(inside), max(1, round(DENS_DESTROYED * scale.share)))
    for place in rng.permutation(len(inside))[:count].tolist():
        inside[place].den_destroyed = 1
    for case in outside:
        case.den_destroyed = int(rng.random() < 0.4)
