"""The random arm on screen: what was drawn and why, the estimate beside the model, the alarm."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from data.scope import Scope
from errors import MedPatrolError
from risk.exploration import Alarm
from ui import cached, messages
from ui.messages import text
from workflows import exploration
from workflows.exploration import Report
from workflows.reading import ScoreRun


def is_of_one(scope: Scope) -> bool:
    """Return whether the reader looks at all districts or at one, of which a report is kept."""
    return scope.districts is None or len(scope.districts) == 1


def draw(told: Report | None) -> None:
    """Draw the three blocks of the random arm, or why there are none."""
    st.subheader(text("随机到访：没人怀疑的地方有什么"), anchor=False)
    st.caption(text("随机抽取，不是怀疑。抽中的网格必须去，没去成的记为未答，不能换。"))
    if told is None:
        st.caption(
            text("还没有随机到访的统计。评分后自动计算，也可以现在查找。")
            if is_of_one(cached.scope())
            else text("随机到访按全市或单个区县统计，请选一个区县。")
        )
        return
    first, second, third = st.columns(3)
    with first:
        _estimate(told)
    with second:
        _model(told)
    with third:
        _alarm(told.alarm)
    _drawn(told)


def _estimate(told: Report) -> None:
    found = told.estimate
    label = text("随机到访的发现率")
    if found.share is None or found.lo is None or found.hi is None:
        messages.card(label, "—", text("近 52 周没有完成的随机到访，还不能估计"))
        return
    line = text(
        "90 % 区间 {lo}–{hi}；{made} / {drawn} 次完成，{found} 次有发现",
        lo=messages.percent(found.lo), hi=messages.percent(found.hi), made=found.n_made,
        drawn=found.n_drawn, found=found.n_found,
    )  # fmt: skip
    if found.n_made < found.n_drawn and found.lowest is not None and found.highest is not None:
        missed = text(
            "未答 {n} 次按同类补权；若全无发现 {lo}，若全有发现 {hi}",
            n=found.n_drawn - found.n_made, lo=messages.percent(found.lowest),
            hi=messages.percent(found.highest),
        )  # fmt: skip
        line = f"{line} · {missed}"
    messages.card(label, messages.percent(found.share), line)


def _model(told: Report) -> None:
    label = text("模型预计的发现率")
    if told.model_share is None or told.model_cells is None:
        messages.card(label, "—", text("没有可评分的网格"))
        return
    line = text(
        "每格排查一次，{n} 个网格预计 {v} 个有发现", n=told.n_cells, v=round(told.model_cells)
    )
    found = told.estimate
    if told.by_cell and found.lo is not None and found.hi is not None:
        at_random = text(
            "按随机到访推算 {lo}–{hi} 个", lo=round(found.lo * told.n_cells),
            hi=round(found.hi * told.n_cells),
        )  # fmt: skip
        line = f"{line} · {at_random}"
    messages.card(label, messages.percent(told.model_share), line)


def _alarm(alarm: Alarm) -> None:
    states = {
        "agrees": text("一致"),
        "too_low": text("模型低估"),
        "too_high": text("模型高估"),
        "too_few": text("样本不足"),
    }
    counted = text(
        "{n} 次有事先预测：发现 {a}，预计 {m}（允许 {lo}–{hi}）", n=alarm.n_visits,
        a=alarm.observed, m=f"{alarm.predicted:.1f}", lo=alarm.lo, hi=alarm.hi,
    )  # fmt: skip
    power = text(
        "若实际是模型的 2 倍，有 {p} 的机会发现；若只有一半，{q}",
        p=messages.percent(alarm.power_low), q=messages.percent(alarm.power_high),
    )  # fmt: skip
    more = ""
    if alarm.n_more is None and alarm.power_low < 0.5:
        more = text("模型自身的区间太宽，再多随机到访也难分辨")
    if alarm.n_more is not None:
        more = text("要有把握，还需约 {n} 次随机到访", n=alarm.n_more)
    messages.card(
        text("随机样本检验"),
        states[alarm.state],
        " · ".join(part for part in (counted, power, more) if part),
    )


def _drawn(told: Report) -> None:
    week = messages.week_title(told.week_start)
    st.markdown("**" + text("{week} 抽中 {n} 格", week=week, n=len(told.week)) + "**")
    if told.week.empty:
        st.caption(text("本周还没有抽取。评分后自动抽取。"))
        return
    for drawn in told.draws[:1]:
        st.caption(_how(drawn, sum(d["n_frame"] for d in told.draws)))
    st.dataframe(
        pd.DataFrame(
            {
                text("地点"): [name or "—" for name in told.week["area_name"]],
                text("为何抽中"): [stratum_name(name) for name in told.week["stratum"]],
                text("入样概率，%"): (100 * told.week["inclusion_prob"]).round(2),
                text("模型预计，%"): (100 * told.week["predicted"].astype(float)).round(1),
                text("状态"): [
                    text("待到访") if pd.isna(at) else text("未答") for at in told.week["missed_at"]
                ],
            }
        ),
        hide_index=True,
        height=320,
        alt=text("本周抽中的网格"),
    )


def _how(drawn: Mapping[str, Any], n_frame: int) -> str:
    return text(
        "名单 {n} 格，种子 {seed}，名单校验 {hash}；"
        "偏远和从未排查的网格概率较高，任何人可据此重抽核对",
        n=n_frame, seed=str(drawn["seed"]), hash=drawn["frame_hash"][:8],
    )  # fmt: skip


def stratum_name(stratum: str) -> str:
    """Return a stratum in words."""
    words = {
        "urban": text("城区"),
        "fringe": text("城乡结合部"),
        "rural": text("乡村"),
        "unknown": text("未分类"),
        "remote": text("偏远"),
        "near": text("较近"),
        "unsearched": text("从未排查"),
        "searched": text("曾排查"),
    }
    parts = [words[part] for part in stratum.split("-") if part in words]
    return text("随机") + " · " + " · ".join(parts)


def offer_draw(run: ScoreRun, told: Report) -> None:
    """Draw the button for the week's draw of the chosen district, where it is still to be made."""
    scope = cached.scope()
    codes = sorted(scope.districts or ())
    if len(codes) != 1 or told.draws or not cached.may("draws.run"):
        return
    if st.button(text("抽取下周随机到访"), key="draw_week"):
        settings = cached.settings()
        try:
            exploration.draw_week(
                cached.store(), codes[0], settings.exploration,
                candidates=settings.planning.candidates, capacity=settings.capacity(),
                week_start=told.week_start, scope=scope, as_of=run.as_of, actor=cached.actor(),
                now=cached.now(),
            )  # fmt: skip
        except MedPatrolError as error:
            messages.show_error(error)
        else:
            st.rerun()
