"""The words of the score card: methods, groups of places, verdicts and what to do about them."""

from collections.abc import Mapping
from math import isnan
from typing import Any

from risk import backtest, baselines, reliability, replay
from ui.messages import text


def method(code: str) -> str:
    """Return the name of a way to choose where to look."""
    names = {
        baselines.MODEL: text("本系统"),
        baselines.AGE: text("距上次到访"),
        baselines.DENSITY: text("举报热度（核密度）"),
        baselines.COUNT: text("举报数"),
        baselines.OWN_RATE: text("以往查实率"),
        baselines.RANDOM: text("随机"),
    }
    return names.get(code, code)


def stratum(code: str) -> str:
    """Return the name of a group of places."""
    names = {
        replay.ALL: text("全部"),
        replay.URBAN: text("主城区"),
        replay.FRINGE: text("城乡结合部"),
        replay.TOWN: text("镇区"),
        replay.VILLAGE: text("村庄"),
        replay.REMOTE: text("偏远地区"),
    }
    return names.get(code, code)


def check(code: str) -> str:
    """Return the word for a check of the probabilities."""
    return {
        reliability.AGREES: text("一致"),
        reliability.TOO_LOW: text("模型低估"),
        reliability.TOO_HIGH: text("模型高估"),
        reliability.TOO_FEW: text("样本不足"),
    }[code]


def percent(share: float) -> str:
    """Return a share as whole percent; it is a count over a count and may be none or all."""
    return "—" if isnan(share) else f"{100 * share:.0f} %"


def with_interval(value: float, lo: float, hi: float) -> str:
    """Return a share with its interval, or alone where there is none."""
    if isnan(value):
        return "—"
    if isnan(lo) or isnan(hi):
        return percent(value)
    return text("{p}（{lo}–{hi}）", p=percent(value), lo=f"{100 * lo:.0f}", hi=percent(hi))


def verdict(told: Mapping[str, Any], target: str) -> str:
    """Return the one sentence that says whether the order of places may be trusted."""
    if told["verdict"] == backtest.TOO_FEW:
        if target == replay.SITES:
            return text(
                "还不能下结论：这段时间后来查实的点位只有 {n} 处，至少要 {m} 处",
                n=told["n_finds"], m=backtest.LEAST_FINDS,
            )  # fmt: skip
        return text(
            "还不能下结论：这段时间查实的机构只有 {n} 家，至少要 {m} 家",
            n=told["n_finds"], m=backtest.LEAST_FINDS,
        )  # fmt: skip
    words = {
        backtest.AHEAD: text("可以信任先后顺序：比最好的简单办法多找到"),
        backtest.LEVEL: text("与最好的简单办法分不出高下：相差"),
        backtest.BEHIND: text("先后顺序不可靠：不如最好的简单办法，相差"),
    }[told["verdict"]]
    return text(
        "{words} {d} 个百分点（90 % 区间 {lo} 至 {hi}）",
        words=words, d=points(told["lead"]), lo=points(told["lead_lo"]),
        hi=points(told["lead_hi"]),
    )  # fmt: skip


def found(told: Mapping[str, Any], target: str) -> str:
    """Return the sentence with the numbers behind the verdict."""
    values = {
        "p": percent(told["capture"]),
        "q": percent(told["capture_best_simple"]),
        "name": method(told["best_simple"]),
    }
    if target == replay.SITES:
        return text(
            "走风险最高的 5 % 网格，能找到后来查实点位的 {p}；按{name}走为 {q}，随机走 5 %。",
            **values,
        )
    return text(
        "先查风险最高的 5 % 机构，能查到后来查实机构的 {p}；按{name}查为 {q}，随机查 5 %。",
        **values,
    )


def points(share: float) -> str:
    """Return a difference of shares in percentage points, with its sign."""
    return f"{100 * share:+.0f}".replace("-", "−")


def measures() -> dict[str, tuple[str, str]]:
    """Return measure → (name, the question it answers)."""
    return {
        "pai": (text("预测精度指数 PAI（5 %）"), text("比闭眼走同样面积多找到几倍？")),
        "pei": (text("预测效率指数 PEI（5 %）"), text("达到事后最佳走法的几成？")),
        "auc_within_inspector": (
            text("同一检查人员内的 AUC"),
            text("同一人同一时段去过的地方里，查实的是否排在前面？0.5 为瞎猜"),
        ),
        "finds_per_hour": (
            text("每工时查实（前 10 %）"),
            text("在各办法所指的地方，实际花的一小时查实几起？"),
        ),
    }
