"""Rows of a table that are no records: totals, notes at the foot, the header once more."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.importers.child_tables import NO_VALUE
from data.importers.reading import FileTable
from data.records import Message

_TOTAL = (
    r"^[\s　]*(本页|本表|全部|以上|各县区?)?[\s　]*"
    r"([合总小共累][\s　]*计|总数|(?i:(grand |sub)?total)|(?i:sum))"
    r"[\s　]*([:：(（].{0,12})?$"
)
_FOOT = r"^[\s　]*(填表人|填报人|制表人?|审核人?|经办人|填报单位|填报时间|备注|说明|注)[\s　]*[:：]"
_LOOKED_AT_COLUMNS = 3
_MAX_FOOT_CELLS = 4
_NUMBER = re.compile(r"[\d０-９.,，%\s\-]+[元件家次人个户起条万]*")

TOTAL = Message("合计行，未作为记录")
FOOT = Message("表尾说明，未作为记录")
HEADER_AGAIN = Message("重复的表头，未作为记录")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One row that was not read as a record: its number in the file, and why."""

    row: int
    reason: Message


def split(table: FileTable) -> tuple[FileTable, tuple[LeftOut, ...]]:
    """Return the table without such rows, and these; layers are never touched."""
    if table.format not in {"csv", "xlsx", "xls"} or len(table.row) == 0 or not table.columns:
        return table, ()
    reasons: dict[int, Message] = {}
    for index in _where(table, _TOTAL):
        if _is_total(_cells(table, index)):
            reasons[index] = TOTAL
    for index in _where(table, _FOOT):
        if index >= len(table.row) - 10 and 0 < len(_cells(table, index)) <= _MAX_FOOT_CELLS:
            reasons.setdefault(index, FOOT)
    for index in _header_again(table):
        reasons.setdefault(index, HEADER_AGAIN)
    if not reasons or len(reasons) == len(table.row):
        return table, ()
    keep = np.ones(len(table.row), dtype=bool)
    keep[list(reasons)] = False
    left = tuple(LeftOut(int(table.row[i]), reasons[i]) for i in sorted(reasons))
    return select(table, keep), left


def select(table: FileTable, keep: NDArray[np.bool_]) -> FileTable:
    """Return the rows of a table for which ``keep`` is true."""
    mask = pa.array(keep)
    return replace(
        table,
        columns=tuple(column.filter(mask) for column in table.columns),
        row=table.row[keep],
        surplus=table.surplus[keep],
        shapes=None if table.shapes is None else table.shapes.filter(mask),
    )


def _where(table: FileTable, pattern: str) -> list[int]:
    found: set[int] = set()
    for column in table.columns[:_LOOKED_AT_COLUMNS]:
        hits = pc.fill_null(pc.match_substring_regex(column, pattern), fill_value=False)
        found.update(np.flatnonzero(hits.to_numpy()).tolist())
    return sorted(found)


def _cells(table: FileTable, index: int) -> list[str]:
    texts = (column[index].as_py() for column in table.columns)
    return [text.strip() for text in texts if text and text.strip() and text != NO_VALUE]


def _is_total(cells: list[str]) -> bool:
    """Whether all that stands beside the word is numbers, so that no record is taken for it."""
    rest = [cell for cell in cells if not re.match(_TOTAL, cell)]
    return len(rest) < len(cells) and all(_NUMBER.fullmatch(cell) for cell in rest)


def _header_again(table: FileTable) -> list[int]:
    """Return the rows that say in every column what the header says."""
    named = [i for i, header in enumerate(table.headers) if header.strip()][:_LOOKED_AT_COLUMNS]
    if len(named) < 2:
        return []
    same = np.ones(len(table.row), dtype=bool)
    for i in named:
        equal = pc.equal(table.columns[i], table.headers[i])
        same &= pc.fill_null(equal, fill_value=False).to_numpy()
    return np.flatnonzero(same).tolist()
