"""One running solve: arrays, best plan, temperature and the rhythm of search and packing."""

import time
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from routing import packing, search
from routing.bound import knapsack_bound
from routing.desk import IMPROVED, Desk, Tuning, make_desk
from routing.model import Model, State, make_model, make_state, restrict
from routing.moves import fits_alone
from routing.problem import PatrolProblem
from routing.solution import SolvedRoute
from routing.timetable import time_route

LOST = 1 << 39
"""A route whose slack is below minus this can't be driven."""

CHUNK_S = 0.1
"""Seconds of search between two looks at the clock."""

PACK_AT = (0.3, 0.6, 0.85, 0.97)
"""Shares of the budget after which the pool is packed."""


@dataclass(slots=True, kw_only=True)
class Session:
    """Everything a solve holds; ``begin`` makes it with a first plan in it."""

    problem: PatrolProblem
    model: Model
    state: State
    desk: Desk
    tuning: Tuning
    prizes: NDArray[np.int64]
    fits: NDArray[np.uint8]
    bound: int
    hot: float
    cold: float
    seed: int
    first_plan_s: float = 0.0
    n_moves: int = 0
    chunk: int = 100
    packed: int = 0

    @classmethod
    def begin(cls, problem: PatrolProblem, *, seed: int) -> Self:
        """Make the arrays and the greedy plan."""
        model = make_model(problem)
        state = make_state(model)
        fits = np.zeros((len(problem.visits), len(problem.shifts)), np.uint8)
        fits_alone(model, state, fits)
        # what can't be served alone is never tried
        model = restrict(model, fits)
        desk = make_desk(model, seed=seed)
        prizes = np.array([visit.prize for visit in problem.visits], np.int64)
        order = np.argsort(-model.value / model.weight, kind="stable")
        search.construct(model, state, desk, order)
        tuning, hot, cold = _tune(model, prizes, state)
        score = state.totals[0] - tuning.travel_price * state.totals[1]
        search.keep_best(model, state, desk, score)
        return cls(
            problem=problem,
            model=model,
            state=state,
            desk=desk,
            tuning=tuning,
            prizes=prizes,
            fits=fits,
            bound=knapsack_bound(model, prizes, fits),
            hot=hot,
            cold=cold,
            seed=seed,
        )

    def best_routes(self) -> list[list[int]]:
        """Return the visits of each shift in the best plan, by index."""
        desk = self.desk
        return [
            desk.best_stops[r, : desk.best_length[r]].tolist() for r in range(len(desk.best_length))
        ]

    def show_best(self) -> None:
        """Make the best plan the present one of ``state``."""
        search.adopt(self.model, self.state, self.desk)

    def prize(self) -> int:
        """Return the prize of the best plan."""
        return int(sum(self.prizes[route].sum() for route in self.best_routes() if route))

    def is_perfect(self) -> bool:
        """Tell whether nothing is left to gain: every visit that fits anywhere is served."""
        n_served = int(self.desk.best_length.sum())
        return n_served == int(self.fits.any(axis=1).sum()) and n_served == len(self.prizes)

    def step(self, done: float, *, n_left: int | None, seconds_left: float) -> None:
        """Search for about ``CHUNK_S``, or a fixed number of moves where they are counted."""
        if self.packed < len(PACK_AT) and done >= PACK_AT[self.packed]:
            self.packed += 1
            self._pack(seconds_left if n_left is None else None)
        heat = self.hot * (self.cold / self.hot) ** done
        n_moves = self.chunk if n_left is None else min(200, n_left)
        began = time.perf_counter()
        search.run(self.model, self.state, self.desk, self.tuning, n_moves, heat, heat)
        took = time.perf_counter() - began
        self.n_moves += n_moves
        aim = min(CHUNK_S, max(seconds_left / 2, 0.005))
        self.chunk = max(10, int(n_moves * min(2.0, aim / max(took, 1e-4))))

    def _pack(self, seconds: float | None) -> None:
        """Let CP-SAT recombine the pool; go on from its plan if it is better."""
        model, desk, price = self.model, self.desk, self.tuning.travel_price
        whole = len(model.start) <= packing.MAX_SHIFTS
        limit = None if seconds is None else min(2.0, 0.1 * seconds)
        until = time.perf_counter() + (limit or 0.0)
        rng = np.random.default_rng([self.seed, self.packed])
        for _ in range(1 if whole else 4):
            left = None if limit is None else until - time.perf_counter()
            if left is not None and left <= 0:
                return
            part = packing.pick_part(model, desk, rng)
            columns = packing.columns_of(model, desk, part, travel_price=price)
            if not part.shifts or not columns:
                return
            chosen = packing.pack(model, desk, part, columns, seed=self.seed, seconds=left)
            if chosen is not None:
                self._take(chosen)

    def _take(self, chosen: dict[int, packing.Column | None]) -> None:
        """Make packed routes the best plan if that is worth more."""
        before = self._copy_best()
        packing.write_best(self.model, self.desk, chosen)
        present = self._present()
        search.adopt(self.model, self.state, self.desk)
        score = self.state.totals[0] - self.tuning.travel_price * self.state.totals[1]
        if score > self.desk.best[0] + 1e-6 and (self.state.slack > -LOST).all():
            search.keep_best(self.model, self.state, self.desk, score)
            return
        self._restore(present)
        search.adopt(self.model, self.state, self.desk)
        self._restore(before)

    def _copy_best(self) -> tuple[NDArray[Any], ...]:
        desk = self.desk
        return tuple(
            part.copy() for part in (desk.best_length, desk.best_stops, desk.best_lo, desk.best_hi)
        )

    def _present(self) -> tuple[NDArray[Any], ...]:
        """Return the plan the search stands at, laid out like the best plan."""
        state = self.state
        return (
            state.length.copy(),
            state.stops.copy(),
            state.pin_lo[state.stops],
            state.pin_hi[state.stops],
        )

    def _restore(self, plan: tuple[NDArray[Any], ...]) -> None:
        desk = self.desk
        parts: tuple[NDArray[Any], ...] = (
            desk.best_length,
            desk.best_stops,
            desk.best_lo,
            desk.best_hi,
        )
        for part, kept in zip(parts, plan, strict=True):
            part[:] = kept

    def routes(self) -> tuple[SolvedRoute, ...]:
        """Return the best plan with its times."""
        visits, desk = self.problem.visits, self.desk
        out = []
        for r, stops in enumerate(self.best_routes()):
            if not stops:
                continue
            spans = {
                visits[v].visit_id: (int(desk.best_lo[r, p]), int(desk.best_hi[r, p]))
                for p, v in enumerate(stops)
                if self.model.joint_of[v] >= 0
            }
            shift = self.problem.shifts[r]
            timed = time_route(self.problem, shift, [visits[v] for v in stops], spans=spans)
            if timed is None:
                msg = f"no timetable for {shift.shift_id}"
                raise RuntimeError(msg)
            out.append(SolvedRoute(shift=shift.shift_id, stops=timed.stops))
        return tuple(out)

    @property
    def n_improvements(self) -> int:
        """How often a better plan was found."""
        return int(self.desk.tally[IMPROVED])


def _tune(model: Model, prizes: NDArray[np.int64], state: State) -> tuple[Tuning, float, float]:
    """Derive temperatures and the price of travel from the first plan."""
    served = state.route_of >= 0
    mean = max(float(prizes[served].mean()) if served.any() else float(prizes.mean()), 1e-3)
    used = float((model.end - model.start)[state.length > 0].sum()) or 1.0
    density = float(prizes[served].sum()) / used
    tuning = Tuning(
        mean_removed=10.0,
        longest_string=10.0,
        split_rate=0.5,
        blink_rate=0.01,
        travel_price=max(0.3 * density, 1e-9),
        n_candidates=50,
        n_probes=3,
        pool_gap=mean,
    )
    return tuning, 0.25 * mean, 0.02 * mean
