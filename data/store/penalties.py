"""Administrative penalties counted over all districts, as the law does; numbers only."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select

from data.store import queries, tables
from data.store.engine import Store
from data.store.person_pages import is_penalised, penalty_day

_CASES = tables.VERSIONED["cases"]


def at_facility(store: Store, facility_id: str, *, topic: str, since: date, at: int) -> int:
    """Count the penalties for a topic at one facility."""
    query = select(func.count()).where(
        _CASES.c.facility_id == facility_id, _counted(topic, since, at)
    )
    with store.read() as conn:
        return int(conn.execute(query).scalar_one())


def of_persons_behind(
    store: Store,
    facility_id: str | None,
    case_ids: Sequence[str],
    *,
    topic: str,
    since: date,
    at: int,
) -> int:
    """Count the penalties of one person whom a case at a facility, or one of some, concerns."""
    behind: list[ColumnElement[bool]] = []
    if case_ids:
        behind.append(_CASES.c.case_id.in_(list(case_ids)))
    if facility_id is not None:
        behind.append(_CASES.c.facility_id == facility_id)
    if not behind:
        return 0
    theirs = select(_CASES.c.person_id).where(
        _CASES.c.person_id.is_not(None), queries.was_known(_CASES, at), or_(*behind)
    )
    query = (
        select(func.count())
        .where(_CASES.c.person_id.in_(theirs), _counted(topic, since, at))
        .group_by(_CASES.c.person_id)
    )
    with store.read() as conn:
        return max((int(n) for (n,) in conn.execute(query)), default=0)


def _counted(topic: str, since: date, at: int) -> ColumnElement[bool]:
    return and_(
        queries.was_known(_CASES, at),
        _CASES.c.topic == topic,
        is_penalised(_CASES),
        penalty_day(_CASES) >= since.isoformat(),
    )
