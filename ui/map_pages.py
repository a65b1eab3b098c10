"""The two maps that pages show: hotspots with layers to choose, and the routes of a plan."""

from urllib.parse import urlencode

import streamlit as st

from data.records import Plan
from ui import cached, filters, maps, messages, state
from ui.maps import MapLayer
from ui.messages import text
from workflows import reading
from workflows.reading import ScoreRun

LAYERS = (
    "not_looked",
    "fringe",
    "complaints",
    "cases",
    "facilities",
    "certainty",
    "areas",
    "reach",
    "hot",
    "change",
)
CELL = "cell"
"""Name of the picked cell in the page's address."""
SHOWN_AT_FIRST = ("not_looked", "fringe", "complaints", "cases", "areas")
HEIGHT = 560
_ASKED = "cell_of_address"


def choose_measure(run: ScoreRun) -> str:
    """Draw the choice of what the colour says and return it: ``p``, ``score`` or ``heat``."""
    all_finds = reading.counts_all_finds(run)
    names = {
        "p": text("可查实违法的概率") if all_finds else text("未掌握点位概率"),
        "score": text("风险（数量 × 严重程度）"),
        "heat": text("举报热度"),
    }
    # where facilities stand in, nearly every cell has something: the amount tells them apart
    default = "score" if all_finds else "p"
    return filters.one_of("measure", names, label=text("颜色"), default=default)


def choose_layers() -> list[str]:
    """Draw the layer switches and return the layers that are on."""
    names = {
        "not_looked": text("未查明"),
        "fringe": text("城乡结合部"),
        "complaints": text("线索"),
        "cases": text("案件"),
        "facilities": text("机构"),
        "certainty": text("把握大小"),
        "areas": text("区划"),
        "reach": text("驻地可达范围"),
        "hot": text("举报热点"),
        "change": text("较上月变化"),
    }
    return filters.several_of("layers", names, label=text("图层"), default=SHOWN_AT_FIRST)


def hotspot_map(run: ScoreRun, layers: list[str], *, measure: str) -> str | None:
    """Draw the map of a score run and return the cell that is picked on it."""
    screen = cached.settings().screen
    cells = _address(f"/data/cells/{run.run_id}.json")
    as_of = run.as_of.isoformat()
    addresses = {
        "not_looked": cells,
        "fringe": cells,
        "certainty": cells,
        "complaints": _address(
            "/data/complaints.json", as_of=as_of, days=str(screen.recent_case_days)
        ),
        "cases": _address("/data/cases.json", as_of=as_of),
        "facilities": _address(f"/data/facilities/{run.run_id}.json"),
        "areas": _address("/data/areas.json", as_of=as_of),
        "reach": _address("/data/reach.json"),
        "hot": _address(f"/data/report-hot-spots/{run.run_id}.json"),
        "change": _address(f"/data/change/{run.run_id}.json"),
    }
    options: dict[str, dict[str, object]] = {
        "not_looked": {"months": screen.unseen_months},
        "cases": {"days": screen.recent_case_days, "pick": False},
        "complaints": {"pick": False},
        "facilities": {"pick": False},
    }
    filled = _address(f"/data/report-density/{run.run_id}.json") if measure == "heat" else cells
    drawn = [
        MapLayer(name="cells", url=filled, kind="cells", options={"value": measure}),
        *(
            MapLayer(
                name=name,
                url=addresses[name],
                kind=name,
                visible=name in layers,
                options=options.get(name, {}),
            )
            for name in LAYERS
        ),
    ]
    picked = _asked_cell()
    event = maps.risk_map(
        key="hotspots",
        layers=drawn,
        language=state.language(),
        alt=text("风险热点图：每个网格有未掌握点位的概率；同样的内容见表格"),
        selected=None if picked is None else {"layer": "cells", "id": picked},
        height=HEIGHT,
        fit=f"{run.run_id}-{state.district()}",
        source=text("底图：本局区划；评分于 {time}", time=messages.when(run.created_at)),
        ramp_title=_ramp_title(run, measure),
    )
    chosen = event.selected
    if chosen is None or chosen.get("layer") != "cells":
        return picked if chosen is not None else None
    state.remember(CELL, chosen["id"])
    if st.query_params.get(CELL) != chosen["id"]:
        st.query_params[CELL] = chosen["id"]
        state.remember(_ASKED, chosen["id"])
    return chosen["id"]


def _asked_cell() -> str | None:
    """Return the picked cell; one that the address newly names is picked."""
    asked = st.query_params.get(CELL)
    if asked is not None and asked != state.recall(_ASKED):
        state.remember(_ASKED, asked)
        state.remember(CELL, asked)
    return state.recall(CELL)


def _ramp_title(run: ScoreRun, measure: str) -> str | None:
    if measure == "score":
        return text("风险，占最高网格的 %")
    if measure == "heat":
        return text("举报热度，占最高网格的 %")
    return text("可查实违法的概率（每网格）") if reading.counts_all_finds(run) else None


def small_map(run: ScoreRun) -> None:
    """Draw the map of the first page: cells, what is not looked at, the fringe."""
    cells = _address(f"/data/cells/{run.run_id}.json")
    measure = "score" if reading.counts_all_finds(run) else "p"
    maps.risk_map(
        key="home",
        layers=[
            MapLayer(
                name="areas",
                url=_address("/data/areas.json", as_of=run.as_of.isoformat()),
                kind="areas",
            ),
            MapLayer(name="cells", url=cells, kind="cells", options={"value": measure}),
            MapLayer(
                name="not_looked",
                url=cells,
                kind="not_looked",
                options={"months": cached.settings().screen.unseen_months},
            ),
            MapLayer(name="fringe", url=cells, kind="fringe"),
        ],
        language=state.language(),
        alt=text("风险热点图：每个网格有未掌握点位的概率；同样的内容见表格"),
        height=420,
        ramp_title=_ramp_title(run, measure),
        fit=f"{run.run_id}-{state.district()}",
    )


def document_address(what: str, identifier: str) -> str:
    """Return the address of a map document, in the reader's language and district."""
    return _address(f"/document/{what}/{identifier}.html", lang=state.language())


def document_links(address: str) -> None:
    """Draw the links to a map document: full screen, and as one file that works anywhere."""
    with st.container(horizontal=True):
        st.link_button(text("全屏地图"), address)
        st.link_button(text("导出地图（HTML）"), f"{address}&download=1")


def plan_map(plan: Plan, run: ScoreRun, *, day: int | None, teams: list[str]) -> None:
    """Draw the routes of one day, or of the week, over the faint risk of the cells."""
    maps.risk_map(
        key="plan",
        layers=[
            MapLayer(
                name="areas",
                url=_address("/data/areas.json", as_of=run.as_of.isoformat()),
                kind="areas",
            ),
            MapLayer(
                name="routes",
                url=_address(f"/data/plan/{plan.plan_id}.json"),
                kind="routes",
                options={"day": day, "teams": teams},
            ),
        ],
        language=state.language(),
        alt=text("路线图：各队当日各站；同样的内容见下方时间表"),
        height=HEIGHT,
        fit=plan.plan_id,
        source=text("路途为直线推算") if plan.travel_is_estimate else "",
    )


def _address(path: str, **query: str) -> str:
    """Return an own address, limited to the chosen district."""
    district = state.district()
    if district is not None:
        query["district"] = district
    return f"{path}?{urlencode(query)}" if query else path
