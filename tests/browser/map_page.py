"""A page with the map alone, for the browser tests: layers named in the address."""

import streamlit as st

from ui import maps

st.set_page_config(layout="wide")


@st.fragment
def draw() -> None:
    """Draw the map and say what is picked, as a page does."""
    asked = st.query_params
    shown = asked.get("layers", "areas,cells,not_looked,fringe,complaints,cases").split(",")
    hidden = st.pills("layers", shown, selection_mode="multi", key="hidden")
    cells, plan = f"/made-up/cells-{asked.get('n', '900')}.json", "/made-up/plan.json"
    addresses = {
        "areas": "/made-up/areas.json", "cells": cells, "not_looked": cells, "certainty": cells,
        "fringe": cells, "facilities": "/made-up/facilities.json",
        "complaints": "/made-up/complaints.json", "cases": "/made-up/cases.json",
        "routes": plan, "missing": "/made-up/missing.json",
    }  # fmt: skip
    options = {"not_looked": {"months": 12}, "routes": {"day": 1}}
    layers = [
        maps.MapLayer(
            name=name,
            url=addresses[name],
            kind="cells" if name == "missing" else name,
            visible=name not in hidden,
            options=options.get(name, {}),
        )
        for name in shown
    ]
    event = maps.risk_map(
        key="test",
        layers=layers,
        language=asked.get("lang", "zh"),
        alt="网格风险图",
        height=int(asked.get("height", "560")),
        source="底图：本局区划",
    )
    st.text(f"picked: {event.selected['id'] if event.selected else 'nothing'}")


draw()
