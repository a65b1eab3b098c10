"""The score card on screen: the verdict, its charts and tables, and how a replay is started."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from errors import MedPatrolError
from risk import backtest as figures
from risk import reliability, replay
from risk.baselines import MODEL
from ui import cached, messages, progress, score_card_charts, score_card_words, state
from ui.messages import text
from workflows import backtest
from workflows.backtest import BacktestRun

JOB = "backtest_job"


def draw_button(*, is_first: bool) -> None:
    """Draw the button that starts a replay with the minutes it will take, and its progress."""
    if cached.may(backtest.RIGHT) and not progress.is_under_way(backtest.KIND):
        as_of = cached.default_as_of()
        period = backtest.default_period(as_of)
        minutes = backtest.expected_minutes(period, cached.run())
        label = text("运行回测") if is_first else text("重新回测")
        about = text(
            "回放 {a} 至 {b}，每 {k} 周一个时点，约需 {n} 分钟；可以离开本页",
            a=period.from_on.isoformat(), b=period.to_on.isoformat(),
            k=period.every_weeks, n=minutes,
        )  # fmt: skip
        if st.button(label, type="primary" if is_first else "secondary", help=about):
            _start(period)
        if is_first:
            st.caption(about)
    progress.follow(JOB, kind=backtest.KIND, draw_result=None)


def _start(period: backtest.Period) -> None:
    try:
        job_id = backtest.request_backtest(
            cached.store(), period, scope=cached.scope(), actor=cached.actor(), now=cached.now(),
            key=f"backtest-{cached.version()}-{period}-{state.district()}",
        )  # fmt: skip
    except MedPatrolError as error:
        messages.show_error(error)
        return
    state.remember(JOB, job_id)
    st.rerun()


def draw_verdict(run: BacktestRun, rows: pd.DataFrame, target: str) -> None:
    """Draw the one sentence: may the map be trusted, with the numbers behind it."""
    told: Mapping[str, Any] = run.summary["verdicts"][target]
    first = score_card_words.verdict(told, target)
    line = score_card_words.found(told, target) if told["n_finds"] else ""
    remote = _one(rows, replay.REMOTE, MODEL, "capture", at=figures.MAIN_SHARE)
    if target == replay.SITES and remote is not None and remote["n"] >= figures.LEAST_FINDS:
        line += text("偏远地区为 {p}。", p=score_card_words.percent(remote["value"]))
    word = _check_word(rows, replay.ALL)
    if word is not None:
        line += text("概率：{word}。", word=score_card_words.check(word))
    draw = {
        figures.AHEAD: st.success,
        figures.LEVEL: st.info,
        figures.BEHIND: st.error,
        figures.TOO_FEW: st.warning,
    }[told["verdict"]]
    draw(f"**{messages.plain(first)}**\n\n{messages.plain(line)}")


def _one(
    rows: pd.DataFrame, stratum: str, method: str, measure: str, *, at: float | None = None
) -> dict[str, Any] | None:
    some = rows[
        rows["origin_on"].isna() & (rows["stratum"] == stratum)
        & (rows["method"] == method) & (rows["measure"] == measure)
    ]  # fmt: skip
    if at is not None:
        some = some[(some["at"] - at).abs() < 1e-9]
    return None if some.empty else dict(some.iloc[0])


def _check_word(rows: pd.DataFrame, stratum: str) -> str | None:
    for arm in (reliability.RANDOM_ARM, reliability.ANY_ARM):
        said, found, power = (
            _one(rows, stratum, MODEL, f"{what}_{arm}") for what in ("said", "found", "power")
        )
        if said is not None and found is not None and power is not None:
            return reliability.verdict(said["lo"], said["hi"], found["value"], power["value"])
    return None


def draw_captures(rows: pd.DataFrame, target: str) -> None:
    """Draw what was found in the top 5 %, everywhere and in remote areas."""
    some = rows[
        rows["origin_on"].isna() & (rows["measure"] == "capture")
        & ((rows["at"] - figures.MAIN_SHARE).abs() < 1e-9)
    ]  # fmt: skip
    title = text("前 5 % 网格找到多少") if target == replay.SITES else text("前 5 % 机构查到多少")
    st.subheader(title, anchor=False)
    strata = [replay.ALL, replay.REMOTE]
    shown = {code: some[some["stratum"] == code] for code in strata}
    shown = {code: part for code, part in shown.items() if len(part)}
    n = int(shown[replay.ALL]["n"].iloc[0]) if replay.ALL in shown else 0
    st.caption(text("点为平均，横线为 90 % 区间；共 {n} 处后来查实", n=n))
    if not shown:
        st.info(text("这段时间没有后来查实的记录"))
        return
    columns = st.columns(len(shown))
    for column, (code, part) in zip(columns, shown.items(), strict=True):
        with column:
            st.caption(text("{area}，%，{n} 处", area=score_card_words.stratum(code),
                            n=int(part["n"].iloc[0])))  # fmt: skip
            top = 100.0 * min(1.0, float(part[["value", "hi"]].max().max()) * 1.15 + 0.02)
            table, spec = score_card_charts.intervals(part, top=top)
            st.vega_lite_chart(table, spec, theme=None, alt=f"{title}，90 %")


def draw_curve(rows: pd.DataFrame, target: str) -> None:
    """Draw the curve of what is found when one walks more."""
    st.subheader(text("多走一些，多找多少"), anchor=False)
    st.caption(text("同一批查实，按各办法的先后顺序走；阴影为本系统的 90 % 区间"))
    some = rows[
        rows["origin_on"].isna() & (rows["measure"] == "capture") & (rows["stratum"] == replay.ALL)
    ]
    if some.empty:
        st.info(text("这段时间没有后来查实的记录"))
        return
    x_title = text("走到的网格占比，%") if target == replay.SITES else text("查到的机构占比，%")
    spec = score_card_charts.curves(some, x_title=x_title, y_title=text("后来查实占比，%"))
    alt = text("走到的占比与后来查实的占比，各办法一条线；数字见下表")
    st.echarts_chart(spec, height=300, renderer="svg", alt=alt)
    with st.expander(text("数字表")):
        table = some[some["at"].isin([0.01, 0.02, 0.05, 0.10, 0.20])].copy()
        names = {code: score_card_words.method(code) for code in dict.fromkeys(table["method"])}
        table["cell"] = [
            score_card_words.with_interval(row.value, row.lo, row.hi)
            for row in table.itertuples()
        ]  # fmt: skip
        wide = table.pivot_table(
            index="method", columns="at", values="cell", aggfunc="first"
        ).reindex(list(names))
        wide.columns = [f"{100 * at:.0f} %" for at in wide.columns]
        wide.insert(0, text("办法"), [names[code] for code in wide.index])
        st.dataframe(wide, hide_index=True, alt=alt)


def draw_reliability(rows: pd.DataFrame) -> None:
    """Draw whether the probabilities were right."""
    st.subheader(text("说的概率准不准"), anchor=False)
    some = rows[rows["measure"] == "reliability"]
    if some.empty:
        st.info(text("这段时间没有可对照概率的到访"))
        return
    random_only = not rows[rows["measure"] == f"said_{reliability.RANDOM_ARM}"].empty
    n = int(some["n"].sum())
    st.caption(
        text("只用随机样本，{n} 家次；虚线为完全准确", n=n)
        if random_only
        else text("随机样本不足，用全部到访，{n} 家次；去的多是可疑的地方，仅供参考", n=n)
    )
    table, spec = score_card_charts.reliability(some)
    alt = text("预计概率与实际查实的对照，点为各档，竖线为 90 % 区间；数字见下表")
    st.vega_lite_chart(table, spec, theme=None, alt=alt)
    with st.expander(text("数字表")):
        st.dataframe(
            pd.DataFrame(
                {
                    text("预计概率"): [f"{value:.1f} %" for value in table["at"]],
                    text("实际查实"): [f"{value:.1f} %" for value in table["value"]],
                    text("90 % 区间"): [
                        f"{lo:.1f}–{hi:.1f} %"
                        for lo, hi in zip(table["lo"], table["hi"], strict=True)
                    ],
                    text("家次"): table["n"],
                }
            ),
            hide_index=True,
            alt=alt,
        )
