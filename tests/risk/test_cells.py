"""The map of hidden sites: what each piece of evidence does, and that nothing breaks it."""

import json

import numpy as np
import pandas as pd
import pytest

from geo import grid
from risk import scored
from risk.params import CellParams, ScoringParams
from tests.risk import made_up

PARAMS = ScoringParams()


def _cells(params=PARAMS, **kinds):
    return scored.score_frames(made_up.frames(**kinds), params, as_of=made_up.AS_OF)


def _at(result, lon=made_up.LON, lat=made_up.LAT):
    (cell,) = grid.cell_of([lon], [lat], 8)
    return result.cells.set_index("cell_id").loc[cell]


def test_reports_where_nobody_reports_raise_a_cell_and_say_so():
    """Five calls in a quiet place are the strongest hint there is."""
    elsewhere = made_up.complaints(list(range(10, 700, 60)), lon=made_up.LON + 0.05)
    elsewhere["complaint_id"] = "E" + elsewhere["complaint_id"]
    calm = _cells(areas=made_up.areas(), complaints=elsewhere)
    surge = made_up.complaints([3, 9, 15, 30, 45])
    new = _cells(areas=made_up.areas(), complaints=pd.concat([elsewhere, surge]))
    reasons = json.loads(_at(new)["reasons"])
    assert _at(new)["mean"] > 2 * _at(calm)["mean"]
    (part,) = [r for r in reasons if r["t"].startswith("举报多于本地常态")]
    assert part["v"]["n"] == 5
    assert part["c"] > 0


def test_a_search_without_a_find_lowers_and_time_brings_it_back():
    """Looked at yesterday is low; looked at long ago is unknown again."""

    def part(days):
        visits = made_up.inspections([(None, days, "pass")] * 4 + [(None, 700, "pass")])
        cell = _at(_cells(areas=made_up.areas(), inspections=visits))
        reasons = json.loads(cell["reasons"])
        return sum(r["c"] for r in reasons if "到访" in r["t"]) / cell["mean"], cell["knowledge"]

    fresh, old = part(2), part(650)
    assert fresh[0] < old[0] < 0
    assert fresh[1] > old[1] > 0


def test_knowledge_does_not_depend_on_reports():
    """'We have not looked' and 'low' are two different things."""
    quiet = _cells(areas=made_up.areas())
    wild = _cells(areas=made_up.areas(), complaints=made_up.complaints([5, 9, 30]))
    assert quiet.cells["knowledge"].max() == 0
    assert wild.cells["knowledge"].max() == 0


def test_a_visit_to_a_facility_is_no_look_for_hidden_sites():
    """An officer in a clinic has not searched the flats round about."""
    clinics = made_up.facilities(2)
    visits = made_up.inspections([("F0", 9, "pass"), ("F1", 20, "pass")])
    result = _cells(areas=made_up.areas(), facilities=clinics, inspections=visits)
    assert result.cells["knowledge"].max() == 0
    assert result.cells["n_visits_year"].sum() == 2


def test_a_report_known_by_its_township_is_put_into_no_cell():
    """It would point at a door that nobody named."""
    coarse = made_up.complaints([5, 9, 12], location_precision="township", area_code="990101002")
    result = _cells(areas=made_up.areas(), complaints=coarse)
    assert result.summary["n_site_reports"] == 0
    assert result.summary["n_site_reports_by_area"] == 3
    assert any(
        "乡镇" in entry["t"] and entry["v"] == {"n": 3} for entry in result.summary["missing"]
    )


def test_score_is_hidden_sites_and_facilities_together():
    """Risk of a place: sites x severity plus the sum over its facilities."""
    clinics = made_up.facilities(1)
    calls = made_up.complaints([5, 40])
    result = _cells(facilities=clinics, complaints=calls)
    row, own = result.cells.iloc[0], result.facilities.iloc[0]
    assert row["score"] == pytest.approx(row["mean"] * row["site_severity"] + own["score"])


def test_one_search_finds_a_part_of_what_is_expected():
    """What a sweep is worth to the planner."""
    calls = made_up.complaints([5, 40])
    row = _cells(areas=made_up.areas(), complaints=calls).cells
    assert (row["sweep_finds"] > 0).all()
    assert (row["sweep_finds"] < row["mean"]).all()


def test_beyond_the_fitted_cells_the_small_ones_follow_the_smallest_fitted():
    """A city has more hamlets than a machine has minutes; none is left out."""
    rng = np.random.default_rng(4)
    people = pd.DataFrame(
        {
            "lon": made_up.LON + rng.uniform(-0.05, 0.05, 400),
            "lat": made_up.LAT + rng.uniform(-0.03, 0.03, 400),
            "population": rng.lognormal(4, 1, 400),
        }
    )
    kinds = {
        "areas": made_up.areas(),
        "population": people,
        "complaints": made_up.complaints([5, 40]),
    }
    few = ScoringParams(cells=CellParams(max_fitted_cells=40))
    result = _cells(few, **kinds)
    living = result.cells[result.cells["population"] > 0]
    assert result.summary["n_cells_fitted"] == 40
    assert result.summary["n_cells_like_fitted"] == len(living) - 40
    assert (living["mean"] > 1e-7).all()
    assert np.isfinite(result.cells[["score", "lo", "hi", "p_hidden"]].to_numpy()).all()


def test_a_closed_site_opens_again_near_by():
    """Displacement: the ring around gains, and the reason names the month."""
    result = _cells(areas=made_up.areas(), cases=made_up.cases([30]))
    near = _at(result, lon=made_up.LON + 0.012)
    texts = [reason["t"] for reason in json.loads(near["reasons"])]
    assert "{km} 公里内 {month} 月取缔 {n} 处，可能转移" in texts


def test_ten_thousand_tickets_in_a_day_do_not_explode_the_map():
    """A campaign or spam is one event, not ten thousand."""
    few = _cells(areas=made_up.areas(), complaints=made_up.complaints([5] * 3))
    spam = _cells(areas=made_up.areas(), complaints=made_up.complaints([5] * 10_000))
    assert _at(spam)["mean"] == pytest.approx(_at(few)["mean"], rel=1e-6)


def test_uninhabited_cells_stay_low_but_never_zero():
    """Nothing is ruled out."""
    people = pd.DataFrame({"lon": [made_up.LON], "lat": [made_up.LAT], "population": [9000.0]})
    result = _cells(areas=made_up.areas(), population=people)
    empty = result.cells[result.cells["population"] == 0]
    assert 0 < empty["mean"].max() < 0.05 * _at(result)["mean"]


def test_the_total_is_on_the_scale_of_the_finds():
    """Ten finds a year: tens of sites, not thousands, and the interval holds the total."""
    filed = made_up.cases(list(range(20, 730, 36)))
    summary = _cells(areas=made_up.areas(), cases=filed).summary
    assert 3 < summary["expected_sites"] < 300
    assert summary["expected_sites_lo"] <= summary["expected_sites"] <= summary["expected_sites_hi"]


def test_finds_at_registered_facilities_stand_in_where_there_are_no_others():
    """Chicago: every case is at a restaurant; the run says so."""
    clinics = made_up.facilities(4, kind="restaurant")
    filed = made_up.cases([30, 60], topic="hygiene", facility_id=["F0", "F1"], lon=None, lat=None)
    result = _cells(facilities=clinics, cases=filed)
    assert result.summary["uses_all_finds"]
    assert any("在册机构" in entry["t"] for entry in result.summary["missing"])


def test_cells_add_up_to_their_facilities_where_these_stand_in():
    """The same expected finds, told by place."""
    clinics = made_up.facilities(4, kind="restaurant")
    filed = made_up.cases([30, 60], topic="hygiene", facility_id=["F0", "F1"], lon=None, lat=None)
    result = _cells(facilities=clinics, cases=filed)
    assert result.cells["mean"].sum() == pytest.approx(result.facilities["p"].sum(), rel=1e-3)
    assert result.cells["score"].sum() == pytest.approx(result.facilities["score"].sum(), rel=1e-3)
    assert (result.cells["sweep_finds"] == 0).all()


def test_severity_follows_what_was_found():
    """A cell of unlicensed practice weighs 10 points a site."""
    result = _cells(areas=made_up.areas(), cases=made_up.cases([30] * 3))
    assert _at(result)["site_severity"] == pytest.approx(10.0)


@pytest.mark.parametrize("bad", [{"found_share_per_year": 0}, {"n_weeks": 0}, {"refit_days": -1}])
def test_impossible_choices_are_refused(bad):
    """A typing error in the settings must not make a map."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        CellParams(**bad)


def test_the_interval_is_ordered_and_probabilities_are_open():
    """5 % below mean below 95 %; nothing is certain."""
    calls = made_up.complaints(list(range(1, 300, 3)))
    result = _cells(
        areas=made_up.areas(), facilities=made_up.facilities(), complaints=calls,
        cases=made_up.cases([30, 400]), inspections=made_up.inspections([("F0", 9, "pass")]),
    ).cells  # fmt: skip
    assert (result["lo"] < result["mean"]).all()
    assert (result["mean"] < result["hi"]).all()
    for column in ("p_hidden", "p_lo", "p_hi"):
        assert result[column].between(0, 1, inclusive="neither").all()
    assert (result["p_lo"] < result["p_hidden"]).all()
    assert (result["p_hidden"] < result["p_hi"]).all()
    assert np.isfinite(result["score"]).all()
