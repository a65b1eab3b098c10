"""
What was known of a facility before each look at it, and what is known of all now.

Each look at a facility becomes a row whose features come from strictly earlier days
alone, so that a model fitted on the rows never reads the look's own result; a second
table holds one row per facility for the day of the score. Finds are compared with
what the kind of facility, the officers who went and the ground of the visit made
likely: a find by strict officers on a complaint says less than one on a routine round.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from geo import grid
from risk import features
from risk.facility_history import Earlier
from risk.facility_rates import kind_rates, likeliest_strength
from risk.features import Floats
from risk.params import FacilityParams, ScoringParams

Ints = NDArray[np.int64]

GRAVE_POINTS = 5.0
"""Reports of topics of so many points or more have a weight of their own."""
SOON_DAYS = 60.0
_MONTH_DAYS = 30.0
_YEAR_DAYS = features.DAYS_PER_YEAR
_MOST_LIKELY = 0.9
_USUAL_GAP_DAYS = 330.0
_NEVER_KNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityRecords:
    """
    What the facility models read, as arrays; facilities are numbered as in ``active``.

    Ages are days before the score. ``officers`` has a row per look whose entries add up
    to 1, or to 0 where nobody is named. ``season`` is the day of the score as a share of
    the year.
    """

    n: int
    kinds: NDArray[np.object_]
    opened_days: Floats
    expired_days: Floats
    cell: Ints
    neighbours: sparse.csr_array
    look_at: Ints
    look_age: Floats
    look_found: Floats
    visit_kinds: Sequence[str]
    look_kind: Ints
    officers: sparse.csr_array
    report_at: Ints
    report_age: Floats
    report_grave: NDArray[np.bool_]
    call_cell: Ints
    call_age: Floats
    season: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """
    Features of rows, arrays of shape ``(n,)``.

    ``rate`` is that of the kind; ``fresh`` and ``own`` are logs of own finds over
    expected ones, without and with older visits counting less; ``visits`` and ``finds``
    are counts with older visits counting less, ``all_visits`` and ``all_finds`` plain;
    ``days`` since the last look is NaN where there was none.
    """

    at: Ints
    rate: Floats
    visits: Floats
    finds: Floats
    all_visits: Floats
    all_finds: Floats
    fresh: Floats
    own: Floats
    last_found: Floats
    days: Floats
    reports: Floats
    grave_reports: Floats
    expired: Floats
    soon: Floats
    near: Floats
    calls_near: Floats
    years: Floats
    season: Floats

    def take(self, index: Ints) -> "Rows":
        """Return some of the rows."""
        return Rows(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsAt:
    """
    Rows as of a day: one per earlier look, and one per facility.

    ``found``, ``look`` (its number in the records) and ``strictness`` (log of what the
    officers find over what others would) belong to the looks.
    """

    looks: Rows
    found: Floats
    look: Ints
    strictness: Floats
    now: Rows
    strength: float


def facility_records(
    active: pd.DataFrame,
    *,
    seen: pd.DataFrame,
    reported: pd.DataFrame,
    cell_ids: NDArray[np.object_],
    licence_age_days: Floats,
    params: ScoringParams,
) -> FacilityRecords:
    """
    Put what is known of facilities into arrays; see ``facilities.score_facilities``.

    Looks and reports of other facilities are left out; rows come in the order of
    facility, age and number, whatever the order of the input.
    """
    place = pd.Series(np.arange(len(active)), index=active["facility_id"].to_numpy(object))
    looks = seen.assign(at=place.reindex(seen["facility_id"]).fillna(-1).to_numpy(np.int64))
    looks = looks[looks["at"] >= 0].sort_values(
        ["at", "age_days", "inspection_id"], ascending=[True, False, True], kind="stable"
    )
    named = reported.assign(at=place.reindex(reported["facility_id"]).fillna(-1).to_numpy(np.int64))
    own = named[named["at"] >= 0].drop_duplicates(["facility_id", "day"])
    cells, cell = _cells(cell_ids)
    calls = named[named["facility_id"].isna() & named["lon"].notna()] if cells else named[:0]
    call_cell = _call_cells(calls, cells)
    visit_kinds = sorted({str(kind) for kind in looks["kind"]})
    code = {kind: i for i, kind in enumerate(visit_kinds)}
    points = np.array([params.severity_of(str(topic)) for topic in own["topic"]], dtype=float)
    return FacilityRecords(
        n=len(active),
        kinds=active["kind"].to_numpy(object),
        opened_days=_opened_days(active, looks),
        expired_days=licence_age_days,
        cell=cell,
        neighbours=grid.neighbour_matrix(cells) if cells else sparse.csr_array((0, 0)),
        look_at=looks["at"].to_numpy(np.int64),
        look_age=looks["age_days"].to_numpy(float),
        look_found=looks["found"].to_numpy(bool).astype(float),
        visit_kinds=visit_kinds,
        look_kind=np.array([code[str(kind)] for kind in looks["kind"]], dtype=np.int64),
        officers=_officers(looks),
        report_at=own["at"].to_numpy(np.int64),
        report_age=own["age_days"].to_numpy(float),
        report_grave=points >= GRAVE_POINTS,
        call_cell=call_cell[call_cell >= 0],
        call_age=calls["age_days"].to_numpy(float)[call_cell >= 0],
        season=_season(looks),
    )


def rows_at(
    known: FacilityRecords, *, age_days: float, window_days: float, params: FacilityParams
) -> RowsAt:
    """
    Return the rows as of ``age_days`` before the score, from what happened before that.

    Parameters
    ----------
    window_days
        Looks older than this, counted from that day, are history but no row.
    """
    before = known.look_age > age_days
    at, age, found = known.look_at[before], known.look_age[before], known.look_found[before]
    worth = features.decayed(age - age_days, half_life_days=params.half_life_days)
    visits = features.tally(at, known.n, weights=worth)
    finds = features.tally(at, known.n, weights=worth * found)
    rate = kind_rates(known.kinds, visits, finds, params=params)
    strength = likeliest_strength(rate, visits, finds, params=params)
    expected, strictness = _expected(known, before, rate[at], found, params)
    history = _History(
        look_at=at, age=age, found=found, expected=expected, rate=rate, strength=strength
    )
    chosen = np.flatnonzero(age <= age_days + window_days)
    monthly = _Monthly(known, history, first_age=age_days, params=params)
    of_looks = _rows(known, history, monthly, at[chosen], age[chosen], params)
    everyone, today = np.arange(known.n), np.full(known.n, age_days)
    return RowsAt(
        looks=of_looks, found=found[chosen], look=np.flatnonzero(before)[chosen],
        strictness=strictness[chosen],
        now=_rows(known, history, monthly, everyone, today, params), strength=strength,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    look_at: Ints
    age: Floats
    found: Floats
    expected: Floats
    rate: Floats
    strength: float


def _rows(
    known: FacilityRecords,
    history: _History,
    monthly: "_Monthly",
    at: Ints,
    age: Floats,
    params: FacilityParams,
) -> Rows:
    fading, never = params.half_life_days, np.inf
    earlier = Earlier(history.look_at, history.age, at, age)
    pull = history.strength * history.rate[at]

    def relative(half_life: float) -> Floats:
        finds = earlier.total(history.found, half_life)
        usual = earlier.total(history.expected, half_life)
        return np.log((pull + finds) / (pull + usual))

    reports = Earlier(known.report_at, known.report_age, at, age)
    grave = known.report_grave.astype(float)
    expired = known.expired_days[at] - age
    near, calls = monthly.at(at, age)
    return Rows(
        at=at,
        rate=history.rate[at],
        visits=earlier.total(np.ones(len(history.look_at)), fading),
        finds=earlier.total(history.found, fading),
        all_visits=earlier.total(np.ones(len(history.look_at)), never),
        all_finds=earlier.total(history.found, never),
        fresh=relative(never),
        own=relative(fading),
        last_found=np.nan_to_num(earlier.last(history.found)),
        days=earlier.last(history.age) - age,
        reports=reports.total(1.0 - grave, params.report_half_life_days),
        grave_reports=reports.total(grave, params.report_half_life_days),
        expired=(np.nan_to_num(expired, nan=-1e9) > 0).astype(float),
        soon=((expired <= 0) & (expired > -SOON_DAYS)).astype(float),
        near=near,
        calls_near=calls,
        years=np.maximum(known.opened_days[at] - age, 0.0) / _YEAR_DAYS,
        season=(known.season - age / _YEAR_DAYS) % 1.0,
    )


class _Monthly:
    """Finds of other facilities and reports round about, as known at month ends."""

    def __init__(
        self, known: FacilityRecords, history: _History, *, first_age: float, params: FacilityParams
    ) -> None:
        self._known, self._history = known, history
        self._first, self._params = first_age, params
        self._kept: dict[int, tuple[Floats, Floats]] = {}

    def at(self, at: Ints, age: Floats) -> tuple[Floats, Floats]:
        """Return both log ratios of each row, as of the last month end before its day."""
        near, calls = np.zeros(len(at)), np.zeros(len(at))
        month = np.ceil((age - self._first) / _MONTH_DAYS).astype(np.int64)
        for number in np.unique(month).tolist():
            rows = month == number
            everywhere = self._month(number)
            near[rows], calls[rows] = everywhere[0][at[rows]], everywhere[1][at[rows]]
        return near, calls

    def _month(self, number: int) -> tuple[Floats, Floats]:
        if number not in self._kept:
            age = self._first + number * _MONTH_DAYS
            self._kept[number] = (self._finds(age), self._calls(age))
        return self._kept[number]

    def _finds(self, age: float) -> Floats:
        known, history, params = self._known, self._history, self._params
        before = history.age > age
        worth = features.decayed(history.age[before] - age, half_life_days=params.half_life_days)
        placed = known.cell >= 0
        ratio, n_cells = np.ones(known.n), known.neighbours.shape[0]
        sums = []
        for values in (history.found, history.expected):
            own = features.tally(history.look_at[before], known.n, weights=worth * values[before])
            total = features.tally(known.cell[placed], n_cells, weights=own[placed])
            around = total + known.neighbours @ total
            sums.append(np.maximum(around[known.cell[placed]] - own[placed], 0.0))
        ratio[placed] = (sums[0] + params.near_finds) / (sums[1] + params.near_finds)
        return np.log(ratio)

    def _calls(self, age: float) -> Floats:
        known, params = self._known, self._params
        before = known.call_age > age
        value, n_cells = np.zeros(known.n), known.neighbours.shape[0]
        placed = known.cell >= 0
        if not before.any() or not placed.any():
            return value
        worth = features.decayed(
            known.call_age[before] - age, half_life_days=params.report_half_life_days
        )
        total = features.tally(known.call_cell[before], n_cells, weights=worth)
        around = (total + known.neighbours @ total)[known.cell[placed]]
        value[placed] = np.log((around + 1.0) / (around.mean() + 1.0))
        return value


def _expected(
    known: FacilityRecords,
    before: NDArray[np.bool_],
    rate: Floats,
    found: Floats,
    params: FacilityParams,
) -> tuple[Floats, Floats]:
    """Return the chance of a find at each look by kind, ground and officers; log strictness."""
    kinds = features.tally(known.look_kind[before], len(known.visit_kinds), weights=found)
    usual = features.tally(known.look_kind[before], len(known.visit_kinds), weights=rate)
    pull = params.kind_visits * float(rate.mean()) if len(rate) else 1.0
    by_kind = ((kinds + pull) / (usual + pull))[known.look_kind[before]]
    officers = known.officers[np.flatnonzero(before)]
    likely = rate * by_kind
    ratio = (officers.T @ found + pull) / (officers.T @ likely + pull)
    named = np.asarray(officers.sum(axis=1)).ravel() > 0
    by_officer = np.where(named, officers @ ratio, 1.0)
    return np.minimum(likely * by_officer, _MOST_LIKELY), np.log(by_officer)


def _cells(cell_ids: NDArray[np.object_]) -> tuple[list[str], Ints]:
    at = np.full(len(cell_ids), _NEVER_KNOWN, dtype=np.int64)
    placed = ~pd.isna(cell_ids)
    names, at[placed] = np.unique(cell_ids[placed].astype(str), return_inverse=True)
    return [str(name) for name in names], at


def _call_cells(calls: pd.DataFrame, cells: list[str]) -> Ints:
    if not cells or calls.empty:
        return np.zeros(0, dtype=np.int64)
    own = grid.cell_of(
        calls["lon"].to_numpy(float), calls["lat"].to_numpy(float), grid.resolution_of(cells[0])
    )
    place = pd.Series(np.arange(len(cells)), index=cells)
    return place.reindex(own).fillna(-1).to_numpy(np.int64)


def _officers(looks: pd.DataFrame) -> sparse.csr_array:
    """Return who went: one column per officer, the entries of a look adding up to 1."""
    lists = looks["officer_ids"] if "officer_ids" in looks else [None] * len(looks)
    members = [_ids(value) for value in lists]
    names = sorted({name for team in members for name in team})
    code = {name: i for i, name in enumerate(names)}
    sizes = np.array([len(team) for team in members], dtype=np.int64)
    columns = np.array([code[name] for team in members for name in team], dtype=np.int64)
    rows = np.repeat(np.arange(len(looks)), sizes)
    values = np.repeat(1.0 / np.maximum(sizes, 1), sizes)
    return sparse.csr_array((values, (rows, columns)), shape=(len(looks), max(len(names), 1)))


def _ids(value: object) -> list[str]:
    if isinstance(value, str):
        return sorted({name for name in value.split(";") if name})
    return sorted({str(name) for name in value}) if isinstance(value, list | tuple) else []


def _opened_days(active: pd.DataFrame, looks: pd.DataFrame) -> Floats:
    """Return days since the opening, NaN where unknown; needs a look to know the day."""
    if "opened_on" not in active or looks.empty:
        return np.full(len(active), np.nan)
    days: Floats = (_moment(looks) - active["opened_on"]).dt.total_seconds().to_numpy(float)
    return days / features.DAY_S


def _moment(looks: pd.DataFrame) -> pd.Timestamp:
    first = looks.iloc[0]
    started = pd.Timestamp(first["started_at"]).tz_localize(None)
    return (started + pd.Timedelta(days=float(first["age_days"]))).round("s")


def _season(looks: pd.DataFrame) -> float:
    return float(_moment(looks).day_of_year / _YEAR_DAYS) if len(looks) else 0.0
