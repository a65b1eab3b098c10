"""Cases, facilities, persons and officers as pages read them, kept per store version and scope."""

from collections.abc import Callable
from datetime import date
from typing import Any

import streamlit as st

from data.scope import EVERYTHING, Scope
from ui import cached
from workflows import case_reading, facility_file, officers, persons
from workflows.case_reading import CaseFile, CaseFilter, Page, current
from workflows.facility_file import FacilityFile, FacilityFilter
from workflows.officers import Staff, WeekCapacity
from workflows.persons import PersonFile, PersonFilter
from workflows.weeks import local_day

_KEYED: dict[str | type[Any], Callable[[Any], Any]] = {
    Scope: repr,
    CaseFilter: repr,
    FacilityFilter: repr,
    PersonFilter: repr,
}


def today() -> date:
    """Return the day that clocks and expiries are told for: today, or the end of an old extract."""
    return local_day(cached.default_as_of())


def cases(wanted: CaseFilter, page: int) -> Page:
    """Return one page of the cases."""
    return _cases(cached.version(), cached.scope(), wanted, page)


@st.cache_resource(max_entries=64, hash_funcs=_KEYED)
def _cases(store_version: str, scope: Scope, wanted: CaseFilter, page: int) -> Page:
    del store_version  # only keys the cache
    rows = cached.settings().records.page_rows
    return case_reading.list_cases(
        cached.store(), wanted, scope=scope, as_of=current(cached.now()), page=page, page_rows=rows
    )


def case(case_id: str) -> CaseFile:
    """Return one case; NotFoundError where it is not there for the reader."""
    return case_reading.case_file(
        cached.store(),
        case_id,
        scope=cached.scope(),
        as_of=current(cached.now()),
        params=cached.settings().records,
        actor=cached.actor(),
        now=cached.now(),
    )


def facilities(wanted: FacilityFilter, page: int) -> Page:
    """Return one page of the facilities."""
    run = cached.run()
    run_id = None if run is None else run.run_id
    return _facilities(cached.version(), cached.scope(), wanted, run_id, page)


@st.cache_resource(max_entries=64, hash_funcs=_KEYED)
def _facilities(
    store_version: str, scope: Scope, wanted: FacilityFilter, run_id: str | None, page: int
) -> Page:
    del store_version
    return facility_file.list_facilities(
        cached.store(),
        wanted,
        run_id=run_id,
        scope=scope,
        as_of=current(cached.now()),
        page=page,
        page_rows=cached.settings().records.page_rows,
    )


def facility(facility_id: str) -> FacilityFile:
    """Return one facility; NotFoundError where it is not there for the reader."""
    return _facility(cached.version(), cached.scope(), facility_id, today())


@st.cache_resource(max_entries=64, hash_funcs=_KEYED)
def _facility(store_version: str, scope: Scope, facility_id: str, on: date) -> FacilityFile:
    del store_version
    settings = cached.settings()
    return facility_file.facility_file(
        cached.store(),
        facility_id,
        run=cached.run(),
        scope=scope,
        as_of=current(cached.now()),
        today=on,
        records=settings.records,
        candidates=settings.planning.candidates,
    )


def townships() -> dict[str, str]:
    """Return code and name of the townships the visitor may choose."""
    return _townships(cached.version(), cached.scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _townships(store_version: str, scope: Scope) -> dict[str, str]:
    del store_version
    return facility_file.area_names(
        cached.store(), scope=scope, as_of=current(cached.now()), level="township"
    )


def area_names() -> dict[str, str]:
    """Return the name of every area by code: names of places are public."""
    return _area_names(cached.version())


@st.cache_resource(max_entries=4)
def _area_names(store_version: str) -> dict[str, str]:
    del store_version
    return facility_file.area_names(cached.store(), scope=EVERYTHING, as_of=current(cached.now()))


def persons_page(wanted: PersonFilter, page: int) -> Page:
    """Return one page of the register."""
    return _persons(cached.version(), cached.scope(), cached.actor(), wanted, page)


@st.cache_resource(max_entries=32, hash_funcs=_KEYED)
def _persons(store_version: str, scope: Scope, actor: str, wanted: PersonFilter, page: int) -> Page:
    del store_version
    return persons.list_persons(
        cached.store(),
        wanted,
        scope=scope,
        as_of=current(cached.now()),
        actor=actor,
        page=page,
        page_rows=cached.settings().records.page_rows,
    )


def person(person_id: str) -> PersonFile:
    """Return one person; NotFoundError where there is none for the reader."""
    return persons.person_file(
        cached.store(),
        person_id,
        scope=cached.scope(),
        as_of=current(cached.now()),
        actor=cached.actor(),
        today=today(),
        params=cached.settings().records,
    )


def staff() -> Staff:
    """Return the officers of the visitor's districts."""
    return _staff(cached.version(), cached.scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _staff(store_version: str, scope: Scope) -> Staff:
    del store_version
    return officers.staff(cached.store(), scope=scope, as_of=current(cached.now()))


def capacity(week_start: date) -> WeekCapacity:
    """Return what a week can be staffed with."""
    return _capacity(cached.version(), cached.scope(), week_start)


@st.cache_resource(max_entries=32, hash_funcs=_KEYED)
def _capacity(store_version: str, scope: Scope, week_start: date) -> WeekCapacity:
    return officers.week_capacity(
        _staff(store_version, scope), week_start, cached.settings().planning
    )
