"""
The colours, letters and spaces of every screen, written down once.

One blue for what can be pressed, one ochre ramp for risk (a single hue, monotone
in lightness, so that it survives grey print and colour blindness), red only for
what is late or broken. ``.streamlit/config.toml`` is written from this module
(``python -m ui.theme``) and a test keeps the two equal; the map component and
the charts get the same tokens.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FONT_STACK = '"Microsoft YaHei", "PingFang SC", "Noto Sans SC", "Noto Sans CJK SC", sans-serif'
RISK_LIMITS = (0.02, 0.05, 0.10, 0.20, 0.40)
"""Upper limits of the first five classes of the risk ramp, probabilities; the sixth is open."""

CONFIG_FILE = Path(__file__).resolve().parent.parent / ".streamlit" / "config.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colour tokens of one theme, ``#RRGGBB``."""

    name: str
    background: str
    sidebar: str
    text: str
    muted: str
    primary: str
    on_primary: str
    late: str
    warning: str
    done: str
    line: str
    border: str
    soft_selected: str
    soft_late: str
    soft_warning: str
    soft_done: str
    ramp: tuple[str, ...]
    hatching: str
    lead: str
    case: str
    reason_up: str
    reason_down: str
    teams: tuple[str, ...]
    on_team: str
    land: str
    outside: str
    water: str
    road: str
    unscored: str
    classes: tuple[str, ...]


LIGHT = Palette(
    name="light",
    background="#FFFFFF",
    sidebar="#F4F6F8",
    text="#1C2733",
    muted="#55636F",
    primary="#1F5F99",
    on_primary="#FFFFFF",
    late="#B3261E",
    warning="#8A5A00",
    done="#1B6E4B",
    line="#D5DCE3",
    border="#8896A3",
    soft_selected="#E6EFF7",
    soft_late="#FCECEA",
    soft_warning="#FFF4DC",
    soft_done="#E7F4EE",
    ramp=("#FBF5E6", "#FCE2B2", "#F8C076", "#EC9140", "#C75F1B", "#863507"),
    hatching="#44525E",
    lead="#0B5FA5",
    case="#1C2733",
    reason_up="#B5651D",
    reason_down="#5B7FA3",
    teams=("#0B5FA5", "#C2410C", "#00795C", "#A8437F", "#6B4A1E", "#46525E"),
    on_team="#FFFFFF",
    land="#F8F8F5",
    outside="#EDF0F2",
    water="#BFD6E4",
    road="#AEB6BD",
    unscored="#8896A3",
    # in the order of the codes: city and its fringe, town and its fringe, special, seat, village
    classes=("#5B2A86", "#C9A6E4", "#00695C", "#7FC8BC", "#8896A3", "#A58A2A", "#F1EEDD"),
)
DARK = Palette(
    name="dark",
    background="#11171D",
    sidebar="#1A222A",
    text="#E7ECF0",
    muted="#A3B0BB",
    primary="#7DB5E4",
    on_primary="#0C1218",
    late="#FF9A8F",
    warning="#E6B450",
    done="#6CCB9F",
    line="#36434F",
    border="#8896A3",
    soft_selected="#1D3247",
    soft_late="#3A1F1D",
    soft_warning="#33290F",
    soft_done="#153024",
    ramp=("#26272A", "#44331D", "#73491A", "#AD6A1F", "#E59A45", "#FFD9A0"),
    hatching="#93A1AD",
    lead="#7CC4FF",
    case="#F4F7F9",
    reason_up="#E59A45",
    reason_down="#7FA6CC",
    teams=("#6FA8E0", "#F08A5D", "#35C79E", "#CC66FF", "#FFF35C", "#D0FAFA"),
    on_team="#0C1218",
    land="#1D252C",
    outside="#141B21",
    water="#274A5C",
    road="#586571",
    unscored="#8896A3",
    classes=("#C79BF2", "#6A4A8C", "#5FDCC4", "#2B7367", "#A3B0BB", "#C9AE4E", "#2C2F2B"),
)


def tokens(palette: Palette) -> dict[str, object]:
    """Return the tokens of ``palette`` as plain data, for scripts and chart options."""
    return {**asdict(palette), "font": FONT_STACK, "limits": list(RISK_LIMITS)}


def _palette_options(palette: Palette) -> dict[str, object]:
    ramp = palette.ramp
    middle = [ramp[i] for i in (0, 1, 1, 2, 2, 3, 3, 4, 5, 5)]
    return {
        "primaryColor": palette.primary,
        "backgroundColor": palette.background,
        "secondaryBackgroundColor": palette.sidebar,
        "textColor": palette.text,
        "borderColor": palette.line,
        "linkColor": palette.primary,
        "dataframeHeaderBackgroundColor": palette.sidebar,
        "redColor": palette.late,
        "orangeColor": palette.warning,
        "yellowColor": palette.warning,
        "greenColor": palette.done,
        "grayColor": palette.muted,
        "chartCategoricalColors": list(palette.teams),
        # Streamlit wants exactly ten steps
        "chartSequentialColors": middle,
        "sidebar.backgroundColor": palette.sidebar,
        "sidebar.secondaryBackgroundColor": palette.background,
        "sidebar.textColor": palette.text,
        "sidebar.primaryColor": palette.primary,
        "sidebar.borderColor": palette.line,
    }


def streamlit_options() -> dict[str, object]:
    """
    Return every Streamlit option that this product fixes, by dotted name.

    The server's own options (address, port, identity) are added in
    ``web/server.py``; these here don't depend on how it is started.
    """
    options: dict[str, object] = {
        "browser.gatherUsageStats": False,
        "client.allowedOrigins": [],
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "viewer",
        # its pretty tracebacks print the values of an exception
        "logger.enableRich": False,
        "server.allowedHosts": ["localhost", "127.0.0.1", "::1"],
        "server.enableAgentApi": False,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.maxUploadSize": 200,
        "server.showEmailPrompt": False,
        "theme.font": FONT_STACK,
        "theme.headingFont": FONT_STACK,
        "theme.baseFontSize": 14,
        "theme.headingFontSizes": ["22px", "15px", "14px", "14px", "14px", "14px"],
        "theme.headingFontWeights": [600, 600, 600, 600, 600, 600],
        "theme.metricValueFontSize": "28px",
        "theme.metricValueFontWeight": 600,
        "theme.baseRadius": "4px",
        "theme.buttonRadius": "4px",
        "theme.paddingTop": "0.25rem",
        "theme.showWidgetBorder": True,
    }
    for palette in (LIGHT, DARK):
        for name, value in _palette_options(palette).items():
            options[f"theme.{palette.name}.{name}"] = value
    return options


def config_text() -> str:
    """Return the text of ``.streamlit/config.toml``."""
    lines = ["# Written by `python -m ui.theme` from ui/theme.py; change it there."]
    for section, values in _sections(streamlit_options()).items():
        lines += ["", f"[{section}]"]
        # JSON strings, numbers, booleans and lists of them are TOML as well
        lines += [
            f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()
        ]
    return "\n".join(lines) + "\n"


def _sections(options: Mapping[str, object]) -> dict[str, dict[str, object]]:
    sections: dict[str, dict[str, object]] = {}
    for dotted, value in options.items():
        section, _, name = dotted.rpartition(".")
        sections.setdefault(section, {})[name] = value
    return sections


if __name__ == "__main__":
    CONFIG_FILE.parent.mkdir(exist_ok=True)
    CONFIG_FILE.write_text(config_text(), encoding="utf-8")
