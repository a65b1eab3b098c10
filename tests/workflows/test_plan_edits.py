"""Edits by hand: re-timed, checked, saved as revisions, undone; done visits never change."""

import json

import numpy as np
import pytest
from sqlalchemy import select

from data.scope import EVERYTHING, Scope
from data.store import plan_history, plans, tables
from errors import BrokenRuleError, ForbiddenError, NotFoundError, PlanError, StaleError
from tests import signing_in
from tests.conftest import AS_OF
from workflows import access, plan_edits, plan_ground
from workflows.plan_changes import Add, Batch, Lock, Move, Remove
from workflows.planning import PlanningParams

pytestmark = pytest.mark.both_stores
PARAMS = PlanningParams()


def newest(store):
    plan_id = plans.list_plans(store, scope=EVERYTHING)["plan_id"].iloc[0]
    with store.read() as conn:
        return plans.held(conn, plan_id, scope=EVERYTHING)


def change(store, what, *, revision=None, key=None, actor=access.COMMAND_LINE, scope=EVERYTHING):
    held = newest(store)
    return plan_edits.change_plan(
        store, held.plan.plan_id, what, revision=revision or held.revision,
        key=key or f"k{held.revision}", actor=actor, scope=scope, now=AS_OF, params=PARAMS,
    )  # fmt: skip


def step(store, *, forward=False):
    held = newest(store)
    way = plan_edits.redo if forward else plan_edits.undo
    return way(
        store, held.plan.plan_id, revision=held.revision, key=f"u{held.revision}",
        actor=access.COMMAND_LINE, scope=EVERYTHING, now=AS_OF,
    )  # fmt: skip


def pick(rng, items):
    return items[int(rng.integers(len(items)))]


def places(plan):
    return {
        stop.visit.visit_id: (route.team_id, route.day, stop.start_s)
        for route in plan.routes
        for stop in route.stops
    }


def a_move(plan, *, other_team=True):
    """Return a move of an optional visit to another route that a rule lets through."""
    for source in plan.routes:
        for stop in source.stops:
            for target in plan.routes:
                if target is source or (other_team and target.team_id == source.team_id):
                    continue
                yield Move(visit_id=stop.visit.visit_id, team_id=target.team_id, day=target.day)


def first_possible(store, changes):
    for one in changes:
        try:
            return one, change(store, one)
        except (BrokenRuleError, PlanError):
            continue
    pytest.fail("no change was possible")


def test_a_removed_visit_is_left_out_and_comes_back(planned_store):
    """Value and times follow; undo and redo bring exactly the former states back."""
    before = newest(planned_store).plan
    optional = [
        Remove(visit_id=s.visit.visit_id)
        for r in before.routes for s in r.stops if not s.visit.required
    ]  # fmt: skip
    gone, edited = first_possible(planned_store, optional)
    prize = next(v.prize for v in plan_ground.all_visits(before) if v.visit_id == gone.visit_id)
    assert edited.delta.value == -prize
    assert edited.plan.prize == before.prize - prize
    assert gone.visit_id in {out.visit.visit_id for out in edited.plan.left_out}
    assert places(step(planned_store).plan) == places(before)
    assert places(step(planned_store, forward=True).plan) == places(edited.plan)
    back = change(planned_store, Add(visit_id=gone.visit_id))
    assert back.plan.prize == before.prize
    assert gone.visit_id not in {out.visit.visit_id for out in back.plan.left_out}


def test_undo_goes_back_many_steps_and_an_edit_ends_redo(planned_store):
    """Each step is a revision of its own, so nothing is ever lost."""
    states = [places(newest(planned_store).plan)]
    for _ in range(3):
        plan = newest(planned_store).plan
        visits = [
            Remove(visit_id=s.visit.visit_id)
            for r in plan.routes for s in r.stops if not s.visit.required
        ]  # fmt: skip
        states.append(places(first_possible(planned_store, visits)[1].plan))
    for state in reversed(states[:-1]):
        assert places(step(planned_store).plan) == state
    with pytest.raises(PlanError, match="没有可撤销的改动"):
        step(planned_store)
    assert places(step(planned_store, forward=True).plan) == states[1]
    assert places(step(planned_store, forward=True).plan) == states[2]
    stop = next(s for r in newest(planned_store).plan.routes for s in r.stops)
    change(planned_store, Lock(visit_ids=(stop.visit.visit_id,)))
    with pytest.raises(PlanError, match="没有可重做的改动"):
        step(planned_store, forward=True)


def test_a_stale_edit_is_refused_and_a_double_click_is_one(planned_store):
    """Two planners on one plan must not overwrite each other unseen."""
    held = newest(planned_store)
    stop = next(s for r in held.plan.routes for s in r.stops)
    lock = Lock(visit_ids=(stop.visit.visit_id,))
    one = change(planned_store, lock, key="same")
    again = change(planned_store, lock, key="same", revision=held.revision)
    assert again.revision == one.revision == held.revision + 1
    with pytest.raises(StaleError, match="已被他人改动"):
        change(planned_store, lock, key="other", revision=held.revision)


def test_rights_scope_and_state_are_asked(planned_store):
    """A reader must not edit, nor anybody a plan of elsewhere or one that is submitted."""
    held = newest(planned_store)
    stop = next(s for r in held.plan.routes for s in r.stops)
    lock = Lock(visit_ids=(stop.visit.visit_id,))
    signing_in.add_account(planned_store, "reader", roles=["officer"])
    with pytest.raises(ForbiddenError):
        change(planned_store, lock, actor="reader")
    with pytest.raises(NotFoundError):
        change(
            planned_store, lock, scope=Scope(user="x", districts=frozenset({"999999"}), sealed=())
        )
    assert newest(planned_store).revision == held.revision


def test_a_locked_visit_stays(planned_store):
    """A lock is a promise to somebody."""
    plan = newest(planned_store).plan
    route = next(r for r in plan.routes if r.stops)
    visit = route.stops[0].visit.visit_id
    change(planned_store, Lock(visit_ids=(visit,)))
    with pytest.raises(PlanError, match="已锁定"):
        change(planned_store, Remove(visit_id=visit))
    other = next(r for r in plan.routes if r.team_id != route.team_id)
    with pytest.raises(PlanError, match="已锁定"):
        change(planned_store, Move(visit_id=visit, team_id=other.team_id, day=other.day))
    change(planned_store, Lock(visit_ids=(visit,), on=False))


def test_a_required_visit_is_not_taken_out(planned_store):
    """A hard rule keeps the plan as it was, and its sentence says which."""
    held = newest(planned_store)
    required = [s.visit for r in held.plan.routes for s in r.stops if s.visit.required]
    assert required
    with pytest.raises(BrokenRuleError, match="必排事项"):
        change(planned_store, Remove(visit_id=required[0].visit_id))
    assert newest(planned_store).revision == held.revision


def test_a_change_in_several_parts_is_made_whole_or_not_at_all(planned_store):
    """Half of a swap would lose a visit."""
    held = newest(planned_store)
    optional = [s.visit for r in held.plan.routes for s in r.stops if not s.visit.required]
    with pytest.raises(PlanError):
        change(
            planned_store,
            Batch(changes=(Remove(visit_id=optional[0].visit_id), Remove(visit_id="nowhere"))),
        )
    assert newest(planned_store).revision == held.revision


def test_random_edits_keep_every_hard_rule(planned_store):
    """Whatever is dragged where, a saved plan is lawful and adds up."""
    rng = np.random.default_rng(3)
    start = newest(planned_store).plan
    ground = plan_ground.ground_of(planned_store, start, PARAMS, scope=EVERYTHING)
    hard_before = {
        line.rule: len(line.violations) for line in ground.check(start).lines if line.hard
    }
    known = {visit.visit_id for visit in plan_ground.all_visits(start)}
    plan, made = start, 0
    for _ in range(60):
        stops = [(r, s) for r in plan.routes for s in r.stops]
        _, stop = pick(rng, stops)
        target = pick(rng, plan.routes)
        what = pick(rng, [
            Move(visit_id=stop.visit.visit_id, team_id=target.team_id, day=target.day,
                 position=pick(rng, [None, 0, 2])),
            Remove(visit_id=stop.visit.visit_id),
            Add(visit_id=pick(rng, plan.left_out).visit.visit_id if plan.left_out else "x"),
        ])  # fmt: skip
        try:
            after, delta = plan_edits.checked(plan, what, ground, done=frozenset())
        except (BrokenRuleError, PlanError):
            continue
        made += 1
        assert after.prize - plan.prize == delta.value
        assert {visit.visit_id for visit in plan_ground.all_visits(after)} == known
        assert len(plan_ground.all_visits(after)) == len(known)
        for line in ground.check(after).lines:
            if line.hard:
                assert len(line.violations) <= hard_before[line.rule], line
        changed = {
            (r.team_id, r.day)
            for r, old in zip(after.routes, plan.routes, strict=True)
            if [s.visit for s in r.stops] != [s.visit for s in old.stops]
        }
        assert all(not r.path for r in after.routes if (r.team_id, r.day) in changed)
        plan = after
    assert made > 10


def test_no_edit_touches_a_visit_that_is_done(planned_store):
    """Results stand; the rest of the day may move around them."""
    rng = np.random.default_rng(5)
    plan = newest(planned_store).plan
    ground = plan_ground.ground_of(planned_store, plan, PARAMS, scope=EVERYTHING)
    route = max(plan.routes, key=lambda r: len(r.stops))
    done = frozenset(stop.visit.visit_id for stop in route.stops[:2])
    kept = {name: places(plan)[name] for name in done}
    made = 0
    for _ in range(40):
        stop = pick(rng, [s for r in plan.routes for s in r.stops])
        target = pick(rng, [route, pick(rng, plan.routes)])
        what = Move(
            visit_id=stop.visit.visit_id, team_id=target.team_id, day=target.day,
            position=pick(rng, [None, 0, 1]),
        )  # fmt: skip
        try:
            plan, _ = plan_edits.checked(plan, what, ground, done=done)
        except (BrokenRuleError, PlanError):
            continue
        made += 1
        assert {name: places(plan)[name] for name in done} == kept
    assert made > 3


def test_the_log_holds_codes_and_counts(planned_store):
    """The log is read by people who may not know the place."""
    held = newest(planned_store)
    stop = next(s for r in held.plan.routes for s in r.stops)
    change(planned_store, Lock(visit_ids=(stop.visit.visit_id,)))
    with planned_store.read() as conn:
        entry = conn.execute(
            select(tables.audit.c.detail)
            .where(tables.audit.c.action == "plan.edit")
            .order_by(tables.audit.c.seq.desc())
        ).first()
    assert json.loads(entry.detail) == {"n": 1, "revision": held.revision + 1, "what": "lock"}
    with planned_store.read() as conn:
        made = plan_history.edit(conn, held.plan.plan_id, held.revision + 1)
    assert made.before == held.revision
