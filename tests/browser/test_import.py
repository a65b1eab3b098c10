"""The import page as a data steward works it: send, check, correct, reload, import, undo."""

import csv
import shutil
import sys

import pytest

from data.scope import EVERYTHING
from data.store.engine import open_store
from data.store.rows import count_rows
from tests.browser.conftest import free_port, let_in, start_server, stop_server
from tests.conftest import AS_OF

SLOW_MS = 120_000
HEADER = ["单号", "登记日", "渠道", "类别", "联系人"]

pytestmark = pytest.mark.browser


@pytest.fixture
def import_page(tmp_path, loaded_file):
    """Serve the small district and return the page's address and the store."""
    path = tmp_path / "store.sqlite"
    shutil.copy(loaded_file, path)
    store = open_store(f"sqlite:///{path}")
    port = free_port()
    command = [sys.executable, "-m", "cli", "serve", "--port", str(port), "--store", store.url]
    process = start_server(command, port=port, log=tmp_path / "log")
    let_in(f"http://localhost:{port}", store.url)
    yield f"http://localhost:{port}/import_data", store
    stop_server(process)


def n_leads(store):
    """Return the number of leads now held."""
    return count_rows(store, scope=EVERYTHING, as_of=AS_OF.replace(year=2100))["complaints"]


def test_a_file_is_checked_corrected_imported_and_taken_back(import_page, visit, tmp_path):
    """Nobody needs the command line for a file whose columns nobody has seen before."""
    address, store = import_page
    sent = tmp_path / "热线导出.csv"
    rows = [[f"H{n}", f"2026-02-0{n} 10:20", "电话", "其他", "金丝雀"] for n in range(1, 6)]
    with sent.open("w", newline="", encoding="gb18030") as target:
        csv.writer(target).writerows([["热线登记表"], HEADER, *rows])
    before = n_leads(store)
    page = visit().page
    page.set_default_timeout(SLOW_MS)
    page.goto(address)
    page.locator("input[type=file]").set_input_files(str(sent))
    page.get_by_text("热线导出.csv").first.wait_for()
    page.get_by_role("button", name="检查文件").click()

    page.get_by_text("缺少必填的列").wait_for()
    assert page.get_by_role("button", name="导入 0 行").is_disabled()
    assert page.get_by_text("金丝雀").count() == 0
    page.get_by_label("登记时间（必填）").click()
    page.get_by_role("option", name="登记日").click()
    page.get_by_label("线索编号（必填）").click()
    page.get_by_role("option", name="单号").click()
    page.get_by_role("button", name="按此重新检查").and_(page.locator(":enabled")).click()

    page.get_by_role("button", name="导入 5 行").and_(page.locator(":enabled")).wait_for()
    page.reload()
    assert n_leads(store) == before
    page.get_by_role("button", name="导入 5 行").and_(page.locator(":enabled")).click()
    page.get_by_text("导入结果").wait_for()
    assert n_leads(store) == before + 5

    page.get_by_text("评分于").wait_for()  # the last words of the page: all above is new
    table = page.locator("[data-testid=stDataFrame]").first
    table.click(position={"x": 18, "y": 52})  # the box of the newest import
    page.get_by_label("撤销理由（必填）").fill("导错了文件")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="撤销整次导入").and_(page.locator(":enabled")).click()
    page.get_by_text("已撤销：撤下 5 条").wait_for()
    assert n_leads(store) == before
