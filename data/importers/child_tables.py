"""Read CSV and XLSX as text; used in the child process only."""

import codecs
import csv
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from data.importers.problems import ProblemError
from data.importers.stream import MAX_COLUMNS, MAX_ROWS, Row, send

_MAX_CELL_CHARS = 1_000_000
_MAX_UNPACKED_MB = 600
_MAX_RATIO = 400
_SMALL_BYTES = 20 * 2**20
_EXACT_INTEGER = 10**15
_MAX_TITLE_ROWS = 3
DIGITS_LOST = "\x1a"
"""Marks a number whose last digits a spreadsheet has already thrown away."""


def read_csv(path: str) -> None:
    """Read a CSV file in UTF-8 or GB18030, separated by comma, semicolon or tab."""
    encoding = _encoding(path)
    csv.field_size_limit(_MAX_CELL_CHARS)
    with Path(path).open(encoding=encoding, newline="") as source:
        delimiter = _delimiter(source)
        source.seek(0)
        rows = _spoken(csv.reader(source, delimiter=delimiter, strict=True))
        header = next(rows, None)
        if header is None:
            raise ProblemError("empty")
        headers = [str(cell) for cell in header[1]]
        send(headers, _checked_end(rows, len(headers), path))


def read_xlsx(path: str) -> None:
    """Read the first filled sheet of a workbook, within bounds whatever its cells claim."""
    import openpyxl

    check_zip(path, kind="XLSX")
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    filled = [(sheet, start) for sheet in book.worksheets if (start := _first_row(sheet))]
    if not filled:
        raise ProblemError("empty")
    sheet, (header_row, cells) = filled[0]
    headers = [str(cell or "") for cell in cells]
    # Bounded by the header, a far stray cell costs nothing.
    rows = (row for row in _sheet_rows(sheet, len(headers) + 1) if row[0] > header_row)
    send(headers, rows, sheet=sheet.title, notes=[other.title for other, _ in filled[1:]])


def check_zip(path: str, *, kind: str) -> zipfile.ZipFile:
    """Refuse archives that unpack to too much, or whose names leave their folder."""
    try:
        archive = zipfile.ZipFile(path)
        entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ProblemError("unreadable", kind=kind) from error
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MAX_UNPACKED_MB * 2**20 or (
        unpacked > _SMALL_BYTES and unpacked > _MAX_RATIO * max(packed, 1)
    ):
        raise ProblemError("too_big", limit=_MAX_UNPACKED_MB)
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or entry.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise ProblemError("bad_names")
    return archive


def _encoding(path: str) -> str:
    """Find out whether the whole file is UTF-8 or GB18030 text, reading it piece by piece."""
    size = Path(path).stat().st_size
    if not size:
        raise ProblemError("empty")
    with Path(path).open("rb") as source:
        start = source.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ProblemError("encoding")
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise ProblemError("encoding")


def _decodes(path: str, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with Path(path).open("rb") as source:
        try:
            while piece := source.read(2**20):
                if _is_binary(piece):
                    raise ProblemError("unreadable", kind="CSV")
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _is_binary(piece: bytes) -> bool:
    return any(control in piece for control in (b"\0", b"\x01", b"\x02", b"\x03", b"\x04"))


def _delimiter(source: IO[str]) -> str:
    head = source.readline(100_000)
    while head and not head.strip():
        head = source.readline(100_000)
    return max(",;\t", key=head.count)


def _spoken(lines: Iterator[list[str]]) -> Iterator[Row]:
    """Number the filled rows as a spreadsheet does, and name what stops the reading."""
    number = 0
    try:
        for number, cells in enumerate(lines, start=1):
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        code = "cut_off" if "unexpected end" in str(error) else "quotes"
        raise ProblemError(code, row=number + 1) from error


def _checked_end(rows: Iterator[Row], width: int, path: str) -> Iterator[Row]:
    """Pass rows on; a short last row without line end shows that the file was cut off."""
    last: Row | None = None
    for last in rows:
        yield last
    if last is not None and len(last[1]) < width and not _ends_with_newline(path):
        raise ProblemError("cut_off", row=last[0])


def _ends_with_newline(path: str) -> bool:
    with Path(path).open("rb") as source:
        source.seek(-1, 2)
        return source.read(1) in {b"\n", b"\r"}


def _first_row(sheet: Any) -> Row | None:
    if not hasattr(sheet, "reset_dimensions"):
        return None
    # What a sheet says of its own size is a claim of whoever made the file.
    sheet.reset_dimensions()
    rows = _sheet_rows(sheet, MAX_COLUMNS + 1)
    first = header = next(rows, None)
    # A title over the table fills one cell, however wide it is merged; headers fill more.
    for _ in range(_MAX_TITLE_ROWS):
        if header is None or sum(text is not None for text in header[1]) > 1:
            break
        header = next(rows, None)
    return header if header is not None and len(header[1]) > 1 else first


def _sheet_rows(sheet: Any, max_columns: int) -> Iterator[Row]:
    rows = sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=max_columns, values_only=True)
    for number, cells in enumerate(rows, start=1):
        if any(cell is not None for cell in cells):
            texts = [_cell_text(cell) for cell in cells]
            while texts and texts[-1] is None:
                texts.pop()
            yield number, texts


def _cell_text(cell: object) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, datetime):
        has_time = cell.time() != time(0)
        return cell.isoformat(sep=" ", timespec="seconds") if has_time else cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int | float):
        mark = DIGITS_LOST if abs(cell) >= _EXACT_INTEGER else ""
        is_whole = isinstance(cell, float) and cell.is_integer()
        return mark + (str(int(cell)) if is_whole else repr(cell))
    return str(cell)
