"""Where a plan stands, who did what, and the steps that the reader may take now."""

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import cached, messages, plan_actions
from ui.messages import text
from workflows import plan_edits
from workflows.plan_life import STEPS, Life, Step, possible_steps, submitter

PRIMARY = ("submit", "approve", "release", "finish")


def draw(life: Life) -> None:
    """Draw the state, what was done against what was planned, and the buttons."""
    bar = st.container(horizontal=True, vertical_alignment="center", gap="small")
    state = messages.say(plan_edits.STATE_NAMES[life.plan.status])
    bar.markdown(f"**{state}** · {text('第 {n} 版', n=life.revision)}", width="content")
    line = _line(life)
    if line:
        bar.caption(line, width="stretch")
    else:
        bar.space("stretch")
    may_edit = cached.may("plans.write") and life.plan.status in plan_edits.OPEN
    if may_edit:
        if bar.button(text("撤销"), disabled=not life.can_undo, key="plan-undo"):
            plan_actions.step_back(life, forward=False)
        if bar.button(text("重做"), disabled=not life.can_redo, key="plan-redo"):
            plan_actions.step_back(life, forward=True)
    for step in possible_steps(life, cached.visitor().rights, cached.actor()):
        _button(bar, life, step)
    _history(life)


def _button(bar: DeltaGenerator, life: Life, step: Step) -> None:
    name = messages.say(step.name)
    main: Literal["primary", "secondary"] = "primary" if step.kind in PRIMARY else "secondary"
    if step.kind in {"submit", "recall", "drop_changes"}:
        if bar.button(name, type=main, key=f"plan-{step.kind}"):
            plan_actions.take(life, step.kind)
        return
    # what leaves the house, or sends work back, is asked once more
    with bar.popover(name, type=main, key=f"plan-{step.kind}"):
        reason = None
        if step.kind == "return":
            reason = st.text_input(text("理由"), max_chars=200, placeholder=text("写明要改什么"))
        st.caption(_question(step))
        if st.button(text("确认{step}", step=name), type="primary", key=f"plan-{step.kind}-yes"):
            plan_actions.take(life, step.kind, reason=reason)


def _question(step: Step) -> str:
    return {
        "approve": text("批准后由计划员发布，各队按此出勤"),
        "return": text("计划回到草案，提交人会看到理由"),
        "release": text("发布后各队按此版本出勤；以后的改动须再次发布"),
        "finish": text("抽中而未到访的记为未到访，不再录入结果"),
    }.get(step.kind, "")


def _line(life: Life) -> str:
    """Return what the reader must know of the state in one line."""
    status, tally = life.plan.status, life.tally
    if status == "submitted" and submitter(life.events) == cached.actor():
        return text("您提交的计划须由另一人批准")
    if status == "patched":
        return text("各队仍按第 {n} 版出勤；改动发布后生效", n=life.in_force or 0)
    if status in {"released", "done"}:
        parts = [text("已完成 {a} / {b} 家次", a=tally.n_done, b=tally.n_planned)]
        if tally.not_done:
            parts.append(
                text(
                    "未完成 {n}：闭门 {a}、搬迁 {b}、拒检 {c}",
                    n=sum(tally.not_done.values()),
                    a=tally.not_done.get("closed_door", 0),
                    b=tally.not_done.get("moved", 0),
                    c=tally.not_done.get("refused", 0),
                )
            )
        return " · ".join(parts)
    returned = [event for event in life.events if event.kind == "return"]
    if status == "draft" and returned and life.events[-1] is returned[-1]:
        return text("退回理由：{reason}", reason=messages.plain(returned[-1].reason or ""))
    return ""


def _history(life: Life) -> None:
    if not life.events:
        return
    with st.expander(text("经过 {n} 步", n=len(life.events))):
        for event in life.events:
            said = messages.say(STEPS[event.kind].done) if event.kind in STEPS else event.kind
            reason = f" · {event.reason}" if event.reason else ""
            who = f"{messages.when(event.at)} · {event.actor}"
            st.text(f"{who} · {said} · {text('第 {n} 版', n=event.revision)}{reason}")
