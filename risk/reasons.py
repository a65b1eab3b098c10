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
_TOLD_NEAR = 0.002
"""Smallest change of a facility's probability by its neighbourhood that is worth a sentence."""


def cell_reasons(
    cells: Places, scores: CellScores, n_facilities: Floats, params: ScoringParams
) -> NDArray[np.object_]:
    """Return the reasons of every cell as JSON text; contributions add up to its mean."""
    facts = scores.evidence
    near_km = _rounded_km(2.0 * scores.kernel.bandwidth_m / 1000.0)
    ring_km = _rounded_km(params.cells.displaced_rings * _RING_KM.get(cells.resolution, 0.92))
    has_reports = bool(facts.norm.any() or facts.n_recent.any())
    texts = []
    for i in range(len(cells.cells)):
        parts = scores.parts[:, i].tolist()
        sentences = [
            _place(cells, i, n_facilities),
            _near(float(facts.n_finds[i]), parts[1], near_km, params),
            _reports(facts.n_recent[i], facts.norm[i], parts[2], params) if has_reports else None,
            _closures(int(facts.n_closed_near[i]), int(facts.closed_month[i]), ring_km),
            _looks(scores, i, parts[4]),
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
            ("许可 {date} 到期", {"date": expiry[i]}) if scores.expired[i] else None,
            ("风险等级 {risk_grade}", {"risk_grade": grades[i]}) if parts[5] else None,
            _neighbourhood(parts[6]),
        ]
        texts.append(reasons_json(sentences, parts))
    return np.array(texts, dtype=object)


def _rounded_km(km: float) -> float:
    return _plain(km) if km < 10 else round(km)


def _place(cells: Places, i: int, n_facilities: Floats) -> Sentence:
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


def _near(n_finds: float, part: float, km: float, params: ScoringParams) -> Sentence:
    years = params.cells.find_years
    values: dict[str, object] = {"km": km, "y": int(years) if years == int(years) else years}
    values["n"] = round(n_finds)
    if values["n"] == 0:
        return "{km} 公里内近 {y} 年几乎没有查实", {"km": km, "y": values["y"]}
    if part >= 0:
        return "{km} 公里内近 {y} 年约查实 {n} 处，多于同等规模的地方", values
    return "{km} 公里内近 {y} 年约查实 {n} 处，少于同等规模的地方", values


def _reports(n_recent: float, norm: float, part: float, params: ScoringParams) -> Sentence:
    if part <= 0 and norm < _FEW_REPORTS:
        return "举报少，但此地本来很少有人举报", {}
    values = {
        "d": round(params.cells.recent_days),
        "n": _plain(float(n_recent)),
        "m": round(float(norm), 1),
    }
    if part > 0:
        return "举报多于本地常态：{d} 天 {n} 件，常态 {m}", values
    return "举报不多于本地常态：{d} 天 {n} 件，常态 {m}", values


def _plain(number: float) -> float:
    """Return a whole number as such; a share of a record known by its township with one digit."""
    shown = round(number, 1)
    return int(shown) if shown == int(shown) else shown


def _closures(n_closed: int, month: int, km: float) -> Sentence | None:
    if n_closed == 0:
        return None
    values = {"km": km, "month": month, "n": n_closed}
    return "{km} 公里内 {month} 月取缔 {n} 处，可能转移", values


def _looks(scores: CellScores, i: int, part: float) -> Sentence:
    days = scores.evidence.days_unseen[i]
    if np.isnan(days):
        return "从未到访", {}
    if part >= 0 and days >= _UNSEEN_DAYS:
        return "久未到访：{d} 天", {"d": int(days)}
    if part >= 0:
        n_visits = int(scores.evidence.n_visits_year[i])
        return "近一年到访 {n} 次，少于同等规模的地方", {"n": n_visits}
    if scores.evidence.last_found[i] is None:
        return "上次到访未发现", {}
    n = int(scores.evidence.n_visits_year[i])
    return "近一年到访 {n} 次，上次查实 {topic}", {"n": n, "topic": scores.evidence.last_found[i]}


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
