"""The week's capacity: who is there each day, how many teams, who can't be sent and why."""

from datetime import date

import pandas as pd
import streamlit as st

from ui import messages, record_lists, record_reads
from ui.messages import text
from workflows.exports import DAY_NAMES
from workflows.officers import Staff


def draw(of: Staff, week_start: date) -> None:
    """Draw one card per day, then who is kept out, then the teams a plan would form."""
    capacity = record_reads.capacity(week_start)
    n_officers = len(of.officers)
    for column, day in zip(st.columns(len(capacity.days)), capacity.days, strict=True):
        with column:
            messages.card(
                f"{text(DAY_NAMES[day.day.weekday()])} {day.day:%m-%d}",
                text("{n} 人在岗", n=len(day.officer_ids)),
                text(
                    "最多 {n} 队；{m} 人不能派出",
                    n=day.most_teams,
                    m=n_officers - len(day.officer_ids),
                ),
            )
    left, right = st.columns(2)
    with left:
        st.markdown("**" + text("本周不能派出或只能部分派出") + "**")
        if capacity.kept_out:
            names = dict(zip(of.officers["officer_id"], of.officers["name"], strict=True))
            shown = pd.DataFrame(
                {
                    text("人员"): [f"{names[key]} {key}" for key in capacity.kept_out],
                    text("原因"): [messages.say(why) for why in capacity.kept_out.values()],
                }
            )
            st.dataframe(shown, hide_index=True, alt=text("本周不能派出或只能部分派出"))
        else:
            st.caption(text("全员全周在岗"))
    with right:
        st.markdown("**" + text("可编 {n} 队（周计划同一算法）", n=len(capacity.teams)) + "**")
        shown = pd.DataFrame(
            {
                text("队"): [team.team_id for team in capacity.teams],
                text("队员"): ["、".join(team.officer_ids) for team in capacity.teams],
                text("共同在岗"): [
                    "、".join(text(DAY_NAMES[day]) for day in team.days) for team in capacity.teams
                ],
                text("专长"): [
                    record_lists.words_of("skills", ";".join(team.skills))
                    for team in capacity.teams
                ],
            }
        )
        st.dataframe(shown, hide_index=True, height=300, alt=text("可编的队"))
    for warning in capacity.warnings:
        st.caption(messages.say(warning))
