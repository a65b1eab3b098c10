"""Officers as a list, and one officer with the forms for entry, absences and recusals."""

import functools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from data.schema import ABSENCE_REASONS, GOVERNMENT_LEVELS, RECUSAL_REASONS
from errors import MedPatrolError
from ui import cached, messages, record_lists, record_reads
from ui.messages import text
from workflows import officers
from workflows.officers import Staff

ADDRESS = "officer"
WRITE = "officers.write"
SIGNS = {"expired": "●", "soon": "▲", "none": "●"}


def draw(of: Staff) -> None:
    """Draw the list with the state of each certificate; expired ones first."""
    shown = of.officers.sort_values("certificate_expiry", na_position="first")
    names, today = cached.districts(), record_reads.today()
    table = pd.DataFrame(
        {
            text("人员编号"): shown["officer_id"],
            text("姓名"): shown["name"],
            text("所属区县"): [names.get(code, code) for code in shown["district_code"]],
            text("执法证号"): shown["certificate_no"].fillna("—"),
            text("执法证有效期"): [
                certificate_words(value, today) for value in shown["certificate_expiry"]
            ],
            text("专长"): [record_lists.words_of("skills", value) for value in shown["skills"]],
            text("请假，次"): _counts(of.absences, shown),
            text("回避，家"): _counts(of.recusals, shown),
        }
    )
    record_lists.pick(shown, table, key="officer_id", address=ADDRESS, alt=text("执法人员"))


def certificate_words(expiry: Any, today: date) -> str:
    """Return the last day of a certificate, with a sign and a word where it needs a look."""
    state = officers.certificate_state(expiry, today=today, params=cached.settings().records)
    words = {"expired": text("已到期"), "soon": text("将到期"), "none": text("无有效期")}
    day = "" if state == "none" else record_lists.day(expiry)
    return " ".join(filter(None, (SIGNS.get(state), day, words.get(state))))


def draw_one(of: Staff, officer_id: str) -> None:
    """Draw one officer, or that there is none for this reader."""
    record_lists.back(ADDRESS)
    found = of.officers[of.officers["officer_id"] == officer_id]
    if found.empty:
        st.error(text("没有这项内容，或不在您的辖区"))
        return
    row = found.iloc[0].to_dict()
    st.subheader(messages.plain(f"{row['name']} · {officer_id}"), anchor=False)
    st.caption(certificate_words(row["certificate_expiry"], record_reads.today()))
    may_write = record_lists.may(WRITE)
    left, right = st.columns(2)
    with left:
        if may_write:
            _draw_form(row)
    with right:
        _draw_absences(of, officer_id, may_write=may_write)
        _draw_recusals(of, officer_id, may_write=may_write)


def _counts(rows: pd.DataFrame, shown: pd.DataFrame) -> list[int]:
    counts = rows["officer_id"].value_counts()
    return [int(counts.get(key, 0)) for key in shown["officer_id"]]


def _draw_form(row: dict[str, Any]) -> None:
    levels = ["", *GOVERNMENT_LEVELS]
    held = row["certificate_level"] if isinstance(row["certificate_level"], str) else ""
    with st.form("officer"):
        values: dict[str, Any] = {
            "certificate_no": st.text_input(
                text("执法证号"), value=_text(row["certificate_no"]), max_chars=40
            ).strip(),
            "certificate_level": st.selectbox(
                text("执法证级别"),
                levels,
                index=levels.index(held) if held in levels else 0,
                format_func=lambda code: (
                    messages.label("government_level", code) if code else text("未知")
                ),
            ),
            "certificate_expiry": st.date_input(
                text("执法证有效期"), value=record_lists.as_date(row["certificate_expiry"])
            ),
            "skills": st.text_input(
                text("专长（分号分隔）"), value=_text(row["skills"]), max_chars=100
            ).replace("；", ";"),
        }
        lon, lat = st.columns(2)
        values["base_lon"] = lon.number_input(
            text("驻地经度"), value=float(row["base_lon"]), format="%.6f"
        )
        values["base_lat"] = lat.number_input(
            text("驻地纬度"), value=float(row["base_lat"]), format="%.6f"
        )
        if st.form_submit_button(text("保存"), type="primary"):
            changed = {name: value for name, value in values.items() if value != row.get(name)}
            _do(
                lambda: officers.save_officer(
                    cached.store(), str(row["officer_id"]), changed, **_who()
                )
            )


def _draw_absences(of: Staff, officer_id: str, *, may_write: bool) -> None:
    own = of.absences[of.absences["officer_id"] == officer_id]
    own = own.sort_values("from_on", ascending=False)
    st.markdown("**" + text("请假与不在岗") + "**")
    if own.empty:
        st.caption(text("没有记录"))
    else:
        shown = pd.DataFrame(
            {
                text("开始日期"): [record_lists.day(value) for value in own["from_on"]],
                text("结束日期"): [record_lists.day(value) for value in own["to_on"]],
                text("事由"): [
                    record_lists.word("absence_reason", value) for value in own["reason"]
                ],
            }
        )
        st.dataframe(shown, hide_index=True, height=180, alt=text("请假与不在岗"))
    if not may_write:
        return
    today = cached.now().date()
    with st.form("absence", clear_on_submit=True):
        first, last, why = st.columns(3, vertical_alignment="bottom")
        from_on = first.date_input(text("开始日期"), value=today)
        to_on = last.date_input(text("结束日期"), value=today)
        reason = why.selectbox(
            text("事由"),
            list(ABSENCE_REASONS),
            format_func=lambda code: messages.label("absence_reason", code),
        )
        if st.form_submit_button(text("登记请假")):
            _do(
                lambda: officers.save_absence(
                    cached.store(), officer_id, from_on=from_on, to_on=to_on, reason=reason,
                    **_who(),
                )
            )  # fmt: skip
    coming = own[own["to_on"] >= pd.Timestamp(today - timedelta(days=7))]
    for row in coming.head(5).to_dict("records"):
        first_day = row["from_on"].date()
        day = first_day.isoformat()
        if st.button(text("撤销 {date} 起的请假", date=day), key=f"absence-{day}"):
            _do(
                functools.partial(
                    officers.withdraw_absence,
                    cached.store(),
                    officer_id,
                    from_on=first_day,
                    **_who(),
                )
            )


def _draw_recusals(of: Staff, officer_id: str, *, may_write: bool) -> None:
    own = of.recusals[of.recusals["officer_id"] == officer_id]
    st.markdown("**" + text("回避") + "**")
    if own.empty:
        st.caption(text("没有记录"))
    for row in own.to_dict("records"):
        facility_id = str(row["facility_id"])
        with st.container(horizontal=True, vertical_alignment="center"):
            record_lists.to("facilities", facility_id, facility=facility_id)
            st.caption(messages.plain(record_lists.word("recusal_reason", row["reason"])))
            if may_write and st.button(text("解除"), key=f"recusal-{facility_id}"):
                _do(
                    functools.partial(
                        officers.remove_recusal,
                        cached.store(),
                        officer_id,
                        facility_id,
                        **_who(),
                    )
                )
    if not may_write:
        return
    with st.form("recusal", clear_on_submit=True):
        facility, why = st.columns(2, vertical_alignment="bottom")
        facility_id = facility.text_input(text("机构编号"), max_chars=60).strip()
        reason = why.selectbox(
            text("事由"),
            list(RECUSAL_REASONS),
            format_func=lambda code: messages.label("recusal_reason", code),
        )
        if st.form_submit_button(text("登记回避")):
            _do(
                lambda: officers.save_recusal(
                    cached.store(), officer_id, facility_id, reason=reason, **_who()
                )
            )


def _who() -> dict[str, Any]:
    return {"actor": cached.actor(), "scope": cached.scope(), "now": cached.now()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _do(act: Callable[[], None]) -> None:
    """Do it and show the new state, or say what is wrong."""
    try:
        act()
    except MedPatrolError as error:
        messages.show_error(error)
    else:
        st.toast(text("已保存"))
        st.rerun()
