"""Everything of Streamlit that the product's pages use, for the test of the content policy."""

import pandas as pd
import streamlit as st

from ui import maps

HOSTILE = "<img src=//example.invalid/x.png onerror=window.hit=1>"
table = pd.DataFrame({"place": ["甲", HOSTILE], "n": [1, 2]})

if st.query_params.get("break"):
    raise KeyError("举报人张三 13800000000")
st.metric("指标", "3")
st.dataframe(table, height=120)
bars = {"type": "bar", "data": [1, 2]}
axis = {"type": "category", "data": ["a", "b"]}
st.echarts_chart({"xAxis": axis, "yAxis": {}, "series": [bars]}, renderer="svg")
x, y = {"field": "n", "type": "ordinal"}, {"field": "n", "type": "quantitative"}
st.vega_lite_chart(table, {"mark": "bar", "encoding": {"x": x, "y": y}})
maps.risk_map(
    key="policy",
    layers=[maps.MapLayer(name="cells", url="/made-up/cells-300.json", kind="cells")],
    language="zh",
    alt="图",
    height=200,
)
upload = st.file_uploader("文件")
st.text(f"bytes: {len(upload.getvalue()) if upload else 0}")
st.markdown("![x](http://example.invalid/beacon.png)")
