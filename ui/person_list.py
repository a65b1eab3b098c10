"""The register of practitioners as a list: filters, table, who has to be checked."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from data.schema import PERSON_KINDS
from ui import cached, filters, messages, record_lists, record_reads
from ui.messages import text
from workflows import persons
from workflows.persons import PersonFilter

ADDRESS = "person"
EVERY, FILED, NOT_FILED, REPEATED = "*", "filed", "not_filed", "repeated"


def choose() -> PersonFilter:
    """Draw the filters in one row and return what they say."""
    params = cached.settings().records
    search, kind, area = st.columns([5, 3, 3], vertical_alignment="bottom")
    with search:
        words = record_lists.search_box("q", text("姓名、编号或行业"))
    kinds = {code: messages.label("person_kind", code) for code in PERSON_KINDS}
    townships = record_reads.townships()
    with kind:
        kind_code = _one("kind", kinds, text("人员类别"))
    with area:
        area_code = _one("area", townships, text("常驻乡镇街道"))
    names = {
        EVERY: text("全部"),
        NOT_FILED: text("应备案未备案"),
        FILED: text("已备案"),
        REPEATED: text("多次处罚"),
    }
    shown = filters.one_of("show", names, label=text("显示"), default=EVERY)
    return PersonFilter(
        penalised_since=persons.penalties_since(params, record_reads.today()),
        topic=persons.TOPIC,
        words=words,
        kind=persons.MUST_FILE if shown == NOT_FILED else kind_code,
        is_filed={FILED: True, NOT_FILED: False}.get(shown),
        least_penalties=params.penalties_for_transfer if shown == REPEATED else 0,
        area_code=area_code,
    )


def draw(wanted: PersonFilter) -> None:
    """Draw the page of the register that is chosen."""
    page = record_lists.paged(
        "persons", wanted, lambda n: record_reads.persons_page(wanted, n), "共 {n} 人"
    )
    if page.rows.empty:
        record_lists.nothing_found(text("人员"))
        return
    record_lists.pick(
        page.rows, _table(page.rows), key="person_id", address=ADDRESS, alt=text("人员备案")
    )
    st.caption(text("应备案未备案的外来行医人员自动列入周计划候选（备案核查）"))


def filing_words(row: dict) -> str:
    """Return since when a person is registered, or that he must be and is not."""
    if not pd.isna(row["filed_on"]):
        return text("{date} 备案", date=record_lists.day(row["filed_on"]))
    if row["kind"] == persons.MUST_FILE:
        return "▲ " + text("未备案")
    return text("无须备案")


def areas_words(codes: object, names: Mapping[str, str]) -> str:
    """Return the names of ``;``-joined areas, a dash where there are none."""
    if not isinstance(codes, str) or not codes:
        return "—"
    return "、".join(names.get(code, code) for code in codes.split(";"))


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
    listed, names = rows.to_dict("records"), record_reads.area_names()
    return pd.DataFrame(
        {
            text("人员编号"): rows["person_id"],
            text("姓名"): rows["name"].fillna("—"),
            text("人员类别"): [record_lists.word("person_kind", row["kind"]) for row in listed],
            text("行业"): rows["trade"].fillna("—"),
            text("备案"): [filing_words(row) for row in listed],
            text("常驻区划"): [areas_words(row["usual_area_codes"], names) for row in listed],
            text("处罚，次"): rows["n_penalties"].astype(int),
        }
    )
