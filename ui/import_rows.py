"""Counts and rows of a file that was looked at or imported, as sentences and short tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from ui import messages, tables
from ui.messages import text
from workflows.wording import from_json

_SHOWN = 20


def name(file: Mapping[str, Any]) -> str:
    """Return how a table is called: its file and, of a workbook, its sheet."""
    plain = messages.plain(Path(file.get("path") or file["file"]).name)
    return f"{plain} · {messages.plain(file['sheet'])}" if file.get("sheet") else plain


def counts(files: Sequence[Mapping[str, Any]]) -> str:
    """Return what would become, or became, of the rows of some tables."""
    parts = {
        "采用 {n}": sum(file["taken"] - file["unchanged"] for file in files),
        "更新 {n}": sum(file["updated"] for file in files),
        "未变 {n}": sum(file["unchanged"] for file in files),
        "拒绝 {n}": sum(n_refused(file) for file in files),
        "提醒 {n}": sum(file["n_warned"] for file in files),
    }
    said = [text(template, n=n) for template, n in parts.items() if n]
    return " · ".join([text("{n} 行", n=sum(file["rows"] for file in files)), *said])


def n_refused(file: Mapping[str, Any]) -> int:
    """Return the number of refused rows, also where only the first are at hand."""
    return int(file.get("n_refused", len(file["refused"])))


def draw(file: Mapping[str, Any]) -> None:
    """Draw the notes, the rows that are no records, and the first refused and doubtful rows."""
    for note in file["notes"]:
        st.caption(messages.plain(messages.say(from_json(note))))
    if file["left_out"]:
        numbers = "、".join(str(row["row"]) for row in file["left_out"])
        st.caption(text("未作为记录的行（合计、说明、重复的表头）：{rows}", rows=numbers))
    if file["refused"]:
        _rows(text("被拒绝的行"), file["refused"], n_refused(file))
    if file["warnings"]:
        _rows(text("采用但需要留意的行"), file["warnings"], None)


def _rows(title: str, found: Sequence[Mapping[str, Any]], n_all: int | None) -> None:
    st.markdown(f"**{title}**")
    shown = pd.DataFrame(
        {
            text("行"): [str(row["row"]) for row in found[:_SHOWN]],
            text("列"): [messages.plain(row["column"] or "—") for row in found[:_SHOWN]],
            text("值"): [messages.plain(row["value"] or "—") for row in found[:_SHOWN]],
            text("原因"): [
                messages.plain(messages.say(from_json(row["reason"]))) for row in found[:_SHOWN]
            ],
        }
    )
    st.table(shown, border="horizontal", hide_index=True, alt=title)
    more = len(found) - _SHOWN if n_all is None else n_all - _SHOWN
    if more > 0:
        st.caption(text("另有 {n} 行，导入后可在“最近的导入”下载完整清单", n=more))


def draw_report(result: Mapping[str, Any]) -> None:
    """Draw what became of each file of an import."""
    files = result["report"]["files"]
    good = [file for file in files if not file.get("error")]
    st.subheader(text("导入结果"), anchor=False)
    if good:
        show = st.warning if any(file["refused"] for file in good) else st.success
        show(text("已导入：{counts}", counts=counts(good)))
    else:
        st.error(text("没有导入任何内容"))
    if result.get("not_scored"):
        why = messages.plain(messages.say(from_json(result["not_scored"])))
        st.warning(text("数据已保存，但没有重新评分：{why}", why=why))
    for file in files:
        if file.get("error"):
            st.error(messages.plain(messages.say(from_json(file["error"]))))
    for file in good:
        icon = ":material/warning:" if file["refused"] else ":material/check_circle:"
        label = f"{name(file)} → {tables.kind_name(file['kind'])} · {counts([file])}"
        with st.expander(label, icon=icon):
            draw(file)
            _downloads(file)
    st.caption(text("导错了可以撤销：在“最近的导入”中选中一行，写明理由"))


def _downloads(file: Mapping[str, Any]) -> None:
    with st.container(horizontal=True):
        base = f"/download/import/{file['import_id']}"
        if file["refused"]:
            st.link_button(text("下载拒绝清单"), f"{base}/refused.csv")
        if file["warnings"]:
            st.link_button(text("下载提醒清单"), f"{base}/warnings.csv")
