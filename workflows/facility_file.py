"""One facility: what it is, what was found there, what is open, may we go there this year?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from data.records import Message, Reason
from data.scope import Scope
from data.store import record_pages, scored_near, scores
from data.store.engine import Store
from data.store.record_pages import FacilityFilter, Page
from data.store.rows import load_rows
from data.store.scores import ScoreRun
from errors import NotFoundError
from routing import rules
from workflows import matching
from workflows.candidates import CandidateParams
from workflows.case_reading import NOT_HERE
from workflows.past_checks import last_visits, past_checks
from workflows.record_params import RecordParams
from workflows.wording import from_json

__all__ = [
    "FacilityFilter",
    "area_names",
    "facility_file",
    "licence_state",
    "list_facilities",
    "near",
    "visits_left",
]

INSPECTIONS = (
    "inspection_id", "started_at", "kind", "facility_id", "result", "topics", "case_id", "ground",
    "government_level", "n_officers",
)  # fmt: skip
LEADS = (
    "complaint_id", "received_at", "channel", "topic", "due_on", "status", "closed_on", "outcome",
    "case_id",
)  # fmt: skip
NEAR_DEGREES = 0.012
"""Half the side of the small map, degrees: about 1.3 km to the north."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsLeft:
    """
    How the yearly cap stands, as the planner's own rule counts it.

    ``barred`` is the rule's sentence where a routine check is no longer allowed.
    """

    level: str
    done: int
    cap: int
    done_in_total: int
    cap_in_total: int
    exempt: int
    barred: Message | None
    next_on: date | None

    @property
    def left(self) -> int:
        """Routine checks still allowed this year."""
        return max(0, min(self.cap - self.done, self.cap_in_total - self.done_in_total))


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityFile:
    """Everything the page of a facility shows; no words of a report, no complainant."""

    row: Mapping[str, Any]
    reasons: tuple[Reason, ...]
    licence: str
    leads: pd.DataFrame
    inspections: pd.DataFrame
    cases: pd.DataFrame
    recusals: pd.DataFrame
    visits_left: VisitsLeft


def list_facilities(
    store: Store,
    wanted: FacilityFilter,
    *,
    run_id: str | None,
    scope: Scope,
    as_of: datetime,
    page: int,
    page_rows: int,
) -> Page:
    """Return one page of the facilities; pages count from 1."""
    return record_pages.facilities(
        store,
        wanted,
        run_id=run_id,
        scope=scope,
        as_of=as_of,
        offset=(page - 1) * page_rows,
        limit=page_rows,
    )


def licence_state(expiry: object, *, today: date, warn_days: int) -> str:
    """Return ``expired``, ``soon``, ``ok`` or ``unknown``; the last day counts as valid."""
    if expiry is None or pd.isna(expiry):
        return "unknown"
    last = pd.Timestamp(str(expiry)).date()
    if last < today:
        return "expired"
    return "soon" if (last - today).days <= warn_days else "ok"


def facility_file(
    store: Store,
    facility_id: str,
    *,
    run: ScoreRun | None,
    scope: Scope,
    as_of: datetime,
    today: date,
    records: RecordParams,
    candidates: CandidateParams,
) -> FacilityFile:
    """
    Return one facility.

    Raises
    ------
    NotFoundError
        If it is not there, or not in the reader's districts.
    """
    run_id = None if run is None else run.run_id
    wanted = FacilityFilter(facility_id=facility_id, is_open=None)
    found = record_pages.facilities(store, wanted, run_id=run_id, scope=scope, as_of=as_of, limit=1)
    if found.rows.empty:
        raise NotFoundError(NOT_HERE)
    row = found.rows.iloc[0].to_dict()

    # records that a person has linked as the same place tell its history, too
    ids = list(dict.fromkeys((facility_id, *matching.same_as(store, facility_id, as_of=as_of))))

    def of(kind: str, columns: tuple[str, ...]) -> pd.DataFrame:
        return _joined(
            record_pages.of_facility(store, kind, one, scope=scope, as_of=as_of, columns=columns)
            for one in ids
        )

    inspections = of("inspections", INSPECTIONS).sort_values("started_at", ascending=False)
    inspections["facility_id"] = facility_id
    score = {} if run is None else scores.load_facility(store, run.run_id, facility_id, scope=scope)
    cases = _joined(
        record_pages.cases(
            store, record_pages.CaseFilter(facility_id=one), scope=scope, as_of=as_of, limit=None
        ).rows
        for one in ids
    )
    return FacilityFile(
        row=row,
        reasons=_reasons(score or {}),
        licence=licence_state(
            row["licence_expiry"], today=today, warn_days=records.licence_warn_days
        ),
        leads=of("complaints", LEADS).sort_values("received_at", ascending=False),
        inspections=inspections,
        cases=cases.sort_values("opened_on", ascending=False),
        recusals=of("recusals", ("officer_id", "facility_id", "reason")),
        visits_left=visits_left(inspections, facility_id, candidates, today=today),
    )


def _joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all parts; empty ones only lend their columns."""
    made = list(parts)
    filled = [part for part in made if not part.empty]
    return pd.concat(filled, ignore_index=True) if filled else made[0]


def visits_left(
    inspections: pd.DataFrame, facility_id: str, params: CandidateParams, *, today: date
) -> VisitsLeft:
    """Count this year's checks as the planner does, and put one more routine check to its rule."""
    # one clinic's sealed visits must not show through its count
    open_rows = inspections[inspections["kind"] != "undercover"]
    checks = past_checks(open_rows, year=today.year, level=params.level)
    past = checks.get(facility_id, rules.PastChecks())
    cap = rules.CapParams(per_level=params.yearly_cap, in_total=params.yearly_cap_total)
    over = rules.check_yearly_cap(past, ground="routine", params=cap)
    last = last_visits(open_rows).get(facility_id)
    next_on = None if last is None else last + timedelta(days=params.min_spacing_days)
    return VisitsLeft(
        level=params.level,
        done=past.same_level,
        cap=cap.per_level,
        done_in_total=past.in_total,
        cap_in_total=cap.in_total,
        exempt=past.exempt,
        barred=over[0].message if over else None,
        next_on=next_on if next_on is not None and next_on > today else None,
    )


def area_names(
    store: Store, *, scope: Scope, as_of: datetime, level: str | None = None
) -> dict[str, str]:
    """Return code → name of the areas, or of those of one level, in order of code."""
    columns = ["area_code", "name", "level"]
    areas = load_rows(store, "areas", scope=scope, as_of=as_of, columns=columns)
    own = areas if level is None else areas[areas["level"] == level]
    return dict(zip(own["area_code"].astype(str), own["name"].astype(str), strict=True))


def near(
    store: Store, facility_id: str, *, run_id: str, scope: Scope
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Return scored facilities and cells around one facility, for its small map.

    Raises
    ------
    NotFoundError
        If the facility is not in the run, or not the reader's.
    """
    one = scores.load_facility(store, run_id, facility_id, scope=scope)
    if one is None or one["lon"] is None:
        raise NotFoundError(NOT_HERE)
    lon, lat = float(str(one["lon"])), float(str(one["lat"]))
    box = (lon - NEAR_DEGREES, lat - NEAR_DEGREES, lon + NEAR_DEGREES, lat + NEAR_DEGREES)
    return scored_near.load(store, run_id, box, scope=scope)


def _reasons(score: Mapping[str, Any]) -> tuple[Reason, ...]:
    return tuple(
        Reason(message=from_json(part), contribution=float(part["c"]))
        for part in score.get("reasons") or ()
    )
