"""The form that files a case from a lead, an inspection or a facility."""

import streamlit as st

from data.schema import TOPICS
from errors import MedPatrolError
from ui import cached, case_list, messages, record_lists
from ui.messages import text
from workflows import cases


def draw() -> None:
    """Draw the form, folded up, for whoever may file cases."""
    if not record_lists.may("cases.write"):
        return
    names = {
        "lead_id": text("线索编号"),
        "inspection_id": text("检查编号"),
        "facility_id": text("机构编号"),
    }
    with st.expander(text("立案")), st.form("new-case", border=False):
        source_column, number_column, topic_column, day_column = st.columns([2, 3, 3, 2])
        source = source_column.selectbox(text("来自"), list(names), format_func=names.__getitem__)
        number = number_column.text_input(text("编号"), max_chars=60).strip()
        topic = topic_column.selectbox(
            text("案由"), list(TOPICS), format_func=lambda code: messages.label("topic", code)
        )
        today = cached.now().date()
        on = day_column.date_input(text("立案日期"), value=today, max_value=today)
        if st.form_submit_button(text("立案"), type="primary"):
            try:
                case_id = cases.open_case(
                    cached.store(),
                    **{source: number or None},
                    topic=topic,
                    opened_on=on,
                    actor=cached.actor(),
                    scope=cached.scope(),
                    now=cached.now(),
                )
            except MedPatrolError as error:
                messages.show_error(error)
            else:
                st.query_params[case_list.ADDRESS] = case_id
                st.rerun()
