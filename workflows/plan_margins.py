"""What one more team, half an hour more a day or one car less is worth: solved again, shortly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from data import audit
from data.records import Message, Plan
from data.scope import Scope
from data.store import plan_history, plans
from data.store.engine import Store, bump_data_version, to_seconds
from routing import rules
from routing.problem import PatrolProblem
from routing.solve import SolverParams, solve
from workflows import access
from workflows.plan_ground import Ground, make_ground
from workflows.planning import PlanningParams

MORE_S = 1800
SECONDS_EACH = 8.0
NEW_TEAM = "+"

Progress = Callable[[float, Message], None]


def margins_of(
    ground: Ground,
    plan: Plan,
    *,
    solver: SolverParams,
    progress: Progress | None = None,
) -> dict[str, int]:
    """
    Return the change of value, hundredths of a point, of each thing that money could buy.

    All four problems (as it is, one team more, half an hour more, one team less) are
    solved alike, so that what a short search misses is missed in each. The base's own
    best team is taken as the further one; the team that is missed least goes.

    Returns
    -------
    values
        ``base`` and the differences ``team``, ``half_hour`` and ``car``.
    """
    problem = _lawful(ground, plan)
    variants = {
        "base": problem,
        "team": _one_more(problem, plan),
        "half_hour": replace(
            problem,
            shifts=tuple(replace(s, end_s=s.end_s + MORE_S) for s in problem.shifts),
        ),
        "car": _one_less(problem, plan),
    }
    found: dict[str, int] = {}
    for number, (name, variant) in enumerate(variants.items()):
        if progress is not None:
            progress(
                number / len(variants),
                Message("正在试算第 {n} / {m} 种", {"n": number + 1, "m": len(variants)}),
            )
        found[name] = solve(variant, solver).prize if variant.shifts else 0
    base = found["base"]
    return {
        "base": base,
        "team": max(0, found["team"] - base),
        "half_hour": max(0, found["half_hour"] - base),
        "car": min(0, found["car"] - base),
    }


def make_margins(
    store: Store,
    plan_id: str,
    params: PlanningParams,
    *,
    scope: Scope,
    actor: str,
    now: datetime,
    seconds: float = SECONDS_EACH,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Compute and keep the marginal values of a plan; for the worker, it takes half a minute."""
    access.require(store, actor, "plans.write")
    plan = plans.load_plan(store, plan_id, scope=scope)
    ground = make_ground(store, plan, params, scope=scope)
    values = margins_of(
        ground, plan, solver=SolverParams(seconds=seconds, seed=plan.seed), progress=progress
    )
    at = to_seconds(now)
    with store.write() as conn:
        plan_history.keep_margins(conn, plan_id, values, at=at)
        audit.append(conn, at=at, actor=actor, action="plan.margins", object_id=plan_id, detail={})
        bump_data_version(conn)
    return values


def read_margins(store: Store, plan_id: str, *, scope: Scope) -> dict[str, int] | None:
    """Return what was computed for a plan, ``None`` while nobody asked."""
    with store.read() as conn:
        plans.held(conn, plan_id, scope=scope)
        return plan_history.margins(conn, plan_id)


def _lawful(ground: Ground, plan: Plan) -> PatrolProblem:
    """Return the problem of the plan without visits that a rule keeps out of the week."""
    barred = {
        out.visit.visit_id
        for out in plan.left_out
        if not out.visit.windows or _is_rule(out.reason.template)
    }
    problem = ground.table.problem
    return replace(problem, visits=tuple(v for v in problem.visits if v.visit_id not in barred))


def _is_rule(template: str) -> bool:
    known = rules.check_yearly_cap(rules.PastChecks(same_level=99, in_total=99), ground="routine")[
        0
    ].message.template
    return template in {known, "距上次到访不足 {d} 天"}


def _one_more(problem: PatrolProblem, plan: Plan) -> PatrolProblem:
    """Return the problem with a twin of the busiest team, where it may go where the team may."""
    loads = _loads(plan)
    if not loads:
        return problem
    twin = max(loads, key=lambda team: (loads[team], team))
    shifts = tuple(
        replace(s, shift_id=f"{NEW_TEAM}-{s.day}", team=NEW_TEAM)
        for s in problem.shifts
        if s.team == twin
    )
    visits = tuple(
        v
        if v.teams is None
        else replace(v, teams=v.teams | ({NEW_TEAM} if twin in v.teams else set()))
        for v in problem.visits
    )
    return replace(problem, visits=visits, shifts=(*problem.shifts, *shifts))


def _one_less(problem: PatrolProblem, plan: Plan) -> PatrolProblem:
    loads = _loads(plan)
    if not loads:
        return problem
    least = min(loads, key=lambda team: (loads[team], team))
    return replace(problem, shifts=tuple(s for s in problem.shifts if s.team != least))


def _loads(plan: Plan) -> dict[str, int]:
    loads = {team.team_id: 0 for team in plan.teams if team.days}
    for route in plan.routes:
        if route.team_id in loads:
            loads[route.team_id] += sum(stop.visit.prize for stop in route.stops)
    return loads
