"""One township or village: its class, where it comes from, how it changed, a correction."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from data.schema import URBAN_RURAL_CODES
from errors import MedPatrolError
from ui import area_list, cached, messages, record_lists
from ui.messages import text
from workflows import area_classes, area_layers

UNDONE = "areas-taken-back"


def draw(areas: pd.DataFrame, area_code: str | None) -> None:
    """Draw the panel of an area, or how to get one."""
    found = areas[areas["area_code"] == area_code]
    if found.empty:
        st.subheader(text("点一个乡镇或村，看它的分类从哪里来"), anchor=False)
        st.caption(text("在地图上点，或在表格里选一行。"))
        return
    row = {str(name): value for name, value in found.iloc[0].to_dict().items()}
    st.subheader(messages.plain(str(row["name"])), anchor=False)
    above = [row["district"], row["township"] if row["level"] == "village" else None]
    st.caption(messages.plain(" · ".join(str(part) for part in (*above, row["area_code"]) if part)))
    st.markdown("**" + area_list.class_with_source(row) + "**")
    if not pd.isna(row["population"]):
        st.caption(text("常住约 {n} 人", n=round(row["population"])))
    if isinstance(row["class_reason"], str):
        st.text(text("依据：{reason}", reason=row["class_reason"]))
    if record_lists.may(area_classes.RECLASS):
        _correct(row)
    _history(str(row["area_code"]))


def _correct(row: dict[str, Any]) -> None:
    code = str(row["area_code"])
    if row["class_source"] == area_classes.CORRECTED and st.button(
        text("撤回更正"), icon=":material/undo:", key=f"withdraw-{code}"
    ):
        _done(
            lambda: area_classes.withdraw(
                cached.store(), code, actor=cached.actor(), scope=cached.scope(), now=cached.now()
            ),
            text("已撤回，恢复更正前的分类"),
        )
    with st.form(f"reclass-{code}", clear_on_submit=False):
        codes = list(URBAN_RURAL_CODES)
        held = row["urban_rural_code"]
        wanted = st.selectbox(
            text("更正为"),
            codes,
            index=codes.index(held) if held in codes else None,
            format_func=lambda one: f"{one} {messages.label('urban_rural_code', one)}",
            placeholder=text("请选择"),
        )
        reason = st.text_input(
            text("依据"), max_chars=area_classes.LONGEST_REASON,
            placeholder=text("例如：2025 年统计用区划代码"),
        )  # fmt: skip
        if st.form_submit_button(text("保存更正"), type="primary"):
            _done(
                lambda: area_classes.reclass(
                    cached.store(), code, str(wanted or ""), reason=reason,
                    actor=cached.actor(), scope=cached.scope(), now=cached.now(),
                ),
                text("已保存更正；下次评分起生效"),
            )  # fmt: skip


def draw_recompute() -> None:
    """Draw the button that computes missing classes anew, for who may."""
    if not record_lists.may(area_classes.RECLASS):
        return
    if st.button(
        text("重新推算"),
        icon=":material/refresh:",
        help=text("只改没有统计部门代码、也没有人工更正的乡镇和村"),
    ):
        try:
            made = area_classes.recompute(
                cached.store(), cached.settings().scoring.urban_form,
                actor=cached.actor(), scope=cached.scope(), now=cached.now(),
            )  # fmt: skip
        except MedPatrolError as error:
            messages.show_error(error)
            return
        st.toast(
            text("推算了 {n} 个，{m} 个仍无分类", n=made.n_computed, m=made.n_without)
            if made.n_computed + made.n_without
            else text("全部已有统计部门代码或人工更正，无须推算")
        )


def _history(area_code: str) -> None:
    versions = area_layers.history(
        cached.store(), area_code, scope=cached.scope(), now=cached.now()
    )
    if len(versions) < 2:
        return
    st.markdown("**" + text("分类的变化") + "**")
    for version in versions:
        words = area_list.class_with_source(
            {
                "urban_rural_code": version.urban_rural_code,
                "class_source": version.source,
                "class_year": version.year,
            }
        )
        line = [f"{version.since.astimezone(cached.now().tzinfo):%Y-%m-%d}", words]
        st.text(" · ".join([*line, *([version.reason] if version.reason else [])]))


def _done(change: Callable[[], None], said: str) -> None:
    try:
        change()
    except MedPatrolError as error:
        messages.show_error(error)
        return
    st.toast(said)
    st.rerun()
