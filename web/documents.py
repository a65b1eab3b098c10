"""
Map documents built by folium: a full-screen map, and the same as one file.

Folium by itself asks five foreign hosts for its scripts. Here every class of it
is rewritten to our own files through an explicit table before a map is made, and
a finished document that names anything else is not handed out. Data text enters
a document only as JSON that the page sets by ``textContent``: in a popup, a
tooltip or a layer name of folium even escaped text can run as script.
"""

import base64
import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from data.records import Plan
from errors import AssetsError
from ui import maps, theme
from workflows import map_layers, wording

LOCAL = {
    "leaflet": "vendor/leaflet/leaflet.js",
    "jquery": "vendor/jquery/jquery.min.js",
    "leaflet_css": "vendor/leaflet/leaflet.css",
}
"""Folium's name of an asset → our file. Leaflet of our own choice, one for all maps."""

DROPPED = frozenset({
    "bootstrap", "bootstrap_css", "glyphicons_css", "awesome_markers",
    "awesome_markers_font_css", "awesome_markers_css", "awesome_rotate_css",
})  # fmt: skip
"""Asked for by every folium map and used by none of ours."""

REFUSED = frozenset({"dvf_js", "topojson", "d3", "vega"})
"""Needed by classes that we don't use; a map that does is not handed out."""

OWN = (("medpatrol", "document.js"), ("medpatrol_css", "document.css"))
DAY_NAMES = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
N_INLINE_SCRIPTS = 2
"""Folium writes two scripts of its own into a document: touch switches, and the map."""

_SPECIAL = re.compile(r"[{}%#<>&'`$]")
_SCRIPT = re.compile(r'<script src="/assets/[0-9a-f]+/([\w./-]+)"></script>')
_STYLE = re.compile(r'<link rel="stylesheet" href="/assets/[0-9a-f]+/([\w./-]+)"\s*/>')
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_ADDRESS = re.compile(
    r"""(?:src|href)\s*=\s*["']?(?!/assets/)[^\s"'>]+|url\(\s*["']?(?!data:)[^)]*"""
)


def hotspots(
    cells: map_layers.Payload, areas: map_layers.Payload, *, language: str, months: int = 12
) -> str:
    """
    Return the document of a score run: cells, hatching, fringe, boundaries, legend.

    Parameters
    ----------
    cells, areas
        Payloads of ``workflows/map_layers.py``.
    months
        After how many months without a visit a cell counts as not looked at.
    """
    words = maps.legend_words(language)
    say = wording.translator(language)
    notes = [
        words["as_of"].replace("{date}", cells["as_of"]),
        words["not_looked"].replace("{m}", str(months)),
        words["cell_size"].replace("{a}", str(cells["cell_km2"])),
        words["fringe_computed"] if cells["fringe"]["computed"] else words["fringe"],
    ]
    doc = {"title": say("风险热点"), "cells": cells, "plan": None, "months": months, "notes": notes}
    points = list(zip(cells["lon"], cells["lat"], strict=True))
    return _render(doc, areas, points, language)


def weekly_plan(plan: Plan, areas: map_layers.Payload, *, language: str) -> str:
    """Return the document of a plan: its routes by day, stops, bases, boundaries."""
    payload = map_layers.plan_layer(plan)
    words = maps.legend_words(language)
    say = wording.translator(language)
    last = plan.week_start + timedelta(days=6)
    title = f"{say('周计划')} {plan.week_start:%Y-%m-%d} – {last:%Y-%m-%d}"
    notes = [words["straight"]] if payload["estimate"] else []
    notes += [words["partly_straight"]] if payload["some_estimated"] else []
    doc = {"title": title, "cells": None, "plan": payload, "months": 12, "notes": notes}
    points = [(stop["lon"], stop["lat"]) for route in payload["routes"] for stop in route["stops"]]
    return _render(doc, areas, [*points, *payload["bases"]], language)


def content_policy(document: str) -> str:
    """Return the policy of a served document: our files, and exactly its inline scripts."""
    hashes = " ".join(f"'{_hash(text)}'" for text in _INLINE.findall(document))
    return _policy(f"'self' {hashes}", own="'self'") + "; frame-ancestors 'self'"


def as_one_file(document: str) -> str:
    """
    Return a document with every script, style and picture inside, for use without a server.

    The file carries a content policy of its own: nothing from outside, and no
    script but those it was made with.
    """
    inlined = _SCRIPT.sub(lambda found: f"<script>{_read(found[1])}</script>", document)
    inlined = _STYLE.sub(lambda found: f"<style>{_style(found[1])}</style>", inlined)
    hashes = " ".join(f"'{_hash(text)}'" for text in _INLINE.findall(inlined))
    meta = f'<meta http-equiv="Content-Security-Policy" content="{_policy(hashes, own="")}">'
    inlined = inlined.replace("<head>", f"<head>\n{meta}", 1)
    if found := _ADDRESS.search(inlined.split("<body>")[0].split("<script>")[0]):
        raise AssetsError("地图文件引用了外部地址：{address}", address=found[0])
    return inlined


@functools.cache
def localise() -> None:
    """
    Point every folium class to our own files.

    Raises
    ------
    AssetsError
        If a class names an asset that is in none of the tables: a new version
        of folium must be looked at before it is used.
    """
    import folium
    from folium.elements import JSCSSMixin

    for cls in (JSCSSMixin, *_subclasses(JSCSSMixin)):
        for attribute in ("default_js", "default_css"):
            if attribute in cls.__dict__:
                named = [_local(cls.__name__, name) for name, _ in getattr(cls, attribute)]
                setattr(cls, attribute, [item for item in named if item is not None])
    folium.Map.default_js.append((OWN[0][0], _address(OWN[0][1])))
    folium.Map.default_css.append((OWN[1][0], _address(OWN[1][1])))


def _local(cls: str, name: str) -> tuple[str, str] | None:
    if name in LOCAL:
        return name, _address(LOCAL[name])
    if name in DROPPED:
        return None
    if name in REFUSED:
        return name, f"refused:{name}"
    raise AssetsError("folium 的 {cls} 引用了未登记的组件 {name}", cls=cls, name=name)


def _subclasses(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _address(path: str) -> str:
    return f"/assets/{maps.assets_version()}/{path}"


def _render(
    doc: Mapping[str, Any],
    areas: map_layers.Payload,
    points: list[tuple[int, int]],
    language: str,
) -> str:
    import folium

    localise()
    say = wording.translator(language)
    words = {**maps.legend_words(language), "days": [say(name) for name in DAY_NAMES]}
    content = {
        **doc,
        "areas": areas["areas"],
        "bounds": _bounds(points),
        "language": language,
        "tokens": theme.tokens(theme.LIGHT),
        "words": words,
    }
    drawn = folium.Map(tiles=None, zoom_control=True, prefer_canvas=True)
    drawn.add_child(_layer(content))
    document = drawn.get_root().render()
    _check(document)
    return document


def _layer(content: Mapping[str, Any]) -> Any:
    from branca.element import MacroElement
    from jinja2 import Template

    class DocumentLayer(MacroElement):
        _template = Template(
            "{% macro script(this, kwargs) %}"
            "medpatrolDocument({{ this._parent.get_name() }}, JSON.parse({{ this.literal }}));"
            "{% endmacro %}"
        )

        def __init__(self, literal: str) -> None:
            super().__init__()
            self._name = "DocumentLayer"
            self.literal = literal

    return DocumentLayer(script_literal(content))


def script_literal(content: object) -> str:
    """
    Return a JavaScript string literal holding ``content`` as JSON.

    What a macro of branca yields is read as a template once more: a pair of
    braces in a name would be run on the server. So nothing that means anything
    to a template, to HTML or to a script stays as it is.
    """
    literal = json.dumps(json.dumps(content, separators=(",", ":")))
    return _SPECIAL.sub(lambda found: f"\\u{ord(found[0]):04x}", literal)


def _check(document: str) -> None:
    """Raise ``AssetsError`` unless the document names our own files only."""
    outside = _INLINE.sub("", document)
    if found := _ADDRESS.search(outside):
        raise AssetsError("地图文件引用了外部地址：{address}", address=found[0])
    if len(_INLINE.findall(document)) != N_INLINE_SCRIPTS:
        raise AssetsError("地图文件的脚本数量与预期不符")


def _bounds(points: list[tuple[int, int]]) -> list[list[float]] | None:
    if not points:
        return None
    lons, lats = zip(*points, strict=True)
    scale = map_layers.DEGREE
    return [[min(lats) / scale, min(lons) / scale], [max(lats) / scale, max(lons) / scale]]


def _policy(scripts: str, *, own: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {scripts}",
            f"style-src {own} 'unsafe-inline'",
            f"img-src {own} data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode()


def _read(path: str) -> str:
    return (maps.ASSETS / path).read_text("utf-8")


def _style(path: str) -> str:
    # The few pictures of Leaflet's style sheet are for controls that no document has.
    return re.sub(r"url\([^)]*\)", "none", _read(path))
