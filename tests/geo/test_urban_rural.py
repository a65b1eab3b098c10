"""Urban-rural class: the bureau's own, else unknown."""

import numpy as np
import pandas as pd
import pytest

from geo import urban_rural


@pytest.fixture
def areas():
    """One district of two townships; a village in one of them."""
    return pd.DataFrame(
        {
            "area_code": ["441201", "441201001", "441201002", "441201001201"],
            "parent_code": [None, "441201", None, "441201001"],
            "urban_rural_code": [None, "121", "111", "112"],
        }
    )


def test_the_class_is_that_of_the_smallest_area_with_a_code(areas):
    """The bureau's own code, never a guess."""
    codes, sources = urban_rural.class_of_areas(
        np.array(["441201001201", "441201", None, "999"], dtype=object), areas
    )
    assert codes.tolist() == ["112", None, None, None]
    assert sources.tolist() == ["bureau", "unknown", "unknown", "unknown"]


def test_a_class_missing_below_comes_from_above(areas):
    """A village without a code has that of its township."""
    areas.loc[3, "urban_rural_code"] = None
    codes, _ = urban_rural.class_of_areas(np.array(["441201001201"], dtype=object), areas)
    assert codes[0] == "121"


def test_areas_without_codes_leave_the_class_unknown(areas):
    """Unknown is said, not invented."""
    table = areas.drop(columns=["urban_rural_code", "parent_code"])
    codes, sources = urban_rural.class_of_areas(np.array(["441201"], dtype=object), table)
    assert (codes[0], sources[0]) == (None, "unknown")
