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
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?"
    r"(?:\s*[(（]?(?:星期|周)[一二三四五六日天][)）]?)?"
    r"(?:[T\s]*(上午|下午|中午|晚上|凌晨|早上|AM|PM)?\s*(\d{1,2})\s*[:时点]"
    r"\s*(?:(\d{1,2})(?:\s*[:分]\s*(\d{1,2})(?:\.\d+)?)?\s*[秒分]?)?\s*(AM|PM)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_HAN_DIGITS = {han: str(n) for n, han in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}
_HAN_DATE = re.compile(r"([〇零○一二三四五六七八九]{4})年(\w{1,3})月(\w{1,3})([日号])")
_AFTERNOON = frozenset({"下午", "晚上", "pm"})
_MORNING = frozenset({"上午", "凌晨", "早上", "am"})
_NOTHING = frozenset({"-", "--", "—", "——", "－", "/", "\\", "暂无", "不详", "n/a", "null", "none"})
"""What people write into a cell to say that there is nothing to write."""
_AMOUNT = re.compile(
    r"[¥￥约]?\s*([+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?)\s*(亿|千万|百万|万|千)?\s*"
    r"(元整?|人民币|人次?|名|个|户|家|分钟|分|小时|km/h|公里/小时)?"
)
_SCALES = {"亿": 1e8, "千万": 1e7, "百万": 1e6, "万": 1e4, "千": 1e3, None: 1.0}
_POWER = re.compile(r"[+-]?\d(?:\.\d+)?[Ee]\+?\d{1,2}")
"""A long number as a spreadsheet shows it when its column is too narrow."""
_ROUNDED = r"1[3-9]\d{1,2}0{7,8}"
"""A mobile number that went through such a display once and came back as a number."""
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


def damaged(texts: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Say which texts are numbers whose digits a spreadsheet has thrown away."""
    pattern = f"^({_POWER.pattern}|{_ROUNDED})$"
    lost = pc.or_(pc.starts_with(texts, DIGITS_LOST), pc.match_substring_regex(texts, pattern))
    return pc.fill_null(lost, fill_value=False).to_numpy()


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
    empties = _NOTHING if column.vocabulary or column.type not in {"text", "list"} else frozenset()
    results: list[object] = []
    which: list[int] = []
    reasons: dict[str, Message] = {}
    for text in encoded.dictionary.to_pylist():
        try:
            results.append(None if text.casefold() in empties else read(text))
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
        "text": _read_code_text if is_code(column) else _read_text,
        "list": lambda text: _read_list(text, None),
        "integer": lambda text: _in_range(column, _read_integer(text)),
        "real": lambda text: _in_range(column, _read_number(text)),
        "flag": _read_flag,
        "date": lambda text: _read_moment(text, date_format).date(),
        "instant": lambda text: _read_instant(text, date_format),
    }[column.type]


def is_code(column: schema.Column) -> bool:
    """Whether a column holds identifiers or codes rather than words."""
    return column.type == "text" and column.name.endswith(("_id", "_code", "_no"))


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


def _read_code_text(text: str) -> str:
    """Read an identifier or code: one width of digits and letters, no ``.0`` of a spreadsheet."""
    plain = unicodedata.normalize("NFKC", _read_text(text)).strip()
    if _POWER.fullmatch(plain):
        raise _UnreadableError(Message("数字过长，表格软件已丢失末位，请将该列存为文本"))
    return plain.removesuffix(".0") if plain[:-2].isdecimal() else plain


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
    try:
        if found := _AMOUNT.fullmatch(plain.strip()):
            number = float(found[1].replace(",", "")) * _SCALES[found[2]]
            number *= 60.0 if found[3] == "小时" else 1.0
            number = round(number, 6) if found[2] else number
        else:
            number = float(plain.removesuffix("%")) / (100.0 if plain.endswith("%") else 1.0)
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
    plain = _without_han_digits(plain)
    if found := _DATE.fullmatch(plain):
        year, month, day, before, hour, minute, second, after, zone = found.groups()
        at = _hour_of_day(int(hour or 0), (before or after or "").casefold())
        parts = (int(year), int(month), int(day), at, int(minute or 0), int(second or 0))
        return datetime(*parts, tzinfo=_zone(zone))
    if found := _COMPACT_DATE.fullmatch(plain):
        return datetime(*map(int, found.groups()))  # type: ignore[arg-type] # noqa: DTZ001
    if _SERIAL.fullmatch(plain) and _SERIALS[0] <= float(plain) < _SERIALS[1]:
        day, share = divmod(float(plain), 1)
        start = datetime.combine(_SERIAL_START, datetime.min.time())
        return start + timedelta(days=day, seconds=round(share * 86_400))
    return None


def _hour_of_day(hour: int, half: str) -> int:
    """Return the hour of 24, of an hour that may be said with the half of the day."""
    if half in _AFTERNOON and hour < 12:
        return hour + 12
    return 0 if half in _MORNING and hour == 12 else hour


def _without_han_digits(text: str) -> str:
    """Write 二〇二五年六月三日 as 2025年6月3日."""
    found = _HAN_DATE.match(text)
    if found is None:
        return text
    year = "".join(_HAN_DIGITS[sign] for sign in found[1])
    return f"{year}年{_small_number(found[2])}月{_small_number(found[3])}日{text[found.end() :]}"


def _small_number(han: str) -> int:
    """Return a number below 100 written in Chinese: 三, 十, 十五, 二十一, 三〇."""
    if "十" not in han:
        return int("".join(_HAN_DIGITS.get(sign, sign) for sign in han))
    tens, _, ones = han.partition("十")
    return int(_HAN_DIGITS.get(tens, tens) or 1) * 10 + int(_HAN_DIGITS.get(ones, ones) or 0)


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
