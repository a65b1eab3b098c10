"""Do what was asked on the plan page, and say what came of it after the page ran again."""

import secrets
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from data.records import Plan
from errors import MedPatrolError
from ui import cached, messages, state
from ui.messages import text
from workflows import plan_edits, plan_life, plan_results
from workflows.plan_changes import Change
from workflows.plan_edits import Delta
from workflows.plan_life import Life

SAID = "plan_said"
REFUSED = "plan_refused"


def show_last() -> None:
    """Say what the last action did, or why it was refused."""
    said, refused = state.recall(SAID), state.recall(REFUSED)
    state.remember(SAID, None)
    state.remember(REFUSED, None)
    if refused is not None:
        st.error(messages.plain(refused), icon=":material/block:")
    if said is not None:
        st.success(messages.plain(said), icon=":material/check:")


def change(life: Life, what: Change, *, key: str) -> None:
    """Make an edit and run the page again."""

    def act() -> str:
        edited = plan_edits.change_plan(
            cached.store(), life.plan.plan_id, what, revision=life.revision, key=key,
            actor=cached.actor(), scope=cached.scope(), now=cached.now(),
            params=cached.settings().planning,
        )  # fmt: skip
        return delta_text(edited.delta)

    _do(act)


def step_back(life: Life, *, forward: bool) -> None:
    """Undo or redo the last edit and run the page again."""
    way = plan_edits.redo if forward else plan_edits.undo

    def act() -> str:
        edited = way(
            cached.store(), life.plan.plan_id, revision=life.revision,
            key=f"{life.revision}-{'redo' if forward else 'undo'}-{secrets.token_hex(4)}",
            actor=cached.actor(), scope=cached.scope(), now=cached.now(),
        )  # fmt: skip
        what = text("已重做") if forward else text("已撤销")
        return f"{what}。{delta_text(edited.delta)}"

    _do(act)


def take(life: Life, kind: str, *, reason: str | None = None) -> None:
    """Take the plan one step on and run the page again."""

    def act() -> str:
        plan_life.take_step(
            cached.store(), life.plan.plan_id, kind, revision=life.revision,
            key=f"{life.plan.plan_id}-{life.revision}-{kind}", actor=cached.actor(),
            scope=cached.scope(), now=cached.now(), reason=reason, with_paths=_with_paths,
        )  # fmt: skip
        return messages.say(plan_life.STEPS[kind].done)

    _do(act)


def enter(
    life: Life, visit_id: str, result: str, *, topics: Sequence[str], minutes: float | None
) -> None:
    """Enter the result of a visit and run the page again."""

    def act() -> str:
        plan_results.enter_result(
            cached.store(), life.plan.plan_id, visit_id, result,
            key=f"{life.plan.plan_id}-{visit_id}-{result}-{len(life.results)}",
            actor=cached.actor(), scope=cached.scope(), now=cached.now(), topics=topics,
            minutes=minutes,
        )  # fmt: skip
        return text("已录入，{n} 分钟内可撤回", n=plan_results.UNDO_MINUTES)

    _do(act)


def take_back(life: Life, visit_id: str) -> None:
    """Take a result back and run the page again."""

    def act() -> str:
        plan_results.undo_result(
            cached.store(), life.plan.plan_id, visit_id, actor=cached.actor(),
            scope=cached.scope(), now=cached.now(),
        )  # fmt: skip
        return text("已撤回检查结果")

    _do(act)


def delta_text(delta: Delta) -> str:
    """Return what a change did, in one line: value, travel, hours, rules."""
    parts = [
        text("价值 {v}", v=signed(delta.value / 100, 1)),
        text("路途 {n} 分钟", n=signed(delta.travel_s / 60, 0)),
        text("检查 {n} 分钟", n=signed(delta.on_site_s / 60, 0)),
    ]
    if delta.n_changed or delta.n_retimed:
        parts.append(text("改动 {a} 家次，另 {b} 家次改时间", a=delta.n_changed, b=delta.n_retimed))
    said = " · ".join(parts)
    if delta.warnings:
        said += "。" + text("提醒：{what}", what=messages.say(delta.warnings[0]))
        if len(delta.warnings) > 1:
            said += text("等 {n} 项", n=len(delta.warnings))
    return said


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, as differences are written."""
    shown = f"{abs(value):,.{digits}f}"
    if float(shown.replace(",", "")) == 0:
        return f"{0:.{digits}f}"
    return f"{'−' if value < 0 else '+'}{shown}"


def act_and_rerun(act: Callable[[], str]) -> None:
    """Do something, keep what it says or why it was refused, and run the page again."""
    _do(act)


def _do(act: Callable[[], str]) -> None:
    try:
        state.remember(SAID, act())
    except MedPatrolError as error:
        state.remember(REFUSED, messages.say(error))
    st.rerun()


def _with_paths(plan: Plan) -> Plan:
    """Draw the ways of changed routes, as far as roads are known."""
    from workflows import plan_ground

    return plan_ground.with_paths(
        cached.store(), plan, cached.settings().planning, scope=cached.scope()
    )


def results_of(life: Life) -> Mapping[str, str]:
    """Return the result of each visit that has one, as a label."""
    return {
        visit_id: messages.say(plan_results.RESULT_NAMES[found.result])
        for visit_id, found in life.results.items()
    }
