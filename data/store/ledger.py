"""
Read the ledger: one line per lead with its clock, filtered, sorted and cut in the query.

Every read goes through ``readable``, which is the reader's scope as SQL.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    true,
)

from data.scope import Scope
from data.store import queries, tables
from data.store.engine import Store
from data.store.ledger_tables import lead_acts, lead_index, lead_pairs, lead_states, lead_views

_LEADS = tables.VERSIONED["complaints"]
_I = lead_index.c
_FEW = 1000
WAITING = ("new", "triaged", "assigned")
AWAY = ("handed_over", "transferred")
SORTS: Mapping[str, tuple[ColumnElement, ...]] = {
    "clock": (_I.due_at.is_(None), _I.due_at, _I.complaint_id),
    "newest": (_I.received_at.desc(), _I.complaint_id),
    "oldest": (_I.received_at, _I.complaint_id),
    "likely": ((_I.n_likely == 0), _I.due_at.is_(None), _I.due_at, _I.complaint_id),
}
LINE = (
    "complaint_id", "received_at", "channel", "topic", "site_text", "summary", "area_code",
    "district_code", "facility_id", "lon", "lat", "location_precision", "status", "owner",
    "clock", "started_at", "amber_at", "due_at", "n_likely", "due_on", "closed_on", "outcome",
    "case_id", "handed_to", "is_sealed",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """
    What the ledger shows; codes only, so that it can stand in an address.

    ``show``: open, new, in_hand, overdue, today, likely, away, closed, all. ``since`` and
    ``until`` are seconds of the registration, ``words`` are looked for in number, place
    and summary; all of them must be there.
    """

    show: str = "open"
    channel: str | None = None
    topic: str | None = None
    area: str | None = None
    owner: str | None = None
    facility_id: str | None = None
    since: int | None = None
    until: int | None = None
    words: str = ""


def readable(scope: Scope) -> ColumnElement[bool]:
    """Say which lines of the index a reader may see: as ``queries.visible_rows`` of leads."""
    parts: list[ColumnElement[bool]] = []
    if scope.districts is not None:
        codes = sorted(scope.districts)
        parts.append(_I.district_code.in_(codes) if codes else false())
    if not scope.sees_all_sealed:
        cleared = sorted(scope.sealed or ())
        parts.append(or_(_I.is_sealed == 0, _I.complaint_id.in_(cleared)))
    return and_(true(), *parts)


def counts(store: Store, *, scope: Scope, now: int, today_end: int) -> dict[str, int]:
    """Count the leads a reader sees by what is asked of them; ``longest`` is in seconds."""
    mine = and_(readable(scope), _I.received_at <= now)
    by_status = select(_I.status, func.count()).where(mine).group_by(_I.status)
    waiting, away = _I.status.in_(WAITING), _I.status.in_(AWAY)
    flags: dict[str, ColumnElement[bool]] = {
        "overdue": and_(waiting, _I.due_at < now),
        "today": and_(waiting, _I.due_at >= now, _I.due_at < today_end),
        "away": and_(away, _I.clock.is_not(None)),
        "away_overdue": and_(away, _I.due_at < now),
    }
    sums = [func.coalesce(func.sum(case((flag, 1), else_=0)), 0) for flag in flags.values()]
    first_due = func.min(case((flags["overdue"], _I.due_at)))
    # closed leads are many and have no clock: they are only counted
    clocks = select(*sums, first_due).where(mine, _I.status.in_((*WAITING, *AWAY)))
    with store.read() as conn:
        n = {str(status): int(str(count)) for status, count in conn.execute(by_status)}
        row = conn.execute(clocks).one()
    found = {name: int(row[at]) for at, name in enumerate(flags)}
    return found | {
        "open": sum(n.get(status, 0) for status in WAITING),
        "new": n.get("new", 0),
        "in_hand": n.get("triaged", 0) + n.get("assigned", 0),
        "closed": n.get("closed", 0),
        "all": sum(n.values()),
        "longest": now - int(row[-1]) if row[-1] is not None else 0,
    }


def page(
    store: Store,
    wanted: Filter,
    *,
    scope: Scope,
    now: int,
    today_end: int,
    sort: str = "clock",
    limit: int | None = 20,
    offset: int = 0,
) -> tuple[pd.DataFrame, int]:
    """Return one page of lines, columns ``LINE``, and how many lines there are in all."""
    condition = and_(
        readable(scope),
        _I.received_at <= now,
        *_conditions(wanted, scope=scope, now=now, today_end=today_end),
    )
    query = (
        select(*_columns())
        .select_from(_with_record())
        .where(condition)
        .order_by(*SORTS[sort])
        .offset(offset)
    )
    with store.read() as conn:
        if wanted.words and limit is not None and limit <= _FEW:
            # one look through the words gives both the page and the number of lines
            found = select(_I.complaint_id).select_from(_with_record()).where(condition)
            ids = [str(key) for (key,) in conn.execute(found.order_by(*SORTS[sort]))]
            total, shown = len(ids), ids[offset : None if limit is None else offset + limit]
            query = _lines_of(shown).order_by(*SORTS[sort])
        else:
            source = _with_record() if wanted.words else lead_index
            counted = select(func.count()).select_from(source).where(condition)
            total = int(conn.execute(counted).scalar_one())
        rows = conn.execute(query if limit is None else query.limit(limit)).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=list(LINE)), total


def _lines_of(ids: Sequence[str]) -> Select:
    return select(*_columns()).select_from(_with_record()).where(_I.complaint_id.in_(ids))


def line(conn: Connection, complaint_id: str, *, scope: Scope) -> dict[str, Any] | None:
    """Return the line of one lead, ``None`` where it is not there or not the reader's."""
    query = (
        select(*_columns())
        .select_from(_with_record())
        .where(readable(scope), _I.complaint_id == complaint_id)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else dict(zip(LINE, row, strict=True))


def state(conn: Connection, complaint_id: str) -> dict[str, Any] | None:
    """Return what the ledger decided of a lead."""
    found = conn.execute(
        select(lead_states.c.document).where(lead_states.c.complaint_id == complaint_id)
    ).scalar()
    return None if found is None else dict(json.loads(found))


def acts(conn: Connection, complaint_id: str) -> list[dict[str, Any]]:
    """Return the acts on one lead, oldest first, with ``detail`` and ``before`` read."""
    query = (
        select(lead_acts)
        .where(lead_acts.c.complaint_id == complaint_id)
        .order_by(lead_acts.c.at, lead_acts.c.act_id)
    )
    return [_read_act(dict(row)) for row in conn.execute(query).mappings()]


def batch(conn: Connection, name: str) -> list[dict[str, Any]]:
    """Return the acts that one press of a button wrote."""
    query = select(lead_acts).where(lead_acts.c.batch == name).order_by(lead_acts.c.act_id)
    return [_read_act(dict(row)) for row in conn.execute(query).mappings()]


def pairs(
    store: Store, *, scope: Scope, complaint_id: str | None = None, decided: bool = False
) -> pd.DataFrame:
    """
    Return pairs of leads, both of which the reader may see, likeliest first.

    ``decided`` asks for joined pairs and those kept apart instead of suggestions; without
    it only pairs with a lead that still waits are given.
    """
    ends = lead_index.alias("first"), lead_index.alias("second")
    columns = [lead_pairs.c[name] for name in ("first_id", "second_id", "kind", "score")]
    query = (
        select(*columns, lead_pairs.c.reasons, lead_pairs.c.verdict)
        .join(ends[0], ends[0].c.complaint_id == lead_pairs.c.first_id)
        .join(ends[1], ends[1].c.complaint_id == lead_pairs.c.second_id)
        .where(*(_aliased(readable(scope), end) for end in ends))
        .order_by(lead_pairs.c.score.desc(), lead_pairs.c.first_id, lead_pairs.c.second_id)
    )
    if complaint_id is not None:
        query = query.where(
            or_(lead_pairs.c.first_id == complaint_id, lead_pairs.c.second_id == complaint_id)
        )
    if decided:
        query = query.where(lead_pairs.c.verdict.is_not(None))
    else:
        waiting = [end.c.status.in_(WAITING) for end in ends]
        query = query.where(lead_pairs.c.verdict.is_(None), or_(*waiting))
    names = ["first_id", "second_id", "kind", "score", "reasons", "verdict"]
    with store.read() as conn:
        return pd.DataFrame([tuple(row) for row in conn.execute(query)], columns=names)


def mark(conn: Connection) -> str:
    """Return what changes when lines or pairs do: records the index is made of, and acts."""
    found = queries.mark_of(conn, ("complaints", "facilities", "inspections"))
    last = conn.execute(select(func.max(lead_acts.c.act_id))).scalar()
    return ".".join(map(str, (*found, last or 0)))


def likely_ends(store: Store, *, scope: Scope) -> list[tuple[str, str]]:
    """Return the ends of the pairs that ``pairs`` suggests, without their reasons."""
    ends = lead_index.alias("first"), lead_index.alias("second")
    waiting = [end.c.status.in_(WAITING) for end in ends]
    query = (
        select(lead_pairs.c.first_id, lead_pairs.c.second_id)
        .join(ends[0], ends[0].c.complaint_id == lead_pairs.c.first_id)
        .join(ends[1], ends[1].c.complaint_id == lead_pairs.c.second_id)
        .where(*(_aliased(readable(scope), end) for end in ends))
        .where(lead_pairs.c.verdict.is_(None), or_(*waiting))
    )
    with store.read() as conn:
        return [(str(first), str(second)) for first, second in conn.execute(query)]


def values_of(store: Store, column: str, *, scope: Scope) -> list[str]:
    """Return the codes of a column of the index that occur, sorted."""
    there = lead_index.c[column].is_not(None)
    found = select(lead_index.c[column]).where(readable(scope), there).distinct()
    with store.read() as conn:
        return sorted(str(value) for (value,) in conn.execute(found))


def views(store: Store, account: str) -> dict[str, str]:
    """Return the saved views of an account: name → query of the address."""
    query = select(lead_views.c.name, lead_views.c.query).where(lead_views.c.account == account)
    with store.read() as conn:
        return {str(name): str(text) for name, text in conn.execute(query.order_by("name"))}


def save_view(conn: Connection, *, account: str, name: str, query: str | None, at: int) -> None:
    """Keep a view under a name, replace it, or with ``query=None`` take it away."""
    mine = (lead_views.c.account == account) & (lead_views.c.name == name)
    conn.execute(delete(lead_views).where(mine))
    if query is not None:
        conn.execute(
            insert(lead_views).values(account=account, name=name, query=query, created_at=at)
        )


def _conditions(
    wanted: Filter, *, scope: Scope, now: int, today_end: int
) -> Sequence[ColumnElement[bool]]:
    waiting = _I.status.in_(WAITING)
    shown: Mapping[str, ColumnElement[bool]] = {
        "open": waiting,
        "new": _I.status == "new",
        "in_hand": _I.status.in_(("triaged", "assigned")),
        "overdue": and_(waiting, _I.due_at < now),
        "today": and_(waiting, _I.due_at >= now, _I.due_at < today_end),
        "amber": and_(waiting, _I.amber_at <= now, _I.due_at >= now),
        "likely": and_(waiting, _I.complaint_id.in_(_in_likely_pairs(scope))),
        "away": and_(_I.status.in_(AWAY), _I.clock.is_not(None)),
        "closed": _I.status.in_(("closed", "returned", *AWAY)),
        "all": true(),
    }
    parts = [shown.get(wanted.show, waiting)]
    parts += [_I[name] == value for name in ("channel", "topic", "owner", "facility_id")
              if (value := getattr(wanted, name)) is not None]  # fmt: skip
    if wanted.area is not None:
        parts.append(_I.area_code.startswith(wanted.area, autoescape=True))
    if wanted.since is not None:
        parts.append(_I.received_at >= wanted.since)
    if wanted.until is not None:
        parts.append(_I.received_at < wanted.until)
    texts = (_LEADS.c.complaint_id, _LEADS.c.site_text, _LEADS.c.summary)
    for word in wanted.words.split()[:8]:
        # words without capitals need no folding, which costs more than the search itself
        has_case = word.lower() != word.upper()
        hits = [
            text.icontains(word, autoescape=True)
            if has_case
            else text.contains(word, autoescape=True)
            for text in texts
        ]
        parts.append(or_(*hits))
    return parts


def _in_likely_pairs(scope: Scope) -> Select:
    """Select the leads of undecided pairs both of which the reader may see."""
    ends = lead_index.alias("first"), lead_index.alias("second")
    both = (
        select(lead_pairs.c.first_id, lead_pairs.c.second_id)
        .join(ends[0], ends[0].c.complaint_id == lead_pairs.c.first_id)
        .join(ends[1], ends[1].c.complaint_id == lead_pairs.c.second_id)
        .where(lead_pairs.c.verdict.is_(None), *(_aliased(readable(scope), end) for end in ends))
        .subquery()
    )
    return select(both.c.first_id).union(select(both.c.second_id))  # type: ignore[return-value]


def _aliased(condition: ColumnElement[bool], alias: Any) -> ColumnElement[bool]:
    from sqlalchemy.sql.util import ClauseAdapter

    adapted: ColumnElement[bool] = ClauseAdapter(alias).traverse(condition)
    return adapted


def _with_record() -> Any:
    return lead_index.join(_LEADS, _LEADS.c.version_id == _I.version_id)


def _columns() -> list[ColumnElement]:
    own = {column.name for column in lead_index.columns}
    return [lead_index.c[name] if name in own else _LEADS.c[name] for name in LINE]


def _read_act(row: Mapping[str, Any]) -> dict[str, Any]:
    before = row["before"]
    return {
        **row,
        "detail": json.loads(row["detail"]),
        "before": None if before is None else json.loads(before),
    }
