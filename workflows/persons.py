"""
The register of itinerant practitioners, and the files of persons cases concern.

A registration says who may be asked for papers; who is not registered becomes a
targeted check. Nobody here is called guilty: the screens tell records and rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import shapely

from data import audit
from data.records import Message, Visit
from data.schema import PERSON_KINDS
from data.scope import Scope
from data.store import case_events, hand_edits, person_pages, record_pages
from data.store.engine import Store, bump_data_version, to_seconds
from data.store.inserts import district_of
from data.store.person_pages import PersonFilter
from data.store.record_pages import CaseFilter, Page
from data.store.rows import load_rows
from errors import NotFoundError, RecordError
from workflows import access
from workflows.candidates import POINTS, CandidateParams
from workflows.case_reading import NOT_HERE, current
from workflows.record_params import RecordParams
from workflows.weeks import local_day

__all__ = [
    "PersonFilter",
    "list_persons",
    "penalties_since",
    "person_file",
    "registration_checks",
    "save",
    "transfer_prompt",
    "unregistered",
]

READ, WRITE = "work.read", "persons.write"
TOPIC = "unlicensed_practice"
MUST_FILE = "itinerant"
VISIT_KIND = "registration_check"
RULE = "《关于审理非法行医刑事案件具体应用法律若干问题的解释》第二条"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    """One person: the register's entry, cases in the reader's scope, penalties counted by law."""

    row: Mapping[str, Any]
    cases: pd.DataFrame
    n_elsewhere: int
    prompt: Message | None


def penalties_since(params: RecordParams, today: date) -> date:
    """Return the day from which penalties count towards the transfer prompt."""
    # 29 February has no twin in other years
    day = 28 if (today.month, today.day) == (2, 29) else today.day
    return today.replace(year=today.year - params.penalty_years, day=day)


def transfer_prompt(n_penalties: int, params: RecordParams) -> Message | None:
    """Return the sentence that asks to check a transfer to the police, where the rule asks so."""
    if n_penalties < params.penalties_for_transfer:
        return None
    return Message(
        "近 {y} 年因无证行医被行政处罚 {n} 次。依据{rule}，再次查实的，请核对是否移送公安",
        {"y": params.penalty_years, "n": n_penalties, "rule": Message(RULE)},
    )


def list_persons(
    store: Store,
    wanted: PersonFilter,
    *,
    scope: Scope,
    as_of: datetime,
    actor: str,
    page: int,
    page_rows: int,
) -> Page:
    """Return one page of the register; names only to whoever may read the daily work."""
    access.require(store, actor, READ)
    return person_pages.persons(
        store,
        wanted,
        scope=scope,
        as_of=as_of,
        offset=(page - 1) * page_rows,
        limit=page_rows,
    )


def person_file(
    store: Store,
    person_id: str,
    *,
    scope: Scope,
    as_of: datetime,
    actor: str,
    today: date,
    params: RecordParams,
) -> PersonFile:
    """
    Return one person.

    Raises
    ------
    NotFoundError
        If there is no such person, or none the reader may see.
    """
    access.require(store, actor, READ)
    row = _row(store, person_id, scope=scope, as_of=as_of, params=params, today=today)
    cases = record_pages.cases(
        store, CaseFilter(person_id=person_id), scope=scope, as_of=as_of, limit=None
    ).rows
    n_penalties = int(row["n_penalties"])
    own = _counted(cases, since=penalties_since(params, today))
    return PersonFile(
        row=row,
        cases=cases,
        n_elsewhere=max(0, n_penalties - own),
        prompt=transfer_prompt(n_penalties, params),
    )


def unregistered(store: Store, scope: Scope, as_of: datetime) -> pd.DataFrame:
    """
    Return the itinerant practitioners who were not registered before ``as_of``.

    Columns person_id, trade, usual_area_codes, and lon, lat (degrees, WGS-84), area_code,
    area_name, district_code of the first usual area in the reader's scope; those without a
    known area have none. No names.
    """
    wanted = PersonFilter(
        penalised_since=local_day(as_of), topic=TOPIC, kind=MUST_FILE, is_filed=False
    )
    rows = person_pages.persons(store, wanted, scope=scope, as_of=as_of, limit=None).rows
    kept = rows[["person_id", "trade", "usual_area_codes"]].reset_index(drop=True)
    codes = [_first_in_scope(value, scope) for value in kept["usual_area_codes"]]
    points = _points_of({code for code in codes if code is not None}, store, scope, as_of)
    nowhere = (None, None, None)
    return kept.assign(
        area_code=codes,
        district_code=[None if code is None else district_of(code) for code in codes],
        area_name=[points.get(code or "", nowhere)[2] for code in codes],
        lon=[points.get(code or "", nowhere)[0] for code in codes],
        lat=[points.get(code or "", nowhere)[1] for code in codes],
    )


def registration_checks(
    store: Store,
    params: CandidateParams,
    *,
    severity: Mapping[str, float],
    scope: Scope,
    as_of: datetime,
) -> list[Visit]:
    """
    Return a visit for each unregistered practitioner whose usual area is known.

    A route sheet names the number in the register, never the person.
    """
    found = unregistered(store, scope, as_of).dropna(subset=["lon", "lat"])
    hours = (params.open_from_s, params.last_start_s)
    windows = tuple((day, *hours) for day in range(params.days))
    prize = round(POINTS * params.registration_share * float(severity.get(TOPIC, 1.0)))
    return [
        Visit(
            visit_id=f"P-{row['person_id']}",
            kind=VISIT_KIND,
            place_name=str(row["area_name"]),
            lon=float(row["lon"]),
            lat=float(row["lat"]),
            prize=prize,
            service_s=60 * params.registration_minutes,
            windows=windows,
            district_code=row["district_code"],
            area_code=row["area_code"],
            ground=VISIT_KIND,
            reasons=(
                Message("外来行医人员 {person} 未备案，核对备案", {"person": row["person_id"]}),
            ),
        )
        for row in found.head(params.registration_most).to_dict("records")
    ]


def _why(person_id: str) -> Message:
    return Message("外来行医人员 {person} 未备案，核对备案", {"person": person_id})


def save(
    store: Store,
    values: Mapping[str, Any],
    *,
    actor: str,
    scope: Scope,
    now: datetime,
    is_new: bool = False,
) -> str:
    """
    Write a person's entry: name, kind, trade, filed_on (a day or None), usual_area_codes.

    Parameters
    ----------
    values
        ``person_id`` and the fields to write. With ``is_new`` an id is made where none is given.

    Raises
    ------
    RecordError
        If the kind is unknown, the day lies ahead, no usual area is named, or the number is taken.
    NotFoundError
        If the person, or an area named, is not the reader's.
    """
    access.require(store, actor, WRITE)
    written = _checked(values, scope=scope, now=now)
    person_id = str(values.get("person_id") or "").strip()
    at = to_seconds(now)
    if not is_new:
        _row(store, person_id, scope=scope, as_of=current(now))
    with store.write() as conn:
        if is_new:
            person_id = person_id or case_events.next_person(conn)
            if hand_edits.current(conn, "persons", [person_id]) is not None:
                raise RecordError("人员编号 {number} 已有，请换一个编号", number=person_id)
        changed = hand_edits.write(
            conn, "persons", {"person_id": person_id, **written}, at=at, actor=actor
        )
        if changed:
            audit.append(
                conn,
                at=at,
                actor=actor,
                action="person.register" if is_new else "person.edit",
                object_id=person_id,
                detail={"fields": sorted(changed)},
            )
            bump_data_version(conn)
    return person_id


def _checked(values: Mapping[str, Any], *, scope: Scope, now: datetime) -> dict[str, Any]:
    fields = ("name", "kind", "trade", "filed_on", "usual_area_codes")
    written = {name: values[name] for name in fields if name in values}
    if written.get("kind") is not None and written["kind"] not in PERSON_KINDS:
        raise RecordError("没有这种人员类别：{code}", code=written["kind"])
    filed_on = written.get("filed_on")
    if isinstance(filed_on, date):
        if filed_on > local_day(now):
            raise RecordError("日期不能晚于今天，实为 {date}", date=filed_on.isoformat())
        written["filed_on"] = filed_on.isoformat()
    if "usual_area_codes" in written:
        codes = list(dict.fromkeys(written["usual_area_codes"] or ()))
        if not codes:
            raise RecordError("请至少选一个常驻区划，否则本辖区看不到此人")
        outside = [
            code for code in codes
            if scope.districts is not None and district_of(code) not in scope.districts
        ]  # fmt: skip
        if outside and len(outside) == len(codes):
            raise NotFoundError(NOT_HERE)
        written["usual_area_codes"] = ";".join(codes)
    return {name: None if value == "" else value for name, value in written.items()}


def _row(
    store: Store,
    person_id: str,
    *,
    scope: Scope,
    as_of: datetime,
    params: RecordParams | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    day = local_day(as_of) if today is None else today
    wanted = PersonFilter(
        penalised_since=penalties_since(params or RecordParams(), day),
        topic=TOPIC,
        person_id=person_id,
    )
    found = person_pages.persons(store, wanted, scope=scope, as_of=as_of, limit=1).rows
    if found.empty:
        raise NotFoundError(NOT_HERE)
    row = found.iloc[0].to_dict()
    return {name: None if pd.isna(value) else value for name, value in row.items()}


def _counted(cases: pd.DataFrame, *, since: date) -> int:
    """Count penalties among listed cases as ``person_pages`` does in the query."""
    if cases.empty:
        return 0
    money = (cases["fine_yuan"].fillna(0) > 0) | (cases["confiscated_yuan"].fillna(0) > 0)
    is_penalty = (cases["topic"] == TOPIC) & (money | cases["decided_on"].notna())
    days = cases["decided_on"].fillna(cases["closed_on"]).fillna(cases["opened_on"])
    return int((is_penalty & (days >= pd.Timestamp(since))).sum())


def _first_in_scope(codes: object, scope: Scope) -> str | None:
    listed = [code for code in str(codes).split(";") if code] if isinstance(codes, str) else []
    own = [
        code for code in listed if scope.districts is None or district_of(code) in scope.districts
    ]
    return own[0] if own else None


def _points_of(
    codes: set[str], store: Store, scope: Scope, as_of: datetime
) -> dict[str, tuple[float, float, str]]:
    """Return a point inside each area, and its name."""
    if not codes:
        return {}
    columns = ["area_code", "name", "shape"]
    areas = load_rows(store, "areas", scope=scope, as_of=as_of, columns=columns)
    own = areas[areas["area_code"].isin(codes)]
    points = shapely.point_on_surface(shapely.from_wkb(own["shape"].to_numpy(dtype=object)))
    return {
        str(code): (float(point.x), float(point.y), str(name))
        for code, name, point in zip(own["area_code"], own["name"], points, strict=True)
    }
