"""Alerts: what is new in the leads, why, and what can be done about it."""

from typing import Any

import pandas as pd
import streamlit as st

from errors import MedPatrolError
from ui import cached, filters, map_pages, messages
from ui.messages import text
from workflows import signals
from workflows.reading import ScoreRun
from workflows.wording import from_json


def draw(run: ScoreRun, alerts: list[dict[str, Any]]) -> None:
    """Draw the list, and beside it the alert that is picked."""
    if not alerts:
        st.info(text("没有值得提示的聚集、同点多件或逐村移动。偶然的起伏不作提示。"))
        return
    left, right = st.columns([7, 5])
    with left:
        picked = _pick(alerts)
    with right, st.container(border=True):
        _draw_one(run, alerts[picked])


def _pick(alerts: list[dict[str, Any]]) -> int:
    shown = pd.DataFrame(
        {
            text("提示"): [kind_name(alert["kind"]) for alert in alerts],
            text("地点"): [alert["area_name"] or "—" for alert in alerts],
            text("类别"): [messages.label("topic", alert["topic"]) for alert in alerts],
            text("期间"): [f"{alert['from_on'][5:]} – {alert['to_on'][5:]}" for alert in alerts],
            text("线索，条"): [alert["n_leads"] for alert in alerts],
            text("把握"): [_sure(alert) for alert in alerts],
        }
    )
    event = st.dataframe(
        shown, hide_index=True, on_select="rerun", selection_mode="single-row", key="alerts",
        alt=text("动态提示，最强的在前"),
    )  # fmt: skip
    rows = event.selection.rows
    st.caption(text("点一行看原因和可做的事。提示只说明线索异常，不说明何人违法。"))
    return int(rows[0]) if rows and rows[0] < len(alerts) else 0


def kind_name(kind: str) -> str:
    """Return the name of a kind of alert."""
    names = {
        signals.CLUSTER: text("聚集"),
        signals.ONE_SITE: text("同点多件"),
        signals.TRACK: text("逐村移动"),
    }
    return names[kind]


def _sure(alert: dict[str, Any]) -> str:
    if alert["kind"] == signals.CLUSTER:
        return f"p = {alert['p_value']:.3f}"
    if alert["kind"] == signals.TRACK:
        return text("偶然 {x} 条", x=f"{alert['expected']:.2f}")
    return "—"


def _draw_one(run: ScoreRun, alert: dict[str, Any]) -> None:
    place = messages.plain(alert["area_name"] or "—")
    st.subheader(f"{kind_name(alert['kind'])} · {place}", anchor=False)
    st.caption(messages.label("topic", alert["topic"]))
    if alert["kind"] == signals.CLUSTER:
        _cluster(alert)
    elif alert["kind"] == signals.TRACK:
        _track(alert)
    else:
        st.markdown(text("同一地点近期收到 {n} 件，按一处计，不算聚集。", n=alert["n_leads"]))
    _links(run, alert)
    if alert["kind"] == signals.TRACK:
        _stops(alert)


def _cluster(alert: dict[str, Any]) -> None:
    document = alert["document"]
    st.markdown(
        text(
            "近 {w} 周、约 {km} 公里内 {places} 个地点收到 {n} 条，"
            "按各地各时平常的比例应有 {m} 条。",
            w=document["n_weeks"],
            km=f"{alert['radius_m'] / 1000:.1f}",
            places=document["n_places"],
            n=alert["n_leads"],
            m=f"{alert['expected']:.1f}",
        )
    )
    st.caption(
        text("把时间打乱重排 999 次，这样强的聚集偶然出现的概率 p = {p}",
             p=f"{alert['p_value']:.3f}")
    )  # fmt: skip


def _track(alert: dict[str, Any]) -> None:
    document = alert["document"]
    st.markdown(
        text("{n} 条线索先后出现在 {m} 个村，疑似同一人流动行医。", n=alert["n_leads"],
             m=len(set(document["places"])))
    )  # fmt: skip
    st.caption(
        text("把日期打乱重排，平均每次偶然出现 {x} 条这样强的轨迹", x=f"{alert['expected']:.2f}")
    )
    whys = [(), *(link["reasons"] for link in document["links"])]
    for day, place, why in zip(document["days"], document["places"], whys, strict=True):
        said = " · ".join(messages.say(from_json(reason)) for reason in why)
        line = f"**{day[5:]} {messages.plain(place)}**"
        st.markdown(f"{line}  \n{messages.plain(said)}" if said else line)


def _links(run: ScoreRun, alert: dict[str, Any]) -> None:
    ids = alert["document"]["complaint_ids"]
    with st.container(horizontal=True):
        query = {"show": "all", "from": alert["from_on"], "to": alert["to_on"]}
        if alert["area_code"]:
            query["area"] = alert["area_code"][:9]
        messages.link("leads", text("看同期线索"), query=query)
        messages.link("hotspots", text("看风险热点图"), query=_cell(run, alert))
    with st.expander(text("线索编号 {n} 个", n=len(ids))):
        st.text("  ".join(ids[:60]))


def _cell(run: ScoreRun, alert: dict[str, Any]) -> dict[str, str] | None:
    """Return the map's address of the cell where an alert is."""
    if alert["lon"] is None or alert["lat"] is None:
        return None
    cell_id = signals.nearest_cell(cached.cells(run), lon=alert["lon"], lat=alert["lat"])
    return None if cell_id is None else {map_pages.CELL: cell_id}


def _stops(alert: dict[str, Any]) -> None:
    stops = alert["document"]["stops"]
    st.markdown("**" + text("蹲守建议：若当日出来行医，最可能在") + "**")
    if not stops:
        st.caption(text("没有村界，无法推算。先导入区划。"))
        return
    st.dataframe(
        pd.DataFrame(
            {
                text("日期"): [stop["day"] for stop in stops],
                text("村"): [stop["name"] for stop in stops],
                text("时段"): [
                    f"{_clock(stop['from_s'])}–{_clock(stop['to_s'])}" for stop in stops
                ],
                text("可能性"): [messages.percent(stop["chance"]) for stop in stops],
            }
        ),
        hide_index=True,
        alt=text("蹲守建议"),
    )
    if not cached.may("wishes.write"):
        return
    names = {
        str(number): f"{stop['day'][5:]} {stop['name']} {_clock(stop['from_s'])}"
        for number, stop in enumerate(stops)
    }
    number = filters.one_of("stop", names, label=text("蹲守地点"), default="0")
    why = stops[int(number)]["reasons"]
    st.caption(" · ".join(messages.say(from_json(reason)) for reason in why))
    _wish(alert, int(number))


def _wish(alert: dict[str, Any], number: int) -> None:
    if st.button(text("加入蹲守意愿"), type="primary", key="wish_stakeout"):
        try:
            signals.wish_stakeout(
                cached.store(), alert["alert_id"], number, actor=cached.actor(),
                scope=cached.scope(), now=cached.now(),
            )  # fmt: skip
        except MedPatrolError as error:
            messages.show_error(error)
        else:
            st.rerun()


def draw_wishes(run: ScoreRun) -> None:
    """Draw the stake-outs that the coming plans will look at, each to be taken back."""
    wishes = signals.standing_wishes(cached.store(), scope=cached.scope(), as_of=run.as_of)
    if not wishes:
        return
    st.markdown("**" + text("蹲守意愿 {n} 项", n=len(wishes)) + "**")
    for wish in wishes:
        with st.container(horizontal=True, vertical_alignment="center"):
            hours = f"{_clock(wish['from_s'])}–{_clock(wish['to_s'])}"
            place = messages.plain(wish["place_name"])
            st.markdown(f"{wish['on'].isoformat()} {hours} {place}", width="stretch")
            if cached.may("wishes.write") and st.button(
                text("撤回"), key=f"undo_stakeout_{wish['wish_id']}"
            ):
                _withdraw(wish["wish_id"])


def _withdraw(wish_id: str) -> None:
    try:
        signals.withdraw_stakeout(
            cached.store(), wish_id, actor=cached.actor(), scope=cached.scope(), now=cached.now()
        )
    except MedPatrolError as error:
        messages.show_error(error)
    else:
        st.rerun()


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


def unplaced(summary: dict[str, Any]) -> str:
    """Return the sentence about leads that could not be looked at, empty where there are none."""
    n = summary.get("n_unplaced", 0)
    return text("{n} 条线索没有确切位置，未计入", n=n) if n else ""
