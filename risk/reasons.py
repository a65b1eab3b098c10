"""The sentences that go with the parts of a score (wording: the product's fixed list)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.cells import CellScores
from risk.explain import Sentence, reasons_json
from risk.facilities import FacilityScores
from risk.features import Floats
from risk.params import ScoringParams
from risk.places import Places

_RING_KM = {6: 6.5, 7: 2.4, 8: 0.92, 9: 0.35}
"""Kilometres between the centres of neighbouring cells, by resolution."""
_LONG_DAYS = 365
_UNSEEN_DAYS = 180
_FEW_REPORTS = 1.0
_FAR_KM = 3.0
"""From so far on the way to lawful care is what one tells of a place."""
_TOLD_CLOSED = 0.002
"""Smallest change of the expected sites that is worth a sentence without a number."""
_TOLD_NEAR = 0.002
"""Smallest change of a facility's probability by its neighbourhood that is worth a sentence."""


def cell_reasons(
    cells: Places, scores: CellScores, n_facilities: Floats, params: ScoringParams
) -> NDArray[np.object_]:
    """Return the reasons of every cell as JSON text; contributions add up to its mean."""
    ring_km = _rounded_km(params.cells.displaced_rings * _RING_KM.get(cells.resolution, 0.92))
    days = round(params.cells.recent_days)
    by_facility = scores.uses_all_finds
    texts = []
    for i in range(len(cells.cells)):
        parts = scores.parts[:, i].tolist()
        if by_facility:
            sentences = _of_facilities(cells, scores, i, n_facilities, parts)
        else:
            sentences = [
                _place(cells, scores, i, n_facilities),
                _reports(scores, i, parts[1], days),
                _closures(scores, i, parts[2], ring_km),
                _looks(scores, i),
                _found(scores, i, parts[4]),
                _other_methods(parts[5]),
            ]
        texts.append(reasons_json(sentences, parts))
    return np.array(texts, dtype=object)


def facility_reasons(active: pd.DataFrame, scores: FacilityScores) -> NDArray[np.object_]:
    """Return the reasons of every facility as JSON text; contributions add up to its p."""
    kinds = active["kind"].to_numpy(object)
    grades = active["risk_grade"].to_numpy(object)
    expiry = [None if pd.isna(day) else day.date().isoformat() for day in active["licence_expiry"]]
    texts = []
    for i in range(len(active)):
        parts = scores.parts[:, i].tolist()
        n_reports = int(np.ceil(scores.n_reports[i]))
        sentences: list[Sentence | None] = [
            ("同类机构平均：{facility_kind}", {"facility_kind": kinds[i]}),
            _history(scores, i),
            _age(scores.days_unseen[i]),
            ("近期有 {n} 件举报指向该机构", {"n": n_reports}) if n_reports else None,
            ("许可 {date} 到期", {"date": expiry[i]})
            if scores.expired[i] or (scores.ends_soon[i] and abs(parts[4]) >= _TOLD_NEAR)
            else None,
            ("风险等级 {risk_grade}", {"risk_grade": grades[i]}) if parts[5] else None,
            _neighbourhood(parts[6]),
            None,
        ]
        texts.append(reasons_json(sentences, parts))
    return np.array(texts, dtype=object)


def _rounded_km(km: float) -> float:
    return _plain(km) if km < 10 else round(km)


def _place(cells: Places, scores: CellScores, i: int, n_facilities: Floats) -> Sentence:
    km = float(scores.facts.care_km[i])
    if km >= _FAR_KM:
        return "地段：离合法诊疗点 {km} 公里", {"km": _rounded_km(km)}
    code = cells.urban_rural_code[i]
    if cells.has_residents:
        n = round(float(np.nan_to_num(cells.residents[i])))
        if code is not None:
            return "地段：{urban_rural_code}，约 {n} 名居民", {"urban_rural_code": code, "n": n}
        return "地段：约 {n} 名居民", {"n": n}
    n = int(n_facilities[i])
    if code is not None:
        return "地段：{urban_rural_code}，在册机构 {n} 家", {"urban_rural_code": code, "n": n}
    return "地段：在册机构 {n} 家", {"n": n}


def _reports(scores: CellScores, i: int, part: float, days: int) -> Sentence | None:
    facts = scores.facts
    windows = [
        (days, float(facts.n_recent[i]), float(facts.norm[i])),
        (facts.all_days, float(facts.n_all[i]), float(facts.norm_all[i])),
    ]
    if not facts.any_reports or windows[1][1:] == (0.0, 0.0):
        return None
    if part > 0:
        for d, n, m in windows:
            if n > m:
                values = {"d": d, "n": int(n), "m": _norm(m)}
                return "举报多于本地常态：{d} 天 {n} 件，常态 {m}", values
    d, n, m = windows[1]
    if n == 0 and m < _FEW_REPORTS:
        return "举报少，但此地本来很少有人举报", {}
    values = {"d": d, "n": int(n), "m": _norm(m)}
    if n > m:
        return "举报不足以说明有点位：{d} 天 {n} 件，常态 {m}", values
    return "举报不多于本地常态：{d} 天 {n} 件，常态 {m}", values


def _norm(m: float) -> float:
    """Return a norm with one digit, or two where one would say 0."""
    return round(m, 1) if m >= 0.1 else round(m, 2)


def _plain(number: float) -> float:
    """Return a whole number as such; others with one digit."""
    shown = round(number, 1)
    return int(shown) if shown == int(shown) else shown


def _closures(scores: CellScores, i: int, part: float, km: float) -> Sentence | None:
    n_closed, month = int(scores.facts.n_closed_near[i]), int(scores.facts.closed_month[i])
    if n_closed and part > 0:
        values = {"km": km, "month": month, "n": n_closed}
        return "{km} 公里内 {month} 月取缔 {n} 处，可能转移", values
    return ("较早或较远处的取缔", {}) if abs(part) >= _TOLD_CLOSED else None


def _looks(scores: CellScores, i: int) -> Sentence:
    facts = scores.facts
    days = facts.days_unsearched[i]
    if np.isnan(days):
        if np.isnan(facts.days_unseen[i]):
            return "从未到访", {}
        return "只查过在册机构，从未排查", {}
    if days >= _UNSEEN_DAYS:
        return "久未到访：{d} 天", {"d": int(days)}
    if facts.last_found[i] is None:
        return "上次到访未发现（{d} 天前）", {"d": int(days)}
    return "以往到访未发现的部分", {}


def _found(scores: CellScores, i: int, part: float) -> Sentence | None:
    topic = scores.facts.last_found[i]
    if topic is not None:
        return "上次查实 {topic}", {"topic": topic}
    return ("以前曾在此查实", {}) if abs(part) >= _TOLD_CLOSED else None


def _other_methods(part: float) -> Sentence | None:
    if abs(part) < _TOLD_CLOSED:
        return None
    return "其他方法的校正（与提升树、密度比对）", {}


def _of_facilities(
    cells: Places, scores: CellScores, i: int, n_facilities: Floats, parts: list[float]
) -> list[Sentence | None]:
    """Return the sentences where finds at registered facilities stand in for hidden sites."""
    days = scores.facts.days_unseen[i]
    unseen: Sentence = ("从未到访", {}) if np.isnan(days) else ("较早的检查结果只计一部分", {})
    return [
        _place(cells, scores, i, n_facilities),
        (("机构以往查实多于同类", {}) if parts[1] > 0 else ("机构以往查实少于同类", {}))
        if n_facilities[i]
        else None,
        unseen,
        ("有举报指向这里的机构", {}) if parts[3] > 0 else None,
        ("机构的许可、等级和周边情况", {}) if abs(parts[4]) >= _TOLD_NEAR else None,
    ]


def _history(scores: FacilityScores, i: int) -> Sentence:
    if scores.n_visits[i] == 0:
        return "从未到访", {}
    if scores.n_found[i] == 0:
        return "检查 {n} 次，均未发现违法", {"n": int(scores.n_visits[i])}
    values = {
        "y": max(1, int(np.ceil(scores.years_known[i]))),
        "n": int(scores.n_found[i]),
        "m": round(float(scores.kind_rate[i] * scores.n_visits[i]), 1),
    }
    return "近 {y} 年查实 {n} 次，同类平均 {m} 次", values


def _age(days: float) -> Sentence | None:
    if np.isnan(days):
        return None
    if days >= _LONG_DAYS:
        return "久未到访：{d} 天", {"d": int(days)}
    return "较早的检查结果只计一部分", {}


def _neighbourhood(part: float) -> Sentence | None:
    if abs(part) < _TOLD_NEAR:
        return None
    return ("所在网格风险较高" if part > 0 else "所在网格风险较低"), {}
