"""
Do the records that others refer to exist? An unknown one is a warning, never a refusal.

A lead about a clinic that nobody registered is exactly what a bureau looks for, and
registers come late. Codes that lost their leading zeros in a spreadsheet are
repaired where one stored code, and only one, can be meant.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from data import schema
from data.importers.checks import WARNINGS_KEPT, Checked
from data.importers.report import Refusal
from data.importers.values import MAX_SHOWN_CHARS
from data.records import Message

TARGETS = {
    "facility_id": "facilities",
    "complaint_id": "complaints",
    "person_id": "persons",
    "officer_id": "officers",
    "campaign_id": "campaigns",
    "area_code": "areas",
    "parent_code": "areas",
    "district_code": "areas",
}
"""Column → kind it refers to. A case is named before it is loaded and so is not asked for."""

Known = Callable[[str], frozenset[str]]


def check(kind: str, checked: Checked, known: Known) -> Checked:
    """Return the rows with codes repaired where that is certain, and warnings added."""
    spec = schema.KINDS[kind]
    for column, target in TARGETS.items():
        own = target == kind and column in spec.key
        if column in checked.records and not own and len(checked.records):
            ids = known(target)
            if ids:
                checked = _checked_column(checked, column, target, ids, is_code="code" in column)
    return checked


def _checked_column(
    checked: Checked, column: str, target: str, ids: frozenset[str], *, is_code: bool
) -> Checked:
    values = checked.records[column]
    distinct = [value for value in values.dropna().unique() if value not in ids]
    if not distinct:
        return checked
    repaired = _repairs(distinct, ids, is_code=is_code)
    records, notes = checked.records, checked.notes
    if repaired:
        fixed = values.map(repaired)
        records = records.assign(**{column: fixed.where(fixed.notna(), values)})
        note = Message(
            "列 {column} 有 {n} 行丢失了开头的 0，已按库中代码补回",
            {"column": checked.columns.get(column, column), "n": int(fixed.notna().sum())},
        )
        notes = (*notes, note)
    unknown = values.isin([value for value in distinct if value not in repaired]).to_numpy()
    reason = Message("{kind}中没有此编号，已照录", {"kind": schema.KINDS[target].zh})
    warned = tuple(
        Refusal(
            row=int(checked.row[index]),
            column=checked.columns.get(column, column),
            value=str(values.iloc[index])[:MAX_SHOWN_CHARS],
            reason=reason,
        )
        for index in np.flatnonzero(unknown)[:WARNINGS_KEPT]
    )
    return replace(
        checked,
        records=records,
        notes=notes,
        warnings=(*checked.warnings, *warned),
        warned=checked.warned | unknown,
    )


def _repairs(distinct: list[str], ids: frozenset[str], *, is_code: bool) -> dict[str, str]:
    """Return what each code must have been, where exactly one stored code can be meant."""
    padded = [code for code in ids if code.startswith("0")]
    if not padded:
        return {}
    candidates = pd.Series(padded).groupby(pd.Series(padded).str.lstrip("0")).agg(list)
    found: dict[str, str] = {}
    for value in distinct:
        likely = candidates.get(value) if value.isdecimal() else None
        if likely is not None and is_code:
            likely = [code for code in likely if len(code) in {6, 9, 12}]
        if likely is not None and len(likely) == 1:
            found[value] = likely[0]
    return found
