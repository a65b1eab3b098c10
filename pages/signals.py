"""动态提示: what is new in the leads, who may be moving about, what chance tells us."""

import streamlit as st

from ui import cached, first_steps, messages, progress, signal_exploration, signal_list, state
from ui.messages import text
from workflows import signals
from workflows.reading import ScoreRun

JOB = "signals_job"

run = cached.run()
if run is None:
    messages.title(text("动态提示"), text("线索里有什么新动向"))
    first_steps.draw(
        text("线索里有什么新动向"), text("尚未评分。先导入线索和区划并评分，再查找动态提示。")
    )
    st.stop()

found, alerts = cached.alerts()
messages.title(
    text("动态提示"),
    text("线索里有什么新动向，下一步可能在哪里"),
    "" if found is None else text("数据截至 {time}", time=messages.when(found["as_of"])),
    "" if found is None else signal_list.unplaced(found["summary"]),
)
told = cached.exploration_report(run)
is_old = found is None or found["as_of"] < run.as_of
is_missing = told is None and signal_exploration.is_of_one(cached.scope())
if (is_old or is_missing) and cached.may("scores.run") and not progress.is_under_way("signals"):
    st.info(text("评分之后还没有查找过动态提示。") if is_old else text("还没有随机到访的统计。"))
    if st.button(text("现在查找"), key="find_signals", type="primary"):
        key = f"signals-{run.run_id}-{cached.version()}"
        asked = signals.request_run(cached.store(), as_of=run.as_of, actor=cached.actor(), key=key)
        state.remember(JOB, asked)
        st.rerun()
progress.follow(JOB, kind="signals", draw_result=None)


@st.fragment
def board(run: ScoreRun) -> None:
    """Draw the alerts; a click reruns only this part."""
    signal_list.draw(run, alerts)
    signal_list.draw_wishes(run)


if found is not None:
    board(run)
signal_exploration.draw(told)
if told is not None:
    signal_exploration.offer_draw(run, told)
