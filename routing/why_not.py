"""
Why a visit is not in the plan, and the cheapest way to get it in: computed, not guessed.

The order of the questions is the order of a planner: may anybody make it, is there a
way, does it fit into a day of its own, does something it depends on stand against it;
only then was it out-valued, and by what.
"""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.records import Message
from routing.evaluate import Evaluation
from routing.problem import LATEST_S, UNREACHABLE, Candidate, JointVisit, PatrolProblem, Shift
from routing.solution import QuotaMissed, SolvedRoute, Unplanned
from routing.timetable import time_route

if TYPE_CHECKING:
    from routing.session import Session

MOST_OVERTIME_S = 1800
"""Overtime up to here is told as the cheapest fix; beyond, what would have to go."""

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def explain_visits(
    problem: PatrolProblem,
    routes: Iterable[SolvedRoute],
    found: Evaluation,
    *,
    session: "Session | None",
) -> tuple[Unplanned, ...]:
    """
    Explain every visit that is not in the plan.

    Parameters
    ----------
    problem
        The problem.
    routes
        The plan.
    found
        Its evaluation.
    session
        The solve that made it; None for a problem without visits or shifts.
    """
    served = set(found.served)
    left = [k for k, visit in enumerate(problem.visits) if visit.visit_id not in served]
    if session is None:
        return tuple(_no_shift(problem.visits[k]) for k in left)
    told = {}
    open_ones = []
    for k in left:
        visit = problem.visits[k]
        reason = _blocked(problem, visit, served, fits=bool(session.fits[k].any()))
        if reason is None:
            open_ones.append(k)
        else:
            told[k] = reason
    told.update(_outvalued(problem, tuple(routes), found, open_ones, session))
    return tuple(told[k] for k in left)


def _unplanned(
    visit: Candidate,
    reason: str,
    message: Message,
    fix: tuple[str, Message] | None = None,
) -> Unplanned:
    return Unplanned(
        visit=visit.visit_id,
        reason=reason,
        cheapest_fix=fix[0] if fix else None,
        message=message,
        fix_message=fix[1] if fix else None,
    )


def _no_shift(visit: Candidate) -> Unplanned:
    return _unplanned(visit, "no_shift", Message("没有可派的班次"))


def _blocked(
    problem: PatrolProblem, visit: Candidate, served: set[str], *, fits: bool
) -> Unplanned | None:
    """Return why a visit can't be made whatever it is worth, or None."""
    if not fits:
        return _fits_nowhere(problem, visit)
    for group in problem.alternatives:
        taken = [name for name in group if name in served]
        if visit.visit_id in group and taken:
            return _unplanned(
                visit,
                "alternative_served",
                Message("同组只排一项，已排 {visits}", {"visits": taken[0]}),
                (f"serve it instead of {taken[0]}", Message("改排本项", {})),
            )
    if visit.visit_id in problem.locked:
        shift = problem.locked[visit.visit_id]
        return _unplanned(
            visit, "lock_conflict", Message("锁定在 {shift} 的各项排不下", {"shift": shift})
        )
    for joint in problem.together:
        if visit.visit_id in joint.visits and not _may_meet(problem, joint):
            return _unplanned(visit, "joint_incomplete", Message("联合检查的各队凑不出同一时间"))
    return None


def _may_meet(problem: PatrolProblem, joint: JointVisit) -> bool:
    """Tell whether on some day the members' windows meet and enough teams may go."""
    members = [visit for visit in problem.visits if visit.visit_id in joint.visits]
    for day in {shift.day for shift in problem.shifts}:
        shifts = [shift for shift in problem.shifts if shift.day == day]
        able = [{s.team for s in shifts if visit.is_open_to(s)} for visit in members]
        starts = [[w for w in visit.windows if w[0] == day] for visit in members]
        if not all(starts) or not all(able) or len(set[str]().union(*able)) < len(members):
            continue
        latest_first = max(min(lo for _, lo, _ in windows) for windows in starts)
        earliest_last = min(max(hi for _, _, hi in windows) for windows in starts)
        if latest_first - earliest_last <= joint.within_s:
            return True
    return False


def _fits_nowhere(problem: PatrolProblem, visit: Candidate) -> Unplanned:
    """Tell why a visit fits into no shift even if it were the only one."""
    may = [shift for shift in problem.shifts if visit.is_open_to(shift)]
    if not may:
        return _no_team(problem, visit)
    lock = problem.locked.get(visit.visit_id)
    may = [shift for shift in may if lock is None or shift.shift_id == lock]
    reachable = [shift for shift in may if _is_reachable(problem, visit, shift)]
    if not reachable:
        return _unplanned(
            visit,
            "unreachable",
            Message("无道路可达"),
            ("add the road or walk", Message("补录道路或改为徒步")),
        )
    late = []
    for shift in reachable:
        timed = time_route(problem, shift, [visit], end_s=2 * LATEST_S)
        if timed is not None:
            late.append((timed.back_s - shift.end_s, shift))
    if late:
        over_s, shift = min(late, key=lambda pair: pair[0])
        return _unplanned(visit, "no_time", *_extension(shift, over_s))
    return _unplanned(
        visit, "window", Message("营业时段与可派时段不重合"), _other_hour(problem, visit, reachable)
    )


def _no_team(problem: PatrolProblem, visit: Candidate) -> Unplanned:
    allowed = [s for s in problem.shifts if visit.teams is None or s.team in visit.teams]
    skilled = [s for s in allowed if visit.needs <= s.skills]
    if skilled:
        # every team that could is recused: another one has to help out
        helper = min(
            (s.team for s in problem.shifts if s.team not in visit.forbidden_teams), default=None
        )
        fix = None
        if helper is not None:
            fix = (
                f"borrow one officer from {helper}",
                Message("从{team}借调 1 名", {"team": helper}),
            )
        return _unplanned(visit, "no_team", Message("唯一有资质人员需回避"), fix)
    if allowed and visit.needs:
        missing = "、".join(sorted(visit.needs))
        return _unplanned(
            visit,
            "no_skill",
            Message("没有队具备所需专长：{needs}", {"needs": missing}),
            (
                f"add an officer with {', '.join(sorted(visit.needs))} to a team",
                Message("为一队增派具备该专长的人员"),
            ),
        )
    return _unplanned(visit, "no_team", Message("可承担该项的队本周没有班次"))


def _is_reachable(problem: PatrolProblem, visit: Candidate, shift: Shift) -> bool:
    there = problem.travel_s[shift.start_location, visit.location]
    back = problem.travel_s[visit.location, shift.end_location]
    return bool(there < UNREACHABLE and back < UNREACHABLE)


def _extension(shift: Shift, over_s: int) -> tuple[Message, tuple[str, Message]]:
    minutes = Message("{n} 分钟", {"n": math.ceil(over_s / 60)})
    return Message("往返超出当日工时 {t}", {"t": minutes}), (
        f"extend {shift.shift_id} by {math.ceil(over_s / 60)} min",
        Message(
            "{team}{day}延长 {t2}，需本人同意",
            {"team": shift.team, "day": _weekday(shift.day), "t2": minutes},
        ),
    )


def _weekday(day: int) -> Message:
    return Message(WEEKDAYS[day]) if day < len(WEEKDAYS) else Message("第 {n} 天", {"n": day + 1})


def _other_hour(
    problem: PatrolProblem, visit: Candidate, shifts: list[Shift]
) -> tuple[str, Message] | None:
    """Return the first day and hour at which a visit without windows would fit."""
    for shift in sorted(shifts, key=lambda s: (s.day, s.start_s)):
        anytime = replace(visit, windows=((shift.day, 0, LATEST_S),))
        timed = time_route(problem, shift, [anytime])
        if timed is not None:
            start_s = timed.stops[0].start_s
            hour = f"{start_s // 3600:02d}:{start_s // 60 % 60:02d}"
            return (
                f"move to day {shift.day} at {hour}",
                Message("改到{day}{time}", {"day": _weekday(shift.day), "time": hour}),
            )
    return None


def _outvalued(
    problem: PatrolProblem,
    routes: tuple[SolvedRoute, ...],
    found: Evaluation,
    left: list[int],
    session: "Session",
) -> dict[int, Unplanned]:
    """Tell for visits that would fit what stands in their place and what would make room."""
    from routing.exchange import search_exchanges

    loss = _losses(problem, found)
    session.show_best()
    swaps, late = search_exchanges(
        session.model, session.state, loss, np.array(left, np.int64), most_s=MOST_OVERTIME_S
    )
    told = {}
    stops = {route.shift: [stop.visit for stop in route.stops] for route in routes}
    joint = {name for group in problem.together for name in group.visits}
    for i, k in enumerate(left):
        visit = problem.visits[k]
        if visit.visit_id in joint:
            # one team's room is not enough to tell what would make room for all
            told[k] = _unplanned(visit, "outvalued", Message("价值低于已排任务"))
            continue
        if math.isfinite(late[i, 0]):
            shift = problem.shifts[int(late[i, 1])]
            told[k] = _unplanned(visit, "no_time", *_extension(shift, max(60, int(late[i, 0]))))
            continue
        fix = None
        if math.isfinite(swaps[i, 0]):
            shift = problem.shifts[int(swaps[i, 1])]
            gone = stops[shift.shift_id][int(swaps[i, 2]) : int(swaps[i, 3])]
            lost = int(swaps[i, 0])
            fix = (
                f"replaces {', '.join(gone)} (-{lost}) in {shift.shift_id}",
                Message("换下 {visits}（−{v}）", {"visits": "、".join(gone), "v": lost}),
            )
        told[k] = _unplanned(visit, "outvalued", Message("价值低于已排任务"), fix)
    return told


def _losses(problem: PatrolProblem, found: Evaluation) -> NDArray[np.float64]:
    """Return the prize of each visit; infinite where a promise would break without it."""
    served = set(found.served)
    count: dict[str | None, int] = {}
    for visit in problem.visits:
        if visit.visit_id in served:
            count[visit.group] = count.get(visit.group, 0) + 1
    tight = {q.group for q in problem.quotas if count.get(q.group, 0) <= q.min_visits}
    joint = {name for group in problem.together for name in group.visits}
    return np.array(
        [
            math.inf
            if v.required or v.visit_id in problem.locked or v.visit_id in joint or v.group in tight
            else v.prize
            for v in problem.visits
        ]
    )


def explain_quotas(
    problem: PatrolProblem, found: Evaluation, *, fits: NDArray[np.uint8] | None
) -> tuple[QuotaMissed, ...]:
    """Explain every group that falls short of its quota."""
    wanted = {quota.group: quota.min_visits for quota in problem.quotas}
    out = []
    for group, short_by in found.quotas_missed.items():
        members = [k for k, visit in enumerate(problem.visits) if visit.group == group]
        possible = 0 if fits is None else sum(bool(fits[k].any()) for k in members)
        if possible < wanted[group]:
            reason = f"only {possible} of the {wanted[group]} visits wanted can be made at all"
        else:
            reason = f"no plan found that makes {wanted[group]} of its {possible} possible visits"
        out.append(
            QuotaMissed(
                group=group,
                short_by=short_by,
                reason=reason,
                message=Message(
                    "{township}本期低于最低覆盖，缺 {n} 家次", {"township": group, "n": short_by}
                ),
            )
        )
    return tuple(out)
