"""Changes in a running week: an urgent lead, a missing officer or car, a blocked road."""

import secrets

import streamlit as st

from data.records import Visit
from errors import MedPatrolError
from ui import cached, messages, plan_actions, plan_board, state
from ui.messages import text
from workflows import plan_repair, plan_week
from workflows.exports import clock, place_of
from workflows.plan_life import Life
from workflows.plan_repair import Insertion, MissingCar, MissingOfficer, Repaired, Trouble
from workflows.plan_roads import BlockedRoad

HOURS = tuple(range(8, 19))
N_NAMED = 4


def draw(life: Life, *, day: int) -> None:
    """Draw the two panels, folded up."""
    with st.expander(text("插入急件：三种办法")):
        _urgent(life)
    with st.expander(text("缺人、缺车、断路：少改动地补救")):
        _repair(life, day=day)


def _urgent(life: Life) -> None:
    leads = cached.waiting_leads(life.plan)
    if not leads:
        st.caption(text("没有未排入的线索"))
        return
    row = st.container(horizontal=True, vertical_alignment="bottom")
    lead = row.selectbox(
        text("线索"),
        list(leads),
        format_func=lambda code: _lead_name(code, *leads[code]),
        key="urgent-lead",
    )
    if row.button(text("看三种办法"), key="urgent-look"):
        state.remember("urgent", lead)
    chosen = state.recall("urgent")
    if chosen is None or chosen not in leads:
        return
    try:
        found = plan_week.urgent_ways(
            cached.store(), life.plan.plan_id, chosen, scope=cached.scope(), now=cached.now(),
            params=cached.settings().planning, severity=cached.settings().scoring.severity,
        )  # fmt: skip
    except MedPatrolError as error:
        messages.show_error(error)
        return
    for number, (column, way) in enumerate(
        zip(st.columns(len(found.ways)), found.ways, strict=True)
    ):
        with column, st.container(border=True, height="stretch"):
            _way(life, way)
            if st.button(text("采用"), key=f"urgent-{number}", type="primary"):
                _insert(life, found, number)


def _lead_name(code: str, topic: str, due: object) -> str:
    name = f"{code} · {messages.label('topic', topic)}"
    return name if due is None else f"{name} · {text('{date} 到期', date=str(due))}"


def _way(life: Life, way: Insertion) -> None:
    team = text("队 {team}", team=way.team_id)
    st.markdown(f"**{team} {plan_board.day_label(life.plan, way.day)} {clock(way.start_s)}**")
    st.text(plan_actions.delta_text(way.delta))
    st.text(_named(text("换下"), way.lost))
    st.text(_named(text("改到别处"), way.moved))


def _named(what: str, visits: tuple[Visit, ...]) -> str:
    names = [place_of(visit, state.language()) for visit in visits[:N_NAMED]]
    more = text("等 {n} 家", n=len(visits)) if len(visits) > N_NAMED else ""
    return f"{what}：{'、'.join(names) or text('无')}{more}"


def _insert(life: Life, found: plan_week.Urgent, number: int) -> None:
    def act() -> str:
        state.remember("urgent", None)
        edited = plan_week.insert_urgent(
            cached.store(), life.plan.plan_id, found, number, revision=life.revision,
            key=secrets.token_hex(12), actor=cached.actor(), scope=cached.scope(),
            now=cached.now(), params=cached.settings().planning,
        )  # fmt: skip
        return text("急件已排入。") + plan_actions.delta_text(edited.delta)

    plan_actions.act_and_rerun(act)


def _repair(life: Life, *, day: int) -> None:
    kinds = {
        "officer": text("人员不在"),
        "car": text("车辆不在"),
        "road": text("道路不通"),
    }
    kind = st.segmented_control(
        text("情况"), list(kinds), format_func=kinds.__getitem__, default="officer", required=True,
        key="repair-kind",
    )  # fmt: skip
    trouble = _asked(life, str(kind), day=day)
    look = st.container(horizontal=True)
    if look.button(text("看补救结果"), key="repair-look"):
        _preview(life, trouble)
    if look.button(text("采用补救"), type="primary", key="repair-use"):
        _use(life, trouble)
    st.caption(text("已有结果的不动，未受影响的不动；补救后的版本须发布才生效"))


def _asked(life: Life, kind: str, *, day: int) -> Trouble:
    plan = life.plan
    days = plan_board.days_of(plan)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    if kind == "road":
        lon = row.number_input(text("经度"), value=plan.teams[0].base_lon, format="%.4f")
        lat = row.number_input(text("纬度"), value=plan.teams[0].base_lat, format="%.4f")
        radius = row.number_input(text("范围（米）"), min_value=50, max_value=20_000, value=500)
        begin = row.selectbox(text("从"), HOURS, format_func=lambda h: f"{h}:00")
        end = row.selectbox(
            text("到"), HOURS, index=len(HOURS) - 1, format_func=lambda h: f"{h}:00"
        )
        st.caption(text("按 {day} 计", day=plan_board.day_label(plan, day)))
        return BlockedRoad(
            day=day, from_s=3600 * begin, to_s=3600 * end, lon=lon, lat=lat, radius_m=float(radius)
        )
    who = plan_repair.officers_out(plan)
    if kind == "officer":
        officer = row.selectbox(
            text("人员"),
            list(who),
            format_func=lambda code: f"{code} · {text('队 {team}', team=who[code])}",
        )
    else:
        team = row.selectbox(
            text("队"),
            [each.team_id for each in plan.teams],
            format_func=lambda code: text("队 {team}", team=code),
        )
    chosen = row.multiselect(
        text("日期"),
        days,
        default=[day],
        format_func=lambda each: plan_board.day_label(plan, each),
        placeholder=text("选择"),
    )
    if kind == "officer":
        return MissingOfficer(officer_id=str(officer), days=tuple(chosen))
    return MissingCar(team_id=str(team), days=tuple(chosen))


def _preview(life: Life, trouble: Trouble) -> None:
    try:
        found = plan_week.preview_repair(
            cached.store(), life.plan.plan_id, trouble, scope=cached.scope(), now=cached.now(),
            params=cached.settings().planning,
        )  # fmt: skip
    except MedPatrolError as error:
        messages.show_error(error)
        return
    _mended(found)


def _mended(found: Repaired) -> None:
    with st.container(border=True):
        st.text(plan_actions.delta_text(found.delta))
        st.text(_named(text("改到别处"), found.moved))
        st.text(_named(text("未能改排"), found.lost))


def _use(life: Life, trouble: Trouble) -> None:
    def act() -> str:
        edited = plan_week.repair_plan(
            cached.store(), life.plan.plan_id, trouble, revision=life.revision,
            key=secrets.token_hex(12), actor=cached.actor(), scope=cached.scope(),
            now=cached.now(), params=cached.settings().planning,
        )  # fmt: skip
        return text("已补救。") + plan_actions.delta_text(edited.delta)

    plan_actions.act_and_rerun(act)
