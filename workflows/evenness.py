"""Do visits follow risk: by district, township and urban-rural class, and where nobody looks."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.schema import TIME_ZONE
from data.scope import Scope
from data.store import scores
from data.store.engine import Store
from data.store.rows import load_rows
from data.store.scores import ScoreRun
from geo import boundaries, grid
from risk import evenness

PERIOD_DAYS = 365
BLOCK_RESOLUTION = 6
"""Without areas, cells are put together into H3 blocks of about 36 km2."""
MINUTES_PER_VISIT = 45.0
"""Where a record does not say how long a visit took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evenness:
    """
    Shares of risk against shares of visits over the last twelve months.

    ``by_district``, ``by_township`` and ``by_class`` are frames of
    ``risk.evenness.shares_by_group`` with a ``name`` (None where unknown).
    ``by_remote`` has the group 1 for remote cells, and no rows where minutes are not known;
    ``by_class_and_remote`` splits each class by it (column ``is_remote``, 0 or 1).
    ``township_is_block`` tells that no areas are loaded and blocks stand in.
    """

    since: date
    until: date
    n_visits: int
    n_unplaced_visits: int
    line: evenness.Lorenz
    by_district: pd.DataFrame
    by_township: pd.DataFrame
    by_class: pd.DataFrame
    township_is_block: bool
    longest_unseen: pd.DataFrame
    n_never_seen: int
    n_places: int
    places_are_villages: bool
    by_remote: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_class_and_remote: pd.DataFrame = field(default_factory=pd.DataFrame)


def make_evenness(store: Store, run: ScoreRun, *, scope: Scope, n_unseen: int = 50) -> Evenness:
    """
    Compare where the risk is with where the visits went, as known at the score run.

    Risk is the score of a cell (expected sites x severity, points); visits are
    inspections on site, desk checks left out.
    """
    until = run.as_of.astimezone(TIME_ZONE)
    cells = scores.load_cell_scores(store, run.run_id, scope=scope)
    visits = load_rows(
        store,
        "inspections",
        scope=scope,
        as_of=run.as_of,
        columns=["inspection_id", "started_at", "kind", "minutes", "lon", "lat"],
        since=until - timedelta(days=PERIOD_DAYS),
    )
    visits = visits[visits["kind"] != "desk_check"]
    placed = visits[visits["lon"].notna() & visits["lat"].notna()]
    work = _work_per_cell(placed, cells)
    places = cells.assign(risk=cells["score"], n_visits=work["n_visits"], hours=work["hours"])
    areas = load_rows(
        store,
        "areas",
        scope=scope,
        as_of=run.as_of,
        columns=["area_code", "name", "level", "parent_code"],
    )
    is_block = not (areas["level"] == "township").any()
    if is_block:
        places["township"] = grid.parents_of(places["cell_id"], BLOCK_RESOLUTION)
    else:
        places["township"] = places["area_code"].map(
            boundaries.area_at_level(areas, level="township")
        )
    names = dict(zip(areas["area_code"], areas["name"], strict=True))
    names |= {str(code)[:6]: name for code, name in names.items() if str(code)[6:].strip("0") == ""}
    lived_in = lived_in_places(places, areas)
    return Evenness(
        since=(until - timedelta(days=PERIOD_DAYS)).date(),
        until=until.date(),
        n_visits=len(visits),
        n_unplaced_visits=len(visits) - len(placed),
        line=evenness.lorenz(places["risk"], places["n_visits"]),
        by_district=_named(evenness.shares_by_group(places, by="district_code"), names),
        by_township=_named(
            evenness.shares_by_group(places, by="township"),
            _block_names(places["township"]) if is_block else names,
        ),
        by_class=_named(evenness.shares_by_group(places, by="urban_rural_code"), {}),
        township_is_block=is_block,
        longest_unseen=evenness.longest_unseen(lived_in, as_of=until.date(), n=n_unseen),
        n_never_seen=int(lived_in["last_visit_on"].isna().sum()),
        n_places=len(lived_in),
        places_are_villages=_has_villages(areas),
        by_remote=evenness.shares_by_group(places, by="is_remote")
        if places["is_remote"].notna().any()
        else pd.DataFrame(),
        by_class_and_remote=_split_by_remote(places),
    )


def _split_by_remote(places: pd.DataFrame) -> pd.DataFrame:
    """Return the classes, each split into what lies remote and what does not."""
    if not places["is_remote"].notna().any():
        return pd.DataFrame()
    is_remote = places["is_remote"].fillna(0).astype(int).astype(str)
    split = places.assign(key=is_remote + places["urban_rural_code"].fillna("").astype(str))
    table = evenness.shares_by_group(split, by="key")
    key = table["group"].astype(str)
    table = table.assign(
        is_remote=key.str[:1].astype(int), group=key.str[1:].where(key.str.len() > 1, None)
    )
    ranked = table.sort_values(["group", "is_remote"], na_position="last")
    return ranked.reset_index(drop=True)


def lived_in_places(cells: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """
    Return the places where somebody lives or a facility is: villages where known, else cells.

    A village has the last visit and the sums of its cells, and the point, class
    and probability of its riskiest one.
    """
    lived_in = cells[(cells["population"].fillna(0) > 0) | (cells["n_facilities"] > 0)]
    if not _has_villages(areas):
        return lived_in
    villages = set(areas.loc[areas["level"] == "village", "area_code"])
    own = lived_in[lived_in["area_code"].isin(villages)]
    ranked = own.sort_values("score", ascending=False)
    grouped = ranked.groupby("area_code", sort=False)
    first = grouped.head(1).set_index("area_code")
    first["last_visit_on"] = (
        pd.to_datetime(ranked["last_visit_on"]).groupby(ranked["area_code"]).max()
    )
    for column in ("population", "n_facilities", "score", *(c for c in ("risk",) if c in own)):
        first[column] = grouped[column].sum()
    return first.reset_index()


def _has_villages(areas: pd.DataFrame) -> bool:
    return bool((areas["level"] == "village").any())


def _work_per_cell(visits: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Return visits and hours per scored cell, in the order of ``cells``."""
    if cells.empty or visits.empty:
        return pd.DataFrame(
            {"n_visits": np.zeros(len(cells)), "hours": np.zeros(len(cells))}, index=cells.index
        )
    own = grid.cell_of(
        visits["lon"].to_numpy(),
        visits["lat"].to_numpy(),
        resolution=grid.resolution_of(cells["cell_id"].iloc[0]),
    )
    hours = visits["minutes"].fillna(MINUTES_PER_VISIT).to_numpy() / 60
    sums = pd.DataFrame({"cell_id": own, "n_visits": 1.0, "hours": hours}).groupby("cell_id").sum()
    return sums.reindex(cells["cell_id"]).fillna(0.0).set_index(cells.index)


def _block_names(blocks: pd.Series) -> dict[str, str]:
    """Return the position of each block's middle as its name."""
    ids = sorted(set(blocks))
    lons, lats = grid.cell_centre(ids)
    return {block: f"{x:.2f}, {y:.2f}" for block, x, y in zip(ids, lons, lats, strict=True)}


def _named(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    return table.assign(name=[names.get(group) for group in table["group"]])
