"""
The weekly plan: scores, leads and capacity in, a lawful plan out.

This is the only place that knows both risk and routing. Risk becomes an integer
prize in ``workflows/candidates.py``; here the week's teams, travel times and
rules become a ``PatrolProblem``, and its solution a ``Plan`` in the store.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

from data.records import LeftOut, Message, Plan
from data.scope import Scope
from data.store import plans
from data.store.engine import Store
from data.store.rows import load_rows
from errors import JobCancelledError, NoDataError
from geo import travel_times
from geo.road_speeds import RoadParams
from risk.params import ScoringParams
from routing import schedule, solve, teams
from workflows import estimated_legs, plan_problem, rule_check, travel
from workflows.candidate_sources import load_candidates
from workflows.candidates import CandidateParams, Candidates
from workflows.weeks import first_day_left

log = logging.getLogger(__name__)

Progress = Callable[[solve.SolveProgress], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftParams:
    """
    Working hours and teams.

    Parameters
    ----------
    start_s, end_s
        Hours of work, seconds from midnight; every team is back at its base by then.
    lunch_s, lunch_from_s, lunch_to_s
        Length of the lunch break, and the time within which it is taken whole.
    team_size
        Certified officers in a team; the law asks for at least two.
    max_teams
        Most teams on a day: the number of cars.
    """

    start_s: int = 30_600
    end_s: int = 63_000
    lunch_s: int = 3_600
    lunch_from_s: int = 41_400
    lunch_to_s: int = 48_600
    team_size: int = 2
    max_teams: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningParams:
    """
    Everything a plan assumes.

    Parameters
    ----------
    candidates_per_shift
        Visits handed to the solver per team and day, the most valuable per hour.
    least_candidates
        Visits handed to the solver at least.
    """

    candidates: CandidateParams = field(default_factory=CandidateParams)
    shifts: ShiftParams = field(default_factory=ShiftParams)
    travel: travel_times.StraightLineParams = field(default_factory=travel_times.StraightLineParams)
    roads: RoadParams = field(default_factory=RoadParams)
    candidates_per_shift: int = 25
    least_candidates: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekRequest:
    """What a planner asks for. ``n_teams`` None: as many as officers allow, up to the cars."""

    week_start: date
    district_code: str | None = None
    n_teams: int | None = None
    solver: solve.SolverParams = field(default_factory=solve.SolverParams)

    def __post_init__(self) -> None:
        """Refuse a week that does not begin on a Monday."""
        if self.week_start.weekday() != 0:
            raise NoDataError(
                "计划周应从周一开始，实为 {date}。请改选周一", date=self.week_start.isoformat()
            )


def make_plan(
    store: Store,
    request: WeekRequest,
    params: PlanningParams,
    scoring: ScoringParams,
    *,
    scope: Scope,
    as_of: datetime,
    now: datetime,
    actor: str,
    progress: Progress | None = None,
    plan_id: str | None = None,
) -> Plan:
    """
    Make, check and save the plan of one week.

    Parameters
    ----------
    as_of
        What became known at or after this moment is not used; scores are those
        of the newest run up to here.
    now
        Stamped on the plan.
    progress
        Told value and bound while solving; may answer ``"use"`` or ``"cancel"``.
    plan_id
        Id of the plan, new if not given; work done again under one id is one plan.

    Raises
    ------
    NoDataError
        If there are no scores, no certified officers, nothing to visit, or the week is over.
    BrokenRuleError
        If the plan breaks a hard rule: a fault of ours; the store is unchanged.
    JobCancelledError
        If ``progress`` answered ``"cancel"``; the store is unchanged.
    """
    scope = _narrowed(scope, request.district_code)
    formed = _teams(store, request, params, scope=scope, as_of=as_of)
    n_shifts = sum(len(team.days) for team in formed.teams)
    candidates = load_candidates(
        store,
        params.candidates,
        severity=scoring.severity,
        scope=scope,
        week_start=request.week_start,
        as_of=as_of,
        limit=max(params.least_candidates, params.candidates_per_shift * n_shifts),
    )
    recusals = load_rows(store, "recusals", scope=scope, as_of=as_of, joined=True)
    officers = load_rows(store, "officers", scope=scope, as_of=as_of)
    # those that a rule keeps out have a place too: a person may still put them in
    located = (*candidates.visits, *(b.visit for b in candidates.barred))
    ways = travel.ways_for(
        store, scope=scope, as_of=as_of, roads=params.roads, straight=params.travel
    )
    matrix = ways.matrix(plan_problem.places(formed.teams, located), progress=_heeding(progress))
    given = plan_problem.make_problem(
        f"week {request.week_start.isoformat()}",
        params.shifts,
        visits=candidates.visits,
        teams=formed.teams,
        located=located,
        barred=plan_problem.barred_teams(candidates.visits, formed.teams, recusals),
        districts=plan_problem.districts_of(formed.teams, officers),
        travel_s=matrix.seconds,
    )
    result = solve.solve(given, request.solver, progress=progress)
    routes, left_out = schedule.to_routes(
        given, result, visits=candidates.visits, teams=formed.teams
    )
    routes = estimated_legs.marked(routes, formed.teams, located, matrix.estimated)
    routes = ways.with_paths(routes, formed.teams)
    barred = tuple(LeftOut(visit=b.visit, reason=b.reason) for b in candidates.barred)
    plan = Plan(
        plan_id=plan_id or secrets.token_hex(6),
        week_start=request.week_start,
        district_code=request.district_code,
        as_of=as_of,
        created_at=now,
        status="draft",
        seed=request.solver.seed,
        teams=formed.teams,
        routes=routes,
        left_out=(*left_out, *barred),
        prize=result.prize,
        upper_bound=result.upper_bound,
        travel_s=result.travel_s,
        travel_is_estimate=matrix.is_estimate,
        runtime_s=result.runtime_s,
        warnings=(*formed.warnings, *_warnings(candidates), *travel.road_warnings(matrix)),
    )
    rule_check.refuse_broken(rule_check.check_saved_plan(store, plan, scope=scope, params=params))
    plans.save_plan(store, plan, actor=actor)
    log.info(
        "planned week %s: %d teams, %d candidates, %d planned, value %d of at most %d, %.1f s",
        request.week_start,
        len(formed.teams),
        len(candidates.visits),
        sum(len(route.stops) for route in routes),
        plan.prize,
        plan.upper_bound,
        plan.runtime_s,
    )
    return plan


def _narrowed(scope: Scope, district_code: str | None) -> Scope:
    if district_code is None:
        return scope
    if scope.districts is not None and district_code not in scope.districts:
        raise NoDataError("您的账号不含{area}，请联系管理员", area=district_code)
    return replace(scope, districts=frozenset({district_code}))


def _teams(
    store: Store, request: WeekRequest, params: PlanningParams, *, scope: Scope, as_of: datetime
) -> teams.FormedTeams:
    officers = load_rows(store, "officers", scope=scope, as_of=as_of)
    first = first_day_left(request.week_start, as_of=as_of)
    if first >= params.candidates.days:
        raise NoDataError(
            "{date} 起的一周已经过去，不能再编计划。请选以后的周次",
            date=request.week_start.isoformat(),
        )
    if officers.empty and request.district_code is not None:
        raise NoDataError(
            "{code} 没有执法人员，无法编队。请核对区划代码，或先导入执法人员",
            code=request.district_code,
        )
    if officers.empty:
        raise NoDataError("没有执法人员名单，无法编队。请先导入执法人员")
    absences = load_rows(store, "absences", scope=scope, as_of=as_of)
    form = partial(
        teams.form_teams,
        officers,
        absences,
        week_start=request.week_start,
        team_size=params.shifts.team_size,
        days=params.candidates.days,
    )
    formed = form(n_teams=request.n_teams)
    if len(formed.teams) > params.shifts.max_teams:
        formed = form(n_teams=params.shifts.max_teams)
    left = [replace(t, days=tuple(day for day in t.days if day >= first)) for t in formed.teams]
    formed = replace(formed, teams=tuple(team for team in left if team.days))
    if not formed.teams:
        raise NoDataError(
            "{date} 一周没有 {n} 名以上持证人员同时在岗，无法编队。请核对执法证有效期和请假",
            date=request.week_start.isoformat(),
            n=params.shifts.team_size,
        )
    return formed


def _heeding(progress: Progress | None) -> Callable[[float], None] | None:
    """Let somebody cancel, and the job say that it lives, while travel times are found."""
    if progress is None:
        return None

    def heard(_share: float) -> None:
        if progress(solve.SolveProgress(elapsed_s=0.0, value=0, bound=0)) == "cancel":
            raise JobCancelledError("已取消")

    return heard


def _warnings(candidates: Candidates) -> tuple[Message, ...]:
    if candidates.n_unplaced_leads == 0:
        return ()
    return (
        Message(
            "{n} 条未办结线索没有坐标，未列入候选。先补坐标",
            {"n": candidates.n_unplaced_leads},
        ),
    )
