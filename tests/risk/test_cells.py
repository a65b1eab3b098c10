"""The first cell model: what each piece of evidence does, and that nothing breaks it."""

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


def test_a_site_found_darkens_its_surroundings():
    """People who treat without a licence do so where it went well before."""
    plain = _cells(areas=made_up.areas())
    found = _cells(areas=made_up.areas(), cases=made_up.cases([40, 60, 80]))
    share = _at(found)["mean"] / found.cells["mean"].sum()
    assert share > 1.3 * _at(plain)["mean"] / plain.cells["mean"].sum()


def test_reports_beyond_the_local_norm_raise_and_the_usual_ones_do_not():
    """A place that always complains says nothing new by complaining."""
    noisy = list(range(10, 800, 20))
    usual = _cells(areas=made_up.areas(), complaints=made_up.complaints(noisy))
    elsewhere = made_up.complaints(list(range(10, 800, 20)), lon=made_up.LON + 0.05)
    elsewhere["complaint_id"] = "E" + elsewhere["complaint_id"]
    surge = made_up.complaints([3, 9, 15, 30, 45])
    new = _cells(areas=made_up.areas(), complaints=pd.concat([elsewhere, surge]))

    def part(result):
        reasons = json.loads(_at(result)["reasons"])
        return sum(r["c"] for r in reasons if "举报" in r["t"]) / _at(result)["mean"]

    assert part(new) > 0.2
    assert abs(part(usual)) < 0.1


def test_a_search_without_a_find_lowers_and_time_brings_it_back():
    """Looked at yesterday is low; looked at five years ago is unknown again."""

    def share(days):
        visits = made_up.inspections([(None, days, "pass")] * 4)
        result = _cells(areas=made_up.areas(), inspections=visits)
        return _at(result)["mean"] / result.cells["mean"].sum(), _at(result)["knowledge"]

    fresh, old = share(2), share(5 * 365)
    plain = _cells(areas=made_up.areas())
    never = _at(plain)["mean"] / plain.cells["mean"].sum()
    assert fresh[0] < 0.9 * never
    assert fresh[0] < old[0] == pytest.approx(never, rel=0.25)
    assert fresh[1] > 0.8 > 2 * old[1] > 0


def test_knowledge_does_not_depend_on_risk():
    """'We have not looked' and 'low' are two different things."""
    quiet = _cells(areas=made_up.areas())
    wild = _cells(
        areas=made_up.areas(), cases=made_up.cases([5] * 9), complaints=made_up.complaints([5])
    )
    assert quiet.cells["knowledge"].max() == 0
    assert wild.cells["knowledge"].max() == 0


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
    assert _at(spam)["mean"] == pytest.approx(_at(few)["mean"], rel=0.05)


def test_uninhabited_cells_stay_low_but_never_zero():
    """Nothing is ruled out."""
    people = pd.DataFrame({"lon": [made_up.LON], "lat": [made_up.LAT], "population": [9000.0]})
    result = _cells(areas=made_up.areas(), population=people)
    empty = result.cells[result.cells["population"] == 0]
    assert 0 < empty["mean"].max() < 0.05 * _at(result)["mean"]


def test_the_total_is_on_the_scale_of_the_finds():
    """Ten finds a year at 30 % found a year: some thirty sites, not three thousand."""
    filed = made_up.cases(list(range(20, 730, 36)))
    total = _cells(areas=made_up.areas(), cases=filed).summary["expected_sites"]
    assert 15 < total < 60


def test_finds_at_registered_facilities_stand_in_where_there_are_no_others():
    """Chicago: every case is at a restaurant; the run says so."""
    clinics = made_up.facilities(4, kind="restaurant")
    filed = made_up.cases([30, 60], topic="hygiene", facility_id=["F0", "F1"], lon=None, lat=None)
    result = _cells(facilities=clinics, cases=filed)
    assert result.summary["uses_all_finds"]
    assert any("在册机构" in entry["t"] for entry in result.summary["missing"])


def test_severity_follows_what_was_found():
    """A cell of unlicensed practice weighs 10 points a site."""
    result = _cells(areas=made_up.areas(), cases=made_up.cases([30] * 3))
    assert (_at(result)["score"] / _at(result)["mean"]) == pytest.approx(10.0)


@pytest.mark.parametrize("bad", [{"detection": 1.5}, {"prior_shape": 0}, {"max_report_factor": 1}])
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
