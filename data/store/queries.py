"""
The one place where a reader's scope and date become SQL.

Every read of versioned rows starts from ``visible_rows``, so no screen and no
model can forget the filter.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.sql.selectable import FromClause

from data import schema
from data.scope import SEALED_KIND, WITHOUT_DISTRICT, Scope
from data.store import tables
from data.store.match_tables import same_records

_SEALED = {"inspections": "kind", "complaints": "channel"}
_LINKS = {
    "complaints": ("facilities", "facility_id"),
    "cases": ("facilities", "facility_id"),
    "inspections": ("facilities", "facility_id"),
    "absences": ("officers", "officer_id"),
    "recusals": ("officers", "officer_id"),
}
"""Kind → the kind whose place a record without own one has, and the linking column."""


Box = tuple[float, float, float, float]
"""West, south, east, north: degrees, WGS-84."""


def visible_rows(
    kind: str,
    *,
    scope: Scope,
    as_of: int,
    columns: Sequence[str],
    box: Box | None = None,
    joined: bool = False,
) -> Select:
    """
    Select the versions known before ``as_of`` (seconds) that the reader may see.

    Links are followed to what was known at the same time, never to later news.
    ``box`` keeps what has its point inside. ``joined`` gives what concerns a
    facility to the one that stands for it and for its likes, and of the facilities
    only those (decision 0010).
    """
    spec, table = schema.KINDS[kind], tables.VERSIONED[kind]
    source: FromClause = table
    linked: FromClause | None = None
    if kind in _LINKS:
        target, column = _LINKS[kind]
        linked = tables.VERSIONED[target].alias("linked")
        source = table.outerjoin(
            linked,
            and_(linked.c[column] == table.c[column], was_known(linked, as_of)),
        )
    district = _inherited("district_code", table, linked)
    named = {"district_code": district}
    same = same_records.alias("same") if joined and "facility_id" in table.c else None
    if same is not None:
        source = source.outerjoin(same, _stands_for(same, table, as_of))
        named["facility_id"] = func.coalesce(same.c.canonical_id, table.c.facility_id)
    picked: list[ColumnElement] = [
        named.get(name, _inherited(name, table, linked)).label(name) for name in columns
    ] or [table.c.version_id]
    query = (
        select(*picked)
        .select_from(source)
        .where(was_known(table, as_of))
        .order_by(*(table.c[name] for name in spec.key))
    )
    if same is not None and kind == "facilities":
        query = query.where(same.c.record_id.is_(None))
    if box is not None:
        west, south, east, north = box
        query = query.where(
            _inherited("lon", table, linked).between(west, east),
            _inherited("lat", table, linked).between(south, north),
        )
    return _within(query, kind, table=table, district=district, scope=scope)


def mark_of(conn: Connection, kinds: Sequence[str]) -> tuple[int, ...]:
    """
    Return numbers that change when records of some kinds do; costs next to nothing.

    A change writes a version, and records only leave with an import that is taken back.
    """
    found: list[int] = []
    for kind in kinds:
        newest = conn.execute(select(func.max(tables.VERSIONED[kind].c.version_id))).scalar()
        found.append(int(str(newest or 0)))
    kept = tables.imports.c
    row = conn.execute(
        select(func.max(kept.import_id), func.count(), func.max(kept.imported_at),
               func.count(kept.undone_at))
    ).one()  # fmt: skip
    return (*found, *(int(value or 0) for value in row))


def _stands_for(same: FromClause, table: FromClause, as_of: int) -> ColumnElement[bool]:
    return and_(
        same.c.kind == "facilities",
        same.c.record_id == table.c.facility_id,
        same.c.known_from < as_of,
    )


def was_known(table: FromClause, as_of: int) -> ColumnElement[bool]:
    """Say which versions were known before ``as_of``: what becomes known then is not."""
    columns = table.c
    return and_(
        columns.known_from < as_of,
        or_(columns.known_to.is_(None), columns.known_to >= as_of),
    )


def happened_since(kind: str, since: int) -> ColumnElement[bool]:
    """Say which records happened at ``since`` (seconds) or later."""
    spec = schema.KINDS[kind]
    if spec.event is None:
        raise ValueError(f"{kind} have no date of their own")
    column = tables.VERSIONED[kind].c[spec.event]
    if spec.by_name[spec.event].type == "instant":
        return column >= since
    start = datetime.fromtimestamp(since, tz=schema.TIME_ZONE)
    day = start.date().isoformat()
    is_midnight = (start.hour, start.minute, start.second) == (0, 0, 0)
    return column >= day if is_midnight else column > day


def _inherited(name: str, table: FromClause, linked: FromClause | None) -> ColumnElement | Column:
    own = table.c[name]
    if linked is None or name not in linked.c:
        return own
    if name in {"district_code", "area_code"}:
        return func.coalesce(own, linked.c[name])
    if name in {"lon", "lat"}:
        # A point is taken whole: never one coordinate of each.
        is_complete = and_(table.c.lon.is_not(None), table.c.lat.is_not(None))
        return case((is_complete, own), else_=linked.c[name])
    if name == "location_precision":
        is_complete = and_(table.c.lon.is_not(None), table.c.lat.is_not(None))
        has_theirs = and_(~is_complete, linked.c.lon.is_not(None), linked.c.lat.is_not(None))
        return case((has_theirs, linked.c[name]), else_=own)
    return own


def _within(
    query: Select, kind: str, *, table: FromClause, district: ColumnElement, scope: Scope
) -> Select:
    if scope.districts is not None and kind not in WITHOUT_DISTRICT:
        codes = sorted(scope.districts)
        query = query.where(district.in_(codes) if codes else false())
    if kind in _SEALED and not scope.sees_all_sealed:
        column = table.c[_SEALED[kind]]
        key = table.c[schema.KINDS[kind].key[0]]
        cleared = sorted(scope.sealed or ())
        query = query.where(or_(column.is_distinct_from(SEALED_KIND), key.in_(cleared)))
    return query
