"""Signals and random visits in daily work: rights, scopes, no leak, what the plan is offered."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from sqlalchemy import insert

from data.scope import EVERYTHING, Scope
from data.store import explorations
from data.store import signals as stored
from data.store.signal_tables import alerts
from errors import ForbiddenError, NotFoundError
from tests import signing_in
from tests.conftest import AS_OF, WEEK
from tests.small_city import DISTRICT
from workflows import exploration, exploration_kept, signal_runs, signal_step, signals
from workflows.access import COMMAND_LINE
from workflows.candidate_sources import load_candidates
from workflows.settings import Settings

SETTINGS = Settings()
QUICK = replace(
    SETTINGS.signals,
    scan=replace(SETTINGS.signals.scan, n_draws=19),
    tracks=replace(SETTINGS.signals.tracks, n_shuffles=9),
)
OTHER = Scope(user="o", districts=frozenset({"990199"}), sealed=frozenset())
OWN = Scope(user="m", districts=frozenset({DISTRICT}), sealed=frozenset())


def drawn(store, week=WEEK, actor=COMMAND_LINE, scope=EVERYTHING):
    """Draw the random visits of a week."""
    return exploration.draw_week(
        store, DISTRICT, SETTINGS.exploration, candidates=SETTINGS.planning.candidates,
        capacity=SETTINGS.capacity(), week_start=week, scope=scope, as_of=AS_OF, actor=actor,
        now=AS_OF,
    )  # fmt: skip


def with_track(store, district=DISTRICT):
    """Store a run with one track and one likely place on the Wednesday of the week."""
    run_id = stored.save_run(store, [], as_of=AS_OF, params={}, summary={}, actor="t", now=AS_OF)
    stop = {
        "area_code": f"{district}001001", "name": "试村", "district_code": district,
        "lon": 112.03, "lat": 23.03, "day": (WEEK + timedelta(days=2)).isoformat(),
        "from_s": 30_600, "to_s": 43_200, "chance": 0.4, "reasons": [],
    }  # fmt: skip
    with store.write() as conn:
        conn.execute(
            insert(alerts).values(
                alert_id="A1", run_id=run_id, district_code=district, kind="track", rank=0,
                topic="unlicensed_practice", from_on="2026-02-01", to_on="2026-02-20", n_leads=4,
                score=9.0, document=json.dumps({"stops": [stop], "complaint_ids": []}),
            )
        )  # fmt: skip
    return "A1"


def test_a_run_reads_nothing_that_became_known_later(planned_store):
    """A replay that knows the future is worth nothing."""
    early = AS_OF - timedelta(days=200)
    leads = signal_runs._leads(planned_store, QUICK, scope=EVERYTHING, as_of=early)
    assert len(leads)
    assert (leads["received_at"] < early.timestamp()).all()
    run_id = signal_runs.compute(planned_store, QUICK, as_of=early, actor=COMMAND_LINE, now=AS_OF)
    assert stored.latest_run(planned_store)["run_id"] == run_id
    assert stored.latest_run(planned_store, as_of=early - timedelta(days=1)) is None


def test_an_empty_store_has_no_signals(empty_store):
    """No leads is no error."""
    signal_runs.compute(empty_store, QUICK, as_of=AS_OF, actor=COMMAND_LINE, now=AS_OF)
    run, found = signals.alerts_of(empty_store, scope=EVERYTHING)
    assert run["summary"]["n_leads"] == 0
    assert found == []


def test_alerts_keep_to_their_district(planned_store):
    """A district reads what its own leads show; the city's alerts hold leads of others."""
    with_track(planned_store)
    assert [a["alert_id"] for a in signals.alerts_of(planned_store, scope=OWN)[1]] == ["A1"]
    assert signals.alerts_of(planned_store, scope=OTHER)[1] == []
    assert signals.alerts_of(planned_store, scope=EVERYTHING)[1] == []


def test_a_stakeout_wish_becomes_a_candidate_with_its_hours(planned_store):
    """What the manager asked for must stand before the planner, at the hours it makes sense."""
    alert = with_track(planned_store)
    first = signals.wish_stakeout(planned_store, alert, 0, actor=COMMAND_LINE, scope=OWN, now=AS_OF)
    again = signals.wish_stakeout(planned_store, alert, 0, actor=COMMAND_LINE, scope=OWN, now=AS_OF)
    assert first == again
    found = load_candidates(
        planned_store, SETTINGS.planning.candidates, severity={"unlicensed_practice": 10.0},
        scope=OWN, week_start=WEEK, as_of=AS_OF, limit=500,
    )  # fmt: skip
    visit = next(v for v in found.visits if v.kind == "stakeout")
    assert visit.windows == ((2, 30_600, 43_200 - visit.service_s),)
    assert visit.prize == round(100 * 10 * 0.4 * 0.5)
    signals.withdraw_stakeout(planned_store, first, actor=COMMAND_LINE, scope=OWN, now=AS_OF)
    assert signals.wishes_of(planned_store, WEEK, scope=OWN) == []


def test_who_may_not_wish_or_see_gets_nothing(planned_store):
    """Rights and districts hold for wishes as for all else."""
    alert = with_track(planned_store)
    signing_in.add_account(planned_store, "field", roles=["officer"], districts=[DISTRICT])
    with pytest.raises(ForbiddenError):
        signals.wish_stakeout(planned_store, alert, 0, actor="field", scope=OWN, now=AS_OF)
    with pytest.raises(NotFoundError):
        signals.wish_stakeout(planned_store, alert, 0, actor=COMMAND_LINE, scope=OTHER, now=AS_OF)
    with pytest.raises(ForbiddenError):
        drawn(planned_store, actor="field")


def test_a_week_is_drawn_once_and_can_be_checked(planned_store):
    """Nobody draws until he likes what comes, and anybody can replay the draw."""
    draw_id = drawn(planned_store)
    before = explorations.load_visits(planned_store, scope=EVERYTHING, week_start=WEEK)
    assert drawn(planned_store) == draw_id
    after = explorations.load_visits(planned_store, scope=EVERYTHING, week_start=WEEK)
    pd.testing.assert_frame_equal(before, after)
    assert len(before)
    assert exploration.replay(planned_store, draw_id, scope=OWN)
    with pytest.raises(NotFoundError):
        explorations.load_frame(planned_store, draw_id, scope=OTHER)


def test_drawn_cells_are_required_visits_with_their_chance(planned_store):
    """A random arm whose visits the optimiser may drop is not random."""
    drawn(planned_store)
    listed = explorations.load_visits(planned_store, scope=EVERYTHING, week_start=WEEK)
    found = load_candidates(
        planned_store, SETTINGS.planning.candidates, severity={}, scope=OWN, week_start=WEEK,
        as_of=AS_OF, limit=500,
    )  # fmt: skip
    own = [v for v in found.visits if v.inclusion_prob is not None]
    assert {v.cell_id for v in own} == set(listed["cell_id"])
    assert all(v.required and v.kind == "sweep" and 0 < v.inclusion_prob <= 1 for v in own)
    cells = [v.cell_id for v in found.visits if v.kind == "sweep"]
    assert len(cells) == len(set(cells))


def test_a_visit_not_made_is_non_response_and_enters_the_estimate(planned_store):
    """Left-out doors must show, or the estimate is of the easy ones."""
    drawn(planned_store)
    listed = explorations.load_visits(planned_store, scope=EVERYTHING, week_start=WEEK)
    cell = str(listed["cell_id"].iloc[0])
    exploration.record_non_response(
        planned_store, WEEK, cell, reason="closed_door", actor=COMMAND_LINE, scope=OWN, now=AS_OF
    )
    due = exploration.visits_due(planned_store, SETTINGS.exploration, scope=OWN, as_of=AS_OF)
    assert list(due["made"]) == [False]
    run = exploration.scores.latest_run(planned_store, scope=OWN)
    told = exploration.report(planned_store, SETTINGS.exploration, run=run, scope=OWN, as_of=AS_OF)
    assert (told.estimate.n_drawn, told.estimate.n_made, told.estimate.share) == (1, 0, None)
    assert told.alarm.state == "too_few"
    earlier = exploration.visits_due(
        planned_store, SETTINGS.exploration, scope=OWN, as_of=AS_OF - timedelta(seconds=1)
    )
    assert len(earlier) == 0
    with pytest.raises(NotFoundError):
        exploration.record_non_response(
            planned_store, WEEK, cell, reason="moved", actor=COMMAND_LINE, scope=OTHER, now=AS_OF
        )
    left = exploration.required_visits(
        planned_store, SETTINGS.planning.candidates, scope=OWN, week_start=WEEK, as_of=AS_OF
    )
    assert cell not in {visit.cell_id for visit in left}


def test_the_share_of_hours_sets_the_number_of_visits():
    """Fifteen percent of the hours, no more."""
    capacity = exploration.Capacity(team_size=2, max_teams=40, day_s=28_800)
    n = exploration.wanted_visits(
        20, SETTINGS.exploration, candidates=SETTINGS.planning.candidates, capacity=capacity
    )
    assert n == round(0.15 * 10 * 5 * 8 / (160 / 60))
    assert (
        exploration.wanted_visits(
            1, SETTINGS.exploration, candidates=SETTINGS.planning.candidates, capacity=capacity
        )
        == 0
    )
    assert exploration.days_of(date(2026, 3, 2)) == (date(2026, 3, 2), date(2026, 3, 8))


def test_screens_read_the_report_that_the_step_after_scoring_kept(planned_store, monkeypatch):
    """A page that computes what a job knows makes everybody wait; a district reads its own."""
    run = exploration.scores.latest_run(planned_store, scope=EVERYTHING)
    assert exploration_kept.load(planned_store, run=run, scope=EVERYTHING) is None
    settings = replace(SETTINGS, signals=QUICK)
    signal_step.run(planned_store, settings, as_of=run.as_of, actor=COMMAND_LINE)
    expected = {
        scope: exploration.report(
            planned_store, SETTINGS.exploration, run=run, scope=scope, as_of=run.as_of
        )
        for scope in (EVERYTHING, OWN)
    }
    monkeypatch.setattr(exploration, "report", None)
    for scope, told in expected.items():
        kept = exploration_kept.load(planned_store, run=run, scope=scope)
        assert (kept.estimate, kept.alarm) == (told.estimate, told.alarm)
        assert (kept.n_cells, kept.by_cell) == (told.n_cells, told.by_cell)
        assert kept.model_share == pytest.approx(told.model_share)
        assert len(kept.week) == len(told.week) > 0
    several = replace(OWN, districts=frozenset({DISTRICT, "990199"}))
    for nobody in (OTHER, several):
        assert exploration_kept.load(planned_store, run=run, scope=nobody) is None


def test_alerts_carry_no_figures_of_other_districts(planned_store):
    """The kept figures are of all districts: a page gets its own part of them only."""
    kept = {exploration_kept.KEY: {"990199": {"n_cells": 1}}, "n_leads": 3, "n_unplaced": 1}
    stored.save_run(planned_store, [], as_of=AS_OF, params={}, summary=kept, actor="t", now=AS_OF)
    run, _ = signals.alerts_of(planned_store, scope=OWN)
    assert run["summary"] == {"n_leads": 3, "n_unplaced": 1}


def test_wishes_of_later_weeks_are_listed_until_taken_back(planned_store):
    """A stake-out in the week after next must be seen, or nobody can take it back."""
    alert = with_track(planned_store)
    wish = signals.wish_stakeout(planned_store, alert, 0, actor=COMMAND_LINE, scope=OWN, now=AS_OF)
    early = AS_OF - timedelta(weeks=2)
    listed = signals.standing_wishes(planned_store, scope=OWN, as_of=early)
    assert [(w["wish_id"], w["on"]) for w in listed] == [(wish, WEEK + timedelta(days=2))]
    assert signals.standing_wishes(planned_store, scope=OTHER, as_of=early) == []
    late = AS_OF + timedelta(weeks=2)
    assert signals.standing_wishes(planned_store, scope=OWN, as_of=late) == []
    signals.withdraw_stakeout(planned_store, wish, actor=COMMAND_LINE, scope=OWN, now=AS_OF)
    assert signals.standing_wishes(planned_store, scope=OWN, as_of=early) == []


def test_an_alert_opens_the_nearest_scored_cell():
    """The middle of a track may lie where no cell was scored."""
    cells = pd.DataFrame({"cell_id": ["a", "b"], "lon": [112.0, 112.2], "lat": [23.0, 23.0]})
    assert signals.nearest_cell(cells, lon=112.15, lat=23.05) == "b"
    assert signals.nearest_cell(cells.iloc[:0], lon=112.15, lat=23.05) is None
