"""The ledger as its pages call it: brought up to date, counted once a minute and change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from data.scope import Scope
from ui import cached, state
from workflows import access, ledger_views, reading
from workflows.clocks import Clocks
from workflows.ledger import Book


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks in this run of the page, and when: asked of the store once, not at each step."""

    version: str
    ledger: str
    scope: Scope
    now: datetime
    actor: str
    rights: frozenset[str]


def ask() -> Asked:
    """Return who asks now; every act asks anew by itself."""
    visitor = cached.visitor()
    scope = access.narrowed(visitor.scope, state.district())
    return Asked(cached.version(), _mark(), scope, minute(), visitor.account, visitor.rights)


def _mark() -> str:
    """Name the state of the ledger: not every change in the store is one of the ledger."""
    store = cached.store()
    return f"{store.url}@{ledger_views.mark(store)}"


_KEYED: dict[str | type[Any], Any] = {Scope: repr}


@st.cache_resource(max_entries=4)
def _book(store_url: str) -> Book:
    settings = cached.settings()
    return Book(cached.store(), Clocks(settings.ledger), settings.links)


def book() -> Book:
    """Return the ledger of this server, up to date with its store."""
    found = _book(cached.store().url)
    found.sync(cached.now())
    return found


def minute() -> datetime:
    """Return the present moment to the minute, so that what is counted can be kept."""
    return cached.now().replace(second=0, microsecond=0)


def counts(asked: Asked | None = None) -> dict[str, int]:
    """Return the ledger's numbers; every page shows these."""
    if asked is None:
        book()
        asked = ask()
    return _counts(asked.ledger, asked.scope, asked.now)


@st.cache_resource(max_entries=64, hash_funcs=_KEYED)
def _counts(mark: str, scope: Scope, now: datetime) -> dict[str, int]:
    return ledger_views.counts(cached.store(), scope=scope, now=now)


def page(
    asked: Asked, codes: Mapping[str, str], *, limit: int, offset: int
) -> tuple[pd.DataFrame, int]:
    """Return one page of lines and how many there are in all."""
    return _page(asked.ledger, asked.scope, asked.now, tuple(sorted(codes.items())), limit, offset)


@st.cache_resource(max_entries=64, hash_funcs=_KEYED)
def _page(
    mark: str,
    scope: Scope,
    now: datetime,
    codes: tuple[tuple[str, str], ...],
    limit: int,
    offset: int,
) -> tuple[pd.DataFrame, int]:
    return ledger_views.page(
        cached.store(), dict(codes), scope=scope, now=now, limit=limit, offset=offset
    )


def story(asked: Asked, lead_id: str) -> ledger_views.LeadStory:
    """Return what is known of one lead."""
    return _story(asked.version, asked.scope, asked.now, lead_id)


@st.cache_resource(max_entries=64, hash_funcs=_KEYED)
def _story(store_version: str, scope: Scope, now: datetime, lead_id: str) -> ledger_views.LeadStory:
    params = cached.settings().records
    return ledger_views.story(
        _book(cached.store().url), lead_id, scope=scope, now=now, params=params
    )


def owners(asked: Asked) -> list[str]:
    """Return who leads can be given to."""
    return _owners(asked.ledger, asked.scope)


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _owners(mark: str, scope: Scope) -> list[str]:
    return ledger_views.owners(_book(cached.store().url), scope=scope)


def areas(asked: Asked) -> dict[str, str]:
    """Return code → name of the areas that a lead can lie in."""
    mark = reading.mark_of(cached.store(), "areas")
    return _areas(f"{cached.store().url}@{mark}", asked.scope)


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _areas(mark: str, scope: Scope) -> dict[str, str]:
    return ledger_views.areas(cached.store(), scope=scope, now=cached.now())


def facilities(asked: Asked) -> dict[str, str]:
    """Return id → name of the open facilities."""
    mark = reading.mark_of(cached.store(), "facilities", "areas")
    return _facilities(f"{cached.store().url}@{mark}", asked.scope)


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _facilities(mark: str, scope: Scope) -> dict[str, str]:
    return ledger_views.facilities(cached.store(), scope=scope, now=cached.now())
