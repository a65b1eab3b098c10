"""
Who should be inspected first? Chicago's published case, ranked by the facility models.

    python -m benchmarks.inspection_targeting DIR [--draws N] [--out FILE]

``DIR`` holds the files of ../shared/bench/inspection_targeting. Features are what was
known on the day a list is made: every 28 days in ``Train``, once for the whole of
``Test``; never the weather of the day. The weights of the blend come from quarters
inside ``Train`` alone. Two tracks: *honest* (fitted with the inspector, who is then
averaged out) and *inspector known*; beside them the order that was used, the inspector
alone, the published score, and a plain logistic regression. 90 % intervals and paired
differences are from a bootstrap over visits. One JSON object is printed last.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit, logit

from data.schema import TIME_ZONE
from geo import grid
from risk import facility_logistic, features
from risk.facility_choice import auc_within
from risk.facility_rows import FacilityRecords, facility_records, rows_at
from risk.features import Floats
from risk.metrics import auc
from risk.params import ScoringParams

Blocks = dict[str, sparse.csr_array]

LIST_DAYS = 28
LICENCES = (
    "consumption_on_premises_incidental_activity", "tobacco_retail_over_counter", "package_goods",
    "limited_business_license", "outdoor_patio", "public_place_of_amusement",
    "childrens_services_facility_license", "tavern", "regulated_business_license",
    "filling_station", "caterers_liquor_license", "mobile_food_license",
)  # fmt: skip
HEATS = ("heat_burglary", "heat_garbage", "heat_sanitation")
QUARTERS = ("2013-02-01", "2013-05-01", "2013-08-01", "2013-11-01", "2014-02-01")
BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)
LEAST_WORD = 8
HALF_LIFE_DAYS = 540.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The visits in the order of their days; ``blocks`` and ``table`` are their features."""

    visits: pd.DataFrame
    found: Floats
    inspector: NDArray[np.int64]
    blocks: Blocks
    table: Floats
    plain: Floats


def read_case(folder: Path) -> Case:
    """Read the files, and find out what was known of each place on the day of its list."""
    table = pd.read_parquet(folder / "model_table.parquet")
    past = pd.read_parquet(folder / "inspections.parquet")
    teams = pd.read_parquet(folder / "inspector_assignments.parquet")
    past = past.merge(teams, left_on="Inspection_ID", right_on="inspectionID", how="left")
    past = past.sort_values(["Inspection_Date", "Inspection_ID"], kind="stable")
    more = past[["Inspection_ID", "DBA_Name", "AKA_Name", "Risk", "Facility_Type"]]
    more = more.rename(columns={"Facility_Type": "type"})
    table["License"] = table["License"].astype("float64")
    visits = table.merge(more, on="Inspection_ID", how="left")
    visits = visits.sort_values(["Inspection_Date", "Inspection_ID"], kind="stable")
    visits = visits.reset_index(drop=True)
    history = _history(visits, past)
    known = _given(visits)
    types = visits["type"].astype(str)
    kind = pd.Categorical(types.where(types.map(types.value_counts()) >= LEAST_WORD, "rare"))
    codes = pd.Categorical(visits["Inspector_Assigned"].astype(str)).codes.astype(np.int64)
    numbers = np.column_stack([known, history])
    mean, sd = numbers.mean(axis=0), numbers.std(axis=0)
    scaled = (numbers - mean) / np.where(sd > 0, sd, 1.0)
    n = known.shape[1]
    return Case(
        visits=visits, found=(visits["criticalFound"] > 0).to_numpy(float), inspector=codes,
        blocks={
            "given": sparse.csr_array(scaled[:, :n]), "history": sparse.csr_array(scaled[:, n:]),
            "kind": facility_logistic.indicator(kind.codes.astype(np.int64), len(kind.categories)),
            "words": _words(visits),
            "inspector": facility_logistic.indicator(codes, int(codes.max()) + 1),
        },
        table=np.column_stack([numbers, kind.codes]),
        plain=_plain(visits),
    )  # fmt: skip


def _given(visits: pd.DataFrame) -> Floats:
    risk = visits["Risk"].astype(str)
    numbers = visits[[*LICENCES, *HEATS, "pastFail", "timeSinceLast", "firstRecord"]]
    return np.column_stack(
        [
            numbers.to_numpy(float),
            np.minimum(visits[["pastCritical", "pastSerious"]].to_numpy(float), 1.0),
            np.log1p(np.maximum(visits["ageAtInspection"].to_numpy(float), 0.0)),
            risk.str.contains("1"), risk.str.contains("3"),
        ]
    ).astype(float)  # fmt: skip


def _plain(visits: pd.DataFrame) -> Floats:
    """Return history, licences and type alone: the features of the plain regression."""
    numbers = visits[[*LICENCES, "pastFail", "timeSinceLast", "firstRecord", "ageAtInspection"]]
    past = np.minimum(visits[["pastCritical", "pastSerious"]].to_numpy(float), 1.0)
    kinds = pd.get_dummies(visits["Facility_Type"]).to_numpy(float)
    x = np.column_stack([numbers.to_numpy(float), past, kinds])
    return np.asarray((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9))


def _words(visits: pd.DataFrame) -> sparse.csr_array:
    """Return a column per word of the names on the door (trades, cuisines, chains)."""
    names = visits["DBA_Name"].astype(str) + " " + visits["AKA_Name"].astype(str)
    words = [set(name) for name in names.str.upper().str.findall(r"[A-Z]{3,}")]
    counts = pd.Series([word for name in words for word in sorted(name)]).value_counts()
    place = {word: i for i, word in enumerate(sorted(counts[counts >= LEAST_WORD].index))}
    pairs = [(i, place[w]) for i, name in enumerate(words) for w in sorted(name) if w in place]
    rows, columns = np.array(pairs).T
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(words), len(place)))


def _history(visits: pd.DataFrame, past: pd.DataFrame) -> Floats:
    """Return the facility model's features, and those of the name, as of each list's day."""
    day = visits["Inspection_Date"]
    last = day[visits["Test"].to_numpy(bool)].min()
    lists = list(pd.date_range(day.min(), last, freq=f"{LIST_DAYS}D", inclusive="left"))
    lists.append(last)
    number = np.searchsorted(np.array(lists, "datetime64[ns]"), day.to_numpy(), side="right") - 1
    as_of = day.max() + pd.Timedelta(days=1)
    params = ScoringParams()
    known, licences = _records(past, as_of, params)
    place = pd.Series(np.arange(len(licences)), index=licences)
    out = np.zeros((len(visits), 12))
    for i, start in enumerate(lists):
        rows = np.flatnonzero(number == i)
        if len(rows) == 0:
            continue
        age = float((as_of - start).days)
        then = rows_at(known, age_days=age, window_days=0.0, params=params.facilities).now
        at = place.loc[visits["License"].iloc[rows]].to_numpy(np.int64)
        mine = then.take(at)
        before = past[past["Inspection_Date"] < start]
        out[rows] = np.column_stack(
            [
                mine.own, mine.fresh, mine.last_found, np.isnan(mine.days), mine.near,
                mine.calls_near, np.nan_to_num(np.log(mine.days / 330.0)),
                _by_name(before, visits.iloc[rows], start),
                _residuals(before, visits.iloc[rows], start),
            ]
        )  # fmt: skip
    return out


def _records(
    past: pd.DataFrame, as_of: pd.Timestamp, params: ScoringParams
) -> tuple[FacilityRecords, list[float]]:
    """Return every licence as a facility, every inspection as a look, its inspector an officer."""
    places = past.drop_duplicates("License").reset_index(drop=True)
    seen = pd.DataFrame(
        {
            "inspection_id": past["Inspection_ID"],
            "facility_id": past["License"],
            "started_at": past["Inspection_Date"].dt.tz_localize(TIME_ZONE),
            "age_days": (as_of - past["Inspection_Date"]).dt.days.astype(float),
            "found": past["criticalCount"].fillna(0).to_numpy(float) > 0,
            "kind": "routine",
            "officer_ids": past["sanitarian"]
            .astype(object)
            .where(past["sanitarian"].notna(), None),
        }
    )
    none = pd.DataFrame(
        {name: pd.Series(dtype=object) for name in ("facility_id", "day", "topic", "lon", "lat")}
    ).assign(age_days=pd.Series(dtype=float))
    cells = grid.cell_of(
        places["Latitude"].to_numpy(float) * 0 + places["Longitude"].to_numpy(float),
        places["Latitude"].to_numpy(float), params.cell_resolution,
    )  # fmt: skip
    active = pd.DataFrame({"facility_id": places["License"], "kind": places["Facility_Type_Clean"]})
    known = facility_records(
        active, seen=seen, reported=none, cell_ids=cells,
        licence_age_days=np.full(len(active), np.nan), params=params,
    )  # fmt: skip
    return known, list(places["License"])


def _by_name(before: pd.DataFrame, rows: pd.DataFrame, start: pd.Timestamp) -> Floats:
    """Return finds over expected ones at other places of the same name, and how many visits."""
    if before.empty:
        return np.zeros((len(rows), 2))
    found = (before["criticalCount"] > 0).to_numpy(float)
    team = before["sanitarian"].fillna("").to_numpy(object)
    sums = pd.Series(found).groupby(team).agg(["sum", "size"])
    usual = ((sums["sum"] + 3.0) / (sums["size"] + 20.0)).loc[team].to_numpy(float)
    worth = features.decayed(
        (start - before["Inspection_Date"]).dt.days.to_numpy(float), half_life_days=HALF_LIFE_DAYS
    )
    table = pd.DataFrame({"found": worth * found, "usual": worth * usual})
    all_of = table.groupby(_name(before).to_numpy()).sum()
    own_of = table.groupby(before["License"].to_numpy(float)).sum()
    total = all_of.reindex(_name(rows)).fillna(0.0).to_numpy()
    own = own_of.reindex(rows["License"].to_numpy(float)).fillna(0.0).to_numpy()
    others = np.maximum(total - own, 0.0)
    return np.column_stack(
        [np.log((others[:, 0] + 1.0) / (others[:, 1] + 1.0)), np.log1p(others[:, 1])]
    )


def _name(frame: pd.DataFrame) -> pd.Series:
    return frame["DBA_Name"].astype(str).str.upper().str.replace(r"[^A-Z]+", " ", regex=True)


def _residuals(before: pd.DataFrame, rows: pd.DataFrame, start: pd.Timestamp) -> Floats:
    """Return how many lesser violations and fails a place had beyond its inspectors' usual."""
    columns = ["seriousCount", "minorCount", "fail_flag"]
    if before.empty:
        return np.zeros((len(rows), len(columns)))
    values = before[columns].fillna(0).to_numpy(float).clip(0, 10)
    team = before["sanitarian"].fillna("").to_numpy(object)
    means = pd.DataFrame(values).groupby(team).transform("mean").to_numpy()
    worth = features.decayed(
        (start - before["Inspection_Date"]).dt.days.to_numpy(float), half_life_days=HALF_LIFE_DAYS
    )
    table = pd.DataFrame(np.column_stack([worth[:, None] * (values - means), worth]))
    sums = table.groupby(before["License"].to_numpy(float)).sum()
    own = sums.reindex(rows["License"].to_numpy(float)).fillna(0.0).to_numpy()
    return np.asarray(own[:, :-1] / (own[:, -1:] + 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Log odds of each asked visit: logistic and trees, inspector averaged out or known."""

    logistic: Floats
    logistic_known: Floats
    trees: Floats
    trees_known: Floats


def foretell(case: Case, train: NDArray[np.bool_], ask: NDArray[np.bool_]) -> Said:
    """Fit both models to some visits and return what they say of others."""
    here = {name: block[np.flatnonzero(train)] for name, block in case.blocks.items()}
    fitted = facility_logistic.fit(here, case.found[train])
    there = {name: block[np.flatnonzero(ask)] for name, block in case.blocks.items()}
    terms = facility_logistic.log_odds(fitted, there)
    honest = sum(term for name, term in terms.items() if name != "inspector")
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = np.column_stack([case.table, case.inspector])
    kinds = [x.shape[1] - 2, x.shape[1] - 1]
    trees = HistGradientBoostingClassifier(
        learning_rate=0.04, max_iter=120, max_depth=3, min_samples_leaf=60, l2_regularization=5.0,
        max_features=0.5, categorical_features=kinds, early_stopping=False, random_state=0,
    ).fit(x[train], case.found[train])  # fmt: skip
    each = []
    for code in range(int(case.inspector.max()) + 1):
        asked = x[ask].copy()
        asked[:, -1] = code
        each.append(trees.predict_proba(asked)[:, 1])
    share = np.bincount(case.inspector[train], minlength=len(each)) / train.sum()
    return Said(
        logistic=np.asarray(honest), logistic_known=np.asarray(honest + terms["inspector"]),
        trees=np.asarray(logit(np.asarray(each).T @ share)),
        trees_known=np.asarray(logit(trees.predict_proba(x[ask])[:, 1])),
    )  # fmt: skip


def best_blend(case: Case) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Return the share of the trees in each track, by quarters inside ``Train`` alone."""
    train = case.visits["Train"].to_numpy(bool)
    day = case.visits["Inspection_Date"]
    rows = []
    for text in QUARTERS:
        start = pd.Timestamp(text)
        before = train & (day < start).to_numpy()
        after = train & ((day >= start) & (day < start + pd.Timedelta(days=91))).to_numpy()
        said, y, group = foretell(case, before, after), case.found[after], case.inspector[after]
        weight = float(y.sum())
        for share in BLENDS:
            honest = (1 - share) * said.logistic + share * said.trees
            known = (1 - share) * said.logistic_known + share * said.trees_known
            rows.append(
                {
                    "share": share, "weight": weight,
                    "honest": auc_within(honest, y, group), "known": auc(known, y),
                }
            )  # fmt: skip
    table = pd.DataFrame(rows)
    means = table.groupby("share")[["honest", "known"]].apply(
        lambda part: pd.Series(
            np.average(part, axis=0, weights=table.loc[part.index, "weight"]), index=part.columns
        )
    )
    best = {track: float(means[track].idxmax()) for track in ("honest", "known")}
    return best, means.reset_index().round(4).to_dict("records")


def figures(
    score: Floats, found: Floats, day: Floats, group: NDArray[np.int64]
) -> dict[str, float]:
    """Return AUC, days earlier and first half, overall and within each inspector's own list."""
    everyone = np.zeros(len(found), dtype=np.int64)
    return {
        "auc": auc(score, found),
        "days": _days_earlier(score, found, day, everyone),
        "first_half": _first_half(score, found),
        "auc_within": auc_within(score, found, group),
        "days_within": _days_earlier(score, found, day, group),
    }


def _days_earlier(score: Floats, found: Floats, day: Floats, group: NDArray[np.int64]) -> float:
    """Return mean days by which a find comes earlier, each list keeping its days.

    Visits with equal scores stay in the order that was used.
    """
    gained = 0.0
    for number in np.unique(group).tolist():
        at = np.flatnonzero(group == number)
        days = np.sort(day[at])
        order = np.argsort(-score[at], kind="stable")
        new = np.empty(len(at))
        new[order] = days
        gained += float(((day[at] - new) * found[at]).sum())
    return gained / max(found.sum(), 1.0)


def _first_half(score: Floats, found: Floats) -> float:
    order = np.argsort(-score, kind="stable")
    return float(found[order][: len(found) // 2].sum() / max(found.sum(), 1.0))


def bootstrap(
    scores: Mapping[str, Floats],
    found: Floats,
    day: Floats,
    group: NDArray[np.int64],
    *,
    draws: int,
    pairs: Mapping[str, tuple[str, str]],
) -> dict[str, object]:
    """Return every method's figures with 90 % intervals, and paired differences."""
    rng = np.random.default_rng(8)
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in scores}
    for _ in range(draws):
        at = np.sort(rng.integers(0, len(found), len(found)))
        for name, score in scores.items():
            samples[name].append(figures(score[at], found[at], day[at], group[at]))
    tables = {name: pd.DataFrame(rows) for name, rows in samples.items()}
    out: dict[str, object] = {}
    for name, score in scores.items():
        lo, hi = tables[name].quantile(0.05), tables[name].quantile(0.95)
        now = figures(score, found, day, group)
        out[name] = {k: [round(v, 4), round(lo[k], 4), round(hi[k], 4)] for k, v in now.items()}
    for label, (ours, other) in pairs.items():
        gap = tables[ours] - tables[other]
        out[label] = {
            k: [round(gap[k].mean(), 4), round(gap[k].quantile(0.05), 4),
                round(gap[k].quantile(0.95), 4)]
            for k in gap
        }  # fmt: skip
    return out


def main() -> None:
    """Choose on ``Train``, fit to it, rank ``Test``, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--train-only", action="store_true", help="stop before Test is looked at")
    args = parser.parse_args()
    started = process_time()
    case = read_case(args.folder)
    best, tried = best_blend(case)
    print(json.dumps({"share_of_trees": best, "tried_on_train": tried}), flush=True)
    if args.train_only:
        return
    train, test = (case.visits[name].to_numpy(bool) for name in ("Train", "Test"))
    said = foretell(case, train, test)
    y, group = case.found[test], case.inspector[test]
    day = (case.visits["Inspection_Date"] - pd.Timestamp("2014-09-01")).dt.days.to_numpy(float)
    rate = np.bincount(case.inspector[train], weights=case.found[train]) / np.bincount(
        case.inspector[train]
    )
    a, b = best["honest"], best["known"]
    plain = _plain_said(case, train, test)
    scores = {
        "order_used": -day[test],
        "inspector_alone": rate[group],
        "published": case.visits["score"].to_numpy(float)[test],
        "plain_logistic": plain,
        "trees_honest": said.trees,
        "honest": (1 - a) * said.logistic + a * said.trees,
        "inspector_known": (1 - b) * said.logistic_known + b * said.trees_known,
    }
    pairs = {
        "honest_minus_trees": ("honest", "trees_honest"),
        "honest_minus_plain": ("honest", "plain_logistic"),
        "known_minus_published": ("inspector_known", "published"),
    }
    out = bootstrap(scores, y, day[test], group, draws=args.draws, pairs=pairs)
    if args.out:
        rows = [
            {"method": name, "figure": figure, "value": v, "lo": lo, "hi": hi}
            for name, told in out.items()
            if isinstance(told, dict)
            for figure, (v, lo, hi) in told.items()
        ]
        pd.DataFrame(rows).to_csv(args.out, index=False)
    told = {"n": int(test.sum()), "n_critical": int(y.sum()), "share_of_trees": best}
    cpu = round(process_time() - started, 1)
    print(json.dumps({**told, "cpu_seconds": cpu, **out}, indent=1))


def _plain_said(case: Case, train: NDArray[np.bool_], test: NDArray[np.bool_]) -> Floats:
    blocks = {"plain": sparse.csr_array(case.plain), "inspector": case.blocks["inspector"]}
    fitted = facility_logistic.fit(
        {name: block[np.flatnonzero(train)] for name, block in blocks.items()}, case.found[train]
    )
    asked = {"plain": blocks["plain"][np.flatnonzero(test)]}
    return expit(sum(facility_logistic.log_odds(fitted, asked).values()))


if __name__ == "__main__":
    main()
