"""
Keep the ledger's index in step with the leads: clocks, likely repeats, undercover findings.

Called after imports and before a page is drawn. Where nothing has changed it costs two
small questions; else only leads whose record changed are looked at again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, select, update

from data import audit, schema
from data.scope import EVERYTHING, SEALED_KIND
from data.store import engine, ledger_writes, queries, rows, tables
from data.store.engine import Store, bump_data_version, to_seconds
from data.store.ledger_tables import lead_index, lead_states
from workflows.clocks import Clocks, LeadState, LedgerParams
from workflows.lead_links import LinkParams, as_lead, find_pairs
from workflows.wording import to_json

DAY_S = 86_400
FAR = 32_503_680_000
"""The year 3000: the index is about what the store holds now, whatever its date."""

_LEADS = tables.VERSIONED["complaints"]
_VISITS = tables.VERSIONED["inspections"]
_MARK, _RULES, _LINKED, _SOURCE = "lead_index", "lead_rules", "lead_links", "lead_source"
_FACTS = (
    "complaint_id", "version_id", "district_code", "area_code", "facility_id", "received_at",
    "channel", "topic", "status", "due_on", "closed_on",
)  # fmt: skip
_VISIT_FACTS = (
    "inspection_id", "import_id", "started_at", "facility_id", "area_code", "lon", "lat", "topics",
)  # fmt: skip
_STATE_FIELDS = frozenset(field.name for field in fields(LeadState))


def sync(store: Store, clocks: Clocks, links: LinkParams, *, now: datetime) -> int:
    """Bring the index up to date and return how many leads changed in it."""
    at = to_seconds(now)
    rules = _number(clocks.params)
    link_rules = _number(links)
    with store.read() as conn:
        marks = _marks(conn)
        version = marks.get("data_version", 0)
        is_current = marks.get(_MARK) == version and marks.get(_RULES) == rules
        if is_current and marks.get(_LINKED) == link_rules:
            return 0
    with store.write() as conn:
        source = _fingerprint(conn)
        if (marks.get(_RULES), marks.get(_LINKED), marks.get(_SOURCE)) == (
            rules,
            link_rules,
            source,
        ):
            _set_mark(conn, _MARK, _marks(conn).get("data_version", 0))
            return 0
        n_new = _adopt_undercover(conn, clocks.params, at=at)
        n_lost = ledger_writes.drop_lost(conn)
        changed = _stale(conn, everything=marks.get(_RULES) != rules)
        ledger_writes.replace_index(conn, lines_of(conn, changed, clocks))
        relink = (
            None if marks.get(_LINKED) != link_rules else [str(r["complaint_id"]) for r in changed]
        )
        _suggest(conn, relink, links)
        if changed or n_lost or n_new:
            bump_data_version(conn)
        version = _marks(conn).get("data_version", 0)
        _set_mark(conn, _MARK, version)
        _set_mark(conn, _RULES, rules)
        _set_mark(conn, _LINKED, link_rules)
        _set_mark(conn, _SOURCE, _fingerprint(conn))
    return len(changed) + n_lost


def refresh_lead(conn: Connection, clocks: Clocks, complaint_ids: Sequence[str]) -> None:
    """Write the index lines of leads that the caller has just changed, and say so."""
    found = _facts(conn, _facts_query().where(_LEADS.c.complaint_id.in_(complaint_ids)))
    ledger_writes.replace_index(conn, lines_of(conn, found, clocks))
    before = _marks(conn)
    bump_data_version(conn)
    if before.get(_MARK) == before.get("data_version"):
        # nothing else was waiting, so the index is still in step
        _set_mark(conn, _MARK, _marks(conn)["data_version"])
        _set_mark(conn, _SOURCE, _fingerprint(conn))


def suggest_for(conn: Connection, complaint_ids: Sequence[str], links: LinkParams) -> None:
    """Look for likely repeats of leads that were just registered."""
    _suggest(conn, list(complaint_ids), links)


def lines_of(
    conn: Connection, found: Sequence[Mapping[str, Any]], clocks: Clocks
) -> list[dict[str, object]]:
    """Return index lines of leads: their facts, owner and running clock."""
    states = read_states(conn)
    return [_line(row, states.get(str(row["complaint_id"])), clocks) for row in found]


def read_states(conn: Connection) -> dict[str, LeadState]:
    """Return what the ledger decided, by lead."""
    held = conn.execute(select(lead_states.c.complaint_id, lead_states.c.document))
    return {str(key): as_state(json.loads(str(text))) for key, text in held}


def as_state(document: Mapping[str, Any]) -> LeadState:
    """Return a stored state; what a later version of the program wrote beside it is left out."""
    return LeadState(**{key: value for key, value in document.items() if key in _STATE_FIELDS})


def status_of(row: Mapping[str, Any]) -> str:
    """Return where a lead stands; a lead with a closing date is closed, one without word is new."""
    if row["closed_on"] is not None:
        return "closed" if row["status"] != "returned" else "returned"
    return str(row["status"] or "new")


def _line(row: Mapping[str, Any], state: LeadState | None, clocks: Clocks) -> dict[str, object]:
    status = status_of(row)
    due_on = row["due_on"]
    clock = clocks.running(
        received_at=int(row["received_at"]),
        channel=row["channel"],
        status=status,
        due_on=None if due_on is None else date.fromisoformat(due_on),
        state=state,
    )
    return {
        "complaint_id": row["complaint_id"],
        "version_id": row["version_id"],
        "district_code": row["district_code"],
        "area_code": row["area_code"],
        "facility_id": row["facility_id"],
        "is_sealed": int(row["channel"] == SEALED_KIND),
        "received_at": row["received_at"],
        "channel": row["channel"],
        "topic": row["topic"],
        "status": status,
        "owner": None if state is None else state.owner or state.unit,
        "clock": None if clock is None else clock.kind,
        "started_at": None if clock is None else clock.started_at,
        "amber_at": None if clock is None else clock.amber_at,
        "due_at": None if clock is None else clock.due_at,
    }


def _facts_query() -> Any:
    return queries.visible_rows("complaints", scope=EVERYTHING, as_of=FAR, columns=_FACTS)


def _facts(conn: Connection, query: Any) -> list[Mapping[str, Any]]:
    found = (dict(zip(_FACTS, row, strict=True)) for row in conn.execute(query))
    return [row for row in found if row["received_at"] is not None]


def _stale(conn: Connection, *, everything: bool) -> list[Mapping[str, Any]]:
    """Return the facts of leads whose line is missing, old or in another district."""
    found = _facts(conn, _facts_query())
    if everything:
        return found
    columns = (lead_index.c.complaint_id, lead_index.c.version_id, lead_index.c.district_code)
    held = {str(key): (version, code) for key, version, code in conn.execute(select(*columns))}
    return [
        row
        for row in found
        if held.get(str(row["complaint_id"])) != (row["version_id"], row["district_code"])
    ]


def _suggest(conn: Connection, changed: list[str] | None, links: LinkParams) -> None:
    """Look for likely repeats of leads that changed (``None``: of all that wait)."""
    waiting = lead_index.c.status.in_(("new", "triaged", "assigned"))
    query = select(lead_index.c.complaint_id, lead_index.c.received_at)
    asked = {str(key): int(str(at)) for key, at in conn.execute(query.where(waiting))}
    if changed is not None:
        asked = {key: at for key, at in asked.items() if key in set(changed)}
    if asked:
        window = links.window_days * DAY_S
        leads = _comparable(conn, min(asked.values()) - window, max(asked.values()) + window)
        pairs = find_pairs(leads, sorted(asked), links)
        ledger_writes.replace_suggestions(
            conn,
            sorted(asked),
            [
                {
                    **{name: getattr(pair, name) for name in ("first_id", "second_id", "kind")},
                    "score": round(pair.score, 4),
                    "reasons": json.dumps([to_json(m) for m in pair.reasons], ensure_ascii=False),
                }
                for pair in pairs
            ],
        )
    ledger_writes.count_likely(conn)


def _comparable(conn: Connection, since: int, until: int) -> pd.DataFrame:
    """Return the leads of a span of time as ``lead_links`` compares them."""
    names = (
        "complaint_id", "received_at", "topic", "facility_id", "area_code", "lon", "lat",
        "location_precision", "site_text", "summary",
    )  # fmt: skip
    query = queries.visible_rows("complaints", scope=EVERYTHING, as_of=FAR, columns=names).where(
        _LEADS.c.received_at.between(since, until)
    )
    frame = pd.DataFrame([tuple(row) for row in conn.execute(query)], columns=list(names))
    frame["words"] = [as_lead(row) for row in frame[["site_text", "summary"]].to_dict("records")]
    callers = tables.complainants.c
    indexed = conn.execute(
        select(callers.complaint_id, callers.phone_index).where(callers.phone_index.is_not(None))
    )
    by_lead = {str(row[0]): bytes(row[1]).hex() for row in indexed}
    frame["caller"] = frame["complaint_id"].map(by_lead).astype(object)
    return frame


def _adopt_undercover(conn: Connection, params: LedgerParams, *, at: int) -> int:
    """Register undercover findings that no lead tells of yet; they stay sealed."""
    since = at - params.undercover_days * DAY_S
    query = select(*(_VISITS.c[name] for name in _VISIT_FACTS)).where(
        _VISITS.c.known_to.is_(None),
        _VISITS.c.kind == SEALED_KIND,
        _VISITS.c.result == "violation",
        _VISITS.c.case_id.is_(None),
        _VISITS.c.started_at.between(since, at),
    )
    found = [dict(row) for row in conn.execute(query).mappings()]
    if not found:
        return 0
    close = select(_LEADS.c.complaint_id, _LEADS.c.facility_id, _LEADS.c.received_at).where(
        _LEADS.c.channel == SEALED_KIND,
        _LEADS.c.known_to.is_(None),
        _LEADS.c.received_at >= since - 7 * DAY_S,
    )
    held = [tuple(row) for row in conn.execute(close)]
    fresh = [visit for visit in found if not _is_told(visit, held)]
    taken = select(_LEADS.c.complaint_id).where(
        _LEADS.c.complaint_id.in_([visit["inspection_id"] for visit in fresh])
    )
    ids = {str(row[0]) for row in conn.execute(taken)}
    for visit in fresh:
        if visit["inspection_id"] not in ids:
            _register_finding(conn, visit, at=at)
    return len(fresh)


def _is_told(visit: Mapping[str, Any], held: Sequence[tuple[Any, ...]]) -> bool:
    return any(
        lead_id == visit["inspection_id"]
        or (
            facility is not None
            and facility == visit["facility_id"]
            and abs(int(at) - int(visit["started_at"])) <= 7 * DAY_S
        )
        for lead_id, facility, at in held
    )


def _register_finding(conn: Connection, visit: Mapping[str, Any], *, at: int) -> None:
    # The lead has the visit's number: who is cleared for the one is cleared for the other.
    key = str(visit["inspection_id"])
    topics = str(visit["topics"] or "other").split(";")
    lead = {
        "complaint_id": key,
        "received_at": pd.Timestamp(int(visit["started_at"]), unit="s", tz="UTC"),
        "channel": SEALED_KIND,
        "topic": topics[0] if topics[0] in schema.TOPICS else "other",
        "facility_id": visit["facility_id"],
        "area_code": visit["area_code"],
        "lon": visit["lon"],
        "lat": visit["lat"],
        "location_precision": "exact" if visit["lon"] is not None else None,
        "status": "new",
    }
    moment = engine.to_instant(at)
    rows.save_rows(
        conn, "complaints", pd.DataFrame([lead]), import_id=visit["import_id"],
        known_on=moment, now=moment,
    )  # fmt: skip
    ledger_writes.add_act(
        conn, key=f"undercover:{key}", batch=f"undercover:{key}", complaint_id=key, at=at,
        actor="ledger", kind="register", detail={"channel": SEALED_KIND, "inspection_id": key},
    )  # fmt: skip
    audit.append(
        conn, at=at, actor="ledger", action="lead.register", object_id=key,
        detail={"channel": SEALED_KIND},
    )  # fmt: skip


def _number(params: object) -> int:
    """Return settings as a number that changes with them."""
    text = json.dumps(asdict(params), sort_keys=True, default=str)  # type: ignore[call-overload]
    return int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)


def _fingerprint(conn: Connection) -> int:
    """Return what changes when leads, the institutions they name or visits change."""
    found = queries.mark_of(conn, ("complaints", "facilities", "inspections"))
    return int(hashlib.sha256(repr(found).encode()).hexdigest()[:15], 16)


def _marks(conn: Connection) -> dict[str, int]:
    names = ("data_version", _MARK, _RULES, _LINKED, _SOURCE)
    held = select(tables.meta.c.name, tables.meta.c.value).where(tables.meta.c.name.in_(names))
    return {str(name): int(str(value)) for name, value in conn.execute(held)}


def _set_mark(conn: Connection, name: str, value: int) -> None:
    done = conn.execute(update(tables.meta).where(tables.meta.c.name == name).values(value=value))
    if not done.rowcount:
        conn.execute(insert(tables.meta).values(name=name, value=value))
