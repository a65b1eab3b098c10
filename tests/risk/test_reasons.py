"""The sentences of a score: what a manager reads."""

import json

import pandas as pd
import pytest

from risk import scored
from risk.params import ScoringParams
from tests.risk import made_up


def _sentences(table, **match):
    rows = table
    for column, value in match.items():
        rows = rows[rows[column] == value]
    return [part["t"].format(**part["v"]) for part in json.loads(rows.iloc[0]["reasons"])]


def _score(**kinds):
    return scored.score_frames(made_up.frames(**kinds), ScoringParams(), as_of=made_up.AS_OF)


def test_a_cell_nobody_ever_saw_says_so():
    """Not looked must never look like low."""
    cells = _score(areas=made_up.areas()).cells
    assert "从未到访" in _sentences(cells)


def test_a_long_unseen_cell_says_for_how_many_days():
    """Days count from the last search to the day of the score."""
    long_ago = _score(areas=made_up.areas(), inspections=made_up.inspections([(None, 500, "pass")]))
    lately = _score(areas=made_up.areas(), inspections=made_up.inspections([(None, 9, "pass")]))
    seen = [result.cells[result.cells["last_visit_on"].notna()] for result in (long_ago, lately)]
    assert "久未到访：499 天" in _sentences(seen[0])
    assert "上次到访未发现（8 天前）" in _sentences(seen[1])


def test_a_cell_where_only_facilities_were_checked_says_so():
    """A visit to a clinic says nothing about the flats beside it."""
    clinics = made_up.facilities(1)
    visits = made_up.inspections([("F0", 9, "pass")])
    calls = made_up.complaints([20])
    cells = _score(facilities=clinics, inspections=visits, complaints=calls).cells
    assert "只查过在册机构，从未排查" in _sentences(cells)


def test_more_reports_than_usual_are_named_with_number_and_norm():
    """The plain number of reports, as anybody can count them."""
    old = made_up.complaints([200, 300, 400], lon=112.9)
    old["complaint_id"] = ["O1", "O2", "O3"]
    result = _score(complaints=pd.concat([old, made_up.complaints([5, 9, 30, 60])]))
    said = [text for row in range(2) for text in _sentences(result.cells.iloc[[row]])]
    assert any(text.startswith("举报多于本地常态：90 天 4 件，常态") for text in said)


@pytest.mark.parametrize(
    ("visits", "said"),
    [
        ([], "从未到访"),
        ([("F0", 30, "pass"), ("F0", 60, "pass")], "检查 2 次，均未发现违法"),
        ([("F0", 30, "violation"), ("F0", 400, "pass")], "近 2 年查实 1 次，同类平均"),
        ([("F0", 500, "pass")], "久未到访：499 天"),
    ],
)
def test_a_facility_tells_its_history(visits, said):
    """In the words of the product's list."""
    clinics = made_up.facilities(2)
    facilities = _score(facilities=clinics, inspections=made_up.inspections(visits)).facilities
    assert any(text.startswith(said) for text in _sentences(facilities, facility_id="F0"))


def test_an_expired_licence_names_its_day():
    """The officer checks exactly that."""
    clinics = made_up.facilities(1, licence_expiry=made_up.day(10))
    facilities = _score(facilities=clinics).facilities
    assert "许可 2026-02-20 到期" in _sentences(facilities)


def test_a_licence_is_good_to_the_end_of_its_last_day():
    """At the midnight that ends its last day it is still good, a day later it is not."""
    clinics = made_up.facilities(2, licence_expiry=[made_up.day(1), made_up.day(0)])
    facilities = _score(facilities=clinics).facilities
    assert any("到期" in text for text in _sentences(facilities, facility_id="F0")) is False
    clinics["licence_expiry"] = [made_up.day(2), made_up.day(0)]
    facilities = _score(facilities=clinics).facilities
    assert any("到期" in text for text in _sentences(facilities, facility_id="F0"))
