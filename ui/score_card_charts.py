"""Charts of the score card as plain data: points with intervals, capture curves, reliability."""

from typing import Any

import pandas as pd

from risk.baselines import MODEL
from ui import charts, messages, score_card_words, theme
from ui.charts import Spec

DASHES = ("solid", "dashed", "dotted", [8, 3, 2, 3], [2, 4])


def _config() -> Spec:
    colours = charts.palette()
    axis = {
        "labelColor": colours.muted, "titleColor": colours.text, "gridColor": colours.line,
        "domainColor": colours.border, "tickSize": 0, "labelFontSize": 11, "titleFontSize": 12,
        "titleFontWeight": 400,
    }  # fmt: skip
    return {
        "view": {"stroke": None}, "font": theme.FONT_STACK, "background": "transparent",
        "axis": axis,
    }  # fmt: skip


def intervals(rows: pd.DataFrame, *, top: float) -> tuple[pd.DataFrame, Spec]:
    """
    Return a point with its 90 % interval per method, the model in the accent colour.

    Parameters
    ----------
    rows
        ``method``, ``value``, ``lo``, ``hi`` as shares.
    top
        End of the axis, percent.
    """
    colours = charts.palette()
    shown = pd.DataFrame(
        {
            "name": [score_card_words.method(code) for code in rows["method"]],
            "value": (100 * rows["value"]).round(1),
            "lo": (100 * rows["lo"].fillna(rows["value"])).round(1),
            "hi": (100 * rows["hi"].fillna(rows["value"])).round(1),
            "label": [f"{100 * value:.0f}" for value in rows["value"]],
            "kind": ["ours" if code == MODEL else "simple" for code in rows["method"]],
        }
    )
    y = {
        "field": "name", "type": "nominal", "sort": list(shown["name"]), "title": None,
        "axis": {"labelColor": colours.text, "domain": False, "labelFontSize": 12, "grid": False,
                 "labelLimit": 200},
    }  # fmt: skip
    x = {"type": "quantitative", "scale": {"domain": [0, top]}, "title": "%"}
    colour = {
        "field": "kind",
        "scale": {"domain": ["ours", "simple"], "range": [colours.primary, colours.muted]},
        "legend": None,
    }
    return shown, {
        "height": {"step": 34},
        "config": _config(),
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"x": {"field": "lo", **x}, "x2": {"field": "hi"}, "y": y,
                             "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
                "encoding": {"x": {"field": "value", **x}, "y": y, "color": colour},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 8, "fontSize": 12,
                         "color": colours.text},
                "encoding": {"x": {"field": "hi", **x}, "y": y, "text": {"field": "label"}},
            },
        ],
    }  # fmt: skip


def curves(rows: pd.DataFrame, *, x_title: str, y_title: str) -> Spec:
    """
    Return one line per method: share found against share walked, the model's interval shaded.

    Parameters
    ----------
    rows
        ``method``, ``at``, ``value``, ``lo``, ``hi`` as shares.
    """
    colours = charts.palette()
    order = list(dict.fromkeys(rows["method"]))
    series: list[dict[str, Any]] = []
    for number, code in enumerate(order):
        some = rows[rows["method"] == code].sort_values("at")
        is_ours = code == MODEL
        colour = colours.primary if is_ours else colours.muted
        points = [[0.0, 0.0], *_points(some, "value")]
        series.append(
            {
                "type": "line", "name": score_card_words.method(code), "data": points,
                "symbol": "none", "z": 5 if is_ours else 3,
                "lineStyle": {"color": colour, "width": 2.5 if is_ours else 1.6,
                              "type": DASHES[number % len(DASHES)]},
                "endLabel": {"show": True, "formatter": "{a}", "fontSize": 11,
                             "fontWeight": 600 if is_ours else 400,
                             "color": colours.text},
                "labelLayout": {"moveOverlap": "shiftY"},
            }
        )  # fmt: skip
        if is_ours and some["lo"].notna().all():
            series += _band(some, colours)
    axis = {
        "type": "value", "min": 0, "nameLocation": "middle",
        "nameTextStyle": {"color": colours.text},
        "axisLabel": {"color": colours.muted, "fontSize": 11},
        "splitLine": {"lineStyle": {"color": colours.line}},
    }  # fmt: skip
    series[0]["markLine"] = {
        "silent": True, "symbol": "none", "data": [{"xAxis": 5}],
        "label": {"show": True, "formatter": "5 %", "color": colours.muted, "fontSize": 11},
        "lineStyle": {"color": colours.border, "type": "dotted", "width": 1},
    }  # fmt: skip
    return {
        "animation": False,
        "textStyle": {"fontFamily": theme.FONT_STACK},
        "grid": {"left": 52, "right": 118, "top": 22, "bottom": 44},
        "xAxis": {**axis, "max": 20, "name": x_title, "nameGap": 26},
        "yAxis": {**axis, "name": y_title, "nameGap": 34},
        "series": series,
    }


def _points(rows: pd.DataFrame, column: str) -> list[list[float]]:
    return [
        [round(100 * at, 2), round(100 * value, 2)]
        for at, value in zip(rows["at"], rows[column], strict=True)
    ]


def _band(rows: pd.DataFrame, colours: theme.Palette) -> list[dict[str, Any]]:
    """Return two stacked lines without stroke that shade the interval between them."""
    low = [[0.0, 0.0], *_points(rows, "lo")]
    rise = rows.assign(rise=rows["hi"] - rows["lo"])
    line = {
        "type": "line", "stack": "interval", "symbol": "none", "silent": True, "z": 1,
        "stackStrategy": "all", "lineStyle": {"opacity": 0},
    }  # fmt: skip
    return [
        {**line, "data": low},
        {**line, "data": [[0.0, 0.0], *_points(rise, "rise")],
         "areaStyle": {"color": colours.primary, "opacity": 0.14}},
    ]  # fmt: skip


def reliability(rows: pd.DataFrame) -> tuple[pd.DataFrame, Spec]:
    """
    Return the share found against the probability said, with intervals and the even line.

    Parameters
    ----------
    rows
        ``at``, ``value``, ``lo``, ``hi`` as shares, ``n`` visits.
    """
    colours = charts.palette()
    shown = pd.DataFrame({name: (100 * rows[name]).round(1) for name in ("at", "value")})
    shown["lo"], shown["hi"] = (100 * rows["lo"]).round(1), (100 * rows["hi"]).round(1)
    shown["n"] = rows["n"].astype(int)
    top = max(10.0, float(shown[["at", "hi"]].max().max()))
    # a bound of one class with two visits must not squeeze all others into a corner
    top = min(100.0, 10.0 * float(-(-top // 10.0)))
    scale = {"type": "quantitative", "scale": {"domain": [0, top]}}
    x = {"field": "at", **scale, "title": messages.text("预计概率，%")}
    y_title = messages.text("实际查实，%")
    line = [{"at": 0, "value": 0}, {"at": top, "value": top}]
    return shown, {
        "height": 250,
        "config": _config(),
        "layer": [
            {
                "data": {"values": line},
                "mark": {"type": "line", "strokeDash": [4, 4], "strokeWidth": 1,
                         "color": colours.border},
                "encoding": {"x": x, "y": {"field": "value", **scale, "title": y_title}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 2, "color": colours.primary},
                "encoding": {"x": x, "y": {"field": "lo", **scale, "title": y_title},
                             "y2": {"field": "hi"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1,
                         "color": colours.primary},
                "encoding": {
                    "x": x, "y": {"field": "value", **scale, "title": y_title},
                    "tooltip": [{"field": "n", "title": messages.text("家次")}],
                },
            },
        ],
    }  # fmt: skip
