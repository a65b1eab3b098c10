"""
Urban-rural class of a place: the bureau's own code, where the areas carry one.

The computed class (population grid, ring around urban centres, minutes to the
county seat) comes as a second function of the same output; ``class_of_areas`` is
where it steps in for areas without a code. ``source`` tells the two apart on
every screen.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FROM_BUREAU = "bureau"
"""Source of a class that the bureau's own area table gives."""
UNKNOWN = "unknown"
"""Source where nobody gave a class and none was computed."""


def class_of_areas(
    area_codes: NDArray[np.object_], areas: pd.DataFrame
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """
    Return the urban-rural code of places by the smallest area that holds them.

    A code missing at the smallest area is taken from the area above it.

    Parameters
    ----------
    area_codes
        Smallest area of each place, None where unknown, shape ``(n,)``.
    areas
        Columns ``area_code``, ``urban_rural_code``, ``parent_code``; the last two may lack.

    Returns
    -------
    codes
        Code of the statistics bureau (111 ... 220) as text, None where unknown.
    sources
        ``FROM_BUREAU`` or ``UNKNOWN``.
    """
    own = _column(areas, "urban_rural_code")
    above = _column(areas, "parent_code")
    by_area = {code: _class_of(code, own, above) for code in own}
    codes = np.array([by_area.get(code) for code in area_codes], dtype=object)
    sources = np.where(pd.isna(codes), UNKNOWN, FROM_BUREAU).astype(object)
    return codes, sources


def _column(areas: pd.DataFrame, name: str) -> dict[str, str | None]:
    if name not in areas:
        return dict.fromkeys(areas.get("area_code", []))
    return {
        code: value if isinstance(value, str) and value else None
        for code, value in zip(areas["area_code"], areas[name], strict=True)
    }


def _class_of(code: str, own: dict[str, str | None], above: dict[str, str | None]) -> str | None:
    seen: set[str] = set()
    at: str | None = code
    while at is not None and at not in seen:
        seen.add(at)
        if own.get(at):
            return own[at]
        at = above.get(at)
    return None
