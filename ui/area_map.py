"""The map of areas coloured by their urban-rural class."""

import streamlit as st

from ui import filters, maps, state
from ui.maps import MapLayer
from ui.messages import text

PICKED = "picked-area"
HEIGHT = 520


def draw(picked: str | None) -> str | None:
    """Draw the map and return the code of the area that was picked on it just now."""
    levels = {"village": text("按村"), "township": text("按乡镇")}
    with st.container(horizontal=True):
        level = filters.one_of("by", levels, label=text("显示"), default="village")
        extras = {"reach": text("驻地可达范围")}
        shown = filters.several_of("layers", extras, label=text("图层"), default=())
    district = state.district()
    of = "" if district is None else f"district={district}"
    query = "&".join(part for part in (f"level={level}", of) if part)
    event = maps.risk_map(
        key="areas",
        layers=[
            MapLayer(name="classes", url=f"/data/area-classes.json?{query}", kind="classes"),
            MapLayer(name="areas", url="/data/areas.json" + (f"?{of}" if of else ""), kind="areas"),
            MapLayer(
                name="reach", url="/data/reach.json" + (f"?{of}" if of else ""), kind="reach",
                visible="reach" in shown,
            ),
        ],
        language=state.language(),
        alt=text("区域分类图：每个乡镇或村的城乡分类；同样的内容见表格"),
        selected=None if picked is None else {"layer": "classes", "id": picked},
        height=HEIGHT,
        fit=f"{district}",
        source=text("底图：本局区划"),
    )  # fmt: skip
    chosen = event.selected
    code = chosen["id"] if chosen is not None and chosen.get("layer") == "classes" else None
    if code == st.session_state.get(PICKED):
        return None
    st.session_state[PICKED] = code
    return code
