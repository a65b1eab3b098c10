"""The form in which a lead is registered."""

import secrets
from datetime import datetime

import streamlit as st

from data.schema import CHANNELS, TIME_ZONE, TOPICS
from errors import MedPatrolError
from ui import cached, lead_data, lead_table, messages, state
from ui.lead_data import Asked
from ui.messages import text
from workflows import ledger_entry
from workflows.ledger import Book
from workflows.ledger_entry import NewLead

_KEY = "lead_form"


def draw(book: Book, asked: Asked) -> None:
    """Draw the form; what was entered stays until it is saved."""
    areas, facilities = lead_data.areas(asked), lead_data.facilities(asked)
    # one form, one key: a second press of the button registers nothing twice
    key = state.recall(_KEY) or secrets.token_hex(8)
    state.remember(_KEY, key)
    with st.form(f"register-{key}", border=True, enter_to_submit=False):
        st.subheader(text("登记线索"), anchor=False)
        first, second, third, fourth = st.columns(4)
        channel = first.selectbox(
            text("渠道"), list(CHANNELS), index=None, placeholder=text("请选择"),
            format_func=lambda code: messages.label("channel", code),
        )  # fmt: skip
        topic = second.selectbox(
            text("类别"), list(TOPICS), index=None, placeholder=text("请选择"),
            format_func=lambda code: messages.label("topic", code),
        )  # fmt: skip
        day = third.date_input(text("收到日期"), format="YYYY-MM-DD", max_value="today")
        hour = fourth.time_input(text("收到时间"), value=cached.now().time())
        left, right = st.columns(2)
        area = left.selectbox(
            text("所在区划"), list(areas), index=None, placeholder=text("乡镇或村，可输入查找"),
            format_func=areas.__getitem__,
        )  # fmt: skip
        facility = right.selectbox(
            text("涉及机构（如有）"), list(facilities), index=None,
            placeholder=text("可输入查找"), format_func=facilities.__getitem__,
        )  # fmt: skip
        site = left.text_input(
            text("地点"), max_chars=200, placeholder=text("门牌、方位或显著标志")
        )
        lon_column, lat_column = right.columns(2)
        lon = lon_column.number_input(text("经度"), value=None, format="%.5f", placeholder="—")
        lat = lat_column.number_input(text("纬度"), value=None, format="%.5f", placeholder="—")
        summary = st.text_area(text("摘要"), max_chars=ledger_entry.LONGEST, height=90)
        name_column, phone_column = st.columns(2)
        name = name_column.text_input(text("举报人（选填）"), max_chars=50)
        phone = phone_column.text_input(text("联系电话（选填）"), max_chars=30)
        st.caption(text("举报人信息另库保存，查看须填写事由并留痕"))
        sent = st.form_submit_button(text("登记线索"), type="primary", shortcut="ctrl+s")
    if not sent:
        return
    lead = NewLead(
        channel=channel or "", topic=topic or "", summary=summary, site_text=site,
        received_at=datetime.combine(day, hour, tzinfo=TIME_ZONE), area_code=area,
        facility_id=facility, lon=lon, lat=lat, complainant_name=name, complainant_phone=phone,
    )  # fmt: skip
    try:
        number = ledger_entry.register(
            book, lead, actor=cached.actor(), scope=cached.scope(), now=cached.now(), key=key
        )
    except MedPatrolError as error:
        messages.show_error(error)
        return
    state.remember(_KEY, None)
    st.query_params.pop("form", None)
    lead_table.show(number)
    st.toast(text("已登记：{id}", id=number))
    st.rerun()
