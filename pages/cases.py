"""案件: which cases run, how far are they, is one late?"""

import streamlit as st

from ui import cached, case_file, case_list, case_new, first_steps, messages, record_lists
from ui.messages import text

messages.title(text("案件"), text("立了哪些案，办到哪一步，有没有超期"))
if cached.is_empty():
    first_steps.draw(
        text("立了哪些案，办到哪一步"), text("还没有数据。先导入案件，或载入示例城市看一看。")
    )
    st.stop()

asked = record_lists.asked(case_list.ADDRESS)
if asked is not None:
    case_file.draw(asked)
    st.stop()

case_new.draw()
case_list.draw(case_list.choose())
