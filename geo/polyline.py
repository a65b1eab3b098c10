"""
A line of points as short text and back, five decimals of a degree (about a metre).

The text is that of Google's "Encoded Polyline Algorithm Format": differences of
latitude and longitude in units of 1e-5 degrees, five bits a character.
https://developers.google.com/maps/documentation/utilities/polylinealgorithm
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

PER_DEGREE: Final = 100_000
_FIRST_CHARACTER = 63
_MORE = 32
_BITS = 5
_SIGNS = 7
"""Characters that any number between -360 and 360 degrees fits into."""


def encode(points: NDArray[np.float64]) -> str:
    """Return points, shape ``(n, 2)``, longitude and latitude in degrees, as text."""
    whole = np.rint(points[:, ::-1] * PER_DEGREE).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel()
    zigzag = np.where(steps < 0, ~(steps << 1), steps << 1)
    parts = (zigzag[:, None] >> (_BITS * np.arange(_SIGNS))) & (_MORE - 1)
    rest = zigzag[:, None] >> (_BITS * np.arange(1, _SIGNS + 1))
    used = np.column_stack([np.ones(len(steps), dtype=bool), rest[:, :-1] > 0])
    signs = parts + np.where(rest > 0, _MORE, 0) + _FIRST_CHARACTER
    return signs[used].astype(np.uint8).tobytes().decode("ascii")


def decode(text: str) -> NDArray[np.float64]:
    """
    Return the points of a text, shape ``(n, 2)``, longitude and latitude in degrees.

    Raises
    ------
    ValueError
        If the text is not of this format.
    """
    signs = np.frombuffer(text.encode("ascii"), dtype=np.uint8).astype(np.int64) - _FIRST_CHARACTER
    if len(signs) == 0:
        return np.zeros((0, 2))
    is_last = signs < _MORE
    if signs.min() < 0 or signs.max() >= 2 * _MORE or not is_last[-1]:
        raise ValueError("not an encoded line")
    ends = np.flatnonzero(is_last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(len(signs)) - np.repeat(starts, ends - starts + 1)
    if place.max() >= _SIGNS or len(ends) % 2:
        raise ValueError("not an encoded line")
    zigzag = np.add.reduceat((signs & (_MORE - 1)) << (_BITS * place), starts)
    steps = np.where(zigzag & 1, ~(zigzag >> 1), zigzag >> 1)
    lat_lon = np.cumsum(steps.reshape(-1, 2), axis=0)
    return lat_lon[:, ::-1] / PER_DEGREE
