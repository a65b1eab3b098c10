"""
Where will next week's reported events be? Real points, 52 weeks, beside simpler methods.

    python -m benchmarks.weekly_hotspots POINTS.parquet [--out FILE.csv]

Square cells of 500 m: those with an event before the test year, and the four round each.
The test year is 2016 for the thefts and 2014 for the complaints. Everything is chosen on the
year before it; a method sees only what happened before the week. Hit rate is the mean over
weeks of the share of a week's events in so many % of the cells. Intervals are 90 %, by
drawing blocks of four weeks again; the difference to the tuned decayed density is drawn in
the same blocks. One JSON object is printed last.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter

from geo import coordinates
from risk import report_forecast
from risk.report_forecast import BankParams, FineGrid

Floats = NDArray[np.float64]
TEST_YEAR = {"date_single": 2016, "creation_date": 2014}
"""Name of the column with the time → year that is replayed."""
CELL_M, SUB = 500.0, 4
SHARES = (0.01, 0.02, 0.05, 0.10, 0.20)
N_WEEKS, N_TRAIN = 52, 53
BLOCK_WEEKS, N_DRAWS = 4, 5_000
REFIT_WEEKS = 13
DENSE_DAYS = 4 * 365
KDE_M = (100.0, 150.0, 250.0, 400.0, 600.0, 1000.0, 1600.0)
KDE_DAYS = (30.0, 60.0, 90.0, 150.0, 250.0, 365.0, 730.0, float("inf"))


@dataclass(frozen=True, slots=True)
class Points:
    """Events on the grid: day relative to the test year, cell and bin of each."""

    day: Floats
    cell: NDArray[np.int64]
    bin: NDArray[np.int64]
    grid: FineGrid

    def counts(self, week: int) -> Floats:
        """Return the events of a week per kept cell."""
        inside = (self.day >= 7 * week) & (self.day < 7 * week + 7)
        n = self.grid.shape[0] * self.grid.shape[1]
        return np.bincount(self.cell[inside], minlength=n)[self.grid.kept].astype(float)

    def before(self, week: int) -> tuple[NDArray[np.int64], Floats]:
        """Return bin and age in days of every event before a week."""
        known = self.day < 7 * week
        return self.bin[known], 7.0 * week - self.day[known]


def read(path: Path, year: int | None = None) -> tuple[Points, int]:
    """Read a file of points and lay the grid; return it with the test year."""
    frame = pd.read_parquet(path)
    names = {name.lower(): name for name in frame.columns}
    when = next(names[k] for k in TEST_YEAR if k in names)
    lon_at, lat_at = names["longitude"], names["latitude"]
    frame = frame.dropna(subset=[when, lon_at, lat_at]).sort_values(when, kind="stable")
    times = frame[when]
    year = year or TEST_YEAR[when.lower()]
    lon, lat = frame[lon_at].to_numpy(float), frame[lat_at].to_numpy(float)
    x, y = coordinates.to_metres(lon, lat, crs=coordinates.metric_crs(lon, lat))
    day = ((times - pd.Timestamp(year, 1, 1)).dt.total_seconds() / 86_400.0).to_numpy(float)
    bin_m = CELL_M / SUB
    west, south = x.min() - 2 * CELL_M, y.min() - 2 * CELL_M
    shape = (int((y.max() - south) // CELL_M) + 3, int((x.max() - west) // CELL_M) + 3)
    row, column = ((y - south) // bin_m).astype(np.int64), ((x - west) // bin_m).astype(np.int64)
    cell = (row // SUB) * shape[1] + column // SUB
    n_cells = shape[0] * shape[1]
    was = np.bincount(cell[day < 0], minlength=n_cells).reshape(shape) > 0
    grid = FineGrid(
        shape=shape, sub=SUB, bin_m=bin_m, kept=np.flatnonzero(binary_dilation(was).ravel())
    )
    return Points(day, cell, row * (shape[1] * SUB) + column, grid), year


def density(points: Points, week: int, *, width_m: float, half_life: float) -> Floats:
    """Return the decayed Gaussian density before a week, per kept cell."""
    at, ages = points.before(week)
    rows, columns = (side * SUB for side in points.grid.shape)
    counts = np.bincount(at, weights=np.exp2(-ages / half_life), minlength=rows * columns)
    dense = gaussian_filter(
        counts.reshape(rows, columns), width_m / points.grid.bin_m, truncate=3.5, mode="constant"
    )
    return points.grid.per_cell(dense)


def tuned_density(points: Points, train: range) -> tuple[float, float]:
    """Return bandwidth and half-life that catch most in 5 % of the cells over the year before."""
    weeks = list(train)[::2]
    best = max(
        (
            float(np.mean([hits(density(points, w, width_m=m, half_life=d), points.counts(w))[2]
                           for w in weeks])),
            m,
            d,
        )
        for m in KDE_M
        for d in KDE_DAYS
    )  # fmt: skip
    return best[1], best[2]


def hits(score: Floats, counts: Floats) -> Floats:
    """Return the share of events in the first 1, 2, 5, 10 and 20 % of the cells."""
    order = np.argsort(-score, kind="stable")
    caught = np.cumsum(counts[order]) / max(counts.sum(), 1.0)
    return np.array([caught[round(share * len(order)) - 1] for share in SHARES])


def replay(points: Points, params: BankParams) -> tuple[dict[str, Floats], dict[str, object]]:
    """Return hit rates of every method, shape ``(52, 5)`` each, and what was chosen before."""
    first = max(-N_TRAIN, int(np.floor(points.day[points.day > -DENSE_DAYS].min() / 7)) + 52)
    train = range(first, 0)
    width, half_life = tuned_density(points, train)
    banks, counts = {}, {}
    started = perf_counter()
    for week in (*train, *range(N_WEEKS)):
        at, ages = points.before(week)
        banks[week] = report_forecast.bank(points.grid, at, ages, params).astype(np.float32)
        counts[week] = points.counts(week)
    bank_s = perf_counter() - started
    rates: dict[str, list[Floats]] = {}
    for start in range(0, N_WEEKS, REFIT_WEEKS):
        past = [w for w in banks if start - N_TRAIN <= w < start]
        forecaster = report_forecast.fit(
            [banks[w].astype(float) for w in past], [counts[w] for w in past], params
        )
        for week in range(start, start + REFIT_WEEKS):
            at, _ = points.before(week)
            bins = np.bincount(at, minlength=points.grid.shape[0] * points.grid.shape[1] * SUB**2)
            said = {
                "bank_of_densities": forecaster.expected(banks[week].astype(float)),
                "tuned_decayed_density": density(points, week, width_m=width, half_life=half_life),
                "plain_density": density(points, week, width_m=width, half_life=float("inf")),
                "counts": points.grid.per_cell(bins.astype(float)),
                "hindsight": _hindsight(points, counts, week),
            }
            for name, score in said.items():
                rates.setdefault(name, []).append(hits(score, counts[week]))
    chosen: dict[str, object] = {
        "density_bandwidth_m": width, "density_half_life_days": half_life,
        "n_train_weeks": len(train), "penalty": forecaster.penalty,
        "seconds_per_week_bank": round(bank_s / (len(train) + N_WEEKS), 2),
    }  # fmt: skip
    return {name: np.array(rows) for name, rows in rates.items()}, chosen


def _hindsight(points: Points, counts: dict[int, Floats], week: int) -> Floats:
    """Return the density of the whole test year, the week itself left out: it looks ahead."""
    del counts
    inside = (points.day >= 0) & (points.day < 7 * N_WEEKS)
    inside &= ~((points.day >= 7 * week) & (points.day < 7 * week + 7))
    rows, columns = (side * SUB for side in points.grid.shape)
    bins = np.bincount(points.bin[inside], minlength=rows * columns).astype(float)
    dense = gaussian_filter(bins.reshape(rows, columns), 1.2, truncate=3.5, mode="constant")
    return points.grid.per_cell(dense)


def drawn_means(rates: Floats, rng: np.random.Generator) -> Floats:
    """Return drawn means over weeks, whole blocks of weeks drawn again, shape ``(draws, 5)``."""
    n_blocks = len(rates) // BLOCK_WEEKS
    blocks = rates[: n_blocks * BLOCK_WEEKS].reshape(n_blocks, BLOCK_WEEKS, -1).mean(axis=1)
    picked = rng.integers(0, n_blocks, size=(N_DRAWS, n_blocks))
    means: Floats = blocks[picked].mean(axis=1)
    return means


def main() -> None:
    """Replay the year and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("points", type=Path)
    parser.add_argument("--year", type=int, help="test year, where it is another file")
    parser.add_argument("--out", type=Path, help="CSV of hit rates with intervals")
    args = parser.parse_args()
    started = perf_counter()
    points, year = read(args.points, args.year)
    rates, chosen = replay(points, BankParams())
    rows = []
    for name, values in rates.items():
        drawn = drawn_means(values, np.random.default_rng(0))
        for k, share in enumerate(SHARES):
            lo, hi = np.quantile(drawn[:, k], [0.05, 0.95])
            value = float(values[:, k].mean())
            rows.append(
                {"file": args.points.stem, "method": name, "share": share, "hit_rate": value,
                 "lo": lo, "hi": hi, "pai": value / share}
            )  # fmt: skip
        shown = " ".join(f"{value:.3f}" for value in values.mean(axis=0))
        print(f"{name:24} {shown}", flush=True)
    gap = rates["bank_of_densities"] - rates["tuned_decayed_density"]
    drawn = drawn_means(gap, np.random.default_rng(0))
    lead = {
        f"{share:.0%}": [
            round(float(x), 4) for x in (gap[:, k].mean(), *np.quantile(drawn[:, k], [0.05, 0.95]))
        ]
        for k, share in enumerate(SHARES)
    }
    table = pd.DataFrame(rows).round(4)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(args.out, index=False)
    five = table[table["share"] == 0.05].set_index("method")
    print(
        json.dumps(
            {
                "file": args.points.stem, "test_year": year, "n_cells": len(points.grid.kept),
                "hit_rate_5": five["hit_rate"].to_dict(),
                "hit_rate_5_interval": five.loc["bank_of_densities", ["lo", "hi"]].to_list(),
                "lead_on_tuned_density": lead, "chosen": chosen,
                "seconds": round(perf_counter() - started, 1),
            },
            indent=1,
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
