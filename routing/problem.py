"""
The weekly planning problem: what is given, checked, and no word about a solver.

Visits are optional calls with a prize, a duration and start windows; shifts are
one team on one day, from a base and back. Times are whole seconds from midnight,
days count from 0 = Monday. ``PatrolProblem`` refuses nonsense when it is made,
with one sentence that names the entry; what merely can't be met (a quota above
its candidates, a visit nobody may make) is no nonsense and is left to the solver
to report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from errors import ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

UNREACHABLE = 2147483647
"""Travel time of a pair of places without a way between them."""

LATEST_S = 7 * 86_400
"""Largest time of day or duration accepted: a week, far above any shift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A rest of ``duration_s`` that starts at or after ``from_s`` and ends by ``to_s``."""

    duration_s: int
    from_s: int
    to_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    A visit that could be made once.

    ``windows`` are ``(day, earliest start, latest start)``; ``teams`` None lets
    every team make it, an empty set none.
    """

    visit_id: str
    location: int
    service_s: int
    prize: int
    windows: tuple[tuple[int, int, int], ...]
    required: bool = False
    group: str | None = None
    needs: frozenset[str] = frozenset()
    forbidden_teams: frozenset[str] = frozenset()
    teams: frozenset[str] | None = None

    def is_open_to(self, shift: Shift) -> bool:
        """Tell whether the team of a shift may make this visit and has the skills."""
        return (
            self.needs <= shift.skills
            and shift.team not in self.forbidden_teams
            and (self.teams is None or shift.team in self.teams)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One team on one day, from its base and back."""

    shift_id: str
    team: str
    day: int
    start_location: int
    end_location: int
    start_s: int
    end_s: int
    pause: Break | None = None
    skills: frozenset[str] = frozenset()

    @property
    def due_pause(self) -> Break | None:
        """The break, or None where the shift itself leaves no room for it."""
        pause = self.pause
        if pause is None:
            return None
        first_end = max(self.start_s, pause.from_s) + pause.duration_s
        return pause if first_end <= min(self.end_s, pause.to_s) else None

    def overlaps(self, other: Shift) -> bool:
        """Tell whether both are the same team at the same time."""
        return (
            self.team == other.team
            and self.day == other.day
            and self.start_s < other.end_s
            and other.start_s < self.end_s
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """At least ``min_visits`` visits of ``group`` are wanted."""

    group: str
    min_visits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JointVisit:
    """Visits started within ``within_s`` of each other by different teams, or not at all."""

    visits: tuple[str, ...]
    within_s: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolProblem:
    """
    Everything the planner is given.

    ``travel_s`` holds seconds, shape ``(n_places, n_places)``, int32, rows are
    origins; ``UNREACHABLE`` marks a missing way. ``locked`` maps a visit to the
    shift it must be in, ``previous`` to the shift of the published plan.

    Raises
    ------
    ProblemError
        If an entry contradicts another one or the format.
    """

    name: str
    travel_s: NDArray[np.int32]
    visits: tuple[Candidate, ...]
    shifts: tuple[Shift, ...]
    quotas: tuple[Quota, ...] = ()
    locked: Mapping[str, str]
    alternatives: tuple[tuple[str, ...], ...] = ()
    together: tuple[JointVisit, ...] = ()
    previous: Mapping[str, str]

    def __post_init__(self) -> None:
        """Check every entry."""
        visits = _by_id([(v.visit_id, v) for v in self.visits], "visits")
        shifts = _by_id([(s.shift_id, s) for s in self.shifts], "shifts")
        _by_id([(q.group, q) for q in self.quotas], "quotas")
        _check_travel(self.travel_s)
        for visit in self.visits:
            _check_visit(visit, len(self.travel_s))
        for shift in self.shifts:
            _check_shift(shift, len(self.travel_s))
        for quota in self.quotas:
            _check_number(f"quotas {quota.group}", "min_visits", quota.min_visits, hi=10**9)
        for joint in self.together:
            _check_number(f"together {joint.visits}", "within_s", joint.within_s)
        for entry, group in _named_groups(self):
            _check_members(entry, group, visits)
        for entry, mapping in (("locked", self.locked), ("previous", self.previous)):
            for visit_id, shift_id in mapping.items():
                _check_known(entry, visit_id, visits)
                _check_known(entry, shift_id, shifts)
        _check_locks(self, visits, shifts)

    @classmethod
    def from_json(cls, source: Mapping[str, Any] | str | Path) -> PatrolProblem:
        """
        Read a problem in the format of docs/formats.md.

        Parameters
        ----------
        source
            Path of a JSON file, or its content. ``travel_s`` may name a ``.npy``
            file beside the JSON file; content needs the matrix inline or as an array.

        Raises
        ------
        ProblemError
            If a field is missing, absurd or contradicts another one.
        """
        from routing import problem_file

        return problem_file.read_problem(source)

    def to_json(self) -> dict[str, Any]:
        """Return the problem in the format of docs/formats.md, travel times inline."""
        from routing import problem_file

        return problem_file.problem_to_json(self)


def from_json(source: Mapping[str, Any] | str | Path) -> PatrolProblem:
    """Read a problem: ``PatrolProblem.from_json`` as a function."""
    return PatrolProblem.from_json(source)


def _by_id(pairs: Sequence[tuple[str, Any]], entry: str) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, thing in pairs:
        if name in known:
            raise ProblemError("规划问题 {entry}：“{name}”重复", entry=entry, name=name)
        known[name] = thing
    return known


def _check_travel(travel_s: NDArray[np.int32]) -> None:
    if travel_s.ndim != 2 or travel_s.shape[0] != travel_s.shape[1]:
        shape = "×".join(str(n) for n in travel_s.shape)
        raise ProblemError("规划问题 travel_s 应为方阵，实为 {shape}", shape=shape)
    if travel_s.size and int(travel_s.min()) < 0:
        row, column = (int(i) for i in np.argwhere(travel_s < 0)[0])
        raise ProblemError(
            "规划问题 travel_s 第 {row} 行第 {column} 列为负数（行列自 0 起）",
            row=row,
            column=column,
        )


def _check_number(entry: str, field: str, value: int, *, lo: int = 0, hi: int = LATEST_S) -> None:
    if not lo <= value <= hi:
        raise ProblemError(
            "规划问题 {entry}：{field} 应在 {lo} 至 {hi} 之间，实为 {value}",
            entry=entry,
            field=field,
            lo=lo,
            hi=hi,
            value=value,
        )


def _check_place(entry: str, field: str, value: int, n_places: int) -> None:
    if not 0 <= value < n_places:
        raise ProblemError(
            "规划问题 {entry}：{field} 为 {value}，但 travel_s 只有 {n} 个地点",
            entry=entry,
            field=field,
            value=value,
            n=n_places,
        )


def _check_visit(visit: Candidate, n_places: int) -> None:
    entry = f"visits {visit.visit_id}"
    _check_place(entry, "location", visit.location, n_places)
    _check_number(entry, "service_s", visit.service_s)
    _check_number(entry, "prize", visit.prize, hi=10**9)
    for day, earliest, latest in visit.windows:
        _check_number(entry, "windows", day, hi=366)
        _check_number(entry, "windows", earliest)
        _check_number(entry, "windows", latest)
        if latest < earliest:
            raise ProblemError(
                "规划问题 {entry}：时间窗 {window} 的最晚开始早于最早开始",
                entry=entry,
                window=str([day, earliest, latest]),
            )


def _check_shift(shift: Shift, n_places: int) -> None:
    entry = f"shifts {shift.shift_id}"
    _check_place(entry, "start_location", shift.start_location, n_places)
    _check_place(entry, "end_location", shift.end_location, n_places)
    _check_number(entry, "day", shift.day, hi=366)
    _check_number(entry, "start_s", shift.start_s)
    _check_number(entry, "end_s", shift.end_s, lo=shift.start_s)
    if shift.pause:
        for field in ("duration_s", "from_s", "to_s"):
            _check_number(entry, f"break.{field}", getattr(shift.pause, field))


def _named_groups(problem: PatrolProblem) -> list[tuple[str, tuple[str, ...]]]:
    return [("alternatives", group) for group in problem.alternatives] + [
        ("together", joint.visits) for joint in problem.together
    ]


def _check_members(entry: str, group: tuple[str, ...], visits: Mapping[str, Candidate]) -> None:
    for name in group:
        _check_known(entry, name, visits)
    if len(set(group)) < len(group):
        name = next(name for name in group if group.count(name) > 1)
        raise ProblemError("规划问题 {entry}：“{name}”重复", entry=entry, name=name)


def _check_known(entry: str, name: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        raise ProblemError("规划问题 {entry} 提到未知的“{name}”", entry=entry, name=name)


def _check_locks(
    problem: PatrolProblem, visits: Mapping[str, Candidate], shifts: Mapping[str, Shift]
) -> None:
    """Refuse locks that no plan could keep, whatever the travel times."""
    for visit_id, shift_id in problem.locked.items():
        visit, shift = visits[visit_id], shifts[shift_id]
        if not visit.is_open_to(shift):
            raise ProblemError(
                "锁定无法执行：{visit} 锁在 {shift}，但{team}不得承担该项或缺少专长",
                visit=visit_id,
                shift=shift_id,
                team=shift.team,
            )
        fits = (
            day == shift.day and earliest + visit.service_s <= shift.end_s
            for day, earliest, latest in visit.windows
            if latest >= shift.start_s
        )
        if not any(fits):
            raise ProblemError(
                "锁定无法执行：{visit} 锁在 {shift}，但当日没有可用的时间窗",
                visit=visit_id,
                shift=shift_id,
            )
    _check_lock_pairs(problem, shifts)


def _check_lock_pairs(problem: PatrolProblem, shifts: Mapping[str, Shift]) -> None:
    """Refuse locks that contradict each other."""
    for group in problem.alternatives:
        names = [name for name in group if name in problem.locked]
        if len(names) > 1:
            raise ProblemError(
                "锁定互相矛盾：{first} 与 {second} 只能取其一", first=names[0], second=names[1]
            )
    used = [(name, shifts[shift_id]) for name, shift_id in problem.locked.items()]
    for k, (name, shift) in enumerate(used):
        for other, second in used[:k]:
            if shift.shift_id != second.shift_id and shift.overlaps(second):
                raise ProblemError(
                    "锁定互相矛盾：{first} 与 {second} 的班次同队且时间重叠",
                    first=other,
                    second=name,
                )
    for joint in problem.together:
        locked = [(n, shifts[problem.locked[n]]) for n in joint.visits if n in problem.locked]
        for name, shift in locked[1:]:
            first, base = locked[0]
            if shift.day != base.day or shift.team == base.team:
                raise ProblemError(
                    "锁定互相矛盾：联合检查 {first} 与 {second} 须不同队同日进行",
                    first=first,
                    second=name,
                )
