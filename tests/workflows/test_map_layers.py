"""Frames and plans as map payloads, checked on a handful of rows."""

from datetime import datetime

import h3
import numpy as np
import pandas as pd
import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.schema import TIME_ZONE
from geo.coordinates import great_circle_m
from tests.browser import synthetic
from workflows import map_layers

AS_OF = datetime(2026, 11, 23, tzinfo=TIME_ZONE)
HOME = h3.latlng_to_cell(28.2, 112.9, 8)


def _cells(**changes):
    ids = sorted(h3.grid_disk(HOME, 1))
    frame = pd.DataFrame({
        "cell_id": ids, "lon": 112.9, "lat": 28.2,
        "p_hidden": [0.004, 0.62, 0.1, 0.2, 0.3, 0.4, 1.0],
        "p_lo": 0.0, "p_hi": 1.0, "score": [1, 2, 3, 4, 5, 6, 8.0], "knowledge": 0.255,
        "last_visit_on": pd.to_datetime(["2026-11-22", None, *["2025-11-22"] * 5]),
        "population": [0.0, np.nan, 3.6, 4, 5, 6, 7], "area_name": ["乙", "甲", *["甲"] * 5],
        "urban_rural_code": None, "class_source": "code",
    })  # fmt: skip
    return frame.assign(**changes)


def test_cells_travel_as_columns_of_integers():
    """Per mille, percent, days and hundred thousandths of a degree."""
    payload = map_layers.cells_layer(_cells(), as_of=AS_OF)
    assert payload["as_of"] == "2026-11-22"
    assert payload["p"] == [4, 620, 100, 200, 300, 400, 1000]
    assert payload["score"][-1] == 1000
    assert payload["knowledge"] == [26] * 7 or payload["knowledge"] == [25] * 7
    assert payload["days"][:3] == [1, None, 366]
    assert payload["population"][:3] == [0, None, 4]
    assert (payload["areas"], payload["area"][:2]) == (["乙", "甲"], [0, 1]) or (
        payload["areas"],
        payload["area"][:2],
    ) == (["甲", "乙"], [1, 0])
    assert payload["lon"][0] == 11290000


def test_a_cell_outline_is_that_of_h3():
    """Centre plus offsets gives the corners back within a metre."""
    frame = _cells()
    lat, lon = np.array([h3.cell_to_latlng(cell) for cell in frame["cell_id"]]).T
    payload = map_layers.cells_layer(frame.assign(lon=lon, lat=lat), as_of=AS_OF)
    for k, cell in enumerate(payload["id"]):
        ring = np.array(payload["ring"][k]).reshape(-1, 2)
        drawn = (ring + np.array([payload["lon"][k], payload["lat"][k]])) / 1e5
        true = np.array([(x, y) for y, x in h3.cell_to_boundary(cell)])
        assert np.abs(drawn - true).max() < 1e-5


def test_the_fringe_is_one_outline_round_its_cells():
    """Seven cells of the fringe together have one border, not seven."""
    payload = map_layers.cells_layer(_cells(urban_rural_code="112"), as_of=AS_OF)
    assert len(payload["fringe"]["rings"]) == 1
    assert payload["fringe"]["computed"] is False
    computed = _cells(urban_rural_code="122", class_source="computed")
    assert map_layers.cells_layer(computed, as_of=AS_OF)["fringe"]["computed"] is True


def test_no_cells_make_an_empty_payload():
    """A district without scores is drawn as nothing, not as an error."""
    payload = map_layers.cells_layer(_cells().iloc[:0], as_of=AS_OF)
    assert payload["id"] == payload["p"] == payload["fringe"]["rings"] == []


def test_leads_are_counted_per_square():
    """Two near-by leads become one symbol with a count; one without a place is only counted."""
    leads = pd.DataFrame({
        "lon": [112.9001, 112.9002, 112.95, np.nan], "lat": [28.2001, 28.2002, 28.25, 28.2],
        "status": ["assigned", "closed", "new", "new"],
        "closed_on": pd.to_datetime([None, "2026-11-01", None, None]),
        "summary": "某人举报", "complaint_id": ["K1", "K2", "K3", "K4"],
    })  # fmt: skip
    payload = map_layers.leads_layer(leads)
    assert sorted(zip(payload["open"], payload["closed"], strict=True)) == [(1, 0), (1, 1)]
    assert payload["n_without_place"] == 1
    assert "某人举报" not in str(payload)
    assert "K1" not in str(payload)


def test_leads_known_to_a_village_only_are_counted_apart():
    """A ring on a village's name must not look like a ring on a door."""
    leads = pd.DataFrame({
        "lon": [112.9001, 112.9002, 112.95], "lat": [28.2001, 28.2002, 28.25],
        "status": ["new", "closed", "new"], "closed_on": pd.NaT,
        "location_precision": ["village", "village", "exact"],
    })  # fmt: skip
    payload = map_layers.leads_layer(leads)
    counted = sorted(zip(payload["open"], payload["coarse"], strict=True))
    assert counted == [(1, 0), (1, 1)]


@given(lon=st.floats(73, 135), lat=st.floats(18, 53.5))
def test_a_blurred_point_lies_at_most_half_a_square_away(lon, lat):
    """About 500 m: far enough to hide a door, near enough for a village."""
    x, y = map_layers.snap(np.array([lon]), np.array([lat]), blur_m=500)
    away = great_circle_m(np.array([lon]), np.array([lat]), x, y)[0]
    assert away <= 500 * np.sqrt(0.5) * 1.01
    assert map_layers.snap(np.array([lon]), np.array([lat]), blur_m=500) == (x, y)


def test_all_doors_of_a_square_become_the_same_point():
    """Else many looks at one village would tell the doors apart."""
    rng = np.random.default_rng(1)
    x, y = map_layers.snap(np.array([112.9]), np.array([28.2]), blur_m=500)
    near_x = x + rng.uniform(-0.002, 0.002, 200)
    near_y = y + rng.uniform(-0.002, 0.002, 200)
    assert len(set(zip(*map_layers.snap(near_x, near_y, blur_m=500), strict=True))) == 1


def test_cases_say_what_when_and_whether_a_den_was_destroyed():
    """No fine, no person, no words."""
    cases = pd.DataFrame({
        "case_id": ["A1", "A2"], "lon": [112.9, np.nan], "lat": [28.2, 28.2],
        "topic": ["hygiene"] * 2,
        "opened_on": pd.to_datetime(["2026-11-02"] * 2), "den_destroyed": [1.0, np.nan],
    })  # fmt: skip
    payload = map_layers.cases_layer(cases, days=30)
    assert payload["id"] == ["A1"]
    assert (payload["topics"], payload["opened"], payload["den"]) == (
        ["hygiene"],
        ["2026-11-02"],
        [1],
    )
    assert payload["days"] == 30


def test_neighbours_keep_their_common_border():
    """Simplified one by one, a gap would open between two townships."""
    payload = synthetic.areas()
    quarters = [area for area in payload["areas"] if area["level"] == "township"]
    shapes = [shapely.Polygon(np.array(area["rings"][0]).reshape(-1, 2)) for area in quarters]
    together = shapely.union_all(shapes)
    assert together.geom_type == "Polygon"
    assert len(together.interiors) == 0


def test_villages_are_not_drawn():
    """A city has thousands; their outlines would hide the risk."""
    frame = pd.DataFrame(
        {
            "area_code": ["1"],
            "name": ["村"],
            "level": ["village"],
            "urban_rural_code": ["220"],
            "shape": [shapely.to_wkb(shapely.box(0, 0, 1, 1))],
        }
    )
    assert map_layers.areas_layer(frame)["areas"] == []


def test_a_route_starts_and_ends_at_its_base():
    """Five stops and the base twice: seven points."""
    payload = map_layers.plan_layer(synthetic.plan(n_teams=2))
    assert [route["letter"] for route in payload["routes"]] == ["T0", "T0", "T1", "T1"]
    first = payload["routes"][0]
    assert len(first["path"]) == 2 * 7
    assert first["path"][:2] == first["path"][-2:] == list(payload["bases"][0])
    assert [stop["n"] for stop in first["stops"]] == [1, 2, 3, 4, 5]
    assert first["stops"][0]["at"] == "08:30"
    assert payload["id"] == [stop["id"] for route in payload["routes"] for stop in route["stops"]]
