"""The form that files are sent by, with what can be said of all of them at once."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from data.schema import KINDS
from errors import MedPatrolError
from ui import cached, import_check, messages, tables
from ui.import_table import AUTOMATIC, DATUMS, datum_name
from ui.messages import text
from workflows import import_profiles, import_requests, requests
from workflows.requests import Upload

_ENDINGS = ("csv", "txt", "xlsx", "xls", "gpkg", "geojson", "json", "zip", "pbf", "toml")


def draw() -> None:
    """Draw the form, folded away while a look waits for a decision."""
    if import_check.is_open():
        with st.expander(text("检查其他文件")):
            _form()
    else:
        _form()


def _form() -> None:
    limit = cached.settings().screen.max_upload_mb
    with st.form("files", clear_on_submit=True):
        uploaded = st.file_uploader(
            text(
                "选择文件（CSV、XLSX、XLS、GeoPackage、Shapefile 压缩包、OSM.PBF，不超过 {n} MB）",
                n=limit,
            ),
            type=list(_ENDINGS),
            accept_multiple_files=True,
            max_upload_size=limit,
        )
        with st.expander(text("更多选项（一般不用改）"), type="compact"):
            kind, profile, datum = _options()
        if st.form_submit_button(text("检查文件"), type="primary"):
            _send(uploaded, kind=kind, profile=profile, datum=datum)


def _options() -> tuple[str, str, str]:
    kind_column, profile_column, datum_column = st.columns(3)
    kind = kind_column.selectbox(
        text("数据种类"),
        [AUTOMATIC, *KINDS],
        format_func=lambda name: text("自动判断") if name == AUTOMATIC else tables.kind_name(name),
    )
    saved = [profile.name for profile in import_profiles.saved_profiles(cached.store())]
    profile = profile_column.selectbox(
        text("映射方案"),
        [AUTOMATIC, *dict.fromkeys([*saved, *requests.shipped_profiles()])],
        format_func=lambda name: text("自动；按表头识别") if name == AUTOMATIC else name,
        help=text("也可以把自己的方案（TOML）和数据文件一起选中"),
    )
    datum = datum_column.selectbox(text("坐标系"), [AUTOMATIC, *DATUMS], format_func=datum_name)
    return kind, profile, datum


def _send(uploaded: Sequence[UploadedFile], *, kind: str, profile: str, datum: str) -> None:
    if not uploaded:
        st.warning(text("请先选择文件"))
        return
    uploads = [Upload(name=file.name, content=file.getvalue()) for file in uploaded]
    try:
        mine, shipped = _profile(profile)
        job_id = import_requests.request_check(
            cached.store(),
            [*uploads, *mine],
            kind=None if kind == AUTOMATIC else kind,
            datum=datum,
            profile=shipped,
            actor=cached.actor(),
        )
    except MedPatrolError as error:
        messages.show_error(error)
        return
    import_check.remember(import_check.CHECK_JOB, job_id)
    import_check.remember(import_check.JOB, None)
    st.rerun()


def _profile(name: str) -> tuple[list[Upload], Path | None]:
    """Return a saved profile as a file beside the others, or the path of a shipped one."""
    for profile in import_profiles.saved_profiles(cached.store()):
        if profile.name == name:
            toml = import_profiles.as_toml(cached.store(), profile.profile_id)
            return [Upload(name="profile.toml", content=toml.encode("utf-8"))], None
    return [], requests.shipped_profiles().get(name)
