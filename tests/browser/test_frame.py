"""The frame of the pages in Chromium, and Streamlit's own parts under the content policy."""

import sys

import pytest

from tests.browser.conftest import free_port, let_in, start_server, stop_server

pytestmark = pytest.mark.browser

START = """
import sys
from web import server
server.serve(sys.argv[1], int(sys.argv[2]), with_worker=False)
"""


@pytest.fixture
def frame(tmp_path):
    """Serve the product with an empty store and return its address."""
    port = free_port()
    command = [sys.executable, "-c", START, f"sqlite:///{tmp_path}/s.sqlite", str(port)]
    process = start_server(command, port=port, log=tmp_path / "log")
    let_in(f"http://localhost:{port}", f"sqlite:///{tmp_path}/s.sqlite")
    yield f"http://localhost:{port}"
    stop_server(process)


def test_the_first_visitor_with_a_deep_link_sees_the_frame(frame, visit):
    """Streamlit else lists the folder of pages itself, and the page stands without its frame."""
    page = visit().page
    page.goto(f"{frame}/import_data")
    for words in ("日常", "计划", "成效", "管理", "风险热点", "辖区"):
        page.get_by_text(words, exact=True).first.wait_for()
    page.locator("html[lang='zh-CN']").wait_for(state="attached")


def test_the_language_stands_in_the_address_and_stays(frame, visit):
    """A link shows the same to the next person; the next page keeps it."""
    window = visit()
    page = window.page
    page.goto(frame)
    page.get_by_role("radio", name="English").or_(
        page.get_by_role("button", name="English")
    ).click()
    page.get_by_text("Risk hotspots").first.wait_for()
    page.wait_for_url("**/?*lang=en*")
    page.get_by_role("link", name="Weekly plan").click()
    page.get_by_role("heading", name="Weekly plan").wait_for()
    page.get_by_text("Daily", exact=True).wait_for()
    page.locator("html[lang='en']").wait_for(state="attached")
    other = visit().page
    other.goto(f"{frame}/evenness?lang=en")
    other.get_by_text("Daily", exact=True).wait_for()
    assert window.foreign == []


def test_streamlits_parts_work_under_our_policy(widgets_server, visit, tmp_path):
    """Table, both kinds of chart, our map, an upload; a picture from outside is not fetched."""
    window = visit()
    page = window.page
    page.goto(widgets_server)
    page.wait_for_selector(".risk-map[data-drawn]")
    page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
    page.locator(
        "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"
    ).first.wait_for()
    page.locator("svg path").first.wait_for(state="attached")
    file = tmp_path / "up.csv"
    file.write_bytes(b"x" * 1234)
    page.locator("input[type=file]").set_input_files(str(file))
    page.get_by_text("bytes: 1234").wait_for()
    assert page.evaluate("window.hit") is None
    refused = [text for text in window.errors if "Content Security Policy" in text]
    assert all("example.invalid/beacon.png" in text for text in refused)
    assert len(window.errors) == len(refused)


def test_a_broken_page_says_one_sentence_and_nothing_of_the_record(widgets_server, visit, tmp_path):
    """The exception's words hold a name; neither screen nor log may repeat it."""
    page = visit().page
    page.goto(f"{widgets_server}/?break=1")
    page.get_by_text("系统出错，未保存本次操作，编号").wait_for()
    assert "张三" not in page.content()
    log = (tmp_path / "log").read_text("utf-8")
    assert "张三" not in log
    assert "KeyError at" in log
