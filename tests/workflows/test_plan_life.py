"""The life of a plan: who may do what when, and results that become records."""

from datetime import timedelta

import numpy as np
import pytest

from data.records import Plan
from data.scope import EVERYTHING
from data.store import plan_history, plans
from data.store.rows import load_rows
from errors import ForbiddenError, MedPatrolError, PlanError, StaleError
from tests import signing_in
from tests.conftest import AS_OF, WEEK
from tests.workflows.plans import left_out, plan, visit
from workflows import access, plan_edits, plan_life, plan_results
from workflows.plan_changes import Lock
from workflows.planning import PlanningParams

pytestmark = pytest.mark.both_stores
FRIDAY = AS_OF + timedelta(days=4, hours=20)
NEXT: dict[str, dict[str, str]] = {
    "draft": {"submit": "submitted"},
    "submitted": {"approve": "approved", "return": "draft", "recall": "draft"},
    "approved": {"return": "draft", "release": "released"},
    "released": {"finish": "done", "edit": "patched"},
    "patched": {"release": "released", "drop_changes": "released", "edit": "patched"},
    "done": {},
}


@pytest.fixture
def people(planned_store):
    """Two planners' accounts and a head's, as the bureau has them."""
    signing_in.add_account(planned_store, "planner", roles=["planner"])
    signing_in.add_account(planned_store, "head", roles=["manager"])
    signing_in.add_account(planned_store, "officer", roles=["officer"])
    return planned_store


def newest(store):
    plan_id = plans.list_plans(store, scope=EVERYTHING)["plan_id"].iloc[0]
    with store.read() as conn:
        return plans.held(conn, plan_id, scope=EVERYTHING)


def take(store, kind, actor, *, now=AS_OF, **more):
    held = newest(store)
    asked = {"revision": held.revision, "key": f"s{held.revision}", **more}
    return plan_life.take_step(
        store, held.plan.plan_id, kind, actor=actor, scope=EVERYTHING, now=now, **asked
    )


def released(store):
    for kind, actor in (("submit", "planner"), ("approve", "head"), ("release", "planner")):
        take(store, kind, actor)
    return newest(store).plan


def enter(store, visit_id, result, *, now=FRIDAY, key=None, actor="officer", **more):
    return plan_results.enter_result(
        store, newest(store).plan.plan_id, visit_id, result, key=key or f"{visit_id}-{result}",
        actor=actor, scope=EVERYTHING, now=now, **more,
    )  # fmt: skip


def visits(of: Plan):
    return [stop.visit for route in of.routes for stop in route.stops]


def test_a_plan_goes_from_draft_to_done(people):
    """Every step tells who and when, and every state is kept as a revision."""
    released(people)
    take(people, "finish", "planner", now=FRIDAY)
    life = plan_life.read_life(people, newest(people).plan.plan_id, scope=EVERYTHING)
    assert life.plan.status == "done"
    assert [(e.kind, e.actor) for e in life.events] == [
        ("submit", "planner"), ("approve", "head"), ("release", "planner"), ("finish", "planner"),
    ]  # fmt: skip
    with people.read() as conn:
        states = [
            plans.held(conn, life.plan.plan_id, scope=EVERYTHING, revision=n).plan.status
            for n in range(1, life.revision + 1)
        ]
    assert states == ["draft", "submitted", "approved", "released", "done"]


def test_nobody_approves_his_own_plan(people):
    """Four eyes: also somebody who holds both rights needs another person."""
    signing_in.add_account(people, "both", roles=["manager", "planner"])
    take(people, "submit", "both")
    with pytest.raises(ForbiddenError, match="另一人"):
        take(people, "approve", "both")
    take(people, "approve", "head")
    assert newest(people).plan.status == "approved"


@pytest.mark.parametrize(
    ("kind", "actor"), [("submit", "officer"), ("approve", "planner"), ("release", "head")]
)
def test_each_step_takes_its_right(people, kind, actor):
    """A button that is hidden must also be refused."""
    before = newest(people).revision
    with pytest.raises(ForbiddenError):
        take(people, kind, actor)
    assert newest(people).revision == before


def test_sending_back_takes_a_reason_and_a_stale_step_is_refused(people):
    """The planner must know what to mend; an approval must be of what was read."""
    take(people, "submit", "planner")
    seen = newest(people).revision
    with pytest.raises(PlanError, match="理由"):
        take(people, "return", "head", reason="  ")
    take(people, "return", "head", reason="周三缺人")
    assert newest(people).plan.status == "draft"
    take(people, "submit", "planner")
    with pytest.raises(StaleError):
        take(people, "approve", "head", revision=seen, key="late")


def test_a_step_under_one_key_is_made_once(people):
    """A double click, or a request repeated after a broken connection."""
    first = take(people, "submit", "planner", key="k")
    assert take(people, "submit", "planner", key="k") == first == newest(people).revision


def test_random_sequences_stay_on_the_map(people):
    """No order of clicks reaches a state that the rules don't know."""
    rng = np.random.default_rng(11)
    actions = ["submit", "approve", "return", "recall", "release", "drop_changes", "edit", "finish"]
    seen = set()
    for n in range(150):
        held = newest(people)
        state = held.plan.status
        if state == "done":
            break
        action = actions[int(rng.integers(len(actions) - (n < 120)))]
        expected = NEXT[state].get(action, "draft" if (state, action) == ("draft", "edit") else "")
        actor = {"approve": "head", "return": "head"}.get(action, "planner")
        try:
            if action == "edit":
                one = visits(held.plan)[int(rng.integers(len(visits(held.plan))))].visit_id
                plan_edits.change_plan(
                    people, held.plan.plan_id, Lock(visit_ids=(one,)), revision=held.revision,
                    key=f"e{n}", actor="planner", scope=EVERYTHING, now=FRIDAY,
                    params=PlanningParams(),
                )  # fmt: skip
            else:
                take(people, action, actor, now=FRIDAY, key=f"r{n}", reason="说明")
        except MedPatrolError:
            assert expected == ""
            assert newest(people).revision == held.revision
        else:
            assert newest(people).plan.status == expected
            seen.add((state, action))
    assert len(seen) >= 8


def test_what_was_released_stays_in_force_until_it_is_released_again(people):
    """Officers must not drive by a half-finished change."""
    plan_id = released(people).plan_id
    driven = newest(people).revision
    one = visits(newest(people).plan)[0].visit_id
    plan_edits.change_plan(
        people, plan_id, Lock(visit_ids=(one,)), revision=driven, key="w", actor="planner",
        scope=EVERYTHING, now=AS_OF, params=PlanningParams(),
    )  # fmt: skip
    life = plan_life.read_life(people, plan_id, scope=EVERYTHING)
    assert (life.plan.status, life.in_force) == ("patched", driven)
    take(people, "release", "planner", key="again")
    assert plan_life.read_life(people, plan_id, scope=EVERYTHING).in_force == driven + 2


def test_a_result_becomes_a_record_once(people):
    """What was done must count in scores and statistics, and only once."""
    one = visits(released(people))[0]
    before = len(load_rows(people, "inspections", scope=EVERYTHING, as_of=FRIDAY))
    for _ in range(2):
        found = enter(people, one.visit_id, "violation", topics=["hygiene"], minutes=40, key="k")
    rows = load_rows(
        people, "inspections", scope=EVERYTHING, as_of=FRIDAY + timedelta(seconds=2), joined=True
    )
    assert len(rows) == before + 1
    row = rows[rows["inspection_id"] == found.inspection_id].iloc[0]
    assert (row["result"], row["ground"], row["arm"]) == ("violation", one.ground, "targeted")
    assert row["facility_id"] == one.facility_id or one.facility_id is None
    assert row["n_officers"] == 2
    with pytest.raises(PlanError, match="已有检查结果"):
        enter(people, one.visit_id, "pass")
    tally = plan_life.done_of_week(people, WEEK, scope=EVERYTHING)
    assert (tally.n_done, tally.n_planned) == (1, len(visits(newest(people).plan)))


def test_a_result_can_be_taken_back_for_ten_minutes(people):
    """A slip of the finger on a phone must not stand in the record."""
    one, two = visits(released(people))[:2]
    plan_id = newest(people).plan.plan_id
    for each in (one, two):
        enter(people, each.visit_id, "closed_door")
    plan_results.undo_result(
        people, plan_id, one.visit_id, actor="officer", scope=EVERYTHING,
        now=FRIDAY + timedelta(minutes=9),
    )  # fmt: skip
    with pytest.raises(PlanError, match="不能撤回"):
        plan_results.undo_result(
            people, plan_id, two.visit_id, actor="officer", scope=EVERYTHING,
            now=FRIDAY + timedelta(minutes=11),
        )  # fmt: skip
    with people.read() as conn:
        assert set(plan_history.results(conn, plan_id)) == {two.visit_id}
    enter(people, one.visit_id, "pass", now=FRIDAY + timedelta(minutes=12))
    later = FRIDAY + timedelta(hours=1)
    rows = load_rows(people, "inspections", scope=EVERYTHING, as_of=later)
    mine = rows[rows["inspection_id"].str.startswith(plan_id)]
    assert sorted(mine["result"]) == ["closed_door", "pass"]


def test_results_ask_for_right_state_and_sense(people):
    """Results without a released plan, of the future, or that contradict themselves."""
    one = visits(newest(people).plan)[0].visit_id
    with pytest.raises(PlanError, match="还没有发布"):
        enter(people, one, "pass")
    released(people)
    signing_in.add_account(people, "auditor", roles=["auditor"])
    with pytest.raises(ForbiddenError):
        enter(people, one, "pass", actor="auditor")
    with pytest.raises(PlanError, match="违法类别"):
        enter(people, one, "violation")
    with pytest.raises(PlanError, match="晚于现在"):
        enter(people, one, "pass", now=AS_OF)
    with pytest.raises(PlanError, match="没有这种检查结果"):
        enter(people, one, "fine")


def test_a_drawn_visit_that_nobody_made_is_a_non_response(empty_store):
    """Left out silently, the random sample would look better than it is."""
    made = plan(
        visit(1, draw_id="D1", inclusion_prob=0.1),
        visit(2, inclusion_prob=0.2),
        visit(3),
        left_out=[left_out(9, required=True, draw_id="D1", inclusion_prob=0.1)],
        status="released",
    )
    plans.save_plan(empty_store, made, actor="t")
    now = made.as_of + timedelta(days=10)
    plan_results.enter_result(
        empty_store, "p1", "V1", "pass", key="a", actor=access.COMMAND_LINE, scope=EVERYTHING,
        now=now,
    )  # fmt: skip
    plan_life.take_step(
        empty_store, "p1", "finish", revision=1, key="f", actor=access.COMMAND_LINE,
        scope=EVERYTHING, now=now,
    )  # fmt: skip
    with empty_store.read() as conn:
        found = plan_history.results(conn, "p1")
    assert {name: (r.result, r.inclusion_prob) for name, r in found.items()} == {
        "V1": ("pass", 0.1), "V2": ("not_made", 0.2), "V9": ("not_made", 0.1),
    }  # fmt: skip
    assert found["V1"].arm == "random"
