"""The ledger's board: lines with a map beside them, and the panels of what is picked."""

import importlib
import importlib.util
from collections.abc import Mapping
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from errors import MedPatrolError
from ui import lead_data, lead_filters, lead_panel, lead_table, lead_triage, maps, state
from ui.lead_data import Asked
from ui.maps import MapLayer
from ui.messages import text
from workflows.ledger import Book

PAGE_ROWS = 10
_PANEL = "ui.complainant_panel"


def draw(book: Book, asked: Asked, codes: Mapping[str, str], *, shape: str) -> None:
    """Draw lines, map and panels for a filter."""
    now = int(asked.now.timestamp())
    if state.recall("lead_codes") not in {None, hash_of(codes)}:
        # another filter: what was open before is no answer to it
        state.remember("lead", None)
    state.remember("lead_codes", hash_of(codes))
    n_page = int(state.recall("lead_page") or "1")
    lines, total = lead_data.page(asked, codes, limit=PAGE_ROWS, offset=(n_page - 1) * PAGE_ROWS)
    if total and lines.empty:
        n_page = 1
        lines, total = lead_data.page(asked, codes, limit=PAGE_ROWS, offset=0)
    if not total:
        lead_filters.draw_none(codes)
        return
    picked = _lines(lines, codes, shape=shape, now=now, key=f"{n_page}-{hash_of(codes)}")
    foot = st.container(horizontal=True, vertical_alignment="center")
    foot.caption(text("举报人信息另库保存，查看须填写事由并留痕"))
    first = (n_page - 1) * PAGE_ROWS + 1
    foot.caption(
        text("第 {a}–{b} 条，共 {n} 条", a=first, b=first + len(lines) - 1, n=total),
        width="content",
    )
    with foot:
        st.pagination(max(-(-total // PAGE_ROWS), 1), key="lead_page")
    _panels(book, asked, lines, picked)


def own_address(path: str, codes: Mapping[str, str], **more: str) -> str:
    """Return an address of the ledger with what the filter shows."""
    district = state.district()
    query = {**codes, **({"district": district} if district else {}), **more}
    return f"{path}?{urlencode(query)}" if query else path


def hash_of(codes: Mapping[str, str]) -> str:
    """Return the codes as one short text, for the key of the table."""
    return urlencode(sorted(codes.items()))


def _lines(
    lines: pd.DataFrame, codes: Mapping[str, str], *, shape: str, now: int, key: str
) -> list[str]:
    if shape == "list":
        return lead_table.draw_list(lines, now=now)
    if shape == "table":
        return lead_table.draw(lines, now=now, narrow=False, key=key)
    left, right = st.columns([7, 5])
    with left:
        picked = lead_table.draw(lines, now=now, narrow=True, key=f"map-{key}")
    with right:
        _map(codes)
    return picked


def _map(codes: Mapping[str, str]) -> None:
    maps.risk_map(
        key="leads",
        layers=[
            MapLayer(name="areas", url=own_address("/data/areas.json", {}), kind="areas"),
            MapLayer(
                name="complaints",
                url=own_address("/data/leads.json", codes),
                kind="complaints",
                options={"pick": False},
            ),
        ],
        language=state.language(),
        alt=text("线索位置图：当前筛选的线索，已模糊至约 500 米；同样的内容见表格"),
        height=400,
        fit=f"{hash_of(codes)}-{state.district()}",
    )


def _panels(book: Book, asked: Asked, lines: pd.DataFrame, picked: list[str]) -> None:
    ids = [str(lead_id) for lead_id in lines["complaint_id"]]
    wanted = state.recall("lead")
    chosen = picked or ([wanted] if wanted else ids[:1])
    try:
        stories = [lead_data.story(asked, lead_id) for lead_id in chosen[:20]]
    except MedPatrolError:
        # what was picked has left the reader's sight since
        stories = [lead_data.story(asked, ids[0])]
    lead_id = str(stories[0].line["complaint_id"])
    left, right = st.columns([8, 4])
    with left:
        lead_panel.draw_compare(book, stories[0], chosen[1] if len(chosen) > 1 else None)
        lead_panel.draw_story(stories[0])
        if importlib.util.find_spec(_PANEL) is not None:
            importlib.import_module(_PANEL).draw(lead_id)
    with right:
        _next_button(ids, lead_id)
        lead_triage.draw(book, asked, stories)


def _next_button(ids: list[str], lead_id: str) -> None:
    at = ids.index(lead_id) if lead_id in ids else -1
    following = ids[at + 1] if at + 1 < len(ids) else None
    st.button(
        text("下一条"), disabled=following is None, on_click=lead_table.show, args=(following,),
        shortcut="alt+n", width="stretch", key="next_lead",
    )  # fmt: skip
