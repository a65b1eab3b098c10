"""The parts of the accounts page: the list, and what each of the two administrators may do."""

import functools
from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from data.accounts import Account
from errors import MedPatrolError
from ui import cached, messages, state
from ui.messages import text
from workflows import accounts, complainants, rights
from workflows.wording import LANGUAGES

PICKED = "picked_account"
_ALL_SEALED = "undercover"


def role_names() -> dict[str, str]:
    """Return role → its name in the reader's language."""
    column = LANGUAGES.index(state.language())
    return {role: names[column] for role, names in rights.ROLES.items()}


def draw_list(found: list[Account], districts: Mapping[str, str]) -> None:
    """Draw every account with its roles and districts."""
    names = role_names()
    rows = [
        {
            text("账号"): one.account,
            text("姓名"): one.display_name,
            text("角色"): "、".join(names[role] for role in rights.ROLES if role in one.roles),
            text("辖区"): _districts(one, districts),
            text("密封任务"): _sealed(one),
            text("状态"): _status(one),
        }
        for one in found
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def draw_new() -> None:
    """Draw the form that makes an account."""
    with st.form("new_account", clear_on_submit=True):
        st.subheader(text("新建账号"), anchor=False)
        name, person = st.columns(2)
        account = name.text_input(text("账号"), max_chars=32, help=text("小写字母和数字"))
        display_name = person.text_input(text("姓名"), max_chars=40)
        if st.form_submit_button(text("新建账号"), type="primary"):
            _show_password(
                lambda: accounts.create_account(
                    cached.store(),
                    account.strip().lower(),
                    display_name=display_name,
                    actor=cached.actor(),
                    now=cached.now(),
                )
            )
    st.caption(text("新账号没有任何角色；由安全管理员授予后才能使用。"))


def draw_upkeep(one: Account) -> None:
    """Draw reset and switch-off of one account; each asks once more."""
    row = st.container(horizontal=True)
    with row.popover(text("重置密码")):
        st.write(text("{account} 的会话立即结束，原密码作废。", account=one.account))
        if st.button(text("确认重置"), key=f"reset-{one.account}"):
            _show_password(
                lambda: accounts.reset_password(
                    cached.store(), one.account, actor=cached.actor(), now=cached.now()
                )
            )
    label = text("停用账号") if one.enabled else text("启用账号")
    with row.popover(label):
        if one.enabled:
            st.write(text("{account} 立即退出，不能再登录；记录保留。", account=one.account))
        if st.button(text("确认"), key=f"enable-{one.account}"):
            _done(
                lambda: accounts.set_enabled(
                    cached.store(),
                    one.account,
                    enabled=not one.enabled,
                    actor=cached.actor(),
                    now=cached.now(),
                )
            )


def draw_grant(one: Account, districts: Mapping[str, str]) -> None:
    """Draw the form that says what an account may do and see."""
    names = role_names()
    with st.form(f"grant-{one.account}"):
        roles = st.multiselect(
            text("角色"),
            list(names),
            default=[role for role in names if role in one.roles],
            format_func=names.__getitem__,
            placeholder=text("请选择"),
        )
        every = st.checkbox(text("全部辖区"), value=one.districts is None)
        known = {**{code: code for code in one.districts or ()}, **districts}
        chosen = st.multiselect(
            text("或只限这些辖区"),
            list(known),
            default=sorted(one.districts or ()),
            format_func=lambda code: known.get(code, code),
            accept_new_options=True,
            placeholder=text("请选择"),
        )
        sealed = st.checkbox(
            text("可见全部密封任务（暗访）"),
            value=_ALL_SEALED in one.sealed,
            help=text("不勾选时只见点名给本人的密封任务"),
        )
        single = sorted(one.sealed - {_ALL_SEALED})
        named = st.text_input(text("点名可见的密封编号"), value=" ".join(single))
        officer = st.text_input(text("对应的执法人员编号"), value=one.officer_id or "")
        st.caption(text("保存后该账号的会话立即结束，须重新登录。"))
        if st.form_submit_button(text("保存授权"), type="primary"):
            _done(
                lambda: accounts.grant(
                    cached.store(),
                    one.account,
                    roles=roles,
                    districts=None if every else chosen,
                    sealed=[*named.split(), *([_ALL_SEALED] if sealed else [])],
                    officer_id=officer.strip() or None,
                    actor=cached.actor(),
                    now=cached.now(),
                )
            )


def draw_requests() -> None:
    """Draw the requests to see a complainant: number and reason only."""
    st.subheader(text("查看举报人的申请"), anchor=False)
    waiting = complainants.waiting(cached.store(), actor=cached.actor())
    if not waiting:
        st.caption(text("没有待处理的申请"))
    for request in waiting:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.text(f"{request.asked_by} · {request.complaint_id} · {request.reason}")
            for unlock, label in ((True, text("解锁")), (False, text("不同意"))):
                if st.button(label, key=f"{unlock}-{request.request_id}"):
                    _done(functools.partial(_decided, request.request_id, unlock=unlock))


def _decided(request_id: str, *, unlock: bool) -> None:
    complainants.decide(
        cached.store(), request_id, unlock=unlock, actor=cached.actor(), now=cached.now()
    )


def _show_password(make: Callable[[], str]) -> None:
    try:
        password = make()
    except MedPatrolError as error:
        messages.show_error(error)
        return
    st.success(text("一次性密码，只显示这一次；本人首次登录时须改掉："))
    st.code(password, language=None)


def _done(change: Callable[[], None]) -> None:
    try:
        change()
    except MedPatrolError as error:
        messages.show_error(error)
        return
    st.rerun()


def _districts(one: Account, districts: Mapping[str, str]) -> str:
    if one.districts is None:
        return text("全部")
    return "、".join(districts.get(code, code) for code in sorted(one.districts)) or "—"


def _sealed(one: Account) -> str:
    if _ALL_SEALED in one.sealed:
        return text("全部")
    return text("{n} 项", n=len(one.sealed)) if one.sealed else "—"


def _status(one: Account) -> str:
    if not one.enabled:
        return text("已停用")
    if one.is_demo:
        return text("示例账号")
    return text("待改密码") if one.must_change else text("启用")
