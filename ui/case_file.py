"""One case: facts, where it came from, its steps, and the form for the next one."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from data.schema import CASE_STAGES
from errors import MedPatrolError
from ui import cached, case_list, messages, record_lists, record_reads
from ui.messages import text
from workflows import cases
from workflows.case_reading import CaseFile

WRITE = "cases.write"
CLOSE = "closed"
EXTEND = "extended"


def draw(case_id: str) -> None:
    """Draw the file of a case, or that there is none for this reader."""
    record_lists.back(case_list.ADDRESS)
    try:
        of = record_reads.case(case_id)
    except MedPatrolError as error:
        messages.show_error(error)
        return
    row = of.row
    st.subheader(
        messages.plain(f"{case_id} · {messages.label('topic', row['topic'])}"), anchor=False
    )
    _draw_clock(of)
    facts, steps = st.columns([7, 5])
    with facts:
        _draw_facts(of)
        _draw_links(of)
    with steps, st.container(border=True):
        st.markdown("**" + text("办理经过") + "**")
        st.dataframe(_timeline(of), hide_index=True, alt=text("办理经过"))
        _draw_undo(of)
        if record_lists.may(WRITE):
            _draw_next(of)


def _draw_clock(of: CaseFile) -> None:
    clock = of.clock
    if clock is None:
        return
    due = clock.due_on.isoformat()
    if clock.state == "late":
        st.error(text("处罚决定应于 {date} 前作出，已超期 {d} 天", date=due, d=-clock.days_left))
    elif clock.state == "soon":
        st.warning(text("处罚决定应于 {date} 前作出，剩 {d} 天", date=due, d=clock.days_left))
    else:
        st.caption(text("处罚决定应于 {date} 前作出，剩 {d} 天", date=due, d=clock.days_left))


def _draw_facts(of: CaseFile) -> None:
    row = of.row
    is_den = not pd.isna(row["den_destroyed"]) and bool(row["den_destroyed"])
    place = row["facility_name"] if isinstance(row["facility_name"], str) else row["site_text"]
    facts = {
        text("阶段"): messages.label("stage", row["stage"]),
        text("立案日期"): record_lists.day(row["opened_on"]),
        text("地点"): place if isinstance(place, str) else "—",
        text("案件来源"): record_lists.word("case_source", row["source"]),
        text("处罚决定日期"): record_lists.day(row["decided_on"]),
        text("罚款，元"): record_lists.money(row["fine_yuan"]),
        text("没收违法所得，元"): record_lists.money(row["confiscated_yuan"]),
        text("捣毁窝点"): text("是") if is_den else "—",
        text("移送单位"): row["transferred_to"] if isinstance(row["transferred_to"], str) else "—",
        text("结案日期"): record_lists.day(row["closed_on"]),
    }
    shown = pd.DataFrame({text("项目"): list(facts), text("内容"): list(facts.values())})
    st.dataframe(shown, hide_index=True, alt=text("案件"))


def _draw_links(of: CaseFile) -> None:
    row = of.row
    with st.container(horizontal=True):
        if isinstance(row["facility_id"], str):
            record_lists.to("facilities", text("机构"), facility=row["facility_id"])
        if isinstance(row["person_id"], str):
            name = text("人员 {id}", id=row["person_id"])
            record_lists.to("persons", name, person=row["person_id"])
    if isinstance(row["complaint_id"], str):
        lead = row["complaint_id"]
        record_lists.to("leads", text("来自线索 {id}", id=lead), icon=":material/inbox:", q=lead)
    for visit in of.inspections.to_dict("records"):
        st.text(
            text(
                "来自 {date} 的检查 {id}：{result}",
                date=record_lists.day(visit["started_at"]),
                id=visit["inspection_id"],
                result=visit["result"],
            )
        )


def _timeline(of: CaseFile) -> pd.DataFrame:
    steps = [
        {
            text("日期"): event.happened_on,
            text("步骤"): _step_name(event.stage)
            + (text("（已撤回）") if event.is_withdrawn else ""),
            text("经办"): event.actor,
        }
        for event in of.events
        if event.withdraws is None
    ]
    if not any(event.stage == "filed" for event in of.events):
        filed = record_lists.day(of.row["opened_on"])
        steps.insert(
            0, {text("日期"): filed, text("步骤"): _step_name("filed"), text("经办"): text("导入")}
        )
        for name, stage in (("decided_on", "decided"), ("closed_on", "closed")):
            is_own = any(event.stage == stage for event in of.events)
            if not pd.isna(of.row[name]) and not is_own:
                steps.append(
                    {
                        text("日期"): record_lists.day(of.row[name]),
                        text("步骤"): _step_name(stage),
                        text("经办"): text("导入"),
                    }
                )
    return pd.DataFrame(steps)


def _step_name(stage: str) -> str:
    if stage == EXTEND:
        return text("延期")
    if stage == cases.EDITED:
        return text("更正")
    return messages.label("stage", stage)


def _draw_undo(of: CaseFile) -> None:
    if of.can_undo_until is None:
        return
    until = messages.when(of.can_undo_until)[-5:]
    if st.button(text("撤回上一步（{time} 前）", time=until), icon=":material/undo:"):
        _do(
            lambda: cases.undo(
                cached.store(),
                of.row["case_id"],
                actor=cached.actor(),
                scope=cached.scope(),
                now=cached.now(),
                params=cached.settings().records,
            )
        )


def _draw_next(of: CaseFile) -> None:
    """Draw the form of the next step; what a step needs is asked for by itself."""
    at = list(CASE_STAGES).index(of.row["stage"])
    if of.row["stage"] == CLOSE:
        return
    later = list(CASE_STAGES)[at + 1 :]
    choices = [*later, EXTEND] if of.clock is not None else later
    stage = st.selectbox(
        text("下一步"), choices, format_func=_step_name, key=f"next-{len(of.events)}"
    )
    with st.form("next", border=False):
        on = st.date_input(text("日期"), value=cached.now().date(), max_value=cached.now().date())
        values: dict[str, Any] = {}
        if stage == "decided":
            values["fine_yuan"] = st.number_input(text("罚款，元"), min_value=0.0, step=1000.0)
            values["confiscated_yuan"] = st.number_input(
                text("没收违法所得，元"), min_value=0.0, step=1000.0
            )
        if stage == "transferred":
            values["transferred_to"] = st.text_input(text("移送单位"), max_chars=60).strip()
        if stage in {"decided", CLOSE}:
            values["den_destroyed"] = int(st.checkbox(text("捣毁窝点")))
        person = of.row["person_id"]
        person_id = st.text_input(
            text("当事人编号（人员备案）"),
            value=person if isinstance(person, str) else "",
            max_chars=40,
        ).strip()
        if person_id and person_id != person:
            values["person_id"] = person_id
        if st.form_submit_button(text("保存"), type="primary", shortcut="Ctrl+S"):
            _save(of, stage, on, values)
        st.caption(text("提交后 10 分钟内可撤回"))


def _save(of: CaseFile, stage: str, on: Any, values: dict[str, Any]) -> None:
    case_id = str(of.row["case_id"])
    common = {
        "on": on,
        "actor": cached.actor(),
        "scope": cached.scope(),
        "now": cached.now(),
        "values": values,
        "request_key": f"{case_id}-{stage}-{len(of.events)}",
    }
    if stage == CLOSE:
        _do(lambda: cases.close(cached.store(), case_id, **common))
    else:
        _do(lambda: cases.advance(cached.store(), case_id, stage, **common))


def _do(act: Callable[[], None]) -> None:
    """Do it and show the new state, or say what is wrong; entries stay."""
    try:
        act()
    except MedPatrolError as error:
        messages.show_error(error)
    else:
        st.rerun()
