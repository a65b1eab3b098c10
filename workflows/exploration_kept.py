"""What the random visits say, computed once after each scoring and only read by screens."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from data.scope import Scope
from data.store import documents, explorations, scores, signals
from data.store.engine import Store
from risk.exploration import Alarm, Estimate, ExplorationParams
from workflows import exploration
from workflows.exploration import Report
from workflows.reading import ScoreRun
from workflows.weeks import next_week

KEY = "random_visits"
_CITY = ""
_LIVE = ("week_start", "week", "draws")
"""Read when asked for: they change with each draw and each visit that was not made."""


def summaries(
    store: Store, params: ExplorationParams, *, as_of: datetime, actor: str
) -> dict[str, object]:
    """Return the report of the whole city and of each district, by district code, to be stored."""
    city = Scope(user=actor, districts=None, sealed=frozenset())
    run = scores.latest_run(store, scope=city, as_of=as_of)
    if run is None:
        return {}
    cells = scores.load_cell_scores(store, run.run_id, scope=city)
    kept: dict[str, object] = {}
    for code in (_CITY, *sorted(cells["district_code"].dropna().astype(str).unique())):
        own = city if code == _CITY else Scope(
            user=actor, districts=frozenset({code}), sealed=frozenset()
        )  # fmt: skip
        told = exploration.report(store, params, run=run, scope=own, as_of=as_of)
        figures = {
            name: asdict(value) if isinstance(value, Estimate | Alarm) else value
            for name in Report.__dataclass_fields__
            if name not in _LIVE
            for value in (getattr(told, name),)
        }
        kept[code] = documents.to_plain(figures)
    return kept


def load(store: Store, *, run: ScoreRun, scope: Scope) -> Report | None:
    """
    Return the stored report of what the reader looks at, with the week's visits as of now.

    ``None`` where no search since stored one, or where the reader looks at several
    districts but not at all of them: a share of some districts is not computed.
    """
    if scope.districts is not None and len(scope.districts) != 1:
        return None
    newest = signals.latest_run(store)
    code = _CITY if scope.districts is None else next(iter(scope.districts))
    figures: Mapping[str, Any] | None = (
        None if newest is None else newest["summary"].get(KEY, {}).get(code)
    )
    if figures is None:
        return None
    week_start = next_week(run.as_of)
    return Report(
        **{
            **figures,
            "estimate": Estimate(**figures["estimate"]),
            "alarm": Alarm(**figures["alarm"]),
        },
        week_start=week_start,
        week=explorations.load_visits(store, scope=scope, week_start=week_start),
        draws=tuple(explorations.load_draws(store, scope=scope, week_start=week_start)),
    )
