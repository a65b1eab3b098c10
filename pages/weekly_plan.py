"""周计划: who goes where, is it lawful, what was left out and why?"""

from datetime import date, timedelta

import streamlit as st

from ui import cached, filters, first_steps, messages, plan_view, progress, state
from ui.messages import text
from workflows import requests

JOB = "plan_job"
LONGEST_S = 600

run = cached.run()
if run is None:
    messages.title(text("周计划"))
    first_steps.draw(text("下周派谁去哪里"), text("还没有评分。先导入机构、线索和执法人员并评分。"))
    st.stop()

settings = cached.settings()
first_week = cached.planning_week(run)
messages.title(
    text("周计划"),
    text("谁去哪里，是否合规，哪些没排上，为什么"),
    text("数据截至 {time}", time=messages.when(run.as_of)),
)

week_column, teams_column, seconds_column, seed_column, button_column = st.columns(
    [4, 2, 2, 2, 2], vertical_alignment="bottom"
)
with week_column:
    week = date.fromisoformat(
        filters.from_list(
            "week",
            [(first_week + timedelta(weeks=n)).isoformat() for n in range(-4, 5)],
            label=text("周次"),
            default=first_week.isoformat(),
            name_of=lambda code: messages.week_title(date.fromisoformat(code)),
        )
    )
n_teams = teams_column.number_input(
    text("队数上限"),
    min_value=1,
    max_value=settings.planning.shifts.max_teams,
    value=None,
    placeholder=text("按在岗人员"),
)
seconds = seconds_column.number_input(
    text("求解秒数"), min_value=2, max_value=LONGEST_S, value=round(settings.solver.seconds)
)
seed = seed_column.number_input(text("种子"), min_value=0, value=0)
if button_column.button(text("生成计划"), type="primary", width="stretch"):
    district = state.district()
    key = f"plan-{run.run_id}-{week}-{district}-{n_teams}-{seconds}-{seed}"
    state.remember(
        JOB,
        requests.request_plan(
            cached.store(),
            week_start=week,
            district_code=district,
            n_teams=n_teams,
            seconds=float(seconds),
            seed=seed,
            as_of=run.as_of,
            actor=cached.actor(),
            scope=cached.scope(),
            key=key,
        ),
    )

progress.follow(JOB, kind="plan", draw_result=None, can_use=True)

drafts = cached.plans(week)
if drafts.empty:
    st.info(text("本周还没有计划。先核对在岗人员，再生成计划。"))
    st.stop()
plan_view.draw(cached.life(plan_view.choose(drafts).plan_id), run)
