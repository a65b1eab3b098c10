"""
What could be visited next week: leads to check, facilities, areas to search.

One door is one visit: leads about a facility join its visit, leads without a
facility join when they lie at the same door. The value of a visit is what it is
expected to find x severity (docs/domain.md: time since the last look is
already inside the probability, never a second factor).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from data.records import Message, Visit
from routing import rules
from workflows.leads import open_leads
from workflows.past_checks import last_visits, past_checks
from workflows.search_worth import search_worth
from workflows.weeks import DAYS_A_WEEK, first_day_left
from workflows.wording import from_json

POINTS = 100
"""Prizes are hundredths of a point (expected finds x severity): solvers count in integers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateParams:
    """
    Assumptions about visits; each is a setting of the bureau (docs/domain.md, *A*).

    Parameters
    ----------
    days
        Working days of a week, from Monday.
    open_from_s, last_start_s
        Earliest and latest start of a visit, seconds from midnight.
    lead_minutes, sweep_minutes
        Time on site for checking a lead and for searching a cell.
    facility_minutes
        Time on site by kind of facility; ``other`` for kinds not named.
    substantiated_share
        Share of leads found true where a channel has no history of its own
        (campaign figures: 45 of 120).
    substantiated_strength
        Leads that this share counts for beside a channel's own history.
    sweep_detection
        Chance that one search of a cell finds a site that is there, 0 to 1; only for runs
        that hold no expected finds of a search.
    n_sweeps
        Cells offered for a search, those where one is worth most.
    yearly_cap
        Checks of one facility per calendar year by the own level of government, exempt
        grounds not counted.
    yearly_cap_total
        The same by all levels of government together.
    level
        Own level of government: county, city or province.
    min_spacing_days
        Days from one visit to a door until the next, unless there is a lead.
    same_door_decimals
        Leads whose coordinates agree to so many decimals of a degree are one door.
    registration_minutes
        Time on site for checking the registration of an itinerant practitioner.
    registration_share
        Share of such checks expected to find unlicensed practice, 0 to 1.
    registration_most
        Registration checks offered to a week at most.
    stakeout_minutes
        Length of a stake-out.
    stakeout_success
        Chance that a stake-out meets whoever works at the place that day, 0 to 1.
    """

    days: int = 5
    open_from_s: int = 30_600
    last_start_s: int = 61_200
    lead_minutes: int = 45
    sweep_minutes: int = 120
    facility_minutes: Mapping[str, int] = field(
        default_factory=lambda: {
            "hospital_2plus": 120,
            "hospital": 90,
            "township_health_centre": 75,
            "community_health_centre": 60,
            "other": 45,
        }
    )
    substantiated_share: float = 0.375
    substantiated_strength: float = 40.0
    sweep_detection: float = 0.5
    n_sweeps: int = 60
    yearly_cap: int = 2
    yearly_cap_total: int = 4
    level: str = "county"
    min_spacing_days: int = 30
    same_door_decimals: int = 4
    registration_minutes: int = 45
    registration_share: float = 0.3
    registration_most: int = 40
    stakeout_minutes: int = 150
    stakeout_success: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knew before the plan was made, as ``load_rows`` and the scores give it."""

    leads: pd.DataFrame
    inspections: pd.DataFrame
    cells: pd.DataFrame
    facilities: pd.DataFrame
    scored_as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """A visit of value that a rule keeps out of the week, with the rule's sentence."""

    visit: Visit
    reason: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Visits worth planning, required ones and the most valuable per hour first."""

    visits: tuple[Visit, ...]
    barred: tuple[Barred, ...]
    n_unplaced_leads: int


def make_candidates(
    known: Known,
    params: CandidateParams,
    *,
    severity: Mapping[str, float],
    week_start: date,
    as_of: datetime,
    limit: int,
) -> Candidates:
    """
    Return the visits that next week's plan may choose from.

    Parameters
    ----------
    known
        Leads, inspections, and the scores of cells and facilities.
    params
        Durations, shares and caps.
    severity
        Points per topic (docs/domain.md).
    week_start
        Monday of the planned week.
    as_of
        Nothing that became known later is in ``known``; rules count up to here.
    limit
        Most visits handed to the solver.

    Returns
    -------
    candidates
        At most ``limit`` visits; ``barred`` holds at most the 100 most valuable
        facilities that the yearly cap or the minimum spacing keeps out.
    """
    leads, n_unplaced = _lead_visits(
        known.leads,
        params,
        severity=severity,
        week_start=week_start,
        first_day=first_day_left(week_start, as_of=as_of),
    )
    at_facilities, elsewhere = {}, []
    for lead in leads:
        if lead.facility_id is None:
            elsewhere.append(lead)
        else:
            at_facilities[lead.facility_id] = lead
    routine = _facility_visits(known.facilities, params, n_most=2 * limit, also=at_facilities)
    allowed, barred = _apply_caps(
        [visit for visit in routine if visit.facility_id not in at_facilities],
        known.inspections,
        params,
        week_start=week_start,
    )
    by_facility = {visit.facility_id: visit for visit in routine}
    merged = [_merge(lead, by_facility.get(key)) for key, lead in at_facilities.items()]
    sweeps = _sweeps(known.cells, known.inspections, params, scored_as_of=known.scored_as_of)
    ranked = sorted(
        [*elsewhere, *merged, *allowed, *sweeps],
        key=by_worth,
    )
    worth = [visit for visit in ranked if visit.prize > 0 or visit.required]
    return Candidates(
        visits=tuple(worth[:limit]), barred=tuple(barred[:100]), n_unplaced_leads=n_unplaced
    )


def by_worth(visit: Visit) -> tuple[bool, float, str]:
    """Sort required visits first, then the most valuable per second on site."""
    return (not visit.required, -visit.prize / visit.service_s, visit.visit_id)


def _windows(
    params: CandidateParams, *, first: int = 0, last: int | None = None
) -> tuple[tuple[int, int, int], ...]:
    days = params.days if last is None else min(params.days, last + 1)
    return tuple((day, params.open_from_s, params.last_start_s) for day in range(first, days))


def _lead_visits(
    leads: pd.DataFrame,
    params: CandidateParams,
    *,
    severity: Mapping[str, float],
    week_start: date,
    first_day: int,
) -> tuple[list[Visit], int]:
    """Return one visit per door with open leads, and the number of open leads without a place."""
    waiting = open_leads(leads)
    placed = waiting[waiting["lon"].notna() & waiting["lat"].notna()]
    if placed.empty:
        return [], len(waiting)
    share = _substantiated_share(leads, params)
    placed = placed.assign(
        points=placed["topic"].map(lambda topic: float(severity.get(topic, 1.0))),
        share=placed["channel"].map(lambda channel: share.get(channel, params.substantiated_share)),
        door=placed["facility_id"].where(
            placed["facility_id"].notna(),
            placed[["lon", "lat"]]
            .round(params.same_door_decimals)
            .astype(str)
            .agg(",".join, axis=1),
        ),
    ).sort_values("complaint_id")
    visits = [
        _lead_visit(group.to_dict("records"), params, week_start=week_start, first_day=first_day)
        for _, group in placed.groupby("door", sort=True)
    ]
    return visits, len(waiting) - len(placed)


def _substantiated_share(leads: pd.DataFrame, params: CandidateParams) -> dict[str, float]:
    """Share of closed leads found true, per channel, shrunk towards the setting."""
    closed = leads[leads["outcome"].notna()]
    true = (closed["outcome"] == "substantiated").groupby(closed["channel"]).agg(["sum", "count"])
    strength = params.substantiated_strength
    share = (true["sum"] + strength * params.substantiated_share) / (true["count"] + strength)
    return {str(channel): float(value) for channel, value in share.items()}


def _lead_visit(
    rows: list[dict[Any, Any]], params: CandidateParams, *, week_start: date, first_day: int
) -> Visit:
    """Return the visit to one door; several reports make one site likelier, not two sites."""
    first = rows[0]
    nothing_there = 1.0
    for row in rows:
        nothing_there *= 1.0 - row["share"]
    due_dates = [row["due_on"].date() for row in rows if not pd.isna(row["due_on"])]
    due_on = min(due_dates, default=None)
    days_left = None if due_on is None else (due_on - week_start).days
    reasons = [Message("{n} 条线索待核查：{topic}", {"n": len(rows), "topic": first["topic"]})]
    if due_on is not None:
        reasons.append(Message("线索 {date} 到期", {"date": due_on.isoformat()}))
    # what falls due on the weekend falls due before the next plan begins
    due_in_week = days_left is not None and days_left < DAYS_A_WEEK
    is_late = days_left is not None and days_left < first_day
    return Visit(
        visit_id=f"L-{first['complaint_id']}",
        kind="complaint",
        place_name="",
        address=_text(first["site_text"]),
        lon=float(first["lon"]),
        lat=float(first["lat"]),
        prize=round(POINTS * (1.0 - nothing_there) * max(row["points"] for row in rows)),
        service_s=60 * params.lead_minutes,
        # a lead that is overdue already may be checked on any day
        windows=_windows(params, last=None if is_late else days_left),
        district_code=_text(first["district_code"]),
        area_code=_text(first["area_code"]),
        facility_id=_text(first["facility_id"]),
        complaint_ids=tuple(str(row["complaint_id"]) for row in rows),
        ground="complaint",
        due_on=due_on,
        required=due_in_week,
        reasons=tuple(reasons),
    )


def _facility_visits(
    scores: pd.DataFrame, params: CandidateParams, *, n_most: int, also: Collection[str]
) -> list[Visit]:
    """Return routine visits to the ``n_most`` riskiest facilities and those in ``also``."""
    ranked = _ranked(scores, key="facility_id")
    best = ranked[(np.arange(len(ranked)) < n_most) | ranked["facility_id"].isin(also)]
    visits = []
    for row in best.to_dict("records"):
        minutes = params.facility_minutes.get(row["kind"], params.facility_minutes["other"])
        visits.append(
            Visit(
                visit_id=f"F-{row['facility_id']}",
                kind="routine",
                place_name=str(row["name"]),
                lon=float(row["lon"]),
                lat=float(row["lat"]),
                prize=round(POINTS * float(row["score"])),
                service_s=60 * minutes,
                windows=_windows(params),
                district_code=_text(row["district_code"]),
                area_code=_text(row["area_code"]),
                facility_id=str(row["facility_id"]),
                cell_id=_text(row["cell_id"]),
                ground="routine",
                reasons=_main_reasons(row["reasons"]),
            )
        )
    return visits


def _apply_caps(
    visits: list[Visit], inspections: pd.DataFrame, params: CandidateParams, *, week_start: date
) -> tuple[list[Visit], list[Barred]]:
    """Split routine visits by the yearly cap; the spacing moves others to the days it allows."""
    checks = past_checks(inspections, year=week_start.year, level=params.level)
    last_seen = last_visits(inspections)
    cap = rules.CapParams(per_level=params.yearly_cap, in_total=params.yearly_cap_total)
    allowed, barred = [], []
    for visit in visits:
        facility_id = visit.facility_id or ""
        past = checks.get(facility_id, rules.PastChecks())
        over = rules.check_yearly_cap(past, ground=visit.ground, params=cap)
        last = last_seen.get(facility_id)
        first = (
            0
            if last is None
            else (last + timedelta(days=params.min_spacing_days) - week_start).days
        )
        if over:
            barred.append(Barred(visit=visit, reason=over[0].message))
        elif first >= params.days:
            reason = Message("距上次到访不足 {d} 天", {"d": params.min_spacing_days})
            barred.append(Barred(visit=visit, reason=reason))
        elif first > 0:
            allowed.append(replace(visit, windows=_windows(params, first=first)))
        else:
            allowed.append(visit)
    return allowed, barred


def _merge(lead: Visit, facility: Visit | None) -> Visit:
    """Join the leads about a facility with its routine check: one door, one visit."""
    if facility is None:
        return lead
    return replace(
        facility,
        visit_id=lead.visit_id,
        kind="complaint",
        prize=facility.prize + lead.prize,
        service_s=max(facility.service_s, lead.service_s),
        windows=lead.windows,
        complaint_ids=lead.complaint_ids,
        ground="complaint",
        due_on=lead.due_on,
        required=lead.required,
        reasons=(*lead.reasons, *facility.reasons[:1]),
    )


def _sweeps(
    cells: pd.DataFrame,
    inspections: pd.DataFrame,
    params: CandidateParams,
    *,
    scored_as_of: datetime | None,
) -> list[Visit]:
    """Return a search of each of the cells where one is expected to find most."""
    worth = search_worth(
        cells, inspections, sweep_detection=params.sweep_detection, scored_as_of=scored_as_of
    )
    best = _ranked(cells.assign(score=worth), key="cell_id").head(params.n_sweeps)
    return [
        Visit(
            visit_id=f"S-{row['cell_id']}",
            kind="sweep",
            place_name=_text(row["area_name"]) or "",
            lon=float(row["lon"]),
            lat=float(row["lat"]),
            prize=round(POINTS * float(row["score"])),
            service_s=60 * params.sweep_minutes,
            windows=_windows(params),
            district_code=_text(row["district_code"]),
            area_code=_text(row["area_code"]),
            cell_id=str(row["cell_id"]),
            ground="sweep",
            reasons=_main_reasons(row["reasons"]),
        )
        for row in best.to_dict("records")
    ]


def _ranked(scores: pd.DataFrame, *, key: str) -> pd.DataFrame:
    """Return the rows that have a point and a score, highest score first."""
    usable = scores[scores[["lon", "lat", "score"]].notna().all(axis=1)]
    return usable.sort_values(["score", key], ascending=[False, True])


def _main_reasons(stored: object, *, n_most: int = 2) -> tuple[Message, ...]:
    """Return the sentences of the largest parts of a score."""
    parts = json.loads(stored) if isinstance(stored, str) else []
    return tuple(from_json(part) for part in sorted(parts, key=lambda part: -part["c"])[:n_most])


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)
