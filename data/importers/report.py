"""What became of the files of one import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from data.records import Message


def say_source(message: Message) -> str:
    """Say a message in the source language."""
    return message.template.format(**message.values)


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    One row that was not taken: its number in the file, the file's column, why.

    ``value`` is cut to 80 characters, and masked where it identifies a complainant.
    """

    row: int
    column: str | None
    value: str | None
    reason: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """
    One file, as one kind: ``rows == taken + updated + len(refused)``.

    ``unchanged`` of the taken rows were in the store already. A file with
    ``error`` was not read at all and has no rows. ``left_out`` are totals and
    notes, which are no rows; ``warnings`` concern rows that were taken.
    """

    path: str
    kind: str | None = None
    rows: int = 0
    taken: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: tuple[Refusal, ...] = ()
    datum: str | None = None
    error: Message | None = None
    ignored_columns: tuple[str, ...] = ()
    notes: tuple[Message, ...] = ()
    import_id: int | None = None
    sheet: str | None = None
    left_out: tuple[Refusal, ...] = ()
    warnings: tuple[Refusal, ...] = ()
    n_warned: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All files of one import; ``ignored`` are files of a folder that hold no data."""

    files: tuple[FileReport, ...]
    ignored: tuple[str, ...] = ()
    say: Callable[[Message, str], str] | None = None

    @property
    def n_rows(self) -> int:
        """Rows read."""
        return sum(file.rows for file in self.files)

    @property
    def n_taken(self) -> int:
        """Rows taken, new or unchanged."""
        return sum(file.taken for file in self.files)

    @property
    def n_updated(self) -> int:
        """Rows that changed a record or were folded into one."""
        return sum(file.updated for file in self.files)

    @property
    def n_unchanged(self) -> int:
        """Rows that said what the store already held."""
        return sum(file.unchanged for file in self.files)

    @property
    def n_refused(self) -> int:
        """Rows refused."""
        return sum(len(file.refused) for file in self.files)

    @property
    def n_warned(self) -> int:
        """Rows taken with a warning."""
        return sum(file.n_warned for file in self.files)

    @property
    def has_errors(self) -> bool:
        """Whether a file could not be read."""
        return any(file.error is not None for file in self.files)

    def to_json(self, language: str | None = None) -> dict[str, object]:
        """
        Return the report as plain data.

        Sentences are said in ``language``; ``None`` keeps them as
        ``{"t": template, "v": values}``, to be said later.
        """
        return {
            "files": [self._file(file, language) for file in self.files],
            "ignored": list(self.ignored),
        }

    def _file(self, file: FileReport, language: str | None) -> Mapping[str, object]:
        return {
            "path": file.path,
            "kind": file.kind,
            "rows": file.rows,
            "taken": file.taken,
            "updated": file.updated,
            "unchanged": file.unchanged,
            "refused": [self._row(refusal, language) for refusal in file.refused],
            "warnings": [self._row(warning, language) for warning in file.warnings],
            "n_warned": file.n_warned,
            "left_out": [self._row(row, language) for row in file.left_out],
            "sheet": file.sheet,
            "datum": file.datum,
            "error": None if file.error is None else self._said(file.error, language),
            "ignored_columns": list(file.ignored_columns),
            "notes": [self._said(note, language) for note in file.notes],
            "import_id": file.import_id,
        }

    def _row(self, row: Refusal, language: str | None) -> Mapping[str, object]:
        return {
            "row": row.row,
            "column": row.column,
            "value": row.value,
            "reason": self._said(row.reason, language),
        }

    def _said(self, message: Message, language: str | None) -> object:
        if language is None:
            return {"t": message.template, "v": dict(message.values)}
        return say_source(message) if self.say is None else self.say(message, language)
