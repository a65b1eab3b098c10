"""Plans: every revision kept, the newest shown, other districts hidden."""

from dataclasses import replace
from datetime import date

import pytest

from data.records import LeftOut, Message, Plan, Route, Stop, Team, Visit
from data.scope import EVERYTHING, Scope
from data.store import engine, plans
from errors import NotFoundError
from tests.data.frames_of_records import moment

VISIT = Visit(
    visit_id="V1",
    kind="facility",
    place_name="测试诊所",
    lon=112.1,
    lat=23.1,
    prize=120,
    service_s=2700,
    windows=((0, 30600, 61200),),
    due_on=date(2025, 6, 5),
    reasons=(Message("久未到访：{d} 天", {"d": 40}),),
)
PLAN = Plan(
    plan_id="P1",
    week_start=date(2025, 6, 2),
    district_code="990101",
    as_of=moment("2025-06-01"),
    created_at=moment("2025-05-29 10:00"),
    status="draft",
    seed=0,
    teams=(Team(team_id="A", officer_ids=("O1", "O2"), base_lon=112.0, base_lat=23.0, days=(0,)),),
    routes=(
        Route(
            team_id="A",
            day=0,
            leave_s=30600,
            back_s=36000,
            travel_s=1200,
            stops=(Stop(visit=VISIT, arrive_s=31200, start_s=31200, depart_s=33900),),
        ),
        Route(team_id="A", day=1, leave_s=0, back_s=0, travel_s=0, stops=()),
    ),
    left_out=(
        LeftOut(
            visit=replace(VISIT, visit_id="V2"),
            reason=Message("价值低于已排任务"),
            cheapest_fix=Message("换下 {what}", {"what": Message("{n} 处", {"n": 1})}),
        ),
    ),
    prize=120,
    upper_bound=131,
    travel_s=1200,
    travel_is_estimate=True,
    runtime_s=9.8,
    warnings=(Message("未排午休"),),
)


def test_a_plan_comes_back_equal(empty_store):
    """Every nested noun and sentence survives the way through the store."""
    plans.save_plan(empty_store, PLAN, actor="t")
    assert plans.load_plan(empty_store, "P1", scope=EVERYTHING) == PLAN


def test_the_plan_file_is_plain_data(empty_store):
    """plan.json is read by scripts of others."""
    written = plans.plan_to_json(PLAN)
    assert written["week_start"] == "2025-06-02"
    assert written["routes"][0]["stops"][0]["visit"]["reasons"] == [
        {"t": "久未到访：{d} 天", "v": {"d": 40}}
    ]


def test_saving_again_adds_a_revision_only_where_something_changed(empty_store):
    """A double click makes no second draft; an edit loses no earlier one."""
    plans.save_plan(empty_store, PLAN, actor="t")
    plans.save_plan(empty_store, PLAN, actor="t")
    assert engine.data_version(empty_store) == 1
    plans.save_plan(empty_store, replace(PLAN, status="approved"), actor="t")
    listed = plans.list_plans(empty_store, scope=EVERYTHING)
    assert listed["status"].tolist() == ["approved"]
    with empty_store.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM plans").scalar() == 2


def test_the_list_says_what_is_in_each_plan(empty_store):
    """Newest first, by week."""
    plans.save_plan(empty_store, PLAN, actor="t")
    later = replace(PLAN, plan_id="P2", created_at=moment("2025-05-30 10:00"))
    plans.save_plan(empty_store, later, actor="t")
    listed = plans.list_plans(empty_store, scope=EVERYTHING, week_start=date(2025, 6, 2))
    assert listed["plan_id"].tolist() == ["P2", "P1"]
    assert listed.loc[0, ["n_planned", "n_left_out", "prize"]].tolist() == [1, 1, 120]
    other_week = plans.list_plans(empty_store, scope=EVERYTHING, week_start=date(2025, 6, 9))
    assert other_week.empty


def test_another_districts_plan_is_not_found_just_like_none(empty_store):
    """The answer must not tell whether the plan exists."""
    plans.save_plan(empty_store, PLAN, actor="t")
    other = Scope(user="m", districts=frozenset({"990102"}), sealed=None)
    assert plans.list_plans(empty_store, scope=other).empty
    messages = []
    for plan_id in ("P1", "P9"):
        with pytest.raises(NotFoundError) as caught:
            plans.load_plan(empty_store, plan_id, scope=other)
        messages.append(caught.value.template)
    assert messages[0] == messages[1]
