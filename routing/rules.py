"""
The legal rules of a visit, one function each, for the plan and for every manual edit.

A hard violation blocks, a soft one warns; the sentence names rule and record. Sources
and defaults: the table of rules in the domain notes of the bureau; local values come
in as arguments. Officers are named by their id.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from data.records import Message
from routing.problem import PatrolProblem, Shift
from routing.solution import SolvedStop

MIN_OFFICERS = 2
"""Officers with a valid certificate that a visit needs by law."""

EXEMPT_GROUNDS = frozenset(
    {"complaint", "handover", "reinspection", "application", "campaign_from_above"}
)
"""Coded legal grounds that do not count towards the yearly cap, by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a visit or a route breaks; ``hard`` ones may never be saved."""

    rule: str
    hard: bool
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class CapParams:
    """Yearly cap on inspections of one facility; local table, these are the defaults."""

    per_level: int = 2
    in_total: int = 4
    many_exempt: int = 6
    exempt_grounds: frozenset[str] = EXEMPT_GROUNDS


@dataclass(frozen=True, slots=True, kw_only=True)
class PastChecks:
    """Inspections of one facility so far this year: same level, all levels, exempt ones."""

    same_level: int = 0
    in_total: int = 0
    exempt: int = 0


def check_certificates(
    team: str | Message, expiry: Mapping[str, date | None], *, day: date
) -> list[Violation]:
    """
    At least two officers with a certificate valid that day; the last day counts as valid.

    Parameters
    ----------
    team
        Name of the team, for the sentence.
    expiry
        Last valid day of each officer who is present; None: not known to be certified.
    day
        Day of the visit.
    """
    valid = [name for name, last in expiry.items() if last is not None and day <= last]
    found = [
        Violation(
            rule="certificate",
            hard=False,
            message=Message(
                "{officer}证件 {date} 到期，当日无效", {"officer": name, "date": last.isoformat()}
            ),
        )
        for name, last in expiry.items()
        if last is not None and day > last
    ]
    if len(valid) < MIN_OFFICERS:
        message = Message(
            "{team}{date}只有 {n} 名持证人员在岗，至少需 2 名",
            {"team": team, "date": day.isoformat(), "n": len(valid)},
        )
        found.insert(0, Violation(rule="two_officers", hard=True, message=message))
    return found


def check_recusal(
    officer_ids: Iterable[str], facility_id: str | None, *, recusals: Iterable[tuple[str, str]]
) -> list[Violation]:
    """Refuse an officer with an interest in the facility; pairs are (officer, facility)."""
    barred = {officer for officer, facility in recusals if facility == facility_id}
    return [
        Violation(
            rule="recusal",
            hard=True,
            message=Message("{officer}与该机构有回避关系", {"officer": officer}),
        )
        for officer in officer_ids
        if officer in barred
    ]


def check_jurisdiction(
    own_districts: Iterable[str], place_district: str | None, *, has_exception: bool = False
) -> list[Violation]:
    """
    Own district only, unless the plan carries a written exception.

    A place of unknown district passes. A code that ends in 00 is a city and serves all
    its districts.
    """
    if place_district is None or has_exception:
        return []
    if any(place_district.startswith(served(own)) for own in own_districts):
        return []
    message = Message("该处不在本辖区；跨区须附书面批准")
    return [Violation(rule="jurisdiction", hard=True, message=message)]


def served(district_code: str) -> str:
    """Return what the codes of all districts that an officer of this code serves begin with."""
    while district_code.endswith("00"):
        district_code = district_code[:-2]
    return district_code


def check_yearly_cap(
    past: PastChecks, *, ground: str | None, params: CapParams | None = None
) -> list[Violation]:
    """
    Count one more inspection against the yearly cap; exempt grounds only warn when many.

    Parameters
    ----------
    past
        Inspections of the facility this year, this visit not included. Exempt ones
        are not part of the first two counts.
    ground
        Coded legal ground of the visit.
    """
    params = params or CapParams()
    if ground in params.exempt_grounds:
        if past.exempt < params.many_exempt:
            return []
        message = Message("豁免检查已 {n} 次，明显偏多，请说明", {"n": past.exempt})
        return [Violation(rule="exempt_often", hard=False, message=message)]
    for n, cap in ((past.same_level, params.per_level), (past.in_total, params.in_total)):
        if n >= cap:
            message = Message("本年度已查 {n} / {cap} 次，只能凭豁免事由安排", {"n": n, "cap": cap})
            return [Violation(rule="yearly_cap", hard=True, message=message)]
    return []


def check_hours(back_s: int, shift: Shift) -> list[Violation]:
    """The team is back by the end of its shift; seconds from midnight."""
    over_s = back_s - shift.end_s
    if over_s <= 0:
        return []
    minutes = Message("{n} 分钟", {"n": -(-over_s // 60)})
    message = Message("超出当日工时 {t}", {"t": minutes})
    return [Violation(rule="hours", hard=True, message=message)]


def check_lunch(
    problem: PatrolProblem, shift: Shift, stops: Sequence[SolvedStop]
) -> list[Violation]:
    """The whole break fits before or after one of the legs, where the shift has room for it."""
    pause = shift.due_pause
    if pause is None or not stops:
        return []
    place_of = {visit.visit_id: visit.location for visit in problem.visits}
    place, clock = shift.start_location, shift.start_s
    ends = [(place_of[stop.visit], stop.start_s, stop.depart_s) for stop in stops]
    for there, until, leave in [*ends, (shift.end_location, shift.end_s, shift.end_s)]:
        leg = int(problem.travel_s[place, there])
        before = max(clock, pause.from_s) + pause.duration_s
        after = max(clock + leg, pause.from_s) + pause.duration_s
        if (before <= pause.to_s and before + leg <= until) or after <= min(pause.to_s, until):
            return []
        place, clock = there, leave
    return [Violation(rule="lunch", hard=True, message=Message("未留午休"))]


def check_free_lunch(
    shift: Shift, visits: Sequence[tuple[int, int]], *, travel_s: int
) -> list[Violation]:
    """
    Find a missing break from times alone, where the length of each leg is not known.

    ``check_lunch`` is exact; this one sees no fault where a leg happens to fill the
    only gap that is long enough.

    Parameters
    ----------
    visits
        Start and end of each visit in order, seconds from midnight.
    travel_s
        Travel of the whole route, seconds.
    """
    pause = shift.due_pause
    if pause is None or not visits:
        return []
    free_s = shift.end_s - shift.start_s - travel_s - sum(end - start for start, end in visits)
    gaps = zip(
        [shift.start_s, *(end for _, end in visits)],
        [*(start for start, _ in visits), shift.end_s],
        strict=True,
    )
    fits = any(
        min(until, pause.to_s) - max(since, pause.from_s) >= pause.duration_s
        for since, until in gaps
    )
    if fits and free_s >= pause.duration_s:
        return []
    return [Violation(rule="lunch", hard=True, message=Message("未留午休"))]


def check_window(
    start_s: int, *, day: int, windows: Sequence[tuple[int, int, int]]
) -> list[Violation]:
    """
    The visit starts while the place may be visited.

    Parameters
    ----------
    start_s
        Seconds from midnight.
    day
        Day of the week, 0 a Monday.
    windows
        ``(day, earliest, latest start)`` of the visit; none: any time.
    """
    if not windows or any(on == day and lo <= start_s <= hi for on, lo, hi in windows):
        return []
    message = Message("开始时间不在可到访时段内")
    return [Violation(rule="window", hard=True, message=message)]


def check_deadline(due_on: date | None, *, planned_on: date | None) -> list[Violation]:
    """Warn where something is due and not planned by its day; what is overdue only needs a day."""
    if due_on is None or planned_on is not None:
        return []
    message = Message("{date} 到期，未排入", {"date": due_on.isoformat()})
    return [Violation(rule="deadline", hard=False, message=message)]


def check_one_visit(n_visits: int) -> list[Violation]:
    """Warn where items due at one door became several visits instead of one."""
    if n_visits <= 1:
        return []
    message = Message("同一门址有 {n} 项到期，建议合并一次", {"n": n_visits})
    return [Violation(rule="one_door", hard=False, message=message)]


def check_required(*, is_planned: bool) -> list[Violation]:
    """Visits that must be made this week are in the plan."""
    if is_planned:
        return []
    return [Violation(rule="required", hard=True, message=Message("必须到访，未排入"))]


def check_spacing(
    last_visit_on: date | None, *, day: date, min_days: int, ground: str | None = None
) -> list[Violation]:
    """Warn where the last visit to a door is less than ``min_days`` ago, unless exempt."""
    if last_visit_on is None or ground in EXEMPT_GROUNDS:
        return []
    if (day - last_visit_on).days >= min_days:
        return []
    message = Message("距上次到访不足 {d} 天", {"d": min_days})
    return [Violation(rule="spacing", hard=False, message=message)]


def check_cars(n_teams_out: int, *, n_cars: int) -> list[Violation]:
    """One car per team that is out on a day."""
    if n_teams_out <= n_cars:
        return []
    return [Violation(rule="cars", hard=True, message=Message("车辆不足"))]


def check_third_person(
    *, is_known_risk: bool, n_officers: int, with_police: bool = False
) -> list[Violation]:
    """Warn where a known-risk site would see two officers alone."""
    if not is_known_risk or with_police or n_officers > MIN_OFFICERS:
        return []
    message = Message("高危点位须公安或第三人配合")
    return [Violation(rule="third_person", hard=False, message=message)]
