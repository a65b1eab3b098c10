"""
Lists of cases, facilities and persons, a page at a time.

Search, filters, order and paging happen in the query, so that a list of twenty
thousand rows costs what one page costs. Scope and date come from
``queries.visible_rows``, as everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.sql.selectable import Subquery

from data import frames, schema
from data.scope import SEALED_KIND, Scope
from data.store import case_events, queries, tables
from data.store.engine import Store, to_seconds

OPEN_STAGES = ("filed", "investigating", "notice")
"""Stages before the decision: the statutory clock runs."""
NO_VISIT = ("desk_check", SEALED_KIND)
"""Kinds of inspection that count as no look: papers only, or sealed for everybody else."""
CASE_COLUMNS = (
    "case_id", "opened_on", "closed_on", "topic", "facility_id", "site_text", "area_code",
    "source", "complaint_id", "person_id", "fine_yuan", "decided_on", "confiscated_yuan",
    "den_destroyed", "transferred_to", "district_code",
)  # fmt: skip
FACILITY_COLUMNS = (
    "facility_id", "name", "kind", "licence_no", "licence_scope", "licence_expiry", "opened_on",
    "closed_on", "address", "area_code", "lon", "lat", "risk_grade", "opening_hours",
    "district_code",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, and how many rows the whole list has."""

    rows: pd.DataFrame
    n_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """
    Which cases. ``late_before`` holds, per number of extensions, the filing day before which
    an undecided case is late.
    """

    words: str = ""
    stages: tuple[str, ...] = ()
    topic: str | None = None
    since: date | None = None
    until: date | None = None
    late_before: tuple[date, ...] = ()
    case_id: str | None = None
    facility_id: str | None = None
    person_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityFilter:
    """Which facilities. ``unseen_since``: nobody there since; ``least_p``: 0 to 1."""

    words: str = ""
    kinds: tuple[str, ...] = ()
    area_code: str | None = None
    urban_rural: tuple[str, ...] = ()
    least_p: float | None = None
    unseen_since: datetime | None = None
    licence_until: date | None = None
    is_open: bool | None = True
    order: str = "score"
    facility_id: str | None = None
    cell_id: str | None = None


def cases(
    store: Store,
    wanted: CaseFilter,
    *,
    scope: Scope,
    as_of: datetime,
    offset: int = 0,
    limit: int | None = 50,
) -> Page:
    """Return cases with their stage, newest first."""
    at = to_seconds(as_of)
    found = visible("cases", CASE_COLUMNS, scope=scope, at=at)
    places = visible("facilities", ("facility_id", "name"), scope=scope, at=at, alias="places")
    c = found.c
    told = case(
        (c.transferred_to.is_not(None), "transferred"),
        (or_(c.decided_on.is_not(None), c.fine_yuan.is_not(None)), "decided"),
        else_="filed",
    )
    stage = case(
        (c.closed_on.is_not(None), "closed"),
        else_=func.coalesce(case_events.last_stage(c.case_id, as_of=at), told),
    ).label("stage")
    listed = (
        select(
            *c,
            places.c.name.label("facility_name"),
            stage,
            case_events.extensions(c.case_id, as_of=at).label("n_extensions"),
        )
        .select_from(found.outerjoin(places, places.c.facility_id == c.facility_id))
        .subquery("listed")
    )
    query = select(listed).where(_case_conditions(listed, wanted))
    order = (listed.c.opened_on.desc(), listed.c.case_id.desc())
    types = {"n_extensions": "integer"}
    return page_of(store, "cases", query, order, types, offset=offset, limit=limit)


def facilities(
    store: Store,
    wanted: FacilityFilter,
    *,
    run_id: str | None,
    scope: Scope,
    as_of: datetime,
    offset: int = 0,
    limit: int | None = 50,
) -> Page:
    """Return facilities with score, last visit and class of their area."""
    at = to_seconds(as_of)
    found = visible("facilities", FACILITY_COLUMNS, scope=scope, at=at)
    scored, looks, areas = tables.facility_scores, _last_looks(at), tables.VERSIONED["areas"]
    f = found.c
    is_scored = and_(scored.c.facility_id == f.facility_id, scored.c.run_id == (run_id or ""))
    listed = (
        select(
            *f,
            *(scored.c[name] for name in ("p", "lo", "hi", "score", "cell_id")),
            looks.c.last_seen_at,
            areas.c.urban_rural_code,
            areas.c.name.label("area_name"),
        )
        .select_from(
            found.outerjoin(scored, is_scored)
            .outerjoin(looks, looks.c.facility_id == f.facility_id)
            .outerjoin(areas, and_(areas.c.area_code == f.area_code, queries.was_known(areas, at)))
        )
        .subquery("listed")
    )
    query = select(listed).where(_facility_conditions(listed, wanted))
    name = listed.c.facility_id
    orders: dict[str, tuple[ColumnElement, ...]] = {
        "score": (listed.c.score.is_(None), listed.c.score.desc(), name),
        "unseen": (listed.c.last_seen_at.is_not(None), listed.c.last_seen_at, name),
        "licence": (listed.c.licence_expiry.is_(None), listed.c.licence_expiry, name),
        "name": (listed.c.name, name),
    }
    types = {
        **dict.fromkeys(("p", "lo", "hi", "score"), "real"),
        "last_seen_at": "instant",
        "urban_rural_code": "text",
    }
    order = orders[wanted.order]
    return page_of(store, "facilities", query, order, types, offset=offset, limit=limit)


def of_facility(
    store: Store,
    kind: str,
    facility_id: str,
    *,
    scope: Scope,
    as_of: datetime,
    columns: Sequence[str],
) -> pd.DataFrame:
    """Return the leads, inspections or cases of one facility that the reader may see."""
    return _linked(
        store, kind, "facility_id", facility_id, scope=scope, as_of=as_of, columns=columns
    )


def with_key(
    store: Store, kind: str, key: str, *, scope: Scope, as_of: datetime, columns: Sequence[str]
) -> pd.DataFrame:
    """Return the record of a key, as a frame of one row or none."""
    name = schema.KINDS[kind].key[0]
    return _linked(store, kind, name, key, scope=scope, as_of=as_of, columns=columns)


def inspections_of_case(
    store: Store, case_id: str, *, scope: Scope, as_of: datetime, columns: Sequence[str]
) -> pd.DataFrame:
    """Return the inspections that a case came from."""
    return _linked(
        store, "inspections", "case_id", case_id, scope=scope, as_of=as_of, columns=columns
    )


def _linked(
    store: Store,
    kind: str,
    link: str,
    value: str,
    *,
    scope: Scope,
    as_of: datetime,
    columns: Sequence[str],
) -> pd.DataFrame:
    names = list(dict.fromkeys((*columns, "district_code")))
    query = queries.visible_rows(kind, scope=scope, as_of=to_seconds(as_of), columns=names).where(
        tables.VERSIONED[kind].c[link] == value
    )
    with store.read() as conn:
        rows = conn.execute(query).all()
    types = {column.name: column.type for column in schema.KINDS[kind].columns}
    return frames.from_stored(names, types, [tuple(row) for row in rows])


def visible(
    kind: str, columns: Sequence[str], *, scope: Scope, at: int, alias: str | None = None
) -> Subquery:
    """Return the rows that the reader may see as a part of a query."""
    query = queries.visible_rows(kind, scope=scope, as_of=at, columns=list(columns))
    return query.order_by(None).subquery(alias or kind)


def _last_looks(at: int) -> Subquery:
    """Return when each facility was last seen; sealed visits count for nobody."""
    visits = tables.VERSIONED["inspections"]
    return (
        select(visits.c.facility_id, func.max(visits.c.started_at).label("last_seen_at"))
        .where(
            queries.was_known(visits, at),
            visits.c.facility_id.is_not(None),
            visits.c.kind.not_in(NO_VISIT),
        )
        .group_by(visits.c.facility_id)
        .subquery("looks")
    )


def any_contains(columns: Sequence[ColumnElement], words: str) -> ColumnElement[bool]:
    """Every word stands in one of the columns, whatever its case."""
    return and_(
        true(),
        *(
            or_(*(column.icontains(word, autoescape=True) for column in columns))
            for word in words.split()
        ),
    )


def _case_conditions(listed: Subquery, wanted: CaseFilter) -> ColumnElement[bool]:
    c = listed.c
    conditions = [any_contains((c.case_id, c.facility_name, c.site_text), wanted.words)]
    for name in ("topic", "case_id", "facility_id", "person_id"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(c[name] == value)
    if wanted.stages:
        conditions.append(c.stage.in_(wanted.stages))
    if wanted.since is not None:
        conditions.append(c.opened_on >= wanted.since.isoformat())
    if wanted.until is not None:
        conditions.append(c.opened_on <= wanted.until.isoformat())
    if wanted.late_before:
        late = [
            and_(c.n_extensions == n, c.opened_on < day.isoformat())
            for n, day in enumerate(wanted.late_before)
        ]
        conditions += [c.stage.in_(OPEN_STAGES), or_(*late)]
    return and_(*conditions)


def _facility_conditions(listed: Subquery, wanted: FacilityFilter) -> ColumnElement[bool]:
    c = listed.c
    conditions = [any_contains((c.facility_id, c.name, c.address, c.licence_no), wanted.words)]
    if wanted.facility_id is not None:
        conditions.append(c.facility_id == wanted.facility_id)
    if wanted.cell_id is not None:
        conditions.append(c.cell_id == wanted.cell_id)
    if wanted.kinds:
        conditions.append(c.kind.in_(wanted.kinds))
    if wanted.area_code is not None:
        conditions.append(c.area_code.startswith(wanted.area_code, autoescape=True))
    if wanted.urban_rural:
        conditions.append(c.urban_rural_code.in_(wanted.urban_rural))
    if wanted.least_p is not None:
        conditions.append(c.p >= wanted.least_p)
    if wanted.unseen_since is not None:
        seen = to_seconds(wanted.unseen_since)
        conditions.append(or_(c.last_seen_at.is_(None), c.last_seen_at < seen))
    if wanted.licence_until is not None:
        conditions.append(c.licence_expiry <= wanted.licence_until.isoformat())
    if wanted.is_open is not None:
        conditions.append(c.closed_on.is_(None) if wanted.is_open else c.closed_on.is_not(None))
    return and_(*conditions)


def page_of(
    store: Store,
    kind: str,
    query: Select,
    order: Sequence[ColumnElement],
    types: dict[str, str],
    *,
    offset: int,
    limit: int | None,
) -> Page:
    """Return the rows of one page and count the whole list; ``types`` name what schema lacks."""
    names = [column.name for column in query.selected_columns]
    known = {column.name: column.type for column in schema.KINDS[kind].columns} | types
    shown = query.order_by(*order).offset(offset)
    with store.read() as conn:
        n_total = int(conn.execute(select(func.count()).select_from(query.subquery())).scalar_one())
        rows = conn.execute(shown if limit is None else shown.limit(limit)).all()
    return Page(
        rows=frames.from_stored(names, known, [tuple(row) for row in rows]), n_total=n_total
    )
