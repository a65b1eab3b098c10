"""A small made-up plan for tests of what is done with plans."""

from datetime import date, datetime

from data.records import LeftOut, Message, Plan, Route, Stop, Team, Visit
from data.schema import TIME_ZONE


def visit(number=1, **more):
    """Return a visit; keyword arguments replace its fields."""
    fields = {
        "visit_id": f"V{number}",
        "kind": "routine",
        "place_name": f"测试诊所{number}",
        "lon": 112.0 + number / 100,
        "lat": 23.0,
        "prize": 120,
        "service_s": 2700,
        "windows": ((0, 30600, 61200),),
        "reasons": (Message("所在网格风险较高"),),
    }
    return Visit(**{**fields, **more})


def plan(*visits, left_out=(), **more):
    """Return a plan of one team whose Monday holds the given visits, an hour apart."""
    stops = tuple(
        Stop(
            visit=each,
            arrive_s=32400 + 3600 * n,
            start_s=32400 + 3600 * n,
            depart_s=32400 + 3600 * n + each.service_s,
        )
        for n, each in enumerate(visits)
    )
    moment = datetime(2026, 3, 5, 9, tzinfo=TIME_ZONE)
    fields = {
        "plan_id": "p1",
        "week_start": date(2026, 3, 9),
        "district_code": None,
        "as_of": moment,
        "created_at": moment,
        "status": "draft",
        "seed": 0,
        "teams": (
            Team(
                team_id="A",
                officer_ids=("O1", "O2"),
                base_lon=112.0,
                base_lat=23.0,
                days=(0, 1, 2, 3, 4),
            ),
        ),
        "routes": (
            Route(team_id="A", day=0, leave_s=30600, back_s=50000, travel_s=1800, stops=stops),
            Route(team_id="A", day=1, leave_s=30600, back_s=30600, travel_s=0, stops=()),
        ),
        "left_out": tuple(left_out),
        "prize": sum(each.prize for each in visits),
        "upper_bound": 1000,
        "travel_s": 1800,
        "travel_is_estimate": True,
        "runtime_s": 1.0,
    }
    return Plan(**{**fields, **more})


def left_out(number=9, **more):
    """Return a visit that stayed out, with its reason."""
    return LeftOut(
        visit=visit(number, **more),
        reason=Message("距上次到访不足 {d} 天", {"d": 30}),
        cheapest_fix=None,
    )
