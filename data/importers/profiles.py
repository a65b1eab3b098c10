"""
Mapping profiles: a TOML file that says how a foreign layout becomes ours.

One table per file name or pattern; see ``docs/examples/chicago.toml``. Every key,
kind, column and code is checked when the profile is read, so that a slip of the
pen never loads half of a city.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import Any

from data import schema
from data.importers.values import vocabulary_codes
from errors import BadProfileError

DATUMS = ("auto", "wgs84", "gcj02", "bd09", "cgcs2000")
DEFAULT = "default"
_FILE_KEYS = frozenset(
    {"kind", "datum", "date_format", "columns", "values", "constants", "also", "known_on"}
)
_ALSO_KEYS = frozenset({"kind", "when", "columns", "values", "constants", "link"})
_WHEN_KEYS = frozenset({"column", "above", "equals", "filled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Which rows: a number above ``above``, one of the texts ``equals``, or any text."""

    column: str
    above: float | None = None
    equals: tuple[str, ...] = ()
    filled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    How rows become records of one kind.

    ``columns`` maps ours to theirs; empty means: match the headers. ``words`` maps,
    per column of ours, their text to ours, ``default`` standing for all others and
    for nothing. ``link`` (of a second kind) is the column of the first kind that
    gets the second record's key.
    """

    kind: str
    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    when: Condition | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProfile:
    """What a profile says about files of one name or pattern."""

    pattern: str
    rule: Rule
    also: tuple[Rule, ...] = ()
    datum: str | None = None
    date_format: str | None = None
    known_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A whole profile."""

    files: tuple[FileProfile, ...]

    def for_file(self, name: str) -> FileProfile | None:
        """Return what the profile says about a file, the exact name before patterns."""
        plain = PurePath(name).name
        exact = [file for file in self.files if file.pattern == plain]
        fitting = [file for file in self.files if fnmatch(plain, file.pattern)]
        return next(iter(exact or fitting), None)


def read_profile(path: Path) -> Profile:
    """
    Read and check a profile.

    Raises
    ------
    BadProfileError
        If it is no TOML, or names a key, kind, column, code or form that does not exist.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadProfileError("{file} 不是可读的 TOML 配置", file=path.name) from error
    shared = {key: document.pop(key, None) for key in ("known_on", "date_format", "datum")}
    files = [_file_profile(pattern, table, shared) for pattern, table in document.items()]
    if not files:
        raise BadProfileError("{file} 没有列出任何文件", file=path.name)
    return Profile(tuple(files))


def _file_profile(pattern: str, table: Any, shared: Mapping[str, Any]) -> FileProfile:
    if not isinstance(table, dict):
        raise _unknown_key(pattern, pattern)
    _check_keys(pattern, table, _FILE_KEYS)
    datum = table.get("datum") or shared["datum"]
    if datum is not None and datum not in DATUMS:
        raise BadProfileError("配置 {where}：没有坐标系 {name}", where=pattern, name=str(datum))
    return FileProfile(
        pattern=pattern,
        rule=_rule(pattern, table),
        also=tuple(_also(pattern, item, table["kind"]) for item in table.get("also", ())),
        datum=datum,
        date_format=table.get("date_format") or shared["date_format"],
        known_on=_start_of(pattern, table.get("known_on") or shared["known_on"]),
    )


def _also(pattern: str, item: Mapping[str, Any], main_kind: str) -> Rule:
    _check_keys(pattern, item, _ALSO_KEYS)
    link = item.get("link")
    if link is not None:
        _check_column(pattern, main_kind, link)
    return _rule(pattern, item, link=link)


def _rule(where: str, table: Mapping[str, Any], *, link: str | None = None) -> Rule:
    kind = str(table.get("kind"))
    if kind not in schema.KINDS:
        raise BadProfileError("配置 {where}：没有数据类别 {name}", where=where, name=kind)
    for name in ("columns", "values", "constants"):
        for column in table.get(name, {}):
            _check_column(where, kind, column)
    for column, texts in table.get("values", {}).items():
        for code in texts.values():
            _check_code(where, kind, column, code)
    for column, text in table.get("constants", {}).items():
        _check_code(where, kind, column, text)
    return Rule(
        kind=kind,
        columns={ours: str(theirs) for ours, theirs in table.get("columns", {}).items()},
        words={
            column: {str(theirs): str(ours) for theirs, ours in texts.items()}
            for column, texts in table.get("values", {}).items()
        },
        constants={column: str(text) for column, text in table.get("constants", {}).items()},
        when=_condition(where, table.get("when")),
        link=link,
    )


def _condition(where: str, when: Mapping[str, Any] | None) -> Condition | None:
    if when is None:
        return None
    _check_keys(where, when, _WHEN_KEYS)
    if "column" not in when or len(when) != 2:
        raise BadProfileError("配置 {where}：when 应有 column 和一个条件", where=where)
    equals = when.get("equals", ())
    return Condition(
        column=str(when["column"]),
        above=when.get("above"),
        equals=(equals,) if isinstance(equals, str) else tuple(map(str, equals)),
        filled=bool(when.get("filled", False)),
    )


def _start_of(where: str, known_on: object) -> datetime | None:
    if known_on is None:
        return None
    if isinstance(known_on, datetime):
        return known_on if known_on.tzinfo else known_on.replace(tzinfo=schema.TIME_ZONE)
    if isinstance(known_on, date):
        return datetime.combine(known_on, datetime.min.time(), tzinfo=schema.TIME_ZONE)
    raise BadProfileError("配置 {where}：known_on 应为日期", where=where)


def _check_keys(where: str, table: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in table:
        if key not in known:
            raise _unknown_key(where, key)


def _unknown_key(where: str, key: str) -> BadProfileError:
    return BadProfileError("配置 {where}：没有 {name} 这一项", where=where, name=key)


def _check_column(where: str, kind: str, column: str) -> None:
    if column not in schema.KINDS[kind].by_name:
        raise BadProfileError(
            "配置 {where}：{kind} 没有列 {name}", where=where, kind=kind, name=column
        )


def _check_code(where: str, kind: str, column: str, code: object) -> None:
    vocabulary = schema.KINDS[kind].by_name[column].vocabulary
    if vocabulary is None:
        return
    known = set(vocabulary_codes(vocabulary).values())
    if any(part not in known for part in str(code).split(";")):
        raise BadProfileError(
            "配置 {where}：列 {column} 没有取值 {name}", where=where, column=column, name=str(code)
        )
