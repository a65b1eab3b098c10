"""What is said of one table of a file that was looked at: its columns, and what must be asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from data import schema
from data.importers import headers, proposal
from data.importers.profiles import DEFAULT, FileProfile, Rule
from data.importers.reading import FileTable
from errors import BadFileError
from workflows import import_profiles, import_reading
from workflows.import_reading import Choice, Part, Source, Wish


def describe(tables: Sequence[FileTable], source: Source, wish: Wish) -> list[dict[str, Any]]:
    """
    Return each table of a file as plain data.

    ``columns`` say per header which column it is read as, and where none is, which
    one it may be. ``asks_kind`` says that a person must confirm the kind; ``missing``
    lists required columns that nothing is read as, each with the likeliest headers.
    """
    made = [_described(table, source, wish, is_only=len(tables) == 1) for table in tables]
    if all(table["unread"] for table in made):
        # None of several sheets is known: then the likeliest kind of each is asked.
        for table in made:
            table["asks_kind"] = not table["skip"]
    return made


def note_datum(table: dict[str, Any], part: Part) -> None:
    """Note the datum that a part was read in, and whether a person must name it."""
    columns = set(part.checked.records.columns)
    if not {"lon", "base_lon", "shape"} & columns:
        return
    table["datum"] = part.datum.datum
    table["assumed"] = part.datum.assumed
    if part.datum.asks and part.datum.note is not None:
        note = part.datum.note
        table["asks_datum"] = {"t": note.template, "v": dict(note.values)}


def _described(table: FileTable, source: Source, wish: Wish, *, is_only: bool) -> dict[str, Any]:
    choice = wish.choice(source.name, table.sheet)
    profile = _profile(table, source, wish, is_only=is_only)
    kind = _likeliest(table) if profile is None else profile.rule.kind
    asked = profile
    if asked is None and kind is not None and is_only:
        # The kind is to be confirmed: what it needs is asked along with it.
        asked = FileProfile(pattern=source.name, rule=Rule(kind=kind))
    read_as = {} if kind is None else _read_as(table, kind, profile)
    is_skipped = choice is not None and choice.skip
    return {
        "file": source.name,
        "sheet": table.sheet,
        "kind": kind,
        "skip": is_skipped,
        "unread": profile is None and not is_only and not is_skipped,
        "asks_kind": profile is None and is_only and not is_skipped,
        "missing": [] if asked is None or is_skipped else _missing(table, asked, read_as),
        "asks_datum": None,
        "datum": None,
        "assumed": False,
        "chosen_datum": None if choice is None else choice.datum,
        "choice": _plain(choice),
        "is_layer": table.shapes is not None,
        "n_rows": len(table.row),
        "fingerprint": headers.fingerprint(table.headers),
        "saved": _saved(table, wish),
        "by_file": wish.profile is not None and wish.profile.for_file(source.name) is not None,
        "columns": [] if kind is None else _columns(table, kind, read_as),
    }


def _profile(table: FileTable, source: Source, wish: Wish, *, is_only: bool) -> FileProfile | None:
    try:
        return import_reading.profile_of(table, source, wish, is_only=is_only)
    except BadFileError:
        return None


def _read_as(table: FileTable, kind: str, profile: FileProfile | None) -> dict[str, str]:
    """Return our column → their header, as the table would be read."""
    if profile is not None and profile.rule.columns:
        named = profile.rule.columns.items()
        return {ours: theirs for ours, theirs in named if theirs in table.headers}
    sure = proposal.sure_columns(table, schema.KINDS[kind])
    return {ours: table.headers[index] for ours, index in sure.items()}


def _missing(
    table: FileTable, profile: FileProfile, read_as: Mapping[str, str]
) -> list[dict[str, Any]]:
    rule = profile.rule
    given = [*read_as, *rule.constants, *(c for c, t in rule.words.items() if DEFAULT in t)]
    kind = schema.KINDS[rule.kind]
    return [
        {"column": column.name, "candidates": proposal.candidates(table, column)}
        for column in headers.missing_columns(kind, given, has_shapes=table.shapes is not None)
    ]


def _columns(table: FileTable, kind: str, read_as: Mapping[str, str]) -> list[dict[str, Any]]:
    by_header = {theirs: ours for ours, theirs in read_as.items()}
    made = []
    for item in proposal.propose(table, schema.KINDS[kind]):
        ours = by_header.get(item.header)
        is_hidden = ours is not None and schema.KINDS[kind].by_name[ours].identity
        is_free = item.column is not None and item.column not in read_as
        made.append(
            {
                "header": item.header,
                "column": ours,
                "maybe": item.column if ours is None and is_free else None,
                "confidence": item.confidence if ours in {None, item.column} else None,
                "samples": ["***"] if is_hidden and item.samples else list(item.samples),
            }
        )
    return made


def _likeliest(table: FileTable) -> str | None:
    """Return the likeliest kind of a table whose columns do not settle it."""
    if table.shapes is not None:
        return None
    likely = {
        kind.name: sum(p.confidence for p in proposal.propose(table, kind) if p.column)
        for kind in schema.KINDS.values()
        if not any(column.type == "shape" for column in kind.columns)
    }
    best = max(likely, key=lambda name: likely[name])
    return best if likely[best] > 1 else None


def _saved(table: FileTable, wish: Wish) -> dict[str, Any] | None:
    found = import_profiles.matching(wish.saved, headers.fingerprint(table.headers))
    if found is None:
        return None
    return {
        "profile_id": found.profile_id,
        "name": found.name,
        "kind": found.kind,
        "datum": found.datum,
        "columns": dict(found.columns),
    }


def _plain(choice: Choice | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    return {
        "file": choice.file,
        "sheet": choice.sheet,
        "skip": choice.skip,
        "kind": choice.kind,
        "datum": choice.datum,
        "columns": dict(choice.columns),
    }
