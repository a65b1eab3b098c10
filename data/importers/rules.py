"""
What a record must be to be believed: types, ranges, vocabularies, and what goes together.

One pandera schema per kind, made from ``data/schema.py``, with the rules below
as checks over whole rows. A rule refuses a row or only warns of it; it refuses
where the row can't be true and would be hidden or misplaced if it were taken.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import schema
from data.importers.values import vocabulary_codes
from data.records import Message

if TYPE_CHECKING:
    import pandera.pandas as pandera

Box: TypeAlias = tuple[float, float, float, float]
Good: TypeAlias = pd.Series

MAX_OFFICERS = 50
MAX_MINUTES = 24 * 60
MAX_FINE_YUAN = 5_000_000
FIRST_YEAR = 1990
_FUTURE_GRACE = timedelta(days=1)
_EVENTS = ("received_at", "started_at", "opened_on", "closed_on", "filed_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the rules compare with: the moment of loading, the box of the loaded areas."""

    now: datetime
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One rule over the rows of some kinds.

    ``needs`` are the columns it looks at, the first being the one to correct;
    ``holds`` says per row whether it is kept, missing values counting as kept.
    """

    name: str
    kinds: tuple[str, ...]
    needs: tuple[str, ...]
    holds: Callable[[pd.DataFrame, Setting], Good]
    reason: Message
    refuses: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The rows that break one rule, and the column to correct."""

    column: str
    reason: Message
    refuses: bool
    broken: NDArray[np.bool_]


def findings(kind: schema.Kind, frame: pd.DataFrame, setting: Setting) -> list[Finding]:
    """Check all rows lazily and return every rule that some row breaks."""
    import pandera.errors

    rules = [rule for rule in _RULES if _applies(rule, kind, frame, setting)]
    broken: dict[str, NDArray[np.bool_]] = {}
    made = _schema(kind, frame, rules, setting, broken)
    try:
        made.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        names = {rule.name for rule in rules}
        found = [
            Finding(column=r.needs[0], reason=r.reason, refuses=r.refuses, broken=broken[r.name])
            for r in rules
            if r.name in set(cases["check"])
        ]
        return [*found, *_column_findings(frame, cases[~cases["check"].isin(names)])]
    return []


def _schema(
    kind: schema.Kind,
    frame: pd.DataFrame,
    rules: list[Rule],
    setting: Setting,
    broken: dict[str, NDArray[np.bool_]],
) -> "pandera.DataFrameSchema":
    import pandera.pandas as pandera

    def check(rule: Rule) -> "pandera.Check":
        def holds(rows: pd.DataFrame) -> bool:
            bad = ~rule.holds(rows, setting).to_numpy(dtype=bool)
            broken[rule.name] = bad
            # One verdict per rule: a case per cell of a million rows would not fit in memory.
            return not bad.any()

        return pandera.Check(holds, name=rule.name)

    return pandera.DataFrameSchema(
        {c.name: _column(c) for c in kind.columns if c.name in frame},
        checks=[check(rule) for rule in rules],
    )


@functools.cache
def _column(column: schema.Column) -> "pandera.Column":
    import pandera.pandas as pandera

    checks = []
    if column.lo is not None:
        checks.append(pandera.Check.ge(column.lo))
    if column.hi is not None:
        checks.append(pandera.Check.le(column.hi))
    if column.vocabulary is not None and column.type == "text":
        checks.append(pandera.Check.isin(sorted(set(vocabulary_codes(column.vocabulary).values()))))
    numeric = column.type in {"real", "integer", "flag"}
    # What is missing though required is told by the reader of the row, in its own words.
    return pandera.Column(float if numeric else None, checks, nullable=True)


def _column_findings(frame: pd.DataFrame, cases: pd.DataFrame) -> list[Finding]:
    """Turn failures of single columns into findings; the reader of values lets none through."""
    made = []
    for column, failed in cases.groupby("column"):
        bad = np.zeros(len(frame), dtype=bool)
        index = pd.to_numeric(failed["index"], errors="coerce").dropna().astype(int)
        bad[index if len(index) else slice(None)] = True
        made.append(Finding(column=str(column), reason=_UNFIT, refuses=True, broken=bad))
    return made


_UNFIT = Message("不符合该列的规定")


def _applies(rule: Rule, kind: schema.Kind, frame: pd.DataFrame, setting: Setting) -> bool:
    if kind.name not in rule.kinds or not set(rule.needs) <= set(frame.columns):
        return False
    return setting.box is not None if rule.name.startswith("outside") else True


def _day(values: pd.Series) -> pd.Series:
    """Return the local day of dates and instants alike."""
    if values.dt.tz is not None:
        values = values.dt.tz_localize(None)
    return values.dt.floor("D")


def _not_before(later: str, earlier: str) -> Callable[[pd.DataFrame, Setting], Good]:
    def holds(rows: pd.DataFrame, _setting: Setting) -> Good:
        return ~(_day(rows[later]) < _day(rows[earlier]))

    return holds


def _not_in_future(column: str) -> Callable[[pd.DataFrame, Setting], Good]:
    def holds(rows: pd.DataFrame, setting: Setting) -> Good:
        latest = (setting.now + _FUTURE_GRACE).astimezone(schema.TIME_ZONE).replace(tzinfo=None)
        return ~(_day(rows[column]) > pd.Timestamp(latest))

    return holds


def _at_most(column: str, most: float) -> Callable[[pd.DataFrame, Setting], Good]:
    return lambda rows, _setting: ~(rows[column] > most)


def _since_first_year(column: str) -> Callable[[pd.DataFrame, Setting], Good]:
    return lambda rows, _setting: ~(rows[column].dt.year < FIRST_YEAR)


def _inside(lon: str, lat: str) -> Callable[[pd.DataFrame, Setting], Good]:
    def holds(rows: pd.DataFrame, setting: Setting) -> Good:
        west, south, east, north = setting.box or (-180.0, -90.0, 180.0, 90.0)
        x, y = rows[lon], rows[lat]
        return ~((x < west) | (x > east) | (y < south) | (y > north))

    return holds


def _rule(
    name: str,
    kinds: tuple[str, ...],
    needs: tuple[str, ...],
    holds: Callable[[pd.DataFrame, Setting], Good],
    reason: Message,
    *,
    refuses: bool = False,
) -> Rule:
    return Rule(name=name, kinds=kinds, needs=needs, holds=holds, reason=reason, refuses=refuses)


_CLOSED_EARLY = Message("结束日期早于开始日期，应不早于开始日期")
_FUTURE = Message("日期晚于导入当日")
_ANCIENT = Message("早于 {year} 年", {"year": FIRST_YEAR})
_OUTSIDE = Message("该点在已导入的区划之外（坐标系是否正确？）")
_EVENTFUL = ("facilities", "complaints", "cases", "inspections")


def _future_rules() -> list[Rule]:
    owners: Mapping[str, tuple[str, ...]] = {
        "received_at": ("complaints",),
        "started_at": ("inspections",),
        "opened_on": ("cases",),
        "closed_on": ("complaints", "cases"),
        "filed_on": ("persons",),
    }
    made = [
        _rule(
            f"future:{column}", owners[column], (column,), _not_in_future(column), _FUTURE,
            refuses=True,
        )
        for column in _EVENTS
    ]  # fmt: skip
    # A clinic that opens or closes next month is already on the register.
    late = ("opened_on", "closed_on")
    return made + [
        _rule(f"planned:{c}", ("facilities",), (c,), _not_in_future(c), _FUTURE) for c in late
    ]


_RULES: tuple[Rule, ...] = (
    _rule(
        "closed:complaints", ("complaints",), ("closed_on", "received_at"),
        _not_before("closed_on", "received_at"), _CLOSED_EARLY, refuses=True,
    ),
    _rule(
        "closed:others", ("facilities", "cases"), ("closed_on", "opened_on"),
        _not_before("closed_on", "opened_on"), _CLOSED_EARLY, refuses=True,
    ),
    _rule(
        "span", ("campaigns", "absences"), ("to_on", "from_on"),
        _not_before("to_on", "from_on"), _CLOSED_EARLY, refuses=True,
    ),
    *_future_rules(),
    _rule(
        "ancient:received", ("complaints",), ("received_at",),
        _since_first_year("received_at"), _ANCIENT, refuses=True,
    ),
    _rule(
        "ancient:started", ("inspections",), ("started_at",),
        _since_first_year("started_at"), _ANCIENT, refuses=True,
    ),
    _rule(
        "officers", ("inspections",), ("n_officers",), _at_most("n_officers", MAX_OFFICERS),
        Message("出动人数应在 0 至 {n} 之间", {"n": MAX_OFFICERS}), refuses=True,
    ),
    _rule(
        "minutes", ("inspections",), ("minutes",), _at_most("minutes", MAX_MINUTES),
        Message("用时超过一天"),
    ),
    _rule(
        "fine", ("cases",), ("fine_yuan",), _at_most("fine_yuan", MAX_FINE_YUAN),
        Message("罚款超过 {n} 元（单位是否为万元？）", {"n": MAX_FINE_YUAN}),
    ),
    _rule(
        "due", ("complaints",), ("due_on", "received_at"), _not_before("due_on", "received_at"),
        Message("办结时限早于登记时间"),
    ),
    _rule(
        "expiry", ("facilities",), ("licence_expiry", "opened_on"),
        _not_before("licence_expiry", "opened_on"), Message("许可有效期早于开业日期"),
    ),
    _rule("outside", _EVENTFUL, ("lat", "lon"), _inside("lon", "lat"), _OUTSIDE),
    _rule(
        "outside:base", ("officers",), ("base_lat", "base_lon"),
        _inside("base_lon", "base_lat"), _OUTSIDE,
    ),
)  # fmt: skip
