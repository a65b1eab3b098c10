"""风险热点: where may unknown sites be, why, how sure, what do we not know?"""

import streamlit as st

from ui import cached, cell_panel, filters, first_steps, map_pages, messages, tables
from ui.messages import text
from workflows.reading import ScoreRun

MAP, TABLE = "map", "table"

run = cached.run()
if run is None:
    messages.title(text("风险热点"), text("哪里可能藏着我们还不知道的点位，把握有多大"))
    first_steps.draw(
        text("哪里可能藏着我们还不知道的点位"),
        text("尚未评分。评分需要机构或线索；有区划、人口和到访记录更准。"),
    )
    st.stop()

messages.title(
    text("风险热点"),
    text("哪里可能藏着我们还不知道的点位，把握有多大"),
    text("数据截至 {time}", time=messages.when(run.as_of)),
)
cell_panel.draw_total(run)
cell_panel.draw_missing(run)


@st.fragment
def board(run: ScoreRun) -> None:
    """Draw layers, map and panel; a click reruns only this part."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = map_pages.choose_measure(run)
        layers = map_pages.choose_layers()
        names = {MAP: text("地图"), TABLE: text("表格")}
        shown = filters.one_of("view", names, label=text("显示"), default=MAP)
    left, right = st.columns([8, 4])
    with left:
        if shown == TABLE:
            picked = tables.pick_cell(cached.cells(run))
        else:
            picked = map_pages.hotspot_map(run, layers, measure=measure)
    with right, st.container(border=True):
        cell_panel.draw(run, picked)


board(run)
map_pages.document_links(map_pages.document_address("hotspots", run.run_id))
