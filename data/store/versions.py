"""
From rows of a file to versions of records: what was known, and from when.

A row tells a record as it stands when the file was made. Its event date says
when the record itself became known, the dates of its late columns (``closed_on``)
when those were learnt; the rest counts as learnt when the extract was made. Each
row therefore becomes up to three versions, and several rows of one id fold into
one chain. The order of rows in a file plays no part.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data import schema
from data.frames import NO_TIME, day_starts

Stored = Mapping[str, NDArray[np.object_]]
_LOAD = "load"
_HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Chains:
    """
    Versions of the records of one file, sorted by record and time.

    ``row`` is the file row that a version's content comes from, ``visible`` tells
    per late group whether its columns are filled, ``record`` numbers the records
    as in the codes given. ``final_row`` is, per record, the row that is its
    current content.
    """

    row: NDArray[np.int64]
    record: NDArray[np.int64]
    known_from: NDArray[np.int64]
    content_hash: NDArray[np.object_]
    visible: Mapping[str, NDArray[np.bool_]]
    final_row: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Contents:
    """Text form of each row's content, per late group; the groups' learning times."""

    tokens: Mapping[str, list[str]]
    times: Mapping[str, NDArray[np.int64]]
    dated: Mapping[str, NDArray[np.bool_]]
    full_hash: NDArray[np.object_]


def describe(kind: schema.Kind, stored: Stored, *, known_on: int) -> Contents:
    """
    Hash the rows' contents and find when each part became known.

    ``known_on`` is the day the extract was made, in seconds since 1970 UTC.
    """
    groups = late_groups(kind)
    event = _event_times(kind, stored)
    tokens: dict[str, list[str]] = {}
    times: dict[str, NDArray[np.int64]] = {}
    dated: dict[str, NDArray[np.bool_]] = {}
    for group, names in groups.items():
        tokens[group] = _tokens(stored, names)
        learnt = np.full(len(event), NO_TIME)
        if group == "":
            learnt = event
        elif group != _LOAD:
            learnt = day_starts(stored[group])
        dated[group] = learnt != NO_TIME
        times[group] = np.maximum(np.where(dated[group], learnt, known_on), event)
    every = [np.ones(len(event), dtype=bool)] * len(groups)
    full = _hashes(tokens, dict(zip(groups, every, strict=True)), np.arange(len(event)))
    return Contents(tokens=tokens, times=times, dated=dated, full_hash=full)


def late_groups(kind: schema.Kind) -> dict[str, list[str]]:
    """Return the stored columns by what says when they are learnt, ``""`` first."""
    groups: dict[str, list[str]] = {"": []}
    for column in kind.columns:
        if not column.identity:
            groups.setdefault(column.late or "", []).append(column.name)
    return groups


def build_chains(contents: Contents, *, record: NDArray[np.int64]) -> Chains:
    """
    Fold rows into chains of versions.

    Rows of one record are ranked by the last dated thing they know, then by
    content. The first row tells the beginning, each later one what came at or
    after its own last date, and only the last one what has no date.
    """
    n_rows = len(record)
    rank_time = _rank_times(contents)
    order = np.lexsort((contents.full_hash.astype("S16"), contents.times[""], rank_time, record))
    ordered = record[order]
    starts = np.append(True, ordered[1:] != ordered[:-1]) if n_rows else np.zeros(0, dtype=bool)
    is_first, is_last = np.zeros(n_rows, dtype=bool), np.zeros(n_rows, dtype=bool)
    is_first[order[starts]] = True
    is_last[order[np.append(starts[1:], True) if n_rows else starts]] = True
    rank = np.empty(n_rows, dtype=np.int64)
    rank[order] = np.arange(n_rows)

    rows, froms = _candidates(contents, rank_time=rank_time, is_first=is_first, is_last=is_last)
    sorting = np.lexsort((rank[rows], froms, record[rows]))
    rows, froms = rows[sorting], froms[sorting]
    keep = np.append((record[rows][1:] != record[rows][:-1]) | (froms[1:] != froms[:-1]), True)
    rows, froms = (rows[keep], froms[keep]) if len(rows) else (rows, froms)
    visible = _visible(contents, rows=rows, at=froms, is_last=is_last)
    hashes = _hashes(contents.tokens, visible, rows)
    if len(rows):
        same = (record[rows][1:] == record[rows][:-1]) & (hashes[1:] == hashes[:-1])
        keep = np.append(True, ~same)
        rows, froms, hashes = rows[keep], froms[keep], hashes[keep]
        visible = {group: flags[keep] for group, flags in visible.items()}
    final_row = np.flatnonzero(is_last)
    final_row = final_row[np.argsort(record[final_row])]
    return Chains(rows, record[rows], froms, hashes, visible, final_row)


def _event_times(kind: schema.Kind, stored: Stored) -> NDArray[np.int64]:
    n_rows = len(next(iter(stored.values())))
    if kind.event is None:
        return np.full(n_rows, schema.ALWAYS_KNOWN)
    values = stored[kind.event]
    if kind.by_name[kind.event].type == "instant":
        return np.array([schema.ALWAYS_KNOWN if v is None else v for v in values], dtype=np.int64)
    starts = day_starts(values)
    return np.where(starts == NO_TIME, schema.ALWAYS_KNOWN, starts)


def _tokens(stored: Stored, names: list[str]) -> list[str]:
    """
    Write the filled columns of each row as one text.

    Empty columns leave no trace, so that a column added to the schema later does
    not make every record look changed.
    """
    columns = [
        ["" if value is None else f"{name}\x1e{_as_text(value)}\x1f" for value in stored[name]]
        for name in names
    ]
    return ["".join(parts) for parts in zip(*columns, strict=True)]


def _as_text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _hashes(
    tokens: Mapping[str, list[str]],
    visible: Mapping[str, NDArray[np.bool_]],
    rows: NDArray[np.int64],
) -> NDArray[np.object_]:
    parts = [
        [texts[row] if seen else "" for row, seen in zip(rows, visible[group], strict=True)]
        for group, texts in tokens.items()
    ]
    hashes = np.empty(len(rows), dtype=object)
    hashes[:] = [
        hashlib.blake2b("".join(text).encode(), digest_size=_HASH_BYTES).digest()
        for text in zip(*parts, strict=True)
    ]
    return hashes


def _rank_times(contents: Contents) -> NDArray[np.int64]:
    latest = contents.times[""].copy()
    for group, dated in contents.dated.items():
        if group not in {"", _LOAD}:
            filled = dated & _filled(contents, group)
            latest = np.where(filled, np.maximum(latest, contents.times[group]), latest)
    return latest


def _candidates(
    contents: Contents,
    *,
    rank_time: NDArray[np.int64],
    is_first: NDArray[np.bool_],
    is_last: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, froms = [], []
    for group, times in contents.times.items():
        useful = (is_first | (times >= rank_time)) & (
            is_last | contents.dated[group] | (group == "")
        )
        if group:
            useful &= _filled(contents, group)
        found = np.flatnonzero(useful)
        rows.append(found)
        froms.append(times[found])
    return np.concatenate(rows), np.concatenate(froms)


def _visible(
    contents: Contents,
    *,
    rows: NDArray[np.int64],
    at: NDArray[np.int64],
    is_last: NDArray[np.bool_],
) -> dict[str, NDArray[np.bool_]]:
    return {
        group: (times[rows] <= at) & (is_last[rows] | contents.dated[group][rows] | (group == ""))
        for group, times in contents.times.items()
    }


def _filled(contents: Contents, group: str) -> NDArray[np.bool_]:
    return np.fromiter(map(bool, contents.tokens[group]), dtype=bool, count=len(contents.times[""]))
