"""The random arm in daily work: the week's draw, its visits, what was not made, what it says."""

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import Message, Visit
from data.scope import Scope
from data.store import explorations, scores
from data.store.engine import Store
from data.store.rows import load_rows
from data.store.scores import ScoreRun
from errors import NoDataError
from geo import grid
from risk import exploration
from risk.exploration import Alarm, Estimate, ExplorationParams
from workflows import access
from workflows.candidates import POINTS, CandidateParams
from workflows.weeks import DAYS_A_WEEK, first_day_left, local_day, midnight, next_week, week_of

VISIT_KIND = "sweep"
NO_ANSWER = frozenset({"closed_door", "moved", "refused"})
"""Results of a search that looked at nothing: drawn, and not answered."""
_SWEEP_DETECTION = 0.5
_NORMAL_90 = 1.6449


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Officers in a team, most teams on a day, and working seconds of a team and day."""

    team_size: int
    max_teams: int
    day_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What the random arm says as of a moment.

    ``week`` are the drawn visits of the week, ``draws`` the draws they come from;
    ``by_cell`` says that all visits were drawn by cell; ``model_share`` and
    ``model_cells`` are what the newest scores expect of one search of every inhabited
    cell, on average and in sum; ``n_cells`` how many cells that are.
    """

    week_start: date
    week: pd.DataFrame
    draws: tuple[Mapping[str, Any], ...]
    estimate: Estimate
    alarm: Alarm
    model_share: float | None
    model_cells: float | None
    n_cells: int
    n_unforetold: int
    by_cell: bool


def draw_week(
    store: Store,
    district_code: str,
    params: ExplorationParams,
    *,
    candidates: CandidateParams,
    capacity: Capacity,
    week_start: date,
    scope: Scope,
    as_of: datetime,
    actor: str,
    now: datetime,
) -> str:
    """
    Draw the random visits of a week and district; the first draw of a week stays.

    Raises
    ------
    NoDataError
        If there are no scores before ``as_of``, or no inhabited cell in the district.
    """
    access.require(store, actor, "draws.run")
    own = access.narrowed(scope, district_code)
    return _draw(
        store, district_code, params, candidates=candidates, capacity=capacity,
        week_start=week_start, scope=own, as_of=as_of, actor=actor, now=now,
        seed=secrets.randbits(48),
    )  # fmt: skip


def draw_after_scoring(
    store: Store,
    params: ExplorationParams,
    *,
    candidates: CandidateParams,
    capacity: Capacity,
    as_of: datetime,
    actor: str,
    now: datetime,
) -> list[str]:
    """Draw next week's visits in every district that has officers and cells; a step of a job."""
    everybody = Scope(user=actor, districts=None, sealed=frozenset())
    officers = load_rows(
        store, "officers", scope=everybody, as_of=as_of, columns=["officer_id", "district_code"]
    )
    made = []
    for district in sorted(officers["district_code"].dropna().astype(str).unique()):
        own = Scope(user=actor, districts=frozenset({district}), sealed=frozenset())
        try:
            drawn = _draw(
                store, district, params, candidates=candidates, capacity=capacity,
                week_start=next_week(as_of), scope=own, as_of=as_of, actor=actor, now=now,
                seed=secrets.randbits(48),
            )  # fmt: skip
        except NoDataError:
            continue  # a district without cells explores nothing
        made.append(drawn)
    return made


def _draw(
    store: Store,
    district_code: str,
    params: ExplorationParams,
    *,
    candidates: CandidateParams,
    capacity: Capacity,
    week_start: date,
    scope: Scope,
    as_of: datetime,
    actor: str,
    now: datetime,
    seed: int,
) -> str:
    run = scores.latest_run(store, scope=scope, as_of=as_of)
    if run is None:
        raise NoDataError(
            "{date} 以前还没有评分。请先评分，再抽取随机到访", date=local_day(as_of).isoformat()
        )
    cells = inhabited(scores.load_cell_scores(store, run.run_id, scope=scope))
    if cells.empty:
        raise NoDataError("{code} 没有可抽取的网格", code=district_code)
    n = wanted_visits(
        _certified(store, scope=scope, as_of=as_of, week_start=week_start),
        params, candidates=candidates, capacity=capacity,
    )  # fmt: skip
    cells = cells.assign(predicted=predicted_finds(cells))
    frame = exploration.draw(cells, n, params, seed=seed)
    return explorations.save_draw(
        store, frame, week_start=week_start, district_code=district_code, as_of=as_of,
        score_run_id=run.run_id, seed=seed, frame_hash=exploration.frame_hash(frame),
        params=asdict(params), actor=actor, now=now,
    )  # fmt: skip


def replay(store: Store, draw_id: str, *, scope: Scope) -> bool:
    """Return whether the stored list and seed give the stored draw again."""
    frame = explorations.load_frame(store, draw_id, scope=scope)
    draws = [d for d in explorations.load_draws(store, scope=scope) if d["draw_id"] == draw_id]
    params = ExplorationParams(**draws[0]["params"])
    again = exploration.draw(
        frame.drop(columns=["stratum", "inclusion_prob", "drawn"]),
        draws[0]["n_drawn"], params, seed=draws[0]["seed"],
    )  # fmt: skip
    same = set(again.loc[again["drawn"], "cell_id"]) == set(frame.loc[frame["drawn"], "cell_id"])
    return same and exploration.frame_hash(again) == draws[0]["frame_hash"]


def inhabited(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with residents; all of them where nobody counted residents."""
    people = cells["population"].astype(float)
    return cells if not (people > 0).any() else cells[people > 0].reset_index(drop=True)


def predicted_finds(cells: pd.DataFrame) -> NDArray[np.float64]:
    """Return the chance that a search of each cell finds something, as its run says."""
    stood_in = _SWEEP_DETECTION * cells["p_hidden"].astype(float).fillna(0.0)
    finds = cells["sweep_finds"].astype(float)
    chance = 1.0 - np.exp(-finds.to_numpy(float))
    return np.where(finds.notna(), chance, stood_in.to_numpy(float))


def wanted_visits(
    n_officers: int,
    params: ExplorationParams,
    *,
    candidates: CandidateParams,
    capacity: Capacity,
) -> int:
    """Return how many random visits fit into their share of the week's hours."""
    teams = min(n_officers // capacity.team_size, capacity.max_teams)
    hours = teams * candidates.days * capacity.day_s / 3600.0
    each = (candidates.sweep_minutes + params.travel_minutes) / 60.0
    exact = params.share * hours / each
    return max(round(exact), 1) if exact > 0 else 0


def _certified(store: Store, *, scope: Scope, as_of: datetime, week_start: date) -> int:
    officers = load_rows(
        store, "officers", scope=scope, as_of=as_of,
        columns=["officer_id", "certificate_no", "certificate_expiry"],
    )  # fmt: skip
    expiry = officers["certificate_expiry"]
    valid = expiry.isna() | (expiry >= pd.Timestamp(week_start))
    return int(valid.sum())


def required_visits(
    store: Store, params: CandidateParams, *, scope: Scope, week_start: date, as_of: datetime
) -> list[Visit]:
    """Return the drawn visits of a week that are still to be made, required and valued as drawn."""
    drawn = explorations.load_visits(store, scope=scope, week_start=week_start)
    drawn = drawn[drawn["missed_at"].isna()]
    first = first_day_left(week_start, as_of=as_of)
    windows = tuple(
        (day, params.open_from_s, params.last_start_s) for day in range(first, params.days)
    )
    return [
        Visit(
            visit_id=f"X-{row['cell_id']}-{week_start.isoformat()}", kind=VISIT_KIND,
            place_name=row["area_name"] or "", lon=row["lon"], lat=row["lat"],
            prize=max(round(POINTS * (row["predicted"] or 0.0)), 1),
            service_s=60 * params.sweep_minutes, windows=windows,
            district_code=row["district_code"], area_code=row["area_code"],
            cell_id=row["cell_id"], ground=VISIT_KIND, required=True,
            inclusion_prob=row["inclusion_prob"],
            reasons=(Message("随机抽取，不是怀疑：入样概率 {p} %",
                             {"p": f"{100 * row['inclusion_prob']:.2g}"}),),
        )
        for row in drawn.to_dict("records")
    ]  # fmt: skip


def with_required(visits: Sequence[Visit], drawn: Sequence[Visit]) -> list[Visit]:
    """Return drawn visits before all others; a search of a drawn cell is not planned twice."""
    cells = {visit.cell_id for visit in drawn}
    others = [v for v in visits if v.kind != VISIT_KIND or v.cell_id not in cells]
    return [*drawn, *others]


def record_non_response(
    store: Store,
    week_start: date,
    cell_id: str,
    *,
    reason: str,
    actor: str,
    scope: Scope,
    now: datetime,
) -> None:
    """
    Note that a drawn visit was not made; ``reason`` is a code of ``data.schema.RESULTS`` or own.

    Raises
    ------
    NotFoundError
        If no such visit was drawn for that week, or it is not the reader's.
    """
    access.require(store, actor, "results.write")
    drawn = explorations.load_visits(store, scope=scope, week_start=week_start)
    own = drawn.loc[drawn["cell_id"] == cell_id, "draw_id"]
    draw_id = str(own.iloc[0]) if len(own) else ""
    explorations.record_miss(
        store, draw_id, cell_id, reason=reason, scope=scope, actor=actor, now=now
    )


def report(
    store: Store, params: ExplorationParams, *, run: ScoreRun, scope: Scope, as_of: datetime
) -> Report:
    """Return what the random arm of the last weeks says, as known before ``as_of``."""
    week_start = next_week(as_of)
    made = visits_due(store, params, scope=scope, as_of=as_of)
    foretold = made[made["made"] & made["predicted"].notna()]
    cells = inhabited(scores.load_cell_scores(store, run.run_id, scope=scope))
    expected = predicted_finds(cells)
    return Report(
        week_start=week_start,
        week=explorations.load_visits(store, scope=scope, week_start=week_start),
        draws=tuple(explorations.load_draws(store, scope=scope, week_start=week_start)),
        estimate=exploration.estimate(made),
        alarm=exploration.judge(
            foretold["predicted"].to_numpy(float), foretold["found"].to_numpy(bool), params,
            log_sd=_doubt(run),
        ),
        model_share=float(expected.mean()) if len(expected) else None,
        model_cells=float(expected.sum()) if len(expected) else None,
        n_cells=len(cells),
        n_unforetold=int(made["made"].sum()) - len(foretold),
        # draws of files may be of villages: their share is no share of cells
        by_cell=bool(made["by_cell"].all()),
    )  # fmt: skip


def visits_due(
    store: Store, params: ExplorationParams, *, scope: Scope, as_of: datetime
) -> pd.DataFrame:
    """
    Return the random visits of the last weeks that were due, made or not.

    Columns inclusion_prob, stratum, made, found, predicted. A drawn visit is made if a
    random search of its cell was recorded in its week; random searches of no draw, from
    files, count by themselves with the chance their file gives.
    """
    since = local_day(as_of) - timedelta(weeks=params.weeks)
    rows = load_rows(
        store, "inspections", scope=scope, as_of=as_of, since=midnight(since),
        columns=["inspection_id", "started_at", "kind", "lon", "lat", "result", "arm",
                 "inclusion_prob"],
    )  # fmt: skip
    rows = rows[
        (rows["kind"] == VISIT_KIND) & (rows["arm"] == "random") & rows["lon"].notna()
    ].reset_index(drop=True)
    drawn = explorations.load_visits(store, scope=scope, since=since, known_before=as_of)
    cells = scores.latest_run(store, scope=scope, as_of=as_of)
    resolution = 8
    if len(drawn):
        resolution = grid.resolution_of(str(drawn["cell_id"].iloc[0]))
    rows = rows.assign(
        cell_id=grid.cell_of(rows["lon"], rows["lat"], resolution),
        week=[week_of(local_day(moment)).isoformat() for moment in rows["started_at"]],
    )
    answered = ~rows["result"].isin(NO_ANSWER)
    rows = rows.assign(made=answered, found=answered & (rows["result"] == "violation"))
    own = _of_draws(drawn, rows, as_of=as_of)
    taken = set(zip(drawn["cell_id"], drawn["week_start"], strict=True))
    keys = zip(rows["cell_id"], rows["week"], strict=True)
    free = rows[np.array([key not in taken for key in keys], dtype=bool)]
    free = free[free["inclusion_prob"] > 0]
    of_files = _of_files(store, free, cells, params, scope=scope).assign(by_cell=False)
    parts = [own.assign(by_cell=True), of_files]
    columns = list(_TYPES)
    filled = [part[columns] for part in parts if len(part)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype=_TYPES[name]) for name in columns})
    return pd.concat(filled, ignore_index=True).astype(_TYPES)


_TYPES = {
    "inclusion_prob": float, "stratum": str, "made": bool, "found": bool, "predicted": float,
    "by_cell": bool,
}  # fmt: skip


def _of_draws(drawn: pd.DataFrame, rows: pd.DataFrame, *, as_of: datetime) -> pd.DataFrame:
    """Return the drawn visits that are due: their week is over, or something is known."""
    seen = rows.groupby(["cell_id", "week"])[["made", "found"]].any()
    known = {key: (made, found) for key, made, found in seen.itertuples(name=None)}
    this_week = week_of(local_day(as_of)).isoformat()
    kept = []
    for row in drawn.to_dict("records"):
        told = known.get((row["cell_id"], row["week_start"]))
        if told is not None or row["week_start"] < this_week or not pd.isna(row["missed_at"]):
            made, found = told or (False, False)
            kept.append({**row, "made": bool(made), "found": bool(found)})
    return pd.DataFrame(kept, columns=[*drawn.columns, "made", "found"])


def _of_files(
    store: Store, rows: pd.DataFrame, newest: ScoreRun | None, params: ExplorationParams,
    *, scope: Scope,
) -> pd.DataFrame:  # fmt: skip
    """Return random searches of files with the stratum of now and the scores of before."""
    if rows.empty:
        return rows
    if newest is None:
        return rows.assign(stratum="unknown", predicted=np.nan)
    cells = scores.load_cell_scores(store, newest.run_id, scope=scope)
    stratum = dict(zip(cells["cell_id"], exploration.strata(cells, params), strict=True))
    predicted = np.full(len(rows), np.nan)
    runs: dict[str, dict[str, float]] = {}
    for n, (cell, moment) in enumerate(zip(rows["cell_id"], rows["started_at"], strict=True)):
        before = scores.latest_run(store, scope=scope, as_of=moment.to_pydatetime())
        if before is None:
            continue
        if before.run_id not in runs:
            then = scores.load_cell_scores(store, before.run_id, scope=scope)
            runs[before.run_id] = dict(zip(then["cell_id"], predicted_finds(then), strict=True))
        predicted[n] = runs[before.run_id].get(cell, math.nan)
    # knowledge of now would sort visits by their own outcome: only class and distance stay
    names = [stratum.get(cell, "unknown").rsplit("-", 1)[0] for cell in rows["cell_id"]]
    return rows.assign(stratum=names, predicted=predicted)


def _doubt(run: ScoreRun) -> float | None:
    """Return the doubt in a run's total on the log scale, from its 90 % interval."""
    lo, hi = (run.summary.get(f"expected_sites_{end}") for end in ("lo", "hi"))
    if not isinstance(lo, int | float) or not isinstance(hi, int | float) or not 0 < lo < hi:
        return None
    return math.log(hi / lo) / (2 * _NORMAL_90)


def days_of(week_start: date) -> tuple[date, date]:
    """Return the first and the last day of a week."""
    return week_start, week_start + timedelta(days=DAYS_A_WEEK - 1)
