"""A leg that no road leads is an estimate, and everything that shows it says so."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import gpxpy
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from data.scope import EVERYTHING
from data.store import documents
from data.store import plans as stored_plans
from data.store.rows import save_rows
from tests.conftest import AS_OF
from tests.geo.roads import degrees, lines, road
from tests.workflows import plans
from tests.workflows import weeks_of_work as work
from ui import tables
from workflows import access, estimated_legs, exports, map_layers, plan_edits, plan_problem, travel
from workflows.plan_changes import Remove
from workflows.planning import PlanningParams
from workflows.travel import Ways

ROADS = lines(road((0, 0), (1000, 0)), road((1000, 0), (1000, 3000)))
ON_ROAD, OFF_ROAD = degrees([(1000, 900), (4000, 0)]).tolist()


@pytest.fixture
def plan():
    """Return a plan by road: base on the road, a stop on it, a stop that no road leads to."""
    visits = [
        plans.visit(n, lon=lon, lat=lat) for n, (lon, lat) in enumerate((ON_ROAD, OFF_ROAD), 1)
    ]
    made = plans.plan(*visits, travel_is_estimate=False)
    ways = Ways(ROADS)
    matrix = ways.matrix(plan_problem.places(made.teams, visits))
    routes = estimated_legs.marked(made.routes, made.teams, visits, matrix.estimated)
    return replace(made, routes=ways.with_paths(routes, made.teams))


def test_the_route_knows_its_estimated_legs(plan):
    """To the stop off the road and back from it; the leg along the road is by road."""
    assert [route.estimated_legs for route in plan.routes] == [(1, 2), ()]
    assert documents.to_plan(documents.to_text(plan)) == plan


def test_a_stored_plan_without_the_field_is_read_and_not_saved_anew(planned_store, plan):
    """Plans of an earlier version stay as they are."""
    older = documents.to_text(plan).replace('"estimated_legs":[],', "")
    assert older.count("estimated_legs") == 1
    assert documents.to_plan(older) == plan
    plan = replace(plan, routes=tuple(replace(r, estimated_legs=()) for r in plan.routes))
    stored_plans.save_plan(planned_store, plan, actor="test")
    stored_plans.save_plan(planned_store, plan, actor="test")
    with planned_store.read() as conn:
        assert stored_plans.held(conn, plan.plan_id, scope=EVERYTHING).revision == 1


def test_the_route_sheet_says_it_per_stop(plan):
    """An officer with the paper in hand sees which arrival is a guess."""
    sheet = openpyxl.load_workbook(io.BytesIO(exports.workbook(plan, language="zh")))["队 A"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][9] == "路途"
    assert [row[9] for row in rows[1:4]] == ["道路", "推算", "推算"]


def test_the_list_on_the_page_says_it_per_stop(plan):
    """The planner sees it where he moves stops about."""
    assert list(tables.timetable(plan, 0, teams=["A"])["路途"]) == ["道路", "推算"]
    whole = replace(plan, travel_is_estimate=True)
    assert list(tables.timetable(whole, 0, teams=["A"])["路途"]) == ["推算", "推算"]


def test_the_map_line_is_cut_where_it_is_a_guess(plan):
    """A dashed line that follows no road must not look like a way to drive."""
    payload = map_layers.plan_layer(plan)
    assert payload["some_estimated"]
    assert not payload["estimate"]
    (route,) = payload["routes"]
    (by_road, along), (guessed, across) = route["parts"]
    assert (by_road, guessed) == (0, 1)
    assert len(along) == 2 * 3
    assert len(across) == 2 * 3
    assert along[-2:] == across[:2]
    assert [*along, *across[2:]] == route["path"]
    assert [stop["estimate"] for stop in route["stops"]] == [0, 1]


def test_the_device_gets_estimated_legs_as_a_track_of_their_own(plan):
    """A device that guides along a straight line must be able to tell why."""
    document = gpxpy.parse(exports.gpx(plan, language="zh").decode())
    driven, guessed = document.tracks
    assert driven.description is None
    assert guessed.description == "路途为直线推算"
    assert [len(part.points) for part in (*driven.segments, *guessed.segments)] == [3, 3]
    said = [point.description for point in document.routes[0].points]
    assert said == [None, None, "路途为直线推算", "路途为直线推算"]


def test_two_stops_at_one_door_are_no_estimate():
    """No way is no guess, also off the road."""
    nowhere = np.ones((3, 3), dtype=bool)
    assert estimated_legs.of_places([0, 2, 2, 0], nowhere) == (0, 2)
    assert estimated_legs.of_places([0, 2, 2, 0], None) == ()


def _roads_of_the_west(store):
    """Return one long road past the western half of the planned visits."""
    found = stored_plans.list_plans(store, scope=EVERYTHING)["plan_id"].iloc[0]
    planned = stored_plans.load_plan(store, found, scope=EVERYTHING)
    doors = [(s.visit.lon, s.visit.lat) for r in planned.routes for s in r.stops]
    doors += [(t.base_lon, t.base_lat) for t in planned.teams]
    west = sorted(set(doors))[: len(set(doors)) // 2]
    shape = shapely.to_wkb(shapely.LineString(west))
    return pd.DataFrame([{"highway": "secondary", "shape": shape}])


def test_a_plan_of_a_store_and_its_edits_know_their_estimated_legs(planned_store):
    """Made by the planner or changed by hand: a leg says what the matrix says of its pair."""
    with planned_store.write() as conn:
        save_rows(
            conn, "roads", _roads_of_the_west(planned_store), import_id=None,
            known_on=datetime(2025, 1, 1, tzinfo=UTC),
        )  # fmt: skip
    plan = work.planned(planned_store)

    def wanted(plan):
        ways = travel.ways_for(
            planned_store, scope=EVERYTHING, as_of=plan.as_of,
            roads=PlanningParams().roads, straight=PlanningParams().travel,
        )  # fmt: skip
        legs = {}
        for route in plan.routes:
            base = next((t.base_lon, t.base_lat) for t in plan.teams if t.team_id == route.team_id)
            places = [base, *((s.visit.lon, s.visit.lat) for s in route.stops), base]
            matrix = ways.matrix(np.array(places))
            legs[route.team_id, route.day] = tuple(
                k for k in range(len(places) - 1)
                if places[k] != places[k + 1] and matrix.estimated[k, k + 1]
            ) if route.stops else ()  # fmt: skip
        return legs

    def told(plan):
        return {(r.team_id, r.day): r.estimated_legs for r in plan.routes}

    assert not plan.travel_is_estimate
    n_legs = sum(len(r.stops) + 1 for r in plan.routes if r.stops)
    assert 0 < sum(map(len, told(plan).values())) < n_legs
    assert told(plan) == wanted(plan)
    full = next(route for route in plan.routes if len(route.stops) > 2)
    free = [stop.visit.visit_id for stop in full.stops if not stop.visit.required]
    edited = plan_edits.change_plan(
        planned_store, plan.plan_id, Remove(visit_id=free[1]), revision=1, key="k",
        actor=access.COMMAND_LINE, scope=EVERYTHING, now=AS_OF, params=PlanningParams(),
    ).plan  # fmt: skip
    assert told(edited) == wanted(edited)
