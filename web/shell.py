"""
The frame around every page: navigation in four groups, district, language, who it is.

``app.py`` draws it for each visitor; it lists the pages that exist and that his
roles open, and hands over to the one that was asked for. Any other is refused
in words, also when its address was typed.
"""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from errors import ForbiddenError
from ui import cached, messages, state, theme
from ui.messages import text
from workflows import rights, wording
from workflows.access import Visitor

PAGES = Path(__file__).resolve().parent.parent / "pages"

GROUPS = {
    ("日常", "Daily"): (
        ("overview", "首页", "Home", ":material/home:"),
        ("hotspots", "风险热点", "Risk hotspots", ":material/hexagon:"),
        ("leads", "线索台账", "Lead ledger", ":material/inbox:"),
        ("signals", "动态提示", "Signals", ":material/notifications:"),
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
FRAME_SCRIPT = """
export default function ({ data, parentElement }) {
  document.documentElement.lang = data.lang;
  const find = (name) => parentElement.querySelector(name);
  find(".name").textContent = data.name;
  find(".role").textContent = data.role;
  find("button").textContent = data.leave;
  find("a").textContent = data.password;
  find("a").href = `/password?lang=${data.short}`;
  // who is signed out elsewhere leaves this page, too; one clock per page, not per drawing
  window.medpatrolClock ??= setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch("/session", { cache: "no-store" }).catch(() => null);
    if (answer && answer.status === 401) {
      const here = location.pathname + location.search;
      location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
    }
  }, 5000);
}
"""
FRAME_HTML = """
<div class="who"><span class="name"></span><span class="role"></span></div>
<form method="post" action="/sign-out"><a></a><button></button></form>
"""
FRAME_STYLE = """
.who { display: flex; flex-wrap: wrap; gap: 0 8px; line-height: 21px; }
.name { font-weight: 600; }
.role { opacity: 0.75; }
form { display: flex; gap: 16px; margin: 4px 0 0; }
a, button { font: inherit; padding: 0; border: 0; background: none; cursor: pointer;
  color: var(--st-link-color); text-decoration: none; }
a:hover, button:hover { text-decoration: underline; }
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
    cached.ask_again()
    language = state.settle_language()
    visitor = cached.visitor()
    cached.note_work()
    page = st.navigation(_pages(language), expanded=True)
    with st.sidebar:
        if "work.read" in visitor.rights:
            _draw_district(language)
        _draw_language(language)
        _draw_visitor(visitor, language)
    if page.title and not cached.may_open(page.url_path or _first_page()):
        messages.show_error(ForbiddenError("您的账号没有此项权限，请联系安全管理员"))
        st.stop()
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
    """Return every page; those the visitor may not open are there, but not listed."""
    column = 0 if language == "zh" else 1
    first = _first_page()
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
                    default=file_name == first,
                    visibility="visible" if cached.may_open(file_name) else "hidden",
                )
                listed.setdefault(group[column], []).append(page)
    return listed


def _first_page() -> str:
    """Return the page that opens without a name: the first one that the visitor may open."""
    names = [entry[0] for entries in GROUPS.values() for entry in entries]
    there = [name for name in names if (PAGES / f"{name}.py").is_file()]
    return next((name for name in there if cached.may_open(name)), names[0])


def _draw_district(language: str) -> None:
    """
    Draw the choice among the visitor's districts, and write it into the address.

    Binding the widget to the address would put its labels there, which differ
    from language to language; the address holds codes.
    """
    say = wording.translator(language)
    districts = cached.districts()
    sees_all = cached.visitor().scope.sees_all_districts
    only_one = len(districts) == 1 and not sees_all
    codes = list(districts) if only_one else [state.WHOLE_CITY, *districts]
    asked = st.query_params.get(state.DISTRICT)
    district = st.selectbox(
        say("辖区"),
        codes,
        index=codes.index(asked) if asked in codes else 0,
        format_func=lambda code: say("全市") if code == state.WHOLE_CITY else districts[code],
        key=state.DISTRICT,
    )
    _write_address({state.DISTRICT: None if district == state.WHOLE_CITY else district})


def _draw_language(language: str) -> None:
    """Draw the choice of language, and write it into the address."""
    st.segmented_control(
        wording.translator(language)("语言"),
        list(LANGUAGE_NAMES),
        format_func=LANGUAGE_NAMES.__getitem__,
        default=language,
        required=True,
        key=state.LANGUAGE,
        label_visibility="collapsed",
    )
    _write_address({state.LANGUAGE: language})


def _draw_visitor(visitor: Visitor, language: str) -> None:
    """Draw who is signed in and the ways out; also says the language to the browser."""
    # Streamlit says lang="en" whatever is on the page, and screen readers believe it.
    frame = st.components.v2.component(
        "medpatrol_frame", html=FRAME_HTML, css=FRAME_STYLE, js=FRAME_SCRIPT
    )
    column = wording.LANGUAGES.index(language)
    roles = [names[column] for role, names in rights.ROLES.items() if role in visitor.roles]
    data = {
        "lang": "zh-CN" if language == "zh" else "en",
        "short": language,
        "name": visitor.display_name,
        "role": "、".join(roles) if language == "zh" else ", ".join(roles),
        "leave": text("退出"),
        "password": text("修改密码"),
    }
    frame(key="frame", data=data)


def _write_address(chosen: Mapping[str, str | None]) -> None:
    for name, value in chosen.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


if __name__ == "__main__":
    draw()
