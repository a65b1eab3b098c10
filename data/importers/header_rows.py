"""
Find the header among the first rows of a table: below titles, over one or two rows.

The header is the row that holds most of the words this product knows as column
names; failing that, the first row about as wide as what follows. A second row
belongs to it where it fills the blanks that merged cells leave and where that
makes more of the columns known.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from data import schema

LOOKED_AT = 40
"""Filled rows read before a header is decided."""

_MAX_HEADER_ROW = 20
_MAX_LABEL_CHARS = 40
_JOINT = "/"
"""Stands between the levels of a header that spans two rows."""

_DATA = re.compile(r"[\d０-９.,:：/\-年月日\s+%E]+|\d{4}.*\d")
_BRACKET = re.compile(r"[(\[【].*?[)\]】]")

Row = tuple[int, Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class Header:
    """``last`` is the file row number of the last header row; ``above`` counts title rows."""

    headers: tuple[str, ...]
    last: int
    above: int


def find(rows: Sequence[Row]) -> Header | None:
    """Return the header of a table, ``None`` where no row has two filled cells."""
    wide = [index for index, (_, cells) in enumerate(rows) if _filled(cells) > 1]
    if not wide:
        return None
    usual = _first_as_wide_as_what_follows(rows, wide)
    best = max(
        (index for index in wide if index < _MAX_HEADER_ROW and _is_labels(rows[index][1])),
        key=lambda index: (_known(rows[index][1]), -index),
        default=usual,
    )
    if _known(rows[best][1]) < 2 or _known(rows[best][1]) <= _known(rows[usual][1]):
        best = usual
    for upper in (best, best - 1):
        joined = _two_levels(rows, upper)
        if joined is not None and _known(joined) > _known(rows[best][1]):
            return Header(tuple(joined), rows[upper + 1][0], upper)
    return Header(tuple(_text(cell) for cell in rows[best][1]), rows[best][0], best)


def plain(header: str) -> str:
    """Fold case, width, spaces and remarks in brackets: ``罚 款（元）`` is ``罚款``."""
    text = unicodedata.normalize("NFKC", header).casefold().strip().lstrip("\ufeff*")
    text = "".join(text.split()).replace("_", "").rstrip(":*")
    return _BRACKET.sub("", text) or text


@functools.cache
def known_words() -> frozenset[str]:
    """Return every name, title and alias of a column, folded."""
    return frozenset(
        plain(word)
        for kind in schema.KINDS.values()
        for column in kind.columns
        for word in (column.name, column.zh, *column.aliases)
    )


def _two_levels(rows: Sequence[Row], upper: int) -> list[str] | None:
    """Return the headers of two rows taken together, where the second fills the first's gaps."""
    if not 0 <= upper < len(rows) - 1:
        return None
    above, below = rows[upper][1], rows[upper + 1][1]
    if _filled(above) < 2 or not _filled(below) or not (_is_labels(above) and _is_labels(below)):
        return None
    width = max(len(above), len(below))
    top = [*above, *[None] * (width - len(above))]
    low = [*below, *[None] * (width - len(below))]
    gaps = [not _text(a) and bool(_text(b)) for a, b in zip(top, low, strict=True)]
    if not any(gaps):
        return None
    joined: list[str] = []
    group = ""
    for first, second in zip(map(_text, top), map(_text, low), strict=True):
        group = first or group
        joined.append(f"{group}{_JOINT}{second}" if second and group else first or second)
    return joined


def levels(header: str) -> tuple[str, ...]:
    """Return the ways to read a header: as it is, its levels run together, its last level."""
    if _JOINT not in header:
        return (header,)
    return (header, header.replace(_JOINT, ""), header.rpartition(_JOINT)[2])


def _first_as_wide_as_what_follows(rows: Sequence[Row], wide: Sequence[int]) -> int:
    for index in wide:
        below = sorted(_filled(cells) for _, cells in rows[index + 1 : index + 6])
        if not below or 2 * _filled(rows[index][1]) >= below[len(below) // 2]:
            return index
    return wide[0]


def _known(cells: Sequence[str | None]) -> int:
    words = known_words()
    return sum(
        any(plain(way) in words for way in levels(_text(cell))) for cell in cells if _text(cell)
    )


def _is_labels(cells: Sequence[str | None]) -> bool:
    filled = [_text(cell) for cell in cells if _text(cell)]
    return all(len(text) <= _MAX_LABEL_CHARS and not _DATA.fullmatch(text) for text in filled)


def _filled(cells: Sequence[str | None]) -> int:
    return sum(bool(_text(cell)) for cell in cells)


def _text(cell: str | None) -> str:
    return "" if cell is None else str(cell).strip()
