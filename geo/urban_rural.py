"""
Urban-rural class of a place: that of the smallest area that holds it.

The areas carry the bureau's own code, a computed one (``geo/urban_form.py``) or one
corrected by hand; ``source`` tells them apart on every screen.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FROM_BUREAU = "bureau"
"""Source of a class that the bureau's own area table gives."""
COMPUTED = "computed"
"""Source of a class that follows from where people live."""
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
        Columns ``area_code``, ``urban_rural_code``, ``parent_code``, ``class_source``; the
        last three may lack.

    Returns
    -------
    codes
        Code of the statistics bureau (111 ... 220) as text, None where unknown.
    sources
        ``class_source`` of the area that gave the code, ``FROM_BUREAU`` where it names
        none, ``UNKNOWN`` where no area gives a code.
    """
    own = _column(areas, "urban_rural_code")
    above = _column(areas, "parent_code")
    source = _column(areas, "class_source")
    giver = {code: _giver(code, own, above) for code in own}
    givers = [giver.get(code) for code in area_codes]
    codes = np.array([None if at is None else own[at] for at in givers], dtype=object)
    sources = np.array(
        [UNKNOWN if at is None else source[at] or FROM_BUREAU for at in givers], dtype=object
    )
    return codes, sources


def _column(areas: pd.DataFrame, name: str) -> dict[str, str | None]:
    if name not in areas:
        return dict.fromkeys(areas.get("area_code", []))
    return {
        code: value if isinstance(value, str) and value else None
        for code, value in zip(areas["area_code"], areas[name], strict=True)
    }


def _giver(code: str, own: dict[str, str | None], above: dict[str, str | None]) -> str | None:
    """Return the area whose code counts for ``code``: itself, else the nearest above."""
    seen: set[str] = set()
    at: str | None = code
    while at is not None and at not in seen:
        seen.add(at)
        if own.get(at):
            return at
        at = above.get(at)
    return None
