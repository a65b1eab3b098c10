"""What lists of records share: a search box, a page of rows to pick from, links between pages."""

import math
import zlib
from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from data.schema import LABELS
from ui import cached, messages, state
from ui.messages import text
from workflows.case_reading import Page


def search_box(key: str, hint: str) -> str:
    """Draw a search box whose words stand in the address, and return them."""
    words = st.text_input(
        text("搜索"),
        value=st.query_params.get(key, ""),
        placeholder=hint,
        max_chars=60,
        key=key,
    ).strip()
    write_address(key, words or None)
    return words


def paged(key: str, wanted: object, load: Callable[[int], Page], count: str) -> Page:
    """
    Draw how many rows there are and the choice of a page, and return that page.

    ``count`` is a sentence with ``{n}``. Another filter begins at its first page.
    """
    first = load(1)
    n_pages = max(1, math.ceil(first.n_total / cached.settings().records.page_rows))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(text(count, n=first.n_total))
        if n_pages == 1:
            return first
        signature = zlib.crc32(repr(wanted).encode())
        page = int(st.pagination(n_pages, key=f"{key}-{signature}"))
    return first if page == 1 else load(page)


def pick(
    rows: pd.DataFrame, shown: pd.DataFrame, *, key: str, address: str, alt: str, **more: Any
) -> None:
    """Draw rows as a table; picking one opens its file, whose id is column ``key``."""
    event = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=min(620, 38 + 35 * max(1, len(shown))),
        placeholder="—",
        alt=alt,
        key=f"{address}-rows",
        **more,
    )
    chosen = event.selection.rows
    if chosen:
        st.query_params[address] = str(rows[key].iloc[chosen[0]])
        st.rerun()


def asked(address: str) -> str | None:
    """Return the id of the file that the address asks for."""
    return st.query_params.get(address)


def back(address: str) -> None:
    """Draw the way from a file back to its list."""
    if st.button(text("返回列表"), icon=":material/arrow_back:"):
        st.query_params.pop(address, None)
        st.rerun()


def to(page: str, label: str, *, icon: str | None = None, **query: str) -> None:
    """Draw a link to a page of the product, opened at one record."""
    words = messages.plain(label)
    asked_for = {**query, state.LANGUAGE: state.language()}
    st.page_link(f"pages/{page}.py", label=words, icon=icon, query_params=asked_for)


def nothing_found(thing: str) -> None:
    """Say that a filter leaves nothing."""
    st.info(text("当前筛选下没有{thing}。请减少筛选条件", thing=thing))


def may(right: str) -> bool:
    """Return whether the visitor holds a right now."""
    return cached.may(right)


def day(value: Any) -> str:
    """Return a day as tables show it, a dash where there is none."""
    return "—" if value is None or pd.isna(value) else str(pd.Timestamp(value).date())


def money(value: Any) -> str:
    """Return yuan with separators, a dash where none is known."""
    return "—" if value is None or pd.isna(value) else f"{value:,.0f}"


def word(vocabulary: str, value: Any) -> str:
    """Return the label of a code, or of the Chinese label that a file gave; else as it is."""
    if value is None or pd.isna(value):
        return "—"
    code = next((c for c, (zh, _) in LABELS[vocabulary].items() if zh == value), value)
    return messages.label(vocabulary, code)


def words_of(vocabulary: str, listed: Any) -> str:
    """Return the labels of ``;``-joined codes."""
    if not isinstance(listed, str) or not listed:
        return "—"
    return "、".join(word(vocabulary, code) for code in listed.split(";"))


def as_date(value: Any) -> date | None:
    """Return a day for a date widget, ``None`` where there is none."""
    return None if value is None or pd.isna(value) else pd.Timestamp(value).date()


def write_address(key: str, code: str | None) -> None:
    """Put a choice into the address; ``None`` takes it out."""
    if code is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != code:
        st.query_params[key] = code
