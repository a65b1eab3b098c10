"""Slow, obvious twin of the kernel density: every event at every place."""

import math


def kernel_density(events, places, weights, *, bandwidth_m):
    """Sum of Gaussian kernels, weight per km2, at each place."""
    width_km = bandwidth_m / 1000.0
    density = []
    for east, north in zip(*places, strict=True):
        total = 0.0
        for e, n, w in zip(*events, weights, strict=True):
            squared_km = ((e - east) ** 2 + (n - north) ** 2) / 1e6
            total += w * math.exp(-squared_km / (2 * width_km**2))
        density.append(total / (2 * math.pi * width_km**2))
    return density
