"""What one more team, half an hour more a day or one car less would change."""

import streamlit as st

from data.records import Plan
from ui import cached, plan_actions, progress, state
from ui.messages import text
from workflows import requests

JOB = "plan_margins_job"


def draw(plan: Plan) -> None:
    """Draw the marginal values, or the button that has them computed."""
    values = cached.margins(plan.plan_id)
    with st.container(border=True):
        st.markdown(f"**{text('多一点人手值多少')}**")
        progress.follow(JOB, kind="plan_margins", draw_result=None)
        if values is not None:
            columns = st.columns(3)
            names = (
                ("team", text("加 1 队，分")),
                ("half_hour", text("每天延长 30 分钟，分")),
                ("car", text("少 1 辆车，分")),
            )
            for column, (code, name) in zip(columns, names, strict=True):
                column.metric(name, plan_actions.signed(values[code] / 100, 0), border=True)
            st.caption(text("按同样短的时间重新求解得出，是估计；加队按最有成效的一队计"))
        if cached.may("plans.write") and st.button(
            text("重新试算") if values is not None else text("试算加队、延时、少车的价值"),
            key="plan-margins",
        ):
            held = requests.request_margins(
                cached.store(), plan.plan_id, district_code=plan.district_code,
                actor=cached.actor(), key=f"margins-{plan.plan_id}-{cached.now():%Y%m%d%H%M}",
            )  # fmt: skip
            state.remember(JOB, held)
            st.rerun()
