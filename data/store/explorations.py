"""Random draws of cells, the visits they ask for, and those that were not made."""

import gzip
import io
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, false, insert, select, true, update

from data import audit
from data.scope import Scope
from data.store import documents, engine
from data.store.engine import Store
from data.store.signal_tables import exploration_draws, exploration_visits
from errors import NotFoundError

_FRAME = ("cell_id", "stratum", "inclusion_prob", "urban_rural_code", "minutes_to_seat",
          "knowledge", "drawn")  # fmt: skip


def save_draw(
    store: Store,
    frame: pd.DataFrame,
    *,
    week_start: date,
    district_code: str,
    as_of: datetime,
    score_run_id: str,
    seed: int,
    frame_hash: str,
    params: Mapping[str, object],
    actor: str,
    now: datetime,
) -> str:
    """
    Keep a draw with the list it was drawn from; return its id.

    One week and district is drawn once: a later call keeps the first draw, so that
    nobody draws until he likes what comes.
    """
    draw_id = f"{week_start.isoformat()}-{district_code}"
    at = engine.to_seconds(now)
    drawn = frame[frame["drawn"]]
    packed = gzip.compress(frame[list(_FRAME)].to_csv(index=False).encode(), mtime=0)
    with store.write() as conn:
        held = conn.execute(
            select(exploration_draws.c.draw_id).where(exploration_draws.c.draw_id == draw_id)
        ).one_or_none()
        if held is not None:
            return draw_id
        conn.execute(
            insert(exploration_draws).values(
                draw_id=draw_id, week_start=week_start.isoformat(), district_code=district_code,
                as_of=engine.to_seconds(as_of), score_run_id=score_run_id, created_at=at,
                created_by=actor, seed=seed, n_drawn=len(drawn), n_frame=len(frame),
                params=documents.to_text(params), frame_hash=frame_hash, frame=packed,
            )
        )  # fmt: skip
        rows = [
            {
                "draw_id": draw_id,
                "week_start": week_start.isoformat(),
                "district_code": district_code,
                **{
                    name: None if pd.isna(row[name]) else row[name]
                    for name in ("cell_id", "area_code", "area_name", "stratum", "lon", "lat",
                                 "inclusion_prob", "predicted")
                },
            }
            for row in drawn.to_dict("records")
        ]  # fmt: skip
        if rows:
            conn.execute(insert(exploration_visits), rows)
        audit.append(
            conn, at=at, actor=actor, action="exploration.draw", object_id=draw_id,
            detail={"n": len(drawn), "of": len(frame), "seed": seed, "hash": frame_hash},
        )  # fmt: skip
        engine.bump_data_version(conn)
    return draw_id


def load_draws(
    store: Store, *, scope: Scope, week_start: date | None = None, since: date | None = None
) -> list[dict[str, Any]]:
    """Return the draws of a week, or since a day, newest first; without their lists."""
    columns = [c for c in exploration_draws.columns if c.name != "frame"]
    query = select(*columns).where(_in_scope(exploration_draws.c.district_code, scope))
    query = _of(query, exploration_draws.c.week_start, week_start, since)
    order = (exploration_draws.c.week_start.desc(), exploration_draws.c.district_code)
    with store.read() as conn:
        return [
            {**row._asdict(), "params": json.loads(row.params)}
            for row in conn.execute(query.order_by(*order))
        ]


def load_frame(store: Store, draw_id: str, *, scope: Scope) -> pd.DataFrame:
    """Return the list that a draw was made from; NotFoundError where it is not the reader's."""
    query = select(exploration_draws.c.frame).where(
        exploration_draws.c.draw_id == draw_id,
        _in_scope(exploration_draws.c.district_code, scope),
    )
    with store.read() as conn:
        packed = conn.execute(query).scalar()
    if packed is None:
        raise NotFoundError("没有这次抽取：{draw_id}", draw_id=draw_id)
    text = io.BytesIO(gzip.decompress(packed))
    return pd.read_csv(text, dtype={"cell_id": str, "urban_rural_code": str, "stratum": str})


def load_visits(
    store: Store,
    *,
    scope: Scope,
    week_start: date | None = None,
    since: date | None = None,
    known_before: datetime | None = None,
) -> pd.DataFrame:
    """Return drawn visits of a week, or since a day; misses told later are not known yet."""
    table = exploration_visits
    query = select(table).where(_in_scope(table.c.district_code, scope))
    query = _of(query, table.c.week_start, week_start, since)
    if known_before is not None:
        query = query.join(exploration_draws, exploration_draws.c.draw_id == table.c.draw_id).where(
            exploration_draws.c.created_at <= engine.to_seconds(known_before)
        )
    with store.read() as conn:
        rows = conn.execute(query.order_by(table.c.week_start, table.c.cell_id)).fetchall()
    found = pd.DataFrame(rows, columns=[c.name for c in table.columns])
    if known_before is not None and len(found):
        later = found["missed_at"].astype(float) > engine.to_seconds(known_before)
        found.loc[later, ["missed_at", "missed_by", "missed_reason"]] = None
    return found


def record_miss(
    store: Store,
    draw_id: str,
    cell_id: str,
    *,
    reason: str,
    scope: Scope,
    actor: str,
    now: datetime,
) -> None:
    """Note that a drawn visit was not made, and why; the first note stays."""
    column = exploration_visits.c
    mine = (
        (column.draw_id == draw_id)
        & (column.cell_id == cell_id)
        & _in_scope(column.district_code, scope)
    )
    at = engine.to_seconds(now)
    with store.write() as conn:
        held = conn.execute(select(column.missed_at).where(mine)).one_or_none()
        if held is None:
            raise NotFoundError("没有这次随机到访：{cell_id}", cell_id=cell_id)
        if held.missed_at is not None:
            return
        conn.execute(
            update(exploration_visits)
            .where(mine)
            .values(missed_at=at, missed_by=actor, missed_reason=reason)
        )
        audit.append(
            conn, at=at, actor=actor, action="exploration.non_response",
            object_id=f"{draw_id}:{cell_id}", detail={"reason": reason},
        )  # fmt: skip
        engine.bump_data_version(conn)


def _of(query: Any, column: Any, week_start: date | None, since: date | None) -> Any:
    if week_start is not None:
        query = query.where(column == week_start.isoformat())
    if since is not None:
        query = query.where(column >= since.isoformat())
    return query


def _in_scope(column: Any, scope: Scope) -> ColumnElement[bool]:
    if scope.districts is None:
        return true()
    codes = sorted(scope.districts)
    return column.in_(codes) if codes else false()
