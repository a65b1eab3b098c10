"""线索台账: what came in, is it late, have we heard of it before?"""

import streamlit as st

from ui import first_steps, lead_board, lead_data, lead_filters, lead_form, messages, state
from ui.messages import text

book = lead_data.book()
asked = lead_data.ask()
counts = lead_data.counts(asked)
may_write = "leads.write" in asked.rights
form_is_open = st.query_params.get("form") is not None


def switch_form() -> None:
    """Open the form, or close it."""
    if st.query_params.pop("form", None) is None:
        st.query_params["form"] = "1"


if not counts["all"] and not form_is_open:
    question = text("收到了什么，是否超期，以前是否听说过")
    messages.title(text("线索台账"), question)
    first_steps.draw(question, text("还没有线索。先导入线索文件，或登记第一条线索。"))
    if may_write:
        st.button(text("登记线索"), on_click=switch_form, key="open_form")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    messages.title(
        text("线索台账（{n}）", n=counts["new"]),
        text("未办结 {n} 条", n=counts["open"]),
        text("截至 {time}", time=messages.when(asked.now)),
    )
    buttons = st.container(horizontal=True, horizontal_alignment="right", width="content")

codes, shape = lead_filters.draw(asked, counts)
with buttons:
    if "export" in asked.rights:
        address = lead_board.own_address("/download/leads.xlsx", codes, lang=state.language())
        st.link_button(text("导出"), address)
    if may_write:
        st.button(text("登记线索"), on_click=switch_form, key="open_form")
if form_is_open and may_write:
    lead_form.draw(book, asked)
lead_board.draw(book, asked, codes, shape=shape)
