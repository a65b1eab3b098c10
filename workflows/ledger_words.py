"""The ledger's codes as words: states, clocks and acts in the reader's language."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from data.records import Message
from data.schema import TIME_ZONE

DAY_S, HOUR_S = 86_400, 3600
ACTION_NAMES = {"direct": "直查直办", "hand_over": "转办", "transfer": "移送", "return": "退回"}
ACT_NAMES = {
    "register": "登记", "triage": "研判", "assign": "交办", "receipt": "对方签收",
    "reply": "对方回复", "extend": "延期", "close": "办结", "reopen": "重新办理", "note": "备注",
    "link": "并为一处", "apart": "确认不是同一处", "convert": "转为案件", "undo": "撤回",
}  # fmt: skip
CLOCK_NAMES = {"triage": "研判", "answer": "办结", "receipt": "签收", "reply": "回复"}


def span(seconds: int) -> Message:
    """Return a duration: days and hours, or hours and minutes when short."""
    minutes = max(int(seconds), 0) // 60
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days >= 3 or (days and not hours):
        return Message("{d} 天", {"d": days})
    if days:
        return Message("{d} 天 {h} 小时", {"d": days, "h": hours})
    if hours:
        return Message("{h} 小时 {m} 分", {"h": hours, "m": minutes % 60})
    return Message("{m} 分钟", {"m": minutes})


def clock(row: Mapping[str, Any], *, now: int) -> Message | None:
    """Return what the running clock says: time left, due today, or how late."""
    due = row["due_at"]
    if due is None or due != due:
        return None
    due = int(due)
    if due < now:
        return Message("超期 {t}", {"t": span(now - due)})
    local = datetime.fromtimestamp(due, TIME_ZONE)
    if _day_of(due) == _day_of(now):
        kind = Message(CLOCK_NAMES[str(row["clock"])])
        return Message("今日 {hhmm} {kind}", {"hhmm": f"{local:%H:%M}", "kind": kind})
    return Message("剩 {t}", {"t": span(due - now)})


def tone(row: Mapping[str, Any], *, now: int) -> str:
    """Return ``late``, ``amber``, ``running`` or ``none``: what the clock's colour says."""
    due, amber = row["due_at"], row["amber_at"]
    if due is None or due != due:
        return "none"
    if int(due) < now:
        return "late"
    return "amber" if int(amber) <= now or _day_of(int(due)) == _day_of(now) else "running"


def _day_of(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, TIME_ZONE).date()


def act(shown: Mapping[str, Any]) -> Message:
    """Return one line of the timeline: what was done, to whom, until when."""
    kind = str(shown["kind"])
    template, names = _LINES.get(kind, ("", ()))
    if kind == "triage":
        return _triage(shown["detail"])
    if not template:
        return Message(ACT_NAMES.get(kind, "备注"))
    values = {name: shown["detail"].get(key) for name, key in names}
    if kind == "undo":
        values = {"name": Message(ACT_NAMES.get(str(values["name"]), "备注"))}
    return Message(template, values)


_LINES: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "register": ("登记：{channel}", (("channel", "channel"),)),
    "assign": ("交办：{who}", (("who", "owner"),)),
    "extend": ("延期 {days} 个工作日，至 {date}", (("days", "days"), ("date", "due_on"))),
    "close": ("办结：{outcome}", (("outcome", "outcome"),)),
    "link": ("并为一处：{id}", (("id", "other"),)),
    "apart": ("不是同一处：{id}", (("id", "other"),)),
    "convert": ("转为案件 {id}", (("id", "case_id"),)),
    "file": ("导入文件称：{status}，以台账为准", (("status", "status"),)),
    "undo": ("撤回：{name}", (("name", "kind"),)),
}
"""Kind of act → its line and where the line's values stand in the act's detail."""


def _triage(detail: Mapping[str, Any]) -> Message:
    action = Message(ACTION_NAMES[detail["action"]])
    who = detail.get("unit") or detail.get("owner")
    on = detail.get("due_on")
    if detail.get("late"):
        return Message("研判：{action}（已超过退回时限）", {"action": action})
    if who and on:
        return Message(
            "研判：{action}，{who}，时限 {date}", {"action": action, "who": who, "date": on}
        )
    if on:
        return Message("研判：{action}，时限 {date}", {"action": action, "date": on})
    return Message("研判：{action}", {"action": action})
