"""The cells that are scored."""

import numpy as np
import pandas as pd
import pytest

from geo import grid
from risk import features, places
from risk.params import ScoringParams
from tests.risk import made_up

PARAMS = ScoringParams()


def _places(params=PARAMS, **kinds):
    known = features.known_before(made_up.frames(**kinds), as_of=made_up.AS_OF)
    placed = [
        features.active_facilities(known),
        features.reports(known, params, as_of=made_up.AS_OF),
    ]
    return places.find_places(known, placed, params)


def test_areas_bring_cells_that_nobody_ever_visited():
    """No dead corner: a cell without a single record is still scored."""
    found = _places(areas=made_up.areas())
    assert len(found.cells) > 50
    assert list(found.cells) == sorted(found.cells)
    assert set(found.area_code) == {"990101001", "990101002"}
    assert set(found.district_code) == {"990101"}


def test_without_areas_every_cell_that_holds_a_record_is_there():
    """Chicago has no polygons."""
    found = _places(facilities=made_up.facilities(3), complaints=made_up.complaints([5], lon=113.0))
    assert set(grid.cell_of([made_up.LON, 113.0], [made_up.LAT] * 2, 8)) <= set(found.cells)
    assert not found.has_residents
    assert found.class_source.tolist() == ["unknown"] * len(found.cells)


def test_a_district_not_drawn_is_the_one_most_records_name():
    """Scopes filter by district even where there is no polygon."""
    clinics = made_up.facilities(3, lon=made_up.LON, district_code=["a", "b", "b"])
    assert _places(facilities=clinics).district_code.tolist() == ["b"]


def test_population_comes_from_points_or_is_spread_over_the_area():
    """Points first; a township's number else, adding up to the number."""
    points = pd.DataFrame({"lon": [made_up.LON], "lat": [made_up.LAT], "population": [700.0]})
    by_points = _places(areas=made_up.areas(), population=points)
    assert by_points.residents.sum() == pytest.approx(700)
    by_area = _places(areas=made_up.areas())
    assert by_area.residents.sum() == pytest.approx(25_000)
    west = by_area.cells_of_area["990101001"]
    assert by_area.residents[west].sum() == pytest.approx(20_000)


def test_a_report_known_by_its_township_is_spread_over_it():
    """By exposure, and nowhere else; a record with neither point nor area is left out."""
    found = _places(areas=made_up.areas())
    frame = pd.DataFrame(
        {
            "lon": [made_up.LON, np.nan, np.nan],
            "lat": [made_up.LAT, np.nan, np.nan],
            "area_code": [None, "990101002", "unknown"],
        }
    )
    even = np.full(len(found.cells), 1 / len(found.cells))
    by_point, by_area = places.spread(frame, found, np.array([1.0, 4.0, 9.0]), even)
    assert by_point.sum() == 1
    assert by_area.sum() == pytest.approx(4)
    assert by_area[found.area_code == "990101001"].sum() == 0


def test_too_large_an_area_gets_coarser_cells():
    """A province at street level would fill the memory."""
    found = _places(ScoringParams(max_cells=30), areas=made_up.areas())
    assert found.resolution == 7


def test_nothing_at_all_has_no_cells():
    """An empty store is not an error here."""
    assert _places().cells == ()
