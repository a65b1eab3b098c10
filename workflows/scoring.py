"""Score every cell and facility as of a date, and save the scores."""

import logging
from dataclasses import asdict
from datetime import datetime
from time import perf_counter

import pandas as pd

from data import frames
from data.records import Message
from data.scope import Scope
from data.store import scores
from data.store.engine import Store
from data.store.rows import load_rows
from data.store.scores import ScoreRun
from errors import NoDataError
from risk import features, scored
from risk.features import SourceFrames
from risk.params import ScoringParams
from risk.scored import Progress
from workflows.weeks import local_day

log = logging.getLogger(__name__)

_COLUMNS = {
    "facilities": (
        "facility_id", "name", "kind", "licence_expiry", "opened_on", "closed_on", "area_code",
        "lon", "lat", "risk_grade",
    ),
    "complaints": (
        "complaint_id", "received_at", "channel", "topic", "facility_id", "area_code", "lon",
        "lat", "location_precision", "status", "closed_on", "outcome",
    ),
    "cases": (
        "case_id", "opened_on", "topic", "facility_id", "area_code", "lon", "lat",
    ),
    "inspections": (
        "inspection_id", "started_at", "kind", "facility_id", "lon", "lat", "area_code", "result",
        "topics", "case_id",
    ),
    "population": ("lon", "lat", "population"),
}  # fmt: skip
"""What the models read of each kind: no names of people, no words of a report."""


def score(
    store: Store,
    params: ScoringParams,
    *,
    scope: Scope,
    as_of: datetime,
    actor: str,
    progress: Progress | None = None,
) -> ScoreRun:
    """
    Score what the scope may see, as known before ``as_of``, and save it as a run.

    Parameters
    ----------
    as_of
        Zone-aware moment; nothing learnt at or after it enters.
    progress
        Called with a share from 0 to 1 and what is being done; may raise
        ``JobCancelledError`` to stop.

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
    known = load_frames(store, scope=scope, as_of=as_of)
    result = scored.score_frames(
        known, params, as_of=as_of, progress=lambda share, said: report(0.2 + 0.6 * share, said)
    )
    if result.cells.empty and result.facilities.empty:
        raise NoDataError(
            "{date} 以前没有可评分的记录。请先导入", date=local_day(as_of).isoformat()
        )
    report(0.85, Message("正在保存评分"))
    run_id = scores.save_scores(
        store,
        as_of=as_of,
        method=scored.METHOD,
        params=asdict(params),
        cells=result.cells,
        facilities=result.facilities,
        summary=result.summary,
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


def load_frames(store: Store, *, scope: Scope, as_of: datetime) -> SourceFrames:
    """Load what the models read, as known before ``as_of`` and visible to the scope."""
    loaded: dict[str, pd.DataFrame] = {
        kind: load_rows(store, kind, scope=scope, as_of=as_of, columns=columns)
        for kind, columns in _COLUMNS.items()
    }
    areas = load_rows(store, "areas", scope=scope, as_of=as_of)
    return features.source_frames(loaded, areas=frames.to_geo(areas) if len(areas) else None)


def _silent(share: float, message: Message) -> None:
    del share, message
