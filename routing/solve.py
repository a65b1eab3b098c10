"""
Solve a planning problem: greedy first, then search and packing until the budget ends.

``solve`` takes a problem and params and returns a ``SolveResult`` with status,
value, bound and what was left out and why. The compiled search is imported only
when a solve begins, so that screens which merely name these types start fast.
"""

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from errors import JobCancelledError, ProblemError
from routing.evaluate import Evaluation, evaluate
from routing.problem import PatrolProblem
from routing.solution import QuotaMissed, SolvedRoute, SolveResult, Unplanned

if TYPE_CHECKING:
    from routing.session import Session

__all__ = ["SolveProgress", "SolveResult", "SolverParams", "solve", "solve_file"]

log = logging.getLogger(__name__)

REPORT_S = 0.5
"""Seconds between two calls of ``progress``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverParams:
    """
    Limits of a solve.

    Parameters
    ----------
    seconds
        Wall clock to search, unless ``iterations`` is given.
    seed
        The same seed and ``iterations`` give the same plan.
    iterations
        Moves to search, whatever time they take; none: search by the clock.
    """

    seconds: float = 30.0
    seed: int = 0
    iterations: int | None = None

    def __post_init__(self) -> None:
        """Refuse a budget that is no budget."""
        if not (self.seconds > 0 and math.isfinite(self.seconds)):
            raise ProblemError("求解时间应大于 0 秒，实为 {value}", value=self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveProgress:
    """State of a running solve: seconds so far, prize of the best plan, bound of any plan."""

    elapsed_s: float
    value: int
    bound: int


Progress = Callable[[SolveProgress], str | None]


def solve(
    problem: PatrolProblem, params: SolverParams | None = None, *, progress: Progress | None = None
) -> SolveResult:
    """
    Find a plan of high prize that keeps every rule.

    Parameters
    ----------
    problem
        A checked problem; it may be empty.
    params
        Time or iteration budget and seed.
    progress
        Called about twice a second; may answer ``"use"`` to stop and keep the best
        plan, or ``"cancel"``.

    Returns
    -------
    result
        Always a plan that passes ``evaluate``; what it lacks is named in it.

    Raises
    ------
    JobCancelledError
        If ``progress`` answered ``"cancel"``.
    """
    params = params or SolverParams()
    started = time.perf_counter()
    if not problem.visits or not problem.shifts:
        return _result(problem, (), bound=0, started=started)
    from routing.session import Session

    session = Session.begin(problem, seed=params.seed)
    session.first_plan_s = time.perf_counter() - started
    _improve(session, params, started, progress)
    routes = session.routes()
    return _result(problem, routes, bound=session.bound, started=started, session=session)


def _improve(
    session: "Session", params: SolverParams, started: float, progress: Progress | None
) -> None:
    """Search and pack until the budget ends or ``progress`` stops it."""
    last_report = -math.inf
    # writing down and explaining the plan belongs to the time that was asked for
    closing_s = 2e-6 * len(session.problem.visits) * len(session.problem.shifts)
    seconds = params.seconds - min(0.1 * params.seconds, closing_s)
    while True:
        elapsed = time.perf_counter() - started
        done = elapsed / seconds if params.iterations is None else _share_done(session, params)
        if progress and (elapsed - last_report >= REPORT_S or done >= 1):
            last_report = elapsed
            answer = progress(
                SolveProgress(elapsed_s=elapsed, value=session.prize(), bound=session.bound)
            )
            if answer == "cancel":
                raise JobCancelledError("已取消求解")
            if answer == "use":
                return
        if done >= 1 or session.is_perfect():
            return
        left = None if params.iterations is None else params.iterations - session.n_moves
        session.step(done, n_left=left, seconds_left=seconds - elapsed)


def _share_done(session: "Session", params: SolverParams) -> float:
    if not params.iterations or params.iterations <= 0:
        return 1.0
    return session.n_moves / params.iterations


def _result(
    problem: PatrolProblem,
    routes: tuple[SolvedRoute, ...],
    *,
    bound: int,
    started: float,
    session: "Session | None" = None,
) -> SolveResult:
    found = evaluate(problem, routes)
    if found.errors or found.prize > bound:
        # a plan with a broken rule must never be seen: this is a fault of the search
        msg = f"plan does not hold: {found.errors[:3]}, prize {found.prize} of at most {bound}"
        raise RuntimeError(msg)
    unplanned, quotas = _left_out(problem, routes, found, session)
    result = SolveResult(
        status="infeasible_required" if found.missing_required else "ok",
        prize=found.prize,
        upper_bound=bound,
        travel_s=found.travel_s,
        runtime_s=time.perf_counter() - started,
        routes=routes,
        unplanned=unplanned,
        quotas_missed=quotas,
        locks_missed=found.locks_missed,
        first_plan_s=session.first_plan_s if session else 0.0,
        n_iterations=session.n_moves if session else 0,
    )
    log.info(
        "solved %d visits, %d shifts: prize %d of at most %d, %d moves, %.1f s",
        len(problem.visits),
        len(problem.shifts),
        result.prize,
        result.upper_bound,
        result.n_iterations,
        result.runtime_s,
    )
    return result


def _left_out(
    problem: PatrolProblem,
    routes: tuple[SolvedRoute, ...],
    found: Evaluation,
    session: "Session | None",
) -> tuple[tuple[Unplanned, ...], tuple[QuotaMissed, ...]]:
    from routing import why_not

    return (
        why_not.explain_visits(problem, routes, found, session=session),
        why_not.explain_quotas(problem, found, fits=None if session is None else session.fits),
    )


def solve_file(
    problem_path: Path | str, out_path: Path | str, seconds: float = 30.0, seed: int = 0
) -> SolveResult:
    """
    Solve a problem file and write the solution file (docs/formats.md).

    Raises
    ------
    ProblemError
        If the problem can't be read, contradicts itself, or the result can't be written.
    """
    problem = PatrolProblem.from_json(problem_path)
    result = solve(problem, SolverParams(seconds=seconds, seed=seed))
    text = json.dumps(result.to_json(), ensure_ascii=False)
    try:
        Path(out_path).write_text(text, encoding="utf-8")
    except OSError:
        raise ProblemError("结果写不进 {file}", file=Path(out_path).name) from None
    return result
