"""Lists of persons, a page at a time; ``record_pages`` tells how."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.sql.selectable import FromClause, Subquery

from data.scope import Scope
from data.store import queries, tables
from data.store.engine import Store, to_seconds
from data.store.record_pages import Page, any_contains, page_of, visible

PERSON_COLUMNS = ("person_id", "name", "kind", "trade", "filed_on", "usual_area_codes")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFilter:
    """Which persons. ``penalised_since`` is the day from which penalties count."""

    penalised_since: date
    topic: str
    words: str = ""
    kind: str | None = None
    is_filed: bool | None = None
    least_penalties: int = 0
    area_code: str | None = None
    person_id: str | None = None


def persons(
    store: Store,
    wanted: PersonFilter,
    *,
    scope: Scope,
    as_of: datetime,
    offset: int = 0,
    limit: int | None = 50,
) -> Page:
    """
    Return persons with the number of their penalties.

    A person belongs to no district. A reader of some districts sees those who usually work
    there, and those whom a case there concerns. Penalties of such a person are counted over
    all districts, because the law does: the count tells neither place nor day.
    """
    at = to_seconds(as_of)
    everywhere = replace(scope, districts=None)
    found = visible("persons", PERSON_COLUMNS, scope=everywhere, at=at)
    known_cases = tables.VERSIONED["cases"]
    p = found.c
    is_penalty = and_(
        known_cases.c.person_id == p.person_id,
        queries.was_known(known_cases, at),
        known_cases.c.topic == wanted.topic,
        is_penalised(known_cases),
        penalty_day(known_cases) >= wanted.penalised_since.isoformat(),
    )
    n_penalties = (
        select(func.count(known_cases.c.case_id)).where(is_penalty).correlate(found)
    ).scalar_subquery()
    listed = (
        select(*p, n_penalties.label("n_penalties"))
        .where(_person_in_scope(found, scope, at=at))
        .subquery("listed")
    )
    query = select(listed).where(_person_conditions(listed, wanted))
    order = (listed.c.n_penalties.desc(), listed.c.filed_on.is_not(None), listed.c.person_id)
    types = {"n_penalties": "integer"}
    return page_of(store, "persons", query, order, types, offset=offset, limit=limit)


def is_penalised(of: FromClause) -> ColumnElement[bool]:
    """Say which cases ended in an administrative penalty: decided, or with money in them."""
    return or_(of.c.decided_on.is_not(None), of.c.fine_yuan > 0, of.c.confiscated_yuan > 0)


def penalty_day(of: FromClause) -> ColumnElement[str]:
    """Return the day of a penalty: decided, else closed, else filed."""
    return func.coalesce(of.c.decided_on, of.c.closed_on, of.c.opened_on)


def _person_conditions(listed: Subquery, wanted: PersonFilter) -> ColumnElement[bool]:
    c = listed.c
    conditions = [any_contains((c.person_id, c.name, c.trade), wanted.words)]
    if wanted.person_id is not None:
        conditions.append(c.person_id == wanted.person_id)
    if wanted.kind is not None:
        conditions.append(c.kind == wanted.kind)
    if wanted.is_filed is not None:
        conditions.append(c.filed_on.is_not(None) if wanted.is_filed else c.filed_on.is_(None))
    if wanted.least_penalties:
        conditions.append(c.n_penalties >= wanted.least_penalties)
    if wanted.area_code is not None:
        conditions.append(_works_in(c.usual_area_codes, wanted.area_code))
    return and_(*conditions)


def _person_in_scope(found: Subquery, scope: Scope, *, at: int) -> ColumnElement[bool]:
    if scope.districts is None:
        return true()
    theirs = visible("cases", ("person_id",), scope=scope, at=at, alias="their_cases")
    concerned = exists(select(theirs.c.person_id).where(theirs.c.person_id == found.c.person_id))
    works = [_works_in(found.c.usual_area_codes, code) for code in sorted(scope.districts)]
    return or_(concerned, *works) if scope.districts else false()


def _works_in(codes: ColumnElement, area_code: str) -> ColumnElement[bool]:
    """Say whether one of the ``;``-joined codes lies in an area: begins with its code."""
    return (literal(";") + func.coalesce(codes, "")).contains(f";{area_code}", autoescape=True)
