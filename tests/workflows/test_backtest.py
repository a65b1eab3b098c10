"""A replay through a real store: saved once, blind to the future, cancelled without a trace."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from data.schema import TIME_ZONE
from data.scope import EVERYTHING
from data.store import jobs
from data.store.rows import save_rows
from errors import ForbiddenError, JobCancelledError, NoDataError, NotFoundError
from risk import replay, scored
from risk.params import ScoringParams
from workflows import access, backtest
from workflows.backtest import Period
from workflows.source_rows import load_frames

NOW = datetime(2026, 3, 2, tzinfo=TIME_ZONE)
PERIOD = Period(from_on=date(2026, 1, 26), to_on=date(2026, 2, 23), every_weeks=2)


def _run(store, **more):
    return backtest.run_backtest(
        store, ScoringParams(), PERIOD, scope=EVERYTHING, actor=access.COMMAND_LINE, now=NOW,
        **more,
    )  # fmt: skip


def test_a_replay_is_saved_with_every_method_and_read_back(planned_store):
    """Manager and export read the same figures; the same job twice is one run."""
    run_id = _run(planned_store, run_id="job-1")
    assert _run(planned_store, run_id="job-1") == run_id
    (run,) = backtest.runs(planned_store, scope=EVERYTHING)
    assert run.summary["n_origins"] == 2
    rows = backtest.values(planned_store, run_id, scope=EVERYTHING)
    visited = rows[(rows["target"] == "facilities") & (rows["measure"] == "capture")]
    assert {"model", "last_visit_age", "complaint_count", "random"} <= set(visited["method"])
    assert set(rows["origin_on"].dropna()) == {"2026-01-26", "2026-02-09"}


def test_a_replay_of_all_is_not_shown_to_who_sees_one_district(planned_store):
    """Figures of other districts are no business of a district's manager."""
    run_id = _run(planned_store)
    own = replace(EVERYTHING, districts=frozenset({"990101"}))
    assert backtest.runs(planned_store, scope=own) == []
    with pytest.raises(NotFoundError):
        backtest.values(planned_store, run_id, scope=own)


def _said(store, as_of):
    """Return what every method says on a day, as bytes."""
    frames = load_frames(store, scope=EVERYTHING, as_of=as_of)
    known = scored.prepare(frames, ScoringParams(), as_of=as_of)
    fitted = scored.fit(known, ScoringParams()) if known.needs_model else None
    told = scored.score_prepared(known, ScoringParams(), as_of=as_of, fitted=fitted)
    said = replay.said_on(known, told, ScoringParams(), as_of=as_of)
    return said.cells.to_csv().encode(), said.facilities.to_csv().encode()


def test_whatever_is_learnt_after_the_day_changes_nothing_that_was_said(planned_store):
    """No leak: leads, visits and cases of the days after it, and lost ones, leave every byte."""
    as_of = datetime(2026, 1, 26, tzinfo=TIME_ZONE)
    before = _said(planned_store, as_of)
    later = pd.Timestamp(as_of) + timedelta(days=1)
    place = {"lon": 112.03, "lat": 23.03, "area_code": "990101001"}
    n = 40
    leads = pd.DataFrame(
        {"complaint_id": [f"L{k}" for k in range(n)], "received_at": later, "channel": "web",
         "topic": "unlicensed_practice", "status": "new", **place}
    )  # fmt: skip
    visits = pd.DataFrame(
        {"inspection_id": [f"V{k}" for k in range(n)], "started_at": later, "kind": "sweep",
         "result": "violation", "topics": "unlicensed_practice", **place}
    )  # fmt: skip
    cases = pd.DataFrame(
        {"case_id": [f"C{k}" for k in range(n)], "opened_on": later.tz_localize(None).normalize(),
         "topic": "unlicensed_practice", **place}
    )  # fmt: skip
    with planned_store.write() as conn:
        for kind, frame in (("complaints", leads), ("inspections", visits), ("cases", cases)):
            save_rows(conn, kind, frame, import_id=None, known_on=NOW)
    assert _said(planned_store, as_of) == before


def test_an_empty_store_and_a_short_period_say_what_is_missing(empty_store):
    """A sentence, not a trace; and nothing saved."""
    with pytest.raises(NoDataError, match="可评分"):
        _run(empty_store)
    short = Period(from_on=date(2026, 1, 26), to_on=date(2026, 2, 1), every_weeks=1)
    with pytest.raises(NoDataError, match="不足"):
        backtest.checked(short)
    many = Period(from_on=date(2000, 1, 1), to_on=date(2026, 1, 1), every_weeks=1)
    with pytest.raises(NoDataError, match="最多"):
        backtest.checked(many)
    assert backtest.runs(empty_store, scope=EVERYTHING) == []


def test_a_cancelled_replay_leaves_nothing(planned_store):
    """Somebody pressed the button and thought better of it."""

    def stop(share, message):
        raise JobCancelledError("已取消")

    with pytest.raises(JobCancelledError):
        _run(planned_store, progress=stop)
    assert backtest.runs(planned_store, scope=EVERYTHING) == []


def test_one_week_by_itself_is_a_period():
    """The shortest replay has one origin; a step that does not fit whole is left out."""
    assert Period(from_on=date(2026, 1, 5), to_on=date(2026, 1, 12), every_weeks=1).origins() == [
        date(2026, 1, 5)
    ]
    assert (
        len(Period(from_on=date(2026, 1, 5), to_on=date(2026, 2, 1), every_weeks=2).origins()) == 1
    )


def test_only_who_may_score_may_ask_for_a_replay(empty_store):
    """An unknown account queues nothing; a double click queues one job."""
    with pytest.raises(ForbiddenError):
        backtest.request_backtest(
            empty_store, PERIOD, scope=EVERYTHING, actor="nobody", now=NOW, key="k"
        )
    ids = {
        backtest.request_backtest(
            empty_store, PERIOD, scope=EVERYTHING, actor=access.COMMAND_LINE, now=NOW, key="k"
        )
        for _ in range(2)
    }
    assert len(ids) == 1
    assert jobs.get_job(empty_store, ids.pop(), scope=EVERYTHING).kind == "backtest"
