"""关于示例城市: that it is made up, how, and how to take it out again."""

import streamlit as st

from errors import MedPatrolError
from ui import cached, first_steps, messages, progress
from ui.messages import text
from workflows import requests

messages.title(text("关于示例城市"), text("全部虚构，仅供试用"))

st.markdown(
    text(
        "这座城市并不存在。地形、河流、道路、乡镇、村庄、机构、人员、线索、案件和检查都由程序按固定种子生成，"
        "地名和编号均为虚构，与任何真实单位或个人无关。"
    )
)
st.markdown(
    text(
        "生成的顺序：先有地形和河流，再有城镇和村庄，道路沿河谷连接它们，人口由中心向外递减；"
        "城乡分类代码按建成区是否连片给出，不用本系统自己的推算公式。"
    )
)
st.markdown(
    text(
        "随后在地图上藏入黑诊所、牙科窝点、美容场所的里间和流动行医人员，让他们开张、转移、被举报、被查处；"
        "两年的台账由此产生，带有真实台账常见的迟报、重复、错址和漏报。哪里真正藏着什么另存一处，从不导入。"
    )
)
st.markdown(
    text(
        "一次专项行动的各项数字按公开的一次真实行动校准，误差在百分之五以内，见 docs/demo-city.md。"
    )
)

if cached.has_demo():
    st.warning(text("库中现有示例城市的数据。导入本单位数据之前请先移除，两者不要混在一起。"))
    if cached.may("imports.undo") and st.button(text("移除示例城市")):
        try:
            n_deleted = requests.remove_demo(cached.store(), actor=cached.actor(), now=cached.now())
        except MedPatrolError as error:
            messages.show_error(error)
        else:
            st.success(text("已移除 {n} 条记录，评分和计划一并移除", n=n_deleted))
else:
    first_steps.offer_demo()
progress.follow(first_steps.DEMO_JOB, kind="demo", draw_result=None)
