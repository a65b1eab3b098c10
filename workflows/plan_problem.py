"""From teams, visits and travel times to the problem that the solver and every edit work on."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import Team, Visit
from routing import problem as routing_problem
from routing import rules
from routing.problem import PatrolProblem

if TYPE_CHECKING:
    from workflows.planning import ShiftParams

Place = tuple[float, float]


def shift_id(team_id: str, day: int) -> str:
    """Return the name of one team's day."""
    return f"{team_id}-{day}"


def barred_teams(
    visits: Sequence[Visit], teams: Sequence[Team], recusals: pd.DataFrame
) -> dict[str, tuple[str, ...]]:
    """Return the teams that must not make a visit, because a member has an interest there."""
    barred: dict[str, set[str]] = {}
    for officer_id, facility_id in zip(
        recusals["officer_id"], recusals["facility_id"], strict=True
    ):
        for team in teams:
            if officer_id in team.officer_ids:
                barred.setdefault(facility_id, set()).add(team.team_id)
    return {
        visit.visit_id: tuple(sorted(barred[visit.facility_id]))
        for visit in visits
        if visit.facility_id in barred
    }


def districts_of(teams: Sequence[Team], officers: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Return the districts that the members of each team belong to."""
    district = dict(zip(officers["officer_id"], officers["district_code"], strict=True))
    return {
        team.team_id: frozenset(district[o] for o in team.officer_ids if o in district)
        for team in teams
    }


def bases(teams: Sequence[Team]) -> list[Place]:
    """Return where teams start from, in a fixed order."""
    return sorted({(team.base_lon, team.base_lat) for team in teams})


def doors(visits: Sequence[Visit]) -> list[Place]:
    """Return where visits are made, in a fixed order, so that equal places give equal times."""
    return sorted({(visit.lon, visit.lat) for visit in visits})


def places(teams: Sequence[Team], visits: Sequence[Visit]) -> NDArray[np.float64]:
    """Return the places of the problem: the bases, then the doors, lon and lat."""
    return np.array([*bases(teams), *doors(visits)], dtype=float)


def make_problem(
    name: str,
    params: "ShiftParams",
    *,
    visits: Sequence[Visit],
    teams: Sequence[Team],
    located: Sequence[Visit],
    barred: Mapping[str, tuple[str, ...]],
    districts: Mapping[str, frozenset[str]],
    travel_s: NDArray[np.int32],
) -> PatrolProblem:
    """
    Return the problem of a week.

    Parameters
    ----------
    visits
        What may be planned.
    located
        The visits whose doors ``travel_s`` has, as given to ``places``: ``visits`` and others.
    barred
        Visit → teams that must not make it.
    districts
        Team → districts of its members.
    travel_s
        Seconds between the places of ``places(teams, located)``.
    """
    at_base = {base: number for number, base in enumerate(bases(teams))}
    at_place = {place: len(at_base) + number for number, place in enumerate(doors(located))}
    return routing_problem.from_json(
        {
            "name": name,
            "travel_s": travel_s,
            "visits": [
                {
                    "id": visit.visit_id,
                    "location": at_place[visit.lon, visit.lat],
                    "service_s": visit.service_s,
                    "prize": visit.prize,
                    "required": visit.required,
                    "windows": [list(window) for window in visit.windows],
                    "group": visit.district_code,
                    "needs": list(visit.needs),
                    "forbidden_teams": list(barred.get(visit.visit_id, ())),
                    "teams": _allowed(visit, teams, districts),
                }
                for visit in visits
            ],
            "shifts": [
                _shift(team, day, params, base=at_base[team.base_lon, team.base_lat])
                for team in teams
                for day in team.days
            ],
            "quotas": [],
        }
    )


def _allowed(
    visit: Visit, teams: Sequence[Team], districts: Mapping[str, frozenset[str]]
) -> list[str] | None:
    allowed = [team.team_id for team in teams if _may_enter(districts[team.team_id], visit)]
    return None if len(allowed) == len(teams) else allowed


def _may_enter(districts: frozenset[str], visit: Visit) -> bool:
    """Own jurisdiction only, for each member of the team."""
    return not any(rules.check_jurisdiction([own], visit.district_code) for own in districts)


def _shift(team: Team, day: int, params: "ShiftParams", *, base: int) -> dict[str, object]:
    return {
        "id": shift_id(team.team_id, day),
        "team": team.team_id,
        "day": day,
        "start_location": base,
        "end_location": base,
        "start_s": params.start_s,
        "end_s": params.end_s,
        "break": {
            "duration_s": params.lunch_s,
            "from_s": params.lunch_from_s,
            "to_s": params.lunch_to_s,
        },
        "skills": list(team.skills),
    }
