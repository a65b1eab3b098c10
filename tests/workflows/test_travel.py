"""Times and ways of a plan: by road where roads are known, kept on disk, never stale."""

import os
import threading
from dataclasses import replace
from datetime import UTC, datetime

import gpxpy
import numpy as np
import pandas as pd
import pytest

from data.scope import EVERYTHING, Scope
from data.store.engine import open_store
from data.store.rows import save_rows
from geo import polyline
from geo.road_speeds import RoadParams
from geo.travel_times import StraightLineParams
from tests.geo.roads import degrees, lines, road
from tests.workflows import plans
from workflows import exports, map_layers, travel, travel_cache
from workflows.travel import Ways

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ROADS = lines(road((0, 0), (1000, 0)), road((1000, 0), (1000, 3000)))
POINTS = degrees([(0, 0), (1000, 900), (4000, 0)])


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def hold(store, roads):
    with store.write() as conn:
        save_rows(conn, "roads", roads, import_id=None, known_on=datetime(2026, 1, 1, tzinfo=UTC))


def test_without_roads_every_time_is_an_estimate_and_says_so(store):
    """A store without roads still plans."""
    matrix = travel.matrix_for(store, POINTS, scope=EVERYTHING, as_of=NOW)
    assert matrix.is_estimate
    assert matrix.estimated is None
    assert travel.road_warnings(matrix) == ()


def test_roads_of_the_store_are_used_and_places_without_one_are_counted(store):
    """The planner reads how many times are guesses, also in one district only."""
    hold(store, ROADS)
    scope = Scope(user="x", districts=frozenset({"441200"}), sealed=None)
    matrix = travel.matrix_for(store, POINTS, scope=scope, as_of=NOW)
    assert not matrix.is_estimate
    assert matrix.seconds[0, 1] == 152
    (warning,) = travel.road_warnings(matrix)
    assert warning.values == {"n": 1}


def test_kept_times_are_read_without_building_the_network(tmp_path):
    """The second plan of a week must not wait for what the first one found."""
    first = Ways(ROADS, folder=tmp_path).matrix(POINTS)
    again = Ways(ROADS, folder=tmp_path)
    matrix = again.matrix(POINTS)
    assert "network" not in vars(again)
    assert np.array_equal(matrix.seconds, first.seconds)
    assert np.array_equal(matrix.estimated, first.estimated)
    assert matrix.source_values == first.source_values


@pytest.mark.parametrize(
    "change",
    [
        {"roads": RoadParams(speed_kmh={"secondary": 90.0})},
        {"straight": StraightLineParams(speed_kmh=20.0)},
        {"lines": ROADS.iloc[:1]},
    ],
)
def test_kept_times_are_not_used_when_anything_changed(tmp_path, change):
    """Times of last year's roads would be silently wrong."""
    first = Ways(ROADS, folder=tmp_path).matrix(POINTS)
    given = {"lines": ROADS, **change}
    changed = Ways(given.pop("lines"), folder=tmp_path, **given).matrix(POINTS)
    assert not np.array_equal(changed.seconds, first.seconds)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_file_is_computed_anew(tmp_path, caplog):
    """A full disk or a kill must not stop planning."""
    first = Ways(ROADS, folder=tmp_path).matrix(POINTS)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    assert np.array_equal(Ways(ROADS, folder=tmp_path).matrix(POINTS).seconds, first.seconds)
    assert "can't be read" in caplog.text


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, caplog):
    """Keeping times is a help, not a need."""
    (tmp_path / "file").write_text("")
    matrix = Ways(ROADS, folder=tmp_path / "file").matrix(POINTS)
    assert matrix.seconds[0, 1] == 152
    assert "could not be kept" in caplog.text


def _times(n):
    return travel_cache.KeptTimes(
        seconds=np.arange(n * n, dtype=np.int32).reshape(n, n),
        estimated=np.eye(n, dtype=bool),
        has_road=np.ones(n, dtype=bool),
    )


def test_the_folder_stays_bounded_and_loses_what_was_used_longest_ago(tmp_path):
    """Every week brings new places; the disk does not grow with them."""
    for k in range(4):
        travel_cache.write_times(tmp_path, f"k{k}", _times(50), max_bytes=10**9)
        os.utime(tmp_path / f"k{k}.npz", (1000 + k, 1000 + k))
    size = (tmp_path / "k0.npz").stat().st_size
    (tmp_path / "dead.1.part").write_bytes(b"x")
    os.utime(tmp_path / "dead.1.part", (1000, 1000))
    assert travel_cache.read_times(tmp_path, "k0") is not None
    travel_cache.write_times(tmp_path, "k4", _times(50), max_bytes=3 * size)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k0.npz", "k3.npz", "k4.npz"]


def test_two_writers_and_a_reader_never_see_half_a_file(tmp_path):
    """Two planners may work on one week at the same moment."""
    times, bad = _times(200), []

    def write():
        for _ in range(15):
            travel_cache.write_times(tmp_path, "k", times)

    def read():
        for _ in range(60):
            seen = travel_cache.read_times(tmp_path, "k")
            if seen is not None and not np.array_equal(seen.seconds, times.seconds):
                bad.append(seen)

    threads = [threading.Thread(target=what) for what in (write, write, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bad == []
    assert [path.name for path in tmp_path.iterdir()] == ["k.npz"]


def test_routes_get_the_way_along_the_roads_and_standby_days_none():
    """The map and the device show where to drive."""
    (lon, lat), *_ = degrees([(1000, 900)])
    plan = plans.plan(plans.visit(1, lon=float(lon), lat=float(lat)))
    base = (plan.teams[0].base_lon, plan.teams[0].base_lat)
    routes = Ways(ROADS).with_paths(plan.routes, plan.teams)
    assert base == (112.0, 23.0)
    corners = [(0, 0), (1000, 0), (1000, 900), (1000, 0), (0, 0)]
    drawn = polyline.decode(routes[0].path)
    assert drawn == pytest.approx(degrees(corners), abs=2e-5)
    assert [route.path for route in routes if not route.stops] == [""]
    nothing = pd.DataFrame({"highway": [], "shape": []})
    assert Ways(nothing).with_paths(plan.routes, plan.teams) == plan.routes


def test_residents_within_reach_of_the_nearest_base():
    """Half an hour by road is what a manager asks of a new base."""
    people = pd.DataFrame(
        {
            **dict(zip(("lon", "lat"), degrees([(500, 0), (1000, 2900)]).T, strict=True)),
            "population": [100.0, 300.0],
        }
    )
    share = travel.residents_within(Ways(ROADS), degrees([(0, 0)]), people, minutes=(2, 15))
    assert share == {2: 0.25, 15: 1.0}


def test_map_and_device_follow_the_roads_of_a_plan():
    """What officers see is what the times were counted for; the stops keep their names."""
    (lon, lat), *_ = degrees([(1000, 900)])
    plan = plans.plan(plans.visit(1, lon=float(lon), lat=float(lat)))
    plan = replace(plan, routes=Ways(ROADS).with_paths(plan.routes, plan.teams))
    (drawn,) = map_layers.plan_layer(plan)["routes"]
    assert len(drawn["path"]) == 2 * 5
    assert drawn["path"][:2] == drawn["path"][-2:] == [11_200_000, 2_300_000]
    document = gpxpy.parse(exports.gpx(plan, language="zh").decode())
    assert len(document.tracks[0].segments[0].points) == 5
    assert len(document.routes[0].points) == 3
