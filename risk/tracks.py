"""
Moving practitioners: reports that go from village to village within days, as tracks.

Each link between two reports is worth what its words, phrases, distance and days speak
for one person, in log odds, less the odds that one report follows another by chance.
A track is a chain of links with the highest sum. How strong a chain must be is not
assumed: the days are shuffled over the same reports many times, and chains count that
chance gives at most so often. docs/methods/tracks.md has the formulas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from data.records import Message
from risk.track_pairs import Pairs, Phrases, TrackParams, find_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

__all__ = ["Link", "Track", "TrackParams", "find_tracks"]

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two reports that follow each other, what speaks for one person, and how much."""

    first_id: str
    second_id: str
    score: float
    reasons: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """
    A chain of reports; ``by_chance`` is how many chains so strong a run gives by chance.

    ``rows`` are positions in the reports given, in order of time.
    """

    rows: tuple[int, ...]
    links: tuple[Link, ...]
    score: float
    by_chance: float


def find_tracks(
    reports: pd.DataFrame, params: TrackParams, *, now_s: int, seed: int
) -> list[Track]:
    """
    Return the tracks among reports, the strongest first.

    Parameters
    ----------
    reports
        ``complaint_id``, ``received_at`` (seconds), ``topic``, ``facility_id``,
        ``area_code``, ``lon``, ``lat`` and ``words``; any index.
    now_s
        Reports at or after this second are not looked at.
    seed
        Of the shuffling.
    """
    sightings = _sightings(reports, params, now_s=now_s)
    if len(sightings) < params.least_reports:
        return []
    n = len(sightings)
    day = sightings["received_at"].to_numpy(float) / DAY_S
    phrases = Phrases(sightings["words"], params)
    pairs = find_pairs(sightings, phrases, params)
    place = pd.factorize(sightings["place"])[0].astype(np.int64)
    chains = _chains(pairs, day, place, n, params)
    rng = np.random.default_rng(seed)
    by_chance: list[float] = []
    for _ in range(params.n_shuffles):
        shuffled = rng.permutation(day)
        by_chance += [score for score, _ in _chains(pairs, shuffled, place, n, params)]
    null = np.sort(np.array(by_chance))
    tracks = []
    for score, nodes in chains:
        above = len(null) - int(np.searchsorted(null, score, side="left"))
        rate = (above + 1) / (params.n_shuffles + 1)
        is_fresh = now_s / DAY_S - day[nodes[-1]] <= params.quiet_days
        if rate <= params.false_per_run and is_fresh:
            links = _links(sightings, pairs, phrases, nodes, day, params)
            rows = tuple(int(sightings["row"].iloc[node]) for node in nodes)
            tracks.append(Track(rows=rows, links=links, score=score, by_chance=rate))
    return sorted(tracks, key=lambda track: -track.score)


def _sightings(reports: pd.DataFrame, params: TrackParams, *, now_s: int) -> pd.DataFrame:
    """Return the reports that count: about nobody registered, placed, repeats left out."""
    rows = reports.assign(row=np.arange(len(reports)))
    since = now_s - params.window_days * DAY_S
    rows = rows[
        rows["topic"].isin(params.topics)
        & (rows["received_at"] >= since)
        & (rows["received_at"] < now_s)
        & rows["lon"].notna()
        & rows["lat"].notna()
        & (rows["facility_id"].isna() | (rows["facility_id"] == ""))
    ].sort_values(["received_at", "complaint_id"])
    by_point = rows["lon"].round(2).astype(str) + "," + rows["lat"].round(2).astype(str)
    rows = rows.assign(place=rows["area_code"].where(rows["area_code"].notna(), by_point))
    last: dict[tuple[str, str], int] = {}
    kept = []
    for place, topic, moment in zip(rows["place"], rows["topic"], rows["received_at"], strict=True):
        before = last.get((place, topic))
        kept.append(before is None or moment - before > params.same_site_days * DAY_S)
        last[place, topic] = moment
    return rows[kept].tail(params.most_reports).reset_index(drop=True)


def _chains(
    pairs: Pairs, day: Floats, place: Ints, n: int, params: TrackParams
) -> list[tuple[float, list[int]]]:
    """Return the chains of highest sum in an order of days, none sharing a report."""
    gap = day[pairs.b] - day[pairs.a]
    earlier = np.where(gap >= 0, pairs.a, pairs.b)
    later = np.where(gap >= 0, pairs.b, pairs.a)
    gap = np.abs(gap)
    value = (
        pairs.weight
        + np.log(params.window_days / params.mean_gap_days)
        - gap / params.mean_gap_days
    )
    speed_ok = pairs.metres <= params.km_a_day * 1000.0 * np.maximum(gap, 0.25)
    kept = np.flatnonzero((gap <= params.gap_days) & speed_ok & (value > 0))
    kept = kept[np.lexsort((earlier[kept], day[later[kept]]))]
    best, before = _longest(earlier[kept], later[kept], value[kept], n)
    chains = []
    used = np.zeros(n, dtype=bool)
    for top in np.argsort(-best, kind="stable").tolist():
        if best[top] <= 0:
            break
        nodes, node = [], int(top)
        while node >= 0 and not used[node]:
            nodes.append(node)
            node = int(before[node])
        # a chain that runs into another one is worth only its own part
        score = float(best[top] - best[nodes[-1]]) if nodes else 0.0
        used[nodes] = True
        if len(nodes) >= params.least_reports and (
            len(np.unique(place[nodes])) >= params.least_places
        ):
            chains.append((score, nodes[::-1]))
    return chains


@njit(cache=True)
def _longest(earlier: Ints, later: Ints, value: Floats, n: int) -> tuple[Floats, Ints]:
    """Return the highest sum that ends at each report, and the report before it."""
    best = np.zeros(n)
    before = np.full(n, -1, dtype=np.int64)
    for e in range(len(value)):
        total = best[earlier[e]] + value[e]
        if total > best[later[e]]:
            best[later[e]] = total
            before[later[e]] = earlier[e]
    return best, before


def _links(
    sightings: pd.DataFrame, pairs: Pairs, phrases: Phrases, nodes: Sequence[int],
    day: Floats, params: TrackParams,
) -> tuple[Link, ...]:  # fmt: skip
    lookup = {
        (a, b): e for e, (a, b) in enumerate(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True))
    }
    lift = float(np.log(params.window_days / params.mean_gap_days))
    ids = sightings["complaint_id"].astype(str).tolist()
    links = []
    for a, b in pairwise(nodes):
        e = lookup[min(a, b), max(a, b)]
        gap = abs(float(day[b] - day[a]))
        reasons = [
            Message("相隔 {d} 天", {"d": round(gap)}),
            Message("约 {n} 公里", {"n": f"{pairs.metres[e] / 1000:.1f}"}),
            Message("类别相同"),
            Message("用词相近 {v}", {"v": f"{pairs.alike[e]:.2f}"}),
        ]
        reasons += [
            Message("都提到“{word}”", {"word": Message(word)}) for word in phrases.shared(a, b)
        ]
        score = float(pairs.weight[e]) + lift - gap / params.mean_gap_days
        links.append(Link(first_id=ids[a], second_id=ids[b], score=score, reasons=tuple(reasons)))
    return tuple(links)
