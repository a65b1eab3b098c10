"""区域分类: what is city, fringe, town and village here, and who says so?"""

import streamlit as st

from ui import (
    area_detail,
    area_list,
    area_map,
    area_reads,
    first_steps,
    messages,
    record_lists,
    state,
)
from ui.messages import text
from workflows import area_layers

messages.title(text("区域分类"), text("哪里是城区、结合部、镇和村，由谁认定"))
areas = area_reads.areas()
if areas.empty:
    first_steps.draw(
        text("哪里是城乡结合部"), text("还没有区划边界。先导入区划和人口，或载入示例城市看一看。")
    )
    st.stop()
area_list.draw_counts(area_layers.counts(areas))


@st.fragment
def board() -> None:
    """Draw filters, map, table and panel; a click reruns only this part."""
    rows = area_list.choose(areas)
    asked = record_lists.asked(area_list.ADDRESS)
    left, right = st.columns([7, 5])
    with left:
        on_map = area_map.draw(asked)
    with right:
        st.caption(text("共 {n} 个", n=len(rows)))
        in_table = None
        if rows.empty:
            record_lists.nothing_found(text("乡镇或村"))
        else:
            in_table = area_list.draw(rows, height=260)
        picked = area_list.newest(on_map, in_table, asked)
        with st.container(border=True):
            area_detail.draw(areas, picked)


board()
with st.container(horizontal=True):
    area_detail.draw_recompute()
    if record_lists.may("export"):
        st.link_button(
            text("导出（CSV）"),
            f"/download/area-classes.csv?lang={state.language()}",
            icon=":material/download:",
        )
