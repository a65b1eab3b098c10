"""
The map of the pages that are clicked, as a component of our own.

The page sends addresses, not data: the browser fetches each layer from its
authorised route and draws it on a canvas, so a rerun costs nothing and the view
stays where it was. Nothing here leaves the machine: Leaflet without tiles, all
scripts from ``/assets``.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from data.schema import CLASS_SOURCES, FACILITY_KINDS, TOPICS, URBAN_RURAL_CODES
from ui import theme
from workflows import wording

ASSETS = Path(__file__).resolve().parent / "assets"
SCRIPT = "map.js"

KINDS = frozenset({
    "areas", "cells", "not_looked", "certainty", "fringe",
    "facilities", "complaints", "cases", "routes", "classes", "reach", "hot", "change",
})  # fmt: skip

# The component itself is only this: it fetches the real script from our own
# address. A component's module runs from a blob, so the address must be whole.
LOADER = """
const at = (path) => new URL(path, window.location.origin).href;
export default function (component) {
  const script = at(component.data.script);
  const { parentElement } = component;
  import(script).then((map) => map.show(component));
  return () => { import(script).then((map) => map.leave(parentElement)); };
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapLayer:
    """
    One thing the map can draw.

    Several layers may share one ``url`` (cells, not looked, certainty and fringe
    come from the same payload): it is fetched once. ``options`` by kind:
    ``cells``: ``value`` (``p`` or ``score``); ``not_looked``: ``months``;
    ``routes``: ``day`` (0 Monday, ``None`` all), ``teams`` (ids or letters),
    ``others`` (draw other days faintly).
    """

    name: str
    url: str
    kind: str
    visible: bool = True
    label: str = ""
    options: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a kind the map can't draw and an address that is not our own."""
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {sorted(KINDS)}, got {self.kind!r}")
        if not self.url.startswith("/"):
            raise ValueError(f"url must be an own address, got {self.url!r}")


@dataclass(frozen=True, slots=True)
class MapEvent:
    """What the visitor picked: ``{"layer": name, "id": identifier}`` or nothing."""

    selected: dict[str, str] | None


def risk_map(
    *,
    key: str,
    layers: Sequence[MapLayer],
    language: str,
    alt: str,
    selected: Mapping[str, str] | None = None,
    height: int = 540,
    fit: str = "",
    source: str = "",
    ramp_title: str | None = None,
    empty: str | None = None,
) -> MapEvent:
    """
    Draw the map with its legend and return what is picked on it.

    Parameters
    ----------
    key
        Name of this map; its view is kept under it.
    layers
        What to draw; order does not matter. Hidden ones are not fetched.
    language
        ``zh`` or ``en``.
    alt
        The map's main statement in one sentence, for those who can't see it.
    selected
        What to show as picked, ``{"layer", "id"}``.
    height
        Height of the map in pixels; on a phone at most 56 % of the screen.
    fit
        When this text changes (another district, another run), the map fits its
        view to the data again; else it stays where the visitor moved it.
    source
        Source of boundaries and class codes, last line of the legend.
    ramp_title
        Title of the colour classes; default: probability of an unknown site.
    empty
        Sentence in the middle of a map without data.
    """
    words = legend_words(language)
    words |= {"source": source}
    words |= {"ramp": ramp_title} if ramp_title else {}
    words |= {"empty": empty} if empty else {}
    data = {
        "script": f"/assets/{assets_version()}/{SCRIPT}",
        "layers": [_layer(layer) for layer in layers],
        "selected": dict(selected) if selected else None,
        "height": height,
        "fit": fit,
        "alt": alt,
        "words": words,
        "tokens": _tokens(),
    }
    result = _component()(
        key=key, data=data, default={"selected": data["selected"]}, on_selected_change=_ignore
    )
    return MapEvent(result.get("selected"))


@functools.cache
def legend_words(language: str) -> dict[str, Any]:
    """Return all sentences of map and legend; ``{x}`` in them are filled in the browser."""
    say = wording.translator(language)
    column = wording.LANGUAGES.index(language)

    def keep(template: str, **names: str) -> str:
        return say(template, **{name: f"{{{kept}}}" for name, kept in names.items()})

    return {
        "ramp": say("有未掌握点位的概率（每网格）"),
        "classes": ["<2", "2–5", "5–10", "10–20", "20–40", "≥40 %"],
        "as_of": keep("数据截至 {time}", time="date"),
        "not_looked": keep("未查明：{m} 个月内无人到访", m="m"),
        "never": say("未查明：从未到访"),
        "certainty": say("把握：填色越小，区间越宽"),
        "fringe": say("城乡结合部（112、122）"),
        "fringe_computed": say("城乡结合部（推算）"),
        "fringe_year": keep("{name}，{year} 年", name="name", year="year"),
        "leads_open": keep("未办结线索 {n} 条", n="n"),
        "points_coming": keep("待导入的点位 {n} 处", n="n"),
        "leads_coarse": keep("其中 {n} 条只知道村或乡镇（虚线圈）", n="n"),
        "leads_closed": keep("已办结线索 {n} 条", n="n"),
        "cases": keep("近 {d} 天案件 {n} 起", d="d", n="n"),
        "dens": say("捣毁窝点的案件"),
        "facilities": keep("{kind} {n} 家", kind="kind", n="n"),
        "team": keep("队 {letter}", letter="letter"),
        "base": say("驻地"),
        "straight": say("路线为直线推算"),
        "leg_straight": say("路途为直线推算"),
        "partly_straight": say("短虚线：没有道路连通，路途为直线推算"),
        "cell_size": keep("每格约 {a} 平方公里", a="a"),
        "uninhabited": say("无人居住的网格不着色"),
        "blurred": keep("点位已模糊至约 {n} 米", n="n"),
        "tip_cell": keep("至少有一处未掌握点位 {p} %", p="p"),
        "tip_facility": keep("检查发现问题的可能性 {p} %", p="p"),
        "tip_leads": keep("未办结线索 {n} 条，已办结 {m} 条", n="n", m="m"),
        "visited": keep("上次到访：{d} 天前", d="d"),
        "never_visited": say("从未到访"),
        "empty": say("还没有可画的数据"),
        "failed": keep("图层未能载入：{layers}", layers="layers"),
        "layers": {
            "areas": say("区划"),
            "cells": say("网格"),
            "not_looked": say("未查明"),
            "certainty": say("把握大小"),
            "fringe": say("城乡结合部"),
            "facilities": say("机构"),
            "complaints": say("线索"),
            "cases": say("案件"),
            "routes": say("路线"),
            "classes": say("区域分类"),
            "reach": say("驻地可达范围"),
            "hot": say("举报热点"),
            "change": say("较上月变化"),
        },
        "zoom_in": say("放大"),
        "zoom_out": say("缩小"),
        "km": keep("{n} 公里", n="n"),
        "m": keep("{n} 米", n="n"),
        "and": "、" if language == "zh" else ", ",
        "between": "；" if language == "zh" else "; ",
        "class_codes": {code: names[column] for code, names in URBAN_RURAL_CODES.items()},
        "class_sources": {code: names[column] for code, names in CLASS_SOURCES.items()},
        "class_n": keep("{code} {name} {n} 个", code="code", name="name", n="n"),
        "class_computed": keep("推算（{year} 年）{n} 个", year="year", n="n"),
        "class_unknown": keep("类别未知 {n} 个", n="n"),
        "unknown": say("未知"),
        "hot": keep(
            "举报热点 {n} 格（Gi*，误报率不超过 {q} %，一年内举报，截至 {d}）", n="n", q="q", d="d"
        ),
        "change_up": keep("概率比 {d} 上升 {n} 格", d="d", n="n"),
        "change_down": keep("概率比 {d} 下降 {n} 格", d="d", n="n"),
        "change_sure": say("只标变化超出 90 % 区间的网格"),
        "change_none": say("没有四周前的评分，无法比较变化"),
        "heat": keep(
            "举报热度：{n} 条，核宽 {w} 米，{h} 天衰减一半，最高每平方公里 {t} 条",
            n="n",
            w="bandwidth_m",
            h="half_life_days",
            t="top",
        ),
        "reach": keep("驻地 {m} 分钟内", m="m"),
        "reach_road": say("按道路计算"),
        "reach_straight": say("没有道路数据，范围为直线推算"),
        "facility_kinds": {code: names[column] for code, names in FACILITY_KINDS.items()},
        "topics": {code: names[column] for code, names in TOPICS.items()},
    }


@functools.cache
def assets_version() -> str:
    """Return a short hash of our own scripts and the vendored ones' manifest."""
    digest = hashlib.sha256()
    own = sorted((*ASSETS.glob("*.js"), *ASSETS.glob("*.css")))
    for path in (*own, ASSETS / "vendor" / "manifest.json"):
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()[:12]


@functools.cache
def _tokens() -> dict[str, dict[str, object]]:
    return {palette.name: theme.tokens(palette) for palette in (theme.LIGHT, theme.DARK)}


def _layer(layer: MapLayer) -> dict[str, object]:
    return {
        "name": layer.name,
        "url": layer.url,
        "kind": layer.kind,
        "visible": layer.visible,
        "label": layer.label,
        "options": dict(layer.options),
    }


def _component() -> Any:
    # Registered per run: a test process and a restarted server have registries of their own.
    return st.components.v2.component("medpatrol_map", js=LOADER)


def _ignore() -> None:
    """Let a pick rerun the fragment; the new value is read from the result."""
