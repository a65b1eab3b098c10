"""Cells with scores written by hand, saved as a score run."""

import pandas as pd

from data.store import scores
from geo import grid
from tests.conftest import AS_OF

RESOLUTION = 8


def cell(lon, lat, **more):
    """Return a row of the cell at a point; keyword arguments replace its fields."""
    (cell_id,) = grid.cell_of(pd.Series([lon]), pd.Series([lat]), resolution=RESOLUTION)
    row = {
        "cell_id": str(cell_id),
        "lon": lon,
        "lat": lat,
        "district_code": "990101",
        "area_code": None,
        "area_name": None,
        "urban_rural_code": None,
        "score": 1.0,
        "mean": 0.1,
        "lo": 0.0,
        "hi": 0.2,
        "p_hidden": 0.1,
        "p_lo": 0.05,
        "p_hi": 0.2,
        "knowledge": 0.5,
        "last_visit_on": None,
        "n_visits_year": 0,
        "n_open_leads": 0,
        "n_facilities": 0,
        "population": 100.0,
        "reasons": "[]",
    }
    return {**row, **more}


def saved(store, *cells, as_of=AS_OF, summary=None):
    """Save a run of these cells and return it."""
    frame = pd.DataFrame(list(cells))
    frame["last_visit_on"] = pd.to_datetime(frame["last_visit_on"])
    run_id = scores.save_scores(
        store,
        as_of=as_of,
        method="by hand",
        params={},
        cells=frame,
        facilities=pd.DataFrame(),
        summary=summary or {},
        actor="test",
    )
    return scores.get_run(store, run_id)
