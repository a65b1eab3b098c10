"""The tables of the score card: reliability per group of places, measures, weeks, weak points."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from risk import backtest as figures
from risk import reliability, replay
from risk.baselines import MODEL
from ui import score_card_words
from ui.messages import text


def _check(rows: pd.DataFrame, stratum: str, arm: str) -> dict[str, float] | None:
    some = rows[
        (rows["stratum"] == stratum) & (rows["method"] == MODEL) & rows["origin_on"].isna()
    ].drop_duplicates("measure").set_index("measure")  # fmt: skip
    if f"said_{arm}" not in some.index:
        return None
    said = some.loc[f"said_{arm}"]
    return {
        "n": float(said["n"]), "said": float(said["value"]), "lo": float(said["lo"]),
        "hi": float(said["hi"]), "found": float(some.loc[f"found_{arm}", "value"]),
        "power": float(some.loc[f"power_{arm}", "value"]),
    }  # fmt: skip


def arm_of(rows: pd.DataFrame) -> str:
    """Return whether random visits alone judge the probabilities, or all of them."""
    is_random = (rows["measure"] == f"said_{reliability.RANDOM_ARM}").any()
    return reliability.RANDOM_ARM if is_random else reliability.ANY_ARM


def draw_strata(rows: pd.DataFrame) -> None:
    """Draw per group of places: what was caught, and whether the finds agree with what was said."""
    arm = arm_of(rows)
    title = text("随机样本检验") if arm == reliability.RANDOM_ARM else text("各类地区的可靠程度")
    st.subheader(title, anchor=False)
    captured = rows[
        rows["origin_on"].isna() & (rows["measure"] == "capture")
        & (rows["method"] == MODEL)
        & ((rows["at"] - figures.MAIN_SHARE).abs() < 1e-9)
    ].set_index("stratum")  # fmt: skip
    table = []
    for code in (replay.ALL, *replay.STRATA):
        check = _check(rows, code, arm)
        if check is None and code not in captured.index:
            continue
        one = captured.loc[code] if code in captured.index else None
        row = {
            text("范围"): score_card_words.stratum(code),
            text("前 5 % 找到"): "—"
            if one is None
            else score_card_words.with_interval(
                float(one["value"]), float(one["lo"]), float(one["hi"])
            ),
            text("后来查实，处"): 0 if one is None else int(one["n"]),
        }
        row |= {
            text("到访，家次"): 0 if check is None else int(check["n"]),
            text("预计查实，起（90 % 区间）"): "—"
            if check is None
            else f"{check['said']:.1f}（{check['lo']:.0f}–{check['hi']:.0f}）",
            text("实际，起"): "—" if check is None else f"{check['found']:.0f}",
            text("结论"): "—" if check is None else _word(check),
        }
        table.append(row)
    if not table:
        st.info(text("这段时间没有可对照的到访"))
        return
    st.dataframe(pd.DataFrame(table), hide_index=True, alt=title)
    note = (
        text("随机样本是唯一不受“只去怀疑的地方”影响的数")
        if arm == reliability.RANDOM_ARM
        else text("没有足够的随机到访；以下对照受“只去怀疑的地方”影响")
    )
    st.caption(note)


def _word(check: dict[str, float]) -> str:
    return score_card_words.check(
        reliability.verdict(check["lo"], check["hi"], check["found"], check["power"])
    )


def draw_weak_points(rows: pd.DataFrame) -> None:
    """Draw what the model does badly, each with its numbers and what can be done."""
    st.subheader(text("做得不好的地方"), anchor=False)
    arm = arm_of(rows)
    table = []
    for code in replay.STRATA:
        check = _check(rows, code, arm)
        if check is not None:
            table += _of_check(code, check)
        lead = rows[
            rows["origin_on"].isna() & (rows["measure"] == "lead") & (rows["stratum"] == code)
        ]
        if len(lead) and lead["hi"].iloc[0] < 0 and lead["n"].iloc[0] >= figures.LEAST_FINDS:
            table.append(
                _weak(
                    code,
                    text(
                        "前 5 % 比{name}少找到 {d} 个百分点",
                        name=score_card_words.method(str(lead["method"].iloc[0])),
                        d=f"{-100 * lead['value'].iloc[0]:.0f}",
                    ),
                    text("此类地区同时看该办法的名单"),
                )
            )
    if not table:
        st.caption(text("各类地区均未发现明显偏差；样本不足的地区尚不能判断"))
        return
    st.dataframe(pd.DataFrame(table), hide_index=True, alt=text("做得不好的地方"))


def _of_check(code: str, check: dict[str, float]) -> list[dict[str, str]]:
    word = reliability.verdict(check["lo"], check["hi"], check["found"], check["power"])
    numbers = text("查实 {a} 起，预计 {b} 起", a=f"{check['found']:.0f}", b=f"{check['said']:.1f}")
    advice = {
        reliability.TOO_LOW: text("提高此类地区的探查比例，重新评分后再看"),
        reliability.TOO_HIGH: text("按名次用，不按概率用，待更多随机样本"),
        reliability.TOO_FEW: text("样本不足，增加此类地区的随机探查"),
    }
    return [_weak(code, numbers, advice[word])] if word in advice else []


def _weak(code: str, how_much: str, advice: str) -> dict[str, str]:
    return {
        text("情形"): score_card_words.stratum(code),
        text("差多少"): how_much,
        text("怎么应对"): advice,
    }


def draw_measures(rows: pd.DataFrame, methods: Sequence[str]) -> None:
    """Draw the other measures of every method, each with the question it answers."""
    table = []
    for measure, (name, question) in score_card_words.measures().items():
        some = rows[
            rows["origin_on"].isna() & (rows["measure"] == measure)
            & (rows["stratum"] == replay.ALL)
        ]  # fmt: skip
        if measure in {"pai", "pei"}:
            some = some[(some["at"] - figures.MAIN_SHARE).abs() < 1e-9]
        if some.empty:
            continue
        by_method = some.set_index("method")
        row = {text("指标"): name, text("回答什么问题"): question}
        for code in methods:
            row[score_card_words.method(code)] = (
                _figure(by_method.loc[code]) if code in by_method.index else "—"
            )
        table.append(row)
    scores = {
        name: rows[rows["measure"] == name]["value"].iloc[0]
        for name in ("brier", "brier_base")
        if (rows["measure"] == name).any()
    }
    if table:
        st.dataframe(pd.DataFrame(table), hide_index=True, alt=text("各项指标"))
    if len(scores) == 2:
        st.caption(
            text(
                "概率误差（布里尔分）{a}，一律说平均数为 {b}；越小越好",
                a=f"{scores['brier']:.3f}", b=f"{scores['brier_base']:.3f}",
            )
        )  # fmt: skip


def _figure(row: pd.Series) -> str:
    value, lo, hi = float(row["value"]), float(row["lo"]), float(row["hi"])
    if pd.isna(value):
        return "—"
    return f"{value:.2f}" if pd.isna(lo) else f"{value:.2f}（{lo:.2f}–{hi:.2f}）"


def draw_weeks(rows: pd.DataFrame, methods: Sequence[str]) -> None:
    """Draw every origin: its visits, what was found later, and what each method caught."""
    each = rows[rows["origin_on"].notna()]
    table = []
    for day in sorted(each["origin_on"].unique(), reverse=True):
        some = each[each["origin_on"] == day]
        visits = some[some["measure"] == "visits"].iloc[0]
        caught = some[some["measure"] == "capture"].set_index("method")
        row = {
            text("时点"): day,
            text("到访，家次"): int(visits["n"]),
            text("其中查实，起"): int(visits["value"]),
            text("后来查实，处"): int(caught["n"].iloc[0]),
        }
        for code in methods:
            row[score_card_words.method(code)] = score_card_words.percent(
                float(caught.loc[code, "value"])
            )
        table.append(row)
    st.dataframe(pd.DataFrame(table), hide_index=True, alt=text("各时点前 5 % 找到多少"))
