"""The saved mapping profiles: what they read, as a file, under another name, gone."""

import streamlit as st

from errors import MedPatrolError
from ui import cached, messages, tables
from ui.messages import text
from workflows import import_profiles
from workflows.import_profiles import SavedProfile


def draw() -> None:
    """Draw the list with what can be done to each profile."""
    saved = import_profiles.saved_profiles(cached.store())
    if not saved:
        return
    with st.expander(text("映射方案（{n}）", n=len(saved))):
        st.caption(
            text("同样表头的文件自动按方案读取；下载的 TOML 可用于 medpatrol load --mapping")
        )
        for profile in saved:
            _line(profile)


def _line(profile: SavedProfile) -> None:
    with st.container(border=True, gap="small"):
        said = text(
            "{kind} · {n} 列 · {who} 保存",
            kind=tables.kind_name(profile.kind),
            n=len(profile.columns),
            who=profile.saved_by,
        )
        st.markdown(f"**{messages.plain(profile.name)}**  \n{messages.plain(said)}")
        with st.container(horizontal=True):
            st.link_button(text("下载 TOML"), f"/download/import-profile/{profile.profile_id}.toml")
            _rename(profile)
            _delete(profile)


def _rename(profile: SavedProfile) -> None:
    with st.popover(text("改名")):
        name = st.text_input(
            text("方案名称"), value=profile.name, max_chars=60, key=f"rename-{profile.profile_id}"
        )
        if st.button(text("保存"), key=f"renamed-{profile.profile_id}"):
            try:
                import_profiles.rename_profile(
                    cached.store(), profile.profile_id, name=name, actor=cached.actor(),
                    now=cached.now(),
                )  # fmt: skip
            except MedPatrolError as error:
                messages.show_error(error)
            else:
                st.rerun()


def _delete(profile: SavedProfile) -> None:
    with st.popover(text("删除")):
        st.caption(text("删除后，同样表头的文件改为自动判断；已导入的数据不变"))
        if st.button(text("删除方案"), key=f"deleted-{profile.profile_id}"):
            try:
                import_profiles.delete_profile(
                    cached.store(), profile.profile_id, actor=cached.actor(), now=cached.now()
                )
            except MedPatrolError as error:
                messages.show_error(error)
            else:
                st.rerun()
