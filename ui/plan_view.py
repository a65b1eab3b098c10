"""One plan on screen: numbers, day map, timetable, loads, what was left out, downloads."""

from datetime import timedelta

import pandas as pd
import streamlit as st

from data.records import Plan
from ui import (
    cached,
    charts,
    filters,
    map_pages,
    messages,
    plan_actions,
    plan_board,
    plan_compare,
    plan_forms,
    plan_life_bar,
    plan_week,
    rule_panel,
    state,
    tables,
)
from ui.messages import text
from workflows import plan_edits
from workflows.exports import DAY_NAMES
from workflows.plan_life import Life
from workflows.reading import ScoreRun

WHOLE_WEEK = 7
MOST_TEAMS = 12


def choose(drafts: pd.DataFrame) -> Plan:
    """Draw the choice of a draft where there are several, and return the chosen plan."""
    ids = list(drafts["plan_id"])
    if len(ids) == 1:
        return cached.plan(ids[0])
    made = {row.plan_id: row for row in drafts.itertuples()}
    chosen = st.segmented_control(
        text("草案"),
        ids[:6],
        default=ids[0],
        required=True,
        format_func=lambda plan_id: text(
            "草案 {n} · {v} 分",
            n=len(ids) - ids.index(plan_id),
            v=round(made[plan_id].prize / 100),
        ),
    )
    return cached.plan(str(chosen))


def draw(life: Life, run: ScoreRun) -> None:
    """Draw a plan: where it stands, numbers, map, loads, rules, board, what was left out."""
    plan = life.plan
    plan_life_bar.draw(life)
    plan_actions.show_last()
    _headline(plan)
    days = plan_board.days_of(plan)
    if days:
        names = {str(day): _day_name(plan, day) for day in (*days, WHOLE_WEEK)}
        busy = next((r.day for r in plan.routes if r.stops), days[0])
        with st.container(horizontal=True, vertical_alignment="bottom"):
            day = int(filters.one_of("day", names, label=text("日期"), default=str(busy)))
            teams = _chosen_teams(plan)
        _day(life, run, day, teams=teams)
    plan_forms.left_out(life)
    plan_compare.draw(plan)


def _headline(plan: Plan) -> None:
    n_planned = sum(len(route.stops) for route in plan.routes)
    st.caption(
        text(
            "{a} 队 {b} 队日 · 候选 {c}，已排 {d}，未排 {e}",
            a=len(plan.teams),
            b=sum(1 for route in plan.routes if route.stops),
            c=n_planned + len(plan.left_out),
            d=n_planned,
            e=len(plan.left_out),
        )
    )
    value, share, hours, travel = st.columns(4)
    value.metric(
        text("计划价值（预计发现 × 严重程度，分）"), f"{plan.prize / 100:,.0f}", border=True
    )
    best = 100 * plan.prize / plan.upper_bound if plan.upper_bound else 100.0
    share.metric(
        text("至少为最优的"),
        f"{best:.1f} %",
        border=True,
        help=text("上界 {u}：任何计划都达不到更高", u=round(plan.upper_bound / 100)),
    )
    on_site = sum(stop.visit.service_s for route in plan.routes for stop in route.stops)
    hours.metric(text("检查工时（队·小时）"), f"{on_site / 3600:,.0f}", border=True)
    travel.metric(
        text("路途（队·小时）") + (text("，推算") if plan.travel_is_estimate else ""),
        f"{plan.travel_s / 3600:,.0f}",
        border=True,
    )
    if plan.warnings:
        with st.expander(text("提醒 {n} 项", n=len(plan.warnings)), icon=":material/warning:"):
            for warning in plan.warnings:
                st.text(messages.say(warning))
    links = st.container(horizontal=True)
    address = f"/download/plan/{plan.plan_id}"
    language = state.language()
    links.link_button(text("下载 Excel（路线单、未排清单）"), f"{address}.xlsx?lang={language}")
    links.link_button(text("下载 GPX"), f"{address}.gpx?lang={language}")
    map_pages.document_links(map_pages.document_address("plan", plan.plan_id))


def _chosen_teams(plan: Plan) -> list[str]:
    """Draw the choice of teams and return those to show; a map bears no more than a dozen."""
    teams = [team.team_id for team in plan.teams]
    chosen = st.multiselect(
        text("队"),
        teams,
        format_func=lambda team: text("队 {team}", team=team),
        placeholder=text("全部") if len(teams) <= MOST_TEAMS else text("前 {n} 队", n=MOST_TEAMS),
        label_visibility="collapsed",
    )
    return list(chosen) or teams[:MOST_TEAMS]


def _day_name(plan: Plan, day: int) -> str:
    if day == WHOLE_WEEK:
        return text("全周")
    return f"{text(DAY_NAMES[day])} {plan.week_start + timedelta(days=day):%m-%d}"


def _day(life: Life, run: ScoreRun, day: int, *, teams: list[str]) -> None:
    plan = life.plan
    board, load, lawful = st.columns([6, 3, 3])
    with board:
        map_pages.plan_map(plan, run, day=None if day == WHOLE_WEEK else day, teams=teams)
    with lawful, st.container(border=True):
        rule_panel.draw(cached.rule_report(plan))
    with load, st.container(border=True):
        st.subheader(text("本周负荷（小时）；深色检查，浅色路途"), anchor=False)
        st.echarts_chart(
            charts.load_bars(plan),
            height=28 * len(plan.teams) + 10,
            renderer="svg",
            alt=text("各队本周检查与路途小时数"),
        )
        with st.expander(text("队员")):
            for team in plan.teams:
                members = ", ".join(team.officer_ids)
                st.text(f"{text('队 {team}', team=team.team_id)}  {members}")
    if day != WHOLE_WEEK:
        _board(life, day, teams=teams)


def _board(life: Life, day: int, *, teams: list[str]) -> None:
    plan = life.plan
    st.subheader(text("{day}时间表", day=_day_name(plan, day)), anchor=False)
    may_edit = cached.may("plans.write") and plan.status in plan_edits.OPEN
    shifts = cached.settings().planning.shifts
    done = frozenset(v for v, found in life.results.items() if found.result in plan_edits.MADE)
    event = plan_board.draw(
        plan,
        day=day,
        teams=teams,
        revision=life.revision,
        done=done,
        editable=may_edit,
        lunch=(shifts.lunch_from_s, shifts.lunch_to_s),
    )
    if event is not None:
        plan_actions.change(life, event.change, key=event.key)
    if may_edit:
        plan_forms.edit_form(life, day=day)
        plan_week.draw(life, day=day)
    plan_forms.results(life, day=day)
    with st.expander(text("当日各站明细")):
        st.dataframe(
            tables.timetable(plan, day, teams=teams), hide_index=True, alt=text("当日各站明细")
        )
