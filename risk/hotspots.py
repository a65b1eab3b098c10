"""
Exponentially decayed kernel density of reported events, tuned by forecasting.

Events are binned on a metric grid and the bins filtered by a Gaussian, so a
million points take as long as a thousand. Bandwidth and half-life are those
that would have forecast the latest events best, using only what lay before them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from geo import coordinates
from risk.params import HotspotParams

Floats = NDArray[np.float64]

_REACH_SD = 4.0
"""The kernel is cut off at so many bandwidths: 0.03 % of its mass."""
_BINS_PER_BANDWIDTH = 3.0
_TUNING_BINS = 40_000
FOOTPRINT = 4.0 * np.pi
"""Effective area of a Gaussian kernel in squared bandwidths: 1 / integral of its square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricGrid:
    """
    Square bins over an extent in a metric CRS.

    ``west_m``, ``south_m`` are the outer corner of bin (0, 0); ``shape`` is
    (north-south, east-west) bins of ``bin_m`` metres.
    """

    west_m: float
    south_m: float
    bin_m: float
    shape: tuple[int, int]

    def positions(self, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
        """Return fractional (row, column) of points, bin centres being whole numbers."""
        return (north_m - self.south_m) / self.bin_m - 0.5, (
            east_m - self.west_m
        ) / self.bin_m - 0.5

    def binned(self, east_m: Floats, north_m: Floats, weights: Floats) -> Floats:
        """Return the sum of weights per bin; points outside the extent go to the edge bins."""
        n_rows, n_columns = self.shape
        at_row = ((north_m - self.south_m) * (1.0 / self.bin_m)).astype(np.int32)
        at_column = ((east_m - self.west_m) * (1.0 / self.bin_m)).astype(np.int32)
        np.clip(at_row, 0, n_rows - 1, out=at_row)
        np.clip(at_column, 0, n_columns - 1, out=at_column)
        flat = np.bincount(
            at_row * n_columns + at_column, weights=weights, minlength=n_rows * n_columns
        )
        return flat.reshape(self.shape).astype(float)


def make_grid(east_m: Floats, north_m: Floats, *, bandwidth_m: float, max_bins: int) -> MetricGrid:
    """
    Lay bins of a third of the bandwidth over points, with a margin of one bandwidth.

    Parameters
    ----------
    east_m, north_m
        Metres, at least one point.
    bandwidth_m
        Smallest bandwidth that will be used, metres.
    max_bins
        Most bins; the bins grow until they fit.
    """
    if len(east_m) == 0:
        raise ValueError("a grid needs at least one point")
    west, east = float(east_m.min()) - bandwidth_m, float(east_m.max()) + bandwidth_m
    south, north = float(north_m.min()) - bandwidth_m, float(north_m.max()) + bandwidth_m
    least = np.sqrt((east - west) * (north - south) / max_bins)
    bin_m = max(bandwidth_m / _BINS_PER_BANDWIDTH, float(least))
    shape = (
        max(1, int(np.ceil((north - south) / bin_m))),
        max(1, int(np.ceil((east - west) / bin_m))),
    )
    return MetricGrid(west_m=west, south_m=south, bin_m=bin_m, shape=shape)


def smoothed(binned: Floats, *, bandwidth_m: float, bin_m: float) -> Floats:
    """
    Return the Gaussian kernel density of binned weights, per km2.

    Mass that spreads beyond the grid is lost, for events and exposure alike.
    """
    density = gaussian_filter(
        binned, bandwidth_m / bin_m, mode="constant", truncate=_REACH_SD, output=np.float64
    )
    per_km2: Floats = np.maximum(density, 0.0) / (bin_m / 1000.0) ** 2
    return per_km2


def kernel_density(
    events: tuple[Floats, Floats],
    targets: tuple[Floats, Floats],
    weights: Floats,
    *,
    bandwidth_m: float,
    max_bins: int = 160_000,
) -> Floats:
    """
    Return the Gaussian kernel density of weighted events at target points.

    Parameters
    ----------
    events, targets
        East and north in metres of one CRS, each of shape ``(n,)``.
    weights
        Weight of each event, e.g. its decay.
    bandwidth_m
        Standard deviation of the kernel, metres.

    Returns
    -------
    density
        Weight per km2, shape ``(n_targets,)``; 0 everywhere where there is no event.
        Differs from the exact double sum by about 2 % of the peak (the bins).
    """
    if len(events[0]) == 0 or len(targets[0]) == 0:
        return np.zeros(len(targets[0]))
    corners = [
        np.array([min(own.min(), other.min()), max(own.max(), other.max())])
        for own, other in zip(events, targets, strict=True)
    ]
    grid = make_grid(corners[0], corners[1], bandwidth_m=bandwidth_m, max_bins=max_bins)
    density = smoothed(
        grid.binned(events[0], events[1], weights), bandwidth_m=bandwidth_m, bin_m=grid.bin_m
    )
    at = np.vstack(grid.positions(targets[0], targets[1]))
    at_targets: Floats = np.maximum(map_coordinates(density, at, order=1, mode="nearest"), 0.0)
    return at_targets


def relative_density(
    events: tuple[Floats, Floats],
    places: tuple[Floats, Floats],
    weights: Floats,
    share: Floats,
    *,
    bandwidth_m: float,
    shrink_events: float,
    max_bins: int = 160_000,
) -> Floats:
    """
    Return how many times more events lie round a place than its exposure explains.

    Both sides are counted within the kernel's footprint (4 pi bandwidth^2) and pulled
    to 1 by ``shrink_events``: (near + shrink) / (expected near + shrink).

    Parameters
    ----------
    events, places
        East and north in metres of one CRS.
    weights
        Weight of each event.
    share
        Share of each place in the whole exposure, adding up to 1.

    Returns
    -------
    ratio
        Above 0, shape ``(n_places,)``; 1 where there is no event at all.
    """
    if len(weights) == 0:
        return np.ones(len(share))
    usual = kernel_density(places, places, share, bandwidth_m=bandwidth_m, max_bins=max_bins)
    near = kernel_density(events, places, weights, bandwidth_m=bandwidth_m, max_bins=max_bins)
    return _ratio(near, usual * weights.sum(), bandwidth_m=bandwidth_m, shrink_events=shrink_events)


def _ratio(near: Floats, usual: Floats, *, bandwidth_m: float, shrink_events: float) -> Floats:
    """Return the shrunken ratio of two densities per km2, within the kernel's footprint."""
    footprint_km2 = FOOTPRINT * (bandwidth_m / 1000.0) ** 2
    return (footprint_km2 * near + shrink_events) / (footprint_km2 * usual + shrink_events)


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedKernel:
    """
    The bandwidth and half-life chosen, and how surely.

    ``gain`` is the mean log probability (natural log) that the choice gave the forecast
    events, above that of the exposure alone; NaN where ``is_tuned`` is False, that is
    where there were too few events.
    """

    bandwidth_m: float
    half_life_days: float
    is_tuned: bool
    n_forecast: int
    gain: float


def tune_kernel(
    events: tuple[Floats, Floats],
    age_days: Floats,
    at_place: NDArray[np.int64],
    places: tuple[Floats, Floats],
    share: Floats,
    params: HotspotParams,
    *,
    shrink_events: float,
    least_bandwidth_m: float = 0.0,
) -> TunedKernel:
    """
    Choose bandwidth and half-life by one-step-ahead predictive log-likelihood.

    At each of the last ``n_steps`` origins, exposure times relative decayed density of
    everything before the origin, mixed with the exposure alone, forecasts in which place the
    events of the next ``step_days`` days lie. The pair with the highest sum of log
    probabilities wins; of equal ones the wider and longer.

    Parameters
    ----------
    events
        East and north in metres, shape ``(n,)``.
    age_days
        Days from each event to the moment of scoring; what is not before it is left out.
    at_place
        Position of the place that holds each event, -1 for none (left out).
    places
        East and north of the places, metres.
    share
        Share of each place in the exposure, adding up to 1.
    params
        Candidates and steps.
    least_bandwidth_m
        Narrower candidates are not tried; if none is left, this width is.
    """
    usable = (age_days > 0) & (at_place >= 0)
    east, north, ages, at = events[0][usable], events[1][usable], age_days[usable], at_place[usable]
    widths = [w for w in params.bandwidths_m if w >= least_bandwidth_m] or [least_bandwidth_m]
    recent = ages <= params.n_steps * params.step_days
    n_forecast = int(recent.sum())
    if min(n_forecast, int((~recent).sum())) < params.min_events:
        return TunedKernel(
            bandwidth_m=max(params.default_bandwidth_m, least_bandwidth_m),
            half_life_days=params.default_half_life_days,
            is_tuned=False,
            n_forecast=0,
            gain=float("nan"),
        )
    past = (east, north), ages, at
    gains = {
        (width, half_life): gain
        for width in sorted(widths, reverse=True)
        for half_life, gain in _forecast_gains(
            past, places, share, params, bandwidth_m=width, shrink_events=shrink_events
        )
    }
    (width, half_life), best = max(gains.items(), key=lambda item: item[1])
    return TunedKernel(
        bandwidth_m=width,
        half_life_days=half_life,
        is_tuned=True,
        n_forecast=n_forecast,
        gain=best / n_forecast,
    )


def _forecast_gains(
    past: tuple[tuple[Floats, Floats], Floats, NDArray[np.int64]],
    places: tuple[Floats, Floats],
    share: Floats,
    params: HotspotParams,
    *,
    bandwidth_m: float,
    shrink_events: float,
) -> Iterator[tuple[float, float]]:
    """Yield each half-life, longest first, with the log probability it gains over all steps."""
    (east, north), ages, at = past
    usual = kernel_density(places, places, share, bandwidth_m=bandwidth_m, max_bins=_TUNING_BINS)
    for half_life in sorted(params.half_lives_days, reverse=True):
        gain = 0.0
        for step in range(1, params.n_steps + 1):
            origin = step * params.step_days
            before = ages > origin
            ahead = at[(ages <= origin) & (ages > origin - params.step_days)]
            worth = np.exp2(-(ages[before] - origin) / half_life)
            near = kernel_density(
                (east[before], north[before]), places, worth,
                bandwidth_m=bandwidth_m, max_bins=_TUNING_BINS,
            )  # fmt: skip
            ratio = _ratio(
                near, usual * worth.sum(), bandwidth_m=bandwidth_m, shrink_events=shrink_events
            )
            ratio /= float((share * ratio).sum())
            mixed = (1.0 - params.exposure_mix) * ratio + params.exposure_mix
            gain += float(np.log(mixed[ahead]).sum())
        yield half_life, gain


def in_metres(lon: Floats, lat: Floats, *, like: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Project points to the metric CRS that suits the points ``like`` (degrees WGS-84)."""
    return coordinates.to_metres(lon, lat, crs=coordinates.metric_crs(*like))
