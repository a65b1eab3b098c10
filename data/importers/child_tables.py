"""Read CSV, XLSX and XLS as text, table by table; used in the child process only."""

import codecs
import csv
import functools
import itertools
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from data.importers import header_rows
from data.importers.problems import ProblemError
from data.importers.stream import MAX_COLUMNS, Row, send

_MAX_CELL_CHARS = 1_000_000
_MAX_UNPACKED_MB = 600
_MAX_RATIO = 400
_MAX_SHEETS = 60
_MAX_SHEET_ROWS = 2**20
"""What a spreadsheet can hold."""
_SMALL_BYTES = 20 * 2**20
_EXACT_INTEGER = 10**15
DIGITS_LOST = "\x1a"
"""Marks a number whose last digits a spreadsheet has already thrown away."""
NO_VALUE = "\x0e"
"""Stands for a formula that the file holds no result of."""

_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_UTF8_HAN = re.compile(rb"[\xe4-\xe9][\x80-\xbf][\x80-\xbf]")
_FORMULA = re.compile(rb"<f[ />]")
_PIECE = 2**20
_MIXED_LINES = 2


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One sheet: its title, and a function that gives its filled rows from the first one on."""

    title: str
    rows: Callable[[], Iterator[Row]]


def read_table_file(path: str) -> None:
    """Read a table by what the file is, whatever its ending says."""
    with Path(path).open("rb") as source:
        start = source.read(8)
    if start.startswith(_OLE):
        read_xls(path)
    elif start.startswith(b"PK\x03\x04"):
        read_xlsx(path)
    else:
        read_csv(path)


def read_csv(path: str) -> None:
    """Read text in UTF-8, UTF-16 or GB18030, separated by comma, semicolon, tab or bar."""
    encoding = _encoding(path)
    csv.field_size_limit(_MAX_CELL_CHARS)
    with Path(path).open(encoding=encoding, newline="") as source:
        delimiter = _delimiter(source)
        source.seek(0)
        rows = _spoken(csv.reader(source, delimiter=delimiter, strict=True))
        first = list(itertools.islice(rows, header_rows.LOOKED_AT))
        if not first:
            raise ProblemError("empty")
        header = header_rows.find(first) or _plain_header(first[0])
        body = (row for row in itertools.chain(first, rows) if row[0] > header.last)
        send(header.headers, _checked_end(body, len(header.headers), path, encoding))


def read_xlsx(path: str) -> None:
    """Read every sheet of a workbook that is a table, within bounds whatever its cells claim."""
    import openpyxl

    with Path(path).open("rb") as source:
        if source.read(4) == _OLE:
            raise ProblemError("encrypted" if _is_encrypted(path) else "unreadable", kind="XLSX")
    archive = check_zip(path, kind="XLSX")
    if "xl/workbook.bin" in archive.namelist():
        raise ProblemError("xlsb")
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    said = None
    if _has_formulas(archive):
        said = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    sheets = []
    for sheet in book.worksheets:
        if hasattr(sheet, "reset_dimensions"):
            # What a sheet says of its own size is a claim of whoever made the file.
            sheet.reset_dimensions()
            formulas = None if said is None else said[sheet.title]
            if formulas is not None:
                formulas.reset_dimensions()
            sheets.append(_Sheet(sheet.title, functools.partial(_xlsx_rows, sheet, formulas)))
    _send_sheets(sheets)


def read_xls(path: str) -> None:
    """Read every sheet of an old workbook that is a table; macros and links are never run."""
    import xlrd

    if _is_encrypted(path):
        raise ProblemError("encrypted")
    try:
        book = xlrd.open_workbook(path, on_demand=True, logfile=_Nowhere())
    except xlrd.XLRDError as error:
        code = "encrypted" if "encrypted" in str(error).lower() else "unreadable"
        raise ProblemError(code, kind="XLS") from error
    _send_sheets(
        [_Sheet(name, functools.partial(_xls_rows, book, name)) for name in book.sheet_names()]
    )


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


class _Nowhere:
    """Takes what a library wants to say about a file; it may quote the file."""

    def write(self, _text: str) -> None:
        """Forget it."""

    def flush(self) -> None:
        """Do nothing."""


def _is_encrypted(path: str) -> bool:
    """Whether an OLE file holds a workbook behind a password ([MS-OFFCRYPTO] 2.3.2)."""
    with Path(path).open("rb") as source:
        tail = b""
        while piece := source.read(_PIECE):
            if _ENCRYPTED in tail + piece:
                return True
            tail = piece[-len(_ENCRYPTED) :]
    return False


def _send_sheets(sheets: Sequence[_Sheet]) -> None:
    """Send each sheet that is a table; name those that are not."""
    if len(sheets) > _MAX_SHEETS:
        raise ProblemError("many_sheets", limit=_MAX_SHEETS)
    found: list[tuple[_Sheet, header_rows.Header]] = []
    others: list[str] = []
    spare: tuple[_Sheet, header_rows.Header] | None = None
    for sheet in sheets:
        first = list(itertools.islice(sheet.rows(), header_rows.LOOKED_AT))
        if not first:
            continue
        header = header_rows.find(first)
        if header is not None and first[-1][0] > header.last:
            found.append((sheet, header))
        else:
            others.append(sheet.title)
            spare = spare or (sheet, header or _plain_header(first[0]))
    if not found:
        if spare is None:
            raise ProblemError("empty")
        found, others = [spare], others[1:]
    for number, (sheet, header) in enumerate(found):
        width = len(header.headers)
        named = ["" if text == NO_VALUE else text for text in header.headers]
        # Bounded by the header, a far stray cell costs nothing.
        body = ((row, cells[: width + 1]) for row, cells in sheet.rows() if row > header.last)
        send(
            named, body, sheet=sheet.title, notes=others if number == 0 else (),
        )  # fmt: skip


def _plain_header(row: Row) -> header_rows.Header:
    return header_rows.Header(tuple(cell or "" for cell in row[1]), row[0], 0)


def _encoding(path: str) -> str:
    """Find out how the whole file is written, reading it piece by piece."""
    size = Path(path).stat().st_size
    if not size:
        raise ProblemError("empty")
    with Path(path).open("rb") as source:
        start = source.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if _decodes(path, "utf-16", is_wide=True):
            return "utf-16"
        raise ProblemError("encoding")
    if _decodes(path, "utf-8-sig"):
        return "utf-8-sig"
    if not _decodes(path, "gb18030"):
        raise ProblemError("encoding")
    if _is_mixed(path):
        raise ProblemError("mixed")
    return "gb18030"


def _decodes(path: str, encoding: str, *, is_wide: bool = False) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with Path(path).open("rb") as source:
        try:
            while piece := source.read(_PIECE):
                text = decoder.decode(piece)
                if _is_binary(text.encode("utf-8", "replace") if is_wide else piece):
                    raise ProblemError("unreadable", kind="CSV")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _is_mixed(path: str) -> bool:
    """Whether lines of UTF-8 stand in a GB18030 text, where they would turn into nonsense."""
    n_foreign = 0
    with Path(path).open("rb") as source:
        for line in source:
            if len(_UTF8_HAN.findall(line)) < _MIXED_LINES:
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                continue
            n_foreign += 1
            if n_foreign >= _MIXED_LINES:
                return True
    return False


def _is_binary(piece: bytes) -> bool:
    return any(control in piece for control in (b"\0", b"\x01", b"\x02", b"\x03", b"\x04"))


def _delimiter(source: IO[str]) -> str:
    """Return the sign that cuts the first lines most often and most evenly."""
    lines = [line for line in itertools.islice(_lines(source), 20) if line.strip()]
    if not lines:
        return ","

    def worth(sign: str) -> tuple[int, int]:
        counts = [line.count(sign) for line in lines]
        most = max(set(counts), key=lambda n: (counts.count(n) if n else 0, n))
        return (counts.count(most) * most, sum(counts))

    return max(",;\t|", key=worth)


def _lines(source: IO[str]) -> Iterator[str]:
    while line := source.readline(100_000):
        yield line


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


def _checked_end(rows: Iterable[Row], width: int, path: str, encoding: str) -> Iterator[Row]:
    """Pass rows on; a short last row without line end shows that the file was cut off."""
    last: Row | None = None
    for last in rows:
        yield last
    if last is not None and len(last[1]) < width and not _ends_with_newline(path, encoding):
        raise ProblemError("cut_off", row=last[0])


def _ends_with_newline(path: str, encoding: str) -> bool:
    n_bytes = 2 if encoding == "utf-16" else 1
    with Path(path).open("rb") as source:
        source.seek(-n_bytes, 2)
        return source.read(n_bytes).strip(b"\0") in {b"\n", b"\r"}


def _xlsx_rows(sheet: Any, formulas: Any) -> Iterator[Row]:
    bounds = {"max_row": _MAX_SHEET_ROWS, "max_col": MAX_COLUMNS + 1, "values_only": True}
    said = itertools.repeat(()) if formulas is None else formulas.iter_rows(**bounds)
    # The same sheet twice: both give the same rows, one the results, one the formulas.
    for number, (cells, written) in enumerate(
        zip(sheet.iter_rows(**bounds), said, strict=False), start=1
    ):
        # A row number may claim a million empty rows before it: they must cost next to nothing.
        if cells.count(None) != len(cells):
            texts = [_cell_text(cell) for cell in cells]
            for index, formula in enumerate(written[: len(texts)]):
                if formula is not None and texts[index] is None:
                    texts[index] = NO_VALUE
            yield from _filled_row(number, texts)


def _has_formulas(archive: zipfile.ZipFile) -> bool:
    """Whether a sheet of a workbook holds a formula, found without parsing it."""
    for name in archive.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            with archive.open(name) as source:
                tail = b""
                while piece := source.read(_PIECE):
                    if _FORMULA.search(tail + piece):
                        return True
                    tail = piece[-4:]
    return False


def _xls_rows(book: Any, name: str) -> Iterator[Row]:
    import xlrd

    sheet = book.sheet_by_name(name)

    def text(cell: Any) -> str | None:
        if cell.ctype == xlrd.XL_CELL_DATE:
            try:
                return _cell_text(xlrd.xldate_as_datetime(cell.value, book.datemode))
            except (ValueError, OverflowError):
                return _cell_text(cell.value)
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return _cell_text(bool(cell.value))
        empty = cell.ctype in {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR}
        return None if empty else _cell_text(cell.value)

    for index in range(sheet.nrows):
        yield from _filled_row(index + 1, [text(cell) for cell in sheet.row(index)])


def _filled_row(number: int, texts: list[str | None]) -> Iterator[Row]:
    while texts and not (texts[-1] or "").strip():
        texts.pop()
    if texts:
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
