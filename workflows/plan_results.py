"""
What came of the visits of a released plan: results entered, taken back, and never made.

A result becomes an inspection record with its ground, item and arm; a drawn visit that
nobody made by the end of the week is recorded as non-response.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from data import audit
from data.records import Message, Plan, Route, Stop
from data.schema import RESULTS, TOPICS
from data.scope import Scope
from data.store import hand_edits, plan_history, plans
from data.store.engine import Store, bump_data_version, to_seconds
from data.store.plan_history import VisitResult
from errors import NotFoundError, PlanError
from workflows import access
from workflows.plan_ground import route_of
from workflows.weeks import midnight

RESCHEDULED = "rescheduled"
NOT_MADE = "not_made"
"""Result of a drawn visit that nobody made by the end of the week: a non-response."""
RESULT_NAMES: Mapping[str, Message] = {
    **{code: Message(names[0]) for code, names in RESULTS.items()},
    RESCHEDULED: Message("改期"),
    NOT_MADE: Message("未到访"),
}
UNDO_MINUTES = 10


def enter_result(
    store: Store,
    plan_id: str,
    visit_id: str,
    result: str,
    *,
    key: str,
    actor: str,
    scope: Scope,
    now: datetime,
    topics: Sequence[str] = (),
    minutes: float | None = None,
    happened_at: datetime | None = None,
) -> VisitResult:
    """
    Enter what came of a planned visit; it becomes an inspection record.

    Parameters
    ----------
    result
        One of the results of an inspection, or ``rescheduled``: then there is no record,
        and the visit may be moved.
    topics
        Violations found; needed for ``violation``, refused otherwise.
    happened_at
        When the visit began; as planned if not given.

    Raises
    ------
    ForbiddenError
        If the actor may not enter results.
    PlanError
        If the plan is not released, the visit has a result, or the entries contradict.
    """
    access.require(store, actor, "results.write")
    _check_result(result, topics)
    at = to_seconds(now)
    with store.write() as conn:
        if plan_history.result_of_key(conn, key) is not None:
            return plan_history.results(conn, plan_id)[visit_id]
        held = _driven(conn, plan_id, scope=scope)
        found = route_of(held.plan, visit_id)
        if found is None:
            raise NotFoundError("没有这项内容，或不在您的辖区")
        known = plan_history.results(conn, plan_id).get(visit_id)
        if known is not None and known.result != RESCHEDULED:
            raise PlanError("该项已有检查结果；要改请先撤回")
        route, position = found
        stop = route.stops[position]
        began = happened_at or planned_start(held.plan, route, stop)
        if began > now:
            raise PlanError("检查时间晚于现在，请核对")
        inspection_id = None
        if result != RESCHEDULED:
            inspection_id = _write_inspection(
                conn, held.plan, route, stop, result=result, topics=topics, minutes=minutes,
                began=began, at=at, actor=actor,
            )  # fmt: skip
        plan_history.add_result(
            conn, result_key=key, plan_id=plan_id, visit_id=visit_id, result=result,
            district_code=stop.visit.district_code, arm=arm_of(stop),
            inclusion_prob=stop.visit.inclusion_prob, inspection_id=inspection_id,
            happened_at=to_seconds(began), at=at, actor=actor,
        )  # fmt: skip
        audit.append(
            conn, at=at, actor=actor, action="plan.result", object_id=plan_id,
            detail={"result": result},
        )  # fmt: skip
        bump_data_version(conn)
        return plan_history.results(conn, plan_id)[visit_id]


def undo_result(
    store: Store, plan_id: str, visit_id: str, *, actor: str, scope: Scope, now: datetime
) -> None:
    """Take a result back within ten minutes, with the record that it made."""
    access.require(store, actor, "results.write")
    at = to_seconds(now)
    with store.write() as conn:
        plans.held(conn, plan_id, scope=scope)
        known = plan_history.results(conn, plan_id).get(visit_id)
        if known is None:
            return
        if now - known.at > timedelta(minutes=UNDO_MINUTES):
            raise PlanError("提交已超过 {n} 分钟，不能撤回", n=UNDO_MINUTES)
        if known.inspection_id is not None:
            hand_edits.remove(conn, "inspections", [known.inspection_id], at=at, actor=actor)
        plan_history.undo_result(conn, known.result_id, at=at, actor=actor)
        audit.append(
            conn, at=at, actor=actor, action="plan.result.undo", object_id=plan_id, detail={}
        )
        bump_data_version(conn)


def planned_start(plan: Plan, route: Route, stop: Stop) -> datetime:
    """Return the moment for which a visit is planned."""
    return midnight(plan.week_start + timedelta(days=route.day)) + timedelta(seconds=stop.start_s)


def arm_of(stop: Stop) -> str:
    """Return whether chance or judgement picked a visit."""
    return "random" if stop.visit.draw_id or stop.visit.inclusion_prob else "targeted"


def _check_result(result: str, topics: Sequence[str]) -> None:
    if result not in RESULTS and result != RESCHEDULED:
        raise PlanError("没有这种检查结果：{code}", code=result)
    if result == "violation" and not topics:
        raise PlanError("发现违法须选违法类别")
    if result != "violation" and topics:
        raise PlanError("只有发现违法才填违法类别")
    if not set(topics) <= set(TOPICS):
        raise PlanError("没有这种违法类别")


def _write_inspection(
    conn: Connection,
    plan: Plan,
    route: Route,
    stop: Stop,
    *,
    result: str,
    topics: Sequence[str],
    minutes: float | None,
    began: datetime,
    at: int,
    actor: str,
) -> str:
    visit = stop.visit
    members = next(team.officer_ids for team in plan.teams if team.team_id == route.team_id)
    number = len(plan_history.all_result_ids(conn, plan.plan_id)) + 1
    inspection_id = f"{plan.plan_id}-{number}"
    values = {
        "inspection_id": inspection_id,
        "started_at": to_seconds(began),
        "kind": visit.kind,
        "facility_id": visit.facility_id,
        "lon": visit.lon,
        "lat": visit.lat,
        "area_code": visit.area_code,
        "officer_ids": ";".join(members),
        "n_officers": len(members),
        "minutes": minutes,
        "result": result,
        "topics": ";".join(sorted(topics)) or None,
        "arm": arm_of(stop),
        "inclusion_prob": visit.inclusion_prob,
        "ground": visit.ground,
        "item_code": visit.item_code,
    }
    filled = {name: value for name, value in values.items() if value is not None}
    hand_edits.write(conn, "inspections", filled, at=at, actor=actor)
    return inspection_id


def close_week(conn: Connection, plan: Plan, *, actor: str, now: datetime) -> int:
    """Record drawn visits that nobody made as non-response; return how many."""
    over = midnight(plan.week_start + timedelta(days=max((r.day for r in plan.routes), default=0)))
    if now < over:
        raise PlanError("本周还没有结束，不能结束计划")
    known = plan_history.results(conn, plan.plan_id)
    at, n = to_seconds(now), 0
    drawn = [
        (stop.visit, planned_start(plan, route, stop))
        for route in plan.routes
        for stop in route.stops
        if arm_of(stop) == "random"
    ]
    left = [
        (out.visit, midnight(plan.week_start))
        for out in plan.left_out
        if out.visit.required and (out.visit.draw_id or out.visit.inclusion_prob)
    ]
    for visit, wanted in (*drawn, *left):
        found = known.get(visit.visit_id)
        if found is not None and found.result != RESCHEDULED:
            continue
        n += 1
        plan_history.add_result(
            conn, result_key=f"{plan.plan_id} {visit.visit_id} {NOT_MADE}", plan_id=plan.plan_id,
            visit_id=visit.visit_id, result=NOT_MADE, district_code=visit.district_code,
            arm="random", inclusion_prob=visit.inclusion_prob, inspection_id=None,
            happened_at=to_seconds(wanted), at=at, actor=actor,
        )  # fmt: skip
    return n


def in_force(conn: Connection, plan_id: str, *, scope: Scope) -> plans.Held | None:
    """Return the revision that was released last, None where none was."""
    try:
        return plans.held(conn, plan_id, scope=scope, in_force=True)
    except NotFoundError:
        return None


def _driven(conn: Connection, plan_id: str, *, scope: Scope) -> plans.Held:
    """Return the revision in force; visits are only made by a released plan."""
    driven = in_force(conn, plan_id, scope=scope)
    if driven is None:
        plans.held(conn, plan_id, scope=scope)
        raise PlanError("计划还没有发布，不能录入结果")
    return driven
