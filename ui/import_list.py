"""The list of imports: who, when, which file, what came of it; taking one back."""

from typing import Any

import pandas as pd
import streamlit as st

from data.schema import KINDS
from errors import MedPatrolError
from ui import cached, import_check, messages, state, tables
from ui.messages import text
from workflows import import_undo

_HASH_SHOWN = 8
_UNDONE = "import_undone"


def draw(rows: pd.DataFrame) -> None:
    """Draw the newest imports; a row that is picked can be taken back."""
    _tell_undone()
    if rows.empty:
        st.caption(text("还没有导入过文件"))
        return
    link = st.column_config.LinkColumn(display_text=text("下载"))
    download: dict[str, Any] = {text("拒绝清单"): link, text("提醒清单"): link}
    event = st.dataframe(
        _table(rows),
        hide_index=True,
        column_config=download,
        placeholder="—",
        on_select="rerun",
        selection_mode="single-row",
        alt=text("最近的导入"),
    )
    picked = event.selection.rows
    if picked and cached.may("imports.undo"):
        _offer_undo(rows.iloc[picked[0]].to_dict())


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                text("时间"): messages.when(row["imported_at"]),
                text("导入人"): row["actor"],
                text("文件"): row["file_name"]
                if pd.isna(row["sheet"])
                else f"{row['file_name']} · {row['sheet']}",
                text("数据种类"): tables.kind_name(row["kind"]) if row["kind"] in KINDS else "—",
                text("状态"): text("已导入") if pd.isna(row["undone_at"]) else text("已撤销"),
                text("行数"): row["n_rows"],
                text("采用"): row["n_taken"],
                text("更新"): row["n_updated"],
                text("拒绝"): row["n_refused"],
                text("提醒"): 0 if pd.isna(row["n_warned"]) else int(row["n_warned"]),
                text("文件指纹"): "—" if pd.isna(row["sha256"]) else row["sha256"][:_HASH_SHOWN],
                text("拒绝清单"): f"/download/import/{row['import_id']}/refused.csv"
                if row["n_refused"]
                else None,
                text("提醒清单"): f"/download/import/{row['import_id']}/warnings.csv"
                if not pd.isna(row["n_warned"]) and row["n_warned"]
                else None,
            }
            for row in rows.to_dict("records")
        ]
    )


def _offer_undo(row: dict[str, Any]) -> None:
    if not pd.isna(row["undone_at"]):
        st.caption(text("这次导入已撤销"))
        return
    with st.container(border=True):
        st.markdown(
            text(
                "撤销导入 #{n} {file}",
                n=str(row["import_id"]),
                file=messages.plain(row["file_name"]),
            )
        )
        st.caption(text("本次导入的记录全部撤下，此前的内容恢复；操作记入审计日志"))
        if row["kind"] == "complaints":
            st.caption(
                text("若本次导入改写了原有线索的举报人姓名或电话，撤销不会改回，请在线索中核对")
            )
        reason = st.text_input(text("撤销理由（必填）"), max_chars=200)
        if st.button(text("撤销整次导入"), disabled=not reason.strip()):
            try:
                done = import_undo.undo_import(
                    cached.store(),
                    int(row["import_id"]),
                    reason=reason,
                    actor=cached.actor(),
                    scope=cached.scope(),
                    now=cached.now(),
                )
            except MedPatrolError as error:
                messages.show_error(error)
            else:
                said = text("已撤销：撤下 {a} 条，恢复 {b} 条", a=done.n_gone, b=done.n_restored)
                state.remember(_UNDONE, said)
                import_check.remember(import_check.JOB, None)  # its report is true no longer
                st.rerun()


def _tell_undone() -> None:
    """Say what was taken back, in the run after: a rerun may drop what was not yet sent."""
    if (said := state.recall(_UNDONE)) is not None:
        state.remember(_UNDONE, None)
        st.toast(said)
