"""The best plan of a tiny problem by trying everything: slow, and obvious."""

from itertools import permutations, product

UNREACHABLE = 2147483647


def best_value(problem):
    """
    Return (required served, quota places met, prize) of the best plan, in this order of rank.

    Tries every way to give each visit to a shift or none, every order, every place of
    the break and, for joint visits, every common span on a raster of 300 seconds.
    """
    shifts = list(problem.shifts)
    best = (0, 0, 0)
    for choice in product(range(-1, len(shifts)), repeat=len(problem.visits)):
        chosen = [(v, shifts[c]) for v, c in zip(problem.visits, choice, strict=True) if c >= 0]
        value = _value(problem, [v for v, _ in chosen])
        if value > best and _is_allowed(problem, chosen) and _has_times(problem, chosen):
            best = value
    return best


def _value(problem, served):
    met = sum(min(q.min_visits, sum(v.group == q.group for v in served)) for q in problem.quotas)
    return (sum(v.required for v in served), met, sum(v.prize for v in served))


def _is_allowed(problem, chosen):
    names = {v.visit_id for v, _ in chosen}
    return (
        all(_may(visit, shift) for visit, shift in chosen)
        and all(len(names & set(group)) <= 1 for group in problem.alternatives)
        and all(_is_whole(joint, chosen) for joint in problem.together)
    )


def _may(visit, shift):
    return (
        shift.team not in visit.forbidden_teams
        and visit.needs <= shift.skills
        and (visit.teams is None or shift.team in visit.teams)
        and any(day == shift.day for day, _, _ in visit.windows)
    )


def _is_whole(joint, chosen):
    there = [shift for visit, shift in chosen if visit.visit_id in joint.visits]
    if not there:
        return True
    complete = len(there) == len(joint.visits) == len({s.team for s in there})
    return complete and len({s.day for s in there}) == 1


def _has_times(problem, chosen):
    joints = [
        joint
        for joint in problem.together
        if any(visit.visit_id in joint.visits for visit, _ in chosen)
    ]
    for begins in product(range(27_000, 64_000, 300), repeat=len(joints)):
        spans = {
            name: (begin, begin + joint.within_s)
            for joint, begin in zip(joints, begins, strict=True)
            for name in joint.visits
        }
        if all(
            any(
                _back(problem, shift, order, spans)
                for order in permutations([v for v, s in chosen if s is shift])
            )
            for shift in {id(s): s for _, s in chosen}.values()
        ):
            return True
    return False


def _back(problem, shift, order, spans):
    pause = shift.pause
    if pause is not None:
        first_end = max(shift.start_s, pause.from_s) + pause.duration_s
        if first_end > min(shift.end_s, pause.to_s):
            pause = None
    return _drive(problem, shift, list(order), spans, shift.start_location, shift.start_s, pause)


def _drive(problem, shift, order, spans, place, clock, pause):
    there = order[0].location if order else shift.end_location
    leg = int(problem.travel_s[place, there])
    if leg >= UNREACHABLE:
        return False
    ways = [(clock + leg, pause)]
    if pause is not None:
        before = max(clock, pause.from_s) + pause.duration_s
        if before <= pause.to_s:
            ways.append((before + leg, None))
        after = max(clock + leg, pause.from_s) + pause.duration_s
        if after <= pause.to_s:
            ways.append((after, None))
    for ready, left in ways:
        if not order:
            if left is None and ready <= shift.end_s:
                return True
            continue
        visit = order[0]
        lo, hi = spans.get(visit.visit_id, (0, 10**9))
        for day, earliest, latest in visit.windows:
            start = max(ready, earliest, lo)
            if (
                day == shift.day
                and start <= min(latest, hi)
                and _drive(problem, shift, order[1:], spans, there, start + visit.service_s, left)
            ):
                return True
    return False
