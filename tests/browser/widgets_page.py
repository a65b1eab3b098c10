"""Everything of Streamlit that the product's pages use, for the test of the content policy."""

import pandas as pd
import streamlit as st

from ui import maps

table = pd.DataFrame(
    {"place": ["甲", "<img src=//example.invalid/x.png onerror=window.hit=1>"], "n": [1, 2]}
)

if st.query_params.get("break"):
    raise KeyError("举报人张三 13800000000")
st.metric("指标", "3")
st.dataframe(table, height=120)
st.echarts_chart(
    {"xAxis": {"type": "category", "data": ["a", "b"]}, "yAxis": {}, "series": [{"type": "bar", "data": [1, 2]}]},
    renderer="svg",
)  # fmt: skip
st.vega_lite_chart(
    table,
    {"mark": "bar", "encoding": {"x": {"field": "n", "type": "ordinal"}, "y": {"field": "n", "type": "quantitative"}}},
)  # fmt: skip
maps.risk_map(
    key="policy",
    layers=[maps.MapLayer(name="cells", url="/data/test/cells-300.json", kind="cells")],
    language="zh",
    alt="图",
    height=200,
)
upload = st.file_uploader("文件")
st.text(f"bytes: {len(upload.getvalue()) if upload else 0}")
st.markdown("![x](http://example.invalid/beacon.png)")
