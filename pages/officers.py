"""执法力量: who can be sent next week, who can't and why, how many teams is that?"""

from datetime import date, timedelta

import streamlit as st

from ui import (
    cached,
    filters,
    first_steps,
    messages,
    officer_list,
    officer_week,
    record_lists,
    record_reads,
)
from ui.messages import text

messages.title(text("执法力量"), text("下周能派谁，不能派谁，为什么，能编几队"))
staff = record_reads.staff()
if staff.officers.empty:
    first_steps.draw(text("下周能派谁"), text("没有执法人员名单。请先导入执法人员"))
    st.stop()

asked = record_lists.asked(officer_list.ADDRESS)
if asked is not None:
    officer_list.draw_one(staff, asked)
    st.stop()

first_week = cached.planning_week(cached.run())
with st.columns([4, 8])[0]:
    week = filters.from_list(
        "week",
        [(first_week + timedelta(weeks=n)).isoformat() for n in range(-1, 6)],
        label=text("周次"),
        default=first_week.isoformat(),
        name_of=lambda code: messages.week_title(date.fromisoformat(code)),
    )
officer_week.draw(staff, date.fromisoformat(week))
st.subheader(text("执法人员"), anchor=False)
officer_list.draw(staff)
