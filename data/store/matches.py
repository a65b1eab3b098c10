"""Pairs that may be one thing, what was decided on each, and the links that follow."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, true, update

from data.scope import Scope
from data.store import tables
from data.store.engine import Store
from data.store.match_tables import match_pairs, same_records
from errors import NotFoundError

OPEN, SAME, DIFFERENT, LATER = "open", "same", "different", "later"
STATUSES = (OPEN, SAME, DIFFERENT, LATER)
KEYS = {"facilities": "facility_id", "persons": "person_id"}
_BATCH = 500


def add_pairs(
    conn: Connection, kind: str, pairs: Sequence[Mapping[str, Any]], *, found_at: int
) -> int:
    """Add pairs that are new, inside the caller's transaction; return how many."""
    columns = match_pairs.c
    held = {
        (row.left_id, row.right_id)
        for row in conn.execute(
            select(columns.left_id, columns.right_id).where(columns.kind == kind)
        )
    }
    new = [
        {**pair, "kind": kind, "found_at": found_at, "reasons": json.dumps(pair["reasons"])}
        for pair in pairs
        if (pair["left_id"], pair["right_id"]) not in held
    ]
    for start in range(0, len(new), _BATCH):
        conn.execute(insert(match_pairs), new[start : start + _BATCH])
    return len(new)


def drop_open_pairs(conn: Connection, kind: str, keep: set[tuple[str, str]]) -> None:
    """Forget undecided pairs that are no longer candidates."""
    columns = match_pairs.c
    waiting = conn.execute(
        select(columns.pair_id, columns.left_id, columns.right_id).where(
            columns.kind == kind, columns.status == OPEN
        )
    )
    gone = [row.pair_id for row in waiting if (row.left_id, row.right_id) not in keep]
    for start in range(0, len(gone), _BATCH):
        conn.execute(delete(match_pairs).where(columns.pair_id.in_(gone[start : start + _BATCH])))


def drop_lost(conn: Connection, kind: str) -> None:
    """Forget pairs, decided ones too, and links with a record that is no longer in the store."""
    there = select(tables.VERSIONED[kind].c[KEYS[kind]])
    pair, link = match_pairs.c, same_records.c
    lost = or_(pair.left_id.not_in(there), pair.right_id.not_in(there))
    conn.execute(delete(match_pairs).where(pair.kind == kind, lost))
    gone = or_(link.record_id.not_in(there), link.canonical_id.not_in(there))
    conn.execute(delete(same_records).where(link.kind == kind, gone))


def list_pairs(
    store: Store, *, scope: Scope, kind: str, statuses: Sequence[str]
) -> list[dict[str, Any]]:
    """List pairs in the reader's districts, likeliest first."""
    columns = match_pairs.c
    query = (
        select(match_pairs)
        .where(columns.kind == kind, columns.status.in_(statuses), _in_scope(scope))
        .order_by(columns.score.desc(), columns.pair_id)
    )
    with store.read() as conn:
        return [_pair(row) for row in conn.execute(query).mappings()]


def get_pair(conn: Connection, pair_id: int, *, scope: Scope) -> dict[str, Any]:
    """Return one pair; NotFoundError where it is not there or not the reader's."""
    query = select(match_pairs).where(match_pairs.c.pair_id == pair_id, _in_scope(scope))
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有这一对疑似重复：{pair_id}", pair_id=pair_id)
    return _pair(row)


def set_status(conn: Connection, pair_id: int, *, status: str, at: int, actor: str) -> None:
    """Write a decision, or ``open`` to take one back."""
    decided = status != OPEN
    conn.execute(
        update(match_pairs)
        .where(match_pairs.c.pair_id == pair_id)
        .values(
            status=status,
            decided_at=at if decided else None,
            decided_by=actor if decided else None,
        )
    )


def rebuild_links(conn: Connection, kind: str, *, at: int) -> int:
    """
    Make the links anew from all pairs decided as the same; return how many records are linked.

    Of a group the smallest id stands for all. A link that stays as it was keeps the
    moment from which it is known.
    """
    columns, links = match_pairs.c, same_records.c
    query = select(columns.left_id, columns.right_id).where(
        columns.kind == kind, columns.status == SAME
    )
    wanted = _canonical([(row.left_id, row.right_id) for row in conn.execute(query)])
    held = {
        row.record_id: (row.canonical_id, row.known_from)
        for row in conn.execute(select(same_records).where(links.kind == kind))
    }
    conn.execute(delete(same_records).where(links.kind == kind))
    if wanted:
        conn.execute(
            insert(same_records),
            [
                {
                    "kind": kind,
                    "record_id": record_id,
                    "canonical_id": canonical,
                    "known_from": held[record_id][1]
                    if held.get(record_id, ("",))[0] == canonical
                    else at,
                }
                for record_id, canonical in sorted(wanted.items())
            ],
        )
    return len(wanted)


def count_links(conn: Connection, kind: str) -> int:
    """Return how many records of a kind are linked to another."""
    query = select(func.count()).select_from(same_records).where(same_records.c.kind == kind)
    return int(conn.execute(query).scalar_one())


def canonical_ids(store: Store, kind: str, *, as_of: int) -> dict[str, str]:
    """Return record id → the id that stands for it, as linked before ``as_of`` (seconds)."""
    links = same_records.c
    query = select(links.record_id, links.canonical_id).where(
        links.kind == kind, links.known_from < as_of
    )
    with store.read() as conn:
        return {row.record_id: row.canonical_id for row in conn.execute(query)}


def _canonical(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    above: dict[str, str] = {}

    def top(record: str) -> str:
        while above.get(record, record) != record:
            record = above[record]
        return record

    for left, right in pairs:
        first, second = sorted((top(left), top(right)))
        above[second] = first
    return {record: top(record) for record in above if top(record) != record}


def _pair(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {**row, "reasons": json.loads(row["reasons"])}


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    """Both sides must be the reader's, else a pair would tell of another district's record."""
    if scope.districts is None:
        return true()
    codes = sorted(scope.districts)
    return match_pairs.c.left_district.in_(codes) & match_pairs.c.right_district.in_(codes)
