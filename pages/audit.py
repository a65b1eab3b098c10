"""审计日志: who did what, who saw what, is the log whole?"""

from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from ui import cached, messages
from ui.messages import text
from workflows import audit_log, verifying
from workflows.audit_log import PAGE_ROWS, LogFilter

messages.title(text("审计日志"), text("谁做了什么，谁看了什么，记录是否完整"))
store, actor = cached.store(), cached.actor()

everything = text("全部")
first, second, third, fourth, fifth = st.columns(5)
who = first.text_input(text("操作人"))
action = second.selectbox(
    text("动作"), ["", *audit_log.actions(store, actor=actor)],
    format_func=lambda code: code or everything,
)  # fmt: skip
object_id = third.text_input(text("对象编号"))
since = fourth.date_input(text("从"), value=None)
until = fifth.date_input(text("至"), value=None)
reveals = st.checkbox(text("只看举报人的申请、解锁和查看"))
wanted = LogFilter(
    actor=who.strip(),
    action=action or "",
    object_id=object_id.strip(),
    since=since,
    until=until,
    only_reveals=reveals,
)

place = st.container()
n_all = audit_log.read_page(store, wanted, page=0, actor=actor).n_all
number = st.pagination(max(-(-n_all // PAGE_ROWS), 1), key="audit_page")
shown = audit_log.read_page(store, wanted, page=int(number) - 1, actor=actor)
with place:
    if not shown.entries:
        st.info(text("没有符合条件的记录"))
    else:
        rows = [
            {
                text("序号"): entry["seq"],
                text("时间"): messages.when(entry["at"]),
                text("操作人"): entry["actor"],
                text("角色"): entry["role"] or "",
                text("动作"): entry["action"],
                text("对象编号"): entry["object_id"] or "",
                text("事由"): entry["reason"] or "",
                text("明细"): entry["detail"],
            }
            for entry in shown.entries
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption(text("共 {n} 条", n=n_all))

asked = {
    "actor": wanted.actor,
    "action": wanted.action,
    "object_id": wanted.object_id,
    "since": "" if since is None else since.isoformat(),
    "until": "" if until is None else until.isoformat(),
    "reveals": "1" if reveals else "",
}
query = urlencode({name: value for name, value in asked.items() if value})
st.link_button(text("导出 CSV"), f"/download/audit.csv?{query}", icon=":material/download:")

st.subheader(text("记录是否完整"), anchor=False)
if st.button(text("校验全部记录")):
    found = verifying.state_of_log(store, anchor_file=cached.settings().access.anchor_file)
    show = st.success if found.is_sound else st.error
    show("  \n".join(messages.say(sentence) for sentence in found.sentences))
st.caption(text("命令行也可校验：medpatrol verify"))
