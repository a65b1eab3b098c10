"""What a look at files found: counts, columns to correct, refused rows, a small map."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from data.schema import KINDS
from errors import MedPatrolError
from ui import cached, maps, messages, progress, state, tables
from ui.messages import text
from workflows import import_profiles, import_requests
from workflows.wording import from_json

CHECK_JOB = "import_check_job"
JOB = "import_job"
_SURE = 0.85
_MAP_HEIGHT = 300


def draw(result: Mapping[str, Any]) -> None:
    """Draw a finished look with what can be done next."""
    job_id = state.recall(CHECK_JOB)
    if job_id is None:
        return
    st.subheader(text("检查结果，尚未保存"), anchor=False)
    left, right = st.columns([3, 2]) if result.get("points") else (st.container(), None)
    with left:
        for file in result["files"]:
            _file(file)
    if right is not None:
        with right:
            _map(job_id)
    choices = [_table(job_id, number, table) for number, table in enumerate(result["tables"])]
    _buttons(job_id, result, choices)


def column_name(kind: str, column: str | None) -> str:
    """Return how a column of ours is called, or that a file's column is not used."""
    if column is None or column not in KINDS[kind].by_name:
        return text("不采用")
    spec = KINDS[kind].by_name[column]
    star = " *" if spec.required else ""
    return f"{spec.zh}{star}" if state.language() == "zh" else f"{column}{star}"


def _file(file: Mapping[str, Any]) -> None:
    if file.get("error"):
        st.error(messages.say(from_json(file["error"])))
        return
    name = messages.plain(Path(file["path"]).name)
    if file.get("sheet"):
        name += f" · {messages.plain(file['sheet'])}"
    counts = text(
        "{a} 行：采用 {b}，更新 {c}，未变 {u}，拒绝 {d}，提醒 {w}",
        a=file["rows"],
        b=file["taken"] - file["unchanged"],
        c=file["updated"],
        u=file["unchanged"],
        d=file["n_refused"],
        w=file["n_warned"],
    )
    with st.container(border=True, gap="small"):
        st.markdown(f"**{name}** → {tables.kind_name(file['kind'])}")
        (st.warning if file["n_refused"] else st.success)(counts)
        for note in file["notes"]:
            st.caption(messages.plain(messages.say(from_json(note))))
        if file["left_out"]:
            st.caption(
                text(
                    "未作为记录的行：{rows}",
                    rows="、".join(str(row["row"]) for row in file["left_out"]),
                )
            )
        for title, found in (
            (text("被拒绝的行"), file["refused"]),
            (text("需要留意的行"), file["warnings"]),
        ):
            if found:
                with st.expander(title, expanded=title == text("被拒绝的行")):
                    st.dataframe(_rows(found), hide_index=True, alt=title)


def _rows(found: list[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                text("行"): row["row"],
                text("列"): row["column"],
                text("值"): row["value"],
                text("原因"): messages.say(from_json(row["reason"])),
            }
            for row in found
        ]
    )


def _map(job_id: str) -> None:
    url = f"/data/import-check/{job_id}.json"
    maps.risk_map(
        key=f"check-{job_id}",
        layers=[
            maps.MapLayer(name="points", url=url, kind="complaints", label=text("待导入的点位")),
            maps.MapLayer(name="areas", url="/data/areas.json", kind="areas"),
        ],
        language=state.language(),
        alt=text("待导入的点位，已模糊"),
        height=_MAP_HEIGHT,
        fit=job_id,
    )


def _table(job_id: str, number: int, table: Mapping[str, Any]) -> dict[str, Any]:
    """Draw what each column is taken for and return what the person settled."""
    where = " · ".join(part for part in (table["file"], table["sheet"]) if part)
    doubtful = [c for c in table["columns"] if c["column"] and c["confidence"] < _SURE]
    settled: dict[str, Any] = {"file": table["file"], "sheet": table["sheet"]}
    if table["is_layer"]:
        return {**settled, "kind": None}
    title = text("列的对应：{where}", where=messages.plain(where))
    with st.expander(title, expanded=table["kind"] is None or bool(doubtful)):
        key = f"{job_id}-{number}"
        kinds = [kind for kind in KINDS if not any(c.type == "shape" for c in KINDS[kind].columns)]
        first, second = st.columns(2)
        kind = first.selectbox(
            text("数据种类"),
            kinds,
            index=kinds.index(table["kind"]) if table["kind"] in kinds else None,
            format_func=tables.kind_name,
            placeholder=text("请选择"),
            key=f"kind-{key}",
        )
        skip = second.checkbox(text("不导入这个表"), value=table["skip"], key=f"skip-{key}")
        if kind is None or kind != table["kind"]:
            st.caption(text("改变数据种类后请重新检查"))
            return {**settled, "kind": kind, "skip": skip}
        names = {column_name(kind, c.name): c.name for c in KINDS[kind].columns}
        columns = _editor(table, kind, names, key)
        if doubtful:
            st.caption(text("把握低于 {p} % 的列请逐一核对", p=round(100 * _SURE)))
        _save_profile(table, kind, columns, key)
    return {**settled, "kind": kind, "skip": skip, "columns": columns}


def _editor(
    table: Mapping[str, Any], kind: str, names: Mapping[str, str], key: str
) -> dict[str, str]:
    unused = text("不采用")
    shown = pd.DataFrame(
        {
            text("文件中的列"): [c["header"] for c in table["columns"]],
            text("对应的列"): [column_name(kind, c["column"]) for c in table["columns"]],
            text("把握，%"): [round(100 * c["confidence"]) for c in table["columns"]],
            text("示例"): [" ｜ ".join(c["samples"]) for c in table["columns"]],
        }
    )
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=[name for name in shown.columns if name != text("对应的列")],
        column_config={
            text("对应的列"): st.column_config.SelectboxColumn(
                options=[unused, *names], required=True
            )
        },
        key=f"columns-{key}",
    )
    chosen: dict[str, str] = {}
    for header, ours in zip(edited.iloc[:, 0], edited.iloc[:, 1], strict=True):
        if ours in names:
            chosen.setdefault(names[ours], header)
    return chosen


def _save_profile(
    table: Mapping[str, Any], kind: str, columns: Mapping[str, str], key: str
) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            text("方案名称"), max_chars=60, key=f"name-{key}", placeholder=text("如：12345 导出表")
        )
        if st.button(text("存为映射方案"), key=f"save-{key}"):
            try:
                import_profiles.save_profile(
                    cached.store(),
                    name=name,
                    kind=kind,
                    fingerprint=table["fingerprint"],
                    columns=columns,
                    datum=None,
                    actor=cached.actor(),
                    now=cached.now(),
                )
                st.toast(text("已保存映射方案，下次同样表头的文件自动采用"))
            except MedPatrolError as error:
                messages.show_error(error)


def _buttons(job_id: str, result: Mapping[str, Any], choices: list[dict[str, Any]]) -> None:
    good = [file for file in result["files"] if not file.get("error")]
    n_rows = sum(file["taken"] + file["updated"] for file in good)
    with st.container(horizontal=True):
        store_it = st.button(
            text("导入 {n} 行", n=n_rows), type="primary", disabled=not good or not n_rows
        )
        again = st.button(text("按此重新检查"))
        leave = st.button(text("放弃"))
    try:
        if store_it:
            made = import_requests.store_checked(
                cached.store(), job_id, actor=cached.actor(), scope=cached.scope()
            )
            state.remember(JOB, made)
            state.remember(CHECK_JOB, None)
            st.rerun()
        if again:
            made = import_requests.check_again(
                cached.store(), job_id, choices, actor=cached.actor(), scope=cached.scope()
            )
            state.remember(CHECK_JOB, made)
            st.rerun()
        if leave:
            import_requests.give_up(
                cached.store(), job_id, actor=cached.actor(), scope=cached.scope()
            )
            state.remember(CHECK_JOB, None)
            st.rerun()
    except MedPatrolError as error:
        messages.show_error(error)


def follow() -> None:
    """Draw the look under way or just finished, if there is one."""
    progress.follow(CHECK_JOB, kind=import_requests.CHECK, draw_result=draw)
