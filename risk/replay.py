"""
One day of a replay: what each method said on that day, and what happened afterwards.

``said_on`` reads only records known before the day. ``outcomes`` then looks up what was
found in the weeks after it: where every later find lay in the order of each method, and
what each later visit found where a method had said how likely that was.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.schema import FRINGE_CODES
from geo import grid
from risk import baselines, features, metrics, site_evidence
from risk.baselines import MODEL
from risk.features import Floats, SourceFrames
from risk.params import ScoringParams
from risk.scored import Prepared, Scored

SITES, FACILITIES = "sites", "facilities"
TARGETS = (SITES, FACILITIES)
SHARES = tuple(k / 100.0 for k in range(1, 21))
"""Shares of the cells (or of the visited facilities) that are walked, 0.01 to 0.20."""
URBAN, FRINGE, TOWN, VILLAGE, REMOTE, ALL = (
    "urban", "fringe", "town", "village", "remote", "all"
)  # fmt: skip
STRATA = (URBAN, FRINGE, TOWN, VILLAGE, REMOTE)
SEARCH = "sweep"
_TOWN_CODES = ("121", "123", "210")
_BLOCK_STEPS = 3
"""A block is the ancestor of a cell so many H3 resolutions up: about 250 km2 for 0.7 km2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    What every method said on one day.

    Parameters
    ----------
    cells
        ``cell_id``, ``stratum``, ``is_remote``, ``block``, ``is_inhabited``, ``p_find`` (that
        one search finds something), and one column per method.
    facilities
        ``facility_id``, ``p``, and one column per method.
    doubt_log_sd
        Doubt of the whole level of hidden sites, log units.
    """

    as_of: datetime
    cells: pd.DataFrame
    facilities: pd.DataFrame
    doubt_log_sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """
    What happened in the weeks after one day.

    Parameters
    ----------
    finds
        One row per later find of a hidden site: ``stratum``, ``is_remote``, ``block``, and
        per method ``<method>.before`` and ``<method>.width`` (``metrics.tie_spans``).
    visits
        One row per later visit with a result: ``target``, ``stratum``, ``is_remote``,
        ``block``, ``inspector``, ``hours``, ``arm``, ``weight``, ``p``, ``found``, and per
        method its score and its span among all cells (or among the visited facilities).
    best
        Finds that the best possible choice of each of ``SHARES`` would have held.
    """

    as_of: datetime
    finds: pd.DataFrame
    visits: pd.DataFrame
    best: Floats


def stratum_of(codes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the group of each urban-rural code; an unknown code is a village."""
    out = np.full(len(codes), VILLAGE, dtype=object)
    known = np.array([str(code) for code in codes], dtype=object)
    out[known == "111"] = URBAN
    out[np.isin(known, list(FRINGE_CODES))] = FRINGE
    out[np.isin(known, _TOWN_CODES)] = TOWN
    return out


def said_on(
    known: Prepared,
    scored: Scored,
    params: ScoringParams,
    *,
    as_of: datetime,
    remote: frozenset[str] = frozenset(),
) -> Said:
    """
    Return what every method says from the records known before a day.

    Parameters
    ----------
    remote
        Cells that count as remote.
    """
    table = scored.cells
    simple = baselines.of_cells(known, params)
    order = pd.Index(known.places.cells).get_indexer(pd.Index(table["cell_id"]))
    ids = table["cell_id"].astype(str).tolist()
    residents = table["population"].to_numpy(float)
    by_people = bool(np.nansum(residents) > 0)
    cells = pd.DataFrame(
        {
            "cell_id": ids,
            "stratum": stratum_of(table["urban_rural_code"].to_numpy(object)),
            "is_remote": table["cell_id"].isin(remote).to_numpy(bool),
            "block": _blocks(ids),
            "is_inhabited": np.nan_to_num(residents) > 0 if by_people else True,
            "p_find": -np.expm1(-table["sweep_finds"].to_numpy(float)),
            MODEL: table["mean"].to_numpy(float),
            **{name: values[order] for name, values in simple.items()},
        }
    )
    table = scored.facilities
    facilities = pd.DataFrame(
        {
            "facility_id": table["facility_id"].to_numpy(object),
            "p": table["p"].to_numpy(float),
            MODEL: table["p"].to_numpy(float),
            **baselines.of_facilities(known, table),
        }
    )
    return Said(as_of=as_of, cells=cells, facilities=facilities, doubt_log_sd=_doubt(scored))


def _blocks(ids: list[str]) -> list[str]:
    if not ids:
        return []
    return grid.parents_of(ids, max(grid.resolution_of(ids[0]) - _BLOCK_STEPS, 0))


def _doubt(scored: Scored) -> float:
    lo, hi = (scored.summary.get(f"expected_sites_{end}") for end in ("lo", "hi"))
    if not isinstance(lo, float) or not isinstance(hi, float) or lo <= 0.0:
        return 0.5
    return float(np.log(hi / lo) / 3.29)


def outcomes(
    said: Said, later: SourceFrames, params: ScoringParams, *, until: datetime
) -> Outcomes:
    """
    Look up what happened from the day to ``until``.

    Parameters
    ----------
    later
        Records as known at the end of the replay, with ``officer_ids``, ``minutes``,
        ``arm`` and ``inclusion_prob`` of the inspections where they are known.
    """
    known = features.known_before(later, as_of=until)
    seen = features.looks(known, params, as_of=said.as_of)
    found = features.finds(known, seen, as_of=said.as_of)
    seen = seen[seen["age_days"] <= 0.0].reset_index(drop=True)
    found = found[found["age_days"] <= 0.0]
    found = found[site_evidence.is_hidden(found, params.cells)].reset_index(drop=True)
    cells = said.cells[said.cells["is_inhabited"]].reset_index(drop=True)
    finds = _finds(cells, found)
    counts = np.sort(finds.groupby("cell_id").size().to_numpy(float))[::-1]
    best = [
        float(counts[: int(share * len(cells))].sum()) if len(counts) else 0.0 for share in SHARES
    ]
    visits = pd.concat(
        [_searches(cells, seen), _facility_visits(said, cells, seen)], ignore_index=True
    )
    return Outcomes(
        as_of=said.as_of,
        finds=finds.drop(columns="cell_id"),
        visits=visits.assign(origin=said.as_of),
        best=np.array(best),
    )


def _finds(cells: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return each find inside an inhabited cell, and where the cell comes with each method."""
    methods = (MODEL, *baselines.OF_CELLS)
    spans = {"cell_id": cells["cell_id"]}
    for name in methods:
        spans[f"{name}.before"], spans[f"{name}.width"] = metrics.tie_spans(cells[name])
    places = pd.DataFrame({**spans, **{k: cells[k] for k in ("stratum", "is_remote", "block")}})
    at = _cell_ids(cells, found)
    return (
        places.set_index("cell_id")
        .reindex(at[at.isin(cells["cell_id"])])
        .reset_index(names="cell_id")
    )


def _cell_ids(cells: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    if cells.empty or frame.empty:
        return pd.Series([], dtype=object)
    placed = frame["lon"].notna() & frame["lat"].notna()
    resolution = grid.resolution_of(str(cells["cell_id"].iloc[0]))
    lon, lat = frame["lon"].to_numpy(float), frame["lat"].to_numpy(float)
    ids = pd.Series(None, index=frame.index, dtype=object)
    ids[placed] = grid.cell_of(lon[placed], lat[placed], resolution)
    return ids


_VISIT_COLUMNS = ("inspector", "hours", "arm", "weight", "found", "started_at")


def _of_visits(seen: pd.DataFrame) -> pd.DataFrame:
    """Return who, how long, by which draw and with what result."""
    lead = seen["officer_ids"].fillna("").astype(str).str.split(";").str[0]
    minutes = pd.to_numeric(seen["minutes"]).to_numpy(float)
    chance = pd.to_numeric(seen["inclusion_prob"]).to_numpy(float)
    return pd.DataFrame(
        {
            "inspector": np.where(lead == "", seen["district_code"].fillna(""), lead),
            "hours": np.where(minutes > 0, minutes / 60.0, np.nan),
            "arm": seen["arm"].fillna("").to_numpy(object),
            "weight": 1.0 / np.where((chance > 0) & (chance <= 1), chance, np.nan),
            "found": seen["found"].to_numpy(bool),
            "started_at": seen["started_at"],
        }
    )


def _searches(cells: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """Return searches of a cell: the visits that say how right a cell's probability is."""
    rows = seen[seen["facility_id"].isna() & (seen["kind"] == SEARCH)].reset_index(drop=True)
    methods = (MODEL, *baselines.OF_CELLS)
    spans = {f"{name}.before": metrics.tie_spans(cells[name])[0] for name in methods}
    widths = {f"{name}.width": metrics.tie_spans(cells[name])[1] for name in methods}
    table = cells.assign(**spans, **widths).set_index("cell_id")
    ids = _cell_ids(cells, rows)
    inside = ids.isin(cells["cell_id"]).to_numpy(bool)
    told = _of_visits(rows)[inside].reset_index(drop=True)
    of_cell = table.reindex(ids[inside]).reset_index(drop=True)
    columns = [
        "stratum", "is_remote", "block", *methods, *spans, *widths,
    ]  # fmt: skip
    return told.assign(target=SITES, p=of_cell["p_find"], **{c: of_cell[c] for c in columns})


def _facility_visits(said: Said, cells: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """Return the first visit of each known facility, and where it comes among those visited."""
    rows = seen[seen["facility_id"].isin(said.facilities["facility_id"])]
    rows = rows.sort_values("started_at", kind="stable").drop_duplicates("facility_id")
    rows = rows.reset_index(drop=True)
    table = said.facilities.set_index("facility_id").reindex(rows["facility_id"])
    table = table.reset_index(drop=True)
    ids = _cell_ids(cells, rows)
    of_cell = cells.set_index("cell_id").reindex(ids)[["stratum", "is_remote", "block"]]
    spans: dict[str, object] = {}
    for name in (MODEL, *baselines.OF_FACILITIES):
        spans[name] = table[name]
        spans[f"{name}.before"], spans[f"{name}.width"] = metrics.tie_spans(table[name])
    return _of_visits(rows).assign(
        target=FACILITIES,
        p=table["p"],
        stratum=of_cell["stratum"].fillna(VILLAGE).to_numpy(object),
        is_remote=of_cell["is_remote"].fillna(False).to_numpy(bool),
        block=of_cell["block"].fillna("").to_numpy(object),
        **spans,
    )
