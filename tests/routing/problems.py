"""Small planning problems for tests: a line of places, and random ones with every feature."""

import numpy as np

from routing.problem import UNREACHABLE, PatrolProblem

START_S, END_S = 30_600, 63_000
LUNCH = {"duration_s": 3600, "from_s": 41_400, "to_s": 48_600}


def visit(name, location=1, **changes):
    """Return a visit of half an hour worth 10, open on Monday all day."""
    given = {
        "id": name,
        "location": location,
        "service_s": 1800,
        "prize": 10,
        "windows": [[0, START_S, END_S]],
    }
    return {**given, **changes}


def shift(name="T1-0", **changes):
    """Return Monday's shift of team T1 from place 0, 8:30 to 17:30, without a break."""
    given = {
        "id": name,
        "team": name.split("-")[0],
        "day": int(name.split("-")[1]),
        "start_location": 0,
        "end_location": 0,
        "start_s": START_S,
        "end_s": END_S,
    }
    return {**given, **changes}


def problem(visits, shifts, *, n_places=4, leg_s=600, travel=None, **more):
    """Return a problem; places lie on a line, ``leg_s`` apart, unless travel is given."""
    line = [[leg_s * abs(a - b) for b in range(n_places)] for a in range(n_places)]
    given = {"travel_s": travel or line, "visits": visits, "shifts": shifts, **more}
    return PatrolProblem.from_json(given)


def random_problem(seed, *, n_visits=5, n_teams=2, n_days=1):
    """Return a random problem on a 300 s raster that uses every feature of the format."""
    rng = np.random.default_rng(seed)
    n_places = n_visits + 2
    spots = rng.uniform(0, 20, (n_places, 2))
    apart = np.abs(spots[:, None] - spots[None]).sum(-1)
    travel = (np.round(apart) * 300).astype(int)
    if rng.random() < 0.3:
        travel[n_places - 1, :] = travel[:, n_places - 1] = UNREACHABLE
    teams = [f"T{t}" for t in range(n_teams)]
    visits = [_random_visit(rng, k, teams, n_days) for k in range(n_visits)]
    shifts = []
    for team in teams:
        for day in range(n_days):
            skills = [["dental"], []][int(rng.integers(2))]
            pause = dict(LUNCH) if rng.random() < 0.6 else None
            end = END_S - 3600 * int(rng.integers(0, 6))
            base = int(rng.integers(2))
            shifts.append(
                shift(
                    f"{team}-{day}", skills=skills, end_s=end, start_location=base,
                    end_location=base, **{"break": pause},
                )
            )  # fmt: skip
    names = [v["id"] for v in visits]
    more = {"quotas": [{"group": "a", "min_visits": int(rng.integers(1, 3))}]}
    if rng.random() < 0.5:
        more["alternatives"] = [names[:2]]
    if rng.random() < 0.6:
        more["together"] = [{"visits": names[2:4], "within_s": 600}]
    return PatrolProblem.from_json(
        {"travel_s": travel.tolist(), "visits": visits, "shifts": shifts, **more}
    )


def _random_visit(rng, k, teams, n_days):
    windows = []
    for day in range(n_days):
        lo = START_S + 300 * int(rng.integers(0, 40))
        windows.append([day, lo, lo + 300 * int(rng.integers(0, 60))])
        if rng.random() < 0.3:
            windows.append([day, 50_400, 52_200])
    return visit(
        f"V{k}",
        k + 2,
        service_s=300 * int(rng.integers(3, 30)),
        prize=int(rng.integers(1, 30)),
        windows=windows,
        group="ab"[int(rng.integers(2))],
        needs=["dental"] if rng.random() < 0.2 else [],
        forbidden_teams=[teams[0]] if rng.random() < 0.2 else [],
        teams=[teams[-1]] if rng.random() < 0.1 else None,
        required=bool(rng.random() < 0.15),
    )
