"""Why a visit was left out."""

from data.records import Message
from routing.solution import QuotaMissed, Unplanned


def explain_visits(problem, routes, found, *, session):
    served = set(found.served)
    return tuple(
        Unplanned(
            visit=v.visit_id,
            reason="outvalued",
            cheapest_fix=None,
            message=Message("价值低于已排任务"),
        )
        for v in problem.visits
        if v.visit_id not in served
    )


def explain_quotas(problem, found, *, fits):
    return tuple(
        QuotaMissed(group=g, short_by=n, reason="too few", message=Message("{n}", {"n": n}))
        for g, n in found.quotas_missed.items()
    )
