"""The ledger as its pages call it: brought up to date, counted once a minute and change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from data.scope import Scope
from ui import cached
from workflows import ledger_views
from workflows.clocks import Clocks
from workflows.ledger import Book

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


def counts() -> dict[str, int]:
    """Return the ledger's numbers; every page shows these."""
    book()
    return _counts(cached.version(), cached.scope(), minute())


@st.cache_resource(max_entries=64, hash_funcs=_KEYED)
def _counts(store_version: str, scope: Scope, now: datetime) -> dict[str, int]:
    return ledger_views.counts(cached.store(), scope=scope, now=now)


def page(codes: Mapping[str, str], *, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
    """Return one page of lines and how many there are in all."""
    return _page(
        cached.version(), cached.scope(), minute(), tuple(sorted(codes.items())), limit, offset
    )


@st.cache_resource(max_entries=64, hash_funcs=_KEYED)
def _page(
    store_version: str,
    scope: Scope,
    now: datetime,
    codes: tuple[tuple[str, str], ...],
    limit: int,
    offset: int,
) -> tuple[pd.DataFrame, int]:
    return ledger_views.page(
        cached.store(), dict(codes), scope=scope, now=now, limit=limit, offset=offset
    )


def story(lead_id: str) -> ledger_views.LeadStory:
    """Return what is known of one lead."""
    return _story(cached.version(), cached.scope(), minute(), lead_id)


@st.cache_resource(max_entries=64, hash_funcs=_KEYED)
def _story(store_version: str, scope: Scope, now: datetime, lead_id: str) -> ledger_views.LeadStory:
    params = cached.settings().records
    return ledger_views.story(
        _book(cached.store().url), lead_id, scope=scope, now=now, params=params
    )


def owners() -> list[str]:
    """Return who leads can be given to."""
    return _owners(cached.version(), cached.scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _owners(store_version: str, scope: Scope) -> list[str]:
    return ledger_views.owners(_book(cached.store().url), scope=scope)


def areas() -> dict[str, str]:
    """Return code → name of the areas that a lead can lie in."""
    return _areas(cached.version(), cached.scope())


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _areas(store_version: str, scope: Scope) -> dict[str, str]:
    return ledger_views.areas(cached.store(), scope=scope, now=cached.now())


def facilities() -> dict[str, str]:
    """Return id → name of the open facilities."""
    return _facilities(cached.version(), cached.scope())


@st.cache_resource(max_entries=8, hash_funcs=_KEYED)
def _facilities(store_version: str, scope: Scope) -> dict[str, str]:
    return ledger_views.facilities(cached.store(), scope=scope, now=cached.now())
