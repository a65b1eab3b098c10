"""首页: does my week start clean, where must I look?"""

import streamlit as st

from ui import cached, first_steps, lead_data, map_pages, messages, tables
from ui.messages import text
from workflows.overview import with_ledger

run = cached.run()
if run is None:
    messages.title(text("首页"))
    first_steps.draw(
        text("哪里可能藏着我们还不知道的点位，下周派谁去"),
        text("还没有数据。先导入机构和线索，或载入示例城市看一看。")
        if cached.is_empty()
        else text("数据已导入，尚未评分。到数据导入页开始评分。"),
    )
    st.stop()

shown = with_ledger(cached.week_overview(run), lead_data.counts())
messages.title(
    text("首页"),
    messages.week_title(cached.planning_week(run)),
    text("数据截至 {time}", time=messages.when(run.as_of)),
)

planned = shown.n_planned_last_week
late, done, unseen = st.columns(3)
with late:
    messages.card(
        text("超期线索"),
        text("{n} 条", n=shown.n_overdue),
        tables.overdue_line(shown),
        about=text("办结时限已过、尚未办结的线索"),
    )
with done:
    messages.card(
        text("上周完成"),
        text("{a} 家次", a=shown.n_done_last_week)
        if planned is None
        else text("{a} / {b} 家次", a=shown.n_done_last_week, b=planned),
        tables.not_done_line(shown.n_not_done),
    )
with unseen:
    messages.card(
        text("超期未查"),
        text("{n} 处", n=shown.n_unseen),
        tables.unseen_line(shown, months=cached.settings().screen.unseen_months),
    )

board, tasks = st.columns([7, 5])
with board:
    st.subheader(text("风险热点与未查明区域"), anchor=False)
    map_pages.small_map(run)
    messages.link("hotspots", text("打开风险热点"), icon=":material/hexagon:")
with tasks:
    st.subheader(text("本周待办"), anchor=False)
    for task in shown.to_do:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            with st.container(gap=None):
                st.markdown(f"**{messages.say(task.title)}**")
                st.caption(messages.say(task.hint))
            messages.link(task.page, text("去办理"), query=task.query)
    st.subheader(text("风险最高的网格"), anchor=False)
    st.dataframe(tables.top_cells(shown.top_cells), hide_index=True, alt=text("风险最高的网格"))
