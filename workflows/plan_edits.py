"""
Edit a plan by hand: each change re-timed, put to every rule, saved as a revision, undone.

A hard rule that a change would break keeps the plan as it was; the sentence names the
rule and the record. Soft rules warn. Undo and redo are revisions too, so that another
screen, a reload or a restart finds them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from data import audit
from data.records import Message, Plan, Visit
from data.scope import Scope
from data.store import documents, plan_history, plans
from data.store.engine import Store, to_seconds
from errors import BrokenRuleError, PlanError
from workflows import access, plan_changes
from workflows.plan_changes import Change
from workflows.plan_ground import Ground, ground_of
from workflows.planning import PlanningParams
from workflows.rule_check import RuleReport

RIGHT = "plans.write"
OPEN = ("draft", "released", "patched")
"""States in which a plan may be edited; a released one becomes ``patched``, awaiting release."""
MADE = frozenset({"pass", "violation", "closed_door", "moved", "refused"})
"""Results that make a visit done; one that was put off may still move."""

STATE_NAMES = {
    "draft": Message("草案"),
    "submitted": Message("待审核"),
    "approved": Message("已批准"),
    "patched": Message("有改动待发布"),
    "released": Message("已发布"),
    "done": Message("已完成"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """
    What a change does to a plan.

    ``value`` in hundredths of a point, ``travel_s`` and ``on_site_s`` in seconds; ``n_changed``
    visits have another team or day, or are in or out; ``n_retimed`` begin more than a
    quarter of an hour earlier or later; ``warnings`` are those of soft rules that are new.
    """

    value: int
    travel_s: int
    on_site_s: int
    n_changed: int
    n_retimed: int
    warnings: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A changed plan, its revision (0: a preview, nothing saved) and what the change did."""

    plan: Plan
    revision: int
    delta: Delta


RETIMED_S = 900


def delta_of(
    before: Plan, after: Plan, *, old: RuleReport | None = None, new: RuleReport | None = None
) -> Delta:
    """Return what lies between two states of a plan."""
    was, now = _where(before), _where(after)
    both = was.keys() & now.keys()
    return Delta(
        value=after.prize - before.prize,
        travel_s=after.travel_s - before.travel_s,
        on_site_s=_on_site_s(after) - _on_site_s(before),
        n_changed=len(was.keys() ^ now.keys()) + sum(was[v][:2] != now[v][:2] for v in both),
        n_retimed=sum(
            was[v][:2] == now[v][:2] and abs(was[v][2] - now[v][2]) > RETIMED_S for v in both
        ),
        warnings=() if old is None or new is None else _new(old, new, hard=False),
    )


def preview(
    store: Store,
    plan_id: str,
    change: Change,
    *,
    scope: Scope,
    params: PlanningParams,
) -> Edited:
    """Return what a change would do, without saving it; raises like ``change_plan``."""
    with store.read() as conn:
        held = plans.held(conn, plan_id, scope=scope)
        done = done_visits(conn, plan_id)
    ground = ground_of(store, held.plan, params, scope=scope)
    after, delta = checked(held.plan, change, ground, done=done)
    return Edited(plan=after, revision=0, delta=delta)


def change_plan(
    store: Store,
    plan_id: str,
    change: Change,
    *,
    revision: int,
    key: str,
    actor: str,
    scope: Scope,
    now: datetime,
    params: PlanningParams,
    extra: Sequence[Visit] = (),
) -> Edited:
    """
    Make a change and save it as a new revision.

    Parameters
    ----------
    revision
        The revision that the editor saw; a newer one refuses the change.
    key
        The same key again changes nothing and returns the plan as it is.
    extra
        Visits that the plan does not know yet.

    Raises
    ------
    ForbiddenError
        If the actor may not write plans.
    StaleError
        If somebody else changed the plan in the meantime.
    BrokenRuleError
        If a hard rule stands against it; the sentence names rule and record.
    PlanError
        If the plan is not open for edits, or the visit can't be changed.
    """
    access.require(store, actor, RIGHT)
    with store.read() as conn:
        if plan_history.revision_of_edit(conn, key) is not None:
            return _as_it_is(conn, plan_id, scope=scope)
        held = plans.held(conn, plan_id, scope=scope)
        done = done_visits(conn, plan_id)
    refuse_closed(held.plan)
    if held.revision == revision:
        ground = ground_of(store, held.plan, params, scope=scope, extra=extra)
        after, delta = checked(held.plan, change, ground, done=done)
    else:
        after, delta = held.plan, delta_of(held.plan, held.plan)
    made = save_edit(
        store, held, after, done, kind="edit", revision=revision, key=key, actor=actor, now=now,
        detail={"what": type(change).__name__.lower(), "n": len(plan_changes.visits_of(change))},
    )  # fmt: skip
    return Edited(plan=open_state(after), revision=made, delta=delta)


def save_edit(
    store: Store,
    held: plans.Held,
    after: Plan,
    done: frozenset[str],
    *,
    kind: str,
    revision: int,
    key: str,
    actor: str,
    now: datetime,
    detail: dict[str, object],
) -> int:
    """Save an edited plan as a revision that can be undone; raises ``StaleError`` if late."""
    access.require(store, actor, "plans.write")
    at = to_seconds(now)
    plan_id = after.plan_id
    with store.write() as conn:
        again = plan_history.revision_of_edit(conn, key)
        if again is not None:
            return again
        if done_visits(conn, plan_id) != done:
            # somebody entered a result while the change was worked out
            revision = -1
        present = plan_history.edit(conn, plan_id, held.revision)
        made = plans.add_revision(conn, open_state(after), expected=revision, actor=actor, at=at)
        plan_history.add_edit(
            conn, key=key, plan_id=plan_id, revision=made, kind=kind, content=made,
            before=present.content, summary=detail,
        )  # fmt: skip
        audit.append(
            conn, at=at, actor=actor, action="plan.edit", object_id=plan_id,
            detail={"revision": made, **detail},
        )  # fmt: skip
    return made


def undo(
    store: Store, plan_id: str, *, revision: int, key: str, actor: str, scope: Scope, now: datetime
) -> Edited:
    """Take the last edit back; as a new revision that ``redo`` can take back in turn."""
    return _step_back(
        store, plan_id, forward=False, revision=revision, key=key, actor=actor, scope=scope, now=now
    )


def redo(
    store: Store, plan_id: str, *, revision: int, key: str, actor: str, scope: Scope, now: datetime
) -> Edited:
    """Make the edit again that was undone last."""
    return _step_back(
        store, plan_id, forward=True, revision=revision, key=key, actor=actor, scope=scope, now=now
    )


def can_step(conn: Connection, plan_id: str, revision: int) -> tuple[bool, bool]:
    """Return whether the last edit can be undone, and whether one can be made again."""
    present = plan_history.edit(conn, plan_id, revision)
    last = plan_history.edit(conn, plan_id, present.content)
    return last.before is not None, bool(present.redo)


def done_visits(conn: Connection, plan_id: str) -> frozenset[str]:
    """Return the visits of a plan that are made."""
    results = plan_history.results(conn, plan_id)
    return frozenset(name for name, found in results.items() if found.result in MADE)


def checked(
    plan: Plan, change: Change, ground: Ground, *, done: frozenset[str]
) -> tuple[Plan, Delta]:
    """Return the changed plan and what the change does; raise where it breaks a hard rule."""
    after = plan_changes.apply(plan, change, ground, done=done)
    old, new = ground.check(plan), ground.check(after)
    refuse_new_breaks(old, new)
    return after, delta_of(plan, after, old=old, new=new)


def refuse_new_breaks(old: RuleReport, new: RuleReport) -> None:
    """Raise with the first sentence of a hard rule that held before and does not any more."""
    for line in new.lines:
        if line.hard:
            found = _unknown(old, new, line.rule)
            if found:
                raise BrokenRuleError("不能这样改：{rule}：{what}", rule=line.title, what=found[0])


def refuse_closed(plan: Plan) -> None:
    """Raise where a plan is not open for edits."""
    if plan.status not in OPEN:
        raise PlanError("计划{state}，不能改动。请先退回修改", state=STATE_NAMES[plan.status])


def open_state(plan: Plan) -> Plan:
    """Return an edited plan with its state: a released one awaits release again."""
    return replace(plan, status="patched") if plan.status == "released" else plan


def _step_back(
    store: Store,
    plan_id: str,
    *,
    forward: bool,
    revision: int,
    key: str,
    actor: str,
    scope: Scope,
    now: datetime,
) -> Edited:
    access.require(store, actor, RIGHT)
    at = to_seconds(now)
    with store.write() as conn:
        if plan_history.revision_of_edit(conn, key) is not None:
            return _as_it_is(conn, plan_id, scope=scope)
        held = plans.held(conn, plan_id, scope=scope)
        refuse_closed(held.plan)
        present = plan_history.edit(conn, plan_id, held.revision)
        if forward:
            target = present.redo[0] if present.redo else None
            left = present.redo[1:]
        else:
            target = plan_history.edit(conn, plan_id, present.content).before
            left = (present.content, *present.redo)
        if target is None:
            raise PlanError("没有可重做的改动") if forward else PlanError("没有可撤销的改动")
        content = plans.held(conn, plan_id, scope=scope, revision=target).plan
        after = _with_content(held.plan, content)
        _keep_done(held.plan, after, done_visits(conn, plan_id))
        kind = "redo" if forward else "undo"
        made = plans.add_revision(conn, open_state(after), expected=revision, actor=actor, at=at)
        plan_history.add_edit(
            conn, key=key, plan_id=plan_id, revision=made, kind=kind, content=target, before=None,
            redo=left,
        )  # fmt: skip
        audit.append(
            conn, at=at, actor=actor, action="plan.edit", object_id=plan_id,
            detail={"revision": made, "what": kind},
        )  # fmt: skip
    return Edited(plan=open_state(after), revision=made, delta=delta_of(held.plan, after))


def _with_content(plan: Plan, content: Plan) -> Plan:
    return replace(
        plan,
        teams=content.teams,
        routes=content.routes,
        left_out=content.left_out,
        prize=content.prize,
        upper_bound=content.upper_bound,
        travel_s=content.travel_s,
    )


def _keep_done(before: Plan, after: Plan, done: frozenset[str]) -> None:
    was, now = _where(before), _where(after)
    if any(was.get(name) != now.get(name) for name in done):
        raise PlanError("改动之后已有检查结果，不能再撤销")


def _as_it_is(conn: Connection, plan_id: str, *, scope: Scope) -> Edited:
    held = plans.held(conn, plan_id, scope=scope)
    return Edited(plan=held.plan, revision=held.revision, delta=delta_of(held.plan, held.plan))


def _where(plan: Plan) -> dict[str, tuple[str, int, int]]:
    return {
        stop.visit.visit_id: (route.team_id, route.day, stop.start_s)
        for route in plan.routes
        for stop in route.stops
    }


def _on_site_s(plan: Plan) -> int:
    return sum(stop.visit.service_s for route in plan.routes for stop in route.stops)


def _new(old: RuleReport, new: RuleReport, *, hard: bool) -> tuple[Message, ...]:
    return tuple(
        sentence
        for line in new.lines
        if line.hard == hard
        for sentence in _unknown(old, new, line.rule)
    )


def _unknown(old: RuleReport, new: RuleReport, rule: str) -> list[Message]:
    """Return what a rule says now and did not say before."""
    said = {
        documents.to_text(sentence)
        for line in old.lines
        if line.rule == rule
        for sentence in line.violations
    }
    return [
        sentence
        for line in new.lines
        if line.rule == rule
        for sentence in line.violations
        if documents.to_text(sentence) not in said
    ]
