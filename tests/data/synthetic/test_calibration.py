"""The campaign of the made-up prefecture beside the reference numbers of one real campaign."""

import pandas as pd
import pytest

from data.synthetic.calibration import calibration, fringe_share

END_OF_CAMPAIGN = pd.Timestamp("2026-08-30")


def test_every_reference_number_is_met_within_five_per_cent(prefecture):
    """An official who knows the real figures must find them here."""
    off = {
        t.name: (t.value, t.target) for t in prefecture.summary.targets if abs(t.deviation) > 0.05
    }
    assert off == {}
    assert len(prefecture.summary.targets) == 24


def test_most_cases_of_one_county_lie_in_its_fringe(prefecture):
    """The city asked for the fringe because one county found 60 % of its cases there."""
    assert prefecture.summary.fringe_share > 0.6


def test_the_register_is_larger_than_what_was_inspected(prefecture):
    """If every clinic had been visited there would be nothing left to rank."""
    assert prefecture.summary.n_rows["facilities"] > 2 * (1_350 + 480)


def _visit(day: str, facility: str | None, **more: object) -> dict[str, object]:
    usual = {"n_officers": 2, "topics": None, "departments": None, "item_code": "x"}
    return {"started_at": pd.Timestamp(day), "facility_id": facility, **usual, **more}


@pytest.fixture
def by_hand():
    """Two clinics, one parlour and a handful of records whose counts fit on paper."""
    day = "2026-03-05"
    visits = [
        _visit(day, "F1", topics="medical_waste;out_of_scope"),
        _visit(day, "F1"),
        _visit(day, "F2", departments="a;b", item_code="L1", n_officers=4),
        _visit(day, "F3", departments="a;b", item_code="L1"),
        _visit(day, None, topics="unlicensed_practice"),
        _visit("2026-09-01", "F2", topics="medical_waste"),
    ]
    date = pd.Timestamp(day).date()
    late = pd.Timestamp("2026-10-01").date()
    case = {"opened_on": date, "closed_on": date, "fine_yuan": 100.0, "confiscated_yuan": 10.0}
    return {
        "inspections": pd.DataFrame(visits),
        "facilities": pd.DataFrame(
            {
                "facility_id": ["F1", "F2", "F3"],
                "kind": ["private_clinic", "dental_clinic", "beauty_parlour"],
                "area_code": ["A", "A", "B"],
            }
        ),
        "areas": pd.DataFrame(
            {"area_code": ["A", "B"], "name": ["a", "b"], "urban_rural_code": ["220", "112"]}
        ),
        "cases": pd.DataFrame(
            [
                {**case, "topic": "unlicensed_practice", "den_destroyed": 1.0, "area_code": "A"},
                {
                    **case,
                    "topic": "out_of_scope",
                    "den_destroyed": 0.0,
                    "closed_on": late,
                    "area_code": "A",
                },
            ]
        ),
        "complaints": pd.DataFrame(
            {
                "received_at": pd.to_datetime([day, day, day]),
                "channel": ["phone", "hotline_12345", "handover"],
                "case_id": ["C1", None, "C2"],
            }
        ),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("officer person-times", 12),
        ("institutions inspected", 2),
        ("  private_clinic", 2),
        ("beauty parlours inspected", 1),
        ("  urban", 1),
        ("violations found", 3),
        ("joint operations", 1),
        ("institutions with waste", 1),
        ("cases filed", 2),
        ("cases closed", 1),
        ("fines, yuan", 100),
        ("dens destroyed", 1),
        ("public leads", 2),
        ("  leads to cases", 1),
    ],
)
def test_counts_follow_their_definitions(by_hand, name, value):
    """docs/demo-city.md gives each number one definition; the calibration must use it."""
    campaign = (pd.Timestamp("2026-03-02").date(), END_OF_CAMPAIGN.date())
    found = {t.name: t.value for t in calibration(by_hand, campaign=campaign, share=1.0)}
    assert found[name] == value


def test_without_the_county_there_is_no_fringe_share(by_hand):
    """A small scale has no such county; a zero would look like a failed calibration."""
    assert pd.isna(fringe_share(by_hand))
