"""覆盖均衡: do visits follow risk, which gaps are not chance?"""

import streamlit as st

from ui import area_reads, cached, charts, first_steps, messages, reach_panel, tables
from ui.messages import text

run = cached.run()
if run is None:
    messages.title(text("覆盖均衡"))
    first_steps.draw(text("到访是否跟着风险走"), text("尚未评分。评分后才能比较风险和到访。"))
    st.stop()

even = cached.even(run)
messages.title(
    text("覆盖均衡"),
    text("{a} 至 {b}", a=even.since.isoformat(), b=even.until.isoformat()),
    text("数据截至 {time}", time=messages.when(run.as_of)),
)

fringe, index, never, visits = st.columns(4)
shares = tables.fringe_shares(even.by_class)
with fringe:
    messages.card(
        text("结合部：风险占比 / 到访占比"),
        text("未知") if shares is None else tables.two_shares(*shares),
        text("城乡分类代码 112、122"),
    )
with index:
    messages.card(
        text("不均衡指数"),
        tables.number(even.line.unevenness),
        text("0 为按风险分配，1 为全不相干"),
    )
with never:
    messages.card(
        text("从未到访的村") if even.places_are_villages else text("从未到访的网格"),
        text("{n} 个", n=even.n_never_seen),
        text("共 {m} 个有人居住或有机构", m=even.n_places),
    )
with visits:
    messages.card(
        text("近 12 个月到访"),
        text("{n} 家次", n=even.n_visits),
        text("其中 {n} 家次没有位置", n=even.n_unplaced_visits),
    )
if even.n_visits == 0:
    st.info(text("近 12 个月没有到访记录，无法比较。先导入检查台账。"))
if even.township_is_block:
    st.caption(text("没有区划数据，按约 36 平方公里的网格片统计"))

curve, classes = st.columns(2)
with curve, st.container(border=True):
    st.subheader(text("到访是否跟着风险走"), anchor=False)
    st.echarts_chart(
        charts.lorenz(even.line.risk_share, even.line.work_share),
        height=330,
        renderer="svg",
        alt=text("累计风险占比与累计到访占比；虚线为按风险分配"),
    )
with classes, st.container(border=True):
    st.subheader(text("按城乡类别"), anchor=False)
    st.echarts_chart(
        charts.share_bars(
            [tables.urban_rural(code) for code in even.by_class["group"]],
            even.by_class["risk_share"].fillna(0),
            even.by_class["visit_share"].fillna(0),
        ),
        height=330,
        renderer="svg",
        alt=text("各城乡类别的风险占比与到访占比"),
    )
    reach_panel.draw_remote(even)
    st.caption(area_reads.sources_line())

district, township = st.columns([5, 7])
with district:
    st.subheader(text("按区县"), anchor=False)
    st.dataframe(tables.shares(even.by_district), hide_index=True, alt=text("按区县的占比"))
with township:
    st.subheader(
        text("拉大差距的网格片") if even.township_is_block else text("拉大差距的乡镇"),
        anchor=False,
    )
    st.dataframe(tables.shares(even.by_township.head(30)), hide_index=True, alt=text("占比差距"))

reach_panel.draw(run)
if cached.may("export"):
    st.link_button(
        text("导出全部图层（GeoPackage）"), "/download/layers.gpkg", icon=":material/download:"
    )
st.subheader(text("最久未到访的地方"), anchor=False)
st.dataframe(tables.unseen(even.longest_unseen), hide_index=True, alt=text("最久未到访的网格"))
