"""The list of cases: filters, table, export."""

from datetime import date
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from data.schema import CASE_STAGES, TOPICS
from ui import cached, filters, messages, record_lists, record_reads, state
from ui.messages import text
from workflows import case_reading
from workflows.case_reading import CaseFilter

ADDRESS = "case"
EVERY = "*"


def choose() -> CaseFilter:
    """Draw the filters in one row and return what they say."""
    search, topic_column, late_column = st.columns([5, 3, 2], vertical_alignment="bottom")
    with search:
        words = record_lists.search_box("q", text("案号、机构或地点"))
    with topic_column:
        topic = filters.from_list(
            "topic",
            [EVERY, *TOPICS],
            label=text("案由"),
            default=EVERY,
            name_of=lambda code: text("全部") if code == EVERY else messages.label("topic", code),
        )
    late = late_column.toggle(
        text("只看超期"), value=st.query_params.get("late") == "1", key="late"
    )
    record_lists.write_address("late", "1" if late else None)
    names = {code: messages.label("stage", code) for code in CASE_STAGES}
    stages = filters.several_of("stage", names, label=text("阶段"), default=())
    wanted = CaseFilter(words=words, stages=tuple(stages), topic=None if topic == EVERY else topic)
    if not late:
        return wanted
    return case_reading.with_limit(wanted, cached.settings().records, record_reads.today())


def draw(wanted: CaseFilter) -> None:
    """Draw the page of the list that is chosen."""
    page = record_lists.paged("cases", wanted, lambda n: record_reads.cases(wanted, n), "共 {n} 起")
    if page.rows.empty:
        record_lists.nothing_found(text("案件"))
        return
    record_lists.pick(
        page.rows,
        _table(page.rows),
        key="case_id",
        address=ADDRESS,
        alt=text("案件"),
        column_config={
            text(name): st.column_config.NumberColumn(format="localized")
            for name in ("罚款，元", "没收，元")
        },
    )
    if record_lists.may("export"):
        st.link_button(text("导出 Excel"), export_address(wanted), icon=":material/download:")


def export_address(wanted: CaseFilter) -> str:
    """Return the address of the same list as a workbook."""
    query = {"lang": state.language(), "q": wanted.words, "topic": wanted.topic or ""}
    query["stage"] = " ".join(wanted.stages)
    query["late"] = "1" if wanted.late_before else ""
    query["district"] = state.district() or ""
    kept = {name: value for name, value in query.items() if value}
    return f"/download/cases.xlsx?{urlencode(kept)}"


def clock_words(row: dict, today: date) -> str:
    """Return how a case stands against its statutory limit, in words."""
    clock = case_reading.clock_of(row, cached.settings().records, today=today)
    if clock is None:
        return "—"
    if clock.state == "late":
        return "● " + text("超期 {d} 天", d=-clock.days_left)
    if clock.state == "soon":
        return "▲ " + text("剩 {d} 天", d=clock.days_left)
    return text("剩 {d} 天", d=clock.days_left)


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    listed, today = rows.to_dict("records"), record_reads.today()
    place = rows["facility_name"].fillna(rows["site_text"]).fillna("—")
    return pd.DataFrame(
        {
            text("案件编号"): rows["case_id"],
            text("立案日期"): [record_lists.day(row["opened_on"]) for row in listed],
            text("案由"): [messages.label("topic", row["topic"]) for row in listed],
            text("地点"): place,
            text("阶段"): [messages.label("stage", row["stage"]) for row in listed],
            text("决定时限"): [clock_words(row, today) for row in listed],
            text("罚款，元"): rows["fine_yuan"],
            text("没收，元"): rows["confiscated_yuan"],
            text("结案日期"): [record_lists.day(row["closed_on"]) for row in listed],
        }
    )
