"""The panels below the table: likely repeats side by side, the timeline, the next step."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from data.schema import TIME_ZONE, TOPICS
from errors import MedPatrolError
from ui import cached, lead_table, messages, state
from ui.lead_data import Asked
from ui.messages import text
from workflows import ledger, ledger_entry, ledger_views, ledger_words
from workflows.ledger import Book
from workflows.ledger_views import LeadStory


def draw_compare(book: Book, story: LeadStory, other_id: str | None) -> None:
    """Draw one likely repeat beside the lead, and the decision about the two."""
    pair = next((p for p in story.likely if p.other["complaint_id"] == other_id), None)
    pair = pair or (story.likely[0] if story.likely else None)
    if pair is None:
        return
    line, other = story.line, pair.other
    with st.container(border=True):
        ids = {"a": line["complaint_id"], "b": other["complaint_id"]}
        if pair.kind == "moving":
            st.subheader(text("可能是同一人流动行医：{a} 与 {b}", **ids), anchor=False)
            st.caption(text("不同村，数日内用词相近；请核对是否同一人"))
        else:
            st.subheader(text("可能是同一处：{a} 与 {b}", **ids), anchor=False)
            st.caption(
                text("同一处的可能性 {p}", p=messages.percent(pair.score))
                + " · "
                + "，".join(messages.say(reason) for reason in pair.reasons)
            )
        st.table(_side_by_side(line, other))
        with st.container(horizontal=True, vertical_alignment="center"):
            for name, verdict, kind in (
                (text("并为一处"), "same", "primary"), (text("不是同一处"), "apart", "secondary"),
            ):  # fmt: skip
                if st.button(name, type=kind, key=f"{verdict}-{ids['a']}-{ids['b']}"):  # type: ignore[arg-type]
                    _decide(book, (str(ids["a"]), str(ids["b"])), verdict)
            st.caption(text("并线不删件：各自答复、各自计时，仍按 {n} 件计", n=2))


def draw_story(story: LeadStory) -> None:
    """Draw what is known of one lead: facts, prompts, timeline."""
    line = story.line
    with st.container(border=True):
        st.subheader(text("线索 {id}", id=line["complaint_id"]), anchor=False)
        st.caption(" · ".join(_facts(story)))
        if line["summary"]:
            st.text(line["summary"])
        if story.prompt is not None:
            st.warning(messages.say(story.prompt))
        for joined in story.joined:
            st.caption(text("已与 {id} 并为一处", id=joined.other["complaint_id"]))
        if story.n_same_caller:
            st.caption(text("同一来电人另有 {n} 条线索", n=story.n_same_caller))
        if story.unpublished_years:
            years = "、".join(map(str, story.unpublished_years))
            st.caption(text("{years} 年放假安排尚未公布，暂按周一至周五计算", years=years))
        _timeline(story)


def _timeline(story: LeadStory) -> None:
    st.markdown("**" + text("经过") + "**")
    lines = []
    if not any(act["kind"] == "register" for act in story.acts):
        lines.append(f"- {_when(story.line['received_at'])} {text('收到')}")
    for act in story.acts:
        what = messages.say(ledger_words.act(act))
        lines.append(messages.plain(f"{_when(act['at'])} {what} · {act['actor']}"))
        lines[-1] = "- " + lines[-1]
        if act["note"]:
            note = " ".join(str(act["note"]).split())
            lines.append("    - " + messages.plain(note))
    st.markdown("\n".join(lines))


def _when(seconds: Any) -> str:
    return f"{datetime.fromtimestamp(int(seconds), TIME_ZONE):%Y-%m-%d %H:%M}"


def _facts(story: LeadStory) -> list[str]:
    line = story.line
    facts = [
        messages.label("channel", line["channel"]), messages.label("topic", line["topic"]),
        messages.plain(lead_table.place({**line, "is_sealed": 0})),
        messages.label("status", line["status"]),
    ]  # fmt: skip
    if story.facility_name:
        facts.append(text("机构：{name}", name=messages.plain(story.facility_name)))
    if line["location_precision"]:
        facts.append(messages.label("location_precision", line["location_precision"]))
    if line["outcome"]:
        facts.append(messages.label("outcome", line["outcome"]))
    if line["case_id"]:
        facts.append(text("案件 {id}", id=line["case_id"]))
    return facts


def _side_by_side(line: Mapping[str, Any], other: Mapping[str, Any]) -> pd.DataFrame:
    def cells(row: Mapping[str, Any]) -> list[str]:
        now = int(cached.now().timestamp())
        clock = ledger_words.clock(row, now=now)
        precision = row["location_precision"]
        where = lead_table.place({**row, "is_sealed": 0})
        if precision:
            where = f"{where}（{messages.label('location_precision', precision)}）"
        return [
            lead_table.moment(row["received_at"]), messages.label("channel", row["channel"]),
            messages.label("topic", row["topic"]), messages.plain(where),
            messages.plain(row["summary"] or "—"),
            "—" if clock is None else messages.say(clock),
            messages.label("status", row["status"]),
        ]  # fmt: skip

    names = [text("登记"), text("渠道"), text("类别"), text("地点"), text("摘要"), text("时限"),
             text("状态")]  # fmt: skip
    return pd.DataFrame(
        {str(line["complaint_id"]): cells(line), str(other["complaint_id"]): cells(other)},
        index=names,
    )


def _decide(book: Book, pair: tuple[str, str], verdict: str) -> None:
    done = attempt(
        lambda key: ledger.decide_pair(
            book, pair, verdict, actor=cached.actor(), scope=cached.scope(), now=cached.now(),
            key=key,
        )
    )  # fmt: skip
    if done:
        st.rerun()


def attempt(act: Callable[[str], str]) -> bool:
    """Do an act under a fresh key; on success remember it for undo, else say why not."""
    try:
        batch = act(secrets.token_hex(8))
    except MedPatrolError as error:
        messages.show_error(error)
        return False
    state.remember("lead_undo", batch)
    st.toast(text("已保存，可撤回"))
    return True


def draw_undo(book: Book, asked: Asked, story: LeadStory) -> None:
    """Draw the way back from the last act, for ten minutes."""
    act = ledger_views.last_undoable(story.acts, actor=asked.actor, now=cached.now())
    if act is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        name = messages.say(ledger_words.act(act))
        if st.button(text("撤回"), key=f"undo-{act['act_id']}", shortcut="ctrl+shift+z"):
            try:
                ledger.undo(
                    book, str(act["batch"]), actor=cached.actor(), scope=cached.scope(),
                    now=cached.now(),
                )  # fmt: skip
            except MedPatrolError as error:
                messages.show_error(error)
            else:
                lead_table.show(str(story.line["complaint_id"]))
                st.toast(text("已撤回"))
                st.rerun()
        st.caption(text("{name}；提交后 10 分钟内可撤回", name=name))


def draw_convert(book: Book, asked: Asked, story: LeadStory) -> None:
    """Draw the opening of a case from a lead that has none."""
    if story.line["case_id"] or "cases.write" not in asked.rights:
        return
    with st.popover(text("转为案件"), width="stretch"):
        topics: Sequence[str] = list(TOPICS)
        topic = st.selectbox(
            text("案由"), topics, index=topics.index(story.line["topic"])
            if story.line["topic"] in topics else 0,
            format_func=lambda code: messages.label("topic", code),
        )  # fmt: skip
        if st.button(text("立案"), key="convert"):
            lead_id = str(story.line["complaint_id"])
            done = attempt(
                lambda key: ledger_entry.convert(
                    book, lead_id, topic=str(topic), actor=cached.actor(), scope=cached.scope(),
                    now=cached.now(), key=key,
                )
            )  # fmt: skip
            if done:
                st.rerun()
