"""Reports that move from village to village, linked to tracks."""

from dataclasses import replace

import numpy as np
import pytest

from risk.tracks import TrackParams, find_tracks
from tests.risk import track_worlds
from tests.risk.track_worlds import DAY_S, NOW_S

QUICK = TrackParams(n_shuffles=59)


def found_in(reports, params=QUICK, seed=1):
    """Return the numbers of the reports of each track."""
    ids = reports["complaint_id"].to_numpy()
    tracks = find_tracks(reports, params, now_s=NOW_S, seed=seed)
    return [frozenset(ids[list(track.rows)]) for track in tracks], tracks


def test_planted_movers_are_found_and_little_else():
    """A van that pulls teeth in five villages in three weeks is what the bureau looks for."""
    hits = planted = told = true = 0
    for seed in range(4):
        reports, movers = track_worlds.world(seed)
        found, _ = found_in(reports)
        planted += len(movers)
        hits += sum(any(len(mover & track) >= 3 for track in found) for mover in movers)
        told += sum(len(track) for track in found)
        true += sum(max((len(mover & track) for mover in movers), default=0) for track in found)
    assert hits >= 0.75 * planted
    assert true >= 0.8 * told


def test_noise_holds_no_tracks_beyond_the_stated_rate():
    """Reports that nobody links send nobody to a stake-out."""
    n_runs = 20
    params = replace(QUICK, false_per_run=0.1)
    told = sum(
        len(found_in(track_worlds.world(100 + s, n_movers=0, n_noise=120)[0], params)[0])
        for s in range(n_runs)
    )
    assert told <= 6  # 2 expected at the stated rate; more than 6 has a chance below 1 %


def test_a_track_says_why_each_link_holds():
    """A manager must see what joins two reports, in words, before sending anybody."""
    reports, _ = track_worlds.world(1)
    _, tracks = found_in(reports)
    track = tracks[0]
    when = reports["received_at"].to_numpy()[list(track.rows)]
    assert list(when) == sorted(when)
    assert len(track.links) == len(track.rows) - 1
    templates = {reason.template for link in track.links for reason in link.reasons}
    assert {"相隔 {d} 天", "约 {n} 公里", "都提到“{word}”"} <= templates
    assert track.score == pytest.approx(sum(link.score for link in track.links))
    words = [w for link in track.links for r in link.reasons for w in r.values.values()]
    assert not any("村" in str(word) for word in words)


def test_speed_and_gap_are_believed_only_within_bounds():
    """Nobody pulls teeth in two villages 30 km apart within the hour."""
    reports, _ = track_worlds.world(2)
    slow, _ = found_in(reports, replace(QUICK, km_a_day=0.05))
    assert slow == []


def test_the_same_seed_gives_the_same_tracks_in_any_order_of_rows():
    """A track that comes and goes with the order of a file is not believed."""
    reports, _ = track_worlds.world(3)
    mixed = reports.sample(frac=1.0, random_state=5)
    assert found_in(reports)[0] == found_in(mixed)[0]


def test_later_reports_are_not_looked_at():
    """A replay must not know what came later."""
    reports, _ = track_worlds.world(1)
    early = NOW_S - 40 * DAY_S
    cut = reports[reports["received_at"] < early]
    both = [find_tracks(rows, QUICK, now_s=early, seed=1) for rows in (reports, cut)]
    ids = [
        [frozenset(rows["complaint_id"].to_numpy()[list(t.rows)]) for t in tracks]
        for rows, tracks in zip((reports, cut), both, strict=True)
    ]
    assert ids[0] == ids[1]


def test_no_reports_one_village_and_reports_without_words_or_place():
    """Thin data gives no track and no error."""
    reports, _ = track_worlds.world(1)
    assert found_in(reports.head(0))[0] == []
    assert found_in(reports.assign(area_code="990101000001", lon=112.5, lat=23.5))[0] == []
    assert found_in(reports.assign(lon=np.nan))[0] == []
    assert isinstance(found_in(reports.assign(words=None))[0], list)


def test_ten_thousand_tickets_on_one_site_are_no_track():
    """Spam stands still; it must neither be a track nor drown one."""
    reports, movers = track_worlds.world(1)
    spam = reports.iloc[[0] * 10_000].assign(
        complaint_id=[f"S{n}" for n in range(10_000)],
        received_at=NOW_S - DAY_S + np.arange(10_000),
    )
    import pandas as pd

    found, _ = found_in(pd.concat([reports, spam], ignore_index=True))
    assert any(len(mover & track) >= 3 for mover in movers for track in found)
    assert sum(name.startswith("S") for track in found for name in track) <= 1


def test_settings_that_make_no_sense_are_refused():
    """A slip in the settings file must be told at the start."""
    with pytest.raises(ValueError, match="least_places"):
        TrackParams(least_places=1)
    with pytest.raises(ValueError, match="from_m"):
        TrackParams(from_m=50_000.0)
