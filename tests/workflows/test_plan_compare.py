"""Figures of plans side by side, and what more or fewer hands are worth."""

import pytest

from data.scope import EVERYTHING
from data.store import plans
from routing.solve import SolverParams
from tests.conftest import AS_OF
from tests.workflows.plans import plan, visit
from workflows import access, plan_compare, plan_ground, plan_margins
from workflows.planning import PlanningParams


def test_figures_add_up():
    """A comparison is only worth looking at if its numbers are those of the plans."""
    made = plan(
        visit(1, area_code="990101001002", cell_id="c1"),
        visit(2, area_code="990101001003", cell_id="c2"),
        visit(3),
    )
    found = plan_compare.figures(made, class_of={"c1": "111"})
    assert (found.value, found.n_visits) == (3.6, 3)
    assert found.by_township == {"990101001": 2, "": 1}
    assert found.by_class == {"111": 1, "": 2}
    assert found.on_site_h == pytest.approx(2.25)
    assert found.travel_h == pytest.approx(0.5)
    assert found.share_of_bound == pytest.approx(0.36)


def test_more_hands_are_never_worth_less_and_the_values_are_kept(planned_store):
    """A price with the wrong sign would send a bureau shopping for nothing."""
    plan_id = plans.list_plans(planned_store, scope=EVERYTHING)["plan_id"].iloc[0]
    assert plan_margins.read_margins(planned_store, plan_id, scope=EVERYTHING) is None
    values = plan_margins.make_margins(
        planned_store, plan_id, PlanningParams(), scope=EVERYTHING, actor=access.COMMAND_LINE,
        now=AS_OF, seconds=0.3,
    )  # fmt: skip
    assert values["team"] >= 0
    assert values["half_hour"] >= 0
    assert values["car"] <= 0
    assert plan_margins.read_margins(planned_store, plan_id, scope=EVERYTHING) == values


def test_one_car_less_loses_what_no_other_team_can_take(planned_store):
    """With fixed effort the loss is at most what the dropped team had planned."""
    made = plans.load_plan(
        planned_store,
        plans.list_plans(planned_store, scope=EVERYTHING)["plan_id"].iloc[0],
        scope=EVERYTHING,
    )
    ground = plan_ground.make_ground(planned_store, made, PlanningParams(), scope=EVERYTHING)
    told = []
    values = plan_margins.margins_of(
        ground, made, solver=SolverParams(iterations=300), progress=lambda s, _: told.append(s)
    )
    assert values["base"] > 0
    assert -values["car"] < values["base"]
    assert told == [0.0, 0.25, 0.5, 0.75]
