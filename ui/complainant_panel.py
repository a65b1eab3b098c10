"""The complainant of a lead: hidden; asked for with a reason, unlocked by another person."""

import math

import streamlit as st

from errors import MedPatrolError
from ui import cached, messages
from ui.messages import text
from workflows import complainants


def draw(lead_id: str) -> None:
    """Draw what this visitor may do about the complainant of a lead."""
    if not cached.may("complainants.ask"):
        return
    with st.expander(text("举报人"), icon=":material/lock:"):
        _steps(lead_id)


@st.fragment
def _steps(lead_id: str) -> None:
    limits, now = cached.settings().access, cached.now()
    found = complainants.newest(
        cached.store(), lead_id, actor=cached.actor(), limits=limits, now=now
    )
    status = None if found is None else found.status
    if status == "asked":
        st.info(text("已申请，等待安全管理员解锁"))
    elif found is not None and found.until is not None and status in {"unlocked", "opened"}:
        left = max(1, math.ceil((found.until - now.timestamp()) / 60))
        if status == "opened":
            st.caption(text("还可查看 {n} 分钟，每次查看都会留痕", n=left))
        else:
            st.caption(text("已解锁，打开后可看 {n} 分钟", n=limits.reveal_minutes))
        if st.button(text("查看举报人"), key=f"look-{lead_id}"):
            _look(lead_id)
    else:
        told = {"refused": text("申请未获同意"), "over": text("查看时间已过")}.get(status or "")
        if told:
            st.caption(told)
        _ask(lead_id)


def _ask(lead_id: str) -> None:
    with st.form(f"ask-{lead_id}", border=False):
        reason = st.text_input(
            text("事由"),
            max_chars=complainants.LONGEST_REASON,
            help=text("写明为何需要，不要写姓名和电话；安全管理员和审计员会看到"),
        )
        if st.form_submit_button(text("申请查看")):
            try:
                complainants.ask(
                    cached.store(),
                    lead_id,
                    reason=reason,
                    actor=cached.actor(),
                    scope=cached.scope(),
                    now=cached.now(),
                )
            except MedPatrolError as error:
                messages.show_error(error)
            else:
                st.rerun(scope="fragment")


def _look(lead_id: str) -> None:
    try:
        person = complainants.look(
            cached.store(),
            lead_id,
            actor=cached.actor(),
            scope=cached.scope(),
            limits=cached.settings().access,
            now=cached.now(),
        )
    except MedPatrolError as error:
        messages.show_error(error)
        return
    st.text(text("姓名：{value}", value=person.name or "—"))
    st.text(text("电话：{value}", value=person.phone or "—"))
