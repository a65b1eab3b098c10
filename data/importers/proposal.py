"""
Propose which column of a file is which of ours, by name and by content, with a confidence.

What stands in the file under a known name is certain. Other names are compared
letter by letter (rapidfuzz) and by what the cells hold; only a confidence of
``TAKEN`` or more is acted on without a person having seen it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import schema
from data.importers import header_rows, headers, values
from data.importers.child_shapes import SHAPE_TYPE
from data.importers.child_tables import DIGITS_LOST
from data.importers.reading import FileTable

TAKEN = 0.85
SHOWN = 0.5
_NAME_WEIGHT = 0.8
_CONTAINED = 0.8
_SAMPLE = 200
_SHOWN_SAMPLES = 3
_CONTENT_ONLY = 0.6
_CONTENT_SURE = 0.95
_PHONE = re.compile(r"(\+?86)?1\d{10}|0\d{2,3}-?\d{7,8}|\d{7,8}|\d(\.\d+)?[Ee]\+?\d+")
_NUMBERS = re.compile(r"(?<!\d)(1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")
"""Mobile and identity numbers inside a longer text."""
_AREA = re.compile(r"\d{6}(\d{3}){0,2}")
_ADDRESS = re.compile(r"[省市县区镇乡村街路巷号栋室旁]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_PERSONAL = ("电话", "手机", "姓名", "人", "员", "者", "家属", "身份证", "phone", "name")
_LIKE_A_NAME = re.compile(r"[\u4e00-\u9fff·]{2,4}")
_PLACE_ENDS = tuple("省市县区镇乡村街路巷局所院")
_SPAN = {"lon": (73.0, 136.0), "lat": (17.0, 54.0)}


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    One column of the file: what it is taken for, how sure that is, what it holds.

    ``column`` is ``None`` where nothing fits; samples of identities are masked.
    """

    header: str
    column: str | None
    confidence: float
    samples: tuple[str, ...]


def propose(table: FileTable, kind: schema.Kind) -> list[Proposal]:
    """Return one proposal per named column of the file, in its order."""
    exact = {index: name for name, index in headers.match(kind, table.headers).columns.items()}
    named = [i for i, header in enumerate(table.headers) if header.strip() and header != SHAPE_TYPE]
    free_headers = [i for i in named if i not in exact]
    taken = set(exact.values())
    free = [c for c in kind.columns if c.name not in taken and c.type != "shape"]
    samples = {i: _sample(table.columns[i]) for i in named}
    likely = _assigned(table, free, free_headers, samples)
    made = []
    for i in named:
        column, confidence = likely.get(i, (None, 0.0))
        if i in exact:
            column = exact[i]
            fits = _content(kind.by_name[column], samples[i])
            confidence = 1.0 if fits >= 0.3 or not samples[i] else 0.7
        ours = kind.by_name.get(column or "")
        shown = _shown(ours, table.headers[i], samples[i])
        made.append(Proposal(table.headers[i], column, round(confidence, 2), shown))
    return made


def sure_columns(table: FileTable, kind: schema.Kind) -> Mapping[str, int]:
    """Return our column → index in the file, as far as it needs no person to look."""
    found = dict(headers.match(kind, table.headers).columns)
    if all(c.name in found for c in kind.columns if c.required) and len(found) == sum(
        bool(header.strip()) for header in table.headers
    ):
        return found
    for proposal in propose(table, kind):
        if proposal.column and proposal.confidence >= TAKEN and proposal.column not in found:
            found[proposal.column] = table.headers.index(proposal.header)
    return found


def candidates(table: FileTable, column: schema.Column, *, n: int = 3) -> list[str]:
    """Return the headers that are likeliest to be a column, the best first, however unsure."""
    worth: dict[str, float] = {}
    for i, header in enumerate(table.headers):
        if header.strip() and header != SHAPE_TYPE and header not in worth:
            name = _name_likeness(column, header)
            fits = _content(column, _sample(table.columns[i]))
            worth[header] = _NAME_WEIGHT * name + (1 - _NAME_WEIGHT) * fits
    return sorted(worth, key=lambda header: -worth[header])[:n]


def _assigned(
    table: FileTable,
    columns: Sequence[schema.Column],
    free: Sequence[int],
    samples: Mapping[int, Sequence[str]],
) -> dict[int, tuple[str, float]]:
    """Give each free header the column that fits, so that all fit best together."""
    from scipy.optimize import linear_sum_assignment

    if not columns or not free:
        return {}
    worth = np.array(
        [[_confidence(column, table.headers[i], samples[i]) for i in free] for column in columns]
    )
    chosen = zip(*linear_sum_assignment(-worth), strict=True)
    return {
        free[j]: (columns[k].name, float(worth[k, j])) for k, j in chosen if worth[k, j] >= SHOWN
    }


def _confidence(column: schema.Column, header: str, sample: Sequence[str]) -> float:
    name = _name_likeness(column, header)
    fits = _content(column, sample) if sample else 0.5
    if name >= 0.6:
        return min(name, 0.98) * _NAME_WEIGHT + fits * (1 - _NAME_WEIGHT) if fits >= 0.3 else 0.0
    telling = column.vocabulary or column.name in {*_SPAN, "area_code", "complainant_phone"}
    if telling and fits >= _CONTENT_SURE and len(sample) >= 3:
        return _CONTENT_ONLY
    return 0.0


def _name_likeness(column: schema.Column, header: str) -> float:
    from rapidfuzz import fuzz

    best = 0.0
    for way in header_rows.levels(header):
        theirs = header_rows.plain(way)
        for word in (column.name, column.zh, *column.aliases):
            ours = header_rows.plain(word)
            best = max(best, fuzz.ratio(theirs, ours) / 100)
            if len(ours) >= 4 and ours in theirs:
                best = max(best, _CONTAINED)
    return best


def _content(column: schema.Column, sample: Sequence[str]) -> float:
    """Return the share of sample texts that are such as this column holds."""
    if not sample:
        return 0.5
    if column.name in _SPAN:
        lo, hi = _SPAN[column.name]
        return float(np.mean([_is_between(text, lo, hi) for text in sample]))
    pattern = {
        "complainant_phone": _PHONE.fullmatch, "area_code": _AREA.fullmatch,
        "address": _ADDRESS.search, "site_text": _ADDRESS.search,
        "complainant_name": _HAN.search,
    }.get(column.name)  # fmt: skip
    if pattern is not None:
        return float(np.mean([bool(pattern(text)) for text in sample]))
    if column.vocabulary is None and column.type in {"text", "list"}:
        if column.required and values.is_code(column):
            plain = [text for text in sample if len(text) <= 40 and not _HAN.search(text[1:])]
            return len(set(plain)) / len(sample)
        return 0.6
    texts = pa.chunked_array([pa.array(sample, pa.large_string())])
    return 1.0 - float(values.parse(column, texts).bad.mean())


def _is_between(text: str, lo: float, hi: float) -> bool:
    try:
        return lo <= float(text) <= hi and "." in text
    except ValueError:
        return False


def _sample(column: pa.ChunkedArray) -> list[str]:
    filled = pc.drop_null(values.clean(column.slice(0, 20 * _SAMPLE)))
    step = max(1, len(filled) // _SAMPLE)
    return [filled[i].as_py() for i in range(0, len(filled), step)][:_SAMPLE]


def _shown(column: schema.Column | None, header: str, sample: Sequence[str]) -> tuple[str, ...]:
    """Return a few samples; whatever may be a person's name or phone is masked."""
    first = list(dict.fromkeys(sample))[:_SHOWN_SAMPLES]
    phones = sum(bool(_PHONE.fullmatch(text)) and len(text) > 8 for text in sample)
    looks_personal = any(word in header for word in _PERSONAL) or phones * 2 > len(sample)
    names = sum(
        bool(_LIKE_A_NAME.fullmatch(text)) and not text.endswith(_PLACE_ENDS) for text in sample
    )
    looks_personal = looks_personal or names * 2 > len(sample)
    if looks_personal if column is None else column.identity:
        return ("***",) * min(len(first), 1)
    return tuple(_NUMBERS.sub("***", text.replace(DIGITS_LOST, ""))[:24] for text in first)
