"""The fit of the hidden-site model for a score: a kept one where it still holds, else a new one."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime

from data.scope import Scope
from data.store import hidden_fits
from data.store.engine import Store
from risk import kept_fit, scored
from risk.cells import Fitted, is_usable
from risk.params import Progress, ScoringParams
from risk.scored import Prepared
from workflows.source_rows import load_frames


def fitted_for(
    store: Store,
    known: Prepared,
    params: ScoringParams,
    *,
    scope: Scope,
    as_of: datetime,
    actor: str,
    may_use: bool,
    progress: Progress,
) -> tuple[Fitted, datetime]:
    """
    Return a fit for prepared records, and the moment it was fitted as of.

    A kept fit holds if it is of the same model, settings and districts, not older than
    ``refit_days``, for the same cells, and if the records as known on its own day are
    still those it was fitted on (rows taken back or given an earlier date change them).
    A new fit is kept for the weeks to come.
    """
    setting_hash = _setting_hash(params, scope)
    if may_use:
        kept = hidden_fits.usable_fit(
            store, setting_hash=setting_hash, as_of=as_of, max_age_days=params.cells.refit_days
        )
        if kept is not None:
            fitted = kept_fit.from_bytes(kept.document)
            if fitted is not None and is_usable(fitted, known.places, known.model):
                then = known
                if kept.fitted_as_of != as_of:
                    rows = load_frames(store, scope=scope, as_of=kept.fitted_as_of)
                    then = scored.prepare(rows, params, as_of=kept.fitted_as_of)
                if kept_fit.data_hash(then.places, then.model) == kept.data_hash:
                    return fitted, kept.fitted_as_of
    fitted = scored.fit(known, params, progress=progress)
    if may_use:
        hidden_fits.save_fit(
            store,
            fitted_as_of=as_of,
            setting_hash=setting_hash,
            data_hash=kept_fit.data_hash(known.places, known.model),
            n_cells=len(fitted.cells),
            document=kept_fit.to_bytes(fitted),
            actor=actor,
        )
    return fitted, as_of


def _setting_hash(params: ScoringParams, scope: Scope) -> str:
    districts = None if scope.districts is None else sorted(scope.districts)
    text = json.dumps([scored.METHOD, asdict(params), districts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
