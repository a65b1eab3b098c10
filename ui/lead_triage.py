"""The card of the next step: triage of new leads, then what their state allows."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui import cached, lead_data, lead_panel, lead_table, messages
from ui.lead_data import Asked
from ui.messages import text
from workflows import ledger
from workflows.clocks import AWAY
from workflows.ledger import Book
from workflows.ledger_steps import DEPARTMENTS, Triage
from workflows.ledger_views import LeadStory


def draw(book: Book, asked: Asked, stories: Sequence[LeadStory]) -> None:
    """Draw the step that the picked leads wait for."""
    if "leads.write" not in asked.rights:
        st.caption(text("您的账号只能查看线索"))
        return
    statuses = {str(story.line["status"]) for story in stories}
    with st.container(border=True):
        ids = [str(story.line["complaint_id"]) for story in stories]
        if statuses == {"new"}:
            _triage(book, asked, ids)
        elif len(stories) == 1:
            _next_step(book, asked, stories[0])
        else:
            st.caption(text("所选线索的状态不同，请逐条办理"))
        lead_panel.draw_undo(book, asked, stories[0])


def _triage(book: Book, asked: Asked, ids: list[str]) -> None:
    head = st.container(horizontal=True, vertical_alignment="bottom")
    head.subheader(text("研判"), anchor=False)
    head.caption("、".join(ids))
    params = book.clocks.params
    hints = {
        "direct": text("本局到现场，{n} 个工作日内答复", n=params.answer_days.get("direct", 15)),
        "hand_over": text("交乡镇或协管，{n} 个工作日内签收", n=params.receipt_days),
        "transfer": text("公安、市场监管、医保、生态环境、纪检监察"),
        "return": text("不属本局，登记后 {n} 个工作日内", n=params.return_days),
    }
    names = {"direct": text("直查直办"), "hand_over": text("转办"), "transfer": text("移送"),
             "return": text("退回")}  # fmt: skip
    action = str(
        st.radio(
            text("分办"),
            list(names),
            format_func=names.__getitem__,
            key="triage_action",
            captions=[hints[name] for name in names],
            label_visibility="collapsed",
        )
    )
    with st.form("triage", border=False, enter_to_submit=False):
        owner, unit, due_on = _fields(asked, action)
        note = st.text_area(text("研判意见"), height=80, max_chars=500)
        st.caption(text("不写举报人信息"))
        if st.form_submit_button(text("确认分办"), type="primary", shortcut="ctrl+enter"):
            decision = Triage(action=action, owner=owner, unit=unit, due_on=due_on, note=note)
            done = lead_panel.attempt(
                lambda key: ledger.triage(
                    book, ids, decision, actor=cached.actor(), scope=cached.scope(),
                    now=cached.now(), key=key,
                )
            )  # fmt: skip
            if done:
                lead_table.show(ids[0])
                st.rerun()


def _fields(asked: Asked, action: str) -> tuple[str | None, str | None, Any]:
    owner = unit = due_on = None
    if action in {"direct", "hand_over"}:
        left, right = st.columns(2)
        label = text("承办") if action == "direct" else text("转办单位")
        named = left.selectbox(
            label, lead_data.owners(asked), index=None, accept_new_options=True,
            placeholder=text("选择或输入"), key=f"owner-{action}",
        )  # fmt: skip
        owner, unit = (named, None) if action == "direct" else (None, named)
        due_on = right.date_input(
            text("办结时限"), value=None, format="YYYY-MM-DD", help=text("不填则按规定天数"),
            key=f"due-{action}",
        )  # fmt: skip
    if action == "transfer":
        unit = st.selectbox(
            text("移送部门"), list(DEPARTMENTS), index=None,
            format_func=lambda code: text(DEPARTMENTS[code]), placeholder=text("请选择"),
        )  # fmt: skip
    return owner, unit, due_on


def _next_step(book: Book, asked: Asked, story: LeadStory) -> None:
    st.subheader(text("办理"), anchor=False)
    status, lead_id = str(story.line["status"]), str(story.line["complaint_id"])
    # perform asks the store anew for the right and looks inside this scope
    who: dict[str, Any] = {"actor": asked.actor, "scope": asked.scope, "now": cached.now()}
    if status in AWAY:
        _away(book, story, who)
    if status in {"triaged", "assigned"}:
        _in_hand(book, asked, lead_id, who)
    if status in {"triaged", "assigned", *AWAY}:
        _closing(book, lead_id, who)
    if status in {"closed", "returned"}:
        note = st.text_input(text("重新办理的理由"), max_chars=200)
        if st.button(text("重新办理")):
            _do(lambda key: ledger.reopen(book, lead_id, note=note, key=key, **who), lead_id)
    lead_panel.draw_convert(book, asked, story)
    with st.popover(text("写备注"), width="stretch"):
        note = st.text_area(text("备注（选填，不写举报人信息）"), max_chars=500, key="note")
        if st.button(text("保存"), key="save_note"):
            _do(lambda key: ledger.add_note(book, lead_id, note, key=key, **who), lead_id)


def _away(book: Book, story: LeadStory, who: dict[str, Any]) -> None:
    lead_id, held = str(story.line["complaint_id"]), story.state
    if held is None:
        st.caption(text("文件中已转办，无签收记录"))
        return
    st.caption(text("{unit}：{state}", unit=held.unit or "—", state=_receipt_line(held)))
    with st.container(horizontal=True):
        if held.receipt_at is None and st.button(text("对方已签收"), type="primary"):
            _do(lambda key: ledger.confirm_receipt(book, lead_id, key=key, **who), lead_id)
        if st.button(text("对方已回复")):
            _do(lambda key: ledger.note_reply(book, lead_id, key=key, **who), lead_id)


def _receipt_line(held: Any) -> str:
    if held.receipt_at is None:
        return text("应于 {time} 前签收", time=lead_table.moment(held.receipt_due_at))
    signed = text("{time} 已签收", time=lead_table.moment(held.receipt_at))
    if held.reply_due_at is None or held.reply_at is not None:
        return signed
    return signed + "，" + text("应于 {time} 前回复", time=lead_table.moment(held.reply_due_at))


def _in_hand(book: Book, asked: Asked, lead_id: str, who: dict[str, Any]) -> None:
    owner = st.selectbox(
        text("承办"), lead_data.owners(asked), index=None, accept_new_options=True,
        placeholder=text("选择或输入"), key="assign_owner",
    )  # fmt: skip
    if st.button(text("交办")):
        _do(lambda key: ledger.assign(book, lead_id, owner or "", key=key, **who), lead_id)
    with st.popover(text("延期"), width="stretch"):
        days = st.number_input(
            text("工作日"), min_value=1, max_value=book.clocks.params.extend_days, value=5
        )
        why = st.text_input(text("延期理由"), max_chars=200)
        if st.button(text("延期"), key="extend"):
            _do(
                lambda key: ledger.extend(book, lead_id, int(days), note=why, key=key, **who),
                lead_id,
            )


def _closing(book: Book, lead_id: str, who: dict[str, Any]) -> None:
    with st.popover(text("办结"), width="stretch"):
        outcome = st.radio(
            text("办理结果"), list(ledger.OUTCOMES), key="outcome",
            format_func=lambda code: messages.label("outcome", code),
        )  # fmt: skip
        note = st.text_area(text("答复要点"), max_chars=500, key="closing_note")
        if st.button(text("办结"), type="primary", key="close"):
            _do(
                lambda key: ledger.close(book, lead_id, str(outcome), note=note, key=key, **who),
                lead_id,
            )


def _do(act: Any, lead_id: str) -> None:
    if lead_panel.attempt(act):
        lead_table.show(lead_id)
        st.rerun()
