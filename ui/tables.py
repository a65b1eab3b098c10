"""Tables as people read them: column order, labels, units and number formats."""

import json
import operator
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from data.records import LeftOut, Plan
from data.schema import FRINGE_CODES, KINDS
from ui import messages, state
from ui.messages import text
from workflows import estimated_legs
from workflows.exports import clock, place_of
from workflows.overview import Overview
from workflows.wording import from_json


def likeliest(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells by their chance of a site, highest first: the order of what is shown."""
    return cells.sort_values(["p_hidden", "cell_id"], ascending=[False, True]).reset_index(
        drop=True
    )


def place(row: dict[str, Any]) -> str:
    """Return the name of a cell's place: its area, else its position."""
    name = row.get("area_name")
    if isinstance(name, str) and name:
        return name
    return f"{row['lon']:.3f}, {row['lat']:.3f}"


def main_reason(reasons: str) -> str:
    """Return the sentence of the largest part of a score."""
    parts = json.loads(reasons)
    if not parts:
        return "—"
    return messages.say(from_json(max(parts, key=operator.itemgetter("c"))))


def last_seen(value: Any) -> str:
    """Return the date of the last visit, or that there was none."""
    return text("从未到访") if pd.isna(value) else str(pd.Timestamp(value).date())


def urban_rural(code: Any) -> str:
    """Return the label of an urban-rural code, or that it is unknown."""
    return text("未知") if pd.isna(code) else messages.label("urban_rural_code", code)


def top_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the table of cells: place, probability with interval, main reason."""
    return pd.DataFrame(
        [
            {
                text("地点"): place(row),
                text("概率"): messages.percent(row["p_hidden"]),
                text(
                    "90 % 区间"
                ): f"{messages.percent(row['p_lo'])} – {messages.percent(row['p_hi'])}",
                text("主要原因"): main_reason(row["reasons"]),
            }
            for row in cells.to_dict("records")
        ]
    )


def overdue_line(shown: Overview) -> str:
    """Return how late the latest lead is, or that none is late."""
    if shown.n_overdue or shown.n_due_today:
        return text(
            "最长超期 {d} 天；另有 {n} 条今日到期",
            d=shown.longest_overdue_days,
            n=shown.n_due_today,
        )
    return text("没有超期线索。未办结 {n} 条", n=shown.n_open)


def unseen_line(shown: Overview, *, months: int) -> str:
    """Return which places nobody has seen for too long, and how many of how many."""
    values = {
        "m": months, "n": shown.n_places, "never": shown.n_never_seen,
        "fringe": shown.n_unseen_fringe,
    }  # fmt: skip
    if shown.places_are_villages:
        return text(
            "{m} 个月内无人到访的村，共 {n} 个；从未到访 {never}，结合部 {fringe}", **values
        )
    return text("{m} 个月内无人到访的网格，共 {n} 格；从未到访 {never}，结合部 {fringe}", **values)


def not_done_line(counts: dict[str, int]) -> str:
    """Return how many visits of the week met a closed door, a move, a refusal."""
    total = sum(counts.values())
    if total == 0:
        return text("没有闭门、搬迁或拒检")
    return text(
        "未完成 {n}：闭门 {a}、搬迁 {b}、拒检 {c}",
        n=total,
        a=counts["closed_door"],
        b=counts["moved"],
        c=counts["refused"],
    )


def visits_done(visits: pd.DataFrame) -> pd.DataFrame:
    """Return the table of earlier visits to a cell."""
    return pd.DataFrame(
        [
            {
                text("日期"): str(row["started_at"].date()),
                text("类型"): messages.label("inspection_kind", row["kind"]),
                text("结果"): messages.label("result", row["result"]),
            }
            for row in visits.to_dict("records")
        ]
    )


def timetable(plan: Plan, day: int, *, teams: Collection[str]) -> pd.DataFrame:
    """Return the stops of one day: team, order, clock times, kind, place, value, why."""
    rows = [
        {
            text("队"): route.team_id,
            text("序号"): number,
            text("到达"): clock(stop.arrive_s),
            text("开始"): clock(stop.start_s),
            text("结束"): clock(stop.depart_s),
            text("类型"): messages.label("inspection_kind", stop.visit.kind),
            text("地点"): place_of(stop.visit, state.language()),
            text("路途"): text("推算")
            if estimated_legs.is_estimate(plan, route, number - 1)
            else text("道路"),
            text("计划价值"): stop.visit.prize / 100,
            text("为什么"): "；".join(messages.say(reason) for reason in stop.visit.reasons),
        }
        for route in plan.routes
        if route.day == day and route.team_id in teams
        for number, stop in enumerate(route.stops, 1)
    ]
    return pd.DataFrame(rows)


def left_out(items: Iterable[LeftOut]) -> pd.DataFrame:
    """Return what was not planned: item, reason, cheapest fix, value; most valuable first."""
    ranked = sorted(items, key=lambda item: -item.visit.prize)
    return pd.DataFrame(
        [
            {
                text("事项"): place_of(item.visit, state.language()),
                text("类型"): messages.label("inspection_kind", item.visit.kind),
                text("原因"): messages.say(item.reason),
                text("最省的补救"): "—"
                if item.cheapest_fix is None
                else messages.say(item.cheapest_fix),
                text("计划价值"): item.visit.prize / 100,
            }
            for item in ranked
        ]
    )


def short_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Return place and probability of cells, for a narrow panel."""
    return pd.DataFrame(
        {
            text("地点"): [place(row) for row in cells.to_dict("records")],
            text("概率"): [messages.percent(p) for p in cells["p_hidden"]],
            text("上次到访"): [last_seen(day) for day in cells["last_visit_on"]],
        }
    )


def pick_cell(cells: pd.DataFrame, *, n_most: int = 500) -> str | None:
    """Draw the highest cells as a table and return the one that was picked."""
    shown = likeliest(cells).head(n_most)
    event = st.dataframe(
        pd.DataFrame(
            {
                text("位次"): range(1, len(shown) + 1),
                text("地点"): [place(row) for row in shown.to_dict("records")],
                text("类别"): [urban_rural(code) for code in shown["urban_rural_code"]],
                text("概率，%"): (100 * shown["p_hidden"]).round(1),
                text("90 % 区间，%"): [
                    f"{100 * lo:.0f}–{100 * hi:.0f}"
                    for lo, hi in zip(shown["p_lo"], shown["p_hi"], strict=True)
                ],
                text("预计点位数"): shown["mean"].round(2),
                text("上次到访"): [last_seen(day) for day in shown["last_visit_on"]],
                text("未办结线索"): shown["n_open_leads"],
                text("机构"): shown["n_facilities"],
            }
        ),
        hide_index=True,
        height=560,
        on_select="rerun",
        selection_mode="single-row",
        alt=text("风险最高的网格"),
    )
    st.caption(text("按概率排列的前 {n} 格", n=len(shown)))
    rows = event.selection.rows
    return str(shown["cell_id"].iloc[rows[0]]) if rows else None


def kind_name(kind: str) -> str:
    """Return the name of a kind of record in the reader's language."""
    spec = KINDS[kind]
    return spec.zh if state.language() == "zh" else spec.en


def record_counts(counts: Mapping[str, int]) -> pd.DataFrame:
    """Return how many records of each kind the store holds."""
    return pd.DataFrame(
        [{text("数据种类"): kind_name(kind), text("记录数"): n} for kind, n in counts.items() if n]
    )


def number(value: float) -> str:
    """Return an index with two decimals, or a dash where there is none."""
    return "—" if pd.isna(value) else f"{value:.2f}"


def fringe_shares(by_class: pd.DataFrame) -> tuple[float, float] | None:
    """Return the fringe's share of risk and of visits; None where no class codes are known."""
    fringe = by_class[by_class["group"].isin(FRINGE_CODES)]
    if fringe.empty or fringe[["risk_share", "visit_share"]].isna().any(axis=None):
        return None
    return float(fringe["risk_share"].sum()), float(fringe["visit_share"].sum())


def two_shares(risk: float, visits: float) -> str:
    """Return two shares as whole percent beside each other."""
    return f"{100 * risk:.0f} % / {100 * visits:.0f} %"


def shares(groups: pd.DataFrame) -> pd.DataFrame:
    """Return share of risk, share of visits and the gap per group, in percent and points."""
    return pd.DataFrame(
        {
            text("名称"): groups["name"].fillna(groups["group"]).fillna(text("未知")),
            text("风险占比，%"): (100 * groups["risk_share"]).round(1),
            text("到访占比，%"): (100 * groups["visit_share"]).round(1),
            text("差，百分点"): (100 * groups["gap"]).round(1),
            text("到访，家次"): groups["n_visits"].astype(int),
            text("网格数"): groups["n_places"],
        }
    )


def unseen(places: pd.DataFrame) -> pd.DataFrame:
    """Return the places not seen for longest."""
    return pd.DataFrame(
        {
            text("地点"): [place(row) for row in places.to_dict("records")],
            text("类别"): [urban_rural(code) for code in places["urban_rural_code"]],
            text("上次到访"): [last_seen(day) for day in places["last_visit_on"]],
            text("机构"): places["n_facilities"],
            text("概率，%"): (100 * places["p_hidden"]).round(1),
        }
    )
