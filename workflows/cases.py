"""
Cases: file, take through their stages, close, take back.

A step is an entry of its own that is never changed; what it says about the case is
written as a new version of the record, known from the moment of writing.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from data import audit
from data.schema import CASE_STAGES, TOPICS
from data.scope import Scope
from data.store import case_events, hand_edits, record_pages
from data.store.case_events import EXTENDED
from data.store.engine import Store, bump_data_version, to_seconds
from data.store.record_pages import OPEN_STAGES
from errors import NotFoundError, RecordError
from workflows import access
from workflows.case_reading import NOT_HERE, case_row, current, undoable
from workflows.record_params import RecordParams
from workflows.weeks import local_day

RIGHT = "cases.write"
EDITED = "edited"
STEPS = ("investigating", "notice", "decided", "enforced", "transferred")
"""Stages that ``advance`` takes; a case is filed by ``open_case`` and closed by ``close``."""
_ORDER = {stage: n for n, stage in enumerate(CASE_STAGES)}
_FREE = ("fine_yuan", "confiscated_yuan", "den_destroyed", "person_id", "transferred_to")
"""Columns that may be written along with a step."""


def open_case(
    store: Store,
    *,
    lead_id: str | None = None,
    inspection_id: str | None = None,
    facility_id: str | None = None,
    topic: str,
    opened_on: date,
    actor: str,
    scope: Scope,
    now: datetime,
    case_id: str | None = None,
) -> str:
    """
    File a case from a lead, an inspection or a facility, and link both ways.

    A lead or an inspection leads to one case: asked again, its case is returned.

    Parameters
    ----------
    case_id
        The bureau's own number; made from year and a running number if not given.

    Raises
    ------
    ForbiddenError
        If the actor may not write cases.
    NotFoundError
        If the lead, inspection or facility is not in the reader's scope.
    RecordError
        If nothing is named that it comes from, the day lies ahead, or the number is taken.
    """
    access.require(store, actor, RIGHT)
    if topic not in TOPICS:
        raise RecordError("没有这种案由：{code}", code=topic)
    _refuse_future(opened_on, now)
    source = _source(store, lead_id, inspection_id, facility_id, scope=scope, now=now)
    at = to_seconds(now)
    with store.write() as conn:
        linked = _already_open(conn, lead_id=lead_id, inspection_id=inspection_id)
        if linked is not None:
            return linked
        number = case_id or _next_number(conn, opened_on)
        if hand_edits.current(conn, "cases", [number]) is not None:
            raise RecordError("案件编号 {number} 已有，请换一个编号", number=number)
        values = {
            "case_id": number,
            "opened_on": opened_on.isoformat(),
            "topic": topic,
            "complaint_id": lead_id,
            **source,
        }
        filled = {name: value for name, value in values.items() if value is not None}
        hand_edits.write(conn, "cases", filled, at=at, actor=actor)
        _link(conn, number, lead_id=lead_id, inspection_id=inspection_id, at=at, actor=actor)
        case_events.append(
            conn,
            case_id=number,
            stage="filed",
            happened_on=opened_on.isoformat(),
            at=at,
            actor=actor,
            changes={},
        )
        _log(conn, at, actor, "case.open", number, {"topic": topic})
    return number


def advance(
    store: Store,
    case_id: str,
    stage: str,
    *,
    on: date,
    actor: str,
    scope: Scope,
    now: datetime,
    values: Mapping[str, Any] | None = None,
    request_key: str | None = None,
) -> None:
    """
    Take a case to a later stage, or extend its time limit (``extended``).

    Parameters
    ----------
    on
        Day of the step: not before the last step, not ahead of today.
    values
        Columns of the case that the step fills: fine_yuan, confiscated_yuan, den_destroyed,
        person_id, transferred_to.
    request_key
        The same key again changes nothing.
    """
    if stage not in (*STEPS, EXTENDED):
        raise RecordError("没有这个阶段：{code}", code=stage)
    changes = _allowed(values)
    if stage == "decided":
        changes["decided_on"] = on.isoformat()
        if changes.get("fine_yuan") is None and changes.get("confiscated_yuan") is None:
            raise RecordError("处罚决定须填罚款或没收金额，没有罚没的填 0")
    if stage == "transferred" and not changes.get("transferred_to"):
        raise RecordError("移送须填移送单位")
    _step(
        store, case_id, stage, on=on, changes=changes, actor=actor, scope=scope, now=now,
        request_key=request_key,
    )  # fmt: skip


def close(
    store: Store,
    case_id: str,
    *,
    on: date,
    actor: str,
    scope: Scope,
    now: datetime,
    values: Mapping[str, Any] | None = None,
    request_key: str | None = None,
) -> None:
    """Close a case; ``values`` and the errors are those of ``advance``."""
    changes = {**_allowed(values), "closed_on": on.isoformat()}
    _step(
        store, case_id, "closed", on=on, changes=changes, actor=actor, scope=scope, now=now,
        request_key=request_key,
    )  # fmt: skip


def edit(
    store: Store,
    case_id: str,
    values: Mapping[str, Any],
    *,
    actor: str,
    scope: Scope,
    now: datetime,
    request_key: str | None = None,
) -> None:
    """Correct what the record says beside its stage: person, den destroyed, money."""
    _step(
        store, case_id, EDITED, on=local_day(now), changes=_allowed(values), actor=actor,
        scope=scope, now=now, request_key=request_key,
    )  # fmt: skip


def undo(
    store: Store, case_id: str, *, actor: str, scope: Scope, now: datetime, params: RecordParams
) -> None:
    """
    Take back the last step of a case, by whoever made it and within the time for it.

    Raises
    ------
    RecordError
        If it is too late, or somebody else's step.
    """
    access.require(store, actor, RIGHT)
    case_row(store, case_id, scope=scope, as_of=current(now))
    at = to_seconds(now)
    with store.write() as conn:
        events = tuple(case_events.of_case(conn, case_id, as_of=at + 60))
        last = undoable(events, actor=actor, now=now, params=params)
        if last is None:
            raise RecordError("只能在 {n} 分钟内撤回自己的上一步", n=params.undo_minutes)
        held = hand_edits.current(conn, "cases", [case_id]) or {}
        back = {
            name: before
            for name, (before, after) in last.changes.items()
            if held.get(name) == after
        }
        if back:
            hand_edits.write(
                conn, "cases", {"case_id": case_id, **back}, at=at, actor=actor, mark=False
            )
            hand_edits.release(conn, "cases", [case_id], list(back))
        case_events.append(
            conn,
            case_id=case_id,
            stage=last.stage,
            happened_on=local_day(now).isoformat(),
            at=at,
            actor=actor,
            changes={},
            withdraws=last.seq,
        )
        _log(conn, at, actor, "case.undo", case_id, {"stage": last.stage})


def _step(
    store: Store,
    case_id: str,
    stage: str,
    *,
    on: date,
    changes: dict[str, Any],
    actor: str,
    scope: Scope,
    now: datetime,
    request_key: str | None,
) -> None:
    access.require(store, actor, RIGHT)
    _refuse_future(on, now)
    row = case_row(store, case_id, scope=scope, as_of=current(now))
    at = to_seconds(now)
    with store.write() as conn:
        if request_key is not None and case_events.with_key(conn, request_key) is not None:
            return
        # what was read outside this transaction may be a step behind
        _check_order(conn, row, stage, on=on, at=at)
        done = hand_edits.write(conn, "cases", {"case_id": case_id, **changes}, at=at, actor=actor)
        case_events.append(
            conn,
            case_id=case_id,
            stage=stage,
            happened_on=on.isoformat(),
            at=at,
            actor=actor,
            changes=done,
            request_key=request_key,
        )
        _log(conn, at, actor, f"case.{stage}", case_id, {"fields": sorted(done)})


def _check_order(
    conn: Connection, row: Mapping[str, Any], stage: str, *, on: date, at: int
) -> None:
    events = case_events.of_case(conn, str(row["case_id"]), as_of=at + 60)
    standing = [e for e in events if e.withdraws is None and not e.is_withdrawn]
    stages = [e.stage for e in standing if e.stage in _ORDER]
    held = hand_edits.current(conn, "cases", [str(row["case_id"])]) or {}
    now_at = "closed" if held.get("closed_on") else stages[-1] if stages else str(row["stage"])
    if stage == EDITED:
        return
    if now_at == "closed":
        raise RecordError("案件 {number} 已结案，不能再办", number=row["case_id"])
    if stage == EXTENDED and now_at not in OPEN_STAGES:
        raise RecordError("已作出处罚决定或移送，不需延期")
    if stage in _ORDER and _ORDER[stage] <= _ORDER[now_at]:
        raise RecordError("案件现为{stage}阶段，不能退回或重复", stage=now_at)
    last = max([str(held.get("opened_on") or ""), *(e.happened_on for e in standing)])
    if on.isoformat() < last:
        raise RecordError("日期不能早于上一步的 {date}", date=last)


def _allowed(values: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(values or {})
    if unknown := set(given) - set(_FREE):
        raise ValueError(f"a step can't write {sorted(unknown)}")
    for name in ("fine_yuan", "confiscated_yuan"):
        if given.get(name) is not None:
            given[name] = float(given[name])
            if given[name] < 0:
                raise RecordError("金额不能为负数")
    return given


def _refuse_future(day: date, now: datetime) -> None:
    if day > local_day(now):
        raise RecordError("日期不能晚于今天，实为 {date}", date=day.isoformat())


def _source(
    store: Store,
    lead_id: str | None,
    inspection_id: str | None,
    facility_id: str | None,
    *,
    scope: Scope,
    now: datetime,
) -> dict[str, Any]:
    """Return what the case takes over from where it comes: place and kind of source."""
    as_of = current(now)
    places = ("facility_id", "area_code", "lon", "lat")
    if lead_id is not None:
        columns = (*places, "site_text", "channel")
        found = record_pages.with_key(
            store, "complaints", lead_id, scope=scope, as_of=as_of, columns=columns
        )
        channel = None if found.empty else found["channel"].iloc[0]
        kind = channel if channel in {"undercover", "handover"} else "complaint"
    elif inspection_id is not None:
        found = record_pages.with_key(
            store, "inspections", inspection_id, scope=scope, as_of=as_of,
            columns=(*places, "kind"),
        )  # fmt: skip
        is_sealed = not found.empty and found["kind"].iloc[0] == "undercover"
        kind = "undercover" if is_sealed else "inspection"
    elif facility_id is not None:
        found = record_pages.with_key(
            store, "facilities", facility_id, scope=scope, as_of=as_of,
            columns=(*places, "name"),
        ).rename(columns={"name": "site_text"})  # fmt: skip
        kind = "inspection"
    else:
        raise RecordError("立案须注明来自哪条线索、哪次检查或哪家机构")
    if found.empty:
        raise NotFoundError(NOT_HERE)
    row = found.iloc[0].to_dict()
    taken = {name: None if pd.isna(row.get(name)) else row[name] for name in (*places, "site_text")}
    return {**taken, "source": kind}


def _already_open(
    conn: Connection, *, lead_id: str | None, inspection_id: str | None
) -> str | None:
    for kind, key in (("complaints", lead_id), ("inspections", inspection_id)):
        held = None if key is None else hand_edits.current(conn, kind, [key])
        if held is not None and held["case_id"]:
            return str(held["case_id"])
    return None


def _next_number(conn: Connection, opened_on: date) -> str:
    year = opened_on.year
    n = case_events.n_cases_of(conn, f"AJ{year}")
    while True:
        n += 1
        number = f"AJ{year}{n:05d}"
        if hand_edits.current(conn, "cases", [number]) is None:
            return number


def _link(
    conn: Connection,
    number: str,
    *,
    lead_id: str | None,
    inspection_id: str | None,
    at: int,
    actor: str,
) -> None:
    if lead_id is not None:
        link = {"complaint_id": lead_id, "case_id": number}
        hand_edits.write(conn, "complaints", link, at=at, actor=actor)
    if inspection_id is not None:
        link = {"inspection_id": inspection_id, "case_id": number}
        hand_edits.write(conn, "inspections", link, at=at, actor=actor)


def _log(
    conn: Connection, at: int, actor: str, action: str, case_id: str, detail: Mapping[str, object]
) -> None:
    audit.append(conn, at=at, actor=actor, action=action, object_id=case_id, detail=detail)
    bump_data_version(conn)
