"""Clock times of one route: the earliest starts that keep windows and the break."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from routing.problem import UNREACHABLE, Break, Candidate, PatrolProblem, Shift
from routing.solution import SolvedStop


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Stops with their times, and when the team is back, in seconds from midnight."""

    stops: tuple[SolvedStop, ...]
    back_s: int


def time_route(
    problem: PatrolProblem,
    shift: Shift,
    visits: Sequence[Candidate],
    *,
    spans: Mapping[str, tuple[int, int]] | None = None,
    end_s: int | None = None,
) -> Timetable | None:
    """
    Time the visits of a shift in the given order, each as early as possible.

    Parameters
    ----------
    problem
        Gives travel times.
    shift
        The team's day; who may make which visit is not looked at.
    visits
        In order of the route.
    spans
        Earliest and latest start of single visits, beside their windows: what holds
        joint visits together.
    end_s
        When the shift ends, if not when it says.

    Returns
    -------
    timetable
        None if there is no way to keep all windows, the break and the end.
    """
    end_s = shift.end_s if end_s is None else end_s
    pause = shift.due_pause
    place = shift.start_location
    # best way to have been here so far, by whether the break is taken
    ways: dict[bool, tuple[int, tuple[SolvedStop, ...]]] = {pause is None: (shift.start_s, ())}
    for visit in visits:
        leg = int(problem.travel_s[place, visit.location])
        span = (spans or {}).get(visit.visit_id)
        found: dict[bool, tuple[int, tuple[SolvedStop, ...]]] = {}
        for rested, arrive, ready, stops in _legs(ways, leg, pause):
            start = _first_start(visit, shift.day, ready, span)
            if start is not None and (
                rested not in found or start + visit.service_s < found[rested][0]
            ):
                stop = SolvedStop(
                    visit=visit.visit_id,
                    arrive_s=arrive,
                    start_s=start,
                    depart_s=start + visit.service_s,
                )
                found[rested] = (stop.depart_s, (*stops, stop))
        ways, place = found, visit.location
    leg = int(problem.travel_s[place, shift.end_location]) if visits else 0
    ends = [way for way in _legs(ways, leg, pause) if way[0] and way[2] <= end_s]
    if not ends:
        return None
    best = min(ends, key=lambda way: way[2])
    return Timetable(stops=best[3], back_s=best[2])


def _legs(
    ways: Mapping[bool, tuple[int, tuple[SolvedStop, ...]]], leg: int, pause: Break | None
) -> list[tuple[bool, int, int, tuple[SolvedStop, ...]]]:
    """Return (break taken, arrival, ready to start, stops so far) for each way to make a leg."""
    out: list[tuple[bool, int, int, tuple[SolvedStop, ...]]] = []
    if leg >= UNREACHABLE:
        return out
    for rested, (clock, stops) in ways.items():
        out.append((rested, clock + leg, clock + leg, stops))
        if rested or pause is None:
            continue
        before = max(clock, pause.from_s) + pause.duration_s
        if before <= pause.to_s:
            out.append((True, before + leg, before + leg, stops))
        after = max(clock + leg, pause.from_s) + pause.duration_s
        if after <= pause.to_s:
            out.append((True, clock + leg, after, stops))
    return out


def _first_start(
    visit: Candidate, day: int, ready: int, span: tuple[int, int] | None
) -> int | None:
    starts = []
    for window_day, earliest, latest in visit.windows:
        lo, hi = (
            (earliest, latest) if span is None else (max(earliest, span[0]), min(latest, span[1]))
        )
        if window_day == day and max(lo, ready) <= hi:
            starts.append(max(lo, ready))
    return min(starts, default=None)
