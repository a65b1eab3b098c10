"""
From text to values, column by column.

Each distinct text of a column is read once, so that a million rows of few kinds
cost little. Nothing is guessed: a text that can't be read is a reason to refuse
its row.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data import schema
from data.importers.child_tables import DIGITS_LOST
from data.records import Message

_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(\d{1,2})\s*[:时]\s*(\d{1,2})(?:\s*[:分]\s*(\d{1,2})(?:\.\d+)?)?\s*[秒分]?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_SERIAL_START = date(1899, 12, 30)
"""Day 0 of spreadsheet serials, which count a 29 February 1900 that never was."""
_SERIALS = (10_000, 80_000)
_YEARS = (1900, 2100)
_LIST_SIGNS = re.compile(r"[;；、|]")
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_FLAGS = {
    **dict.fromkeys(("1", "是", "有", "true", "yes", "y", "t"), 1),
    **dict.fromkeys(("0", "否", "无", "false", "no", "n", "f"), 0),
}
MAX_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class Parsed:
    """The column read, which rows can't be read, and why (index into ``reasons``)."""

    series: pd.Series
    bad: NDArray[np.bool_]
    reason: NDArray[np.int64]
    reasons: tuple[Message, ...]


class _UnreadableError(Exception):
    def __init__(self, message: Message) -> None:
        super().__init__(message.template)
        self.message = message


def clean(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strip spaces and control characters; empty texts become missing."""
    stripped = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, _CONTROL, ""))
    # The mark of lost digits is a control character too; it must survive.
    marked = pc.fill_null(pc.starts_with(texts, DIGITS_LOST), fill_value=False)
    if pc.any(marked).as_py():
        stripped = pc.if_else(marked, texts, stripped)
    return pc.if_else(pc.equal(stripped, ""), pa.scalar(None, stripped.type), stripped)


def parse(
    column: schema.Column, texts: pa.ChunkedArray, *, date_format: str | None = None
) -> Parsed:
    """
    Read a cleaned column as the type that ``data/schema.py`` gives it.

    ``date_format`` (``strptime``) is tried before the forms every file may use;
    dates in the American order are read only with it.
    """
    encoded = pc.dictionary_encode(texts).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.chunks)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    read = _reader(column, date_format)
    results: list[object] = []
    which: list[int] = []
    reasons: dict[str, Message] = {}
    for text in encoded.dictionary.to_pylist():
        try:
            results.append(read(text))
            which.append(-1)
        except _UnreadableError as unreadable:
            results.append(None)
            reasons.setdefault(unreadable.message.template, unreadable.message)
            which.append(list(reasons).index(unreadable.message.template))
    # One more entry at the end: what code -1 (missing) picks.
    values = _series(column.type, [*results, None])
    reason = np.array([*which, -1], dtype=np.int64)[codes]
    return Parsed(
        series=values.iloc[codes].reset_index(drop=True),
        bad=reason >= 0,
        reason=reason,
        reasons=tuple(reasons.values()),
    )


def shown(column: schema.Column | None, text: object) -> str | None:
    """Return a refused value as a report may show it: cut short, identities masked."""
    if text is None:
        return None
    if column is not None and column.identity:
        return "***"
    return str(text).replace(DIGITS_LOST, "")[:MAX_SHOWN_CHARS]


def _reader(column: schema.Column, date_format: str | None) -> Callable[[str], object]:
    if column.vocabulary is not None:
        codes = vocabulary_codes(column.vocabulary)
        if column.type == "list":
            return lambda text: _read_list(text, codes)
        return lambda text: _read_code(text, codes)
    return {
        "text": _read_text,
        "list": lambda text: _read_list(text, None),
        "integer": lambda text: _in_range(column, _read_integer(text)),
        "real": lambda text: _in_range(column, _read_number(text)),
        "flag": _read_flag,
        "date": lambda text: _read_moment(text, date_format).date(),
        "instant": lambda text: _read_instant(text, date_format),
    }[column.type]


@cache
def vocabulary_codes(vocabulary: str) -> Mapping[str, str]:
    """Return code, Chinese and English label of each word → its code."""
    words: dict[str, str] = {}
    for code, labels in schema.LABELS[vocabulary].items():
        for word in (code, *labels):
            words.setdefault(_folded(word), code)
    return words


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _read_text(text: str) -> str:
    if text.startswith(DIGITS_LOST):
        raise _UnreadableError(Message("数字过长，表格软件已丢失末位，请将该列存为文本"))
    return text


def _read_code(text: str, codes: Mapping[str, str]) -> str:
    code = codes.get(_folded(text))
    if code is None:
        raise _UnreadableError(Message("不在可用的取值之内"))
    return code


def _read_list(text: str, codes: Mapping[str, str] | None) -> str | None:
    parts = [part.strip() for part in _LIST_SIGNS.split(_read_text(text))]
    found = [part if codes is None else _read_code(part, codes) for part in parts if part]
    return ";".join(dict.fromkeys(found)) or None


def _read_number(text: str) -> float:
    plain = unicodedata.normalize("NFKC", text.removeprefix(DIGITS_LOST)).replace("−", "-")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", plain):
        plain = plain.replace(",", "")
    try:
        number = float(plain)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number) or "_" in plain:
        raise _UnreadableError(Message("不是数字"))
    return number


def _read_integer(text: str) -> float:
    number = _read_number(text)
    if not number.is_integer():
        raise _UnreadableError(Message("不是整数"))
    return number


def _in_range(column: schema.Column, number: float) -> float:
    lo = -np.inf if column.lo is None else column.lo
    hi = np.inf if column.hi is None else column.hi
    if not lo <= number <= hi:
        if column.hi is None:
            raise _UnreadableError(Message("应不小于 {lo}", {"lo": column.lo}))
        raise _UnreadableError(
            Message("应在 {lo} 至 {hi} 之间", {"lo": column.lo, "hi": column.hi})
        )
    return number


def _read_flag(text: str) -> int:
    flag = _FLAGS.get(_folded(text).removesuffix(".0"))
    if flag is None:
        raise _UnreadableError(Message("应为 0 或 1"))
    return flag


def _read_moment(text: str, date_format: str | None) -> datetime:
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        moment = _matched_moment(plain, date_format)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not _YEARS[0] <= moment.year <= _YEARS[1]:
        raise _UnreadableError(Message("不是可识别的日期"))
    return moment


def _matched_moment(plain: str, date_format: str | None) -> datetime | None:
    if date_format is not None:
        try:
            return datetime.strptime(plain, date_format)  # noqa: DTZ007 - made aware by the caller
        except ValueError:
            pass
    if found := _DATE.fullmatch(plain):
        *numbers, zone = found.groups()
        parts = [int(number or 0) for number in numbers]
        return datetime(*parts, tzinfo=_zone(zone))  # type: ignore[arg-type,misc]
    if found := _COMPACT_DATE.fullmatch(plain):
        return datetime(*map(int, found.groups()))  # type: ignore[arg-type] # noqa: DTZ001
    if _SERIAL.fullmatch(plain) and _SERIALS[0] <= float(plain) < _SERIALS[1]:
        day, share = divmod(float(plain), 1)
        start = datetime.combine(_SERIAL_START, datetime.min.time())
        return start + timedelta(days=day, seconds=round(share * 86_400))
    return None


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return timezone.utc  # noqa: UP017 - the same type as the line below
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _read_instant(text: str, date_format: str | None) -> int:
    moment = _read_moment(text, date_format)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=schema.TIME_ZONE)
    return int(moment.timestamp() // 1)


def _series(type_: str, values: list[object]) -> pd.Series:
    if type_ == "date":
        return pd.Series(np.array(values, dtype="datetime64[D]").astype("datetime64[s]"))
    if type_ == "instant":
        seconds = pa.array(values, pa.int64()).cast(pa.timestamp("s"))
        utc = pd.Series(seconds.to_numpy(zero_copy_only=False)).dt.tz_localize("UTC")
        return utc.dt.tz_convert(schema.TIME_ZONE)
    if type_ in {"real", "integer", "flag"}:
        return pd.Series(np.array([np.nan if v is None else v for v in values], dtype=np.float64))
    return pd.Series(values, dtype="str")
