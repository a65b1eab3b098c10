"""The rules of a plan as a planner sees them."""

import pytest
from streamlit.testing.v1 import AppTest

PAGE = """
import pandas as pd
from tests.workflows import plans, test_rule_check as cases
from ui import rule_panel

given = {given}
rule_panel.draw(cases.checked(cases.at_f1(place_name="<b>试验</b>"), **given))
"""


def drawn(given="{}"):
    at = AppTest.from_string(PAGE.replace("{given}", given)).run()
    assert not at.exception
    return at


def table(at):
    """Return the HTML of the list."""
    return at.get("html")[0].proto.body


def test_a_plan_in_order_shows_ticks_and_counts():
    """Seven hard rules hold, nothing warns."""
    at = drawn()
    assert "硬性 7 / 7，提醒 0" in [caption.value for caption in at.caption]
    assert "!" not in table(at)
    assert "1 / 1" in table(at)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ('{"barred": [("O1", "F1")]}', "硬性 6 / 7，提醒 0"),
        ('{"past": [cases.done("2026-03-01")]}', "硬性 7 / 7，提醒 1"),
    ],
)
def test_what_is_wrong_is_marked_counted_and_explained(given, line):
    """The planner sees at once that something is wrong, and one click further what."""
    at = drawn(given)
    assert line in [caption.value for caption in at.caption]
    assert table(at).count(">!</td>") == 1
    assert "0 / 1" in table(at)
    assert any("试验" in text.value for text in at.text)


def test_names_out_of_files_never_become_markup():
    """A facility called <b> stays text; the table holds our own words only."""
    at = drawn('{"barred": [("O1", "F1")]}')
    assert "试验" not in table(at)
