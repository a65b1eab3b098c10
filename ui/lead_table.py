"""The lines of the ledger: as a table, and as a list on a phone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from data.schema import TIME_ZONE
from ui import messages, state
from ui.messages import text
from workflows import ledger_words

_COLOURS: Mapping[str, str] = {"late": "red", "amber": "orange", "running": "gray", "none": "gray"}
NARROW = ("complaint_id", "place", "summary", "clock", "status")
GENERATION = "lead_table"


def draw(lines: pd.DataFrame, *, now: int, narrow: bool, key: str) -> list[str]:
    """Draw one page of lines and return the leads that are picked in it."""
    records = lines.to_dict("records")
    shown = pd.DataFrame([_row(row, now=now) for row in records])
    tones = {
        cells: ledger_words.tone(row, now=now)
        for cells, row in zip(shown["clock"], records, strict=True)
    }
    shown["clock"] = [[words] for words in shown["clock"]]
    event = st.dataframe(
        shown,
        hide_index=True,
        column_order=NARROW if narrow else None,
        column_config=_columns(tones),
        on_select="rerun",
        selection_mode="multi-row",
        selection_default=_preset([str(row["complaint_id"]) for row in records]),
        key=f"leads-{key}-{state.recall(GENERATION) or '0'}",
        row_height=34,
        height=36 + 34 * max(len(records), 1) + 2,
        alt=text("线索表：编号、登记时间、渠道、类别、地点、摘要、时限、状态、承办"),
    )
    rows = [n for n in event["selection"]["rows"] if n < len(records)]
    return [str(records[n]["complaint_id"]) for n in rows]


def draw_list(lines: pd.DataFrame, *, now: int) -> list[str]:
    """Draw one page of lines as a list of cards with one button each."""
    picked = state.recall("lead")
    for row in lines.to_dict("records"):
        cells = _row(row, now=now)
        with st.container(border=True, gap="small"):
            st.markdown(f"**{messages.plain(cells['complaint_id'])}** · {cells['status']}")
            st.markdown(messages.plain(f"{cells['place']} {cells['summary']}"))
            st.caption(
                " · ".join(str(cells[name]) for name in ("channel", "topic", "clock", "likely")
                           if cells[name])
            )  # fmt: skip
            if st.button(text("打开"), key=f"open-{row['complaint_id']}", width="stretch"):
                picked = str(row["complaint_id"])
                state.remember("lead", picked)
    return [picked] if picked else []


def show(lead_id: str | None) -> None:
    """Make one lead the picked one at the next run, or none."""
    state.remember("lead", lead_id)
    state.remember(GENERATION, str(int(state.recall(GENERATION) or "0") + 1))


def moment(seconds: Any) -> str:
    """Return a stored moment as the table shows it."""
    return f"{datetime.fromtimestamp(int(seconds), TIME_ZONE):%m-%d %H:%M}"


def place(row: Any) -> str:
    """Return the place of a lead in words; sealed ones say only that they are."""
    if row["is_sealed"]:
        return text("（仅限名单可见）")
    return row["site_text"] or row["area_code"] or "—"


def _row(row: Any, *, now: int) -> dict[str, str]:
    clock = ledger_words.clock(row, now=now)
    tag = text("密封") if row["is_sealed"] else text("疑似重复") if row["n_likely"] else ""
    return {
        "complaint_id": str(row["complaint_id"]),
        "received": moment(row["received_at"]),
        "channel": messages.label("channel", row["channel"]) if row["channel"] else "—",
        "topic": messages.label("topic", row["topic"]) if row["topic"] else "—",
        "place": place(row),
        "summary": text("暗访件，内容密封") if row["is_sealed"] else row["summary"] or "—",
        "likely": tag,
        "clock": "—" if clock is None else messages.say(clock),
        "status": messages.label("status", row["status"]),
        "owner": row["owner"] or "—",
    }


def _columns(tones: Mapping[str, str]) -> dict[str, Any]:
    column = st.column_config.TextColumn
    return {
        "complaint_id": column(text("编号"), width=112, pinned=True),
        "received": column(text("登记时间"), width=92),
        "channel": column(text("渠道"), width=72),
        "topic": column(text("类别"), width=84),
        "place": column(text("地点"), width=140),
        "summary": column(text("摘要"), width=192),
        "likely": column(text("提示"), width=68),
        "clock": st.column_config.MultiselectColumn(
            text("时限"),
            width=132,
            options=list(tones),
            color=[_COLOURS[tone] for tone in tones.values()],
            disabled=True,
        ),
        "status": column(text("状态"), width=60),
        "owner": column(text("承办"), width=72),
    }


def _preset(ids: Sequence[str]) -> Any:
    wanted = state.recall("lead")
    rows = [ids.index(wanted)] if wanted in ids else []
    return {"selection": {"rows": rows}}
