"""
How long an edit of a plan takes: re-timed, put to every rule, against a plan of the store.

``python -m benchmarks.plan_edits STORE_URL`` takes the plan with most teams, tries moves,
removals and additions, and prints wall and CPU time of each kind.
"""

import statistics
import sys
import time

import numpy as np

from data.scope import EVERYTHING
from data.store import plans
from data.store.engine import open_store
from errors import MedPatrolError
from workflows import plan_edits, plan_ground
from workflows.plan_changes import Add, Change, Move, Remove
from workflows.settings import read_settings

N_EACH = 40


def main(url: str) -> None:
    """Time edits and print a line per kind."""
    store, params = open_store(url), read_settings().planning
    listed = plans.list_plans(store, scope=EVERYTHING)
    plan_id = str(listed.sort_values("n_planned")["plan_id"].iloc[-1])
    plan = plans.load_plan(store, plan_id, scope=EVERYTHING)
    began = time.perf_counter()
    ground = plan_ground.ground_of(store, plan, params, scope=EVERYTHING)
    print(
        f"{len(plan.teams)} teams, {len(plan.routes)} team-days, {len(ground.visits)} visits; "
        f"made ready in {time.perf_counter() - began:.2f} s"
    )
    rng = np.random.default_rng(1)
    stops = [stop.visit.visit_id for route in plan.routes for stop in route.stops]
    for kind in ("move", "remove", "add"):
        took, refused, cpu = [], 0, time.process_time()
        for _ in range(N_EACH):
            visit = stops[int(rng.integers(len(stops)))]
            target = plan.routes[int(rng.integers(len(plan.routes)))]
            change: Change = Remove(visit_id=visit)
            if kind == "move":
                change = Move(visit_id=visit, team_id=target.team_id, day=target.day)
            if kind == "add":
                out = plan.left_out[int(rng.integers(len(plan.left_out)))]
                change = Add(visit_id=out.visit.visit_id)
            began = time.perf_counter()
            try:
                plan_edits.preview(store, plan_id, change, scope=EVERYTHING, params=params)
            except MedPatrolError:
                refused += 1
            took.append(time.perf_counter() - began)
        print(
            f"{kind:7} median {1000 * statistics.median(took):4.0f} ms, "
            f"worst {1000 * max(took):4.0f} ms, "
            f"CPU {1000 * (time.process_time() - cpu) / N_EACH:4.0f} ms, "
            f"{refused} of {N_EACH} refused by a rule"
        )


if __name__ == "__main__":
    main(sys.argv[1])
