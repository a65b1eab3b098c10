"""Does the work follow the risk."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from risk import evenness


def test_hours_in_proportion_to_risk_are_even():
    """Equal hours per risk, not equal hours per place."""
    line = evenness.lorenz([1, 2, 7], [10, 20, 70])
    assert line.unevenness == pytest.approx(0.0)
    assert np.allclose(line.risk_share, line.work_share)


def test_all_hours_where_a_tenth_of_the_risk_is_gives_0_9():
    """Worked out on paper: the area under the line is 0.05."""
    assert evenness.lorenz([9, 1], [0, 5]).unevenness == pytest.approx(0.9)


def test_the_line_starts_with_the_place_most_short_of_work():
    """The chart reads from neglected to spoilt."""
    line = evenness.lorenz([5, 5], [8, 2])
    assert line.work_share.tolist() == pytest.approx([0, 0.2, 1])
    assert line.risk_share.tolist() == pytest.approx([0, 0.5, 1])


def test_visits_where_there_is_no_risk_come_last():
    """They widen the gap; they don't vanish."""
    line = evenness.lorenz([0, 1], [1, 1])
    assert line.unevenness == pytest.approx(0.5)


def test_without_risk_or_work_there_is_no_index():
    """An empty store is not perfectly even."""
    assert np.isnan(evenness.lorenz([1, 1], [0, 0]).unevenness)
    assert np.isnan(evenness.lorenz([], []).unevenness)


def test_negative_or_missing_numbers_are_refused():
    """A share of them would mean nothing."""
    with pytest.raises(ValueError, match="not negative"):
        evenness.lorenz([1, -1], [1, 1])
    with pytest.raises(ValueError, match="known"):
        evenness.lorenz([1, np.nan], [1, 1])
    with pytest.raises(ValueError, match="shape"):
        evenness.lorenz([1], [1, 1])


def test_groups_are_compared_and_the_neglected_one_comes_first():
    """60 % of the risk and 20 % of the visits: 40 points short."""
    places = pd.DataFrame(
        {
            "district_code": ["a", "a", "b", None],
            "risk": [3.0, 3.0, 3.0, 1.0],
            "n_visits": [1, 1, 7, 1],
            "hours": [1.0, 1.0, 7.0, 1.0],
        }
    )
    table = evenness.shares_by_group(places, by="district_code")
    assert table["group"].tolist()[0] == "a"
    assert table["gap"].tolist()[0] == pytest.approx(-0.4)
    assert table["risk_share"].sum() == pytest.approx(1)
    assert None in table["group"].tolist()


def test_groups_without_any_visit_have_no_visit_share():
    """0 of 0 is unknown."""
    places = pd.DataFrame({"g": ["a"], "risk": [1.0], "n_visits": [0], "hours": [0.0]})
    assert evenness.shares_by_group(places, by="g")["visit_share"].isna().all()


def test_never_seen_comes_before_long_unseen_and_riskier_first():
    """No dead corner."""
    places = pd.DataFrame(
        {
            "cell_id": ["new", "old", "never_low", "never_high"],
            "last_visit_on": [
                pd.Timestamp("2026-02-01"),
                pd.Timestamp("2024-01-01"),
                pd.NaT,
                pd.NaT,
            ],
            "risk": [9.0, 1.0, 1.0, 2.0],
        }
    )
    table = evenness.longest_unseen(places, as_of=date(2026, 3, 2), n=3)
    assert table["cell_id"].tolist() == ["never_high", "never_low", "old"]
    assert table["days_unseen"].tolist()[2] == 791
