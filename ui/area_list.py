"""The list of townships and villages with their classes: filters, counts, table."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from data.schema import CLASS_SOURCES, FRINGE_CODES, URBAN_RURAL_CODES
from ui import filters, messages, record_lists
from ui.messages import text

ADDRESS = "area"
EVERY, NONE, FRINGE = "*", "none", "fringe"


def class_with_source(row: Mapping[str, object]) -> str:
    """Return the class of an area or cell with its code, source and year, as every screen says."""
    code, source, year = row["urban_rural_code"], row.get("class_source"), row.get("class_year")
    if not isinstance(code, str):
        return text("城乡类别未知")
    named = f"{messages.label('urban_rural_code', code)} {code}"
    if not isinstance(source, str) or source == "unknown":
        return named
    of = messages.label("class_source", source)
    when = (
        ""
        if year is None or pd.isna(year)
        else text("{year} 年", year=str(round(float(str(year)))))
    )
    return text(
        "{name}（{source}）", name=named, source=" ".join(part for part in (of, when) if part)
    )


def choose(areas: pd.DataFrame) -> pd.DataFrame:
    """Draw the filters and return the areas that they leave."""
    search, level, district, group, source = st.columns(
        [4, 2, 3, 3, 3], vertical_alignment="bottom"
    )
    with search:
        words = record_lists.search_box("q", text("名称或区划代码"))
    levels = {code: messages.label("area_level", code) for code in ("township", "village")}
    districts = {name: name for name in sorted(areas["district"].dropna().unique())}
    classes = {FRINGE: text("城乡结合部（112、122）")}
    classes |= {
        code: f"{code} {messages.label('urban_rural_code', code)}" for code in URBAN_RURAL_CODES
    }
    sources = {code: messages.label("class_source", code) for code in CLASS_SOURCES}
    unknown = {NONE: text("未知")}
    with level:
        of_level = _one("level", levels, text("级别"))
    with district:
        of_district = _one("of", districts, text("区县"))
    with group:
        of_class = _one("class", classes | unknown, text("城乡分类"))
    with source:
        of_source = _one("source", sources | unknown, text("分类来源"))
    keep = pd.Series(data=True, index=areas.index)
    if words:
        keep &= areas["name"].str.contains(words, case=False, regex=False) | areas[
            "area_code"
        ].str.startswith(words)
    if of_level is not None:
        keep &= areas["level"] == of_level
    if of_district is not None:
        keep &= areas["district"] == of_district
    if of_class == FRINGE:
        keep &= areas["urban_rural_code"].isin(FRINGE_CODES)
    elif of_class is not None:
        keep &= _equals(areas["urban_rural_code"], of_class)
    if of_source is not None:
        keep &= _equals(areas["class_source"], of_source)
    return areas[keep].reset_index(drop=True)


def draw_counts(counts: pd.DataFrame) -> None:
    """Draw one line: how many areas have their class from which source."""
    parts = []
    for row in counts.to_dict("records"):
        source = row["source"]
        name = (
            text("未知") if not isinstance(source, str) else messages.label("class_source", source)
        )
        parts.append(
            text(
                "{name}：乡镇 {a}、村 {b}", name=name, a=int(row["township"]), b=int(row["village"])
            )
        )
    st.caption(" · ".join(parts))


def draw(rows: pd.DataFrame, *, height: int) -> str | None:
    """Draw the areas as a table and return the code of the one that is picked."""
    listed = rows.to_dict("records")
    shown = pd.DataFrame(
        {
            text("名称"): rows["name"],
            text("乡镇街道"): rows["township"].where(rows["level"] == "village").fillna("—"),
            text("城乡分类"): [_class(row) for row in listed],
            text("分类来源"): [_source(row) for row in listed],
            text("常住人口"): rows["population"].round(),
            text("区县"): rows["district"].fillna("—"),
            text("区划代码"): rows["area_code"],
        }
    )
    event = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=height,
        placeholder="—",
        alt=text("乡镇和村的城乡分类"),
        key="area-rows",
    )
    chosen = event.selection.rows
    return str(rows["area_code"].iloc[chosen[0]]) if chosen else None


def newest(on_map: str | None, in_table: str | None, asked: str | None) -> str | None:
    """Return the area picked last, on the map or in the table, and put it into the address."""
    before = st.session_state.get("area-in-table")
    st.session_state["area-in-table"] = in_table
    picked = on_map or (in_table if in_table != before and in_table is not None else asked)
    if picked != asked:
        record_lists.write_address(ADDRESS, picked)
        st.rerun(scope="fragment")
    return picked


def _class(row: Mapping[str, object]) -> str:
    code = row["urban_rural_code"]
    if not isinstance(code, str):
        return text("未知")
    return f"{code} {messages.label('urban_rural_code', code)}"


def _source(row: Mapping[str, object]) -> str:
    source, year = row["class_source"], row["class_year"]
    if not isinstance(source, str):
        return "—"
    named = messages.label("class_source", source)
    return named if pd.isna(year) else f"{named} {round(float(str(year)))}"


def _equals(values: pd.Series, wanted: str) -> pd.Series:
    return values.isna() if wanted == NONE else values == wanted


def _one(key: str, names: dict[str, str], label: str) -> str | None:
    code = filters.from_list(
        key,
        [EVERY, *names],
        label=label,
        default=EVERY,
        name_of=lambda code: text("全部") if code == EVERY else names[code],
    )
    return None if code == EVERY else code
