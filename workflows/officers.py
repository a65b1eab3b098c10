"""
Officers: certificates, skills, bases, absences, recusals, and what a week can be staffed with.

Who counts as there on a day, and how many teams that makes, is answered by the code
that forms the teams of a plan (``routing.teams``): there is no second count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from data import audit
from data.records import Message, Team
from data.schema import GOVERNMENT_LEVELS
from data.scope import Scope
from data.store import hand_edits, record_pages
from data.store.engine import Store, bump_data_version, to_seconds
from data.store.rows import load_rows
from errors import NotFoundError, RecordError
from routing import teams
from workflows import access
from workflows.case_reading import NOT_HERE, current
from workflows.planning import PlanningParams
from workflows.record_params import RecordParams

WRITE = "officers.write"
FIELDS = (
    "name", "certificate_no", "certificate_level", "certificate_expiry", "skills", "base_lon",
    "base_lat",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """The officers a reader sees, their absences and recusals, as the store gives them."""

    officers: pd.DataFrame
    absences: pd.DataFrame
    recusals: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCapacity:
    """One day of a week: who is there with a valid certificate, and how many teams that makes."""

    day: date
    officer_ids: tuple[str, ...]
    most_teams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekCapacity:
    """A week: its days, the teams a plan would form, and who can't be sent and why."""

    days: tuple[DayCapacity, ...]
    teams: tuple[Team, ...]
    warnings: tuple[Message, ...]
    kept_out: Mapping[str, Message]


def staff(store: Store, *, scope: Scope, as_of: datetime) -> Staff:
    """Return officers, absences and recusals of the reader's districts."""
    absences = load_rows(store, "absences", scope=scope, as_of=as_of)
    return Staff(
        officers=load_rows(store, "officers", scope=scope, as_of=as_of),
        # an absence that ends before it begins was withdrawn
        absences=absences[absences["to_on"] >= absences["from_on"]].reset_index(drop=True),
        recusals=load_rows(store, "recusals", scope=scope, as_of=as_of),
    )


def certificate_state(expiry: object, *, today: date, params: RecordParams) -> str:
    """Return ``expired``, ``soon``, ``ok`` or ``none``; the last day counts as valid."""
    if expiry is None or pd.isna(expiry):
        return "none"
    last = pd.Timestamp(str(expiry)).date()
    if last < today:
        return "expired"
    return "soon" if (last - today).days <= params.certificate_warn_days else "ok"


def week_capacity(of: Staff, week_start: date, params: PlanningParams) -> WeekCapacity:
    """Return who is there on each day of a week and which teams a plan would form."""
    shifts, n_days = params.shifts, params.candidates.days
    week = [week_start + timedelta(days=k) for k in range(n_days)]
    free, _ = teams.free_officers(of.officers, of.absences, week)
    formed = teams.form_teams(
        of.officers,
        of.absences,
        week_start=week_start,
        n_teams=None,
        team_size=shifts.team_size,
        days=n_days,
    )
    days = []
    for k, day in enumerate(week):
        there = tuple(officer.officer_id for officer in free if k in officer.days)
        most = min(len(there) // shifts.team_size, shifts.max_teams)
        days.append(DayCapacity(day=day, officer_ids=there, most_teams=most))
    reachable = {officer.officer_id: officer.days for officer in free}
    return WeekCapacity(
        days=tuple(days),
        teams=formed.teams[: shifts.max_teams],
        warnings=formed.warnings,
        kept_out=_kept_out(of, week, reachable),
    )


def _kept_out(
    of: Staff, week: Sequence[date], reachable: Mapping[str, frozenset[int]]
) -> dict[str, Message]:
    """Return a sentence for each officer who can't be sent on every day of the week."""
    told: dict[str, Message] = {}
    for row in of.officers.to_dict("records"):
        officer_id = str(row["officer_id"])
        days = reachable.get(officer_id, frozenset())
        if len(days) == len(week):
            continue
        expiry = row["certificate_expiry"]
        if pd.isna(expiry):
            told[officer_id] = Message("没有执法证有效期，不能派出")
        elif expiry.date() < week[-1]:
            told[officer_id] = Message("执法证 {date} 到期", {"date": expiry.date().isoformat()})
        else:
            away = [day.strftime("%m-%d") for k, day in enumerate(week) if k not in days]
            told[officer_id] = Message("不在岗：{days}", {"days": "、".join(away)})
    return told


def save_officer(
    store: Store,
    officer_id: str,
    values: Mapping[str, Any],
    *,
    actor: str,
    scope: Scope,
    now: datetime,
) -> None:
    """
    Write fields of an officer's entry (``FIELDS``); a new version is known from now on.

    Raises
    ------
    NotFoundError
        If there is no such officer in the reader's districts.
    RecordError
        If a level is unknown or the base lies nowhere.
    """
    access.require(store, actor, WRITE)
    if unknown := set(values) - set(FIELDS):
        raise ValueError(f"an officer has no fields {sorted(unknown)}")
    _require_officer(store, officer_id, scope=scope, now=now)
    written = {name: None if value == "" else value for name, value in values.items()}
    level = written.get("certificate_level")
    if level is not None and level not in GOVERNMENT_LEVELS:
        raise RecordError("没有这个级别：{code}", code=level)
    if not -180 <= float(written.get("base_lon") or 0) <= 180:
        raise RecordError("经度应在 −180 至 180，实为 {v}", v=written["base_lon"])
    if not -90 <= float(written.get("base_lat") or 0) <= 90:
        raise RecordError("纬度应在 −90 至 90，实为 {v}", v=written["base_lat"])
    expiry, skills = written.get("certificate_expiry"), written.get("skills")
    if isinstance(expiry, date):
        written["certificate_expiry"] = expiry.isoformat()
    if isinstance(skills, list | tuple):
        written["skills"] = ";".join(skills) or None
    at = to_seconds(now)
    with store.write() as conn:
        done = hand_edits.write(
            conn, "officers", {"officer_id": officer_id, **written}, at=at, actor=actor
        )
        if done:
            _log(conn, at, actor, "officer.edit", officer_id, {"fields": sorted(done)})


def save_absence(
    store: Store,
    officer_id: str,
    *,
    from_on: date,
    to_on: date,
    reason: str,
    actor: str,
    scope: Scope,
    now: datetime,
) -> None:
    """
    Write an absence, or change the one that begins on the same day.

    Raises
    ------
    RecordError
        If it ends before it begins.
    """
    access.require(store, actor, WRITE)
    if to_on < from_on:
        raise RecordError(
            "结束日期 {b} 早于开始日期 {a}", a=from_on.isoformat(), b=to_on.isoformat()
        )
    _require_officer(store, officer_id, scope=scope, now=now)
    values = {
        "officer_id": officer_id,
        "from_on": from_on.isoformat(),
        "to_on": to_on.isoformat(),
        "reason": reason,
    }
    at = to_seconds(now)
    with store.write() as conn:
        if hand_edits.write(conn, "absences", values, at=at, actor=actor):
            n = (to_on - from_on).days + 1
            _log(conn, at, actor, "absence.save", officer_id, {"days": n, "reason": reason})


def withdraw_absence(
    store: Store, officer_id: str, *, from_on: date, actor: str, scope: Scope, now: datetime
) -> None:
    """Withdraw an absence: it then ends the day before it begins, and no file brings it back."""
    access.require(store, actor, WRITE)
    _require_officer(store, officer_id, scope=scope, now=now)
    at = to_seconds(now)
    key = {"officer_id": officer_id, "from_on": from_on.isoformat()}
    with store.write() as conn:
        if hand_edits.current(conn, "absences", list(key.values())) is None:
            raise NotFoundError(NOT_HERE)
        ended = {**key, "to_on": (from_on - timedelta(days=1)).isoformat()}
        if hand_edits.write(conn, "absences", ended, at=at, actor=actor):
            _log(conn, at, actor, "absence.withdraw", officer_id, {})


def save_recusal(
    store: Store,
    officer_id: str,
    facility_id: str,
    *,
    reason: str,
    actor: str,
    scope: Scope,
    now: datetime,
) -> None:
    """Write that an officer must never be sent to a facility; both in the reader's districts."""
    access.require(store, actor, WRITE)
    _require_officer(store, officer_id, scope=scope, now=now)
    found = record_pages.with_key(
        store, "facilities", facility_id, scope=scope, as_of=current(now), columns=("facility_id",)
    )
    if found.empty:
        raise NotFoundError(NOT_HERE)
    at = to_seconds(now)
    values = {"officer_id": officer_id, "facility_id": facility_id, "reason": reason}
    with store.write() as conn:
        hand_edits.restore(conn, "recusals", [officer_id, facility_id], at=at)
        hand_edits.write(conn, "recusals", values, at=at, actor=actor)
        detail = {"facility": facility_id, "reason": reason}
        _log(conn, at, actor, "recusal.save", officer_id, detail)


def remove_recusal(
    store: Store, officer_id: str, facility_id: str, *, actor: str, scope: Scope, now: datetime
) -> None:
    """End a recusal; no file brings it back."""
    access.require(store, actor, WRITE)
    _require_officer(store, officer_id, scope=scope, now=now)
    at = to_seconds(now)
    with store.write() as conn:
        if not hand_edits.remove(conn, "recusals", [officer_id, facility_id], at=at, actor=actor):
            raise NotFoundError(NOT_HERE)
        _log(conn, at, actor, "recusal.remove", officer_id, {"facility": facility_id})


def _require_officer(store: Store, officer_id: str, *, scope: Scope, now: datetime) -> None:
    found = record_pages.with_key(
        store, "officers", officer_id, scope=scope, as_of=current(now), columns=("officer_id",)
    )
    if found.empty:
        raise NotFoundError(NOT_HERE)


def _log(
    conn: Connection, at: int, actor: str, action: str, object_id: str, detail: Mapping[str, object]
) -> None:
    audit.append(conn, at=at, actor=actor, action=action, object_id=object_id, detail=detail)
    bump_data_version(conn)
