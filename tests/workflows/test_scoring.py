"""A scoring run through a real store: saved, explained, and blind to the future."""

import json
from datetime import UTC, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from data.schema import KINDS
from data.scope import EVERYTHING, Scope
from data.store import scores
from data.store.model_tables import hidden_fits
from data.store.rows import save_rows
from errors import JobCancelledError, NoDataError
from risk.params import CellParams, ScoringParams
from tests.risk import made_up
from workflows import scoring

pytestmark = pytest.mark.both_stores

LOADED = made_up.AS_OF - timedelta(days=1)
LATER = made_up.AS_OF + timedelta(days=60)


def _typed(kind, frame):
    """Give a frame the types that the store asks for."""
    frame = frame.copy()
    for column in KINDS[kind].columns:
        if column.name in frame and column.type == "date":
            frame[column.name] = pd.to_datetime(frame[column.name])
    return frame


def _save(store, known_on=LOADED, **kinds):
    with store.write() as conn:
        for kind, frame in kinds.items():
            save_rows(conn, kind, _typed(kind, frame), import_id=None, known_on=known_on)


def _records():
    rng = np.random.default_rng(3)
    visits = [
        (
            f"F{rng.integers(0, 6)}",
            int(rng.integers(2, 600)),
            str(rng.choice(["pass", "violation"])),
        )
        for _ in range(40)
    ]
    calls = made_up.complaints(
        [int(d) for d in rng.integers(2, 600, 50)], lon=made_up.LON + 0.01, area_code="990101001"
    )
    return {
        "facilities": made_up.facilities(6, area_code="990101001", risk_grade="B"),
        "inspections": made_up.inspections(visits).assign(area_code="990101001"),
        "complaints": calls.assign(status="assigned"),
        "cases": made_up.cases([int(d) for d in rng.integers(2, 600, 9)], area_code="990101001"),
        "areas": made_up.areas()
        .assign(shape=lambda t: t.geometry.to_wkb())
        .drop(columns="geometry"),
    }


@pytest.fixture
def store(empty_store):
    """A store with the made-up records, loaded the day before the score."""
    _save(empty_store, **_records())
    return empty_store


def _score(store, **more):
    return scoring.score(
        store, ScoringParams(), scope=EVERYTHING, as_of=made_up.AS_OF, actor="test", **more
    )


def _bytes(store, run):
    return (
        scores.load_cell_scores(store, run.run_id, scope=EVERYTHING).to_csv(),
        scores.load_facility_scores(store, run.run_id, scope=EVERYTHING).to_csv(),
        json.dumps(run.summary, sort_keys=True),
    )


def test_a_run_is_saved_with_its_choices_and_what_is_missing(store):
    """Months later one must see how a map came about."""
    run = _score(store)
    assert scores.latest_run(store, scope=EVERYTHING) == run
    assert run.params["cells"]["homes_per_sweep"] == CellParams().homes_per_sweep
    assert run.summary["n_facilities"] == 6
    assert isinstance(run.summary["missing"], list)


def test_saved_reasons_add_up_and_are_short(store):
    """To 1e-9 also after the way through the store, six at most."""
    run = _score(store)
    cells = scores.load_cell_scores(store, run.run_id, scope=EVERYTHING)
    facilities = scores.load_facility_scores(store, run.run_id, scope=EVERYTHING)
    assert len(cells) > 50
    for table, column in ((cells, "mean"), (facilities, "p")):
        parts = [json.loads(text) for text in table["reasons"]]
        sums = np.array([sum(part["c"] for part in reasons) for reasons in parts])
        assert np.abs(sums - table[column].to_numpy()).max() < 1e-9
        assert max(len(reasons) for reasons in parts) <= 6


def test_later_rows_change_no_score(store):
    """What happened after the day is not known on it."""
    before = _bytes(store, _score(store))
    _save(
        store,
        known_on=LATER,
        complaints=made_up.complaints([0, -3, -30]).assign(complaint_id=["X1", "X2", "X3"]),
        cases=made_up.cases([0, -9]).assign(case_id=["X1", "X2"]),
        inspections=made_up.inspections([("F0", -2, "violation"), ("F1", -50, "pass")]).assign(
            inspection_id=["X1", "X2"]
        ),
    )
    assert _bytes(store, _score(store)) == before


def test_fields_learnt_later_change_no_score(store):
    """Outcome, closing, grade and scope of earlier rows were learnt after the day."""
    before = _bytes(store, _score(store))
    records = _records()
    _save(
        store,
        known_on=LATER,
        facilities=records["facilities"].assign(
            risk_grade="D", licence_scope="中医科", licence_expiry=made_up.day(400),
            closed_on=made_up.day(-20),
        ),
        complaints=records["complaints"].assign(
            status="closed", outcome="unsubstantiated", closed_on=made_up.day(-5), case_id="K1"
        ),
        cases=records["cases"].assign(closed_on=made_up.day(-8), fine_yuan=90_000.0),
        inspections=records["inspections"].assign(case_id="K0"),
    )  # fmt: skip
    assert _bytes(store, _score(store)) == before


def test_what_was_learnt_in_time_does_change_the_score(store):
    """The two tests above must not pass because nothing is read at all."""
    before = _bytes(store, _score(store))
    _save(
        store,
        known_on=made_up.AS_OF - timedelta(hours=1),
        cases=made_up.cases([3]).assign(case_id="N1"),
        facilities=made_up.facilities(6, area_code="990101001", risk_grade="D"),
    )
    after = _bytes(store, _score(store))
    assert after[0] != before[0]
    assert after[1] != before[1]


def test_an_earlier_day_is_scored_as_it_was(store):
    """Replaying last year's map needs last year's knowledge alone."""
    early = made_up.AS_OF - timedelta(days=300)
    run = scoring.score(store, ScoringParams(), scope=EVERYTHING, as_of=early, actor="test")
    assert run.summary["n_complaints"] < _score(store).summary["n_complaints"]
    cells = scores.load_cell_scores(store, run.run_id, scope=EVERYTHING)
    assert cells["last_visit_on"].max() < pd.Timestamp(early.date())


def test_an_empty_store_is_told_to_load_first(empty_store):
    """One sentence, no empty map."""
    with pytest.raises(NoDataError, match="请先导入"):
        _score(empty_store)
    assert scores.latest_run(empty_store, scope=EVERYTHING) is None


def test_a_district_is_scored_from_its_own_rows(store):
    """The filter is in the query: another district's calls never reach the model."""
    own = Scope(user="a", districts=frozenset({"990102"}), sealed=frozenset())
    with pytest.raises(NoDataError):
        scoring.score(store, ScoringParams(), scope=own, as_of=made_up.AS_OF, actor="a")


def test_stopping_leaves_no_half_run(store):
    """Progress may raise to cancel."""

    def stop(share, message):
        if share > 0.5:
            raise JobCancelledError("已取消")

    with pytest.raises(JobCancelledError):
        _score(store, progress=stop)
    assert scores.latest_run(store, scope=EVERYTHING) is None


def test_progress_runs_from_0_to_1(store):
    """The job page shows it."""
    told = []
    _score(store, progress=lambda share, _: told.append(share))
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_a_moment_without_zone_is_refused(store):
    """Eight hours decide what was known."""
    with pytest.raises(ValueError, match="time zone"):
        scoring.score(
            store, ScoringParams(), scope=EVERYTHING,
            as_of=made_up.AS_OF.replace(tzinfo=None), actor="test",
        )  # fmt: skip


def test_a_fit_is_kept_and_read_again_to_the_same_bytes(store):
    """A score is defined by its day and the day of its fit, not by who fitted."""
    first = _bytes(store, _score(store))

    with store.read() as conn:
        fits = conn.execute(select(hidden_fits)).all()
    assert len(fits) == 1
    assert _bytes(store, _score(store)) == first
    with store.read() as conn:
        assert conn.execute(select(hidden_fits)).all() == fits


def test_a_week_later_the_kept_fit_reads_the_new_records(store):
    """Fitted monthly, updated weekly: nothing new is fitted, yet what came in counts."""
    first = _score(store)
    week = made_up.AS_OF + timedelta(days=7)
    _save(
        store,
        known_on=made_up.AS_OF + timedelta(days=2),
        complaints=made_up.complaints([-1, -2], lon=made_up.LON + 0.01).assign(
            complaint_id=["N1", "N2"]
        ),
    )
    later = scoring.score(store, ScoringParams(), scope=EVERYTHING, as_of=week, actor="test")
    assert later.summary["fitted_as_of"] == first.summary["fitted_as_of"]
    assert later.summary["n_site_reports"] >= first.summary["n_site_reports"]
    old, new = (
        scores.load_cell_scores(store, run.run_id, scope=EVERYTHING) for run in (first, later)
    )
    assert new["mean"].max() > old["mean"].max()


def test_a_replay_of_the_past_fits_as_of_its_own_day(store):
    """A fit of today would have seen what came after."""
    _score(store)
    early = made_up.AS_OF - timedelta(days=60)
    run = scoring.score(store, ScoringParams(), scope=EVERYTHING, as_of=early, actor="test")
    assert run.summary["fitted_as_of"] == early.astimezone(UTC).isoformat()


def test_records_taken_back_or_dated_back_ask_for_a_new_fit(store):
    """What the fit has read must still be what was known on its day."""
    first = _score(store)
    _save(
        store,
        known_on=LOADED,
        complaints=made_up.complaints([20] * 2, lon=made_up.LON + 0.01).assign(
            complaint_id=["B1", "B2"]
        ),
    )
    week = made_up.AS_OF + timedelta(days=7)
    later = scoring.score(store, ScoringParams(), scope=EVERYTHING, as_of=week, actor="test")
    assert first.summary["fitted_as_of"] != later.summary["fitted_as_of"]
