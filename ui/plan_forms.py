"""Plain forms of the plan page: move without dragging, add what was left out, enter results."""

import secrets

import streamlit as st

from data.records import LeftOut, Plan, Route, Stop
from data.schema import TOPICS
from ui import cached, messages, plan_actions, plan_board, state, tables
from ui.messages import text
from workflows import plan_edits, plan_results
from workflows.exports import place_of
from workflows.plan_changes import Add, Change, Lock, Move, Remove
from workflows.plan_life import Life
from workflows.plan_results import RESULT_NAMES

N_LEFT_OUT_SHOWN = 200


def edit_form(life: Life, *, day: int) -> None:
    """Draw the form that moves, locks or takes out a stop of a day."""
    plan = life.plan
    stops = {
        stop.visit.visit_id: (route, number, stop)
        for route in plan.routes
        if route.day == day
        for number, stop in enumerate(route.stops, 1)
    }
    if not stops:
        return
    with st.expander(text("不用拖动：按表单移动、锁定或去掉")), st.form("plan-edit", border=False):
        first, second, third, fourth = st.columns([5, 2, 2, 2])
        visit = first.selectbox(
            text("事项"),
            list(stops),
            format_func=lambda code: (
                text("队 {team}", team=stops[code][0].team_id)
                + f" {plan_board.about(stops[code][1], stops[code][2])}"
            ),
        )
        to_day = second.selectbox(
            text("日期"),
            plan_board.days_of(plan),
            index=plan_board.days_of(plan).index(day),
            format_func=lambda each: plan_board.day_label(plan, each),
        )
        team = third.selectbox(
            text("队"),
            [each.team_id for each in plan.teams],
            format_func=lambda code: text("队 {team}", team=code),
        )
        position = fourth.number_input(
            text("顺序"), min_value=1, value=None, placeholder=text("最省路")
        )
        buttons = st.container(horizontal=True)
        chosen: Change | None = None
        if buttons.form_submit_button(text("移到这里"), type="primary"):
            at = None if position is None else int(position) - 1
            chosen = Move(visit_id=visit, team_id=team, day=to_day, position=at)
        if buttons.form_submit_button(text("锁定或解锁")):
            chosen = Lock(visit_ids=(visit,), on=not stops[visit][2].locked)
        if buttons.form_submit_button(text("从计划中去掉")):
            chosen = Remove(visit_id=visit)
        if chosen is not None:
            plan_actions.change(life, chosen, key=secrets.token_hex(12))


def left_out(life: Life) -> None:
    """Draw what was left out with reason and cheapest fix, and the button that puts it in."""
    plan = life.plan
    st.subheader(text("未排 {n} 处：原因与最省的补救", n=len(plan.left_out)), anchor=False)
    shown = sorted(plan.left_out, key=lambda item: -item.visit.prize)[:N_LEFT_OUT_SHOWN]
    picked = st.dataframe(
        tables.left_out(shown),
        hide_index=True,
        height=300,
        alt=text("未排事项、原因与补救"),
        on_select="rerun",
        selection_mode="single-row",
        key="plan-left-out",
    )
    if len(plan.left_out) > len(shown):
        st.caption(text("按计划价值列出前 {n} 项；全部在 Excel 的“未排”表中", n=N_LEFT_OUT_SHOWN))
    rows = picked["selection"]["rows"]
    if not (cached.may("plans.write") and plan.status in plan_edits.OPEN):
        return
    if not rows or rows[0] >= len(shown):
        st.caption(text("选中一行即可排入"))
        return
    _add(life, plan, shown[rows[0]])


def _add(life: Life, plan: Plan, item: LeftOut) -> None:
    name = place_of(item.visit, state.language())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text(text("排入：{place}", place=name), width="content")
        days = [None, *sorted({day for day, _, _ in item.visit.windows})]
        day = st.selectbox(
            text("日期"),
            days,
            format_func=lambda each: (
                text("任一日") if each is None else plan_board.day_label(plan, each)
            ),
            width=150,
        )
        team = st.selectbox(
            text("队"),
            [None, *(each.team_id for each in plan.teams)],
            format_func=lambda each: (
                text("最省路的队") if each is None else text("队 {team}", team=each)
            ),
            width=150,
        )
        if st.button(text("排入计划"), type="primary", key="plan-add"):
            key = secrets.token_hex(12)
            if (day is None) != (team is None):
                st.warning(text("日期和队请一起指定，或都不指定"))
            else:
                change = Add(visit_id=item.visit.visit_id, team_id=team, day=day)
                plan_actions.change(life, change, key=key)


def results(life: Life, *, day: int) -> None:
    """Draw the form in which the result of a visit is entered, and what was entered."""
    if life.in_force is None or not cached.may("results.write"):
        return
    with st.expander(text("录入检查结果"), expanded=life.plan.status == "released"):
        _entered(life)
        if life.plan.status == "done":
            return
        open_stops = {
            stop.visit.visit_id: (route, number, stop)
            for route in life.plan.routes
            if route.day == day
            for number, stop in enumerate(route.stops, 1)
            if stop.visit.visit_id not in life.results
        }
        if not open_stops:
            st.caption(text("当日各站都已有结果"))
            return
        _result_form(life, open_stops)


def _result_form(life: Life, stops: dict[str, tuple[Route, int, Stop]]) -> None:
    def about(code: str) -> str:
        route, number, stop = stops[code]
        team = text("队 {team}", team=route.team_id)
        return f"{team} {plan_board.about(number, stop)}"

    codes = [code for code in RESULT_NAMES if code != plan_results.NOT_MADE]
    with st.container(border=False):
        visit = st.selectbox(text("事项"), list(stops), format_func=about, key="result-visit")
        result = st.segmented_control(
            text("结果"),
            codes,
            format_func=lambda code: messages.say(RESULT_NAMES[code]),
            key="result-code",
        )
        topics: list[str] = []
        if result == "violation":
            topics = st.multiselect(
                text("违法类别"),
                list(TOPICS),
                format_func=lambda code: messages.label("topic", code),
                placeholder=text("选择"),
                key="result-topics",
            )
        minutes = st.number_input(
            text("用时（分钟）"), min_value=0, max_value=600, value=None, placeholder="45",
            width=160, key="result-minutes",
        )  # fmt: skip
        ready = result is not None and (result != "violation" or bool(topics))
        if st.button(text("保存结果"), type="primary", disabled=not ready) and result:
            plan_actions.enter(life, visit, result, topics=topics, minutes=minutes)


def _entered(life: Life) -> None:
    known = plan_actions.results_of(life)
    if not known:
        return
    where = {
        stop.visit.visit_id: (route.team_id, place_of(stop.visit, state.language()))
        for route in life.plan.routes
        for stop in route.stops
    }
    st.table(
        [
            {
                text("队"): where.get(visit_id, ("—", ""))[0],
                text("地点"): where.get(visit_id, ("", visit_id))[1],
                text("结果"): said,
                text("录入"): messages.when(life.results[visit_id].at),
            }
            for visit_id, said in list(known.items())[-10:]
        ]
    )
    last = list(known)[-1]
    minutes = (cached.now() - life.results[last].at).total_seconds() / 60
    was_made = life.results[last].result != plan_results.NOT_MADE
    is_recent = minutes < plan_results.UNDO_MINUTES and was_made
    if is_recent and st.button(text("撤回最后一条结果"), key="result-undo"):
        plan_actions.take_back(life, last)
