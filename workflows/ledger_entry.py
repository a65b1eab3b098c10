"""New leads by form, and leads that become cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from data import audit, identity, schema
from data.scope import EVERYTHING, SEALED_KIND, Scope
from data.store import ledger as reads
from data.store import ledger_writes as writes
from data.store import queries, rows, tables
from data.store.engine import to_seconds
from data.store.inserts import district_of
from errors import ForbiddenError, LedgerError
from workflows import access
from workflows.ledger import RIGHT, Book, perform
from workflows.ledger_index import refresh_lead, suggest_for
from workflows.ledger_steps import Change
from workflows.weeks import local_day

_LEADS = tables.VERSIONED["complaints"]
LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """What the form asks; name and phone go to the table of complainants and nowhere else."""

    channel: str
    topic: str
    received_at: datetime
    summary: str
    site_text: str = ""
    area_code: str | None = None
    facility_id: str | None = None
    lon: float | None = None
    lat: float | None = None
    location_precision: str | None = None
    complainant_name: str = ""
    complainant_phone: str = ""


def register(
    book: Book, lead: NewLead, *, actor: str, scope: Scope, now: datetime, key: str
) -> str:
    """
    Register a lead and return its number; the same key again returns the same number.

    Raises
    ------
    ForbiddenError
        If the actor may not write leads, or not in this district.
    LedgerError
        If something that is needed is missing or can't be.
    """
    access.require(book.store, actor, RIGHT)
    _check(lead, now=now)
    at = to_seconds(now)
    with book.store.write() as conn:
        earlier = reads.batch(conn, key)
        if earlier:
            return str(earlier[0]["complaint_id"])
        district = _district(conn, lead, at=at)
        sees_sealed = lead.channel != SEALED_KIND or scope.sees_all_sealed
        if not sees_sealed or not (scope.districts is None or district in scope.districts):
            raise ForbiddenError("您的账号不含此辖区或此类线索，请联系管理员")
        number = _next_number(conn, now)
        record = pd.DataFrame([_record(lead, number)])
        rows.save_rows(conn, "complaints", record, import_id=None, known_on=now, now=now)
        row = writes.current(conn, number)
        assert row is not None  # noqa: S101 - it was written just now
        writes.set_state(conn, number, {}, at=at)
        people = record[["complaint_id"]].assign(
            complainant_name=lead.complainant_name.strip() or None,
            complainant_phone=lead.complainant_phone.strip() or None,
        )
        identity.save_identities(conn, book.store, people)
        writes.add_act(
            conn, key=f"{key}:{number}", batch=key, complaint_id=number, at=at, actor=actor,
            kind="register", detail={"channel": lead.channel},
        )  # fmt: skip
        audit.append(
            conn, at=at, actor=actor, action="lead.register", object_id=number,
            detail={"channel": lead.channel, "topic": lead.topic},
        )  # fmt: skip
        refresh_lead(conn, book.clocks, [number])
        suggest_for(conn, [number], book.links)
    return number


def convert(
    book: Book, lead_id: str, *, topic: str, actor: str, scope: Scope, now: datetime, key: str
) -> str:
    """Open a case from a lead and return its number; a lead leads to one case."""
    from workflows import cases

    access.require(book.store, actor, RIGHT)
    case_id = cases.open_case(
        book.store, lead_id=lead_id, topic=topic, opened_on=local_day(now), actor=actor,
        scope=scope, now=now,
    )  # fmt: skip

    def step(_row: Mapping[str, Any], state: Any) -> Change:
        return Change(columns={"case_id": case_id}, state=state, detail={"case_id": case_id})

    book.sync(now)
    perform(
        book, [lead_id], "convert", step, actor=actor, scope=scope, now=now, key=key, allowed=None
    )
    return case_id


def _check(lead: NewLead, *, now: datetime) -> None:
    if lead.channel not in schema.CHANNELS:
        raise LedgerError("请选择渠道")
    if lead.topic not in schema.TOPICS:
        raise LedgerError("请选择类别")
    if lead.received_at > now:
        raise LedgerError("登记时间不能晚于现在")
    if not lead.summary.strip():
        raise LedgerError("请填写摘要")
    if max(len(lead.summary), len(lead.site_text)) > LONGEST:
        raise LedgerError("文字过长，最多 {n} 字", n=LONGEST)
    if lead.area_code is None and lead.facility_id is None:
        raise LedgerError("请选择所在区划或机构")
    if (lead.lon is None) != (lead.lat is None):
        raise LedgerError("经度和纬度应同时填写")
    if lead.lon is None or lead.lat is None:
        return
    if not (-180 <= lead.lon <= 180 and -90 <= lead.lat <= 90):
        raise LedgerError("经纬度超出范围")


def _district(conn: Any, lead: NewLead, *, at: int) -> str | None:
    if lead.area_code is not None:
        return district_of(lead.area_code)
    found = queries.visible_rows(
        "facilities", scope=EVERYTHING, as_of=at, columns=["district_code"]
    ).where(tables.VERSIONED["facilities"].c.facility_id == lead.facility_id)
    code = conn.execute(found).scalar()
    return None if code is None else str(code)


def _next_number(conn: Any, now: datetime) -> str:
    prefix = f"X{local_day(now):%Y%m%d}-"
    query = select(func.max(_LEADS.c.complaint_id)).where(
        _LEADS.c.complaint_id.startswith(prefix, autoescape=True)
    )
    last = conn.execute(query).scalar()
    running = int(str(last).removeprefix(prefix)) + 1 if last else 1
    return f"{prefix}{running:04d}"


def _record(lead: NewLead, number: str) -> dict[str, object]:
    precision = lead.location_precision or ("exact" if lead.lon is not None else None)
    return {
        "complaint_id": number,
        "received_at": pd.Timestamp(lead.received_at).tz_convert("UTC"),
        "channel": lead.channel,
        "topic": lead.topic,
        "facility_id": lead.facility_id,
        "site_text": lead.site_text.strip() or None,
        "area_code": lead.area_code,
        "lon": lead.lon,
        "lat": lead.lat,
        "location_precision": precision,
        "summary": lead.summary.strip(),
        "status": "new",
    }
