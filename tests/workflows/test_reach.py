"""What the teams reach from their bases, and how far the cells are from the seat."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import shapely

from data.scope import EVERYTHING, Scope
from data.store.rows import save_rows
from geo import isochrones, road_network
from geo.road_speeds import RoadParams
from tests.conftest import AS_OF
from tests.geo.roads import degrees, lines, road
from tests.workflows import scored_cells
from workflows import reach, seat_minutes
from workflows.travel import Ways

ELSEWHERE = Scope(user="x", districts=frozenset({"990199"}), sealed=None)
ROADS = lines(road((0, 0), (4000, 0)), road((4000, 0), (9000, 0)))
BASES = degrees([(0, 0), (9000, 0)])


@pytest.fixture
def ways():
    """Return ways along one road of nine kilometres, driven at 36 km/h."""
    return Ways(ROADS, roads=RoadParams(speed_kmh={"secondary": 36.0}))


def hold_roads(store):
    """Put the road through the small city's store."""
    with store.write() as conn:
        save_rows(conn, "roads", ROADS, import_id=None, known_on=datetime(2025, 1, 1, tzinfo=UTC))


def test_one_search_for_all_bases_finds_what_one_by_one_finds():
    """Fifteen bases took half a minute one by one."""
    params = RoadParams(speed_kmh={"secondary": 36.0})
    net = road_network.make_network(ROADS, params=params)
    together = isochrones.isochrones_of_nearest(net, BASES, minutes=(2, 5), params=params)
    for k, area in enumerate(together):
        one_by_one = shapely.union_all(
            [
                isochrones.isochrones(net, lon, lat, minutes=(2, 5), params=params)[k]
                for lon, lat in BASES.tolist()
            ]
        )
        assert area.symmetric_difference(one_by_one).area < 0.01 * one_by_one.area


def test_without_roads_the_reach_is_a_circle_and_says_so(planned_store):
    """30 km/h over a detour of 1.4: 5.4 km in a quarter of an hour."""
    drawn = reach.reach_layer(planned_store, scope=EVERYTHING, as_of=AS_OF)
    assert drawn["estimate"]
    assert drawn["minutes"] == [15, 30, 60, 90]
    ring = np.array(drawn["rings"][0][0]).reshape(-1, 2) / 1e5
    lon, lat = np.array(drawn["bases"][0]) / 1e5
    away_km = np.hypot((ring[:, 0] - lon) * np.cos(np.radians(lat)), ring[:, 1] - lat) * 111.32
    assert away_km == pytest.approx(30 / 4 / 1.4, rel=0.01)


def test_with_roads_it_follows_them(planned_store):
    """The note under the map changes with it."""
    hold_roads(planned_store)
    assert not reach.reach_layer(planned_store, scope=EVERYTHING, as_of=AS_OF)["estimate"]


def test_the_reader_of_another_district_sees_no_base(planned_store):
    """Where teams sleep is for their own district."""
    drawn = reach.reach_layer(planned_store, scope=ELSEWHERE, as_of=AS_OF)
    assert drawn["bases"] == []
    assert drawn["rings"] == [[], [], [], []]


def test_kept_ground_is_read_without_the_network(ways, tmp_path):
    """The second reader does not wait."""
    ways.folder = tmp_path
    found = reach.reached_ground(ways, BASES, minutes=(2, 5))
    again = Ways(ways.lines, roads=ways.roads, folder=tmp_path)
    kept = reach.reached_ground(again, BASES, minutes=(2, 5))
    assert [a.equals(b) for a, b in zip(found, kept, strict=True)] == [True, True]
    assert "network" not in vars(again)


def test_residents_and_risk_add_up(planned_store):
    """Districts sum to the whole, longer times never hold less."""
    near, far = scored_cells.cell(112.0, 23.0), scored_cells.cell(114.0, 23.0, population=50.0)
    run = scored_cells.saved(planned_store, near, far)
    found = reach.within(planned_store, run, scope=EVERYTHING)
    table = found.table.set_index("measure")
    people = table.loc["population"]
    whole = people[people["district_code"].isna()].iloc[0]
    assert whole["total"] == 150.0
    assert whole["15"] <= whole["30"] <= whole["60"] <= whole["90"] <= whole["total"]
    assert people[people["district_code"].notna()]["total"].sum() == 150.0
    assert found.n_estimated == found.n_cells == 2


def test_minutes_to_the_seat_say_where_they_come_from(planned_store):
    """A cell off the road has the road's minutes and the way across, and is marked."""
    hold_roads(planned_store)
    points = degrees([(0, 0), (8000, 100), (8000, 6000)])
    cells = pd.DataFrame(
        [
            scored_cells.cell(lon, lat, population=people)
            for (lon, lat), people in zip(points.tolist(), (900.0, 5.0, 5.0), strict=True)
        ]
    )
    nobody = pd.DataFrame({"lon": [], "lat": [], "population": []})
    found = seat_minutes.with_minutes(
        planned_store, cells, nobody, scope=EVERYTHING, as_of=datetime(2026, 3, 2, tzinfo=UTC)
    )
    assert found["minutes_source"].tolist() == ["road", "road", "estimate"]
    assert found["minutes_to_seat"].iloc[0] == 0.0
    assert found["minutes_to_seat"].iloc[2] > found["minutes_to_seat"].iloc[1] + 10.0
    assert found["is_remote"].iloc[0] == 0


def test_a_run_without_minutes_is_still_read(planned_store):
    """Runs of an earlier version stay open to everybody."""
    run = scored_cells.saved(planned_store, scored_cells.cell(112.0, 23.0))
    assert reach.within(planned_store, run, scope=EVERYTHING).n_cells == 1
