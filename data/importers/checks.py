"""
Check a file's rows against a kind of record: each is accepted or refused with a reason.

One reason per refused row, that of its first bad column in the order of
``data/schema.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data import schema
from data.importers import headers, problems, proposal, rules, values
from data.importers.child_shapes import SHAPE_TYPE
from data.importers.child_tables import NO_VALUE
from data.importers.profiles import DEFAULT, Condition, FileProfile, Rule
from data.importers.reading import FileTable
from data.importers.report import Refusal
from data.importers.rules import Setting
from data.records import Message

_SHAPES = {"areas": "area", "roads": "line"}
_POLE_LAT = 85.0
"""Nobody lives beyond; a latitude there means that lon and lat are swapped."""
_CHINA = (73.0, 136.0, 3.0, 54.0)
"""West, east, south, north, degrees."""
POINTS = (("lon", "lat"), ("base_lon", "base_lat"))
WARNINGS_KEPT = 200
_NO_RESULT = Message("公式没有计算结果，按空处理；请用表格软件打开并保存后再导入")
_UNUSABLE = Message("该号码已被表格软件改写，无法使用，已留空；该行照常导入")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """
    Rows that passed, with their numbers in the file, and those that did not.

    ``identities`` holds complaint ids with names and phones in clear, on their way
    into the encrypted table, and nothing else holds them. ``columns`` maps ours to
    theirs. Of each kind of warning the first ``WARNINGS_KEPT`` are kept, all are
    marked in ``warned``.
    """

    records: pd.DataFrame
    row: NDArray[np.int64]
    refused: tuple[Refusal, ...]
    identities: pd.DataFrame
    columns: Mapping[str, str]
    ignored_columns: tuple[str, ...]
    notes: tuple[Message, ...]
    warnings: tuple[Refusal, ...]
    warned: NDArray[np.bool_]

    @property
    def n_warned(self) -> int:
        """Rows taken with a warning."""
        return int(self.warned.sum())

    @property
    def n_rows(self) -> int:
        """Rows read: accepted and refused."""
        return len(self.row) + len(self.refused)


def select_rows(table: FileTable, condition: Condition) -> FileTable:
    """Return the rows of a table that meet a profile's condition."""
    if condition.column not in table.headers:
        raise problems.to_error("columns", file=table.name, columns=condition.column)
    texts = values.clean(table.columns[table.headers.index(condition.column)])
    if condition.above is not None:
        number = schema.Column(name="", type="real", zh="", meaning="")
        met = (values.parse(number, texts).series > condition.above).to_numpy()
    elif condition.equals:
        met = pc.is_in(texts, pa.array(condition.equals, texts.type)).to_numpy()
    else:
        met = pc.is_valid(texts).to_numpy()
    return replace(
        table,
        columns=tuple(column.filter(pa.array(met)) for column in table.columns),
        row=table.row[met],
        surplus=table.surplus[met],
        shapes=None if table.shapes is None else table.shapes.filter(pa.array(met)),
    )


def check_rows(
    table: FileTable,
    rule: Rule,
    *,
    profile: FileProfile | None = None,
    setting: Setting | None = None,
) -> Checked:
    """
    Read all rows of a table as records of ``rule.kind``.

    ``setting`` is what the rules of ``data/importers/rules.py`` compare with; they
    are not asked without it.

    Raises
    ------
    MissingColumnsError
        If the table lacks a required column, or one that the profile names.
    """
    kind = schema.KINDS[rule.kind]
    matching = _matching(table, kind, rule)
    date_format = None if profile is None else profile.date_format
    judge = _Judge(table, kind, matching.columns)
    read: dict[str, pd.Series] = {}
    for column in kind.columns:
        texts = _texts(table, column, matching.columns, rule)
        if texts is None:
            continue
        if column.type == "shape":
            read[column.name] = judge.shapes(column)
            continue
        if not column.required and (column.identity or values.is_code(column)):
            texts = judge.without_damaged(column, texts)
        parsed = values.parse(column, texts, date_format=date_format)
        read[column.name] = judge.in_unit(column, parsed.series, texts)
        judge.unreadable(column, parsed, texts)
        judge.without_result(column)
        if column.required:
            judge.missing(column, parsed.series.isna().to_numpy() & ~parsed.bad)
    n_nowhere = judge.points(read)
    judge.surplus()
    whole = pd.DataFrame(read)
    if setting is not None:
        for finding in rules.findings(kind, whole, setting):
            texts = _texts(table, kind.by_name[finding.column], matching.columns, rule)
            judge.broken(finding, texts)
    good = judge.column < 0
    frame = whole[good].reset_index(drop=True)
    hidden = [column.name for column in kind.columns if column.identity and column.name in frame]
    notes = []
    if n_nowhere:
        notes.append(Message("{n} 行的坐标为 0，按没有坐标处理", {"n": n_nowhere}))
    if again := headers.repeated(table.headers):
        notes.append(Message("表头重复，只读取第一列：{columns}", {"columns": "、".join(again)}))
    warnings, warned = judge.warnings(good)
    return Checked(
        warnings=warnings,
        warned=warned[good],
        columns={ours: table.headers[index] for ours, index in matching.columns.items()},
        records=frame.drop(columns=hidden),
        row=table.row[good],
        refused=judge.refusals(),
        identities=frame[[*kind.key, *hidden]] if hidden else pd.DataFrame(),
        ignored_columns=tuple(h for h in matching.ignored if h != SHAPE_TYPE),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Warned:
    column: schema.Column
    rows: NDArray[np.bool_]
    reason: Message
    texts: pa.ChunkedArray | None


class _Judge:
    """Collects, per row, the first thing that is wrong with it."""

    def __init__(self, table: FileTable, kind: schema.Kind, columns: Mapping[str, int]) -> None:
        self.table = table
        self.kind = kind
        self.columns = columns
        self.column = np.full(len(table.row), -1, dtype=np.int64)
        self.reason = np.full(len(table.row), -1, dtype=np.int64)
        self.reasons: list[Message] = []
        self.names: list[schema.Column | None] = []
        self.texts: dict[int, pa.ChunkedArray] = {}
        self.warned: list[_Warned] = []

    def without_damaged(self, column: schema.Column, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """Empty numbers that lost their digits, such as 1.38E+10, and warn of their rows."""
        bad = values.damaged(texts)
        if not bad.any():
            return texts
        self.warned.append(_Warned(column, bad, _UNUSABLE, texts))
        return pc.if_else(pa.array(bad), pa.scalar(None, texts.type), texts)

    def without_result(self, column: schema.Column) -> None:
        """Note formulas without a result: where a value is required, else as a warning."""
        index = self.columns.get(column.name)
        if index is None:
            return
        there = pc.equal(self.table.columns[index], NO_VALUE)
        bad = pc.fill_null(there, fill_value=False).to_numpy()
        if bad.any() and column.required:
            self._add(column, bad, [_NO_RESULT])
        elif bad.any():
            self.warned.append(_Warned(column, bad, _NO_RESULT, None))

    def in_unit(
        self, column: schema.Column, series: pd.Series, texts: pa.ChunkedArray
    ) -> pd.Series:
        """Return numbers in the column's own unit where the header names a larger one."""
        index = self.columns.get(column.name)
        factor = 1.0 if index is None else headers.unit_factor(self.table.headers[index])
        if factor == 1.0 or column.type not in {"real", "integer"}:
            return series
        said = pc.fill_null(pc.match_substring_regex(texts, "[万亿千]"), fill_value=False)
        return series.where(said.to_numpy(), series * factor)

    def broken(self, finding: rules.Finding, texts: pa.ChunkedArray | None) -> None:
        """Note the rows that break a rule."""
        column = self.kind.by_name[finding.column]
        if finding.refuses:
            self._add(column, finding.broken, [finding.reason], texts=texts)
        else:
            self.warned.append(_Warned(column, finding.broken, finding.reason, texts))

    def warnings(self, good: NDArray[np.bool_]) -> tuple[tuple[Refusal, ...], NDArray[np.bool_]]:
        """Return the warnings of rows that are taken, and which rows they concern."""
        concerned = np.zeros(len(good), dtype=bool)
        made: list[Refusal] = []
        for warned in self.warned:
            rows = warned.rows & good
            concerned |= rows
            made += [
                Refusal(
                    row=int(self.table.row[index]),
                    column=self._their_name(warned.column),
                    value=None
                    if warned.texts is None
                    else values.shown(warned.column, warned.texts[int(index)].as_py()),
                    reason=warned.reason,
                )
                for index in np.flatnonzero(rows)[:WARNINGS_KEPT]
            ]
        return tuple(sorted(made, key=lambda warning: warning.row)), concerned

    def _add(
        self,
        column: schema.Column | None,
        bad: NDArray[np.bool_],
        reasons: Sequence[Message],
        which: NDArray[np.int64] | None = None,
        texts: pa.ChunkedArray | None = None,
    ) -> None:
        new = bad & (self.column < 0)
        if not new.any():
            return
        number, offset = len(self.names), len(self.reasons)
        self.names.append(column)
        self.reasons += reasons
        self.column[new] = number
        self.reason[new] = offset + (0 if which is None else which[new])
        if texts is not None:
            self.texts[number] = texts

    def unreadable(
        self, column: schema.Column, parsed: values.Parsed, texts: pa.ChunkedArray
    ) -> None:
        """Note values that can't be read."""
        self._add(column, parsed.bad, parsed.reasons, parsed.reason, texts)

    def missing(self, column: schema.Column, empty: NDArray[np.bool_]) -> None:
        """Note required values that are not there."""
        self._add(column, empty, [Message("缺少必填项")])

    def shapes(self, column: schema.Column) -> pd.Series:
        """Note shapes that are missing or of the wrong kind, and return all."""
        shapes = self.table.shapes
        assert shapes is not None  # noqa: S101 - checked with the required columns
        types = self.table.columns[self.table.headers.index(SHAPE_TYPE)].to_pandas()
        wrong = (types != _SHAPES[self.kind.name]).to_numpy(dtype=bool, na_value=True)
        reason = "缺少边界或不是面" if self.kind.name == "areas" else "缺少线形或不是线"
        self._add(column, wrong, [Message(reason)])
        return pd.Series(shapes.to_pylist(), dtype=object)

    def points(self, read: dict[str, pd.Series]) -> int:
        """Note impossible points; make points at 0, 0 missing and return their number."""
        n_nowhere = 0
        for lon_name, lat_name in POINTS:
            if lon_name not in read or lat_name not in read:
                continue
            lon, lat = read[lon_name].to_numpy().copy(), read[lat_name].to_numpy().copy()
            column = self.kind.by_name[lat_name]
            nowhere = (lon == 0) & (lat == 0)
            n_nowhere += int(nowhere.sum())
            lon[nowhere] = lat[nowhere] = np.nan
            read[lon_name], read[lat_name] = pd.Series(lon), pd.Series(lat)
            self._add(column, np.isnan(lon) != np.isnan(lat), [Message("经度和纬度只有其一")])
            west, east, south, north = _CHINA
            swapped = (lat >= west) & (lat <= east) & (lon >= south) & (lon <= north)
            beyond = (np.abs(lat) > _POLE_LAT) | (swapped & (lat > 70))
            self._add(column, beyond, [Message("该点在极地附近（经纬度是否颠倒？）")])
        return n_nowhere

    def surplus(self) -> None:
        """Note rows with more cells than headers: their values may have slipped."""
        self._add(None, self.table.surplus > 0, [Message("单元格多于表头")])

    def refusals(self) -> tuple[Refusal, ...]:
        """Return one refusal per bad row, in the file's order."""
        return tuple(self._refusal(int(index)) for index in np.flatnonzero(self.column >= 0))

    def _refusal(self, index: int) -> Refusal:
        number = int(self.column[index])
        column = self.names[number]
        texts = self.texts.get(number)
        text = None if texts is None else texts[index].as_py()
        reason = self.reasons[int(self.reason[index])]
        row = int(self.table.row[index])
        if column is not None and column.name in {"lat", "base_lat"} and "{hi}" in reason.template:
            reason = self._latitude_sentence(row, values.shown(column, text))
        return Refusal(
            row=row,
            column=self._their_name(column),
            value=values.shown(column, text),
            reason=reason,
        )

    def _latitude_sentence(self, row: int, text: str | None) -> Message:
        about: dict[str, object] = {"file": self.table.name, "row": row, "v": text}
        if self.table.sheet is None:
            return Message(
                "{file} 第 {row} 行：纬度应在 −90 至 90，实为 {v}（经纬度是否颠倒？）", about
            )
        return Message(
            "{file} 工作表“{sheet}”第 {row} 行：纬度应在 −90 至 90，实为 {v}（经纬度是否颠倒？）",
            {**about, "sheet": self.table.sheet},
        )

    def _their_name(self, column: schema.Column | None) -> str | None:
        if column is None:
            return None
        index = self.columns.get(column.name)
        return column.name if index is None else self.table.headers[index]


def _matching(table: FileTable, kind: schema.Kind, rule: Rule) -> headers.Matching:
    if rule.columns:
        absent = [theirs for theirs in rule.columns.values() if theirs not in table.headers]
        if absent:
            raise problems.to_error("columns", file=table.name, columns="、".join(absent))
        columns = {ours: table.headers.index(theirs) for ours, theirs in rule.columns.items()}
        used = set(columns.values())
        ignored = tuple(h for i, h in enumerate(table.headers) if i not in used and h.strip())
        matching = headers.Matching(columns, ignored)
    else:
        columns = dict(proposal.sure_columns(table, kind))
        used = set(columns.values())
        ignored = tuple(h for i, h in enumerate(table.headers) if i not in used and h.strip())
        matching = headers.Matching(columns, ignored)
    given = [*matching.columns, *rule.constants, *_defaults(rule)]
    missing = headers.missing_columns(kind, given, has_shapes=table.shapes is not None)
    if missing:
        names = "、".join(column.name for column in missing)
        raise problems.to_error("columns", file=table.name, columns=names)
    return matching


def _defaults(rule: Rule) -> list[str]:
    return [column for column, texts in rule.words.items() if DEFAULT in texts]


def _texts(
    table: FileTable, column: schema.Column, columns: Mapping[str, int], rule: Rule
) -> pa.ChunkedArray | None:
    """Return a column's cleaned texts after the profile's constants and value mapping."""
    n_rows = len(table.row)
    if column.type == "shape":
        return table.shapes
    if column.name in rule.constants:
        return pa.chunked_array(
            [pa.array([rule.constants[column.name]] * n_rows, pa.large_string())]
        )
    mapped = rule.words.get(column.name)
    index = columns.get(column.name)
    if index is None:
        if mapped is None:
            return None
        texts = pa.chunked_array([pa.nulls(n_rows, pa.large_string())])
    else:
        texts = values.clean(table.columns[index])
    return texts if mapped is None else _mapped(texts, mapped)


def _mapped(texts: pa.ChunkedArray, mapped: Mapping[str, str]) -> pa.ChunkedArray:
    """Replace their words by ours; ``default`` stands for all others and for nothing."""
    folded = {
        theirs.strip().casefold(): ours for theirs, ours in mapped.items() if theirs != DEFAULT
    }
    default = mapped.get(DEFAULT)
    codes, unique = pd.factorize(texts.to_pandas(), use_na_sentinel=True)
    ours = [folded.get(str(text).casefold(), default or str(text)) for text in unique]
    empty = folded.get("", default)
    picked = np.array([*ours, empty], dtype=object)[codes]
    return pa.chunked_array([pa.array(picked.tolist(), pa.large_string())])
