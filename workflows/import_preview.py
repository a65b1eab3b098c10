"""
Look at files before anything is stored: kinds, columns, counts, refused rows, a small map.

The counts are those of the import itself: it is done in a transaction that is
rolled back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from data import schema
from data.importers import headers, proposal, reading
from data.importers.reading import FileTable
from data.importers.report import FileReport, ImportReport
from data.records import Message
from data.store.engine import Store
from errors import BadFileError
from workflows import import_reading, importing, map_layers, wording
from workflows.import_reading import Part, Seen, Source, Wish

ROWS_SHOWN = 50
_MAX_POINTS = 20_000
_SQUARES = 3_000

Progress = Callable[[float, Message], None]


def preview(
    store: Store, sources: Sequence[Source], *, wish: Wish, progress: Progress | None = None
) -> dict[str, Any]:
    """
    Return what an import of these files would do, as plain data.

    ``files`` are reports as of an import, with the first refused rows, ``tables``
    the columns of each table with proposals, ``points`` a map layer of blurred
    points or ``None``.
    """
    seen = Seen()
    reports: list[FileReport] = []
    tables: list[dict[str, Any]] = []
    points: list[pd.DataFrame] = []
    for number, source in enumerate(importing.in_order(sources, wish)):
        if progress is not None:
            about = {"file": source.name, "a": number + 1, "b": len(sources)}
            progress(number / len(sources), Message("正在检查 {file}（{a} / {b}）", about))
        try:
            read = reading.read_tables(source.path, name=source.name)
        except BadFileError as error:
            reports.append(importing.failed(source, error))
            continue
        tables += [_described(table, source, wish) for table in read]
        try:
            parts = import_reading.read_parts(store, source, wish=wish, seen=seen, tables=read)
        except BadFileError as error:
            reports.append(importing.failed(source, error))
            continue
        seen.add(parts)
        reports += _counted(store, source, parts, wish)
        points += [_points(part) for part in parts]
    said = ImportReport(tuple(reports), say=wording.say).to_json(None)
    return {
        "files": [_shortened(file) for file in said["files"]],  # type: ignore[attr-defined] # a list
        "tables": tables,
        "points": _layer(points),
    }


def _counted(store: Store, source: Source, parts: Sequence[Part], wish: Wish) -> list[FileReport]:
    with store.write() as conn:
        reports = importing.save_parts(conn, store, source, parts, wish=wish)
        conn.rollback()
    return [replace(report, import_id=None) for report in reports]


def _described(table: FileTable, source: Source, wish: Wish) -> dict[str, Any]:
    """Return a table's columns with what each is likely to be."""
    kind = _kind_of(table, source, wish)
    choice = wish.choice(source.name, table.sheet)
    made = [] if kind is None else proposal.propose(table, schema.KINDS[kind])
    chosen = {} if choice is None else {theirs: ours for ours, theirs in choice.columns.items()}
    return {
        "file": source.name,
        "sheet": table.sheet,
        "kind": kind,
        "skip": choice is not None and choice.skip,
        "is_layer": table.shapes is not None,
        "n_rows": len(table.row),
        "fingerprint": headers.fingerprint(table.headers),
        "columns": [
            {
                "header": item.header,
                "column": chosen.get(item.header, item.column) if not chosen
                else chosen.get(item.header),
                "confidence": item.confidence,
                "samples": list(item.samples),
            }
            for item in made
        ],
    }  # fmt: skip


def _kind_of(table: FileTable, source: Source, wish: Wish) -> str | None:
    """Return the kind of a table, the likeliest one where its columns do not settle it."""
    try:
        return import_reading.profile_of(table, source, wish, is_only=False).rule.kind
    except BadFileError:
        pass
    likely = {
        kind.name: sum(p.confidence for p in proposal.propose(table, kind) if p.column)
        for kind in schema.KINDS.values()
        if not any(column.type == "shape" for column in kind.columns)
    }
    best = max(likely, key=lambda name: likely[name])
    return best if likely[best] > 1 else None


def _points(part: Part) -> pd.DataFrame:
    records = part.checked.records
    if not {"lon", "lat"} <= set(records.columns):
        return pd.DataFrame(columns=["lon", "lat"])
    placed = records[["lon", "lat"]].dropna()
    return placed.iloc[:: max(1, len(placed) // _MAX_POINTS)]


def _layer(points: Sequence[pd.DataFrame]) -> Mapping[str, Any] | None:
    """Return blurred points, however they were read: none is drawn where it is."""
    every = pd.concat(points) if points else pd.DataFrame()
    if every.empty:
        return None
    every = every.iloc[:: max(1, len(every) // _SQUARES)]
    return map_layers.leads_layer(every.assign(status="new", closed_on=pd.NaT))


def _shortened(file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **file,
        "n_refused": len(file["refused"]),
        "refused": file["refused"][:ROWS_SHOWN],
        "warnings": file["warnings"][:ROWS_SHOWN],
        "left_out": file["left_out"][:ROWS_SHOWN],
    }
