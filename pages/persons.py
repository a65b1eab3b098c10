"""人员备案: who practises without being registered, who was penalised before?"""

import streamlit as st

from errors import MedPatrolError
from ui import cached, first_steps, messages, person_file, person_list, record_lists
from ui.messages import text

messages.title(text("人员备案"), text("谁应备案未备案，谁受过处罚"))
if cached.is_empty():
    first_steps.draw(text("谁应备案未备案"), text("还没有数据。先导入人员，或载入示例城市看一看。"))
    st.stop()

asked = record_lists.asked(person_list.ADDRESS)
try:
    if asked is not None:
        person_file.draw(asked)
    else:
        person_file.draw_new()
        person_list.draw(person_list.choose())
except MedPatrolError as error:
    messages.show_error(error)
