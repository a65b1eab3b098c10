"""
A plan against the rules: which hold, which warn, and for which places.

Every rule is one function of ``routing/rules.py``; here each planned visit and
route is put to all of them and the answers are counted. Places are named as on
a route sheet; nothing here is about a complainant.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from data.records import Message, Plan, Route, Stop, Visit
from data.scope import Scope
from data.store.engine import Store
from data.store.rows import load_rows
from errors import BrokenRuleError
from routing import rules
from routing.problem import Break, Shift
from routing.rules import CapParams, PastChecks, Violation
from workflows.past_checks import last_visits, past_checks
from workflows.weeks import DAYS_A_WEEK, midnight

if TYPE_CHECKING:
    from workflows.candidates import CandidateParams
    from workflows.planning import PlanningParams

KNOWN_RISK_TOPICS = frozenset({"unlicensed_practice", "illegal_cosmetic"})
KNOWN_RISK_RESULT = "refused"
"""A site is of known risk where such a violation was found or officers were refused."""
KNOWN_RISK_DAYS = 3 * 365

TITLES: Mapping[str, tuple[bool, Message]] = {
    "two_officers": (True, Message("两名以上持证人员")),
    "recusal": (True, Message("回避")),
    "jurisdiction": (True, Message("本辖区")),
    "yearly_cap": (True, Message("年度频次上限")),
    "hours": (True, Message("工时、午休、一队一车")),
    "window": (True, Message("可到访时段")),
    "required": (True, Message("必排事项")),
    "deadline": (False, Message("线索时限")),
    "spacing": (False, Message("到访间隔")),
    "exempt_often": (False, Message("豁免检查频次")),
    "certificate": (False, Message("队员证件有效期")),
    "third_person": (False, Message("高危点位须公安配合")),
    "one_door": (False, Message("同一门址合并")),
}
"""Rule → whether it is hard, and its title; the order is that of the panel."""
_OF_A_ROUTE = {"lunch": "hours", "cars": "hours"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule: how many of what was checked are in order, and a sentence for each that is not."""

    rule: str
    hard: bool
    title: Message
    n_ok: int
    n_checked: int
    violations: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """All rules of a plan, hard ones first."""

    lines: tuple[RuleLine, ...]

    @property
    def n_hard(self) -> int:
        """Number of hard rules."""
        return sum(line.hard for line in self.lines)

    @property
    def n_hard_kept(self) -> int:
        """Number of hard rules that hold throughout."""
        return sum(line.hard and not line.violations for line in self.lines)

    @property
    def n_warnings(self) -> int:
        """Number of soft rules that warn."""
        return sum(not line.hard and bool(line.violations) for line in self.lines)


@dataclass
class _Tally:
    """What was checked under each rule and what was found."""

    n_checked: Counter[str] = field(default_factory=Counter)
    n_bad: Counter[str] = field(default_factory=Counter)
    said: dict[str, list[Message]] = field(default_factory=dict)

    def add(self, checked: Sequence[str], found: Iterable[Violation], *, place: Message) -> None:
        """Count one thing under each rule of ``checked``, and what ``found`` says about it."""
        self.n_checked.update(checked)
        bad = set()
        for violation in found:
            rule = _OF_A_ROUTE.get(violation.rule, violation.rule)
            bad.add(rule)
            sentence = Message("{place} · {what}", {"place": place, "what": violation.message})
            self.said.setdefault(rule, []).append(sentence)
        self.n_bad.update(bad)

    def report(self) -> RuleReport:
        """Return the lines in the order of ``TITLES``."""
        return RuleReport(
            lines=tuple(
                RuleLine(
                    rule=rule,
                    hard=hard,
                    title=title,
                    n_ok=self.n_checked[rule] - self.n_bad[rule],
                    n_checked=self.n_checked[rule],
                    violations=tuple(self.said.get(rule, ())),
                )
                for rule, (hard, title) in TITLES.items()
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records:
    """The bureau's records, looked up by officer and facility."""

    expiry: Mapping[str, date | None]
    districts: Mapping[str, str]
    recused: Mapping[str, tuple[tuple[str, str], ...]]
    checks: Mapping[int, Mapping[str, PastChecks]]
    last_visit: Mapping[str, date]
    known_risk: frozenset[str]
    members: Mapping[str, tuple[str, ...]]
    cap: CapParams


def check_plan(
    plan: Plan,
    *,
    officers: pd.DataFrame,
    recusals: pd.DataFrame,
    inspections: pd.DataFrame,
    params: "PlanningParams",
) -> RuleReport:
    """
    Put every planned visit and route to every rule.

    Parameters
    ----------
    plan
        A plan, made by the solver or edited by hand.
    officers, recusals, inspections
        Records known when the plan was made, as ``load_rows`` gives them; inspections
        from the start of the year on at least, see ``inspections_since``.
    params
        Hours, cars, caps and spacing in force.

    Returns
    -------
    report
        One line per rule. The lunch check here is what times alone can show: a plan
        does not hold the length of each leg; the solver's own check holds all.
    """
    records = _records(plan, officers, recusals, inspections, params.candidates)
    tally = _Tally()
    n_out: Counter[int] = Counter()
    for route in plan.routes:
        if route.stops:
            n_out[route.day] += 1
            _check_route(tally, plan, route, params, n_out=n_out[route.day])
        for stop in route.stops:
            _check_stop(tally, plan, route, stop, records, params)
    _check_due(tally, plan)
    _check_doors(tally, plan, decimals=params.candidates.same_door_decimals)
    return tally.report()


def check_saved_plan(
    store: Store, plan: Plan, *, scope: Scope, params: "PlanningParams"
) -> RuleReport:
    """Check a plan against the records known when it was made, as the reader sees them."""
    since = inspections_since(plan.week_start)
    return check_plan(
        plan,
        officers=load_rows(store, "officers", scope=scope, as_of=plan.as_of),
        recusals=load_rows(store, "recusals", scope=scope, as_of=plan.as_of, joined=True),
        inspections=load_rows(
            store,
            "inspections",
            scope=scope,
            as_of=plan.as_of,
            columns=INSPECTION_COLUMNS,
            since=since,
            joined=True,
        ),
        params=params,
    )


INSPECTION_COLUMNS = (
    "inspection_id", "facility_id", "started_at", "kind", "result", "topics", "ground",
    "government_level",
)  # fmt: skip
"""What the rules read of an inspection."""


def inspections_since(week_start: date) -> datetime:
    """Return from when on the rules need to know inspections."""
    return midnight(week_start - timedelta(days=KNOWN_RISK_DAYS))


def refuse_broken(report: RuleReport) -> None:
    """
    Raise where a plan breaks a hard rule; required visits that fit nowhere are only told.

    Raises
    ------
    BrokenRuleError
        With the first rule that is broken and in how many places.
    """
    for line in report.lines:
        if line.hard and line.violations and line.rule != "required":
            raise BrokenRuleError(
                "计划违反硬性规则“{rule}”（{n} 处），未保存。这是程序错误，请报告",
                rule=line.title,
                n=len(line.violations),
            )


def place_name(visit: Visit) -> Message:
    """Return what the report calls the place of a visit."""
    if visit.kind == "sweep":
        return Message(
            "{place} 网格 {cell}", {"place": visit.place_name, "cell": visit.cell_id or ""}
        )
    return Message("{place}", {"place": visit.place_name or visit.address or visit.visit_id})


def _records(
    plan: Plan,
    officers: pd.DataFrame,
    recusals: pd.DataFrame,
    inspections: pd.DataFrame,
    params: "CandidateParams",
) -> _Records:
    planned = {stop.visit.facility_id for route in plan.routes for stop in route.stops} - {None}
    known = inspections[inspections["facility_id"].isin(planned)]
    ids = [str(officer_id) for officer_id in officers["officer_id"]]
    recused: dict[str, list[tuple[str, str]]] = {}
    for officer_id, facility_id in zip(
        recusals["officer_id"], recusals["facility_id"], strict=True
    ):
        recused.setdefault(str(facility_id), []).append((str(officer_id), str(facility_id)))
    years = {(plan.week_start + timedelta(days=day)).year for day in range(DAYS_A_WEEK)}
    return _Records(
        expiry={
            officer_id: None if pd.isna(last) else pd.Timestamp(last).date()
            for officer_id, last in zip(ids, officers["certificate_expiry"], strict=True)
        },
        districts=dict(zip(ids, officers["district_code"], strict=True)),
        recused={facility_id: tuple(pairs) for facility_id, pairs in recused.items()},
        checks={year: past_checks(known, year=year, level=params.level) for year in years},
        last_visit=last_visits(known),
        known_risk=_known_risk(known),
        members={team.team_id: team.officer_ids for team in plan.teams},
        cap=CapParams(per_level=params.yearly_cap, in_total=params.yearly_cap_total),
    )


def _known_risk(inspections: pd.DataFrame) -> frozenset[str]:
    refused = inspections.loc[inspections["result"] == KNOWN_RISK_RESULT, "facility_id"]
    found = inspections.dropna(subset="topics")
    grave = (
        facility_id
        for facility_id, topics in zip(found["facility_id"], found["topics"], strict=True)
        if not KNOWN_RISK_TOPICS.isdisjoint(topics.split(";"))
    )
    return frozenset(refused).union(grave)


def _check_stop(
    tally: _Tally,
    plan: Plan,
    route: Route,
    stop: Stop,
    records: _Records,
    params: "PlanningParams",
) -> None:
    visit, day = stop.visit, plan.week_start + timedelta(days=route.day)
    officer_ids = records.members[route.team_id]
    team = Message("队 {team}", {"team": route.team_id})
    expiry = {officer_id: records.expiry.get(officer_id) for officer_id in officer_ids}
    found = _officer_violations(expiry, team, visit, day, records)
    found += rules.check_window(stop.start_s, day=route.day, windows=visit.windows)
    checked = ["two_officers", "certificate", "recusal", "jurisdiction", "window"]
    if visit.facility_id is not None:
        past = records.checks[day.year].get(visit.facility_id, PastChecks())
        found += rules.check_yearly_cap(past, ground=visit.ground, params=records.cap)
        found += rules.check_spacing(
            records.last_visit.get(visit.facility_id),
            day=day,
            min_days=params.candidates.min_spacing_days,
            ground=visit.ground,
        )
        found += rules.check_third_person(
            is_known_risk=visit.facility_id in records.known_risk, n_officers=len(officer_ids)
        )
        checked += ["yearly_cap", "exempt_often", "spacing", "third_person"]
    tally.add(checked, found, place=place_name(visit))


def _officer_violations(
    expiry: Mapping[str, date | None], team: Message, visit: Visit, day: date, records: _Records
) -> list[Violation]:
    """Who goes: certificates valid that day, no interest in the place, at home in its district."""
    found = rules.check_certificates(team, expiry, day=day)
    found += rules.check_recusal(
        expiry, visit.facility_id, recusals=records.recused.get(visit.facility_id or "", ())
    )
    own = {
        records.districts[officer_id] for officer_id in expiry if officer_id in records.districts
    }
    outside = [rules.check_jurisdiction([code], visit.district_code) for code in sorted(own)]
    return found + next((violations for violations in outside if violations), [])


def _check_route(
    tally: _Tally, plan: Plan, route: Route, params: "PlanningParams", *, n_out: int
) -> None:
    shifts = params.shifts
    shift = Shift(
        shift_id=f"{route.team_id}-{route.day}",
        team=route.team_id,
        day=route.day,
        start_location=0,
        end_location=0,
        start_s=shifts.start_s,
        end_s=shifts.end_s,
        pause=Break(duration_s=shifts.lunch_s, from_s=shifts.lunch_from_s, to_s=shifts.lunch_to_s),
    )
    found = rules.check_hours(route.back_s, shift)
    found += rules.check_free_lunch(
        shift,
        [(stop.start_s, stop.depart_s) for stop in route.stops],
        travel_s=route.travel_s,
    )
    found += rules.check_cars(n_out, n_cars=shifts.max_teams)
    on = (plan.week_start + timedelta(days=route.day)).isoformat()
    tally.add(
        ["hours"], found, place=Message("队 {team} {date}", {"team": route.team_id, "date": on})
    )


def _check_due(tally: _Tally, plan: Plan) -> None:
    """Leads due before the next week begins and visits that must be made: planned or told."""
    next_week = plan.week_start + timedelta(days=DAYS_A_WEEK)
    for visit, planned_on in _all_visits(plan):
        place = place_name(visit)
        if visit.due_on is not None and visit.due_on < next_week:
            found = rules.check_deadline(visit.due_on, planned_on=planned_on)
            tally.add(["deadline"], found, place=place)
        if visit.required:
            tally.add(
                ["required"],
                rules.check_required(is_planned=planned_on is not None),
                place=place,
            )


def _all_visits(plan: Plan) -> Iterator[tuple[Visit, date | None]]:
    for route in plan.routes:
        day = plan.week_start + timedelta(days=route.day)
        yield from ((stop.visit, day) for stop in route.stops)
    yield from ((item.visit, None) for item in plan.left_out)


def _check_doors(tally: _Tally, plan: Plan, *, decimals: int) -> None:
    """Leads at one door belong into one visit; a search of an area has no door."""
    doors: dict[tuple[float, float], list[Visit]] = {}
    for route in plan.routes:
        for stop in route.stops:
            visit = stop.visit
            if visit.kind != "sweep":
                door = (round(visit.lon, decimals), round(visit.lat, decimals))
                doors.setdefault(door, []).append(visit)
    for visits in doors.values():
        n_due = len(visits) if any(visit.complaint_ids for visit in visits) else 1
        tally.add(["one_door"], rules.check_one_visit(n_due), place=place_name(visits[0]))
