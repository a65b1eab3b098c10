"""机构: what do we know of this facility, may we go there this year?"""

import streamlit as st

from ui import cached, facility_file, facility_list, first_steps, messages, record_lists
from ui.messages import text

messages.title(text("机构"), text("对这家机构知道什么，今年还能不能去"))
if cached.is_empty():
    first_steps.draw(
        text("对一家机构知道什么"), text("还没有数据。先导入机构和线索，或载入示例城市看一看。")
    )
    st.stop()

asked = record_lists.asked(facility_list.ADDRESS)
if asked is not None:
    facility_file.draw(asked)
else:
    facility_list.draw(facility_list.choose())
