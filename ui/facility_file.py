"""The file of one facility: may we go, why does it score so, what happened there, what next."""

from typing import Any
from urllib.parse import quote

import pandas as pd
import streamlit as st

from errors import MedPatrolError
from ui import (
    cached,
    charts,
    facility_charts,
    facility_list,
    maps,
    messages,
    record_lists,
    record_reads,
    state,
    tables,
)
from ui.maps import MapLayer
from ui.messages import text
from workflows.facility_file import FacilityFile
from workflows.facility_method import facility_method
from workflows.reading import ScoreRun

MAP_HEIGHT = 260


def draw(facility_id: str) -> None:
    """Draw the file, or that there is none for this reader."""
    record_lists.back(facility_list.ADDRESS)
    try:
        of = record_reads.facility(facility_id)
    except MedPatrolError as error:
        messages.show_error(error)
        return
    row = of.row
    st.subheader(messages.plain(str(row["name"])), anchor=False)
    st.caption(" · ".join(_facts(of)))
    _draw_licence(of)
    left, right = st.columns([8, 4])
    with left:
        st.markdown("**" + text("经过") + "**")
        st.echarts_chart(
            facility_charts.history(of),
            height=150,
            renderer="svg",
            alt=text(
                "线索 {a} 条，检查 {b} 次，案件 {c} 起；同样的内容见下表",
                a=len(of.leads),
                b=len(of.inspections),
                c=len(of.cases),
            ),
        )
        _draw_tables(of)
        run = cached.run()
        if run is not None and isinstance(row["cell_id"], str):
            _draw_map(run, facility_id)
    with right:
        _draw_visits_left(of)
        _draw_score(of, run)
        if isinstance(row["cell_id"], str) and st.button(text("在风险热点看所在网格")):
            state.remember("cell", row["cell_id"])
            st.switch_page("pages/hotspots.py")


def _facts(of: FacilityFile) -> list[str]:
    row = of.row
    facts = [messages.label("facility_kind", row["kind"]), str(row["facility_id"])]
    if isinstance(row["address"], str):
        facts.append(messages.plain(row["address"]))
    facts.append(tables.urban_rural(row["urban_rural_code"]))
    if isinstance(row["opening_hours"], str):
        facts.append(messages.plain(row["opening_hours"]))
    if not pd.isna(row["closed_on"]):
        facts.append(text("{date} 停业", date=record_lists.day(row["closed_on"])))
    return facts


def _draw_licence(of: FacilityFile) -> None:
    row = of.row
    date = record_lists.day(row["licence_expiry"])
    number = row["licence_no"] if isinstance(row["licence_no"], str) else text("未知")
    covered = row["licence_scope"] if isinstance(row["licence_scope"], str) else ""
    fields = messages.plain("、".join(covered.split(";"))) if covered else text("未知")
    line = text("许可证 {number}，诊疗科目：{fields}", number=number, fields=fields)
    if of.licence == "expired":
        st.error(text("许可已于 {date} 到期", date=date) + " · " + line)
    elif of.licence == "soon":
        st.warning(text("许可 {date} 到期", date=date) + " · " + line)
    elif of.licence == "ok":
        st.caption(line + " · " + text("有效期至 {date}", date=date))
    else:
        st.caption(text("没有许可有效期记录") + (f" · {line}" if covered else ""))


def _draw_visits_left(of: FacilityFile) -> None:
    left = of.visits_left
    with st.container(border=True, gap=None):
        st.metric(text("本年度还可例行检查"), text("{n} 次", n=left.left))
        st.caption(
            text(
                "本级已查 {a} / {b} 次，各级合计 {c} / {d} 次；豁免事由 {e} 次不计",
                a=left.done,
                b=left.cap,
                c=left.done_in_total,
                d=left.cap_in_total,
                e=left.exempt,
            )
        )
        if left.barred is not None:
            st.caption(messages.say(left.barred))
        if left.next_on is not None:
            st.caption(text("按最短间隔，{date} 起可再去", date=left.next_on.isoformat()))
        for recusal in of.recusals.to_dict("records"):
            st.caption(
                text(
                    "回避：{officer}（{reason}）",
                    officer=recusal["officer_id"],
                    reason=record_lists.word("recusal_reason", recusal["reason"]),
                )
            )


def _draw_score(of: FacilityFile, run: ScoreRun | None) -> None:
    row = of.row
    with st.container(border=True):
        if pd.isna(row["p"]):
            st.caption(text("尚未评分"))
            return
        st.metric(text("检查发现问题的可能性"), messages.percent(row["p"]))
        st.caption(
            text(
                "90 % 区间 {lo} – {hi} · 风险 {score} 点",
                lo=messages.percent(row["lo"]),
                hi=messages.percent(row["hi"]),
                score=f"{row['score']:.2f}",
            )
        )
        if of.reasons:
            st.echarts_chart(
                charts.reason_bars(of.reasons),
                height=18 + 34 * len(of.reasons),
                renderer="svg",
                alt="；".join(
                    f"{messages.say(reason.message)} {reason.contribution:+.2f}"
                    for reason in of.reasons
                ),
            )
        said = None if run is None else facility_method(run)
        if said is not None:
            st.caption(messages.say(said))


def _draw_map(run: ScoreRun, facility_id: str) -> None:
    at = f"/data/near/{quote(run.run_id)}/{quote(facility_id, safe='')}"
    maps.risk_map(
        key="facility",
        layers=[
            MapLayer(name="cells", url=f"{at}/cells.json", kind="cells", options={"value": "p"}),
            MapLayer(name="facilities", url=f"{at}/facilities.json", kind="facilities"),
        ],
        language=state.language(),
        alt=text("机构周边的网格和其他机构"),
        selected={"layer": "facilities", "id": facility_id},
        height=MAP_HEIGHT,
        fit=facility_id,
    )


def _draw_tables(of: FacilityFile) -> None:
    blocks: list[tuple[str, pd.DataFrame]] = [
        (text("检查（{n}）", n=len(of.inspections)), _inspections(of)),
        (text("线索（{n}）", n=len(of.leads)), _leads(of)),
        (text("案件（{n}）", n=len(of.cases)), _cases(of)),
    ]
    for title, shown in blocks:
        st.markdown(f"**{title}**")
        if shown.empty:
            st.caption(text("没有记录"))
        else:
            st.dataframe(shown, hide_index=True, placeholder="—", alt=title)
    if len(of.leads):
        facility_id = str(of.row["facility_id"])
        record_lists.to("leads", text("在线索台账查看"), facility=facility_id)
    for row in of.cases.head(5).to_dict("records"):
        record_lists.to("cases", row["case_id"], case=row["case_id"], icon=":material/gavel:")


def _inspections(of: FacilityFile) -> pd.DataFrame:
    return _frame(
        of.inspections,
        lambda row: {
            text("日期"): record_lists.day(row["started_at"]),
            text("类型"): messages.label("inspection_kind", row["kind"]),
            text("结果"): messages.label("result", row["result"]),
            text("违法类别"): record_lists.words_of("topic", row["topics"]),
            text("案件编号"): row["case_id"],
        },
    )


def _leads(of: FacilityFile) -> pd.DataFrame:
    return _frame(
        of.leads,
        lambda row: {
            text("线索编号"): row["complaint_id"],
            text("登记时间"): record_lists.day(row["received_at"]),
            text("渠道"): messages.label("channel", row["channel"]),
            text("类别"): messages.label("topic", row["topic"]),
            text("办结时限"): record_lists.day(row["due_on"]),
            text("状态"): record_lists.word("status", row["status"]),
            text("办理结果"): record_lists.word("outcome", row["outcome"]),
        },
    )


def _cases(of: FacilityFile) -> pd.DataFrame:
    return _frame(
        of.cases,
        lambda row: {
            text("案件编号"): row["case_id"],
            text("立案日期"): record_lists.day(row["opened_on"]),
            text("案由"): messages.label("topic", row["topic"]),
            text("阶段"): messages.label("stage", row["stage"]),
            text("罚款，元"): record_lists.money(row["fine_yuan"]),
        },
    )


def _frame(rows: pd.DataFrame, cells: Any) -> pd.DataFrame:
    return pd.DataFrame([cells(row) for row in rows.to_dict("records")])
