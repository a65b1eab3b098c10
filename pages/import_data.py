"""数据导入: what was taken, what was refused and why?"""

import streamlit as st

from data.schema import KINDS
from errors import MedPatrolError
from ui import cached, first_steps, import_check, import_list, messages, progress, state, tables
from ui.messages import text
from workflows import import_requests, requests
from workflows.requests import Upload

SCORE_JOB = "score_job"
AUTOMATIC = "auto"

settings = cached.settings()
messages.title(text("数据导入"), text("先检查，再导入；哪些已采用，哪些被拒绝，为什么"))

with st.form("files", clear_on_submit=True):
    uploaded = st.file_uploader(
        text(
            "选择文件（CSV、XLSX、XLS、GeoPackage、Shapefile 压缩包、OSM.PBF，不超过 {n} MB）",
            n=settings.screen.max_upload_mb,
        ),
        type=["csv", "txt", "xlsx", "xls", "gpkg", "geojson", "json", "zip", "pbf", "toml"],
        accept_multiple_files=True,
        max_upload_size=settings.screen.max_upload_mb,
    )
    kind_column, profile_column, datum_column = st.columns(3)
    kind = kind_column.selectbox(
        text("数据种类"),
        [AUTOMATIC, *KINDS],
        format_func=lambda name: text("自动判断") if name == AUTOMATIC else tables.kind_name(name),
    )
    profiles = requests.shipped_profiles()
    profile = profile_column.selectbox(
        text("映射方案"),
        [AUTOMATIC, *profiles],
        format_func=lambda name: text("自动；按表头识别") if name == AUTOMATIC else name,
        help=text("也可以把自己的方案（TOML）和数据文件一起选中"),
    )
    datum = datum_column.selectbox(
        text("坐标系"),
        [AUTOMATIC, "wgs84", "gcj02", "bd09", "cgcs2000"],
        format_func=lambda name: text("自动判断") if name == AUTOMATIC else name.upper(),
    )
    if st.form_submit_button(text("检查文件"), type="primary") and uploaded:
        try:
            job_id = import_requests.request_check(
                cached.store(),
                [Upload(name=file.name, content=file.getvalue()) for file in uploaded],
                kind=None if kind == AUTOMATIC else kind,
                datum=datum,
                profile=profiles.get(profile),
                actor=cached.actor(),
            )
        except MedPatrolError as error:
            messages.show_error(error)
        else:
            state.remember(import_check.CHECK_JOB, job_id)
            state.remember(import_check.JOB, None)

import_check.follow()
progress.follow(import_check.JOB, kind="import", draw_result=tables.draw_import_report)

run = cached.run()
if cached.is_empty():
    st.caption(text("库中还没有数据"))
    first_steps.offer_demo()
    progress.follow(first_steps.DEMO_JOB, kind="demo", draw_result=None)
else:
    st.subheader(text("库中数据"), anchor=False)
    st.dataframe(tables.record_counts(cached.counts()), hide_index=True)
    as_of = cached.default_as_of()
    st.caption(
        text("数据截至 {time}", time=messages.when(as_of))
        + ("" if run is None else " · " + text("评分于 {time}", time=messages.when(run.created_at)))
    )
    if st.button(text("重新评分") if run else text("开始评分")):
        key = f"score-{cached.version()}-{as_of.isoformat()}"
        state.remember(
            SCORE_JOB,
            requests.request_score(cached.store(), as_of=as_of, actor=cached.actor(), key=key),
        )
    progress.follow(SCORE_JOB, kind="score", draw_result=None)

st.subheader(text("最近的导入"), anchor=False)
import_list.draw(cached.recent_imports())
