"""Reports two by two: what speaks for one person behind both, in log odds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FEATURES = 1 << 16
_EARTH_M = 6_371_008.8
_CHUNK = 200
_MOST_RARE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackParams:
    """
    What links reports to a track. All numbers are assumptions (A).

    Parameters
    ----------
    topics
        Reports of these topics only.
    window_days
        Reports so far back are looked at.
    most_reports
        The newest of them, at most so many.
    gap_days
        Links join reports at most so many days apart.
    mean_gap_days
        Usual days between two reports of one who moves.
    from_m, to_m
        Distances between two places of a move, metres.
    km_a_day
        Fastest move that is believed, kilometres a day.
    same_site_days
        Reports alike from one village within so many days count once.
    least_reports, least_places
        A track has at least so many reports, from so many villages.
    quiet_days
        Tracks whose last report is older are not told.
    false_per_run
        Tracks count that chance alone would give at most so often per run.
    n_shuffles
        Shufflings of the days by which that is measured.
    trades, vehicles, marks
        Word of the screen and the words of reports that mean it, separated by |; marks
        are colours and people.
    """

    topics: tuple[str, ...] = ("unlicensed_practice", "illegal_cosmetic")
    window_days: int = 120
    most_reports: int = 3000
    gap_days: int = 14
    mean_gap_days: float = 5.0
    from_m: float = 1_500.0
    to_m: float = 40_000.0
    km_a_day: float = 80.0
    same_site_days: int = 7
    least_reports: int = 3
    least_places: int = 3
    quiet_days: int = 28
    false_per_run: float = 0.1
    n_shuffles: int = 199
    trades: Mapping[str, str] = field(
        default_factory=lambda: {
            "拔牙镶牙": "拔牙|镶牙|补牙|假牙|烤瓷",
            "扎针输液": "输液|打针|扎针|吊瓶|吊水",
            "针灸正骨": "针灸|正骨|推拿|拔罐|小针刀",
            "医美": "双眼皮|隆鼻|玻尿酸|美容针|点痣|祛斑",
            "卖药义诊": "卖药|义诊|膏药|祖传|秘方|神药",
            "眼病": "白内障|配镜|治眼|眼疾",
        }
    )
    vehicles: Mapping[str, str] = field(
        default_factory=lambda: {
            "面包车": "面包车|金杯|五菱",
            "三轮车": "三轮",
            "摩托车": "摩托",
            "电动车": "电动车|电瓶车",
            "轿车": "轿车|小汽车|小车",
            "货车": "货车|皮卡|厢车",
            "摆摊": "摆摊|地摊|赶集|流动",
        }
    )

    marks: Mapping[str, str] = field(
        default_factory=lambda: {
            "白色": "白色",
            "银灰色": "银灰|银色|灰色",
            "黑色": "黑色",
            "红色": "红色",
            "蓝色": "蓝色",
            "绿色": "绿色",
            "外地口音": "外地口音|外地人|口音|外省",
            "夫妻": "夫妻|夫妇|两口子",
            "老年男子": "老头|老大爷|老中医|老先生",
            "妇女": "妇女|女的|女子|阿姨",
        }
    )

    def __post_init__(self) -> None:
        """Refuse values that could not be meant."""
        least = (self.window_days, self.most_reports, self.gap_days, self.n_shuffles)
        if min(*least, self.quiet_days, self.same_site_days) < 1:
            raise ValueError("days and numbers must be at least 1")
        if not (2 <= self.least_places <= self.least_reports):
            raise ValueError("need 2 <= least_places <= least_reports")
        if not 0 < self.from_m < self.to_m or min(self.km_a_day, self.mean_gap_days) <= 0:
            raise ValueError("need 0 < from_m < to_m, and positive speed and days")
        if self.false_per_run <= 0:
            raise ValueError("false_per_run must be positive")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Reports that could follow each other in either order, and what they share."""

    a: Ints
    b: Ints
    metres: Floats
    alike: Floats
    weight: Floats


class Phrases:
    """Which trades, vehicles and marks each report names, and how rarely any does."""

    def __init__(self, words: pd.Series, params: TrackParams) -> None:
        texts = words.fillna("").astype(str)
        self.trades = {name: _has(texts, listed) for name, listed in params.trades.items()}
        self.vehicles = {name: _has(texts, listed) for name, listed in params.vehicles.items()}
        self.marks = {name: _has(texts, listed) for name, listed in params.marks.items()}
        self.texts = texts

    def worth(self, a: Ints, b: Ints) -> Floats:
        """Return the log odds of what two reports name alike, against naming different trades."""
        total = np.zeros(len(a))
        n = max(len(self.texts), 1)
        for group in (self.trades, self.vehicles, self.marks):
            best = np.zeros(len(a))
            for has in group.values():
                rarity = float(np.clip(-np.log(max(has.sum(), 1) / n), 0.0, _MOST_RARE))
                best = np.maximum(best, np.where(has[a] & has[b], rarity, 0.0))
            total += best
        if self.trades:
            named = np.stack(list(self.trades.values()))
            differ = named[:, a].any(0) & named[:, b].any(0) & ~(named[:, a] & named[:, b]).any(0)
            total -= np.where(differ, 2.0, 0.0)
        return total

    def shared(self, a: int, b: int) -> list[str]:
        """Return the trades, vehicles and marks that two reports both name."""
        groups = (self.trades, self.vehicles, self.marks)
        return [name for group in groups for name, has in group.items() if has[a] and has[b]]


def _has(texts: pd.Series, listed: str) -> NDArray[np.bool_]:
    found = np.zeros(len(texts), dtype=bool)
    for word in filter(None, listed.split("|")):
        found |= texts.str.contains(word, regex=False).to_numpy()
    return found


def find_pairs(sightings: pd.DataFrame, phrases: Phrases, params: TrackParams) -> Pairs:
    """Return every two reports of one topic at a distance of a move, and their worth."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    n = len(sightings)
    hashed = HashingVectorizer(
        analyzer="char", ngram_range=(2, 3), n_features=_FEATURES, alternate_sign=False,
        norm=None, dtype=np.float32,
    ).transform(phrases.texts)  # fmt: skip
    words = TfidfTransformer(sublinear_tf=True).fit_transform(hashed).tocsr()
    has_words = (phrases.texts.str.len() >= 4).to_numpy()
    topic = pd.factorize(sightings["topic"])[0]
    points = plane(sightings["lon"].to_numpy(float), sightings["lat"].to_numpy(float))
    parts = []
    for start in range(0, n, _CHUNK):
        own = np.arange(start, min(start + _CHUNK, n))
        alike = np.asarray((words[own] @ words.T).todense(), dtype=float)
        metres = np.hypot(*(points[own][:, None, :] - points[None, :, :]).transpose(2, 0, 1))
        among = (topic[own][:, None] == topic[None, :]) & (own[:, None] != np.arange(n)[None, :])
        words_share = _rank_share(alike, among)
        # how many of the reports are so near; a move is short more often than chance is
        near_share = _rank_share(-metres, among)
        fits = among & (metres >= params.from_m) & (metres <= params.to_m)
        fits &= np.arange(n)[None, :] > own[:, None]
        i, j = np.nonzero(fits)
        both = has_words[own[i]] & has_words[j]
        worth = np.where(both, _bound(words_share[i, j]) - 0.7, 0.0)
        worth += 0.5 * _bound(near_share[i, j])
        parts.append((own[i], j, metres[i, j], alike[i, j], worth))
    a, b, metres, alike, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    weight = weight + phrases.worth(a, b) - np.log(max(n, 2))
    # a link needs short days on top; what even those can't lift is left out
    lift = np.log(params.window_days / params.mean_gap_days)
    kept = weight + lift > 0
    return Pairs(a[kept], b[kept], metres[kept], alike[kept], weight[kept])


def _rank_share(values: Floats, among: NDArray[np.bool_]) -> Floats:
    """Return, per row, the share of the entries among which a value ranks at the top."""
    shares = np.ones_like(values)
    for r in range(len(values)):
        kept = np.sort(values[r, among[r]])
        if len(kept):
            above = len(kept) - np.searchsorted(kept, values[r], side="left")
            shares[r] = np.clip(above / (len(kept) + 1), 1 / (len(kept) + 1), 1.0)
    return shares


def _bound(p: Floats) -> Floats:
    """Return the largest log odds that a p-value can mean (Sellke, Bayarri and Berger 2001)."""
    small = np.minimum(p, np.exp(-1.0))
    return np.asarray(-np.log(-np.e * small * np.log(small)))


def plane(lon: Floats, lat: Floats) -> Floats:
    """Return points on a plane, metres, true to scale at their middle latitude."""
    if not len(lon):
        return np.zeros((0, 2))
    across = np.cos(np.radians(float(np.mean(lat))))
    return np.column_stack([np.radians(lon) * across, np.radians(lat)]) * _EARTH_M
