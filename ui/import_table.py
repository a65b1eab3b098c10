"""One table of a file that was looked at: what it is read as, what it asks, what to correct."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from data.schema import KINDS
from errors import MedPatrolError
from ui import cached, import_rows, messages, state, tables
from ui.messages import text
from workflows import import_profiles
from workflows.wording import from_json

DATUMS = ("wgs84", "gcj02", "bd09", "cgcs2000")
AUTOMATIC = "auto"
_NAMES = {"wgs84": "WGS-84", "gcj02": "GCJ-02", "bd09": "BD-09", "cgcs2000": "CGCS2000"}


def asks(table: Mapping[str, Any]) -> bool:
    """Return whether a person must settle something before the table can be imported."""
    open_ = table["asks_kind"] or table["missing"] or table["asks_datum"]
    return bool(open_) and not table["skip"]


def draw(
    job_id: str, number: int, table: Mapping[str, Any], reports: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Draw a table and return what the person changed, ``None`` where nothing."""
    label = import_rows.name(table)
    if table["kind"] is not None:
        label += f" → {tables.kind_name(table['kind'])}"
    icon, said = _state(table, reports)
    if said:
        label += f" · {said}"
    with st.expander(label, icon=icon, expanded=asks(table)):
        _recognised(table)
        key = f"{job_id}-{number}"
        settled = _settle(table, key)
        for report in reports:
            # What is asked above need not be said again.
            notes = [note for note in report["notes"] if note != table["asks_datum"]]
            import_rows.draw({**report, "notes": notes})
        if not table["is_layer"] and table["kind"] is not None:
            columns = _columns(table, settled, key)
            settled["columns"] = columns
            _profile(table, settled, key)
    return _changed(table, settled)


def datum_name(datum: str) -> str:
    """Return how a datum is called."""
    return text("自动判断") if datum == AUTOMATIC else _NAMES[datum]


def _as_read(table: Mapping[str, Any]) -> dict[str, str]:
    return {c["column"]: c["header"] for c in table["columns"] if c["column"]}


def _state(table: Mapping[str, Any], reports: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    if table["skip"]:
        return ":material/block:", text("不导入")
    if asks(table):
        return ":material/help:", text("需要您选择")
    if table["unread"]:
        return ":material/block:", text("不认识的表，未读取")
    refused = any(import_rows.n_refused(report) for report in reports)
    icon = ":material/warning:" if refused else ":material/check_circle:"
    return icon, import_rows.counts(reports[:1]) if reports else ""


def _recognised(table: Mapping[str, Any]) -> None:
    saved = table["saved"]
    if saved is not None and saved["kind"] == table["kind"]:
        st.caption(text("已识别：{name}", name=messages.plain(saved["name"])))
    elif table["by_file"]:
        st.caption(text("按所选的映射方案读取"))


def _settle(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Draw what is asked first, then kind and datum; return what is chosen."""
    settled: dict[str, Any] = {"kind": table["kind"], "columns": _as_read(table), "required": {}}
    if table["asks_kind"]:
        st.warning(text("无法确定这个表是哪类数据，请选择"))
    if table["missing"] and not table["skip"]:
        settled["required"] = _required(table, key)
    if table["asks_datum"] and not table["skip"]:
        said = messages.say(from_json(table["asks_datum"]))
        st.warning(messages.plain(said) + " " + text("请选择坐标系；不清楚时请询问提供文件的单位"))
    first, second = st.columns(2)
    if not table["is_layer"]:
        settled["kind"] = _kind(table, first, key)
    settled["datum"] = _datum(table, second, key)
    settled["skip"] = st.checkbox(text("不导入这个表"), value=table["skip"], key=f"skip-{key}")
    return settled


def _kind(table: Mapping[str, Any], place: Any, key: str) -> str | None:
    kinds = [kind for kind in KINDS if not any(c.type == "shape" for c in KINDS[kind].columns)]
    chosen = place.selectbox(
        text("数据种类"),
        kinds,
        index=kinds.index(table["kind"]) if table["kind"] in kinds else None,
        format_func=tables.kind_name,
        placeholder=text("请选择"),
        key=f"kind-{key}",
    )
    return None if chosen is None else str(chosen)


def _datum(table: Mapping[str, Any], place: Any, key: str) -> str | None:
    if table["datum"] is None and table["chosen_datum"] is None:
        return None
    options = [AUTOMATIC, *DATUMS]

    def called(datum: str) -> str:
        if datum == AUTOMATIC and table["datum"] and not table["asks_datum"]:
            return f"{datum_name(datum)}（{_NAMES[table['datum']]}）"
        return datum_name(datum)

    is_open = table["asks_datum"] and table["chosen_datum"] is None
    chosen = place.selectbox(
        text("坐标系"),
        DATUMS if is_open else options,
        index=None if is_open else options.index(table["chosen_datum"] or AUTOMATIC),
        format_func=called,
        placeholder=text("请选择"),
        key=f"datum-{key}",
    )
    return None if chosen in {None, AUTOMATIC} else str(chosen)


def _required(table: Mapping[str, Any], key: str) -> dict[str, str]:
    """Ask for each required column that nothing is read as, the likeliest first."""
    st.warning(text("缺少必填的列，请指明文件中的哪一列是它；没有这一列的文件不能导入"))
    samples = {c["header"]: " ｜ ".join(c["samples"]) for c in table["columns"]}
    chosen: dict[str, str] = {}
    places = st.columns(2)
    for number, asked in enumerate(table["missing"]):
        best = asked["candidates"]
        options = [*best, *(header for header in samples if header not in best)]
        theirs = places[number % 2].selectbox(
            text("{column}（必填）", column=_name(table["kind"], asked["column"])),
            options,
            index=None,
            format_func=lambda header: f"{header}（{samples.get(header) or '—'}）",
            placeholder=text("请选择"),
            key=f"required-{asked['column']}-{key}",
        )
        if theirs is not None:
            chosen[asked["column"]] = str(theirs)
    return chosen


def _name(kind: str, column: str) -> str:
    spec = KINDS[kind].by_name[column]
    return spec.zh if state.language() == "zh" else column


def _columns(table: Mapping[str, Any], settled: Mapping[str, Any], key: str) -> dict[str, str]:
    """Draw what each column of the file is read as; return ours → theirs as corrected."""
    kind = table["kind"]
    if settled["kind"] != kind:
        st.caption(text("改变数据种类后请重新检查"))
        return _as_read(table)
    doubtful = [c for c in table["columns"] if c["maybe"]]
    st.markdown(f"**{text('列的对应')}**")
    take = False
    if doubtful:
        take = st.checkbox(text("采用把握不足的建议（{n} 列）", n=len(doubtful)), key=f"take-{key}")
    names = {
        _name(kind, c.name) + (" *" if c.required else ""): c.name for c in KINDS[kind].columns
    }
    called = {ours: name for name, ours in names.items()}
    asked = {theirs: ours for ours, theirs in settled["required"].items()}
    unused = text("不采用")
    rows = []
    for column in table["columns"]:
        ours = (
            asked.get(column["header"]) or column["column"] or (column["maybe"] if take else None)
        )
        rows.append(
            {
                text("文件中的列"): column["header"],
                text("对应的列"): called.get(ours, unused) if ours else unused,
                text("把握"): _sureness(column, called),
                text("示例"): " ｜ ".join(column["samples"]),
            }
        )
    return _edited(pd.DataFrame(rows), names, key=f"columns-{key}-{take}-{sorted(asked)}")


def _sureness(column: Mapping[str, Any], called: Mapping[str, str]) -> str:
    if column["confidence"] is None:
        return text("已指定")
    share = f"{round(100 * column['confidence'])} %"
    if column["maybe"]:
        return text("可能是{column}，{p}", column=called[column["maybe"]], p=share)
    return share if column["column"] else "—"


def _edited(shown: pd.DataFrame, names: Mapping[str, str], *, key: str) -> dict[str, str]:
    ours = text("对应的列")
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=[name for name in shown.columns if name != ours],
        column_config={
            ours: st.column_config.SelectboxColumn(
                options=[text("不采用"), *names], required=True, help=text("双击或按回车修改")
            )
        },
        key=key,
        alt=text("列的对应"),
    )
    chosen: dict[str, str] = {}
    twice: list[str] = []
    for theirs, name in zip(edited.iloc[:, 0], edited[ours], strict=True):
        if name in names:
            if names[name] in chosen:
                twice.append(name)
            chosen.setdefault(names[name], theirs)
    if twice:
        said = text("对应了不止一列，只采用第一列：{columns}", columns="、".join(twice))
        st.caption(f":material/warning: {messages.plain(said)}")
    return chosen


def _profile(table: Mapping[str, Any], settled: Mapping[str, Any], key: str) -> None:
    """Offer to keep how this layout is read under a name, or to update the kept one."""
    kind, saved = settled["kind"], table["saved"]
    if kind != table["kind"] or not settled["columns"]:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if saved is not None:
            same = (saved["columns"], saved["datum"]) == (settled["columns"], settled["datum"])
            if same and saved["kind"] == kind:
                return
            if st.button(
                text("更新方案“{name}”", name=messages.plain(saved["name"])), key=f"update-{key}"
            ):
                _save(saved["name"], table, settled)
        name = st.text_input(
            text("方案名称"), max_chars=60, key=f"name-{key}", placeholder=text("如：12345 导出表")
        )
        if st.button(text("存为映射方案"), key=f"save-{key}"):
            _save(name, table, settled)


def _save(name: str, table: Mapping[str, Any], settled: Mapping[str, Any]) -> None:
    try:
        import_profiles.save_profile(
            cached.store(),
            name=name,
            kind=settled["kind"],
            fingerprint=table["fingerprint"],
            columns=settled["columns"],
            datum=settled["datum"],
            actor=cached.actor(),
            now=cached.now(),
        )
        st.toast(text("已保存映射方案，下次同样表头的文件自动采用"))
    except MedPatrolError as error:
        messages.show_error(error)


def _changed(table: Mapping[str, Any], settled: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the choice to look again with, ``None`` where the table is read as it was."""
    before = table["choice"] or {}
    choice = {
        "file": table["file"],
        "sheet": table["sheet"],
        "skip": settled["skip"],
        "kind": before.get("kind"),
        "datum": settled["datum"],
        "columns": before.get("columns") or {},
    }
    if settled["kind"] != table["kind"]:
        choice.update(kind=settled["kind"], columns={})
    elif settled["columns"] != _as_read(table) or (table["asks_kind"] and settled["kind"]):
        choice.update(kind=settled["kind"], columns=dict(settled["columns"]))
    same = {
        "file": table["file"],
        "sheet": table["sheet"],
        "skip": table["skip"],
        "kind": before.get("kind"),
        "datum": table["chosen_datum"],
        "columns": before.get("columns") or {},
    }
    return None if choice == same else choice
