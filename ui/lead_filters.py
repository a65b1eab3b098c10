"""The ledger's filters: codes in the address, saved views, and what the table shows of them."""

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from data.schema import CHANNELS, TOPICS
from errors import MedPatrolError
from ui import cached, lead_data, messages, state
from ui.lead_data import Asked
from ui.messages import text
from workflows import ledger_views

ALL = "*"
LAYOUTS = ("table", "map", "list")
_GENERATION = "lead_filters"


def draw(asked: Asked, counts: Mapping[str, int]) -> tuple[dict[str, str], str]:
    """Draw the filters in two rows; return the codes that are chosen, and table, map or list."""
    codes = _from_address()
    made: dict[str, str] = {}
    made["show"] = _tabs(counts, codes.get("show", "open"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        made["q"] = st.text_input(
            text("查找"), value=codes.get("q", ""), placeholder=text("编号、地点或摘要中的字"),
            max_chars=100, key=_key("q"), label_visibility="collapsed", width=220,
        )  # fmt: skip
        made["channel"] = _choice("channel", text("渠道"), "channel", list(CHANNELS), codes)
        made["topic"] = _choice("topic", text("类别"), "topic", list(TOPICS), codes)
        with st.popover(_more(codes)):
            made |= _others(asked, codes)
        _views(asked, made)
        shape = _layout()
    chosen = {name: value for name, value in made.items() if value and value != ALL}
    if chosen.get("show") == "open":
        del chosen["show"]
    _write_address(chosen)
    return chosen, shape


def _layout() -> str:
    """Draw the choice of table, table with map, or list; a phone begins with the list."""
    asked = st.query_params.get("view")
    agent = st.context.headers.get("User-Agent", "") if st.context.headers else ""
    default = "list" if "Mobile" in agent else "table"
    names = {"table": text("表格"), "map": text("表格与地图"), "list": text("列表")}
    chosen = st.segmented_control(
        text("显示"), list(LAYOUTS), default=asked if asked in LAYOUTS else default,
        required=True, format_func=names.__getitem__, label_visibility="collapsed",
        key="lead_layout",
    )  # fmt: skip
    code = str(chosen or default)
    if code != st.query_params.get("view", default):
        st.query_params["view"] = code
    return code


def draw_none(codes: Mapping[str, str]) -> None:
    """Draw that nothing fits the filter, and the way out of it."""
    st.info(text("当前筛选下没有线索。"))
    if codes:
        st.button(text("清除筛选"), on_click=use, args=("",))


def use(query: str) -> None:
    """Put the codes of a saved view in place of those that are chosen."""
    for name in ledger_views.CODES:
        st.query_params.pop(name, None)
    st.query_params.update(ledger_views.codes_of(query))
    # widgets under new keys take their beginning from the address again
    state.remember(_GENERATION, str(int(state.recall(_GENERATION) or "0") + 1))


def _tabs(counts: Mapping[str, int], asked: str) -> str:
    names = {
        "open": text("未办结 {n}", n=counts["open"]),
        "new": text("待研判 {n}", n=counts["new"]),
        "in_hand": text("办理中 {n}", n=counts["in_hand"]),
        "overdue": text("超期 {n}", n=counts["overdue"]),
        "today": text("今日到期 {n}", n=counts["today"]),
        "likely": text("疑似重复 {n} 组", n=counts["groups"]),
        "away": text("已转出 {n}（超期 {m}）", n=counts["away"], m=counts["away_overdue"]),
        "closed": text("已办结"),
        "all": text("全部"),
    }
    chosen = st.segmented_control(
        text("显示"), list(names), default=asked if asked in names else "open", required=True,
        format_func=names.__getitem__, label_visibility="collapsed", key=_key("show"),
    )  # fmt: skip
    return str(chosen or "open")


def _choice(
    name: str, label: str, vocabulary: str, options: Sequence[str], codes: Mapping[str, str]
) -> str:
    asked = codes.get(name, ALL)
    listed = [ALL, *options]
    return str(
        st.selectbox(
            label,
            listed,
            index=listed.index(asked) if asked in listed else 0,
            key=_key(name),
            format_func=lambda code: (
                text("{name}：全部", name=label)
                if code == ALL
                else messages.label(vocabulary, code)
            ),
            label_visibility="collapsed",
            width=150,
        )
    )


def _others(asked: Asked, codes: Mapping[str, str]) -> dict[str, str]:
    areas, owners = lead_data.areas(asked), lead_data.owners(asked)
    area_codes = [ALL, *areas]
    owner_names = [ALL, *owners]
    area = st.selectbox(
        text("区划"), area_codes, index=_at(area_codes, codes.get("area")), key=_key("area"),
        format_func=lambda code: text("全部") if code == ALL else areas[code],
    )  # fmt: skip
    owner = st.selectbox(
        text("承办"), owner_names, index=_at(owner_names, codes.get("owner")), key=_key("owner"),
        format_func=lambda name: text("全部") if name == ALL else name,
    )  # fmt: skip
    begin, end = st.columns(2)
    since = begin.date_input(
        text("登记自"), value=_day(codes.get("from")), format="YYYY-MM-DD", key=_key("from")
    )
    until = end.date_input(
        text("登记至"), value=_day(codes.get("to")), format="YYYY-MM-DD", key=_key("to")
    )
    sorts = {
        "likely": text("疑似重复置顶，其余按时限"), "clock": text("按时限"),
        "newest": text("最新登记在前"), "oldest": text("最早登记在前"),
    }  # fmt: skip
    sort = st.selectbox(
        text("排序"), list(sorts), index=_at(list(sorts), codes.get("sort")),
        format_func=sorts.__getitem__, key=_key("sort"),
    )  # fmt: skip
    return {
        "area": str(area), "owner": str(owner), "sort": "" if sort == "likely" else str(sort),
        "from": since.isoformat() if since else "", "to": until.isoformat() if until else "",
    }  # fmt: skip


def _views(asked: Asked, made: Mapping[str, str]) -> None:
    saved = ledger_views.saved_views(cached.store(), actor=asked.actor)
    with st.popover(text("视图 {n}", n=len(saved))):
        for name, query in saved.items():
            row = st.container(horizontal=True)
            row.button(messages.plain(name), key=f"view-{name}", on_click=use, args=(query,),
                       width="stretch")  # fmt: skip
            row.button(text("删除"), key=f"drop-{name}", on_click=_drop, args=(name,))
        with st.form("save_view", border=False, clear_on_submit=True):
            name = st.text_input(text("把当前筛选存为视图"), max_chars=40)
            if st.form_submit_button(text("保存")):
                _save(name, made)


def _save(name: str, made: Mapping[str, str]) -> None:
    chosen = {key: value for key, value in made.items() if value != ALL}
    try:
        ledger_views.save_view(
            cached.store(), name, ledger_views.query_of(chosen), actor=cached.actor(),
            now=cached.now(),
        )  # fmt: skip
    except MedPatrolError as error:
        messages.show_error(error)
    else:
        st.rerun()


def _drop(name: str) -> None:
    ledger_views.drop_view(cached.store(), name, actor=cached.actor(), now=cached.now())


def _more(codes: Mapping[str, str]) -> str:
    n = sum(1 for name in ("area", "owner", "from", "to", "sort") if codes.get(name))
    return text("更多筛选（{n}）", n=n) if n else text("更多筛选")


def _from_address() -> dict[str, str]:
    return {name: st.query_params[name] for name in ledger_views.CODES if name in st.query_params}


def _write_address(chosen: Mapping[str, str]) -> None:
    for name in ledger_views.CODES:
        if name == "facility":
            continue
        value = chosen.get(name)
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


def _key(name: str) -> str:
    return f"lead_{name}_{state.recall(_GENERATION) or '0'}"


def _at(options: Sequence[str], asked: str | None) -> int:
    return options.index(asked) if asked in options else 0


def _day(code: str | None) -> date | None:
    try:
        return date.fromisoformat(code) if code else None
    except ValueError:
        return None
