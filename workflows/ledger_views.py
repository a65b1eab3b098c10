"""What the pages ask the ledger: one page of lines, counts, the story of a lead, saved views."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pandas as pd

from data.records import Message
from data.schema import TIME_ZONE
from data.scope import Scope
from data.store import ledger as reads
from data.store import penalties, queries, tables
from data.store.engine import Store, bump_data_version, to_instant, to_seconds
from data.store.ledger import Filter
from data.store.rows import load_rows
from errors import LedgerError
from workflows import access, complainants, persons
from workflows.clocks import LeadState
from workflows.lead_links import n_groups
from workflows.ledger import UNDO_S, UNDOABLE, Book, found_line
from workflows.ledger_index import as_state
from workflows.record_params import RecordParams
from workflows.weeks import local_day, midnight
from workflows.wording import from_json

MOST_VIEWS = 20
CODES = ("show", "channel", "topic", "area", "owner", "facility", "from", "to", "q", "sort")
"""Codes of the ledger in an address, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyPair:
    """One suggestion or decision about a lead, with the other lead's line."""

    other: Mapping[str, Any]
    kind: str
    score: float
    reasons: tuple[Message, ...]
    verdict: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadStory:
    """Everything the panel shows of one lead; nothing about who reported it."""

    line: Mapping[str, Any]
    state: LeadState | None
    acts: tuple[Mapping[str, Any], ...]
    likely: tuple[LikelyPair, ...]
    joined: tuple[LikelyPair, ...]
    n_same_caller: int
    prompt: Message | None
    facility_name: str | None
    unpublished_years: tuple[int, ...]


def filter_of(codes: Mapping[str, str]) -> tuple[Filter, str]:
    """Return the filter and the order that stand in an address; unknown words do nothing."""
    since, until = _day(codes.get("from")), _day(codes.get("to"))
    sort = codes.get("sort", "likely")
    return Filter(
        show=codes.get("show", "open"),
        channel=codes.get("channel") or None,
        topic=codes.get("topic") or None,
        area=codes.get("area") or None,
        owner=codes.get("owner") or None,
        facility_id=codes.get("facility") or None,
        since=None if since is None else to_seconds(midnight(since)),
        until=None if until is None else to_seconds(midnight(until + timedelta(days=1))),
        words=codes.get("q", "")[:100],
    ), sort if sort in reads.SORTS else "likely"


def codes_of(query: str) -> dict[str, str]:
    """Return the ledger's codes out of the query of an address."""
    found = dict(parse_qsl(query))
    return {name: found[name] for name in CODES if found.get(name)}


def query_of(codes: Mapping[str, str]) -> str:
    """Return codes as the query of an address."""
    return urlencode({name: codes[name] for name in CODES if codes.get(name)})


def page(
    store: Store,
    codes: Mapping[str, str],
    *,
    scope: Scope,
    now: datetime,
    limit: int | None,
    offset: int = 0,
) -> tuple[pd.DataFrame, int]:
    """Return the lines of one page and how many there are in all."""
    wanted, sort = filter_of(codes)
    return reads.page(
        store, wanted, scope=scope, now=to_seconds(now), today_end=_today_end(now), sort=sort,
        limit=limit, offset=offset,
    )  # fmt: skip


def places(store: Store, codes: Mapping[str, str], *, scope: Scope, now: datetime) -> pd.DataFrame:
    """Return where the leads of a filter are: lon, lat, status, closed_on; for the map."""
    lines, _ = page(store, codes, scope=scope, now=now, limit=None)
    columns = ["complaint_id", "lon", "lat", "status", "closed_on"]
    rows = load_rows(store, "complaints", scope=scope, as_of=now, columns=columns)
    return rows[rows["complaint_id"].isin(set(lines["complaint_id"]))]


def mark(store: Store) -> str:
    """Return what changes when the ledger's lines or pairs do, for the key of a cache."""
    with store.read() as conn:
        return reads.mark(conn)


def counts(store: Store, *, scope: Scope, now: datetime) -> dict[str, int]:
    """Return the numbers of the ledger: the same on every page; ``groups`` of likely repeats."""
    found = reads.counts(store, scope=scope, now=to_seconds(now), today_end=_today_end(now))
    return found | {"groups": n_groups(reads.likely_ends(store, scope=scope))}


def story(
    book: Book, lead_id: str, *, scope: Scope, now: datetime, params: RecordParams
) -> LeadStory:
    """
    Return what is known of one lead.

    Raises
    ------
    NotFoundError
        If it is not there, or not the reader's.
    """
    store = book.store
    with store.read() as conn:
        line = found_line(conn, lead_id, scope=scope)
        held = reads.state(conn, lead_id)
        acts = reads.acts(conn, lead_id)
    suggested = reads.pairs(store, scope=scope, complaint_id=lead_id)
    decided = reads.pairs(store, scope=scope, complaint_id=lead_id, decided=True)
    joined = _with_lines(store, decided[decided["verdict"] == "same"], lead_id, scope=scope)
    due = line["due_at"]
    last = local_day(now if due is None else max(now, to_instant(int(due))))
    began = local_day(to_instant(int(line["received_at"])))
    facility_id = line["facility_id"]
    return LeadStory(
        line=line,
        state=None if held is None else as_state(held),
        acts=tuple(acts),
        likely=_with_lines(store, suggested, lead_id, scope=scope),
        joined=joined,
        n_same_caller=len(complainants.repeat_callers(store, lead_id, scope, now=now)),
        prompt=_prompt(store, line, joined, now=now, params=params),
        facility_name=_facility_name(store, facility_id, scope=scope, now=now),
        unpublished_years=tuple(book.clocks.calendar.unpublished(began, last)),
    )


def last_undoable(
    acts: tuple[Mapping[str, Any], ...], *, actor: str, now: datetime
) -> Mapping[str, Any] | None:
    """Return the newest act that its actor may still take back."""
    undone = {act["batch"].removeprefix("undo:") for act in acts if act["kind"] == "undo"}
    for act in reversed(acts):
        if act["kind"] in {"undo", "note", "file"} or act["batch"] in undone:
            continue
        fresh = to_seconds(now) - int(act["at"]) <= UNDO_S
        return act if fresh and act["actor"] == actor and act["kind"] in UNDOABLE else None
    return None


def owners(book: Book, *, scope: Scope) -> list[str]:
    """Return who leads can be given to: the units of the settings and all who hold one."""
    held = reads.values_of(book.store, "owner", scope=scope)
    return list(dict.fromkeys((*book.clocks.params.units, *held)))


def areas(store: Store, *, scope: Scope, now: datetime) -> dict[str, str]:
    """Return code → name of townships and villages, townships first."""
    columns = ["area_code", "name", "level", "parent_code"]
    rows = load_rows(store, "areas", scope=scope, as_of=now, columns=columns)
    names = dict(zip(rows["area_code"].astype(str), rows["name"].astype(str), strict=True))
    found = {}
    for level in ("district", "township", "village"):
        for row in rows[rows["level"] == level].to_dict("records"):
            above = names.get(str(row["parent_code"]), "") if level == "village" else ""
            found[str(row["area_code"])] = f"{above} {row['name']}".strip()
    return found


def facilities(store: Store, *, scope: Scope, now: datetime) -> dict[str, str]:
    """Return id → name of the facilities that are open."""
    columns = ["facility_id", "name", "closed_on"]
    rows = load_rows(store, "facilities", scope=scope, as_of=now, columns=columns)
    rows = rows[rows["closed_on"].isna()]
    return dict(zip(rows["facility_id"].astype(str), rows["name"].astype(str), strict=True))


def lead_summaries(
    store: Store, scope: Scope, as_of: datetime, *, facility_id: str
) -> pd.DataFrame:
    """
    Return the leads about one facility as known before ``as_of``, newest first.

    Columns: complaint_id, received_at, channel, topic, summary, status, due_on,
    closed_on, outcome, case_id.
    """
    columns = ["complaint_id", "received_at", "channel", "topic", "facility_id", "summary",
               "status", "due_on", "closed_on", "outcome", "case_id"]  # fmt: skip
    rows = load_rows(store, "complaints", scope=scope, as_of=as_of, columns=columns)
    mine = rows[rows["facility_id"] == facility_id].sort_values("received_at", ascending=False)
    return mine.drop(columns=["facility_id", "district_code"]).reset_index(drop=True)


def saved_views(store: Store, *, actor: str) -> dict[str, str]:
    """Return the views that a person has saved: name → codes as a query."""
    return reads.views(store, actor)


def save_view(store: Store, name: str, query: str, *, actor: str, now: datetime) -> None:
    """Save what is shown under a name of one's own; the same name is written over."""
    access.require(store, actor, "work.read")
    called = " ".join(name.split())[:40]
    if not called:
        raise LedgerError("请填写视图名称")
    held = reads.views(store, actor)
    if called not in held and len(held) >= MOST_VIEWS:
        raise LedgerError("最多保存 {n} 个视图，请先删除不用的", n=MOST_VIEWS)
    with store.write() as conn:
        kept = query_of(codes_of(query))
        reads.save_view(conn, account=actor, name=called, query=kept, at=to_seconds(now))
        bump_data_version(conn)


def drop_view(store: Store, name: str, *, actor: str, now: datetime) -> None:
    """Forget a saved view."""
    access.require(store, actor, "work.read")
    with store.write() as conn:
        reads.save_view(conn, account=actor, name=name, query=None, at=to_seconds(now))
        bump_data_version(conn)


def _with_lines(
    store: Store, pairs: pd.DataFrame, lead_id: str, *, scope: Scope
) -> tuple[LikelyPair, ...]:
    made = []
    with store.read() as conn:
        for row in pairs.to_dict("records"):
            other = row["second_id"] if row["first_id"] == lead_id else row["first_id"]
            line = reads.line(conn, str(other), scope=scope)
            if line is not None:
                made.append(
                    LikelyPair(
                        other=line,
                        kind=str(row["kind"]),
                        score=float(row["score"]),
                        reasons=tuple(from_json(kept) for kept in json.loads(str(row["reasons"]))),
                        verdict=row["verdict"],
                    )
                )
    return tuple(made)


def _prompt(
    store: Store, line: Mapping[str, Any], joined: tuple[LikelyPair, ...], *, now: datetime,
    params: RecordParams,
) -> Message | None:  # fmt: skip
    """Ask to check a transfer to the police: penalties of the place, or of a person behind it."""
    today = local_day(now)
    counted: dict[str, Any] = {
        "topic": persons.TOPIC,
        "since": persons.penalties_since(params, today),
        "at": to_seconds(now),
    }
    facility_id = line["facility_id"]
    lines = (line, *(pair.other for pair in joined))
    case_ids = [str(row["case_id"]) for row in lines if row["case_id"]]
    n = penalties.of_persons_behind(store, facility_id, case_ids, **counted)
    if facility_id is not None:
        n = max(n, penalties.at_facility(store, str(facility_id), **counted))
    return persons.transfer_prompt(n, params)


def _facility_name(store: Store, facility_id: Any, *, scope: Scope, now: datetime) -> str | None:
    if facility_id is None:
        return None
    query = queries.visible_rows(
        "facilities", scope=scope, as_of=to_seconds(now), columns=["name"]
    ).where(tables.VERSIONED["facilities"].c.facility_id == facility_id)
    with store.read() as conn:
        row = conn.execute(query).first()
    return None if row is None or row[0] is None else str(row[0])


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _today_end(now: datetime) -> int:
    return to_seconds(midnight(now.astimezone(TIME_ZONE).date() + timedelta(days=1)))
