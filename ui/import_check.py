"""A look at files: per table what it asks and what would come of it, a small map, the decision."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from errors import MedPatrolError
from ui import cached, import_rows, import_table, maps, messages, progress, state
from ui.messages import text
from workflows import import_requests
from workflows.wording import from_json

CHECK_JOB = "import_check_job"
JOB = "import_job"
_ADDRESS = {CHECK_JOB: "check", JOB: "import"}
_MAP_HEIGHT = 300


def remember(key: str, job_id: str | None) -> None:
    """Remember a job for this visit and in the address, so that a reload finds it again."""
    state.remember(key, job_id)
    if job_id is None:
        st.query_params.pop(_ADDRESS[key], None)
    else:
        st.query_params[_ADDRESS[key]] = job_id


def restore() -> None:
    """Take up the jobs that the address names."""
    for key, name in _ADDRESS.items():
        named = st.query_params.get(name)
        if state.recall(key) is None and named is not None:
            state.remember(key, named)
        elif named is None and state.recall(key) is not None:
            st.query_params[name] = str(state.recall(key))


def is_open() -> bool:
    """Return whether a look is under way or waits for a decision."""
    return state.recall(CHECK_JOB) is not None


def is_busy() -> bool:
    """Return whether files are looked at or were just imported."""
    return is_open() or state.recall(JOB) is not None


def follow() -> None:
    """Draw the look under way or just finished, if there is one."""
    progress.follow(CHECK_JOB, kind=import_requests.CHECK, draw_result=_draw)
    if (job_id := state.recall(CHECK_JOB)) is not None:
        st.query_params[_ADDRESS[CHECK_JOB]] = job_id


def follow_import() -> None:
    """Draw the import under way or just finished, if there is one."""
    progress.follow(JOB, kind="import", draw_result=import_rows.draw_report)


def _draw(result: Mapping[str, Any]) -> None:
    job_id = state.recall(CHECK_JOB)
    if job_id is None:
        return
    st.subheader(text("检查结果，尚未保存"), anchor=False)
    left, right = st.columns([3, 2], gap="medium")
    reports = _by_table(result["files"])
    with left:
        for file in result["files"]:
            if file.get("error"):
                st.error(messages.plain(messages.say(from_json(file["error"]))))
        choices = [
            import_table.draw(job_id, number, table, reports.get(_key(table), ()))
            for number, table in enumerate(result["tables"])
        ]
    with right:
        _decide(job_id, result, choices)
        if result.get("points"):
            _map(job_id)


def _key(table: Mapping[str, Any]) -> tuple[str, str | None]:
    return str(table["file"]), table["sheet"]


def _by_table(
    files: Sequence[Mapping[str, Any]],
) -> dict[tuple[str, str | None], list[Mapping[str, Any]]]:
    found: dict[tuple[str, str | None], list[Mapping[str, Any]]] = {}
    for file in files:
        if not file.get("error"):
            found.setdefault((Path(file["path"]).name, file["sheet"]), []).append(file)
    return found


def _decide(
    job_id: str, result: Mapping[str, Any], choices: Sequence[dict[str, Any] | None]
) -> None:
    """Draw the counts of all files and what can be done with them."""
    good = [file for file in result["files"] if not file.get("error")]
    n_rows = sum(file["taken"] + file["updated"] for file in good)
    n_bad = len(result["files"]) - len(good)
    n_open = sum(map(import_table.asks, result["tables"]))
    changed = any(choice is not None for choice in choices)
    with st.container(border=True):
        if good:
            st.markdown(f"**{import_rows.counts(good)}**")
        if n_bad:
            st.caption(text("{n} 个文件不能读取，不会导入", n=n_bad))
        if changed:
            st.info(text("已改动，请重新检查后再导入"))
        elif n_open:
            st.warning(text("还有 {n} 个表需要您选择，或勾选“不导入这个表”", n=n_open))
        together = False
        if len(result["files"]) > 1:
            together = st.checkbox(
                text("全部导入，或全部不导入"),
                help=text("默认每个文件各自导入；勾选后有一个文件不能导入，整批都不导入"),
            )
        blocked = changed or bool(n_open) or not n_rows or (together and bool(n_bad))
        with st.container(horizontal=True):
            again = st.button(
                text("按此重新检查"),
                type="primary" if changed else "secondary",
                disabled=not changed,
            )
            store_it = st.button(
                text("导入 {n} 行", n=n_rows),
                type="secondary" if changed else "primary",
                disabled=blocked,
            )
            leave = st.button(text("放弃"))
    try:
        if again:
            remember(CHECK_JOB, _look_again(job_id, result, choices))
        elif store_it:
            made = import_requests.store_checked(
                cached.store(), job_id, together=together, actor=cached.actor(),
                scope=cached.scope(),
            )  # fmt: skip
            remember(JOB, made)
            remember(CHECK_JOB, None)
        elif leave:
            import_requests.give_up(
                cached.store(), job_id, actor=cached.actor(), scope=cached.scope()
            )
            remember(CHECK_JOB, None)
        else:
            return
        st.rerun()
    except MedPatrolError as error:
        messages.show_error(error)


def _look_again(
    job_id: str, result: Mapping[str, Any], choices: Sequence[dict[str, Any] | None]
) -> str:
    """Queue another look with what was settled now and before."""
    settled = [
        choice or table["choice"]
        for choice, table in zip(choices, result["tables"], strict=True)
        if choice or table["choice"]
    ]
    return import_requests.check_again(
        cached.store(), job_id, settled, actor=cached.actor(), scope=cached.scope()
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
