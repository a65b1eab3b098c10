"""
The same thing twice: find it, ask a person, remember the answer as a link.

No record is changed or deleted. A decision ``same`` links both records; reads that
ask for it (``load_rows(..., joined=True)``) then give all history to the record that
stands for both. Equal licence, name and place are linked by rule; everything else
waits for a person. Leads are not matched here (``workflows/lead_links.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from data import audit
from data.importers.report import FileReport
from data.records import Message
from data.scope import EVERYTHING, Scope
from data.store import engine, matches
from data.store.engine import Store
from data.store.matches import DIFFERENT, LATER, OPEN, SAME
from data.store.rows import load_rows
from workflows import access
from workflows.match_candidates import facility_pairs, person_pairs

RIGHT = "matches.write"
BY_RULE = "rule: licence, name and place"
KINDS = ("facilities", "persons")
_COLUMNS = {
    "facilities": [
        "facility_id", "name", "kind", "licence_no", "address", "area_code", "lon", "lat",
        "opened_on", "closed_on",
    ],
    "persons": ["person_id", "name", "kind", "trade", "filed_on", "usual_area_codes"],
}  # fmt: skip
_KEYS = {"facilities": "facility_id", "persons": "person_id"}
_RULE_DISTANCE_M = 500.0
_RULE_SCORE = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search brought: pairs to look at that are new, and those linked by rule."""

    n_new: int
    n_linked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two records side by side: what each says, field by field, and why they are here."""

    pair_id: int
    kind: str
    score: float
    status: str
    decided_by: str | None
    distance_m: float | None
    left: dict[str, Any]
    right: dict[str, Any]

    @property
    def differing(self) -> tuple[str, ...]:
        """Fields in which the two do not say the same."""
        return tuple(name for name in self.left if self.left[name] != self.right[name])


def search(store: Store, *, actor: str, scope: Scope, now: datetime) -> Found:
    """
    Look for pairs among the stored facilities and persons, and keep what is new.

    A pair that was decided before is never asked about again. Finds nothing new when
    repeated.
    """
    access.require(store, actor, RIGHT)
    return search_after_import(store, actor=actor, scope=scope, now=now)


def search_after_import(
    store: Store, *, actor: str, now: datetime, scope: Scope = EVERYTHING
) -> Found:
    """Do what ``search`` does, as a part of an import whose right was asked for already."""
    made = {kind: _pairs(store, kind, scope=scope, now=now) for kind in KINDS}
    at = engine.to_seconds(now)
    n_new = n_linked = 0
    with store.write() as conn:
        for kind, pairs in made.items():
            added = matches.add_pairs(conn, kind, pairs, found_at=at)
            by_rule = sum(pair["status"] == SAME for pair in pairs) if added else 0
            if scope.districts is None:
                keep = {(pair["left_id"], pair["right_id"]) for pair in pairs}
                matches.drop_open_pairs(conn, kind, keep)
            n_new += added
            if by_rule:
                before = matches.count_links(conn, kind)
                n_linked += matches.rebuild_links(conn, kind, at=at) - before
        if n_new:
            audit.append(
                conn,
                at=at,
                actor=actor,
                action="match.search",
                detail={"new": n_new, "linked": n_linked},
            )
            engine.bump_data_version(conn)
    return Found(n_new=n_new, n_linked=n_linked)


def told(
    store: Store, files: Sequence[FileReport], *, actor: str, now: datetime
) -> list[FileReport]:
    """Search after an import that brought facilities or persons, and say what came of it."""
    changed = [
        number
        for number, file in enumerate(files)
        if file.kind in KINDS and file.taken + file.updated > file.unchanged
    ]
    if not changed:
        return list(files)
    found = search_after_import(store, actor=actor, now=now)
    made = list(files)
    if found.n_new:
        note = Message(
            "疑似重复：新发现 {n} 对待比对，按规则关联 {m} 条",
            {"n": found.n_new - found.n_linked, "m": found.n_linked},
        )
        made[changed[-1]] = replace(made[changed[-1]], notes=(*made[changed[-1]].notes, note))
    return made


def review(
    store: Store, *, kind: str = "facilities", scope: Scope, as_of: datetime, decided: bool = False
) -> list[Pair]:
    """Return the pairs to look at, or those decided, with both records as now known."""
    statuses = (SAME, DIFFERENT) if decided else (OPEN, LATER)
    pairs = matches.list_pairs(store, scope=scope, kind=kind, statuses=statuses)
    if not pairs:
        return []
    held = _records(store, kind, scope=scope, as_of=as_of)
    shown = []
    for pair in sorted(pairs, key=lambda row: row["status"] == LATER):
        left, right = held.get(pair["left_id"]), held.get(pair["right_id"])
        if left is not None and right is not None:
            shown.append(_shown(pair, left, right))
    return shown


def decide(
    store: Store, pair_id: int, status: str, *, actor: str, scope: Scope, now: datetime
) -> None:
    """
    Write a decision on a pair, or take it back with ``open``.

    Deciding the same again changes nothing.

    Raises
    ------
    NotFoundError
        If there is no such pair for this reader.
    """
    access.require(store, actor, RIGHT)
    if status not in matches.STATUSES:
        raise ValueError(f"status must be one of {matches.STATUSES}, got {status}")
    at = engine.to_seconds(now)
    with store.write() as conn:
        pair = matches.get_pair(conn, pair_id, scope=scope)
        if pair["status"] == status:
            return
        matches.set_status(conn, pair_id, status=status, at=at, actor=actor)
        matches.rebuild_links(conn, pair["kind"], at=at)
        audit.append(
            conn,
            at=at,
            actor=actor,
            action="match.decide",
            object_id=str(pair_id),
            detail={
                "kind": pair["kind"],
                "left": pair["left_id"],
                "right": pair["right_id"],
                "from": pair["status"],
                "to": status,
            },
        )
        engine.bump_data_version(conn)


def canonical_ids(store: Store, kind: str, *, as_of: datetime) -> dict[str, str]:
    """Return record id → the id that stands for it; records without a link are not there."""
    return matches.canonical_ids(store, kind, as_of=engine.to_seconds(as_of))


def same_as(
    store: Store, record_id: str, *, kind: str = "facilities", as_of: datetime
) -> list[str]:
    """Return all ids that are one thing with ``record_id``, the one that stands for all first."""
    links = canonical_ids(store, kind, as_of=as_of)
    top = links.get(record_id, record_id)
    return [top, *sorted(other for other, canonical in links.items() if canonical == top)]


def _pairs(store: Store, kind: str, *, scope: Scope, now: datetime) -> list[dict[str, Any]]:
    key = _KEYS[kind]
    # What was loaded a moment ago counts.
    held = load_rows(
        store, kind, scope=scope, as_of=now + timedelta(seconds=1), columns=_COLUMNS[kind]
    )
    found = facility_pairs(held) if kind == "facilities" else person_pairs(held)
    districts = dict(zip(held[key], held["district_code"], strict=True))
    made = []
    for row in found.itertuples(index=False):
        by_rule = (
            row.licence == "same"
            and row.score >= _RULE_SCORE
            and row.name >= 1.0
            and not row.distance_m > _RULE_DISTANCE_M
        )
        made.append(
            {
                "left_id": row.left_id,
                "right_id": row.right_id,
                "left_district": _text(districts.get(row.left_id)),
                "right_district": _text(districts.get(row.right_id)),
                "score": float(row.score),
                "reasons": {
                    "name": round(float(row.name), 2),
                    "address": bool(row.address),
                    "licence": str(row.licence),
                    "distance_m": None if pd.isna(row.distance_m) else round(float(row.distance_m)),
                },
                "status": SAME if by_rule else OPEN,
                "decided_at": engine.to_seconds(now) if by_rule else None,
                "decided_by": BY_RULE if by_rule else None,
            }
        )
    return made


def _records(
    store: Store, kind: str, *, scope: Scope, as_of: datetime
) -> dict[str, dict[str, Any]]:
    held = load_rows(store, kind, scope=scope, as_of=as_of, columns=_COLUMNS[kind])
    rows = held[_COLUMNS[kind]].to_dict("records")
    return {str(row[_KEYS[kind]]): row for row in rows}


def _shown(pair: dict[str, Any], left: dict[str, Any], right: dict[str, Any]) -> Pair:
    return Pair(
        pair_id=int(pair["pair_id"]),
        kind=str(pair["kind"]),
        score=float(pair["score"]),
        status=str(pair["status"]),
        decided_by=pair["decided_by"],
        distance_m=pair["reasons"]["distance_m"],
        left=_plain(left),
        right=_plain(right),
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if pd.isna(value) else value.date() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in {"lon", "lat"}
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
