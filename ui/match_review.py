"""Two records side by side: where they differ, how far apart, and the decision."""

from datetime import datetime
from typing import Any, Literal

import pandas as pd
import streamlit as st

from data.schema import KINDS
from errors import MedPatrolError
from ui import cached, messages, state, theme
from ui.messages import text
from workflows import matching
from workflows.matching import Pair

UNDO = "match_undo"
_VOCABULARY = {"facilities": {"kind": "facility_kind"}, "persons": {"kind": "person_kind"}}


def draw(pairs: list[Pair], *, now: datetime, may_decide: bool) -> None:
    """Draw the first pair that waits and what can be done about it."""
    _draw_undo(now)
    if not pairs:
        st.info(text("没有待比对的疑似重复。"))
        return
    number = min(int(state.recall("match_at") or 0), len(pairs) - 1)
    pair = pairs[number]
    with st.container(border=True):
        st.subheader(
            text("{a} 与 {b}", a=_id(pair, pair.left), b=_id(pair, pair.right)), anchor=False
        )
        st.caption(" · ".join(_facts(pair, number, len(pairs))))
        st.dataframe(_side_by_side(pair), hide_index=True, width="stretch")
        st.caption(text("并为同一机构只建立关联：两条记录都保留，历史合在一起看，可随时撤销。"))
        if may_decide:
            _draw_buttons(pair, now)
        else:
            st.caption(text("您的账号可以查看，不能比对。"))


def draw_decided(pairs: list[Pair], *, now: datetime, may_decide: bool) -> None:
    """Draw what was decided before, each with the way back."""
    if not pairs:
        st.caption(text("还没有比对过的记录。"))
        return
    shown = pd.DataFrame(
        {
            text("甲"): [_named(pair, pair.left) for pair in pairs],
            text("乙"): [_named(pair, pair.right) for pair in pairs],
            text("结论"): [_verdict(pair) for pair in pairs],
        }
    )
    chosen = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun" if may_decide else "ignore",
        selection_mode="single-row",
        key="decided_pairs",
    )
    picked = _picked(chosen) if may_decide else []
    if picked and st.button(text("撤销此结论"), key="reopen"):
        _decide(pairs[picked[0]], "open", now)


def _picked(chosen: Any) -> list[int]:
    return list(chosen["selection"]["rows"])


def _draw_buttons(pair: Pair, now: datetime) -> None:
    same = text("同一机构") if pair.kind == "facilities" else text("同一人")
    other = text("不是同一机构") if pair.kind == "facilities" else text("不是同一人")
    choices = ((same, "same", "1"), (other, "different", "2"), (text("稍后"), "later", "3"))
    with st.container(horizontal=True):
        for name, status, key in choices:
            is_first: Literal["primary", "secondary"] = (
                "primary" if status == "same" else "secondary"
            )
            if st.button(name, type=is_first, shortcut=key, key=f"{status}-{pair.pair_id}"):
                _decide(pair, status, now)


def _draw_undo(now: datetime) -> None:
    last = state.recall(UNDO)
    if last is not None and st.button(text("撤回刚才的结论"), shortcut="u", key="undo_match"):
        state.remember(UNDO, None)
        _write(int(last), "open", now)


def _decide(pair: Pair, status: str, now: datetime) -> None:
    state.remember(UNDO, None if status == "open" else str(pair.pair_id))
    _write(pair.pair_id, status, now)


def _write(pair_id: int, status: str, now: datetime) -> None:
    try:
        matching.decide(
            cached.store(), pair_id, status, actor=cached.actor(), scope=cached.scope(), now=now
        )
    except MedPatrolError as error:
        messages.show_error(error)
    else:
        st.rerun()


def _facts(pair: Pair, number: int, n_pairs: int) -> list[str]:
    facts = [
        text("第 {a} 对，共 {n} 对", a=number + 1, n=n_pairs),
        text("可能性 {p}", p=messages.percent(pair.score)),
    ]
    if pair.distance_m is not None:
        facts.append(text("相距约 {n} 米", n=round(pair.distance_m)))
    elif pair.kind == "facilities":
        facts.append(text("距离未知：有一方没有坐标"))
    facts.append(text("{n} 项不同", n=len(pair.differing)))
    return facts


def _side_by_side(pair: Pair) -> "pd.io.formats.style.Styler":
    columns = KINDS[pair.kind].by_name
    differs = [name in pair.differing for name in pair.left]
    english = state.language() == "en"
    frame = pd.DataFrame(
        {
            text("项目"): [
                columns[name].meaning if english else columns[name].zh for name in pair.left
            ],
            text("甲"): [_said(pair.kind, name, value) for name, value in pair.left.items()],
            text("乙"): [_said(pair.kind, name, value) for name, value in pair.right.items()],
            text("比较"): [text("不同") if flag else text("相同") for flag in differs],
        }
    )
    tint = (theme.DARK if state.is_dark() else theme.LIGHT).soft_warning
    marks = [f"background-color: {tint}" if flag else "" for flag in differs]
    return frame.style.apply(lambda _: marks, axis=0)


def _said(kind: str, name: str, value: object) -> str:
    if value is None:
        return "—"
    vocabulary = _VOCABULARY[kind].get(name)
    return str(value) if vocabulary is None else messages.label(vocabulary, value)


def _id(pair: Pair, row: dict[str, object]) -> str:
    return str(row[KINDS[pair.kind].key[0]])


def _named(pair: Pair, row: dict[str, object]) -> str:
    return f"{_id(pair, row)} {row.get('name') or ''}".strip()


def _verdict(pair: Pair) -> str:
    verdict = text("同一") if pair.status == "same" else text("不同")
    return verdict + (
        text("（证号、名称、位置均相同，按规则关联）")
        if pair.decided_by == matching.BY_RULE
        else ""
    )
