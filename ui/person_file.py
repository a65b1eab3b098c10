"""The file of one person: the register's entry, cases, what the rule asks; and its form."""

from typing import Any

import pandas as pd
import streamlit as st

from data.schema import PERSON_KINDS
from errors import MedPatrolError
from ui import cached, messages, person_list, record_lists, record_reads
from ui.messages import text
from workflows import persons
from workflows.persons import PersonFile

WRITE = "persons.write"


def draw(person_id: str) -> None:
    """Draw the file, or that there is none for this reader."""
    record_lists.back(person_list.ADDRESS)
    try:
        of = record_reads.person(person_id)
    except MedPatrolError as error:
        messages.show_error(error)
        return
    row = of.row
    name = str(row["name"] or text("姓名未登记"))
    st.subheader(messages.plain(f"{name} · {person_id}"), anchor=False)
    kind = record_lists.word("person_kind", row["kind"])
    trade = messages.plain(str(row["trade"])) if row["trade"] else text("行业未知")
    st.caption(" · ".join((kind, trade, person_list.filing_words(dict(row)))))
    if of.prompt is not None:
        st.warning(messages.say(of.prompt))
    left, right = st.columns([7, 5])
    with left:
        _draw_work(of)
    with right, st.container(border=True):
        if record_lists.may(WRITE):
            st.markdown("**" + text("登记内容") + "**")
            _draw_form(dict(row), is_new=False)
        else:
            st.caption(text("您的账号可以查看，不能修改"))


def draw_new() -> None:
    """Draw the form for a new entry, folded up, for whoever may write the register."""
    if record_lists.may(WRITE):
        with st.expander(text("登记人员")):
            _draw_form({}, is_new=True)


def _draw_work(of: PersonFile) -> None:
    st.markdown("**" + text("常驻区划") + "**")
    st.text(person_list.areas_words(of.row["usual_area_codes"], record_reads.area_names()))
    st.markdown("**" + text("案件（{n}）", n=len(of.cases)) + "**")
    if of.cases.empty:
        st.caption(text("没有记录"))
    else:
        st.dataframe(_cases(of.cases), hide_index=True, alt=text("案件"))
        for row in of.cases.head(5).to_dict("records"):
            record_lists.to("cases", row["case_id"], case=row["case_id"], icon=":material/gavel:")
            if isinstance(row["complaint_id"], str):
                name = text("来自线索 {id}", id=row["complaint_id"])
                record_lists.to("leads", name, q=row["complaint_id"])
    if of.n_elsewhere:
        st.caption(text("另有其他县区处罚 {n} 次，详情请向该县区了解", n=of.n_elsewhere))


def _cases(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                text("案件编号"): row["case_id"],
                text("立案日期"): record_lists.day(row["opened_on"]),
                text("案由"): messages.label("topic", row["topic"]),
                text("阶段"): messages.label("stage", row["stage"]),
                text("罚款，元"): record_lists.money(row["fine_yuan"]),
            }
            for row in rows.to_dict("records")
        ]
    )


def _draw_form(row: dict[str, Any], *, is_new: bool) -> None:
    townships, names = record_reads.townships(), record_reads.area_names()
    held = [code for code in str(row.get("usual_area_codes") or "").split(";") if code]
    options = list(dict.fromkeys([*held, *townships]))
    kinds = list(PERSON_KINDS)
    with st.form("new-person" if is_new else "person", border=False, clear_on_submit=is_new):
        entry: dict[str, Any] = {"person_id": row.get("person_id")}
        if is_new:
            entry["person_id"] = st.text_input(
                text("人员编号（可留空，自动编号）"), max_chars=40
            ).strip()
        entry["name"] = st.text_input(text("姓名"), value=row.get("name") or "", max_chars=40)
        entry["kind"] = st.selectbox(
            text("人员类别"),
            kinds,
            index=kinds.index(row["kind"]) if row.get("kind") in kinds else 0,
            format_func=lambda code: messages.label("person_kind", code),
        )
        entry["trade"] = st.text_input(text("行业"), value=row.get("trade") or "", max_chars=40)
        entry["filed_on"] = st.date_input(
            text("备案日期（未备案则留空）"),
            value=record_lists.as_date(row.get("filed_on")),
            max_value=cached.now().date(),
        )
        entry["usual_area_codes"] = st.multiselect(
            text("常驻区划"),
            options,
            default=held,
            format_func=lambda code: names.get(code, code),
        )
        if st.form_submit_button(text("保存"), type="primary"):
            _save(entry, is_new=is_new)


def _save(entry: dict[str, Any], *, is_new: bool) -> None:
    try:
        person_id = persons.save(
            cached.store(),
            entry,
            actor=cached.actor(),
            scope=cached.scope(),
            now=cached.now(),
            is_new=is_new,
        )
    except MedPatrolError as error:
        messages.show_error(error)
    else:
        st.query_params[person_list.ADDRESS] = person_id
        st.toast(text("已保存"))
        st.rerun()
