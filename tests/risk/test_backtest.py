"""The figures of a replay: by hand, blind methods at their share, few origins, no visits."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data.schema import TIME_ZONE
from risk import backtest, metrics, replay
from risk.baselines import DENSITY, MODEL, OF_CELLS, RANDOM

START = datetime(2026, 1, 5, tzinfo=TIME_ZONE)
METHODS = (MODEL, *OF_CELLS)


def _origin(number, *, quality, rng, n_cells=200, n_finds=4):
    """Return one origin: the model's score follows the truth as closely as asked."""
    truth = rng.random(n_cells)
    scores = {name: rng.random(n_cells) for name in OF_CELLS} | {RANDOM: np.zeros(n_cells)}
    scores[MODEL] = quality * truth + (1 - quality) * rng.random(n_cells)
    where = np.argsort(-truth)[:n_finds]
    columns = {"stratum": "village", "is_remote": where % 2 == 0, "block": (where % 7).astype(str)}
    for name, score in scores.items():
        before, width = metrics.tie_spans(score)
        columns |= {f"{name}.before": before[where], f"{name}.width": width[where]}
    visits = pd.DataFrame({
        "target": replay.SITES, "stratum": "village", "is_remote": False, "block": "1",
        "inspector": "Z1", "hours": 1.0, "arm": "", "weight": np.nan, "p": 0.1,
        "found": np.arange(20) < 2, "origin": START,
    })  # fmt: skip
    for name, score in scores.items():
        before, width = metrics.tie_spans(score)
        visits[name] = score[:20]
        visits[f"{name}.before"], visits[f"{name}.width"] = before[:20], width[:20]
    best = np.array([min(n_finds, int(share * n_cells)) for share in replay.SHARES], dtype=float)
    return replay.Outcomes(
        as_of=START + timedelta(days=14 * number), finds=pd.DataFrame(columns), visits=visits,
        best=best,
    )  # fmt: skip


def _replay(n, *, quality, seed=0):
    rng = np.random.default_rng(seed)
    origins = [_origin(k, quality=quality, rng=rng) for k in range(n)]
    return backtest.result_of(origins, [0.1] * n)


def _value(result, measure, method, at=None):
    rows = result.values
    rows = rows[
        rows["origin_on"].isna() & (rows["target"] == replay.SITES)
        & (rows["stratum"] == replay.ALL) & (rows["measure"] == measure)
        & (rows["method"] == method)
    ]  # fmt: skip
    if at is not None:
        rows = rows[(rows["at"] - at).abs() < 1e-9]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_good_model_is_ahead_and_a_blind_one_is_not():
    """The word on the page must follow the truth both ways."""
    assert _replay(12, quality=1.0).verdicts[replay.SITES]["verdict"] == backtest.AHEAD
    assert _replay(12, quality=0.0).verdicts[replay.SITES]["verdict"] != backtest.AHEAD


def test_the_blind_method_catches_exactly_its_share():
    """5 % of the cells hold 5 % at random, and PAI is 1: no interval, no luck."""
    result = _replay(12, quality=1.0)
    for share in (0.01, 0.05, 0.20):
        row = _value(result, "capture", RANDOM, share)
        assert (row["value"], row["lo"], row["hi"]) == pytest.approx((share, share, share))
    assert _value(result, "pai", RANDOM, 0.05)["value"] == pytest.approx(1.0)


def test_a_perfect_order_is_fully_efficient():
    """PEI 1: nothing in hindsight would have caught more."""
    assert _value(_replay(8, quality=1.0), "pei", MODEL, 0.05)["value"] == pytest.approx(1.0)


def test_capture_is_the_mean_part_of_the_finds():
    """Twin by hand, straight from the spans."""
    rng = np.random.default_rng(2)
    origins = [_origin(k, quality=0.3, rng=rng) for k in range(7)]
    result = backtest.result_of(origins, [0.1] * 7)
    parts = [
        min(max((0.05 - before) / width, 0.0), 1.0)
        for one in origins
        for before, width in zip(
            one.finds[f"{DENSITY}.before"], one.finds[f"{DENSITY}.width"], strict=True
        )
    ]
    row = _value(result, "capture", DENSITY, 0.05)
    assert row["value"] == pytest.approx(np.mean(parts))
    assert row["lo"] <= row["value"] <= row["hi"]
    assert row["n"] == 28


def test_one_origin_draws_blocks_and_calls_nobody_better():
    """A single week has an interval from its blocks, but four finds decide nothing."""
    result = _replay(1, quality=1.0)
    assert result.verdicts[replay.SITES]["verdict"] == backtest.TOO_FEW
    assert _value(result, "capture", DENSITY, 0.20)["hi"] <= 1.0
    assert np.isnan(_value(result, "pei", MODEL, 0.05)["lo"])


def test_no_finds_and_no_visits_give_figures_and_no_fault():
    """A quiet half year is an answer too."""
    rng = np.random.default_rng(0)
    origins = [_origin(k, quality=1.0, rng=rng) for k in range(3)]
    quiet = [
        replay.Outcomes(as_of=one.as_of, finds=one.finds[:0], visits=one.visits[:0], best=one.best)
        for one in origins
    ]
    result = backtest.result_of(quiet, [0.1] * 3)
    assert result.verdicts[replay.SITES] == {
        "verdict": backtest.TOO_FEW, "n_finds": 0, "n_visits": 0,
    }  # fmt: skip
    assert backtest.result_of([], []).verdicts == {}


def test_the_same_replay_gives_the_same_bytes():
    """Intervals are drawn with a fixed seed."""
    first, second = _replay(6, quality=0.5), _replay(6, quality=0.5)
    assert first.values.to_csv() == second.values.to_csv()
