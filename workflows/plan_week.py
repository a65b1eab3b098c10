"""What a planner does on a Wednesday, with the store: urgent leads and repairs, as revisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from data.records import Plan, Visit
from data.scope import Scope
from data.store import plans
from data.store.engine import Store
from data.store.rows import load_rows
from errors import NotFoundError, PlanError
from workflows import access, plan_edits, plan_repair
from workflows.candidate_sources import load_candidates
from workflows.leads import open_leads
from workflows.plan_edits import Edited
from workflows.plan_ground import all_visits, ground_of, route_of
from workflows.plan_repair import Insertion, Repaired, Trouble
from workflows.planning import PlanningParams
from workflows.weeks import local_day

NEWEST_LEADS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgent:
    """An urgent visit and the ways to fit it in."""

    visit: Visit
    ways: tuple[Insertion, ...]


def waiting_leads(
    store: Store, plan: Plan, *, scope: Scope, now: datetime
) -> dict[str, tuple[str, date | None]]:
    """Return open leads that no team visits: number → topic and due day, newest first."""
    planned = {
        lead for route in plan.routes for stop in route.stops for lead in stop.visit.complaint_ids
    }
    leads = open_leads(
        load_rows(
            store,
            "complaints",
            scope=scope,
            as_of=now,
            columns=[
                "complaint_id", "received_at", "topic", "due_on", "status", "closed_on", "lon",
                "district_code",
            ],
        )
    )  # fmt: skip
    leads = leads[leads["lon"].notna() & ~leads["complaint_id"].isin(planned)]
    if plan.district_code is not None:
        leads = leads[leads["district_code"] == plan.district_code]
    newest = leads.sort_values("received_at", ascending=False).head(NEWEST_LEADS)
    return {
        str(row.complaint_id): (str(row.topic), _day(row.due_on))
        for row in newest.itertuples(index=False)
    }


def urgent_ways(
    store: Store,
    plan_id: str,
    complaint_id: str,
    *,
    scope: Scope,
    now: datetime,
    params: PlanningParams,
    severity: Mapping[str, float],
) -> Urgent:
    """
    Return the cheapest ways to fit a lead into a plan that is under way.

    Raises
    ------
    NotFoundError
        If there is no such open lead with a place.
    PlanError
        If the plan has it already, or no team could go at all.
    """
    with store.read() as conn:
        plan = plans.held(conn, plan_id, scope=scope).plan
        done = plan_edits.done_visits(conn, plan_id)
    visit = _visit_of(
        store, plan, complaint_id, scope=scope, now=now, params=params, severity=severity
    )
    if route_of(plan, visit.visit_id) is not None:
        raise PlanError("该项已在计划中")
    ground = ground_of(store, plan, params, scope=scope, extra=[visit])
    ways = plan_repair.ways_to_insert(
        plan, visit, ground, done=done, first_day=first_day(plan, now)
    )
    if not ways:
        raise PlanError("本周余下各日没有队能到访该处：时段、资质或工时不允许")
    return Urgent(visit=visit, ways=ways)


def insert_urgent(
    store: Store,
    plan_id: str,
    urgent: Urgent,
    choice: int,
    *,
    revision: int,
    key: str,
    actor: str,
    scope: Scope,
    now: datetime,
    params: PlanningParams,
) -> Edited:
    """Make one of the ways; the plan then awaits release."""
    return plan_edits.change_plan(
        store, plan_id, urgent.ways[choice].change, revision=revision, key=key, actor=actor,
        scope=scope, now=now, params=params, extra=[urgent.visit],
    )  # fmt: skip


def preview_repair(
    store: Store,
    plan_id: str,
    trouble: Trouble,
    *,
    scope: Scope,
    now: datetime,
    params: PlanningParams,
) -> Repaired:
    """Return how a plan would be mended, without saving it."""
    with store.read() as conn:
        plan = plans.held(conn, plan_id, scope=scope).plan
        done = plan_edits.done_visits(conn, plan_id)
    ground = ground_of(store, plan, params, scope=scope)
    return plan_repair.repair(plan, trouble, ground, done=done, first_day=first_day(plan, now))


def repair_plan(
    store: Store,
    plan_id: str,
    trouble: Trouble,
    *,
    revision: int,
    key: str,
    actor: str,
    scope: Scope,
    now: datetime,
    params: PlanningParams,
) -> Edited:
    """
    Mend a plan and save it as a revision that awaits release.

    Raises
    ------
    ForbiddenError
        If the actor may not write plans.
    PlanError
        If the plan is closed, or nothing of it is hit.
    StaleError
        If somebody else changed the plan in the meantime.
    """
    access.require(store, actor, plan_edits.RIGHT)
    with store.read() as conn:
        held = plans.held(conn, plan_id, scope=scope)
        done = plan_edits.done_visits(conn, plan_id)
    plan_edits.refuse_closed(held.plan)
    ground = ground_of(store, held.plan, params, scope=scope)
    mended = plan_repair.repair(
        held.plan, trouble, ground, done=done, first_day=first_day(held.plan, now)
    )
    made = plan_edits.save_edit(
        store, held, mended.plan, done, kind="repair", revision=revision, key=key, actor=actor,
        now=now,
        detail={
            "what": type(trouble).__name__.lower(),
            "n": mended.delta.n_changed,
            "lost": len(mended.lost),
        },
    )  # fmt: skip
    return Edited(plan=plan_edits.open_state(mended.plan), revision=made, delta=mended.delta)


def first_day(plan: Plan, now: datetime) -> int:
    """Return the first day of the week that is not over, 0 a Monday."""
    return max(0, (local_day(now) - plan.week_start).days)


def _visit_of(
    store: Store,
    plan: Plan,
    complaint_id: str,
    *,
    scope: Scope,
    now: datetime,
    params: PlanningParams,
    severity: Mapping[str, float],
) -> Visit:
    for visit in all_visits(plan):
        if complaint_id in visit.complaint_ids:
            return visit
    found = load_candidates(
        store,
        params.candidates,
        severity=severity,
        scope=scope,
        week_start=plan.week_start,
        as_of=now,
        limit=10**6,
    )
    for visit in found.visits:
        if complaint_id in visit.complaint_ids:
            return visit
    raise NotFoundError("没有这条线索，或不在您的辖区，或没有坐标")


def _day(value: object) -> date | None:
    return value.date() if isinstance(value, datetime) and value == value else None
