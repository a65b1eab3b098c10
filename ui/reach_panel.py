"""What the teams reach: residents and expected risk within some minutes of a base."""

from typing import Any

import pandas as pd
import streamlit as st

from ui import area_reads, cached, charts, messages, tables
from ui.messages import text
from workflows.evenness import Evenness
from workflows.reach import Reach
from workflows.reading import ScoreRun


def draw(run: ScoreRun) -> None:
    """Draw bars over all districts and a table by district, with where the minutes come from."""
    found = area_reads.within(run)
    st.subheader(text("驻地可达范围内的居民和风险"), anchor=False)
    if not found.n_bases:
        st.caption(text("执法人员没有驻地坐标，无法计算可达范围"))
        return
    st.caption(_source(found))
    bars, rows = st.columns([5, 7])
    with bars:
        whole = found.table[found.table["district_code"].isna()].set_index("measure")
        st.echarts_chart(
            charts.share_bars(
                [text("{m} 分钟内", m=m) for m in found.minutes],
                [_share(whole.loc["score"], m) for m in found.minutes],
                [_share(whole.loc["population"], m) for m in found.minutes],
                second=text("居民占比，%"),
            ),
            height=40 + 52 * len(found.minutes),
            renderer="svg",
            alt=text("驻地各时限内的风险占比与居民占比"),
        )
    with rows:
        st.dataframe(_table(found), hide_index=True, alt=text("驻地可达范围内的居民和风险，按区县"))


def draw_remote(even: Evenness) -> None:
    """Draw one line: the shares of risk and visits of what lies remote."""
    rows = even.by_remote
    far = rows[rows["group"] == 1] if len(rows) else rows
    if len(far) and not far[["risk_share", "visit_share"]].isna().any(axis=None):
        row = far.iloc[0]
        st.caption(
            text(
                "其中偏远地区 {n} 格：风险占 {risk}，到访占 {visits}",
                n=int(row["n_places"]),
                risk=messages.percent(row["risk_share"]),
                visits=messages.percent(row["visit_share"]),
            )
        )
    parts = even.by_class_and_remote
    if len(parts):
        with st.expander(text("按类别分偏远与非偏远")):
            st.dataframe(
                tables.shares(parts.assign(name=_class_names(parts))),
                hide_index=True,
                alt=text("按类别分偏远与非偏远"),
            )


def _class_names(parts: pd.DataFrame) -> list[str]:
    far, near = text("偏远"), text("非偏远")
    return [
        f"{tables.urban_rural(row.group)} · {far if row.is_remote else near}"
        for row in parts.itertuples()
    ]


def _source(found: Reach) -> str:
    if found.n_estimated == found.n_cells:
        return text("没有道路数据，路程为直线推算")
    if found.n_estimated:
        return text(
            "按道路计算；{n} 个网格附近没有道路，部分路程为直线推算（共 {m} 格）",
            n=found.n_estimated,
            m=found.n_cells,
        )
    return text("按道路计算")


def _table(found: Reach) -> pd.DataFrame:
    names = cached.districts()
    people = found.table[found.table["measure"] == "population"]
    sites = found.table[found.table["measure"] == "mean"].set_index("district_code")
    rows = []
    for row in people.to_dict("records"):
        code = row["district_code"] if isinstance(row["district_code"], str) else None
        risk = sites[sites.index.isna()].iloc[0] if code is None else sites.loc[code]
        rows.append(
            {
                text("区县"): text("合计") if code is None else names.get(code, code),
                text("居民"): round(row["total"]),
                **{
                    text("居民 {m} 分钟内，%", m=m): round(100 * _share(row, m))
                    for m in found.minutes
                },
                text("预计未掌握点位"): round(float(risk["total"]), 1),
                **{
                    text("点位 {m} 分钟内，%", m=m): round(100 * _share(risk, m))
                    for m in found.minutes
                },
            }
        )
    return pd.DataFrame(rows)


def _share(row: Any, minutes: int) -> float:
    total = float(row["total"])
    return float(row[str(minutes)]) / total if total > 0 else 0.0
