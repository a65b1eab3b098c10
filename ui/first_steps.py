"""What a page without data shows: its question, what it needs, and two ways to go on."""

import streamlit as st

from ui import cached, messages, progress, state
from ui.messages import text
from workflows import requests

DEMO_JOB = "demo_job"


def draw(question: str, needs: str) -> None:
    """Draw the way from an empty page to its first data."""
    st.subheader(question, anchor=False)
    st.info(needs)
    with st.container(horizontal=True):
        messages.link("import_data", text("导入数据"), icon=":material/upload:")
        offer_demo()
    progress.follow(DEMO_JOB, kind="demo", draw_result=None)


def offer_demo() -> None:
    """Draw the button that fills an empty store with the made-up city."""
    if not cached.may("imports.write") or not cached.is_empty() or progress.is_under_way("demo"):
        return
    if st.button(text("载入示例城市"), icon=":material/location_city:"):
        key = f"demo-{cached.version()}"
        job_id = requests.request_demo(cached.store(), actor=cached.actor(), key=key)
        state.remember(DEMO_JOB, job_id)
        st.rerun()
