"""A week in Chromium: drag, undo, submit, approve as another, release, enter a result."""

import shutil
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from data.scope import EVERYTHING
from data.store import plans
from data.store.engine import open_store
from errors import MedPatrolError
from tests import signing_in
from tests.browser.conftest import free_port, start_server, stop_server
from workflows import plan_edits, plan_life
from workflows.plan_changes import Move
from workflows.planning import PlanningParams

pytestmark = pytest.mark.browser

START = """
import sys
from web import server
server.serve(sys.argv[1], int(sys.argv[2]), with_worker=False)
"""


@pytest.fixture
def served(tmp_path, planned_file):
    """Serve a copy of the planned district; return address and store address."""
    path = tmp_path / "s.sqlite"
    shutil.copy(planned_file, path)
    for key in planned_file.parent.glob(f"{planned_file.name}*.key"):
        shutil.copy(key, path.with_name(path.name + key.name[len(planned_file.name) :]))
    # a district's own plan, as its planner sees it
    store = open_store(f"sqlite:///{path}")
    made = plans.load_plan(
        store, plans.list_plans(store, scope=EVERYTHING)["plan_id"].iloc[0], scope=EVERYTHING
    )
    later = made.created_at + timedelta(minutes=1)
    own = replace(made, plan_id="week", district_code="990101", created_at=later)
    plans.save_plan(store, own, actor="test")
    store.close()
    port = free_port()
    command = [sys.executable, "-c", START, f"sqlite:///{path}", str(port)]
    process = start_server(command, port=port, log=tmp_path / "log")
    yield f"http://localhost:{port}", f"sqlite:///{path}"
    stop_server(process)


def board(window, address, account, store_url, roles):
    """Open the plan page as somebody."""
    window.context.add_cookies([signing_in.cookie(address, store_url, account, roles=roles)])
    page = window.page
    page.goto(f"{address}/weekly_plan?lang=zh&week=2026-03-02&day=2")
    page.locator(".plan-board .stop").first.wait_for(timeout=60_000)
    return page


def newest(store_url):
    store = open_store(store_url)
    plan_id = plans.list_plans(store, scope=EVERYTHING)["plan_id"].iloc[0]
    return plan_life.read_life(store, plan_id, scope=EVERYTHING)


def places(life):
    return {
        s.visit.visit_id: (r.team_id, r.day, n)
        for r in life.plan.routes
        for n, s in enumerate(r.stops)
    }


def revision(page, number):
    page.locator(f".plan-board[data-revision='{number}']").wait_for(timeout=60_000)


def a_possible_move(store_url):
    """Return a move within Wednesday's routes that no rule forbids."""
    store, life = open_store(store_url), newest(store_url)
    for route in (r for r in life.plan.routes if r.day == 2):
        for at, stop in enumerate(route.stops):
            for to in range(len(route.stops)):
                move = Move(visit_id=stop.visit.visit_id, team_id=route.team_id, day=2, position=to)
                try:
                    if to != at:
                        plan_edits.preview(
                            store, "week", move, scope=EVERYTHING, params=PlanningParams()
                        )
                        return move
                except MedPatrolError:
                    continue
    pytest.fail("no stop can change its place")


def drag(page, move):
    """Drag a stop to another place of its row."""
    block = page.locator(f".plan-board .stop[data-visit='{move.visit_id}']")
    inside = page.locator(f".stop[data-visit='{move.visit_id}']")
    row = page.locator(".plan-board .row[role=group]").filter(has=inside)
    row.scroll_into_view_if_needed()
    others = [
        each.bounding_box()
        for each in row.locator(f".stop:not([data-visit='{move.visit_id}'])").all()
    ]
    box = block.bounding_box()
    y = box["y"] + box["height"] / 2
    x = (
        others[move.position]["x"] + 2
        if move.position < len(others)
        else others[-1]["x"] + others[-1]["width"] + 8
    )
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 12, y, steps=4)
    page.mouse.move(x, y, steps=8)
    page.mouse.up()


def test_a_week_from_draft_to_result(served, visit):
    """The one path that every plan takes, by the hands that take it."""
    address, store_url = served
    before = newest(store_url)
    window = visit(signed_in=False)
    page = board(window, address, "planner", store_url, ["planner"])
    drag(page, a_possible_move(store_url))
    revision(page, 2)
    moved = newest(store_url)
    changed = [v for v, at in places(moved).items() if places(before)[v] != at]
    assert changed
    page.get_by_role("button", name="撤销").click()
    revision(page, 3)
    assert places(newest(store_url)) == places(before)
    # the same without a pointer: Enter opens the menu of a stop
    page.locator(".plan-board .stop").first.focus()
    page.keyboard.press("Enter")
    page.locator(".plan-board .menu").get_by_role("button", name="锁定").click()
    revision(page, 4)
    page.locator(".plan-board .stop.locked").first.wait_for()
    page.get_by_role("button", name="提交审核").click()
    revision(page, 5)
    page.get_by_text("您提交的计划须由另一人批准").wait_for()
    assert page.get_by_role("button", name="批准", exact=True).count() == 0

    head = board(visit(signed_in=False), address, "head", store_url, ["manager"])
    head.get_by_role("button", name="批准", exact=True).click()
    head.get_by_role("button", name="确认批准").click()
    revision(head, 6)

    page.reload()
    revision(page, 6)
    page.get_by_role("button", name="发布", exact=True).click()
    page.get_by_role("button", name="确认发布").click()
    revision(page, 7)

    officer = board(visit(signed_in=False), address, "officer", store_url, ["officer"])
    officer.get_by_role("radio", name="合格").or_(
        officer.get_by_role("button", name="合格", exact=True)
    ).click()
    officer.get_by_role("button", name="保存结果").click()
    officer.get_by_text("已完成 1 / ").first.wait_for()
    officer.locator(".plan-board .stop.done").first.wait_for()
    life = newest(store_url)
    assert life.plan.status == "released"
    assert [found.result for found in life.results.values()] == ["pass"]
    assert [event.actor for event in life.events] == ["planner", "head", "planner"]
    assert window.foreign == []


def test_a_move_that_a_rule_forbids_is_refused_with_the_rule(served, visit):
    """The page says which rule, and the plan stays as it was."""
    address, store_url = served
    page = board(visit(signed_in=False), address, "planner", store_url, ["planner"])
    required = next(
        (r, s) for r in newest(store_url).plan.routes for s in r.stops if s.visit.required
    )
    page.goto(f"{address}/weekly_plan?lang=zh&week=2026-03-02&day={required[0].day}")
    block = page.locator(f".plan-board .stop[data-visit='{required[1].visit.visit_id}']")
    block.wait_for(timeout=60_000)
    block.click()
    page.locator(".plan-board .menu").get_by_role("button", name="从计划中去掉").click()
    page.get_by_text("必须到访，未排入").first.wait_for()
    assert newest(store_url).revision == 1
