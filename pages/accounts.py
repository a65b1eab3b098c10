"""账号: who may sign in, what may they do and see?"""

import streamlit as st

from ui import account_forms, cached, messages
from ui.messages import text
from workflows import accounts

messages.title(text("账号"), text("谁可以登录，可以做什么、看什么"))

makes, grants = cached.may("accounts.write"), cached.may("roles.grant")
found = accounts.list_accounts(cached.store(), actor=cached.actor())
districts = accounts.district_names(cached.store(), actor=cached.actor(), now=cached.now())
st.caption(
    text("系统管理员建立和停用账号，安全管理员授予角色和辖区；任何人不能兼任这两者和审计员。")
)
account_forms.draw_list(found, districts)

if makes:
    account_forms.draw_new()
by_name = {one.account: one for one in found}
picked = st.selectbox(
    text("选择账号"),
    list(by_name),
    index=None,
    placeholder=text("请选择"),
    format_func=lambda name: f"{name} · {by_name[name].display_name}",
    key=account_forms.PICKED,
)
if picked is not None and makes:
    account_forms.draw_upkeep(by_name[picked])
if picked is not None and grants:
    account_forms.draw_grant(by_name[picked], districts)
if grants:
    account_forms.draw_requests()
