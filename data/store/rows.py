"""Save records as versions, and load what was known at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select, tuple_

from data import frames, schema
from data.scope import Scope
from data.store import hand_edits, ledger_writes, queries, tables, versions
from data.store.engine import Store, to_instant, to_seconds
from data.store.inserts import Held, Inserts

_FEW_KEYS = 200
_PART_ROWS = 150_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCounts:
    """
    What became of the rows of one file; ``taken + updated`` are all of them.

    ``unchanged`` of the taken rows say what the store already held. ``kept`` fields differ
    from what a person wrote by hand, and the person's word stands. ``disagreed`` leads are
    finished for one of file and ledger only, and the ledger's word stands.
    """

    taken: int
    updated: int
    unchanged: int
    kept: int = 0
    disagreed: int = 0

    def __add__(self, other: "SaveCounts") -> "SaveCounts":
        """Add the counts of two parts of a file."""
        return SaveCounts(
            taken=self.taken + other.taken,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            kept=self.kept + other.kept,
            disagreed=self.disagreed + other.disagreed,
        )

    @property
    def changes_anything(self) -> bool:
        """Whether a version was written."""
        return self.taken + self.updated > self.unchanged


def save_rows(
    conn: Connection,
    kind: str,
    records: pd.DataFrame,
    *,
    import_id: int | None,
    known_on: datetime,
    now: datetime | None = None,
) -> SaveCounts:
    """
    Write records inside the caller's transaction, as new versions where they differ.

    Parameters
    ----------
    records
        Columns of ``data/schema.py``; see ``data/frames.py`` for their types.
        Rows of one key fold into one chain of versions.
    known_on
        Day the extract was made: from then on what has no date of its own is known.
    now
        Moment of loading, ``known_on`` if not given. A stored record whose
        content differs gets a version known from ``known_on`` where that is later
        than all we held of it, else from ``now``.
    """
    spec = schema.KINDS[kind]
    kept = hand_edits.keep(conn, kind, records)
    records, n = kept.records, kept.n_dropped
    counts = SaveCounts(taken=n, updated=0, unchanged=n, kept=kept.n_fields)
    if kind == "complaints":
        n_other = ledger_writes.note_disagreements(
            conn, records, known_on=to_seconds(known_on), now=to_seconds(now or known_on)
        )
        counts = replace(counts, disagreed=n_other)
        records = ledger_writes.kept_by_ledger(conn, records)
    for part in _parts(spec, records):
        counts += _save_part(
            conn,
            spec,
            part,
            import_id=import_id,
            known_on=to_seconds(known_on),
            now=to_seconds(now or known_on),
        )
    return counts


def load_rows(
    store: Store,
    kind: str,
    *,
    scope: Scope,
    as_of: datetime,
    columns: Sequence[str] | None = None,
    since: datetime | None = None,
    box: queries.Box | None = None,
    joined: bool = False,
) -> pd.DataFrame:
    """
    Load one row per record, as it was known before ``as_of``.

    Parameters
    ----------
    columns
        Columns wanted, default all of ``data/schema.py`` that are no identity;
        ``district_code`` is always there.
    since
        Only records whose event is at this instant or later.
    box
        Only records with a point in west, south, east, north (degrees, WGS-84).
    joined
        Give the history of facilities linked as the same to the one that stands for
        them, and leave the others out of the facilities.

    Returns
    -------
    rows
        Sorted by key. Types as in ``data/frames.py``. A lead, case or inspection
        without own point, area or district has those of its facility, an absence
        or recusal the district of its officer, as known before ``as_of``.
    """
    wanted, types = _wanted(schema.KINDS[kind], columns)
    query = queries.visible_rows(
        kind, scope=scope, as_of=to_seconds(as_of), columns=wanted, box=box, joined=joined
    )
    if since is not None:
        query = query.where(queries.happened_since(kind, to_seconds(since)))
    with store.read() as conn:
        rows = conn.execute(query).cursor.fetchall()
    return frames.from_stored(wanted, types, rows)


def count_rows(store: Store, *, scope: Scope, as_of: datetime) -> dict[str, int]:
    """Count the records of each kind that the reader may see, as known before ``as_of``."""
    counts = {}
    with store.read() as conn:
        for kind in schema.KINDS:
            query = queries.visible_rows(kind, scope=scope, as_of=to_seconds(as_of), columns=())
            counts[kind] = int(
                conn.execute(select(func.count()).select_from(query.subquery())).scalar_one()
            )
    return counts


def known_span(store: Store) -> tuple[datetime, datetime] | None:
    """Return the earliest and the latest event among leads, cases and inspections."""
    ends: list[int] = []
    with store.read() as conn:
        for kind in ("complaints", "cases", "inspections"):
            column = tables.VERSIONED[kind].c[schema.KINDS[kind].event or ""]
            found = conn.execute(select(func.min(column), func.max(column))).one()
            stored = np.array([value for value in found if value is not None], dtype=object)
            if len(stored) and isinstance(stored[0], str):
                stored = frames.day_starts(stored)
            ends += [int(value) for value in stored]
    return (to_instant(min(ends)), to_instant(max(ends))) if ends else None


@dataclass(frozen=True, slots=True)
class _Compared:
    """Per record code: is it new; else the held version that it changes, or None."""

    is_new: NDArray[np.bool_]
    changed: Mapping[int, Held]


def _parts(spec: schema.Kind, records: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Split many rows, so that memory stays bounded; rows of one record stay together."""
    if len(records) <= _PART_ROWS or spec.key == ("row_id",):
        if len(records):
            yield records
        return
    codes = records.groupby(list(spec.key), sort=False, dropna=False).ngroup().to_numpy()
    for start in range(0, int(codes.max()) + 1, _PART_ROWS):
        yield records[(codes >= start) & (codes < start + _PART_ROWS)]


def _save_part(
    conn: Connection,
    spec: schema.Kind,
    records: pd.DataFrame,
    *,
    import_id: int | None,
    known_on: int,
    now: int,
) -> SaveCounts:
    stored = frames.to_stored(spec, records)
    contents = versions.describe(spec, stored, known_on=known_on)
    if spec.key == ("row_id",):
        stored = {"row_id": _row_ids(contents.full_hash), **stored}
    codes, keys = _number_records(spec, stored)
    chains = versions.build_chains(contents, record=codes)
    held = _held_versions(conn, spec, keys)
    sorting = _compare(chains, contents, keys=keys, held=held)
    inserts = Inserts(tables.VERSIONED[spec.name], spec, stored, import_id)
    inserts.add_chains(conn, chains, wanted=sorting.is_new)
    inserts.add_changes(
        conn,
        chains,
        contents=contents,
        changed=sorting.changed,
        known_on=known_on,
        now=now,
    )
    return _count(codes, sorting)


def _row_ids(hashes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Name rows without natural key by content and, among equal ones, a running number."""
    texts = pd.Series([digest.hex() for digest in hashes])
    running = texts.groupby(texts, sort=False).cumcount()
    return (texts + "-" + running.astype(str)).to_numpy(dtype=object)


def _number_records(
    spec: schema.Kind, stored: versions.Stored
) -> tuple[NDArray[np.int64], list[tuple[object, ...]]]:
    keys = list(zip(*(stored[name] for name in spec.key), strict=True))
    if len(spec.key) == 1:
        codes, unique = pd.factorize(stored[spec.key[0]])
        return codes.astype(np.int64), [(key,) for key in unique]
    numbers: dict[tuple[object, ...], int] = {}
    found = [numbers.setdefault(key, len(numbers)) for key in keys]
    return np.array(found, dtype=np.int64), list(numbers)


def _held_versions(
    conn: Connection, spec: schema.Kind, keys: list[tuple[object, ...]]
) -> dict[tuple[object, ...], Held]:
    """Fetch the current version of each record that is stored."""
    table = tables.VERSIONED[spec.name]
    columns = [table.c[name] for name in spec.key]
    query = select(table.c.version_id, table.c.known_from, table.c.content_hash, *columns).where(
        table.c.known_to.is_(None)
    )
    if len(keys) <= _FEW_KEYS:
        query = query.where(tuple_(*columns).in_(keys))
    # Of a large file the whole table is looked through once; only its own records are kept.
    wanted = set(keys)
    return {
        key: Held(row[0], row[1], row[2])
        for row in iter(conn.execute(query).cursor.fetchone, None)
        if (key := tuple(row[3:])) in wanted
    }


def _compare(
    chains: versions.Chains,
    contents: versions.Contents,
    *,
    keys: list[tuple[object, ...]],
    held: Mapping[tuple[object, ...], Held],
) -> _Compared:
    is_new = np.array([key not in held for key in keys], dtype=bool)
    final_hash = contents.full_hash[chains.final_row]
    changed = {
        code: held[key]
        for code, key in enumerate(keys)
        if not is_new[code] and held[key].content_hash != final_hash[code]
    }
    return _Compared(is_new, changed)


def _count(codes: NDArray[np.int64], compared: _Compared) -> SaveCounts:
    n_rows = np.bincount(codes, minlength=len(compared.is_new))
    changed = np.zeros(len(n_rows), dtype=bool)
    changed[list(compared.changed)] = True
    n_new = int(compared.is_new.sum())
    folded = int(n_rows[compared.is_new].sum()) - n_new
    updated = folded + int(n_rows[changed].sum())
    unchanged = int(n_rows[~compared.is_new & ~changed].sum())
    return SaveCounts(taken=n_new + unchanged, updated=updated, unchanged=unchanged)


def _wanted(spec: schema.Kind, columns: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    types = {column.name: column.type for column in spec.columns if not column.identity}
    if "row_id" in spec.key:
        types = {"row_id": "text", **types}
    types.setdefault("district_code", "text")
    wanted = list(types if columns is None else dict.fromkeys((*columns, "district_code")))
    if unknown := set(wanted) - set(types):
        raise ValueError(f"{spec.name} has no columns {sorted(unknown)}")
    return wanted, types
