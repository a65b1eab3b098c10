"""
Take one import back: its versions go, the versions before them are current again.

An import can be taken back only while nothing builds on it: no later version of
one of its records, no step of the ledger on one of its leads or cases, no record
of a later import or by hand that names a record which would vanish.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from data import schema
from data.store import ledger_writes, tables
from data.store.ledger_tables import lead_states
from data.store.match_tables import match_pairs, same_records
from data.store.record_tables import case_events

REFERRING = {
    "facilities": ("facility_id",),
    "complaints": ("complaint_id",),
    "cases": ("case_id",),
    "persons": ("person_id",),
    "officers": ("officer_id",),
    "campaigns": ("campaign_id",),
}
"""Kind → columns of other kinds that name its records. Codes of areas stand by themselves."""

LISTING = {"officers": (("inspections", "officer_ids"),)}
"""Kind → kinds and columns that name several of its records at once."""

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Builder:
    """What builds on an import: a later import, or the hand (``import_id`` is ``None``)."""

    import_id: int | None
    n_records: int


@dataclass(frozen=True, slots=True)
class Undone:
    """Versions deleted, records gone altogether, records whose earlier version is back."""

    n_deleted: int
    n_gone: int
    n_restored: int


def builders(conn: Connection, import_id: int, *, kind: str, at: int) -> list[Builder]:
    """
    List what builds on an import, the oldest first.

    ``at`` is when it was made, in seconds since 1970 UTC.
    """
    table = tables.VERSIONED[kind]
    counts: dict[int | None, int] = {}

    def add(found: Select[Any]) -> None:
        for row in conn.execute(found).all():
            counts[row[0]] = counts.get(row[0], 0) + int(row[1])

    mine, later = table.alias("mine"), table.alias("later")
    add(
        select(later.c.import_id, func.count())
        .select_from(
            mine.join(later, and_(_same(kind, mine, later), later.c.known_from > mine.c.known_from))
        )
        .where(mine.c.import_id == import_id, _is_other(later, import_id))
        .group_by(later.c.import_id)
    )
    for name, other in tables.VERSIONED.items():
        for column in REFERRING.get(kind, ()):
            if name == kind or column not in other.c:
                continue
            add(
                select(other.c.import_id, func.count())
                .where(
                    other.c.known_to.is_(None),
                    or_(other.c.import_id.is_(None), other.c.import_id > import_id),
                    other.c[column].in_(_vanishing(table, import_id)),
                )
                .group_by(other.c.import_id)
            )
    for named_by, n_rows in _naming_in_lists(conn, kind, import_id):
        counts[named_by] = counts.get(named_by, 0) + n_rows
    key = table.c[schema.KINDS[kind].key[0]] if "row_id" not in table.c else table.c.row_id
    own = select(key).where(table.c.import_id == import_id)
    steps = {
        "complaints": (lead_states.c.complaint_id, lead_states.c.acted_at),
        "cases": (case_events.c.case_id, case_events.c.recorded_at),
    }.get(kind)
    if steps is not None:
        named, when = steps
        query = select(func.count(named.distinct())).where(named.in_(own), when >= at)
        if n := conn.execute(query).scalar():
            counts[None] = counts.get(None, 0) + int(n)
    return [Builder(other, n) for other, n in sorted(counts.items(), key=lambda item: item[0] or 0)]


def _naming_in_lists(
    conn: Connection, kind: str, import_id: int
) -> Iterator[tuple[int | None, int]]:
    """Yield who names vanishing records in a column that holds several ids."""
    vanishing: frozenset[str] | None = None
    for name, column in LISTING.get(kind, ()):
        other = tables.VERSIONED[name]
        rows = conn.execute(
            select(other.c.import_id, other.c[column], func.count())
            .where(
                other.c.known_to.is_(None),
                other.c[column].is_not(None),
                or_(other.c.import_id.is_(None), other.c.import_id > import_id),
            )
            .group_by(other.c.import_id, other.c[column])
        ).all()
        if rows and vanishing is None:
            gone = conn.execute(_vanishing(tables.VERSIONED[kind], import_id)).all()
            vanishing = frozenset(str(row[0]) for row in gone)
        for row in rows:
            if vanishing is not None and not vanishing.isdisjoint(str(row[1]).split(";")):
                yield row[0], int(row[2])


def undo(conn: Connection, import_id: int, *, kind: str) -> Undone:
    """Delete an import's versions and bring back what they replaced, in a caller's transaction."""
    table = tables.VERSIONED[kind]
    mine, before = table.alias("mine"), table.alias("earlier")
    ended = [
        int(row[0])
        for row in conn.execute(
            select(before.c.version_id)
            .select_from(
                mine.join(
                    before, and_(_same(kind, mine, before), before.c.known_to == mine.c.known_from)
                )
            )
            .where(mine.c.import_id == import_id, _is_other(before, import_id))
        ).all()
    ]
    if kind == "complaints":
        ledger_writes.forget_leads_of(conn, [import_id])
    n_gone = _forget_matches(conn, table, kind, import_id)
    deleted = conn.execute(delete(table).where(table.c.import_id == import_id)).rowcount
    for start in range(0, len(ended), _BATCH):
        conn.execute(
            update(table).where(table.c.version_id == bindparam("held")).values(known_to=None),
            [{"held": version} for version in ended[start : start + _BATCH]],
        )
    if kind == "complaints":
        leads = select(table.c.complaint_id)
        lost = tables.complainants.c.complaint_id.not_in(leads)
        conn.execute(delete(tables.complainants).where(lost))
    return Undone(n_deleted=int(deleted), n_gone=n_gone, n_restored=len(ended))


def mark(conn: Connection, import_id: int, *, at: int, actor: str, reason: str) -> None:
    """Note in the list of imports that one was taken back."""
    conn.execute(
        update(tables.imports)
        .where(tables.imports.c.import_id == import_id)
        .values(undone_at=at, undone_by=actor, undo_reason=reason)
    )


def _forget_matches(conn: Connection, table: Table, kind: str, import_id: int) -> int:
    """Drop pairs with records that vanish; return how many records vanish."""
    vanishing = _vanishing(table, import_id)
    n_gone = conn.execute(select(func.count()).select_from(vanishing.subquery())).scalar_one()
    conn.execute(
        delete(match_pairs).where(
            match_pairs.c.kind == kind,
            or_(match_pairs.c.left_id.in_(vanishing), match_pairs.c.right_id.in_(vanishing)),
        )
    )
    conn.execute(
        delete(same_records).where(
            same_records.c.kind == kind,
            or_(
                same_records.c.record_id.in_(vanishing),
                same_records.c.canonical_id.in_(vanishing),
            ),
        )
    )
    return int(n_gone)


def _vanishing(table: Table, import_id: int) -> Select[Any]:
    """Select the first key column of records that have no version but this import's."""
    key = _keys(table)[0]
    staying = select(key).where(_is_other(table, import_id))
    return select(key).where(table.c.import_id == import_id, key.not_in(staying)).distinct()


def _keys(table: Table) -> Sequence[ColumnElement]:
    spec = schema.KINDS[table.name]
    return [table.c[name] for name in spec.key]


def _same(kind: str, one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in schema.KINDS[kind].key))


def _is_other(table: FromClause, import_id: int) -> ColumnElement[bool]:
    return or_(table.c.import_id.is_(None), table.c.import_id != import_id)
