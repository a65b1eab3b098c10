"""The history line of a facility: leads, inspections with their result, cases over time."""

from typing import Any

import pandas as pd

from ui import charts, messages, theme
from ui.messages import text
from workflows.facility_file import FacilityFile

SIGNS = {"violation": "triangle", "refused": "diamond", "pass": "circle"}


def history(of: FacilityFile) -> dict[str, Any]:
    """Return three rows of marks over time; the shape tells the result, not only the colour."""
    colours = charts.palette()
    rows = [text("线索"), text("检查"), text("案件")]
    axis = {"axisLine": {"lineStyle": {"color": colours.line}}, "axisTick": {"show": False}}
    grey = {"color": colours.muted, "fontSize": 11}
    return {
        "animation": False,
        "textStyle": {"fontFamily": theme.FONT_STACK},
        "grid": {"left": 4, "right": 16, "top": 8, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {
            "type": "time",
            "axisLabel": {**grey, "hideOverlap": True, "formatter": "{yyyy}-{MM}"},
            "splitLine": {"show": True, "lineStyle": {"color": colours.line}},
            **axis,
        },
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": rows,
            "axisLabel": {"color": colours.text, "fontSize": 12},
            "splitLine": {"show": True, "lineStyle": {"color": colours.line}},
            **axis,
        },
        "series": [
            {"type": "scatter", "symbolSize": 11, "data": _marks(of, rows, colours)},
        ],
    }


def _marks(of: FacilityFile, rows: list[str], colours: theme.Palette) -> list[dict[str, Any]]:
    marks = [
        _mark(
            row["received_at"],
            rows[0],
            messages.label("topic", row["topic"]),
            symbol="emptyCircle",
            colour=colours.lead,
        )
        for row in of.leads.to_dict("records")
    ]
    for row in of.inspections.to_dict("records"):
        is_bad = row["result"] in {"violation", "refused"}
        marks.append(
            _mark(
                row["started_at"],
                rows[1],
                f"{messages.label('inspection_kind', row['kind'])} · "
                f"{messages.label('result', row['result'])}",
                symbol=SIGNS.get(row["result"], "emptyCircle"),
                colour=colours.reason_up if is_bad else colours.muted,
            )
        )
    marks += [
        _mark(
            row["opened_on"],
            rows[2],
            f"{row['case_id']} · {messages.label('topic', row['topic'])}",
            symbol="triangle",
            colour=colours.case,
        )
        for row in of.cases.to_dict("records")
    ]
    return marks


def _mark(at: Any, row: str, name: str, *, symbol: str, colour: str) -> dict[str, Any]:
    day = str(pd.Timestamp(at).date())
    return {
        "value": [day, row],
        "name": f"{day} {name}",
        "symbol": symbol,
        "itemStyle": {"color": colour},
        "tooltip": {"formatter": "{b}"},
    }
