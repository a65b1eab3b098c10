"""
Likely repeats among leads, each with its reasons: same place, topic, words, caller.

The evidence of two leads is added up as log odds, each part with a cap; the weights are
assumptions (docs/how-to/leads.md). How much alike words count depends on how rare they
are: words that many leads share say little. Alike words in another village within days
suggest a practitioner who moves about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import Message

DAY_S = 86_400
_EARTH_M = 6_371_008.8
_CHUNK = 40
_FEATURES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParams:
    """
    How alike two leads must be to be shown side by side. All numbers are assumptions (A).

    Parameters
    ----------
    window_days
        Leads registered further apart than this are never compared.
    moving_days
        The same for leads of different villages.
    min_score
        Least likelihood of a pair that is shown, 0 to 1.
    near_m
        Two exact places up to so many metres apart count as near.
    moving_from_m, moving_to_m
        Distances between which alike words suggest a moving practitioner, metres.
    moving_words
        Least likeness of the words for that, 0 to 1.
    most_per_lead
        At most so many suggestions for one lead, the likeliest.
    """

    window_days: int = 60
    moving_days: int = 21
    min_score: float = 0.5
    near_m: float = 300.0
    moving_from_m: float = 2_000.0
    moving_to_m: float = 40_000.0
    moving_words: float = 0.6
    most_per_lead: int = 5

    def __post_init__(self) -> None:
        """Refuse values that could not be meant."""
        if min(self.window_days, self.moving_days, self.most_per_lead) < 1:
            raise ValueError("days and numbers of suggestions must be at least 1")
        if not (0 < self.min_score < 1 and 0 < self.moving_words <= 1):
            raise ValueError("min_score and moving_words must be between 0 and 1")
        if not 0 < self.near_m < self.moving_from_m < self.moving_to_m:
            raise ValueError("need near_m < moving_from_m < moving_to_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two leads that may be one matter; ``kind`` is ``same`` or ``moving``."""

    first_id: str
    second_id: str
    kind: str
    score: float
    reasons: tuple[Message, ...] = field(default=())


def find_pairs(leads: pd.DataFrame, wanted: Sequence[str], params: LinkParams) -> list[Pair]:
    """
    Return the likely repeats of some leads.

    Parameters
    ----------
    leads
        All leads that may be compared: ``complaint_id``, ``received_at`` (seconds),
        ``topic``, ``facility_id``, ``area_code``, ``lon``, ``lat``,
        ``location_precision``, ``words`` (place and summary) and ``caller`` (any token
        that leads of one caller share, or missing).
    wanted
        Leads that suggestions are looked for; each pair has one of them.
    """
    rows = leads.sort_values(["received_at", "complaint_id"], ignore_index=True)
    targets = np.flatnonzero(rows["complaint_id"].isin(set(wanted)).to_numpy())
    if len(rows) < 2 or not len(targets):
        return []
    view = _View(rows)
    found: dict[tuple[str, str], Pair] = {}
    for start in range(0, len(targets), _CHUNK):
        for pair in _pairs_of(view, targets[start : start + _CHUNK], params):
            found[pair.first_id, pair.second_id] = pair
    return _strongest(list(found.values()), params.most_per_lead)


class _View:
    """The leads as arrays, and their words as rows of a sparse matrix."""

    def __init__(self, rows: pd.DataFrame) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

        self.ids = rows["complaint_id"].astype(str).to_numpy(dtype=object)
        self.when = rows["received_at"].to_numpy(dtype=np.int64)
        self.lon = rows["lon"].to_numpy(dtype=float)
        self.lat = rows["lat"].to_numpy(dtype=float)
        self.topic = _codes(rows["topic"])
        self.facility = _codes(rows["facility_id"])
        self.area = _codes(rows["area_code"])
        self.caller = _codes(rows["caller"])
        per_caller = np.bincount(self.caller[self.caller >= 0], minlength=1)
        self.n_of_caller = np.where(self.caller >= 0, per_caller[self.caller], 1)
        self.is_exact = rows["location_precision"].isin({"exact"}).to_numpy()
        self.is_vague = rows["location_precision"].isin({"township"}).to_numpy()
        texts = rows["words"].fillna("").astype(str)
        self.has_words = (texts.str.len() >= 4).to_numpy()
        hashed = HashingVectorizer(
            analyzer="char", ngram_range=(1, 2), n_features=_FEATURES, alternate_sign=False,
            norm=None, dtype=np.float32,
        ).transform(texts)  # fmt: skip
        self.words = TfidfTransformer(sublinear_tf=True).fit_transform(hashed).tocsr()


def _codes(values: pd.Series) -> NDArray[np.int64]:
    """Return numbers for texts, -1 where missing or empty."""
    codes, _ = pd.factorize(values.replace("", None))
    return codes.astype(np.int64)


def _pairs_of(view: _View, targets: NDArray[np.int64], params: LinkParams) -> list[Pair]:
    window = params.window_days * DAY_S
    low = int(np.searchsorted(view.when, view.when[targets[0]] - window))
    high = int(np.searchsorted(view.when, view.when[targets[-1]] + window, side="right"))
    others = np.arange(low, high)
    alike = np.asarray((view.words[targets] @ view.words[low:high].T).todense())
    gap = np.abs(view.when[targets][:, None] - view.when[others][None, :])
    metres = _metres(view, targets, others)
    within = (gap <= window) & (targets[:, None] != others[None, :])
    n_alike = np.maximum(((alike >= 0.5) & within).sum(axis=1), 1)
    is_rare = (n_alike <= 3)[:, None]
    n_within = np.maximum(within.sum(axis=1), 50)
    rarity = np.log(n_within / n_alike)[:, None]
    same = _log_odds(view, targets, others, alike=alike, metres=metres, rarity=rarity, gap=gap,
                     params=params)  # fmt: skip
    score = 1 / (1 + np.exp(-same))
    is_same = within & (score >= params.min_score)
    moving = (
        within
        & ~is_same
        & (gap <= params.moving_days * DAY_S)
        & (metres >= params.moving_from_m)
        & (metres <= params.moving_to_m)
        & (alike >= params.moving_words)
        & is_rare
        & _equal(view.topic, targets, others)
        & (view.facility[targets][:, None] < 0)
        & (view.facility[others][None, :] < 0)
    )
    pairs = []
    for kind, chosen in (("same", is_same), ("moving", moving)):
        for row, column in zip(*np.nonzero(chosen), strict=True):
            a, b = int(targets[row]), int(others[column])
            value = float(score[row, column] if kind == "same" else alike[row, column])
            distance, words = float(metres[row, column]), float(alike[row, column])
            pairs.append(_pair(view, a, b, kind=kind, score=value, metres=distance, alike=words))
    return pairs


def _log_odds(
    view: _View,
    targets: NDArray[np.int64],
    others: NDArray[np.int64],
    *,
    alike: NDArray[np.float32],
    metres: NDArray[np.float64],
    rarity: NDArray[np.float64],
    gap: NDArray[np.int64],
    params: LinkParams,
) -> NDArray[np.float64]:
    """Add up what speaks for one matter and what against it."""
    exact = view.is_exact[targets][:, None] & view.is_exact[others][None, :]
    vague = view.is_vague[targets][:, None] | view.is_vague[others][None, :]
    near = np.where(
        metres <= params.near_m / 3, 3.0,
        np.where(metres <= params.near_m, 2.2, np.where(metres <= 3 * params.near_m, 0.5, -4.0)),
    )  # fmt: skip
    rough = np.where(metres <= 1_500, 1.2, np.where(metres <= 4_000, 0.0, -3.0))
    place = np.where(exact, near, np.where(vague, np.minimum(rough, 0.6), rough))
    elsewhere = (view.area[targets][:, None] >= 0) & (view.area[others][None, :] >= 0)
    elsewhere &= ~_equal(view.area, targets, others)
    place = np.where(
        np.isnan(metres),
        np.where(elsewhere, -2.0, np.where(_equal(view.area, targets, others), 1.5, 0.0)),
        place,
    )
    place = np.where(_equal(view.area, targets, others) & ~exact & ~vague, 1.8, place)
    place = np.where(_equal(view.facility, targets, others), 3.5, place)
    known_apart = (view.facility[targets][:, None] >= 0) & (view.facility[others][None, :] >= 0)
    place = np.where(known_apart & ~_equal(view.facility, targets, others), -5.0, place)
    topic = np.where(_equal(view.topic, targets, others), 0.8, -0.8)
    has_words = view.has_words[targets][:, None] & view.has_words[others][None, :]
    words = np.where(
        has_words, np.minimum(rarity, 4.0) * np.clip((alike - 0.2) / 0.6, -0.2, 1.0), 0.0
    )
    # a number that many leads share is a switchboard's, or a damaged column's
    weight = 2.5 * np.minimum(1.0, 3.0 / view.n_of_caller[targets])[:, None]
    caller = np.where(_equal(view.caller, targets, others), weight, 0.0)
    late = 1.0 - 1.5 * gap / (params.window_days * DAY_S)
    total: NDArray[np.float64] = -4.2 + place + topic + words + caller + late
    return total


def _equal(
    codes: NDArray[np.int64], targets: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.bool_]:
    mine = codes[targets][:, None]
    equal: NDArray[np.bool_] = (mine == codes[others][None, :]) & (mine >= 0)
    return equal


def _metres(
    view: _View, targets: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return distances, flat within a district; NaN where a place is missing."""
    lat = np.radians(view.lat)
    across = np.radians(view.lon[targets][:, None] - view.lon[others][None, :])
    across = across * np.cos(lat[targets])[:, None]
    along = lat[targets][:, None] - lat[others][None, :]
    metres: NDArray[np.float64] = np.hypot(across, along) * _EARTH_M
    return metres


def _pair(
    view: _View, a: int, b: int, *, kind: str, score: float, metres: float, alike: float
) -> Pair:
    days = round(abs(int(view.when[a] - view.when[b])) / DAY_S)
    reasons = [Message("相隔 {d} 天", {"d": days})]
    if view.facility[a] >= 0 and view.facility[a] == view.facility[b]:
        reasons.append(Message("同一机构"))
    elif not np.isnan(metres):
        reasons.append(_distance(metres))
    else:
        reasons.append(Message("地点无法比较"))
    if view.topic[a] >= 0 and view.topic[a] == view.topic[b]:
        reasons.append(Message("类别相同"))
    if view.has_words[a] and view.has_words[b]:
        reasons.append(Message("用词相近 {v}", {"v": f"{alike:.2f}"}))
    if view.caller[a] >= 0 and view.caller[a] == view.caller[b]:
        reasons.append(Message("同一来电人"))
    first, second = sorted((str(view.ids[a]), str(view.ids[b])))
    return Pair(first_id=first, second_id=second, kind=kind, score=score, reasons=tuple(reasons))


def _distance(metres: float) -> Message:
    if metres >= 1000:
        return Message("约 {n} 公里", {"n": f"{metres / 1000:.1f}"})
    return Message("约 {n} 米", {"n": max(int(round(metres, -1)), 10)})


def _strongest(pairs: list[Pair], most: int) -> list[Pair]:
    used: dict[str, int] = {}
    kept = []
    for pair in sorted(pairs, key=lambda p: (-p.score, p.first_id, p.second_id)):
        ends = (pair.first_id, pair.second_id)
        if all(used.get(end, 0) < most for end in ends):
            kept.append(pair)
            for end in ends:
                used[end] = used.get(end, 0) + 1
    return kept


def n_groups(pairs: Sequence[tuple[str, str]]) -> int:
    """Count the groups that pairs form when leads in common join them."""
    parent: dict[str, str] = {}

    def top(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for first, second in pairs:
        parent[top(first)] = top(second)
    return sum(1 for key in list(parent) if top(key) == key)


def as_lead(row: Mapping[str, Any]) -> str:
    """Return the words of a lead that are compared: its place and what was reported."""
    return f"{row.get('site_text') or ''} {row.get('summary') or ''}".strip()
