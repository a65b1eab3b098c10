"""Map documents in Chromium: from the server and as one file, with hostile names in them."""

import pytest

from tests.browser import payload_texts, synthetic
from web import documents

pytestmark = pytest.mark.browser


@pytest.fixture(params=["hotspots", "plan"])
def document(request):
    """Return one of the two documents."""
    names = payload_texts.HOSTILE
    if request.param == "hotspots":
        return documents.hotspots(
            synthetic.cells(900, names=names), synthetic.areas(), language="zh"
        )
    return documents.weekly_plan(synthetic.plan(names=names), synthetic.areas(), language="zh")


def test_one_file_works_without_a_server(visit, tmp_path, document):
    """Opened from a disk it draws, asks nobody and runs nothing out of a name."""
    path = tmp_path / "map.html"
    path.write_text(documents.as_one_file(document), encoding="utf-8")
    window = visit()
    asked = []
    window.context.on("request", lambda request: asked.append(request.url))
    window.page.goto(path.as_uri())
    window.page.wait_for_selector("body[data-drawn]")
    size = window.page.viewport_size
    for x in range(100, size["width"], 130):
        for y in range(100, size["height"], 110):
            window.page.mouse.move(x, y)
    assert asked == [path.as_uri()]
    assert window.errors == []
    assert window.page.evaluate("window.hit") is None
    assert window.page.evaluate("document.documentElement.lang") == "zh-CN"


def test_the_title_names_what_is_shown(visit, tmp_path):
    """A file on a desk must say what it is and of when."""
    plan = documents.weekly_plan(synthetic.plan(), synthetic.areas(), language="en")
    path = tmp_path / "plan.html"
    path.write_text(documents.as_one_file(plan), encoding="utf-8")
    page = visit().page
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-drawn]")
    assert page.title() == "Weekly plan 2026-11-30 – 2026-12-06"
