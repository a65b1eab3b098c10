"""The ledger as a planner works it: triage, take it back, join two leads, on screen and phone."""

import shutil
import sys
from datetime import datetime, timedelta

import pandas as pd
import pytest

from data.schema import TIME_ZONE
from data.store import rows
from data.store.engine import bump_data_version, open_store
from tests.browser.conftest import free_port, let_in, start_server, stop_server

SLOW_MS = 60_000

pytestmark = pytest.mark.browser


@pytest.fixture
def ledger_page(tmp_path, loaded_file):
    """Serve a store with two new leads about one house and return the page's address."""
    path = tmp_path / "store.sqlite"
    shutil.copy(loaded_file, path)
    store = open_store(f"sqlite:///{path}")
    now = datetime.now(TIME_ZONE)
    leads = [
        {
            "complaint_id": key, "received_at": pd.Timestamp(now - timedelta(hours=hours)),
            "channel": channel, "topic": "unlicensed_practice", "area_code": "990101002",
            "site_text": "槐树巷出租屋二楼", "summary": f"夜间给人输液，{more}", "status": "new",
            "lon": 112.09, "lat": 23.03, "location_precision": "exact",
        }
        for key, hours, channel, more in (
            ("N1", 3, "phone", "约三四人"), ("N2", 2, "web", "晚上有人进出"),
        )
    ]  # fmt: skip
    with store.write() as conn:
        rows.save_rows(
            conn, "complaints", pd.DataFrame(leads), import_id=None, known_on=now, now=now
        )
        bump_data_version(conn)
    port = free_port()
    command = [sys.executable, "-m", "cli", "serve", "--port", str(port), "--store", store.url]
    process = start_server(command, port=port, log=tmp_path / "log")
    let_in(f"http://localhost:{port}", store.url)
    yield f"http://localhost:{port}/leads"
    stop_server(process)


def test_a_planner_triages_takes_back_and_joins(ledger_page, visit):
    """The three presses of a Monday morning, each with its way back."""
    page = visit().page
    page.set_default_timeout(SLOW_MS)
    page.goto(f"{ledger_page}?show=new&q=槐树巷")
    page.get_by_text("可能是同一处").first.wait_for()
    before = page.get_by_role("heading", name="线索台账").inner_text()

    page.get_by_role("button", name="确认分办").click()
    page.get_by_role("button", name="撤回").wait_for()
    page.get_by_text("研判：直查直办").first.wait_for()
    assert page.get_by_role("heading", name="线索台账").inner_text() != before

    page.get_by_role("button", name="撤回").click()
    page.get_by_role("heading", name=before).wait_for()

    page.get_by_role("button", name="并为一处").click()
    page.get_by_text("已与").first.wait_for()
    assert page.get_by_text("可能是同一处").count() == 0
    page.get_by_role("button", name="撤回").click()
    page.get_by_text("可能是同一处").first.wait_for()


def test_a_phone_shows_a_list_that_fits(ledger_page, visit):
    """Nobody scrolls a table sideways with one thumb."""
    page = visit(
        viewport={"width": 390, "height": 844},
        user_agent="Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36",
    ).page
    page.set_default_timeout(SLOW_MS)
    page.goto(ledger_page)
    page.get_by_role("button", name="打开").first.wait_for()
    width = page.evaluate("document.scrollingElement.scrollWidth")
    assert width <= 390
    assert page.locator("[data-testid=stDataFrame]").count() == 0
