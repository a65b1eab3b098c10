"""One tour as a newcomer makes it: load files, look at the map, make a plan, download it."""

import io
import re
import sys

import gpxpy
import openpyxl
import pytest

from tests.browser.conftest import free_port, let_in, start_server, stop_server
from tests.small_city import CANARY_NAME, CANARY_PHONE

SLOW_MS = 90_000
HARMLESS = re.compile(r"Content Security Policy|404 \(Not Found\)")
"""Streamlit's own inline script, and its two probes for a base path after a deep link."""
PAGES = ("", "hotspots", "weekly_plan", "evenness", "import_data")

pytestmark = pytest.mark.browser


@pytest.fixture
def dashboard(tmp_path):
    """Serve an empty store of its own, with its worker, and return the address."""
    port = free_port()
    command = [sys.executable, "-m", "cli", "serve", "--port", str(port)]
    command += ["--store", f"sqlite:///{tmp_path}/store.sqlite"]
    process = start_server(command, port=port, log=tmp_path / "log")
    let_in(f"http://localhost:{port}", f"sqlite:///{tmp_path}/store.sqlite")
    yield f"http://localhost:{port}"
    stop_server(process)


def test_a_newcomer_gets_from_files_to_a_downloaded_plan(dashboard, visit, small_city_folder):
    """The whole path in one sitting, with no request beyond this machine and no complainant."""
    window = visit()
    page = window.page
    page.set_default_timeout(SLOW_MS)

    page.goto(dashboard)
    page.get_by_text("还没有数据").first.wait_for()
    page.get_by_role("link", name="导入数据").first.click()

    files = sorted(str(path) for path in small_city_folder.iterdir())
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_role("button", name="检查文件").click()
    # sixty points alone do not settle a datum: a person names it
    page.get_by_text("需要您选择").first.wait_for()
    page.get_by_role("combobox", name=re.compile("坐标系")).first.click()
    page.get_by_role("option", name="WGS-84").click()
    page.get_by_role("button", name="按此重新检查").and_(page.locator(":enabled")).click()
    page.get_by_role("button", name=re.compile(r"导入 [\d,]+ 行")).and_(
        page.locator(":enabled")
    ).click()
    page.get_by_text("导入结果").first.wait_for()
    page.get_by_text("评分于").first.wait_for()

    page.get_by_role("link", name="风险热点").first.click()
    page.get_by_text("点一个网格，看为什么").wait_for()
    board = page.locator("[role=application]").first
    # before the cells are drawn there is nothing to step through, and Tab leaves the map
    page.locator("[data-drawn*='cells']").wait_for()
    board.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("为什么（预计点位数").first.wait_for()

    page.get_by_role("link", name="周计划").first.click()
    page.get_by_label("求解秒数").fill("3")
    page.get_by_label("求解秒数").press("Enter")
    page.get_by_role("button", name="生成计划").click()
    page.get_by_text("至少为最优的").first.wait_for()

    link = page.get_by_role("link", name="下载 Excel").get_attribute("href")
    workbook = page.request.get(f"{dashboard}{link}")
    assert workbook.ok
    sheets = openpyxl.load_workbook(io.BytesIO(workbook.body())).sheetnames
    assert sheets[0] == "概览"
    assert len(sheets) >= 3
    track = page.request.get(f"{dashboard}{link.replace('.xlsx', '.gpx')}")
    assert gpxpy.parse(track.text()).routes

    for name in PAGES:
        page.goto(f"{dashboard}/{name}")
        page.locator("h1").first.wait_for()
        page.wait_for_load_state("networkidle")
        shown = page.content()
        assert CANARY_NAME not in shown
        assert CANARY_PHONE not in shown
    assert window.foreign == []
    assert not [error for error in window.errors if not HARMLESS.search(error)]


def test_every_page_fits_a_phone_in_english(dashboard, visit):
    """No page scrolls sideways at 390 px, and the second language is there."""
    window = visit(viewport={"width": 390, "height": 844}, locale="en-GB")
    for name in PAGES:
        window.page.goto(f"{dashboard}/{name}?lang=en")
        window.page.locator("h1").first.wait_for()
        width = window.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390
        assert not any(
            "\u4e00" <= c <= "\u9fff" for c in window.page.locator("h1").first.inner_text()
        )
    assert window.foreign == []
