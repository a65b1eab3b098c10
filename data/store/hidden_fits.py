"""Fits of the hidden-site model: save, find the newest that may be used, drop old ones."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from data import audit
from data.store import engine
from data.store.engine import Store
from data.store.model_tables import hidden_fits

KEPT = 4
"""Newest fits kept per setting: the next weeks' scores need one, a replay fits its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFit:
    """A fit as stored; ``data_hash`` is of the records that it was fitted on."""

    fit_id: str
    fitted_as_of: datetime
    data_hash: str
    document: bytes


def save_fit(
    store: Store,
    *,
    fitted_as_of: datetime,
    setting_hash: str,
    data_hash: str,
    n_cells: int,
    document: bytes,
    actor: str,
    now: datetime | None = None,
) -> str:
    """Save a fit, drop the oldest beyond ``KEPT`` of the same setting, return its id."""
    created = engine.written_at(now)
    fit = hidden_fits.c
    fit_id = f"{fitted_as_of:%Y%m%d}-{secrets.token_hex(4)}"
    with store.write() as conn:
        conn.execute(
            insert(hidden_fits).values(
                fit_id=fit_id,
                fitted_as_of=engine.to_seconds(fitted_as_of),
                created_at=created,
                actor=actor,
                setting_hash=setting_hash,
                data_hash=data_hash,
                n_cells=n_cells,
                document=document,
            )
        )
        newest = (
            select(fit.fit_id)
            .where(fit.setting_hash == setting_hash)
            .order_by(fit.created_at.desc(), fit.fitted_as_of.desc(), fit.fit_id)
        )
        old = [row[0] for row in conn.execute(newest)][KEPT:]
        if old:
            conn.execute(delete(hidden_fits).where(fit.fit_id.in_(old)))
        detail = {"n_cells": n_cells}
        audit.append(
            conn, at=created, actor=actor, action="fit_model", object_id=fit_id, detail=detail
        )
    return fit_id


def usable_fit(
    store: Store, *, setting_hash: str, as_of: datetime, max_age_days: float
) -> StoredFit | None:
    """Return the newest fit of a setting made as of this moment or at most so long before."""
    fit = hidden_fits.c
    oldest = engine.to_seconds(as_of - timedelta(days=max_age_days))
    query = (
        select(hidden_fits)
        .where(
            fit.setting_hash == setting_hash,
            fit.fitted_as_of <= engine.to_seconds(as_of),
            fit.fitted_as_of >= oldest,
        )
        .order_by(fit.fitted_as_of.desc(), fit.created_at.desc(), fit.fit_id)
    )
    with store.read() as conn:
        row = conn.execute(query.limit(1)).one_or_none()
    if row is None:
        return None
    return StoredFit(
        fit_id=row.fit_id,
        fitted_as_of=engine.to_instant(row.fitted_as_of),
        data_hash=row.data_hash,
        document=bytes(row.document),
    )
