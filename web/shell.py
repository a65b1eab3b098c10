"""
The frame around every page: navigation in four groups, district, language.

``app.py`` draws it for each visitor; it lists the pages that exist and hands
over to the one that was asked for.
"""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ui import cached, state, theme
from workflows import wording

PAGES = Path(__file__).resolve().parent.parent / "pages"

GROUPS = {
    ("日常", "Daily"): (
        ("overview", "首页", "Home", ":material/home:"),
        ("hotspots", "风险热点", "Risk hotspots", ":material/hexagon:"),
        ("leads", "线索台账", "Lead ledger", ":material/inbox:"),
        ("cases", "案件", "Cases", ":material/gavel:"),
        ("facilities", "机构", "Facilities", ":material/local_hospital:"),
        ("persons", "人员备案", "Practitioners", ":material/badge:"),
    ),
    ("计划", "Planning"): (
        ("weekly_plan", "周计划", "Weekly plan", ":material/route:"),
        ("campaigns", "专项行动", "Campaigns", ":material/flag:"),
        ("officers", "执法力量", "Officers", ":material/groups:"),
    ),
    ("成效", "Results"): (
        ("evenness", "覆盖均衡", "Evenness", ":material/balance:"),
        ("score_card", "评分卡", "Score card", ":material/fact_check:"),
    ),
    ("管理", "Administration"): (
        ("import_data", "数据导入", "Import data", ":material/download:"),
        ("matches", "疑似重复", "Likely duplicates", ":material/compare:"),
        ("areas", "区域分类", "Area classes", ":material/map:"),
        ("accounts", "账号", "Accounts", ":material/manage_accounts:"),
        ("audit", "审计日志", "Audit log", ":material/history:"),
        ("demo_city", "关于示例城市", "About the demo city", ":material/location_city:"),
    ),
}

SHIELD = (
    '<path fill="{primary}" d="M12 1 3 4.5v7c0 5.3 3.8 9.6 9 11.5 5.2-1.9 9-6.2 9-11.5v-7z"/>'
    '<path fill="{on_primary}" d="M10.6 6.5h2.8v3.6H17v2.8h-3.6v3.6h-2.8v-3.6H7v-2.8h3.6z"/>'
)
ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">' + SHIELD + "</svg>"
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 24" width="150" height="24">'
    + SHIELD
    + "<g font-family='{font}'>"
    '<text x="31" y="18" fill="{text}" font-size="17" font-weight="600">医巡</text>'
    '<text x="73" y="17" fill="{muted}" font-size="12">MedPatrol</text></g></svg>'
)
LANGUAGE_NAMES = {"zh": "中文", "en": "English"}
LANGUAGE_SCRIPT = """
export default function ({ data }) { document.documentElement.lang = data.lang; }
"""


def draw() -> None:
    """Draw the frame and run the page that was asked for."""
    st.set_page_config(
        page_title="医巡 MedPatrol",
        layout="wide",
        initial_sidebar_state=232,
        page_icon=_drawn(ICON),
    )
    st.logo(_drawn(LOGO), icon_image=_drawn(ICON), size="large")
    language = state.language()
    page = st.navigation(_pages(language))
    with st.sidebar:
        _draw_choices(language)
    page.run()


def _drawn(picture: str) -> str:
    palette = theme.DARK if state.is_dark() else theme.LIGHT
    return picture.format(
        primary=palette.primary,
        on_primary=palette.on_primary,
        text=palette.text,
        muted=palette.muted,
        font=theme.FONT_STACK,
    )


def _pages(language: str) -> dict[str, list[StreamlitPage]]:
    column = 0 if language == "zh" else 1
    listed: dict[str, list[StreamlitPage]] = {}
    for group, entries in GROUPS.items():
        for file_name, *titles, icon in entries:
            path = PAGES / f"{file_name}.py"
            if path.is_file():
                page = st.Page(
                    path,
                    title=titles[column],
                    icon=icon,
                    url_path=file_name,
                    default=file_name == "overview",
                )
                listed.setdefault(group[column], []).append(page)
    return listed


def _draw_choices(language: str) -> None:
    """
    Draw the choice of district and language, and write both into the address.

    Binding the widgets to the address would put their labels there, which
    differ from language to language; the address holds codes.
    """
    say = wording.translator(language)
    districts = cached.districts()
    codes = [state.WHOLE_CITY, *districts]
    asked = st.query_params.get(state.DISTRICT)
    district = st.selectbox(
        say("辖区"),
        codes,
        index=codes.index(asked) if asked in codes else 0,
        format_func=lambda code: say("全市") if code == state.WHOLE_CITY else districts[code],
        key=state.DISTRICT,
    )
    st.segmented_control(
        say("语言"),
        list(LANGUAGE_NAMES),
        format_func=LANGUAGE_NAMES.__getitem__,
        default=language,
        required=True,
        key=state.LANGUAGE,
        label_visibility="collapsed",
    )
    _write_address(
        {
            state.LANGUAGE: language,
            state.DISTRICT: None if district == state.WHOLE_CITY else district,
        }
    )
    # Streamlit says lang="en" whatever is on the page, and screen readers believe it.
    mark = st.components.v2.component("medpatrol_language", js=LANGUAGE_SCRIPT)
    mark(key="html-lang", data={"lang": "zh-CN" if language == "zh" else "en"}, height=1)


def _write_address(chosen: Mapping[str, str | None]) -> None:
    for name, value in chosen.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


if __name__ == "__main__":
    draw()
