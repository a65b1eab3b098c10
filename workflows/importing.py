"""Files in, report out, store updated: one transaction per file."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from data import audit, identity, schema
from data.importers import headers, reading
from data.importers.profiles import Profile, read_profile
from data.importers.report import FileReport, ImportReport, Refusal
from data.records import Message
from data.store import engine, imports, rows
from data.store.engine import Store
from errors import BadFileError
from workflows import area_classes, import_profiles, import_reading, matching, wording
from workflows.import_reading import Choice, Part, Seen, Source, Wish

log = logging.getLogger(__name__)

Progress = Callable[[float, Message], None]
TRUTH = "truth"
"""Folder beside the demo city's files that says what is hidden; never loaded."""


def import_paths(
    store: Store,
    paths: Sequence[Path],
    *,
    kind: str | None = None,
    datum: str = "auto",
    profile: Path | None = None,
    choices: Sequence[Choice] = (),
    actor: str,
    now: datetime,
    together: bool = False,
    job_id: str | None = None,
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
    choices
        What a person settled for single tables; goes before all else.
    together
        All files in one transaction, or none of them; else each file by itself.
    job_id
        The job that does it, to find its imports again.
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
    wish = Wish(
        kind=kind,
        datum=datum,
        profile=mapping,
        actor=actor,
        now=now,
        choices=choices,
        saved=import_profiles.saved_profiles(store),
        job_id=job_id,
    )
    files: list[FileReport] = []
    ordered = in_order(sources, wish)
    if together:
        files = import_together(store, ordered, wish=wish, progress=progress)
    else:
        for source in _told(ordered, progress):
            files += import_file(store, source, wish=wish)
    files = matching.told(store, files, actor=actor, now=now)
    brought = {file.kind for file in files if file.taken + file.updated > file.unchanged}
    area_classes.compute_after(store, brought, actor=actor, now=now)
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


def import_file(store: Store, source: Source, *, wish: Wish) -> list[FileReport]:
    """
    Load one file in one transaction: all of it, or nothing.

    Returns one report per table, and two where a profile makes a second kind of
    the same rows.
    """
    started = time.perf_counter()
    try:
        parts = import_reading.read_parts(store, source, wish=wish, seen=Seen())
    except BadFileError as error:
        return [failed(source, error)]
    with store.write() as conn:
        reports = save_parts(conn, store, source, parts, wish=wish)
    log.info(
        "loaded %s rows as %s in %.1f s",
        sum(report.rows for report in reports),
        "+".join(part.kind for part in parts),
        time.perf_counter() - started,
    )
    return reports


def import_together(
    store: Store, sources: Sequence[Source], *, wish: Wish, progress: Progress | None = None
) -> list[FileReport]:
    """
    Load all files in one transaction: every one of them, or nothing.

    Where one can't be taken, the reports of the others say that nothing of them was
    stored because of it.
    """
    seen = Seen()
    read: list[tuple[Source, list[Part]]] = []
    wrong: list[FileReport] = []
    for source in _told(sources, progress):
        try:
            parts = import_reading.read_parts(store, source, wish=wish, seen=seen)
        except BadFileError as error:
            wrong.append(failed(source, error))
        else:
            seen.add(parts)
            read.append((source, parts))
    if wrong:
        names = "、".join(Path(report.path).name for report in wrong)
        why = "{file} 未导入：同一批的 {names} 不能导入，已选择全部导入或全部不导入"
        return wrong + [
            failed(source, BadFileError(why, file=source.name, names=names)) for source, _ in read
        ]
    with store.write() as conn:
        return [
            report
            for source, parts in read
            for report in save_parts(conn, store, source, parts, wish=wish)
        ]


def _told(sources: Sequence[Source], progress: Progress | None) -> Iterator[Source]:
    for number, source in enumerate(sources):
        if progress is not None:
            about = {"file": source.name, "a": number + 1, "b": len(sources)}
            progress(number / len(sources), Message("正在导入 {file}（{a} / {b}）", about))
        yield source


def failed(source: Source, error: BadFileError) -> FileReport:
    """Return the report of a file that could not be read."""
    return FileReport(path=str(source.path), error=Message(error.template, error.values))


def save_parts(
    conn: Connection, store: Store, source: Source, parts: Sequence[Part], *, wish: Wish
) -> list[FileReport]:
    """Write the parts of one file inside the caller's transaction and report on each."""
    file_hash = reading.hash_file(source.path)
    reports = [
        _save_part(conn, store, source, part, file_hash=file_hash, wish=wish) for part in parts
    ]
    notes = tuple(import_reading.unread_sheets(parts))
    reports[0] = replace(reports[0], notes=(*reports[0].notes, *notes))
    if any(report.taken + report.updated > report.unchanged for report in reports):
        engine.bump_data_version(conn)
    return reports


def in_order(sources: Sequence[Source], wish: Wish) -> list[Source]:
    """Sort files so that what others refer to comes first."""

    def place(source: Source) -> tuple[int, str]:
        kind = wish.kind or _named_kind(source.name, wish.profile)
        return (headers.ORDER.index(kind) if kind else len(headers.ORDER), source.name)

    return sorted(sources, key=place)


def _named_kind(name: str, profile: Profile | None) -> str | None:
    mapped = None if profile is None else profile.for_file(name)
    return headers.kind_of_name(name) if mapped is None else mapped.rule.kind


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name.startswith((".", "~$")):
            continue
        if path.is_dir():
            if path.name != TRUTH:
                yield from _files_below(path)
        else:
            yield path


def _save_part(
    conn: Connection, store: Store, source: Source, part: Part, *, file_hash: str, wish: Wish
) -> FileReport:
    at = engine.to_seconds(wish.now)
    checked = part.checked
    signature = _signature(file_hash, part)
    seen = imports.was_loaded(conn, file_hash=signature)
    import_id = imports.add_import(
        conn,
        imported_at=at,
        actor=wish.actor,
        file_name=source.name,
        file_hash=signature,
        datum=part.datum.datum,
        sha256=file_hash,
        sheet=part.table.sheet,
        job_id=wish.job_id,
    )
    if seen:
        # An older extract loaded again is no news: it must not undo a newer one.
        n_rows = len(checked.records)
        counts = rows.SaveCounts(taken=n_rows, updated=0, unchanged=n_rows)
    else:
        known_on = part.profile.known_on or wish.now
        counts = rows.save_rows(
            conn, part.kind, checked.records, import_id=import_id, known_on=known_on, now=wish.now
        )
        if not checked.identities.empty:
            identity.save_identities(conn, store, checked.identities)
    report = _report(part, counts, import_id=import_id, seen=seen)
    report = replace(report, path=str(source.path))
    written = {
        "n_rows": report.rows,
        "n_taken": report.taken,
        "n_updated": report.updated,
        "n_unchanged": report.unchanged,
        "n_refused": len(report.refused),
        "n_warned": report.n_warned,
    }
    imports.set_counts(conn, import_id, kind=part.kind, counts=written)
    imports.add_refusals(conn, import_id, map(_row, report.refused))
    imports.add_refusals(conn, import_id, map(_row, report.warnings), level=imports.WARNING)
    audit.append(
        conn,
        at=at,
        actor=wish.actor,
        action="import",
        object_id=str(import_id),
        detail={"kind": part.kind, **written},
    )
    return report


def _row(row: Refusal) -> tuple[int, str | None, str | None, Message]:
    return row.row, row.column, row.value, row.reason


def _report(part: Part, counts: rows.SaveCounts, *, import_id: int, seen: bool) -> FileReport:
    notes = [*part.checked.notes]
    if part.datum.note is not None:
        notes.append(part.datum.note)
    if seen:
        notes.append(Message("这个文件以前导入过，未作更改"))
    if counts.kept:
        notes.append(Message("有 {n} 处与人工录入不同，保留人工录入", {"n": counts.kept}))
    if counts.disagreed:
        told = "有 {n} 条线索是否办结与台账不同，以台账为准，已记入线索经过"
        notes.append(Message(told, {"n": counts.disagreed}))
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
        sheet=part.table.sheet,
        left_out=tuple(Refusal(row.row, None, None, row.reason) for row in part.left_out),
        warnings=part.checked.warnings,
        n_warned=part.checked.n_warned,
    )


def _signature(file_hash: str, part: Part) -> str:
    """Return what makes two loads of a table the same: its bytes and the way it was read."""
    way = f"{part.kind}|{part.datum.datum}|{part.profile!r}"
    if part.table.sheet is not None:
        way = f"{part.table.sheet}|{way}"
    return hashlib.sha256(f"{file_hash}|{way}".encode()).hexdigest()
