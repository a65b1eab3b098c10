"""
Travel times between two lists of places, and the straight-line way to fill them.

The road network fills the same ``TravelTimeMatrix`` later; whoever reads one
sees by ``is_estimate`` and ``source`` how far to trust it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo import coordinates

UNREACHABLE_S = 2_147_483_647
"""Seconds that mean: there is no way (largest int32, as in the planning problem)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTimeMatrix:
    """
    Seconds from every origin to every destination.

    ``seconds`` is int32 of shape ``(n_origins, n_destinations)``, never negative,
    ``UNREACHABLE_S`` where there is no way. ``source`` is a sentence with named
    ``source_values`` (a message template) that says where the times come from.
    """

    seconds: NDArray[np.int32]
    origin_ids: tuple[str, ...]
    destination_ids: tuple[str, ...]
    is_estimate: bool
    source: str
    source_values: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check shape, type and sign."""
        expected = (len(self.origin_ids), len(self.destination_ids))
        if self.seconds.shape != expected or self.seconds.dtype != np.int32:
            raise ValueError(
                f"seconds must be int32 {expected}, got {self.seconds.dtype} {self.seconds.shape}"
            )
        if self.seconds.size and int(self.seconds.min()) < 0:
            raise ValueError("travel times must not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class StraightLineParams:
    """
    How the straight-line estimate turns metres into seconds.

    Parameters
    ----------
    detour_factor
        Road length over great-circle length, 1 or more. 1.4 is in the middle of
        the 1.3-1.6 found for rural roads.
    speed_kmh
        Mean door-to-door speed over the road, km/h, above 0.
    start_s
        Seconds added to every journey between different points (walk, parking).
    """

    detour_factor: float = 1.4
    speed_kmh: float = 30.0
    start_s: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.detour_factor >= 1.0:
            raise ValueError(f"detour_factor must be 1 or more, got {self.detour_factor}")
        if not self.speed_kmh > 0.0:
            raise ValueError(f"speed_kmh must be above 0, got {self.speed_kmh}")
        if self.start_s < 0:
            raise ValueError(f"start_s must not be negative, got {self.start_s}")


DEFAULT_STRAIGHT_LINE = StraightLineParams()


def straight_line(
    origin_lon: ArrayLike,
    origin_lat: ArrayLike,
    destination_lon: ArrayLike,
    destination_lat: ArrayLike,
    *,
    origin_ids: Sequence[str],
    destination_ids: Sequence[str],
    params: StraightLineParams = DEFAULT_STRAIGHT_LINE,
) -> TravelTimeMatrix:
    """
    Estimate travel times as great circle x detour factor / speed.

    Parameters
    ----------
    origin_lon, origin_lat, destination_lon, destination_lat
        Degrees WGS-84, as long as their ids. A place without position (NaN) is
        unreachable.
    origin_ids, destination_ids
        Identifiers of rows and columns.

    Returns
    -------
    TravelTimeMatrix
        Seconds rounded to whole seconds, symmetric, ``is_estimate`` True.

    Raises
    ------
    ValueError
        If ids and coordinates differ in length.
    """
    from_lon, from_lat = _column(origin_lon), _column(origin_lat)
    to_lon, to_lat = _column(destination_lon), _column(destination_lat)
    if not len(origin_ids) == len(from_lon) == len(from_lat):
        raise ValueError("origin ids and coordinates differ in length")
    if not len(destination_ids) == len(to_lon) == len(to_lat):
        raise ValueError("destination ids and coordinates differ in length")
    distance_m = coordinates.great_circle_m(
        from_lon[:, None], from_lat[:, None], to_lon[None, :], to_lat[None, :]
    )
    seconds = distance_m * params.detour_factor / (params.speed_kmh / 3.6)
    seconds += np.where(distance_m > 0, params.start_s, 0)
    known = np.isfinite(seconds)
    whole = np.rint(np.where(known, seconds, UNREACHABLE_S))
    return TravelTimeMatrix(
        seconds=np.minimum(whole, UNREACHABLE_S).astype(np.int32),
        origin_ids=tuple(origin_ids),
        destination_ids=tuple(destination_ids),
        is_estimate=True,
        source="直线距离估算（绕行系数 {detour_factor}，时速 {speed_kmh} 公里）",
        source_values={"detour_factor": params.detour_factor, "speed_kmh": params.speed_kmh},
    )


def _column(values: ArrayLike) -> NDArray[np.float64]:
    return np.atleast_1d(np.asarray(values, dtype=np.float64))
