"""
The life of a plan: draft, submitted, approved, released, done; and what came of its visits.

Each step is an event with who and when; every state is a revision, none is lost. Who
submits does not approve. A plan that was released and then changed is in force as it
was released until it is released again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from data import audit
from data.records import Message, Plan
from data.scope import Scope
from data.store import plan_history, plans
from data.store.engine import Store, to_seconds
from data.store.plan_history import Event, VisitResult
from errors import ForbiddenError, PlanError
from workflows import access, plan_edits
from workflows.plan_results import close_week, in_force

GRACE_DAYS = 7
"""So many days after the week a plan may still be closed with results missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: from which states to which, and the right that it takes."""

    kind: str
    came: tuple[str, ...]
    to: str
    right: str
    name: Message
    done: Message


STEPS: Mapping[str, Step] = {
    step.kind: step
    for step in (
        Step(
            kind="submit", came=("draft",), to="submitted", right="plans.write",
            name=Message("提交审核"), done=Message("已提交审核"),
        ),
        Step(
            kind="approve", came=("submitted",), to="approved", right="plans.approve",
            name=Message("批准"), done=Message("已批准"),
        ),
        Step(
            kind="return", came=("submitted", "approved"), to="draft", right="plans.approve",
            name=Message("退回修改"), done=Message("已退回修改"),
        ),
        Step(
            kind="recall", came=("submitted",), to="draft", right="plans.write",
            name=Message("撤回"), done=Message("已撤回"),
        ),
        Step(
            kind="release", came=("approved", "patched"), to="released", right="plans.release",
            name=Message("发布"), done=Message("已发布"),
        ),
        Step(
            kind="drop_changes", came=("patched",), to="released", right="plans.write",
            name=Message("放弃改动"), done=Message("已放弃改动"),
        ),
        Step(
            kind="finish", came=("released",), to="done", right="plans.release",
            name=Message("结束本周"), done=Message("已完成"),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Planned against done: visits planned, made, and why others were not."""

    n_planned: int
    n_done: int
    not_done: Mapping[str, int]
    n_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Where a plan stands: its newest revision, what happened, what came of its visits."""

    plan: Plan
    revision: int
    in_force: int | None
    events: tuple[Event, ...]
    results: Mapping[str, VisitResult]
    tally: Tally
    can_undo: bool
    can_redo: bool


def read_life(store: Store, plan_id: str, *, scope: Scope) -> Life:
    """Return where a plan stands."""
    with store.read() as conn:
        held = plans.held(conn, plan_id, scope=scope)
        results = plan_history.results(conn, plan_id)
        undo, redo = plan_edits.can_step(conn, plan_id, held.revision)
        driven = in_force(conn, plan_id, scope=scope)
        events = tuple(plan_history.events(conn, plan_id))
    is_open = held.plan.status in plan_edits.OPEN
    return Life(
        plan=held.plan,
        revision=held.revision,
        in_force=None if driven is None else driven.revision,
        events=events,
        results=results,
        tally=tally_of((driven or held).plan, results),
        can_undo=undo and is_open,
        can_redo=redo and is_open,
    )


def tally_of(plan: Plan, results: Mapping[str, VisitResult]) -> Tally:
    """Count the planned visits by what came of them; a closed door is not done."""
    counts: dict[str, int] = {}
    n_planned = n_done = 0
    for route in plan.routes:
        for stop in route.stops:
            n_planned += 1
            found = results.get(stop.visit.visit_id)
            if found is None:
                continue
            if found.result in {"pass", "violation"}:
                n_done += 1
            else:
                counts[found.result] = counts.get(found.result, 0) + 1
    return Tally(
        n_planned=n_planned,
        n_done=n_done,
        not_done=counts,
        n_open=n_planned - n_done - sum(counts.values()),
    )


def done_of_week(store: Store, week_start: date, *, scope: Scope) -> Tally | None:
    """Return planned against done over the plans in force in a week; ``None`` without any."""
    with store.read() as conn:
        driven = _one_each(plans.plans_in_force(conn, scope=scope, week_start=week_start))
        tallies = [
            tally_of(held.plan, plan_history.results(conn, held.plan.plan_id)) for held in driven
        ]
    if not tallies:
        return None
    not_done: dict[str, int] = {}
    for tally in tallies:
        for code, n in tally.not_done.items():
            not_done[code] = not_done.get(code, 0) + n
    return Tally(
        n_planned=sum(t.n_planned for t in tallies),
        n_done=sum(t.n_done for t in tallies),
        not_done=not_done,
        n_open=sum(t.n_open for t in tallies),
    )


def _one_each(driven: Sequence[plans.Held]) -> list[plans.Held]:
    """Return the newest plan per district, or a newer one of the whole city alone."""
    newest = sorted(driven, key=lambda held: held.plan.created_at, reverse=True)
    if newest and newest[0].plan.district_code is None:
        return newest[:1]
    kept: dict[str, plans.Held] = {}
    for held in newest:
        if held.plan.district_code is not None:
            kept.setdefault(held.plan.district_code, held)
    return list(kept.values())


def possible_steps(life: Life, rights: frozenset[str], actor: str) -> tuple[Step, ...]:
    """Return the steps that a person may take now, in the order of the buttons."""
    return tuple(
        step
        for step in STEPS.values()
        if life.plan.status in step.came
        and step.right in rights
        and not (step.kind == "approve" and submitter(life.events) == actor)
    )


def submitter(events: Sequence[Event]) -> str | None:
    """Return who submitted the plan last."""
    return next((e.actor for e in reversed(events) if e.kind == "submit"), None)


def take_step(
    store: Store,
    plan_id: str,
    kind: str,
    *,
    revision: int,
    key: str,
    actor: str,
    scope: Scope,
    now: datetime,
    reason: str | None = None,
    with_paths: Callable[[Plan], Plan] | None = None,
) -> int:
    """
    Take a plan one step on, and return the revision that it leads to.

    Parameters
    ----------
    kind
        One of ``STEPS``.
    revision
        The revision that the actor saw.
    key
        The same key again changes nothing.
    reason
        Why a plan is sent back; needed there.
    with_paths
        Draws the ways of routes that were changed, before the plan is kept.

    Raises
    ------
    ForbiddenError
        If the actor lacks the right, or would approve what he himself submitted.
    PlanError
        If the plan is not in a state for this step, or the reason is missing.
    StaleError
        If somebody else changed the plan in the meantime.
    """
    step = STEPS[kind]
    access.require(store, actor, step.right)
    said = (reason or "").strip()
    if kind == "return" and not said:
        raise PlanError("退回修改须写明理由")
    at = to_seconds(now)
    with store.read() as conn:
        again = plan_history.revision_of_event(conn, key)
        seen = plans.held(conn, plan_id, scope=scope)
    if again is not None:
        return again
    drawn = with_paths(seen.plan) if with_paths and kind in {"submit", "release"} else None
    with store.write() as conn:
        again = plan_history.revision_of_event(conn, key)
        if again is not None:
            return again
        held = plans.held(conn, plan_id, scope=scope)
        if held.plan.status not in step.came:
            raise PlanError(
                "计划{state}，不能{step}",
                state=plan_edits.STATE_NAMES[held.plan.status],
                step=step.name,
            )
        if kind == "approve":
            _refuse_own(plan_history.events(conn, plan_id), actor)
        plan = held.plan if drawn is None or held.revision != seen.revision else drawn
        if kind == "drop_changes":
            plan = _as_released(conn, held, scope=scope)
        made = plans.add_revision(
            conn, replace(plan, status=step.to), expected=revision, actor=actor, at=at
        )
        n_missing = 0
        if kind == "finish":
            n_missing = close_week(conn, held.plan, actor=actor, now=now)
        plan_history.add_edit(
            conn, key=f"step {key}", plan_id=plan_id, revision=made, kind=kind, content=made,
            before=None,
        )  # fmt: skip
        detail = {"not_made": n_missing} if kind == "finish" else {}
        plan_history.add_event(
            conn, key=key, plan_id=plan_id, revision=made, at=at, actor=actor, kind=kind,
            reason=said or None, detail=detail,
        )  # fmt: skip
        audit.append(
            conn, at=at, actor=actor, action=f"plan.{kind}", object_id=plan_id,
            detail={"revision": made, **detail},
        )  # fmt: skip
    return made


def _refuse_own(events: Sequence[Event], actor: str) -> None:
    if submitter(events) == actor:
        raise ForbiddenError("提交人不能批准自己提交的计划，请由另一人批准")


def _as_released(conn: Connection, held: plans.Held, *, scope: Scope) -> Plan:
    """Return the plan as it was released last; results entered since stay true of it."""
    driven = in_force(conn, held.plan.plan_id, scope=scope)
    if driven is None:
        raise PlanError("计划还没有发布过")
    return driven.plan
