"""The map in Chromium: drawn, picked, by keyboard, by finger, in both themes and languages."""

import time

import pytest

from tests.browser import payload_texts

pytestmark = pytest.mark.browser

DRAWN = ".risk-map[data-drawn]"
COLOURS = """() => {
  const find = (node) => {
    for (const e of node.querySelectorAll('*')) {
      if (e.shadowRoot) {
        const found = e.shadowRoot.querySelector('canvas') ?? find(e.shadowRoot);
        if (found) return found;
      }
    }
  };
  const canvas = find(document);
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 255) {
      const hex = [0, 1, 2].map((k) => data[i + k].toString(16).padStart(2, '0'));
      seen.add('#' + hex.join('').toUpperCase());
    }
  }
  return [...seen];
}"""


@pytest.fixture
def opened(visit, map_server):
    """Return a function that opens the map page and waits until it is drawn."""

    def opened(query="", **window):
        seen = visit(**window)
        seen.page.goto(f"{map_server}/?{query}")
        seen.page.wait_for_selector(DRAWN)
        return seen

    return opened


def _middle(page):
    box = page.locator("[role=application]").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _picked(page):
    return page.get_by_text("picked:").inner_text().removeprefix("picked: ")


def _wait_picked(page, expected_change_from):
    # asked from here: a condition evaluated in the page is refused by our own content policy
    until = time.monotonic() + 120
    while _picked(page) == expected_change_from:
        assert time.monotonic() < until, "the page never answered the click"
        page.wait_for_timeout(20)
    return _picked(page)


def test_the_map_asks_nothing_outside_this_machine(opened):
    """No tile, no script, no font from anywhere; and the policy lets everything of ours run."""
    window = opened(
        "layers=areas,cells,not_looked,certainty,fringe,facilities,complaints,cases,routes"
    )
    assert window.foreign == []
    assert window.errors == []


@pytest.mark.parametrize(("scheme", "name"), [("light", "LIGHT"), ("dark", "DARK")])
def test_cells_have_the_colours_of_the_theme(opened, scheme, name):
    """All six classes are seen, in the tokens of light and dark."""
    from ui import theme

    window = opened("layers=cells&n=2000", color_scheme=scheme)
    palette = getattr(theme, name)
    assert set(palette.ramp) <= set(window.page.evaluate(COLOURS))


def test_a_click_picks_the_cell_and_the_page_answers(opened):
    """The identifier under the pointer reaches Python."""
    window = opened("layers=cells&n=2000")
    page = window.page
    assert _picked(page) == "nothing"
    page.mouse.click(*_middle(page))
    first = _wait_picked(page, "nothing")
    assert len(first) == 15
    x, y = _middle(page)
    page.mouse.click(x + 60, y)
    assert _wait_picked(page, first) != first


def test_twenty_thousand_cells_are_drawn_and_picked_in_time(visit, map_server):
    """The size of a prefecture: drawn within 2.5 s of opening, a click answered within 0.7 s."""
    window = visit()
    drawn, answered = [], []
    # Other work on the machine only ever adds time, so the best of a few tries is the map's own.
    while len(drawn) < 6 and (not drawn or min(drawn) >= 2.5 or min(answered) >= 0.7):
        started = time.monotonic()
        window.page.goto(f"{map_server}/?layers=areas,cells,not_looked,fringe&n=20000")
        window.page.wait_for_selector(DRAWN)
        drawn.append(time.monotonic() - started)
        window.page.wait_for_load_state("networkidle")
        started = time.monotonic()
        window.page.mouse.click(*_middle(window.page))
        _wait_picked(window.page, "nothing")
        answered.append(time.monotonic() - started)
    assert min(drawn) < 2.5
    assert min(answered) < 0.7


def test_switching_a_layer_keeps_the_view_and_fetches_nothing(opened):
    """Layers are switched on the page; the map stays where the visitor moved it."""
    window = opened("layers=cells,complaints&n=2000")
    page = window.page
    page.get_by_role("button", name="+").or_(page.get_by_title("放大")).first.click()
    scale = page.locator(".leaflet-control-scale-line").inner_text()
    asked = []
    window.context.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="complaints").click()
    page.wait_for_selector('.risk-map[data-drawn="cells"]')
    assert page.locator(".leaflet-control-scale-line").inner_text() == scale
    assert [url for url in asked if "/data/" in url] == []


def test_the_map_works_by_keyboard_alone(opened):
    """Tab steps through the highest cells, Enter opens, Escape closes, arrows and signs move."""
    page = opened("layers=cells&n=900").page
    page.locator("[role=application]").focus()
    page.keyboard.press("Tab")
    spoken = page.locator("[aria-live=polite]").inner_text()
    assert spoken.startswith("1/20 ")
    assert "未掌握点位" in spoken
    page.keyboard.press("Tab")
    assert page.locator("[aria-live=polite]").inner_text().startswith("2/20 ")
    page.keyboard.press("Enter")
    _wait_picked(page, "nothing")
    page.keyboard.press("Escape")
    page.get_by_text("picked: nothing").wait_for()
    scale = page.locator(".leaflet-control-scale-line").inner_text()
    for key in ("+", "+", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.locator(".leaflet-control-scale-line").inner_text() != scale


def test_tab_leaves_the_map_after_the_last_cell(opened):
    """A map must not hold the keyboard for good."""
    page = opened("layers=cells&n=900").page
    page.locator("[role=application]").focus()
    for _ in range(22):
        page.keyboard.press("Tab")
    inside = "() => document.activeElement.shadowRoot?.activeElement?.getAttribute('role')"
    assert page.evaluate(inside) != "application"


def test_a_phone_shows_the_whole_map_with_large_buttons(opened):
    """No sideways scroll, targets of 44 px, the map at most 56 % of the screen."""
    page = opened("n=900", viewport={"width": 390, "height": 844}, has_touch=True).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    button = page.locator(".leaflet-control-zoom-in").bounding_box()
    assert button["width"] >= 44
    assert button["height"] >= 44
    assert page.locator("[role=application]").bounding_box()["height"] <= 0.56 * 844 + 1
    x, y = _middle(page)
    page.touchscreen.tap(x + 30, y + 30)
    _wait_picked(page, "nothing")


def test_the_legend_names_every_symbol_and_no_other(opened):
    """Counts behind point layers, limits under colours, unit and date in words."""
    page = opened("layers=cells,not_looked,complaints").page
    legend = page.locator(".legend").inner_text()
    for words in (
        "有未掌握点位的概率（每网格）",
        "≥40 %",
        "未查明：12 个月内无人到访",
        "未办结线索",
        "点位已模糊至约 500 米",
        "数据截至 2026-11-22",
        "底图：本局区划",
    ):
        assert words in legend
    for words in ("城乡结合部", "案件", "驻地"):
        assert words not in legend


def test_a_layer_that_fails_is_said_and_the_rest_is_drawn(opened):
    """What worked stays; one sentence says what is missing."""
    window = opened("layers=complaints,missing&lang=zh")
    assert "图层未能载入" in window.page.locator(".status").inner_text()


def test_an_empty_map_says_so(opened):
    """The frame stays, with a sentence instead of a blank."""
    window = opened("layers=missing")
    assert window.page.locator(".status").inner_text() != ""


def test_hostile_names_stay_text(opened):
    """Forty-eight texts that try to run as script: in tooltips, spoken lines, the legend."""
    window = opened("layers=facilities,cells,routes&n=hostile")
    page = window.page
    page.locator("[role=application]").focus()
    spoken = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        spoken.add(page.locator("[aria-live=polite]").inner_text())
    x, y = _middle(page)
    seen = set()
    for k in range(-30, 30, 2):
        for dy in (0, -9, -18):
            page.mouse.move(x + 10 * k, y + dy)
            seen.add(page.locator(".tip").inner_text())
    assert any(name in text for name in payload_texts.HOSTILE for text in spoken)
    assert any("<" in text for text in seen)
    assert page.evaluate("window.hit") is None
    assert window.foreign == []
    assert window.errors == []
