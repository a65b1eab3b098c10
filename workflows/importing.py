"""Files in, report out, store updated: one transaction per file."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from data import audit, identity, schema
from data.importers import checks, datums, headers, reading
from data.importers.checks import Checked
from data.importers.profiles import FileProfile, Profile, Rule, read_profile
from data.importers.reading import FileTable
from data.importers.report import FileReport, ImportReport
from data.records import Message
from data.scope import EVERYTHING
from data.store import engine, imports, rows
from data.store.engine import Store
from errors import BadFileError
from workflows import wording

log = logging.getLogger(__name__)

Progress = Callable[[float, Message], None]
TRUTH = "truth"
"""Folder beside the demo city's files that says what is hidden; never loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file to load: where it is and the name it was sent under."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the caller asked for, for all files of one import."""

    kind: str | None
    datum: str
    profile: Profile | None
    actor: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The rows of one file as one kind, checked and moved to WGS-84."""

    kind: str
    checked: Checked
    datum: datums.Choice


def import_paths(
    store: Store,
    paths: Sequence[Path],
    *,
    kind: str | None = None,
    datum: str = "auto",
    profile: Path | None = None,
    actor: str,
    now: datetime,
    progress: Progress | None = None,
) -> ImportReport:
    """
    Load files and folders.

    Parameters
    ----------
    kind
        Kind of every file; found by profile, name or headers if not given.
    datum
        ``auto``, ``wgs84``, ``gcj02``, ``bd09`` or ``cgcs2000``.
    profile
        A mapping profile, see ``data/importers/profiles.py``.
    progress
        Is told the share done (0 to 1) and a sentence.

    Raises
    ------
    BadProfileError
        If the profile is no good; nothing is loaded then.
    """
    if kind is not None and kind not in schema.KINDS:
        raise ValueError(f"kind must be one of {sorted(schema.KINDS)}, got {kind}")
    mapping = None if profile is None else read_profile(profile)
    sources, ignored = find_sources(paths, profile=profile)
    wish = _Wish(kind=kind, datum=datum, profile=mapping, actor=actor, now=now)
    files: list[FileReport] = []
    for number, source in enumerate(_in_order(sources, wish)):
        if progress is not None:
            about = {"file": source.name, "a": number + 1, "b": len(sources)}
            progress(number / len(sources), Message("正在导入 {file}（{a} / {b}）", about))
        files += import_file(store, source, wish=wish)
    if progress is not None:
        progress(1.0, Message("导入完成"))
    return ImportReport(tuple(files), ignored=tuple(ignored), say=wording.say)


def find_sources(
    paths: Sequence[Path], *, profile: Path | None = None
) -> tuple[list[Source], list[str]]:
    """
    List the files to load, and those of folders that hold no data.

    Files named one by one are all listed, readable or not; of a folder only what
    has the ending of a data file, and nothing under a folder ``truth``.
    """
    sources: list[Source] = []
    ignored: list[str] = []
    for path in paths:
        if TRUTH in {path.name, path.parent.name}:
            ignored.append(str(path))
        elif not path.is_dir():
            sources.append(Source(path=path, name=path.name))
        else:
            for found in _files_below(path):
                if reading.format_of(found.name) is not None:
                    sources.append(Source(path=found, name=found.name))
                elif profile is None or found.resolve() != profile.resolve():
                    ignored.append(str(found.relative_to(path)))
    return sources, ignored


def import_file(store: Store, source: Source, *, wish: _Wish) -> list[FileReport]:
    """
    Load one file in one transaction: all of it, or nothing.

    Returns one report, or two where a profile makes a second kind of the same rows.
    """
    started = time.perf_counter()
    try:
        table = reading.read_table(source.path, name=source.name)
        profile = _profile_of(table, wish)
        parts = list(_parts(store, table, profile, wish))
    except BadFileError as error:
        sentence = Message(error.template, error.values)
        return [FileReport(path=str(source.path), kind=None, error=sentence)]
    reports = _save(store, source, parts, profile=profile, wish=wish)
    log.info(
        "loaded %s rows as %s in %.1f s",
        sum(report.rows for report in reports),
        "+".join(part.kind for part in parts),
        time.perf_counter() - started,
    )
    return reports


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name.startswith((".", "~$")):
            continue
        if path.is_dir():
            if path.name != TRUTH:
                yield from _files_below(path)
        else:
            yield path


def _in_order(sources: Sequence[Source], wish: _Wish) -> list[Source]:
    def place(source: Source) -> tuple[int, str]:
        kind = wish.kind or _named_kind(source.name, wish.profile)
        return (headers.ORDER.index(kind) if kind else len(headers.ORDER), source.name)

    return sorted(sources, key=place)


def _named_kind(name: str, profile: Profile | None) -> str | None:
    mapped = None if profile is None else profile.for_file(name)
    return headers.kind_of_name(name) if mapped is None else mapped.rule.kind


def _profile_of(table: FileTable, wish: _Wish) -> FileProfile:
    """Return the profile of a file, or one made up from its name and headers."""
    mapped = None if wish.profile is None else wish.profile.for_file(table.name)
    if mapped is not None and wish.kind in {None, mapped.rule.kind}:
        return mapped
    kind = wish.kind or headers.kind_of_name(table.name)
    if kind is None:
        has_shapes = table.shapes is not None
        kind = headers.kind_of_headers(table.headers, has_shapes=has_shapes, file=table.name)
    return FileProfile(pattern=table.name, rule=Rule(kind=kind))


def _parts(store: Store, table: FileTable, profile: FileProfile, wish: _Wish) -> Iterator[_Part]:
    main = checks.check_rows(table, profile.rule, profile=profile)
    also = []
    for rule in profile.also:
        chosen = table if rule.when is None else checks.select_rows(table, rule.when)
        second = checks.check_rows(chosen, rule, profile=profile)
        main = _linked(main, second, rule)
        also.append((rule.kind, second))
    for kind, checked in ((profile.rule.kind, main), *also):
        choice = _datum_of(store, table, checked, profile, wish)
        moved = datums.to_wgs84(checked.records, datum=choice.datum)
        yield _Part(kind=kind, checked=replace(checked, records=moved), datum=choice)


def _linked(main: Checked, second: Checked, rule: Rule) -> Checked:
    """Write the second record's key into the first record of the same row."""
    if rule.link is None:
        return main
    key = schema.KINDS[rule.kind].key[0]
    by_row = pd.Series(second.records[key].to_numpy(dtype=object), index=second.row)
    linked = pd.Series(main.row).map(by_row).astype("str")
    return replace(main, records=main.records.assign(**{rule.link: linked}))


def _datum_of(
    store: Store, table: FileTable, checked: Checked, profile: FileProfile, wish: _Wish
) -> datums.Choice:
    requested = wish.datum if wish.datum != "auto" else profile.datum or "auto"

    def areas() -> pd.DataFrame:
        columns = ["area_code", "shape"]
        return rows.load_rows(store, "areas", scope=EVERYTHING, as_of=wish.now, columns=columns)

    def roads() -> NDArray[np.object_]:
        lines = rows.load_rows(store, "roads", scope=EVERYTHING, as_of=wish.now, columns=["shape"])
        return lines["shape"].to_numpy(dtype=object)

    stated = headers.stated_datum(table.headers)
    choice = datums.choose(
        checked.records, requested=requested, stated=stated, areas=areas, roads=roads
    )
    datums.check_settled(choice, file=table.name)
    return choice


def _save(
    store: Store,
    source: Source,
    parts: Sequence[_Part],
    *,
    profile: FileProfile,
    wish: _Wish,
) -> list[FileReport]:
    reports: list[FileReport] = []
    with store.write() as conn:
        for part in parts:
            report = _save_part(conn, store, source, part, profile=profile, wish=wish)
            reports.append(replace(report, path=str(source.path)))
        if any(report.taken + report.updated > report.unchanged for report in reports):
            engine.bump_data_version(conn)
    return reports


def _save_part(
    conn: Connection,
    store: Store,
    source: Source,
    part: _Part,
    *,
    profile: FileProfile,
    wish: _Wish,
) -> FileReport:
    at = engine.to_seconds(wish.now)
    checked = part.checked
    signature = _signature(source.path, part, profile)
    seen = imports.was_loaded(conn, file_hash=signature)
    import_id = imports.add_import(
        conn,
        imported_at=at,
        actor=wish.actor,
        file_name=source.name,
        file_hash=signature,
        datum=part.datum.datum,
    )
    if seen:
        # An older extract loaded again is no news: it must not undo a newer one.
        n_rows = len(checked.records)
        counts = rows.SaveCounts(taken=n_rows, updated=0, unchanged=n_rows)
    else:
        known_on = profile.known_on or wish.now
        counts = rows.save_rows(
            conn, part.kind, checked.records, import_id=import_id, known_on=known_on, now=wish.now
        )
        if not checked.identities.empty:
            identity.save_identities(conn, store, checked.identities)
    report = _report(part, counts, import_id=import_id, seen=seen)
    written = {
        "n_rows": report.rows,
        "n_taken": report.taken,
        "n_updated": report.updated,
        "n_unchanged": report.unchanged,
        "n_refused": len(report.refused),
    }
    imports.set_counts(conn, import_id, kind=part.kind, counts=written)
    refused = ((r.row, r.column, r.value, r.reason) for r in report.refused)
    imports.add_refusals(conn, import_id, refused)
    audit.append(
        conn,
        at=at,
        actor=wish.actor,
        action="import",
        object_id=str(import_id),
        detail={"kind": part.kind, **written},
    )
    return report


def _report(part: _Part, counts: rows.SaveCounts, *, import_id: int, seen: bool) -> FileReport:
    notes = [*part.checked.notes]
    if part.datum.note is not None:
        notes.append(part.datum.note)
    if seen:
        notes.append(Message("这个文件以前导入过，未作更改"))
    if counts.kept:
        notes.append(Message("{n} 项与人工修改不同，保留人工修改", {"n": counts.kept}))
    has_place = bool({"lon", "base_lon", "shape"} & set(part.checked.records.columns))
    return FileReport(
        path="",
        kind=part.kind,
        rows=part.checked.n_rows,
        taken=counts.taken,
        updated=counts.updated,
        unchanged=counts.unchanged,
        refused=part.checked.refused,
        datum=part.datum.datum if has_place else None,
        ignored_columns=part.checked.ignored_columns,
        notes=tuple(notes),
        import_id=import_id,
    )


def _signature(path: Path, part: _Part, profile: FileProfile) -> str:
    """Return what makes two loads of a file the same: its bytes and the way it was read."""
    way = f"{part.kind}|{part.datum.datum}|{profile!r}"
    return hashlib.sha256(f"{reading.hash_file(path)}|{way}".encode()).hexdigest()
