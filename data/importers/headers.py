"""Match a file's headers to our columns: English, Chinese, aliases."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from data import schema
from data.importers import header_rows, problems

ORDER = (
    *("areas", "roads", "facilities", "officers", "persons", "campaigns", "absences"),
    *("recusals", "complaints", "inspections", "cases", "population"),
)
"""Kinds in the order they are loaded: what others refer to, or are checked by, comes first."""

_DATUM_WORDS = (("gcj", "gcj02"), ("火星", "gcj02"), ("bd09", "bd09"), ("百度", "bd09"))
_DATUM_WORDS_PLAIN = (("wgs", "wgs84"), ("cgcs", "cgcs2000"), ("国家2000", "cgcs2000"))


@dataclass(frozen=True, slots=True)
class Matching:
    """``columns``: our column → index in the file; ``ignored``: headers nobody asked for."""

    columns: Mapping[str, int]
    ignored: tuple[str, ...]


def match(kind: schema.Kind, headers: Sequence[str]) -> Matching:
    """
    Match headers by name, then by Chinese label, then by alias; the first fit wins.

    Then the same without what stands in brackets, and by the levels of a header
    that spans two rows.
    """
    columns: dict[str, int] = {}
    for fold in (_plain, header_rows.plain):
        plain = [[fold(way) for way in header_rows.levels(header)] for header in headers]
        for rank in range(3):
            for column in kind.columns:
                if column.name not in columns:
                    _match_column(column, rank, fold, plain, columns)
    taken = set(columns.values())
    ignored = tuple(h for i, h in enumerate(headers) if i not in taken and h.strip())
    return Matching(columns, ignored)


def _match_column(
    column: schema.Column,
    rank: int,
    fold: Callable[[str], str],
    plain: Sequence[Sequence[str]],
    columns: dict[str, int],
) -> None:
    taken = set(columns.values())
    for word in map(fold, (column.name,) if rank == 0 else _titles(column)[rank - 1]):
        for index, ways in enumerate(plain):
            if word in ways and index not in taken:
                columns[column.name] = index
                return


def repeated(headers: Sequence[str]) -> list[str]:
    """Return the headers that stand there more than once; only the first of each is read."""
    plain = [_plain(header) for header in headers]
    return sorted({h for h, p in zip(headers, plain, strict=True) if p and plain.count(p) > 1})


def fingerprint(headers: Sequence[str]) -> str:
    """Return what two files of one layout have in common: their headers, in any order."""
    named = sorted(_plain(header) for header in headers if header.strip())
    return hashlib.sha256("\n".join(named).encode()).hexdigest()


def unit_factor(header: str) -> float:
    """Return what a number must be multiplied by for a unit in the header: （万元） is 10,000."""
    text = unicodedata.normalize("NFKC", header)
    found = re.search(r"[(\[](亿|万|千)[元人]", text)
    return {"亿": 1e8, "万": 1e4, "千": 1e3}[found[1]] if found else 1.0


def missing_columns(
    kind: schema.Kind, given: Sequence[str], *, has_shapes: bool
) -> list[schema.Column]:
    """Return the required columns that are not given."""
    return [
        column
        for column in kind.columns
        if column.required
        and column.name not in given
        and not (column.type == "shape" and has_shapes)
    ]


def kind_of_name(name: str) -> str | None:
    """Guess the kind from a file name: ``facilities*.csv``, ``机构*.xlsx``, ``*.osm.pbf``."""
    stem = unicodedata.normalize("NFKC", PurePath(name).name).casefold()
    if stem.endswith(".pbf"):
        return "roads"
    for kind in schema.KINDS.values():
        if stem.startswith((kind.name, kind.zh)):
            return kind.name
    return None


def kind_of_headers(headers: Sequence[str], *, has_shapes: bool, file: str) -> str:
    """
    Find the one kind whose required columns are all there and that explains most headers.

    Raises
    ------
    BadFileError
        If no kind fits or two fit equally well.
    """
    fits: list[tuple[int, str]] = []
    for kind in schema.KINDS.values():
        found = match(kind, headers).columns
        if not missing_columns(kind, list(found), has_shapes=has_shapes):
            fits.append((len(found), kind.name))
    fits.sort(reverse=True)
    if not fits or (len(fits) > 1 and fits[0][0] == fits[1][0]):
        raise problems.to_error("kind", file=file)
    return fits[0][1]


def stated_datum(headers: Sequence[str]) -> str | None:
    """Return the datum that a coordinate header names, such as ``经度（GCJ-02）``."""
    for header in headers:
        text = unicodedata.normalize("NFKC", header).casefold().replace("-", "")
        if not any(word in text for word in ("lon", "lng", "lat", "经度", "纬度", "坐标")):
            continue
        for word, datum in (*_DATUM_WORDS, *_DATUM_WORDS_PLAIN):
            if word in text:
                return datum
    return None


def _titles(column: schema.Column) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (column.zh,), column.aliases


def _plain(header: str) -> str:
    """Fold case, width, spaces and a trailing datum remark: 经度（GCJ-02） is 经度."""
    text = unicodedata.normalize("NFKC", header).casefold().strip().lstrip("\ufeff*")
    text = "".join(text.split()).replace("_", "")
    head, bracket, rest = text.partition("(")
    if bracket and any(word in rest.replace("-", "") for word, _ in _all_datum_words()):
        return head
    return text


def _all_datum_words() -> tuple[tuple[str, str], ...]:
    return (*_DATUM_WORDS, *_DATUM_WORDS_PLAIN)
