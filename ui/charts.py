"""Charts as plain data: reason bars, Lorenz curve, share bars, load bars, day timeline."""

from collections.abc import Iterable, Sequence
from typing import Any

from data.records import Plan, Reason, Route
from ui import messages, state, theme
from workflows.exports import clock, place_of

Spec = dict[str, Any]
LORENZ_CORNERS = 200


def palette() -> theme.Palette:
    """Return the colours of the visitor's theme."""
    return theme.DARK if state.is_dark() else theme.LIGHT


def reason_bars(reasons: Sequence[Reason]) -> Spec:
    """Return one bar per reason, its sentence above it; the bars add up to the score."""
    colours = palette()
    bars = [
        {
            "value": round(reason.contribution, 4),
            "name": messages.say(reason.message),
            "itemStyle": {
                "color": colours.reason_up if reason.contribution >= 0 else colours.reason_down
            },
        }
        for reason in reasons
    ]
    total = abs(sum(reason.contribution for reason in reasons))
    decimals = 2 if total >= 0.1 else 3 if total >= 0.01 else 4
    signed = [f"{reason.contribution:+.{decimals}f}".replace("-", "−") for reason in reasons]
    return {
        "animation": False,
        "textStyle": {"fontFamily": theme.FONT_STACK},
        "grid": {"left": 4, "right": 60, "top": 18, "bottom": 0},
        "xAxis": {"type": "value", "show": False},
        "yAxis": [
            {"type": "category", "inverse": True, "show": False, "data": [b["name"] for b in bars]},
            {
                "type": "category",
                "inverse": True,
                "data": signed,
                "position": "right",
                "axisLine": {"show": False},
                "axisTick": {"show": False},
                "axisLabel": {"color": colours.text, "fontWeight": 600, "margin": 4},
            },
        ],
        "series": [
            {
                "type": "bar",
                "data": bars,
                "barWidth": 10,
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "label": {"show": False},
                    "lineStyle": {"color": colours.border, "type": "solid", "width": 1},
                    "data": [{"xAxis": 0}],
                },
            },
            {
                # carries the sentences: labels of zero-length bars start at the zero line
                "type": "bar",
                "data": [0 for _ in bars],
                "barWidth": 10,
                "barGap": "-100%",
                "label": {
                    "show": True,
                    "position": "insideLeft",
                    "offset": [0, -14],
                    "formatter": "{b}",
                    "color": colours.text,
                    "fontSize": 12,
                    "align": "left",
                },
            },
        ],
    }


def lorenz(risk_share: Iterable[float], visit_share: Iterable[float]) -> Spec:
    """Return cumulative share of visits against cumulative share of risk, both 0 to 1."""
    colours = palette()
    corners = list(zip(risk_share, visit_share, strict=True))
    # twenty thousand corners look like two hundred, and would be sent anew at each run
    step = max(1, len(corners) // LORENZ_CORNERS)
    shown = [*corners[:-1:step], *corners[-1:]]
    points = [[round(100 * x, 2), round(100 * y, 2)] for x, y in shown]
    axis = {
        "type": "value",
        "min": 0,
        "max": 100,
        "interval": 25,
        "nameLocation": "middle",
        "nameTextStyle": {"color": colours.text},
        "axisLabel": {"color": colours.muted, "fontSize": 11},
        "splitLine": {"lineStyle": {"color": colours.line}},
    }
    return {
        "animation": False,
        "textStyle": {"fontFamily": theme.FONT_STACK},
        "grid": {"left": 56, "right": 20, "top": 12, "bottom": 44},
        "xAxis": {**axis, "name": messages.text("累计风险占比，%"), "nameGap": 26},
        "yAxis": {**axis, "name": messages.text("累计到访占比，%"), "nameGap": 34},
        "series": [
            {
                "type": "line",
                "data": [[0, 0], [100, 100]],
                "symbol": "none",
                "lineStyle": {"color": colours.border, "type": "dashed", "width": 1},
                "endLabel": {"show": False},
                "silent": True,
            },
            {
                "type": "line",
                "data": points,
                "symbol": "none",
                "lineStyle": {"color": colours.primary, "width": 2.5},
                "areaStyle": {"color": colours.soft_selected, "opacity": 0.7, "origin": "start"},
            },
        ],
    }


def share_bars(
    names: Sequence[str],
    risk: Iterable[float],
    visits: Iterable[float],
    *,
    second: str | None = None,
) -> Spec:
    """
    Return two bars per group: its share of risk (ochre) and of visits (blue), in percent.

    ``second`` names the second share where it is not that of visits.
    """
    colours = palette()
    label = {"show": True, "position": "right", "color": colours.text, "fontSize": 11}
    return {
        "animation": False,
        "textStyle": {"fontFamily": theme.FONT_STACK},
        "grid": {"left": 4, "right": 40, "top": 26, "bottom": 4, "containLabel": True},
        "legend": {
            "top": 0,
            "left": 0,
            "itemWidth": 12,
            "itemHeight": 8,
            "textStyle": {"color": colours.muted, "fontSize": 12},
        },
        "xAxis": {"type": "value", "show": False},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": list(names),
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {"color": colours.text, "fontSize": 12},
        },
        "series": [
            {
                "type": "bar",
                "name": messages.text("风险占比，%"),
                "barWidth": 8,
                "label": label,
                "itemStyle": {"color": colours.reason_up},
                "data": [round(100 * value) for value in risk],
            },
            {
                "type": "bar",
                "name": second or messages.text("到访占比，%"),
                "barWidth": 8,
                "label": label,
                "itemStyle": {"color": colours.primary},
                "data": [round(100 * value) for value in visits],
            },
        ],
    }


def team_colour(number: int) -> str:
    """Return the colour of the team at a position in the plan's list of teams."""
    colours = palette().teams
    return colours[number % len(colours)]


def load_bars(plan: Plan) -> Spec:
    """Return hours per team over the week: dark visits, light travel."""
    colours = palette()
    teams = [team.team_id for team in plan.teams]
    on_site = dict.fromkeys(teams, 0.0)
    travel = dict.fromkeys(teams, 0.0)
    for route in plan.routes:
        on_site[route.team_id] += sum(stop.visit.service_s for stop in route.stops) / 3600
        travel[route.team_id] += route.travel_s / 3600
    return {
        "animation": False,
        "textStyle": {"fontFamily": theme.FONT_STACK},
        "grid": {"left": 4, "right": 44, "top": 4, "bottom": 4, "containLabel": True},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [messages.text("队 {team}", team=team) for team in teams],
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {"color": colours.text, "fontSize": 12},
        },
        "series": [
            {
                "type": "bar",
                "stack": "hours",
                "barWidth": 12,
                "data": [
                    {"value": round(on_site[team], 2), "itemStyle": {"color": team_colour(n)}}
                    for n, team in enumerate(teams)
                ],
            },
            {
                "type": "bar",
                "stack": "hours",
                "barWidth": 12,
                "data": [
                    {
                        "value": round(travel[team], 2),
                        "itemStyle": {"color": f"{team_colour(n)}59"},
                        "label": {
                            "show": True,
                            "position": "right",
                            "color": colours.text,
                            "formatter": f"{on_site[team] + travel[team]:.1f}",
                        },
                    }
                    for n, team in enumerate(teams)
                ],
            },
        ],
    }


def timeline(plan: Plan, day: int, *, teams: Sequence[str]) -> tuple[list[dict[str, Any]], Spec]:
    """Return rows and a Vega-Lite spec of one day: a line per team, a block per visit."""
    colours = palette()
    of_day = [route for route in plan.routes if route.day == day and route.team_id in teams]
    numbers = {team.team_id: number for number, team in enumerate(plan.teams)}
    rows = [row for route in of_day for row in _timeline_rows(route)]
    order = [messages.text("队 {team}", team=team) for team in teams]
    hours = {
        "type": "quantitative",
        "scale": {"domain": [8, 18]},
        "title": None,
        "axis": {
            "values": list(range(8, 19)),
            "labelExpr": "datum.value + ':00'",
            "orient": "top",
            "gridColor": colours.line,
            "tickSize": 0,
            "domain": False,
            "labelColor": colours.muted,
        },
    }
    row_axis = {
        "field": "team",
        "type": "nominal",
        "sort": order,
        "title": None,
        "scale": {"domain": order},
        "axis": {"labelColor": colours.text, "domain": False, "tickSize": 0, "labelFontSize": 12},
    }
    scale = {"domain": order, "range": [team_colour(numbers[team]) for team in teams]}
    return rows, {
        "height": {"step": 26},
        "config": {"view": {"stroke": None}, "font": theme.FONT_STACK},
        "layer": [
            {
                "transform": [{"filter": "datum.part == 'out'"}],
                "mark": {"type": "rule", "strokeWidth": 1},
                "encoding": {
                    "x": {"field": "from", **hours},
                    "x2": {"field": "to"},
                    "y": row_axis,
                    "color": {"field": "team", "scale": scale, "legend": None},
                },
            },
            {
                "transform": [{"filter": "datum.part == 'visit'"}],
                "mark": {"type": "bar", "height": 18, "cornerRadius": 2},
                "encoding": {
                    "x": {"field": "from", **hours},
                    "x2": {"field": "to"},
                    "y": row_axis,
                    "color": {"field": "team", "scale": scale, "legend": None},
                    "tooltip": [
                        {"field": "what", "title": messages.text("地点")},
                        {"field": "clock", "title": messages.text("时间")},
                    ],
                },
            },
            {
                "transform": [{"filter": "datum.part == 'visit'"}],
                "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 11, "clip": True},
                "encoding": {
                    "x": {"field": "from", **hours},
                    "y": row_axis,
                    "text": {"field": "label"},
                    "color": {"value": colours.on_team},
                },
            },
        ],
    }


def _timeline_rows(route: Route) -> list[dict[str, Any]]:
    team = messages.text("队 {team}", team=route.team_id)
    if not route.stops:
        return []
    rows: list[dict[str, Any]] = [
        {"team": team, "part": "out", "from": route.leave_s / 3600, "to": route.back_s / 3600}
    ]
    for number, stop in enumerate(route.stops, 1):
        rows.append(
            {
                "team": team,
                "part": "visit",
                "from": stop.start_s / 3600,
                "to": stop.depart_s / 3600,
                "label": f"{number} {messages.label('inspection_kind', stop.visit.kind)}",
                "what": place_of(stop.visit, state.language()),
                "clock": f"{clock(stop.start_s)}–{clock(stop.depart_s)}",
            }
        )
    return rows
