"""The fitted facility models: learnt from the past alone, chosen by a replay, told truly."""

import json

import numpy as np
import pandas as pd
import pytest

from risk import facilities, facility_rows, features, scored
from risk.params import FacilityParams, ScoringParams
from tests.risk import made_up

PARAMS = ScoringParams(
    facilities=FacilityParams(min_boost_looks=800, min_boost_finds=100, min_tested_finds=20)
)
N = 120


def _world(*, n_visits=1500, seed=4, **changed):
    """Visits to facilities that differ a lot, by officers who differ more."""
    rng = np.random.default_rng(seed)
    bad = rng.random(N) < 0.3
    strict = np.array([0.4, 1.0, 2.2])
    at, officer = rng.integers(0, N, n_visits), rng.integers(0, 3, n_visits)
    chance = np.clip(np.where(bad[at], 0.4, 0.08) * strict[officer], 0, 0.95)
    result = np.where(rng.random(n_visits) < chance, "violation", "pass")
    days = rng.integers(1, 1200, n_visits)
    visits = made_up.inspections(
        [(f"F{a}", int(d), str(r)) for a, d, r in zip(at, days, result, strict=True)]
    )
    visits["officer_ids"] = [f"O{o}" for o in officer]
    visits["kind"] = np.where(rng.random(n_visits) < 0.2, "complaint", "routine")
    clinics = made_up.facilities(N, opened_on=made_up.day(3000))
    return {"facilities": clinics, "inspections": visits, **changed}, bad


def _scores(kinds, params=PARAMS):
    known = scored.prepare(made_up.frames(**kinds), params, as_of=made_up.AS_OF)
    return facilities.score_facilities(
        known.active, seen=known.seen, reported=known.reported,
        cell_ids=np.full(len(known.active), None, dtype=object),
        licence_age_days=features.age_days(known.active["licence_expiry"], as_of=made_up.AS_OF),
        params=params,
    ), known.active  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return _world()


@pytest.fixture(scope="module")
def fitted(world):
    kinds, bad = world
    scores, active = _scores(kinds)
    return scores, bad[active["facility_id"].str[1:].astype(int)]


def test_the_replay_is_recorded_and_a_fitted_model_is_used_where_it_wins(fitted):
    """Which method made the numbers, and why, must be told."""
    model = fitted[0].model
    assert model["reason"] == "backtest"
    assert {t["method"] for t in model["trials"]} == {"shrunken_rate", "logistic", "boosted"}
    losses = {t["method"]: t["log_loss"] for t in model["trials"]}
    assert losses[model["method"]] <= losses["shrunken_rate"]
    assert model["n_tested_finds"] >= PARAMS.facilities.min_tested_finds
    json.dumps(model)


def test_bad_places_come_first_whoever_went_there(fitted):
    """Strict officers visit everywhere here: what is left is the place."""
    scores, bad = fitted
    order = np.argsort(-scores.p)[: int(bad.sum())]
    assert bad[order].mean() > 0.75
    assert scores.p[bad].mean() > 2 * scores.p[~bad].mean()


def test_the_level_is_that_of_the_visits(fitted, world):
    """Calibrated: the sum of the probabilities is about what a round would find."""
    rate = (world[0]["inspections"]["result"] == "violation").mean()
    assert fitted[0].p.mean() == pytest.approx(rate, rel=0.25)


@pytest.mark.parametrize("boosted", [False, True])
def test_parts_add_up_whatever_the_method(world, boosted, monkeypatch):
    """The reasons add up to p, also where trees made it."""
    method = "boosted" if boosted else "logistic"
    monkeypatch.setattr(facilities.facility_choice, "METHODS", ("shrunken_rate", method))
    monkeypatch.setattr(facilities.facility_choice, "_clearly_smaller", lambda *_: True)
    scores, _ = _scores(world[0])
    assert scores.model["method"] == method
    assert scores.parts.sum(axis=0) == pytest.approx(scores.p, abs=1e-12)
    assert (scores.lo <= scores.p).all()
    assert (scores.p <= scores.hi).all()
    assert (scores.hi > scores.lo).all()


def test_terms_of_the_logistic_model_add_up_to_its_log_odds(world):
    """The story is the model, not a tale beside it."""
    known = _records(world[0])
    rows = facility_rows.rows_at(known, age_days=0.0, window_days=2000.0, params=PARAMS.facilities)
    model = facilities.facility_choice.facility_models.fit_logistic(known, rows, PARAMS.facilities)
    total = sum(model.terms(rows.now).values())
    everyone = np.full(known.n, -1)
    assert model.chance(rows.now, everyone) == pytest.approx(model.mean_chance(total))
    assert len(model.levels) > 1
    assert np.ptp(model.levels) > 0.5


def _records(kinds):
    known = scored.prepare(made_up.frames(**kinds), PARAMS, as_of=made_up.AS_OF)
    return facility_rows.facility_records(
        known.active, seen=known.seen, reported=known.reported,
        cell_ids=np.full(len(known.active), None, dtype=object),
        licence_age_days=np.full(len(known.active), np.nan), params=PARAMS,
    )  # fmt: skip


def test_a_row_reads_strictly_earlier_days_alone(world):
    """A feature that saw its own result would win every backtest and lose every week."""
    kinds = world[0]
    flipped = kinds["inspections"].copy()
    late = flipped["started_at"] > made_up.instant(300)
    flipped.loc[late, "result"] = "violation"
    then = [
        facility_rows.rows_at(
            _records({**kinds, "inspections": visits}), age_days=300.0, window_days=900.0,
            params=PARAMS.facilities,
        )
        for visits in (kinds["inspections"], flipped)
    ]  # fmt: skip
    for name in ("own", "fresh", "last_found", "near", "visits", "finds", "days"):
        for table in ("looks", "now"):
            one, two = (getattr(getattr(rows, table), name) for rows in then)
            np.testing.assert_array_equal(one, two)


def test_history_of_a_row_is_what_paper_says():
    """Two earlier visits, one find; the visit of the same day is no history."""
    visits = made_up.inspections(
        [("F0", 30, "violation"), ("F0", 20, "pass"), ("F0", 10, "pass"), ("F0", 10, "violation")]
    )
    known = _records({"facilities": made_up.facilities(1), "inspections": visits})
    rows = facility_rows.rows_at(known, age_days=0.0, window_days=99.0, params=PARAMS.facilities)
    assert rows.looks.all_visits.round(9).tolist() == [0, 1, 2, 2]
    assert rows.looks.all_finds.round(9).tolist() == [0, 1, 1, 1]
    assert rows.looks.days[1:].tolist() == [10, 10, 10]
    assert np.isnan(rows.looks.days[0])
    assert rows.now.all_visits.tolist() == pytest.approx([4])


def test_a_find_by_the_lenient_says_more_than_one_by_the_strict(world):
    """Expected finds follow who went."""
    kinds = world[0]
    extra = made_up.inspections([("F0", 3, "violation"), ("F1", 3, "violation")])
    extra["inspection_id"], extra["officer_ids"] = ["X0", "X1"], ["O0", "O2"]
    visits = kinds["inspections"]
    visits = visits[~visits["facility_id"].isin(["F0", "F1"])]
    known = _records({**kinds, "inspections": pd.concat([visits, extra], ignore_index=True)})
    rows = facility_rows.rows_at(known, age_days=0.0, window_days=9e3, params=PARAMS.facilities)
    first, second = rows.now.own[[0, 1]]
    assert first > second > 0


@pytest.mark.parametrize("case", ["no visits", "all pass", "all found", "one officer", "no dates"])
def test_poor_records_give_a_sane_answer(world, case):
    """A bureau's first file is never complete."""
    kinds = dict(world[0])
    visits = kinds["inspections"].copy()
    if case == "no visits":
        visits = visits[:0]
    if case == "all pass":
        visits["result"] = "pass"
    if case == "all found":
        visits["result"] = "violation"
    if case == "one officer":
        visits["officer_ids"] = "O1"
    if case == "no dates":
        kinds["facilities"] = kinds["facilities"].drop(columns="opened_on")
        visits["officer_ids"] = None
    kinds["inspections"] = visits
    scores, _ = _scores(kinds)
    assert np.isfinite(scores.p).all()
    assert ((scores.lo > 0) & (scores.hi < 1) & (scores.lo <= scores.p)).all()
    expected = "few_looks" if case in {"no visits", "all pass", "all found"} else "backtest"
    assert scores.model["reason"] == expected


def test_the_order_of_the_visits_changes_no_byte(world):
    """Two bureaus with the same visits see the same list."""
    kinds = world[0]
    other = {**kinds, "inspections": kinds["inspections"].sample(frac=1.0, random_state=3)}
    one, two = _scores(kinds)[0], _scores(other)[0]
    assert one.p.tobytes() == two.p.tobytes()
    assert one.hi.tobytes() == two.hi.tobytes()
    assert one.model == two.model


def test_few_looks_keep_the_shrunken_rate_and_the_run_says_so():
    """With forty visits no model is fitted, and nobody is told one was."""
    kinds, _ = _world(n_visits=40)
    result = scored.score_frames(made_up.frames(**kinds), PARAMS, as_of=made_up.AS_OF)
    assert result.summary["facility_model"]["method"] == "shrunken_rate"
    assert any("未拟合机构模型" in entry["t"] for entry in result.summary["missing"])
