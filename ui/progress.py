"""Long work on screen: how far it is, stop or cancel, what came out. Survives a reload."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from errors import MedPatrolError
from ui import cached, messages, state
from ui.messages import text
from workflows import reading, requests
from workflows.reading import Job

RUNNING = ("queued", "running")


def follow(
    key: str,
    *,
    kind: str,
    draw_result: Callable[[Mapping[str, Any]], None] | None,
    can_use: bool = False,
) -> None:
    """
    Draw the job remembered under ``key``, or one of its kind that is under way.

    ``draw_result`` gets the result of a finished job. ``can_use`` offers to stop
    and keep the best so far.
    """
    job = _current(key, kind)
    if job is None:
        return
    if job.status in RUNNING:
        state.remember(key, job.job_id)
        _running(job.job_id, can_use=can_use)
    elif job.status == "failed" and job.message is not None:
        st.error(messages.say(job.message))
    elif job.status == "cancelled":
        st.info(text("已取消，原有内容未改动"))
    elif job.status == "done" and draw_result is not None and job.result is not None:
        draw_result(job.result)


def is_under_way(kind: str) -> bool:
    """Return whether a job of this kind is queued or running."""
    return bool(reading.active_jobs(cached.store(), scope=cached.scope(), kind=kind))


def _current(key: str, kind: str) -> Job | None:
    remembered = state.recall(key)
    if remembered is not None:
        try:
            return requests.job(cached.store(), remembered, scope=cached.scope())
        except MedPatrolError:
            state.remember(key, None)
    under_way = reading.active_jobs(cached.store(), scope=cached.scope(), kind=kind)
    return under_way[0] if under_way else None


@st.fragment(run_every=1)
def _running(job_id: str, *, can_use: bool) -> None:
    job = requests.job(cached.store(), job_id, scope=cached.scope())
    if job.status not in RUNNING:
        st.rerun()
    with st.container(border=True):
        words = text("排队中") if job.message is None else messages.say(job.message)
        if job.value is not None and job.bound:
            words += " · " + text(
                "当前 {v}，上界 {u}，至少为最优的 {p} %",
                v=round(job.value / 100),
                u=round(job.bound / 100),
                p=f"{100 * job.value / job.bound:.1f}",
            )
        st.progress(min(max(job.progress, 0.0), 1.0), text=words)
        if not cached.may(requests.RIGHT_OF[job.kind]):
            return
        buttons = st.container(horizontal=True)
        if job.stop_mode is not None:
            buttons.caption(text("正在停止"))
            return
        if (
            can_use
            and job.value is not None
            and buttons.button(text("停止并采用"), type="primary", key=f"use-{job_id}")
        ):
            _stop(job_id, use=True)
        if buttons.button(text("取消"), key=f"cancel-{job_id}"):
            _stop(job_id, use=False)


def _stop(job_id: str, *, use: bool) -> None:
    requests.stop(cached.store(), job_id, use=use, actor=cached.actor(), scope=cached.scope())
