"""
How fast the report layers are: density of a million points, Gi* on 50,000 cells.

    python -m benchmarks.layers

Beside each a peer in the same run: SciPy's ``gaussian_kde`` on 2,000 points and 500 places,
scaled to the whole; Gi* with a dense matrix on 3,000 cells, scaled by the square. Seconds are
medians of five runs, CPU time beside them. One JSON object is printed last.
"""

import json
from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import gaussian_kde

from risk import gi_star, hotspots

N_POINTS, N_PLACES, N_CELLS = 1_000_000, 20_000, 50_000
N_NOISE = 100


def timed(run: Callable[[], object], *, times: int = 5) -> dict[str, float]:
    """Return median seconds of wall and CPU; the first run warms up and does not count."""
    run()
    wall, cpu = [], []
    for _ in range(times):
        started, busy = perf_counter(), process_time()
        run()
        wall.append(perf_counter() - started)
        cpu.append(process_time() - busy)
    return {"s": round(float(np.median(wall)), 4), "cpu_s": round(float(np.median(cpu)), 4)}


def hexagons(side: int) -> sp.csr_array:
    """Return the neighbours of a lattice of hexagons, six each."""
    n = side * side
    row, column = divmod(np.arange(n), side)
    pairs = []
    for down, right in ((0, 1), (1, 0), (1, -1), (0, -1), (-1, 0), (-1, 1)):
        ok = (row + down >= 0) & (row + down < side) & (column + right >= 0)
        ok &= column + right < side
        pairs.append(
            np.column_stack([np.flatnonzero(ok), ((row + down) * side + column + right)[ok]])
        )
    both = np.vstack(pairs)
    return sp.csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))


def dense_gi(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Gi* by the formula with a dense matrix: the plain twin."""
    n = len(values)
    sums = weights.sum(axis=1)
    bottom = values.std() * np.sqrt((n * (weights**2).sum(axis=1) - sums**2) / (n - 1))
    z: NDArray[np.float64] = (weights @ values - values.mean() * sums) / bottom
    return z


def main() -> None:
    """Time both and their peers."""
    rng = np.random.default_rng(0)
    points = rng.normal(0, 20_000, N_POINTS), rng.normal(0, 20_000, N_POINTS)
    places = rng.uniform(-40_000, 40_000, N_PLACES), rng.uniform(-40_000, 40_000, N_PLACES)
    weights = rng.random(N_POINTS)
    told: dict[str, object] = {
        "kde_1m_points": timed(
            lambda: hotspots.kernel_density(points, places, weights, bandwidth_m=1500.0)
        )
    }
    some, few = np.vstack(points)[:, :2_000], np.vstack(places)[:, :500]
    peer = timed(lambda: gaussian_kde(some)(few))
    scale = (N_POINTS / 2_000) * (N_PLACES / 500)
    told["kde_peer_scaled_s"] = round(peer["s"] * scale)
    side = int(np.sqrt(N_CELLS)) + 1
    window = gi_star.windows(hexagons(side))
    noise = [rng.poisson(0.5, side * side).astype(float) for _ in range(N_NOISE)]
    told["gi_star_cells"] = side * side
    told["gi_star"] = timed(lambda: gi_star.hot_spots(noise[0], window))
    small = gi_star.windows(hexagons(55))
    values = rng.poisson(0.5, 55 * 55).astype(float)
    plain = small.toarray()
    gap = np.abs(dense_gi(values, plain) - gi_star.hot_spots(values, small).z).max()
    told["gi_star_peer_scaled_s"] = round(
        timed(lambda: dense_gi(values, plain))["s"] * (side * side / 55**2) ** 2, 2
    )
    told["gi_star_greatest_difference_to_peer"] = float(f"{gap:.1e}")
    called = [gi_star.hot_spots(one, window).is_hot for one in noise]
    told["noise_maps_with_a_hot_spot"] = float(np.mean([one.any() for one in called]))
    told["noise_cells_called_hot"] = float(np.mean([one.mean() for one in called]))
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
