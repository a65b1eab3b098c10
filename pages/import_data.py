"""数据导入: what was taken, what was refused and why?"""

import streamlit as st

from ui import (
    cached,
    first_steps,
    import_check,
    import_form,
    import_list,
    import_saved,
    messages,
    progress,
    state,
    tables,
)
from ui.messages import text
from workflows import requests

SCORE_JOB = "score_job"

messages.title(text("数据导入"), text("先检查，再导入；哪些已采用，哪些被拒绝，为什么"))
import_check.restore()
import_form.draw()
import_check.follow()
import_check.follow_import()

run = cached.run()
if cached.is_empty():
    if not import_check.is_busy():
        st.caption(text("库中还没有数据"))
        first_steps.offer_demo()
    progress.follow(first_steps.DEMO_JOB, kind="demo", draw_result=None)
st.subheader(text("最近的导入"), anchor=False)
import_list.draw(cached.recent_imports())
import_saved.draw()
if not cached.is_empty():
    st.subheader(text("库中数据"), anchor=False)
    st.dataframe(tables.record_counts(cached.counts()), hide_index=True)
    as_of = cached.default_as_of()
    st.caption(
        text("数据截至 {time}", time=messages.when(as_of))
        + ("" if run is None else " · " + text("评分于 {time}", time=messages.when(run.created_at)))
    )
    if st.button(text("重新评分") if run else text("开始评分")):
        key = f"score-{cached.version()}-{as_of.isoformat()}"
        state.remember(
            SCORE_JOB,
            requests.request_score(cached.store(), as_of=as_of, actor=cached.actor(), key=key),
        )
    progress.follow(SCORE_JOB, kind="score", draw_result=None)
