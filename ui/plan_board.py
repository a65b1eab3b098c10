"""The board of one day: teams as rows, visits as blocks that are dragged or moved by a menu."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import streamlit as st

from data.records import Plan, Route, Stop
from ui import charts, maps, messages, state
from ui.messages import text
from workflows.exports import DAY_NAMES, clock, place_of
from workflows.plan_changes import Change, Lock, Move, Remove

SCRIPT = "plan_editor.js"
FIRST_HOUR, LAST_HOUR = 8.0, 18.0

LOADER = """
const at = (path) => new URL(path, window.location.origin).href;
export default function (component) {
  const script = at(component.data.script);
  const { parentElement } = component;
  import(script).then((board) => board.show(component));
  return () => { import(script).then((board) => board.leave(parentElement)); };
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardEvent:
    """What was done on the board, and the key under which it is done once."""

    change: Change
    key: str


def draw(
    plan: Plan,
    *,
    day: int,
    teams: Sequence[str],
    revision: int,
    done: frozenset[str],
    editable: bool,
    lunch: tuple[int, int],
) -> BoardEvent | None:
    """Draw the board of a day and return what was done on it."""
    found = st.components.v2.component("medpatrol_plan_editor", js=LOADER)(
        key="plan-board",
        data=_data(
            plan, day=day, teams=teams, revision=revision, done=done, editable=editable, lunch=lunch
        ),
        on_edit_change=_ignore,
    )
    return event_of(found.get("edit"))


def event_of(sent: object) -> BoardEvent | None:
    """Read what the board sent; anything else is nothing."""
    if not isinstance(sent, Mapping):
        return None
    visit, key = sent.get("visit"), sent.get("nonce")
    if not isinstance(visit, str) or not isinstance(key, str):
        return None
    change: Change | None = None
    match sent.get("kind"):
        case "move":
            change = _move(visit, sent)
        case "lock":
            change = Lock(visit_ids=(visit,))
        case "unlock":
            change = Lock(visit_ids=(visit,), on=False)
        case "remove":
            change = Remove(visit_id=visit)
    return None if change is None else BoardEvent(change=change, key=key)


def day_label(plan: Plan, day: int) -> str:
    """Return ``周二 12-01`` or its English twin."""
    return f"{text(DAY_NAMES[day])} {plan.week_start + timedelta(days=day):%m-%d}"


def days_of(plan: Plan) -> list[int]:
    """Return the days on which teams are out or may be."""
    return sorted({route.day for route in plan.routes})


def _move(visit: str, sent: Mapping[str, Any]) -> Move | None:
    team, day, position = sent.get("team"), sent.get("day"), sent.get("position")
    if not isinstance(team, str) or not isinstance(day, int | float):
        return None
    at = int(position) if isinstance(position, int | float) else None
    return Move(visit_id=visit, team_id=team, day=int(day), position=at)


def _data(
    plan: Plan,
    *,
    day: int,
    teams: Sequence[str],
    revision: int,
    done: frozenset[str],
    editable: bool,
    lunch: tuple[int, int],
) -> dict[str, object]:
    colours = charts.palette()
    numbers = {team.team_id: n for n, team in enumerate(plan.teams)}
    people = {team.team_id: len(team.officer_ids) for team in plan.teams}
    routes = {route.team_id: route for route in plan.routes if route.day == day}
    latest = max((route.back_s / 3600 for route in routes.values()), default=LAST_HOUR)
    return {
        "script": f"/assets/{maps.assets_version()}/{SCRIPT}",
        "revision": revision,
        "day": day,
        "editable": editable,
        "hours": [FIRST_HOUR, max(LAST_HOUR, latest)],
        "lunch": [second / 3600 for second in lunch],
        "days": [{"day": each, "label": day_label(plan, each)} for each in days_of(plan)],
        "teams": [
            {"team": team.team_id, "label": text("队 {team}", team=team.team_id)}
            for team in plan.teams
        ],
        "rows": [
            {
                "team": team,
                "label": text("队 {team}", team=team),
                "people": text("{n} 人", n=people[team]),
                "colour": charts.team_colour(numbers[team]),
                "leave": routes[team].leave_s / 3600,
                "back": routes[team].back_s / 3600,
                "back_text": text("收队 {t}", t=clock(routes[team].back_s))
                if routes[team].stops
                else text("备勤"),
                "stops": _stops(routes[team], done),
            }
            for team in teams
            if team in routes
        ],
        "colours": {
            "muted": colours.muted,
            "line": colours.line,
            "border": colours.border,
            "selected": colours.soft_selected,
            "on-team": colours.on_team,
            "on-primary": colours.on_primary,
        },
        "words": _words(),
    }


def _stops(route: Route, done: frozenset[str]) -> list[dict[str, object]]:
    return [
        {
            "id": stop.visit.visit_id,
            "label": _label(number, stop),
            "about": about(number, stop) + _straight(route, number - 1),
            "why": "；".join(messages.say(reason) for reason in stop.visit.reasons),
            "from": stop.start_s / 3600,
            "to": stop.depart_s / 3600,
            "drawn": stop.visit.draw_id is not None,
            "explore": stop.visit.inclusion_prob is not None and stop.visit.draw_id is None,
            "locked": stop.locked,
            "done": stop.visit.visit_id in done,
        }
        for number, stop in enumerate(route.stops, 1)
    ]


def _label(number: int, stop: Stop) -> str:
    drawn = "▪ " if stop.visit.draw_id is not None else ""
    return f"{drawn}{number} {messages.label('inspection_kind', stop.visit.kind)}"


def _straight(route: Route, leg: int) -> str:
    return f" · {text('路途为直线推算')}" if leg in route.estimated_legs else ""


def about(number: int, stop: Stop) -> str:
    """Return number, kind, place and time of a stop in one line."""
    kind = messages.label("inspection_kind", stop.visit.kind)
    times = f"{clock(stop.start_s)}–{clock(stop.depart_s)}"
    place = place_of(stop.visit, state.language())
    locked = f" · {text('已锁定')}" if stop.locked else ""
    return f"{number} · {kind} · {place} · {times}{locked}"


def _words() -> dict[str, str]:
    return {
        "desktop": text("编计划请用电脑；手机上只列出各站"),
        "empty": text("当日没有出勤的队"),
        "lunch": text("午休"),
        "other_day": text("拖到这里改日期："),
        "key": text("斜纹为探查（随机） · ▪ 双随机，只能改日期和顺序 · 粗框为已锁定 · 线为路途"),
        "move": text("移到这里"),
        "lock": text("锁定"),
        "unlock": text("解锁"),
        "remove": text("从计划中去掉"),
        "close": text("关闭"),
        "day": text("日期"),
        "team": text("队"),
        "order": text("顺序"),
        "best": text("最省路的顺序"),
        "position": text("第 {n} 站", n="{n}"),
        "working": text("正在重新计时和核对规则"),
    }


def _ignore() -> None:
    """Let what was done rerun the page; it is read from the result."""
