"""评分卡: were past scores any good, beside simple methods?"""

import streamlit as st

from risk import backtest as figures
from risk import replay
from ui import cached, filters, first_steps, messages, score_card_tables, score_card_view, state
from ui.messages import text

question = text("过去的评分准不准，比简单办法好多少")
if cached.run() is None:
    messages.title(text("评分卡"), question)
    first_steps.draw(question, text("尚未评分。评分后才能回放过去各周。"))
    st.stop()

runs = cached.replays()
if not runs:
    messages.title(text("评分卡"), question)
    st.subheader(question, anchor=False)
    st.info(
        text(
            "尚未回测。回测把过去各周逐一重演：只用当时已知的数据评分，"
            "再看后来查实的点位排在哪里，并与简单办法比较。"
        )
    )
    score_card_view.draw_button(is_first=True)
    st.stop()

head = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    chosen = runs[0]
    if len(runs) > 1:
        made = {one.run_id: messages.when(one.created_at) for one in runs[:20]}
        code = filters.from_list(
            "replay",
            list(made),
            label=text("回测"),
            default=chosen.run_id,
            name_of=made.__getitem__,
        )
        chosen = next(one for one in runs if one.run_id == code)
    target = filters.one_of(
        "target",
        {replay.SITES: text("未掌握点位"), replay.FACILITIES: text("机构")},
        label=text("评什么"),
        default=replay.SITES,
    )
    score_card_view.draw_button(is_first=False)
    if cached.may("export"):
        address = f"/download/score-card/{chosen.run_id}.csv"
        where = state.district()
        is_narrow = where is not None and chosen.districts == (where,)
        st.link_button(text("导出"), f"{address}?district={where}" if is_narrow else address)

with head:
    messages.title(
        text("评分卡"),
        text("全部辖区")
        if chosen.districts is None
        else text("{n} 个区县", n=len(chosen.districts)),
        text(
            "回放 {a} 至 {b}，共 {n} 个时点；每次只用当时已知的数据",
            a=chosen.from_on.isoformat(), b=chosen.to_on.isoformat(), n=chosen.summary["n_origins"],
        ),
        text("回测于 {time}", time=messages.when(chosen.created_at)),
    )  # fmt: skip
rows = cached.replay_values(chosen.run_id)
rows = rows[rows["target"] == target]
score_card_view.draw_verdict(chosen, rows, target)

left, right = st.columns([7, 5])
with left, st.container(border=True):
    score_card_view.draw_captures(rows, target)
with right, st.container(border=True):
    score_card_view.draw_curve(rows, target)
left, right = st.columns([4, 8])
with left, st.container(border=True):
    score_card_view.draw_reliability(rows)
with right:
    score_card_tables.draw_strata(rows)
    score_card_tables.draw_weak_points(rows)
methods = figures.METHODS[target]
st.subheader(text("其他指标，各答一个问题"), anchor=False)
score_card_tables.draw_measures(rows, methods)
st.subheader(text("各时点前 5 % 找到多少"), anchor=False)
score_card_tables.draw_weeks(rows, methods)
