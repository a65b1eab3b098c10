"""Sentences, errors and labels in the reader's language."""

import re
from collections.abc import Mapping
from datetime import date, datetime

import streamlit as st

from data.records import Message
from data.schema import TIME_ZONE
from errors import MedPatrolError
from ui import cached, state
from workflows import wording


def text(template: str, /, **values: object) -> str:
    """Return a sentence in the reader's language , numbers as people read them."""
    return wording.say(Message(template, values), state.language())


def say(message: Message | MedPatrolError) -> str:
    """Return a message or an error in the reader's language."""
    return wording.say(message, state.language())


def label(vocabulary: str, code: object) -> str:
    """Return the label of a code in the reader's language."""
    return wording.label(vocabulary, code, state.language())


def plain(words: str) -> str:
    """Return text that may come from a file so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:-])", r"\\\1", words)


def when(moment: datetime) -> str:
    """Return a moment as tables show it, in the bureau's time."""
    return moment.astimezone(TIME_ZONE).strftime("%Y-%m-%d %H:%M")


def week_title(week_start: date) -> str:
    """Return ``第 48 周（11-23 至 11-29）`` or its English twin."""
    last = date.fromordinal(week_start.toordinal() + 6)
    return text(
        "第 {w} 周（{a} 至 {b}）",
        w=str(week_start.isocalendar().week),
        a=week_start.strftime("%m-%d"),
        b=last.strftime("%m-%d"),
    )


def percent(share: float) -> str:
    """Return a probability as whole percent, never 0 % or 100 %."""
    if share < 0.01:
        return "<1 %"
    if share > 0.95:
        return ">95 %"
    return f"{share:.0%}".replace("%", " %")


def title(name: str, *line: str) -> None:
    """Draw the title row of a page: its name and one grey line."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    row.title(name, anchor=False, width="content")
    row.caption(" · ".join(part for part in line if part), width="content")


def card(label: str, value: str, line: str, *, about: str | None = None) -> None:
    """Draw a key number with the line that explains it, in one frame."""
    with st.container(border=True, gap=None, height="stretch"):
        st.metric(label, value, help=about)
        st.caption(line)


def link(
    page: str, label: str, *, icon: str | None = None, query: Mapping[str, str] | None = None
) -> None:
    """Draw a link to another page, named by its file, where the reader may open it."""
    if cached.may_open(page):
        params = dict(query) if query else None
        st.page_link(f"pages/{page}.py", label=label, icon=icon, query_params=params)


def show_error(error: MedPatrolError) -> None:
    """Draw an error as one sentence."""
    st.error(say(error))
