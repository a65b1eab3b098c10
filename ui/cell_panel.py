"""The panel beside the hotspot map: one cell, its score, why, how sure, what was done."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from ui import area_reads, cached, charts, facility_list, messages, tables
from ui.messages import text
from workflows import reading
from workflows.reading import CellStory, ScoreRun
from workflows.wording import from_json

KNOWLEDGE_STEPS = ("少", "一般", "较多", "充分")


def draw_total(run: ScoreRun) -> None:
    """Draw how many unknown sites are expected in all, with the interval."""
    total = reading.expected_total(run)
    if total is not None:
        mean, lo, hi = (f"{round(value):,}" for value in total)
        if reading.total_is_uncertain(run):
            st.caption(
                text(
                    "全市预计未掌握点位 {lo}–{hi} 处（90 % 区间）。总数把握不足，只宜看排序",
                    lo=lo,
                    hi=hi,
                )
            )
            return
        st.caption(text("全市预计未掌握点位 {v} 处（90 % 区间 {lo}–{hi}）", v=mean, lo=lo, hi=hi))


def draw_missing(run: ScoreRun) -> None:
    """Draw what the scores had to do without, folded up."""
    missing = [messages.say(from_json(stored)) for stored in reading.missing(run)]
    if missing:
        with st.expander(text("评分时缺少 {n} 项数据", n=len(missing))):
            for sentence in missing:
                st.text(sentence)


def draw(run: ScoreRun, cell_id: str | None) -> None:
    """Draw the panel of a cell, or how to get one."""
    story = None if cell_id is None else cached.cell(run, cell_id)
    if story is None or cell_id is None:
        _draw_nothing_chosen(run)
        return
    row = story.row
    st.subheader(messages.plain(tables.place(row)), anchor=False)
    st.caption(" · ".join(_facts(row, run)))
    st.metric(
        text("至少有一处可查实的违法（以在册机构代替）")
        if reading.counts_all_finds(run)
        else text("至少有一处未掌握点位"),
        messages.percent(row["p_hidden"]),
    )
    st.caption(
        text(
            "90 % 区间 {lo} – {hi} · 第 {r} 位，共 {n} 格 · 中位 {median}",
            lo=messages.percent(row["p_lo"]),
            hi=messages.percent(row["p_hi"]),
            r=story.rank,
            n=story.n_cells,
            median=messages.percent(story.median_p),
        )
    )
    expected = f"{row['mean']:.2f}"
    st.markdown("**" + text("为什么（预计点位数 {v} 由此构成）", v=expected) + "**")
    st.echarts_chart(
        charts.reason_bars(story.reasons),
        height=18 + 34 * len(story.reasons),
        renderer="svg",
        alt="；".join(
            f"{messages.say(reason.message)} {reason.contribution:+.2f}" for reason in story.reasons
        ),
    )
    _draw_knowledge(row, all_finds=reading.counts_all_finds(run))
    _draw_done(story)
    facility_list.draw_of_cell(cell_id)


def _facts(row: Mapping[str, Any], run: ScoreRun) -> list[str]:
    facts = [area_reads.class_of_cell(row, run)]
    if not pd.isna(row["population"]) and row["population"] > 0:
        facts.append(text("常住约 {n} 人", n=round(row["population"])))
    facts.append(text("机构 {n} 家", n=int(row["n_facilities"])))
    if not pd.isna(row["minutes_to_seat"]):
        n = round(row["minutes_to_seat"])
        by_road = row["minutes_source"] == "road"
        facts.append(
            text("距区县驻地 {n} 分钟", n=n)
            if by_road
            else text("距区县驻地约 {n} 分钟（推算）", n=n)
        )
        if row["is_remote"] == 1:
            facts.append(text("偏远地区"))
    return facts


def _draw_knowledge(row: Mapping[str, Any], *, all_finds: bool) -> None:
    known = float(row["knowledge"])
    level = min(int(known * len(KNOWLEDGE_STEPS)), len(KNOWLEDGE_STEPS) - 1)
    words = text("我们知道多少：{level}", level=text(KNOWLEDGE_STEPS[level]))
    st.progress(known, text=words)
    if pd.isna(row["last_visit_on"]):
        st.caption(text("从未到访：分数低不等于没有"))
        return
    said = text(
        "近 12 个月到访 {n} 次，最近一次 {date}",
        n=int(row["n_visits_year"]),
        date=tables.last_seen(row["last_visit_on"]),
    )
    if not all_finds:
        if known > 0:
            share = messages.percent(known)
            said = f"{said} · {text('若有点位，以往排查应已发现约 {p}', p=share)}"
        else:
            said = f"{said} · {text('未排查过未登记场所：分数低不等于没有')}"
    st.caption(said)


def _draw_done(story: CellStory) -> None:
    st.markdown("**" + text("已做过什么") + "**")
    if story.visits.empty:
        st.caption(text("近三年没有到访记录"))
    else:
        st.dataframe(
            tables.visits_done(story.visits), hide_index=True, alt=text("本网格以往的检查")
        )
    st.markdown("**" + text("线索与承办") + "**")
    if story.n_open == 0:
        st.caption(text("没有未办结线索"))
    elif story.n_overdue:
        st.caption(text("未办结 {n} 条：{late} 条超期", n=story.n_open, late=story.n_overdue))
    else:
        st.caption(text("未办结 {n} 条", n=story.n_open))


def _draw_nothing_chosen(run: ScoreRun) -> None:
    st.subheader(text("点一个网格，看为什么"), anchor=False)
    st.caption(text("也可以按 Tab 逐个走过风险最高的 20 个网格，按回车打开。"))
    st.dataframe(
        tables.short_cells(tables.likeliest(cached.cells(run)).head(10)),
        hide_index=True,
        alt=text("风险最高的 10 个网格"),
    )
