"""The list of facilities: filters, order, table."""

from datetime import date, timedelta

import pandas as pd
import streamlit as st

from data.schema import FACILITY_KINDS, URBAN_RURAL_CODES
from ui import cached, filters, messages, record_lists, record_reads, tables
from ui.messages import text
from workflows import facility_file
from workflows.facility_file import FacilityFilter

ADDRESS = "facility"
EVERY = "*"
CHANCES = {"5": 0.05, "10": 0.1, "20": 0.2}
MONTHS = ("6", "12", "24")
MONTH_DAYS = 30.44
LICENCE_SIGNS = {"expired": "●", "soon": "▲"}


def choose() -> FacilityFilter:
    """Draw the filters in two rows and return what they say."""
    search, kind, area, urban = st.columns([4, 3, 3, 3], vertical_alignment="bottom")
    with search:
        words = record_lists.search_box("q", text("名称、编号、地址或许可证号"))
    kinds = {code: messages.label("facility_kind", code) for code in FACILITY_KINDS}
    townships = record_reads.townships()
    classes = {code: messages.label("urban_rural_code", code) for code in URBAN_RURAL_CODES}
    with kind:
        kind_code = _one("kind", kinds, text("机构类别"))
    with area:
        area_code = _one("area", townships, text("乡镇街道"))
    with urban:
        class_code = _one("class", classes, text("城乡分类"))
    chance, unseen, licence, order = st.columns([3, 3, 3, 3], vertical_alignment="bottom")
    chances = {code: text("{n} % 以上", n=int(code)) for code in CHANCES}
    months = {code: text("{n} 个月", n=int(code)) for code in MONTHS}
    with chance:
        p = _one("p", chances, text("查出问题的可能性"))
    with unseen:
        unseen_code = _one("unseen", months, text("未到访超过"))
    with licence:
        licence_code = _one("licence", {"due": text("已到期或将到期")}, text("许可"))
    orders = {
        "score": text("风险从高到低"),
        "unseen": text("最久未到访在前"),
        "licence": text("许可先到期在前"),
        "name": text("名称"),
    }
    with order:
        order_code = filters.from_list(
            "order", list(orders), label=text("排序"), default="score", name_of=orders.__getitem__
        )
    today = cached.default_as_of().replace(hour=0, minute=0, second=0, microsecond=0)
    warn = timedelta(days=cached.settings().records.licence_warn_days)
    return FacilityFilter(
        words=words,
        kinds=() if kind_code is None else (kind_code,),
        area_code=area_code,
        urban_rural=() if class_code is None else (class_code,),
        least_p=None if p is None else CHANCES[p],
        unseen_since=None
        if unseen_code is None
        else today - timedelta(days=int(unseen_code) * MONTH_DAYS),
        licence_until=None if licence_code is None else (today + warn).date(),
        order=order_code,
    )


def draw(wanted: FacilityFilter) -> None:
    """Draw the page of the list that is chosen."""
    page = record_lists.paged(
        "facilities", wanted, lambda n: record_reads.facilities(wanted, n), "共 {n} 家"
    )
    if page.rows.empty:
        record_lists.nothing_found(text("机构"))
        return
    record_lists.pick(
        page.rows, _table(page.rows), key="facility_id", address=ADDRESS, alt=text("机构")
    )


def draw_of_cell(cell_id: str, *, n_most: int = 5) -> None:
    """Draw links to the facilities of a cell, the riskiest first."""
    rows = record_reads.facilities(FacilityFilter(cell_id=cell_id), 1).rows.head(n_most)
    if rows.empty:
        return
    st.markdown("**" + text("机构") + "**")
    for row in rows.to_dict("records"):
        record_lists.to("facilities", str(row["name"]), facility=str(row["facility_id"]))


def licence_words(row: dict, today: date) -> str:
    """Return the day a licence ends, with a sign and a word where it is over or nearly so."""
    params = cached.settings().records
    expiry = row["licence_expiry"]
    state = facility_file.licence_state(expiry, today=today, warn_days=params.licence_warn_days)
    words = {"expired": text("已到期"), "soon": text("将到期")}
    day = record_lists.day(expiry)
    return f"{LICENCE_SIGNS[state]} {day} {words[state]}" if state in words else day


def _one(key: str, names: dict[str, str], label: str) -> str | None:
    code = filters.from_list(
        key,
        [EVERY, *names],
        label=label,
        default=EVERY,
        name_of=lambda code: text("全部") if code == EVERY else names[code],
    )
    return None if code == EVERY else code


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    listed, today = rows.to_dict("records"), record_reads.today()
    return pd.DataFrame(
        {
            text("机构名称"): rows["name"],
            text("机构类别"): [messages.label("facility_kind", row["kind"]) for row in listed],
            text("地点"): rows["area_name"].fillna("—"),
            text("城乡分类"): [tables.urban_rural(code) for code in rows["urban_rural_code"]],
            text("可能性"): [
                "—" if pd.isna(row["p"]) else messages.percent(row["p"]) for row in listed
            ],
            text("风险，点"): rows["score"].round(2),
            text("上次到访"): [
                tables.last_seen(None if pd.isna(at) else at.date()) for at in rows["last_seen_at"]
            ],
            text("许可有效期"): [licence_words(row, today) for row in listed],
            text("机构编号"): rows["facility_id"],
        }
    )
