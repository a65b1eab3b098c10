"""The step after each scoring, of jobs and of the command line: signals, draws, random visits."""

from datetime import UTC, datetime

from data.store.engine import Store
from workflows import exploration, exploration_kept, signal_runs
from workflows.settings import Settings
from workflows.signal_runs import Told


def run(
    store: Store, settings: Settings, *, as_of: datetime, actor: str, progress: Told | None = None
) -> dict[str, object]:
    """Draw next week's random visits, find what is new, keep what the random visits say."""
    now = datetime.now(UTC)
    draws = exploration.draw_after_scoring(
        store, settings.exploration, candidates=settings.planning.candidates,
        capacity=settings.capacity(), as_of=as_of, actor=actor, now=now,
    )  # fmt: skip
    kept = exploration_kept.summaries(store, settings.exploration, as_of=as_of, actor=actor)
    run_id = signal_runs.compute(
        store, settings.signals, as_of=as_of, actor=actor, now=datetime.now(UTC),
        progress=progress, summary={exploration_kept.KEY: kept},
    )  # fmt: skip
    return {"signal_run_id": run_id, "n_draws": len(draws)}
