"""
Look at files before anything is stored: kinds, columns, counts, refused rows, a small map.

The counts are those of the import itself: it is done in a transaction that is
rolled back. What a person must settle first (kind, required columns, datum) is
asked per table; a table with a question is not counted, but for its datum.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from data.importers import reading
from data.importers.reading import FileTable
from data.importers.report import FileReport, ImportReport
from data.records import Message
from data.store.engine import Store
from errors import BadFileError
from workflows import import_reading, import_tables, importing, map_layers, wording
from workflows.import_reading import Choice, Part, Seen, Source, Wish

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
    the columns of each table with proposals and what is asked of a person,
    ``points`` a map layer of blurred points or ``None``.
    """
    wish = replace(wish, looking=True)
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
            described = import_tables.describe(read, source, wish)
            parts = _parts_without_question(store, source, wish, seen, read, described)
        except BadFileError as error:
            reports.append(importing.failed(source, error))
            continue
        tables += described
        seen.add(parts)
        reports += _counted(store, source, parts, wish)
        points += [_points(part) for part in parts]
    said = ImportReport(tuple(reports), say=wording.say).to_json(None)
    return {
        "files": [_shortened(file) for file in said["files"]],  # type: ignore[attr-defined] # a list
        "tables": tables,
        "points": _layer(points),
    }


def _parts_without_question(
    store: Store,
    source: Source,
    wish: Wish,
    seen: Seen,
    read: Sequence[FileTable],
    described: Sequence[dict[str, Any]],
) -> list[Part]:
    """Read the tables that can be read as they are, and note what became of their datum."""
    asking = {table["sheet"] for table in described if table["asks_kind"] or table["missing"]}
    left = [table for table in read if table.sheet not in asking]
    if not left or all(t["skip"] for t in described if t["sheet"] not in asking):
        return []
    skipped = [Choice(file=source.name, sheet=sheet, skip=True) for sheet in asking]
    others = [c for c in wish.choices if c.file != source.name or c.sheet not in asking]
    settled = replace(wish, choices=(*skipped, *others))
    parts = import_reading.read_parts(store, source, wish=settled, seen=seen, tables=read)
    by_sheet = {table["sheet"]: table for table in described}
    for part in parts:
        import_tables.note_datum(by_sheet[part.table.sheet], part)
    return parts


def _counted(
    store: Store, source: Source, parts: Sequence[Part], wish: Wish
) -> Iterator[FileReport]:
    if not parts:
        return
    with store.write() as conn:
        reports = importing.save_parts(conn, store, source, parts, wish=wish)
        conn.rollback()
    yield from (replace(report, import_id=None) for report in reports)


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
    layer = map_layers.leads_layer(every.assign(status="new", closed_on=pd.NaT))
    return {**layer, "coming": True}


def _shortened(file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **file,
        "n_refused": len(file["refused"]),
        "refused": file["refused"][:ROWS_SHOWN],
        "warnings": file["warnings"][:ROWS_SHOWN],
        "left_out": file["left_out"][:ROWS_SHOWN],
    }
