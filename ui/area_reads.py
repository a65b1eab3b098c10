"""Area classes and the reach of bases as pages read them, kept per store version and scope."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from data.scope import Scope
from ui import area_list, cached, messages
from ui.messages import text
from workflows import area_classes, reach
from workflows.reach import Reach
from workflows.reading import ScoreRun

_KEYED: dict[str | type[Any], Callable[[Any], Any]] = {
    Scope: repr,
    ScoreRun: lambda run: run.run_id,
}


def areas() -> pd.DataFrame:
    """Return townships and villages with their class and where it comes from."""
    return _areas(cached.version(), cached.scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _areas(store_version: str, scope: Scope) -> pd.DataFrame:
    del store_version  # only keys the cache
    return area_classes.listed(cached.store(), scope=scope, as_of=cached.now())


def class_of_cell(row: Mapping[str, Any], run: ScoreRun) -> str:
    """Return the class of a cell with its code, source and year."""
    held = areas()
    own = held[held["area_code"] == row["area_code"]]
    year = run.as_of.year if row["class_source"] == area_classes.COMPUTED else None
    if len(own) and own["urban_rural_code"].iloc[0] == row["urban_rural_code"]:
        year = own["class_year"].iloc[0]
    return area_list.class_with_source({**row, "class_year": year})


def sources_line() -> str:
    """Return who gave the classes that a page compares by, and of which year."""
    held = areas()
    level = "village" if (held["level"] == "village").any() else "township"
    known = held[(held["level"] == level) & held["class_source"].notna()]
    parts = []
    for source, rows in known.groupby("class_source", sort=True):
        years = sorted({round(year) for year in rows["class_year"].dropna()})
        named = " ".join(
            (
                messages.label("class_source", source),
                "–".join(str(y) for y in years[:1] + years[1:][-1:]),
            )
        ).strip()
        parts.append(text("{name} {n} 个", name=named, n=len(rows)))
    return text("类别来源：{sources}", sources="、".join(parts)) if parts else text("城乡类别未知")


def within(run: ScoreRun) -> Reach:
    """Return residents and expected risk within some minutes of the nearest base."""
    return _within(cached.version(), run, cached.scope())


@st.cache_resource(max_entries=16, hash_funcs=_KEYED)
def _within(store_version: str, run: ScoreRun, scope: Scope) -> Reach:
    del store_version  # only keys the cache
    return reach.within(cached.store(), run, scope=scope, params=cached.settings().seat_params())
