"""Frames to stored values and back."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from data import frames, schema


def test_missing_values_are_none_in_the_store_and_missing_in_a_frame():
    """Never 0, "" or -1."""
    frame = pd.DataFrame(
        {
            "complaint_id": ["C1"],
            "received_at": pd.to_datetime(["2025-01-01"]).tz_localize("Asia/Shanghai"),
            "topic": [""],
            "lon": [np.nan],
            "due_on": pd.to_datetime([None]),
        }
    )
    stored = frames.to_stored(schema.COMPLAINTS, frame)
    assert stored["received_at"].tolist() == [1735660800]
    for name in ("topic", "lon", "due_on", "case_id"):
        assert stored[name].tolist() == [None]


def test_identity_columns_never_become_stored_values():
    """They have their own, encrypted way."""
    stored = frames.to_stored(schema.COMPLAINTS, pd.DataFrame({"complainant_name": ["某"]}))
    assert not {"complainant_name", "complainant_phone"} & set(stored)


def test_minus_zero_is_zero():
    """The same number must have the same content hash."""
    stored = frames.to_stored(schema.POPULATION, pd.DataFrame({"lon": [-0.0]}))
    assert str(stored["lon"][0]) == "0.0"


def test_instants_without_zone_are_an_error():
    """Nobody may guess eight hours."""
    frame = pd.DataFrame({"received_at": pd.to_datetime(["2025-01-01"])})
    with pytest.raises(ValueError, match="time zone"):
        frames.to_stored(schema.COMPLAINTS, frame)


def test_a_day_begins_in_shanghai():
    """2025-01-01 there begins at 16:00 UTC the day before."""
    starts = frames.day_starts(np.array(["2025-01-01", None], dtype=object))
    assert starts.tolist() == [1735660800, frames.NO_TIME]


def test_no_rows_still_have_their_columns_and_types():
    """A page with an empty store must not fail on a missing type."""
    empty = frames.from_stored(["a", "b", "c"], {"a": "date", "b": "instant", "c": "real"}, [])
    assert empty.columns.tolist() == ["a", "b", "c"]
    assert str(empty["b"].dtype) == "datetime64[s, Asia/Shanghai]"


def test_shapes_become_a_geo_frame_in_degrees():
    """The CRS is always set."""
    frame = pd.DataFrame(
        {"area_code": ["1"], "shape": [shapely.to_wkb(shapely.box(112, 23, 113, 24))]}
    )
    geo = frames.to_geo(frame)
    assert isinstance(geo, geopandas.GeoDataFrame)
    assert geo.crs.to_epsg() == 4326
    assert geo.total_bounds.tolist() == [112.0, 23.0, 113.0, 24.0]
