"""Score every cell and facility as of a date, and save the scores."""

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from time import perf_counter

from data.records import Message
from data.scope import Scope
from data.store import scores
from data.store.engine import Store
from data.store.scores import ScoreRun
from errors import NoDataError
from risk import scored
from risk.params import Progress, ScoringParams
from workflows import kept_fits, seat_minutes
from workflows.seat_minutes import DEFAULT_SEAT_PARAMS, SeatParams
from workflows.source_rows import load_frames
from workflows.weeks import local_day

log = logging.getLogger(__name__)

__all__ = ["load_frames", "score"]


def score(
    store: Store,
    params: ScoringParams,
    *,
    scope: Scope,
    as_of: datetime,
    actor: str,
    progress: Progress | None = None,
    use_kept_fit: bool = True,
    seat_params: SeatParams = DEFAULT_SEAT_PARAMS,
) -> ScoreRun:
    """
    Score what the scope may see, as known before ``as_of``, and save it as a run.

    The hidden-site model is fitted at most once in ``params.cells.refit_days``: a later
    score reads all records up to its day with the parameters of that fit. A run is
    defined by ``as_of`` and ``summary["fitted_as_of"]``.

    Parameters
    ----------
    as_of
        Zone-aware moment; nothing learnt at or after it enters.
    progress
        Called with a share from 0 to 1 and what is being done; may raise
        ``JobCancelledError`` to stop.
    use_kept_fit
        False fits as of the day itself, as an honest replay of the past asks for.
    seat_params
        How minutes to the seat are found and which cells are remote.

    Returns
    -------
    ScoreRun
        The saved run; ``summary["missing"]`` says what data it had to do without.

    Raises
    ------
    NoDataError
        If nothing was known before ``as_of``.
    ValueError
        If ``as_of`` has no zone.
    """
    if as_of.tzinfo is None:
        raise ValueError(f"as_of needs a time zone, got {as_of}")
    started = perf_counter()
    report = progress or _silent
    report(0.0, Message("正在读取记录"))
    known = scored.prepare(load_frames(store, scope=scope, as_of=as_of), params, as_of=as_of)
    if not known.places.cells and known.active.empty:
        raise NoDataError(
            "{date} 以前没有可评分的记录。请先导入", date=local_day(as_of).isoformat()
        )
    report(0.1, Message("正在整理 {date} 以前的记录", {"date": local_day(as_of).isoformat()}))
    fitted, fitted_as_of = None, None
    if known.needs_model:
        fitted, fitted_as_of = kept_fits.fitted_for(
            store, known, params, scope=scope, as_of=as_of, actor=actor, may_use=use_kept_fit,
            progress=lambda share, said: report(0.1 + 0.6 * share, said),
        )  # fmt: skip
    result = scored.score_prepared(
        known, params, as_of=as_of, fitted=fitted,
        progress=lambda share, said: report(max(0.7, 0.85 * share), said),
    )  # fmt: skip
    report(0.85, Message("正在计算到区县驻地的路程"))
    cells = seat_minutes.with_minutes(
        store, result.cells, known.frames.population, scope=scope, as_of=as_of, params=seat_params
    )
    report(0.87, Message("正在保存评分"))
    run_id = scores.save_scores(
        store,
        as_of=as_of,
        method=scored.METHOD,
        params=asdict(params),
        cells=cells,
        facilities=result.facilities,
        summary={
            **result.summary,
            "fitted_as_of": None
            if fitted_as_of is None
            else fitted_as_of.astimezone(UTC).isoformat(),
        },
        actor=actor,
    )
    run = scores.get_run(store, run_id)
    if run is None:
        raise RuntimeError(f"score run {run_id} vanished after it was saved")
    report(1.0, Message("评分完成"))
    log.info(
        "scored %d cells and %d facilities in %.1f s",
        len(result.cells), len(result.facilities), perf_counter() - started,
    )  # fmt: skip
    return run


def _silent(share: float, message: Message) -> None:
    del share, message
