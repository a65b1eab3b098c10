"""
Which facilities may be one and the same? Candidates, fast and few.

Pairs come from five blocks: equal licence numbers, equal addresses, equal names in
one district, points within 150 m, and rows of one area where a point is missing.
Each pair is then judged by how alike its names are, its addresses, its licences and
how far apart it lies; what only stands in the same street is dropped.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from scipy.spatial import cKDTree

from geo import addresses

COLUMNS = ("left_id", "right_id", "score", "name", "address", "licence", "distance_m")
LEAST_SCORE = 0.7
_NEAR_M = 150.0
_NEXT_DOOR_M = 40.0
_LARGEST_BLOCK = 40
_M_PER_DEGREE = 111_195.0
_TRADE = re.compile(
    "有限责任公司|有限公司|连锁店?|分店|门诊部|诊所|口腔|大药房|药房|药店|美容美体|美容院|养生馆|"
    "社区卫生服务(?:中心|站)|卫生室|卫生院|医院|个体|中医|西医|（[^）]*）|\\([^)]*\\)"
)
"""Words that say the trade and not whose it is."""


def facility_pairs(facilities: pd.DataFrame) -> pd.DataFrame:
    """
    Return pairs that may be one facility, likeliest first.

    Parameters
    ----------
    facilities
        ``facility_id, name, kind, licence_no, address, area_code, lon, lat``.

    Returns
    -------
    pairs
        ``COLUMNS``: ids with ``left_id < right_id``, score 0 to 1, likeness of names
        0 to 1, whether the addresses are one, ``same``, ``differs`` or ``unknown``
        licences, metres apart (NaN where a point is missing).
    """
    if len(facilities) < 2:
        return pd.DataFrame({name: [] for name in COLUMNS})
    held = _prepared(facilities)
    pairs = np.unique(np.concatenate(list(_blocks(held))), axis=0)
    if len(pairs) == 0:
        return pd.DataFrame({name: [] for name in COLUMNS})
    judged = _judged(held, pairs[:, 0], pairs[:, 1])
    kept = judged[judged["score"] >= LEAST_SCORE]
    return kept.sort_values(["score", "left_id", "right_id"], ascending=[False, True, True])[
        list(COLUMNS)
    ].reset_index(drop=True)


def _prepared(facilities: pd.DataFrame) -> pd.DataFrame:
    held = facilities.sort_values("facility_id").reset_index(drop=True)
    name = held["name"].fillna("").map(_joined)
    core = name.map(lambda text: _TRADE.sub("", text) or text)
    licence = held["licence_no"].fillna("").map(_joined).str.upper()
    address = held["address"].fillna("").map(lambda text: _joined(addresses.plain(text)))
    return held.assign(full=name, core=core, licence=licence, where=address.str.replace("号", ""))


def _joined(text: str) -> str:
    return addresses.regular(text).replace(",", "")


def _blocks(held: pd.DataFrame) -> Iterator[NDArray[np.int64]]:
    yield np.empty((0, 2), dtype=np.int64)
    area = held["area_code"].fillna("").astype(str)
    yield from _groups(held["licence"])
    yield from _groups(held["where"].where(held["where"].str.contains(r"\d"), ""))
    has_district = area.str.len() >= 6
    yield from _groups((held["full"] + "|" + area.str[:6]).where(has_district, ""))
    yield from _groups((held["core"] + "|" + area).where(has_district, ""))
    known = np.flatnonzero(held["lon"].notna() & held["lat"].notna())
    if len(known):
        lat = held["lat"].to_numpy(float)[known]
        x = held["lon"].to_numpy(float)[known] * np.cos(np.radians(lat.mean())) * _M_PER_DEGREE
        tree = cKDTree(np.column_stack([x, lat * _M_PER_DEGREE]))
        yield np.sort(known[tree.query_pairs(_NEAR_M, output_type="ndarray")], axis=1)
    for row in np.flatnonzero(held["lon"].isna() & (area != "")).tolist():
        others = np.flatnonzero((area == area[row]).to_numpy())
        others = others[others != row]
        yield np.sort(np.column_stack([np.full(len(others), row), others]), axis=1)


def _groups(keys: pd.Series) -> Iterator[NDArray[np.int64]]:
    """Give all pairs of rows with an equal key; a key of very many rows is no key."""
    for key, rows in keys.groupby(keys).indices.items():
        if key and 2 <= len(rows) <= _LARGEST_BLOCK:
            first, second = np.triu_indices(len(rows), k=1)
            yield np.sort(np.column_stack([rows[first], rows[second]]), axis=1)


def _judged(held: pd.DataFrame, left: NDArray[np.int64], right: NDArray[np.int64]) -> pd.DataFrame:
    core, full, where = (held[name].to_numpy(dtype=object) for name in ("core", "full", "where"))
    cores = _alike(core[left], core[right])
    name = np.maximum(_alike(full[left], full[right]) * 0.9, cores)
    named = where != ""
    one_address = (where[left] == where[right]) & named[left]
    licence = held["licence"].to_numpy(dtype=object)
    both = (licence[left] != "") & (licence[right] != "")
    same_licence = both & (licence[left] == licence[right])
    other_licence = both & ~same_licence
    distance = _distance_m(held, left, right)
    near = np.nan_to_num(distance, nan=_NEAR_M) <= _NEAR_M
    one_area = held["area_code"].to_numpy(dtype=object)
    here = near | (one_area[left] == one_area[right])
    same_kind = (
        held["kind"].to_numpy(dtype=object)[left] == held["kind"].to_numpy(dtype=object)[right]
    )
    score = np.select(
        [
            same_licence & (name >= 0.6),
            same_licence,
            (cores >= 0.99) & here & one_address,
            one_address & (name >= 0.65) & ~other_licence,
            (cores >= 0.99) & here & same_kind & ~other_licence,
            (name >= 0.75) & (distance <= _NEXT_DOOR_M) & same_kind & ~other_licence,
            (cores >= 0.8) & near & same_kind & ~other_licence,
            one_address & (name >= 0.75),
        ],
        [0.98, 0.85, 0.95, 0.9, 0.85, 0.75, 0.75, 0.7],
        default=0.0,
    )
    ids = held["facility_id"].to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "left_id": ids[left],
            "right_id": ids[right],
            "score": score,
            "name": name,
            "address": one_address,
            "licence": np.select([same_licence, other_licence], ["same", "differs"], "unknown"),
            "distance_m": distance,
        }
    )


def _alike(left: Sequence[str], right: Sequence[str]) -> NDArray[np.float64]:
    return process.cpdist(list(left), list(right), scorer=fuzz.ratio).astype(float) / 100.0


def _distance_m(
    held: pd.DataFrame, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    lon, lat = held["lon"].to_numpy(float), held["lat"].to_numpy(float)
    east = (lon[left] - lon[right]) * np.cos(np.radians(lat[left]))
    return np.hypot(east, lat[left] - lat[right]) * _M_PER_DEGREE


def person_pairs(persons: pd.DataFrame) -> pd.DataFrame:
    """
    Return persons who may be one: equal names and a common area, or trade.

    Columns ``person_id, name, kind, trade, usual_area_codes``; result as above.
    """
    made = []
    for name, rows in persons.groupby(persons["name"].fillna("").map(_joined)).indices.items():
        if not name or not 2 <= len(rows) <= _LARGEST_BLOCK:
            continue
        for first, second in zip(*np.triu_indices(len(rows), k=1), strict=True):
            one, other = (persons.iloc[int(rows[i])] for i in (first, second))
            shared = _districts(one) & _districts(other)
            same_trade = bool(one["trade"]) and one["trade"] == other["trade"]
            score = 0.6 + 0.2 * bool(shared) + 0.15 * same_trade
            if score >= LEAST_SCORE:
                ids = sorted((str(one["person_id"]), str(other["person_id"])))
                made.append((*ids, score, 1.0, bool(shared), "unknown", np.nan))
    return pd.DataFrame(made, columns=list(COLUMNS))


def _districts(person: pd.Series) -> set[str]:
    codes = person["usual_area_codes"]
    return {code[:6] for code in codes.split(";")} if isinstance(codes, str) and codes else set()
