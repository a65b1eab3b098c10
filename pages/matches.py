"""疑似重复: is this the same thing twice, and what has no place yet?"""

import pandas as pd
import streamlit as st

from ui import cached, first_steps, match_review, messages, tables
from ui.messages import text
from workflows import matching, placing

now = cached.now()
scope, store = cached.scope(), cached.store()
may_decide = cached.may(matching.RIGHT)
messages.title(text("疑似重复"), text("同一机构是否登记了两次，哪些记录还没有位置"))

if cached.is_empty():
    first_steps.draw(text("同一机构是否登记了两次"), text("还没有数据。先导入机构，再来比对。"))
    st.stop()

view = st.segmented_control(
    text("查看"),
    ["facilities", "persons", "decided", "unplaced"],
    default="facilities",
    required=True,
    label_visibility="collapsed",
    format_func=lambda name: {
        "facilities": text("机构"),
        "persons": text("人员"),
        "decided": text("已比对"),
        "unplaced": text("位置不明"),
    }[name],
    bind="query-params",
    key="view",
)

if view in matching.KINDS:
    if may_decide and st.button(text("重新查找疑似重复")):
        found = matching.search(store, actor=cached.actor(), scope=scope, now=now)
        st.toast(text("新发现 {n} 对，按规则关联 {m} 条", n=found.n_new, m=found.n_linked))
    pairs = matching.review(store, kind=view, scope=scope, as_of=now)
    match_review.draw(pairs, now=now, may_decide=may_decide)
elif view == "decided":
    decided = [
        pair
        for kind in matching.KINDS
        for pair in matching.review(store, kind=kind, scope=scope, as_of=now, decided=True)
    ]
    match_review.draw_decided(decided, now=now, may_decide=may_decide)
else:
    nowhere = placing.unplaced(store, scope=scope, as_of=now)
    if nowhere.empty:
        st.info(text("所有记录都有位置。"))
    else:
        st.caption(
            text(
                "{n} 条记录没有位置：已保留，不上图。补充地址或坐标后重新导入即可。", n=len(nowhere)
            )
        )
        shown = pd.DataFrame(
            {
                text("种类"): [tables.kind_name(kind) for kind in nowhere["kind"]],
                text("编号"): nowhere["record_id"],
                text("地址"): nowhere["text"],
                text("区划代码"): nowhere["area_code"],
                text("原因"): [text(placing.WHY_NOT[reason]) for reason in nowhere["reason"]],
            }
        )
        st.dataframe(shown, hide_index=True, width="stretch")
