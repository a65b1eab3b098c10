"""Mapping profiles: checked whole before a row is read."""

from pathlib import Path

import pytest

from data.importers import profiles
from errors import BadProfileError
from tests.data.frames_of_records import moment

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"

GOOD = """
known_on = 2025-01-05
date_format = "%m/%d/%Y"

["visits*.csv"]
kind = "inspections"
datum = "gcj02"

["visits*.csv".columns]
inspection_id = "No"
started_at = "Day"

["visits*.csv".values.result]
"OK" = "pass"
default = "violation"

["visits*.csv".constants]
kind = "routine"

[["visits*.csv".also]]
kind = "cases"
when = { column = "n", above = 0 }
link = "case_id"
columns = { case_id = "No", opened_on = "Day" }
constants = { topic = "hygiene" }

["visits_2024.csv"]
kind = "complaints"
"""


def read(tmp_path, text):
    path = tmp_path / "profile.toml"
    path.write_text(text, encoding="utf-8")
    return profiles.read_profile(path)


def test_a_profile_says_all_that_a_foreign_layout_needs(tmp_path):
    """Columns, values, constants, a second kind, dates and datum."""
    found = read(tmp_path, GOOD).for_file("visits_2025.csv")
    assert found.rule.kind == "inspections"
    assert found.rule.columns == {"inspection_id": "No", "started_at": "Day"}
    assert found.rule.words == {"result": {"OK": "pass", "default": "violation"}}
    assert found.rule.constants == {"kind": "routine"}
    assert (found.datum, found.date_format) == ("gcj02", "%m/%d/%Y")
    assert found.known_on == moment("2025-01-05")
    (also,) = found.also
    assert (also.kind, also.link, also.when.column, also.when.above) == ("cases", "case_id", "n", 0)


def test_the_exact_file_name_beats_a_pattern(tmp_path):
    """One odd year can have its own table."""
    profile = read(tmp_path, GOOD)
    assert profile.for_file("visits_2024.csv").rule.kind == "complaints"
    assert profile.for_file("other.csv") is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("not toml [", "TOML"),
        ("", "文件"),
        ('["a.csv"]\nkind = "places"', "places"),
        ('["a.csv"]\nkind = "cases"\ncolour = "red"', "colour"),
        ('["a.csv"]\nkind = "cases"\n["a.csv".columns]\ncase_no = "x"', "case_no"),
        ('["a.csv"]\nkind = "cases"\n["a.csv".values.topic]\n"x" = "dirt"', "dirt"),
        ('["a.csv"]\nkind = "cases"\n["a.csv".constants]\ntopic = "dirt"', "dirt"),
        ('["a.csv"]\nkind = "cases"\ndatum = "mars"', "mars"),
        ('["a.csv"]\nkind = "cases"\nknown_on = "soon"', "known_on"),
        ('["a.csv"]\nkind = "cases"\n[["a.csv".also]]\nkind = "cases"\nwhen = {above = 1}', "when"),
        ('["a.csv"]\nkind = "cases"\n[["a.csv".also]]\nkind = "cases"\nlink = "x"', "x"),
        ('knwon_on = 2025-01-01\n["a.csv"]\nkind = "cases"', "knwon_on"),
    ],
)
def test_a_slip_of_the_pen_is_named(tmp_path, text, word):
    """Better no city than half of one."""
    with pytest.raises(BadProfileError, match=word):
        read(tmp_path, text)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_the_shipped_examples_are_sound(path):
    """They are what people copy from."""
    assert profiles.read_profile(path).files
