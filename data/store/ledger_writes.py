"""
Write the ledger inside a transaction of the caller: acts, states, versions, index, pairs.

An act changes a lead by a new version of its record, known from the moment of the act, so
that every reader of ``rows.load_rows`` sees the ledger's state and a reader of an earlier
day does not. The version keeps the import its lead came from.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, delete, func, insert, or_, select, update

from data import schema
from data.store import tables, versions
from data.store.ledger_tables import lead_acts, lead_index, lead_pairs, lead_states

OWNED = ("due_on", "status", "handed_to", "closed_on", "outcome", "case_id")
"""Columns that a file no longer changes once the ledger has acted on a lead."""

_LEADS = tables.VERSIONED["complaints"]
_SPEC = schema.COMPLAINTS
_STORED = tuple(column.name for column in _SPEC.columns if not column.identity)
_FEW = 500


def current(conn: Connection, complaint_id: str) -> dict[str, Any] | None:
    """Return the newest version of a lead as stored, ``None`` if there is none."""
    query = select(_LEADS).where(_LEADS.c.complaint_id == complaint_id, _LEADS.c.known_to.is_(None))
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def change(conn: Connection, row: Mapping[str, Any], changes: Mapping[str, Any], *, at: int) -> int:
    """
    Write a version of a lead with some columns changed, known from ``at``; return its id.

    ``row`` is its newest version. Two versions never begin in the same second.
    """
    known_from = max(at, int(row["known_from"]) + 1)
    conn.execute(
        update(_LEADS).where(_LEADS.c.version_id == row["version_id"]).values(known_to=known_from)
    )
    values = {name: value for name, value in row.items() if name != "version_id"} | dict(changes)
    values |= {
        "known_from": known_from,
        "known_to": None,
        "content_hash": content_hash(values),
    }
    made = conn.execute(insert(_LEADS).values(**values)).inserted_primary_key
    assert made is not None  # noqa: S101 - a row that was inserted has a key
    return int(made[0])


def content_hash(values: Mapping[str, Any]) -> bytes:
    """Return the hash that an import of a row with these values would have."""
    stored = {name: np.array([values[name]], dtype=object) for name in _STORED}
    digest: bytes = versions.describe(_SPEC, stored, known_on=0).full_hash[0]
    return digest


def add_act(
    conn: Connection,
    *,
    key: str,
    batch: str,
    complaint_id: str,
    at: int,
    actor: str,
    kind: str,
    detail: Mapping[str, object],
    note: str | None = None,
    before: Mapping[str, object] | None = None,
) -> int:
    """Add one act and return its number; ``before`` is what an undo brings back."""
    made = conn.execute(
        insert(lead_acts).values(
            act_key=key,
            batch=batch,
            complaint_id=complaint_id,
            at=at,
            actor=actor,
            kind=kind,
            detail=json.dumps(detail, ensure_ascii=False, sort_keys=True),
            note=note,
            before=None if before is None else json.dumps(before, sort_keys=True),
        )
    ).inserted_primary_key
    assert made is not None  # noqa: S101 - a row that was inserted has a key
    return int(made[0])


def act_of_key(conn: Connection, key: str) -> int | None:
    """Return the act that was written under a key."""
    found = conn.execute(select(lead_acts.c.act_id).where(lead_acts.c.act_key == key)).scalar()
    return None if found is None else int(found)


def state_of(conn: Connection, complaint_id: str) -> dict[str, Any] | None:
    """Return what the ledger decided of a lead."""
    found = conn.execute(
        select(lead_states.c.document).where(lead_states.c.complaint_id == complaint_id)
    ).scalar()
    return None if found is None else dict(json.loads(found))


def set_state(
    conn: Connection, complaint_id: str, state: Mapping[str, object] | None, *, at: int
) -> None:
    """Replace what the ledger decided of a lead; ``None`` gives it back to its file."""
    conn.execute(delete(lead_states).where(lead_states.c.complaint_id == complaint_id))
    if state is not None:
        text = json.dumps(state, ensure_ascii=False, sort_keys=True)
        conn.execute(
            insert(lead_states).values(complaint_id=complaint_id, acted_at=at, document=text)
        )


def replace_index(conn: Connection, lines: Sequence[Mapping[str, object]]) -> None:
    """Write lines of the index in place of those of the same leads; ``n_likely`` stays."""
    ids = [str(line["complaint_id"]) for line in lines]
    kept: dict[str, int] = {}
    for part in _parts(ids):
        likely = select(lead_index.c.complaint_id, lead_index.c.n_likely).where(
            lead_index.c.complaint_id.in_(part), lead_index.c.n_likely > 0
        )
        kept |= {str(key): int(str(n)) for key, n in conn.execute(likely)}
        conn.execute(delete(lead_index).where(lead_index.c.complaint_id.in_(part)))
    if lines:
        rows = [{"n_likely": kept.get(str(line["complaint_id"]), 0), **line} for line in lines]
        conn.execute(insert(lead_index), rows)


def drop_lost(conn: Connection) -> int:
    """Take leads out of the ledger that are no longer in the store; return how many."""
    known = select(_LEADS.c.complaint_id).where(_LEADS.c.known_to.is_(None))
    gone = conn.execute(delete(lead_index).where(lead_index.c.complaint_id.not_in(known)))
    conn.execute(
        delete(lead_pairs).where(
            or_(lead_pairs.c.first_id.not_in(known), lead_pairs.c.second_id.not_in(known))
        )
    )
    conn.execute(delete(lead_states).where(lead_states.c.complaint_id.not_in(known)))
    return int(gone.rowcount)


def replace_suggestions(
    conn: Connection, ids: Sequence[str], pairs: Sequence[Mapping[str, object]]
) -> None:
    """Write new suggestions for some leads in place of the undecided old ones."""
    undecided = lead_pairs.c.verdict.is_(None)
    for part in _parts(ids):
        concerned = or_(lead_pairs.c.first_id.in_(part), lead_pairs.c.second_id.in_(part))
        conn.execute(delete(lead_pairs).where(undecided, concerned))
    held = {
        tuple(row) for row in conn.execute(select(lead_pairs.c.first_id, lead_pairs.c.second_id))
    }
    new = [pair for pair in pairs if (pair["first_id"], pair["second_id"]) not in held]
    if new:
        conn.execute(insert(lead_pairs), new)


def set_verdict(
    conn: Connection, pair: tuple[str, str], verdict: str | None, *, actor: str, at: int
) -> str | None:
    """Keep what somebody decided of a pair and return what was decided before."""
    first, second = sorted(pair)
    mine = (lead_pairs.c.first_id == first) & (lead_pairs.c.second_id == second)
    found = conn.execute(select(lead_pairs.c.verdict).where(mine)).one_or_none()
    values = {"verdict": verdict, "decided_at": at, "decided_by": actor}
    if found is None:
        fresh = {"first_id": first, "second_id": second, "kind": "same", "score": 1.0}
        conn.execute(insert(lead_pairs).values(**fresh, reasons="[]", **values))
        return None
    conn.execute(update(lead_pairs).where(mine).values(**values))
    return None if found[0] is None else str(found[0])


def count_likely(conn: Connection, ids: Iterable[str] | None = None) -> None:
    """Count anew how many undecided suggestions each lead has."""
    ends = (lead_pairs.c.first_id, lead_pairs.c.second_id)
    counts: dict[str, int] = {}
    for end in ends:
        query = select(end, func.count()).where(lead_pairs.c.verdict.is_(None)).group_by(end)
        for key, n in conn.execute(query):
            counts[str(key)] = counts.get(str(key), 0) + int(str(n))
    held = select(lead_index.c.complaint_id, lead_index.c.n_likely)
    if ids is None:
        held = held.where(lead_index.c.n_likely > 0)
        old = {str(key): int(str(n)) for key, n in conn.execute(held)}
        wanted: set[str] = set(old) | set(counts)
    else:
        wanted, old = set(ids), {}
    for key in sorted(wanted):
        if old.get(key, -1) != counts.get(key, 0):
            conn.execute(
                update(lead_index)
                .where(lead_index.c.complaint_id == key)
                .values(n_likely=counts.get(key, 0))
            )


def kept_by_ledger(conn: Connection, records: pd.DataFrame) -> pd.DataFrame:
    """
    Return records of a file with the ledger's columns of the leads it has acted on.

    What a person decided here is never undone by a file; the rest of the row is taken.
    """
    acted = {str(row[0]) for row in conn.execute(select(lead_states.c.complaint_id))}
    hit = records["complaint_id"].isin(acted) if acted else None
    if hit is None or not hit.any():
        return records
    columns = [_LEADS.c[name] for name in ("complaint_id", *OWNED)]
    held: dict[str, Mapping[str, Any]] = {}
    for part in _parts(sorted(set(records.loc[hit, "complaint_id"]))):
        query = select(*columns).where(_LEADS.c.complaint_id.in_(part), _LEADS.c.known_to.is_(None))
        held |= {str(row["complaint_id"]): dict(row) for row in conn.execute(query).mappings()}
    kept = records.copy()
    for name in OWNED:
        values = [held.get(key, {}).get(name) for key in kept.loc[hit, "complaint_id"]]
        dates = _SPEC.by_name[name].type == "date"
        column = kept[name] if name in kept else pd.Series(None, index=kept.index, dtype=object)
        column = pd.to_datetime(column) if dates else column.astype(object)
        column.loc[hit] = pd.to_datetime(pd.Series(values)).to_numpy() if dates else values
        kept[name] = column
    return kept


def note_disagreements(conn: Connection, records: pd.DataFrame, *, known_on: int, now: int) -> int:
    """
    Note on leads that the ledger acted on where a file says otherwise; return how many.

    Only whether a lead is finished counts: a file that lags behind some step is no news,
    and neither is an open lead in an extract made before the ledger's act. The same word
    of a file is noted once after each act.
    """
    if "status" not in records and "closed_on" not in records:
        return 0
    states = select(lead_states.c.complaint_id, lead_states.c.acted_at)
    acted = {str(key): int(str(at)) for key, at in conn.execute(states)}
    told = records[records["complaint_id"].isin(acted)].drop_duplicates("complaint_id", keep="last")
    n_noted = 0
    for row in told.to_dict("records"):
        key = str(row["complaint_id"])
        says = _said(row)
        held = current(conn, key)
        if says is None or held is None or says == held["status"]:
            continue
        ends, ended = says in _DONE, _said(held) in _DONE
        if ends == ended or (ended and known_on <= acted[key]):
            continue
        n_noted += 1
        once = f"file:{key}:{says}:{acted[key]}"
        if act_of_key(conn, once) is None:
            add_act(
                conn, key=once, batch=once, complaint_id=key, at=now, actor="import",
                kind="file", detail={"status": says},
            )  # fmt: skip
    return n_noted


_DONE = frozenset({"closed", "returned"})


def _said(row: Mapping[str, Any]) -> str | None:
    """Return the state that a row tells of; a lead with a closing date is closed."""
    status, closed_on = row.get("status"), row.get("closed_on")
    if closed_on is not None and not pd.isna(closed_on):
        return "returned" if status == "returned" else "closed"
    return None if status is None or pd.isna(status) else str(status)


def forget_leads_of(conn: Connection, import_ids: Sequence[int]) -> None:
    """Take out the ledger of leads that leave the store with these imports."""
    going = _LEADS.c.import_id.in_(import_ids)
    staying = select(_LEADS.c.complaint_id).where(
        or_(_LEADS.c.import_id.is_(None), _LEADS.c.import_id.not_in(import_ids))
    )
    lost = select(_LEADS.c.complaint_id).where(going, _LEADS.c.complaint_id.not_in(staying))
    for table in (lead_acts, lead_states, lead_index):
        conn.execute(delete(table).where(table.c.complaint_id.in_(lost)))
    conn.execute(
        delete(lead_pairs).where(
            or_(lead_pairs.c.first_id.in_(lost), lead_pairs.c.second_id.in_(lost))
        )
    )


def _parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(ids), _FEW):
        yield ids[start : start + _FEW]
