"""Signals: emerging clusters, busy sites and moving practitioners, found after each scoring."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import shapely

from data.records import Message
from data.schema import TIME_ZONE
from data.scope import Scope
from data.store import signals
from data.store.engine import Store
from data.store.rows import load_rows
from geo import grid
from risk import space_time_scan, tracks
from risk.space_time_scan import Cluster
from risk.track_next import Stop, likely_stops
from risk.track_pairs import plane
from risk.tracks import Track
from workflows.lead_links import as_lead
from workflows.signal_params import SignalParams
from workflows.signals import CLUSTER, ONE_SITE, TRACK
from workflows.weeks import local_day
from workflows.wording import to_json

_SEED = 20_260
_CELLS = 8
_VILLAGE_DIGITS = 12
_NOISE = re.compile(r"[\W\d_]+|重复来件")

Told = Callable[[float, Message], object]


def compute(
    store: Store,
    params: SignalParams,
    *,
    as_of: datetime,
    actor: str,
    now: datetime,
    progress: Told | None = None,
    summary: Mapping[str, object] | None = None,
) -> str:
    """
    Find the signals as known before ``as_of``, save them as a run and return its id.

    Sealed leads enter no signal. Each district is looked at with its own leads, and the
    whole city with all of them. ``summary`` is kept beside the run's own counts.
    """
    report = progress or (lambda _share, _message: None)
    everybody = Scope(user=actor, districts=None, sealed=frozenset())
    report(0.0, Message("正在查找动态提示"))
    leads = _leads(store, params, scope=everybody, as_of=as_of)
    villages = villages_of(store, scope=everybody, as_of=as_of)
    districts = sorted(leads["district_code"].dropna().unique())
    found: list[dict[str, Any]] = []
    for number, district in enumerate([None, *districts]):
        own = leads if district is None else leads[leads["district_code"] == district]
        near = villages if district is None else villages[villages["district_code"] == district]
        alerts = find(own.reset_index(drop=True), near, params, as_of=as_of)
        found += [{**alert, "district_code": district} for alert in alerts]
        report((number + 1) / (len(districts) + 1), Message("正在查找动态提示"))
    return signals.save_run(
        store, found, as_of=as_of, params=asdict(params),
        summary={
            **(summary or {}), "n_leads": len(leads),
            "n_unplaced": int(leads["lon"].isna().sum()),
        },
        actor=actor, now=now,
    )  # fmt: skip


def find(
    leads: pd.DataFrame, villages: pd.DataFrame, params: SignalParams, *, as_of: datetime
) -> list[dict[str, Any]]:
    """Return the alerts among leads: columns of the store's table, without run and district."""
    found = [
        *_tracks(leads, villages, params, as_of=as_of),
        *_clusters(leads, villages, params, as_of=as_of),
    ]
    return [{**alert, "rank": rank} for rank, alert in enumerate(found)]


def _leads(store: Store, params: SignalParams, *, scope: Scope, as_of: datetime) -> pd.DataFrame:
    columns = (
        "complaint_id", "received_at", "topic", "facility_id", "area_code", "lon", "lat",
        "location_precision", "site_text", "summary",
    )  # fmt: skip
    weeks = max(params.scan.history_weeks, params.tracks.window_days // 7 + 1)
    rows = load_rows(
        store, "complaints", scope=scope, as_of=as_of, columns=columns, joined=True,
        since=as_of - pd.Timedelta(weeks=weeks),
    )  # fmt: skip
    rows = rows[rows["topic"].isin({*params.topics, *params.tracks.topics})]
    vague = rows["location_precision"] == "township"
    words = [as_lead(row) for row in rows.to_dict("records")]
    seconds = np.array([int(moment.timestamp()) for moment in rows["received_at"]], dtype=np.int64)
    return rows.assign(
        words=words, received_at=seconds, lon=rows["lon"].mask(vague), lat=rows["lat"].mask(vague)
    ).drop(columns=["site_text", "summary"]).reset_index(drop=True)  # fmt: skip


def villages_of(store: Store, *, scope: Scope, as_of: datetime) -> pd.DataFrame:
    """Return the villages with a point, residents, and their township's code and name."""
    areas = load_rows(
        store, "areas", scope=scope, as_of=as_of,
        columns=["area_code", "name", "level", "parent_code", "population", "shape"],
    )  # fmt: skip
    names = dict(zip(areas["area_code"], areas["name"], strict=True))
    own = areas[areas["level"] == "village"].reset_index(drop=True)
    points = shapely.point_on_surface(shapely.from_wkb(own["shape"].to_numpy(dtype=object)))
    parent = own["parent_code"].where(own["parent_code"].notna(), own["area_code"].str[:9])
    return own.assign(
        lon=shapely.get_x(points), lat=shapely.get_y(points), township_code=parent,
        township_name=parent.map(names), population=own["population"].astype(float),
    ).drop(columns=["shape", "level", "parent_code"])  # fmt: skip


def _clusters(
    leads: pd.DataFrame, villages: pd.DataFrame, params: SignalParams, *, as_of: datetime
) -> list[dict[str, Any]]:
    """Return the busy sites and the emerging clusters."""
    rows = leads[leads["lon"].notna() & leads["lat"].notna() & leads["topic"].isin(params.topics)]
    if rows.empty:
        return []
    rows = rows.reset_index(drop=True)
    age = (as_of.timestamp() - rows["received_at"].to_numpy(float)) / 86_400.0
    day = (-np.ceil(age)).astype(np.int64)
    sites = _sites(rows)
    first = space_time_scan.collapse(sites, day, within_days=params.scan.same_site_days)
    week = np.floor(age / 7.0).astype(np.int64)
    found = _busy_sites(rows, sites, week, villages, params, as_of=as_of)
    named = rows["area_code"].where(rows["area_code"].str.len() == _VILLAGE_DIGITS)
    cells = pd.Series(grid.cell_of(rows["lon"], rows["lat"], _CELLS), index=rows.index)
    place, _names = pd.factorize(named.fillna(cells))
    points = plane(rows["lon"].to_numpy(float), rows["lat"].to_numpy(float))
    centres = pd.DataFrame(points).groupby(place).mean().to_numpy()
    clusters = space_time_scan.scan(
        place[first].astype(np.int64), week[first], centres, params.scan, seed=_SEED
    )
    for cluster in clusters:
        if cluster.p_value <= params.scan.alert_p:
            inside = np.isin(place, cluster.places) & (week < cluster.n_weeks)
            found.append(_cluster(rows, inside, inside & first, cluster, villages, as_of=as_of))
    return found


def _sites(rows: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return a name of each lead's site: its facility, its door, or village, topic and words."""
    names: list[str] = []
    for row in rows.to_dict("records"):
        if isinstance(row["facility_id"], str) and row["facility_id"]:
            names.append(f"f:{row['facility_id']}")
        elif row["location_precision"] == "village":
            words = hashlib.sha256(_NOISE.sub("", row["words"]).encode()).hexdigest()[:12]
            names.append(f"v:{row['area_code']}:{row['topic']}:{words}")
        else:
            names.append(f"p:{row['lon']:.3f}:{row['lat']:.3f}")
    return np.array(names, dtype=object)


def _busy_sites(
    rows: pd.DataFrame, sites: Any, week: Any, villages: pd.DataFrame, params: SignalParams,
    *, as_of: datetime,
) -> list[dict[str, Any]]:  # fmt: skip
    recent = week < params.scan.weeks
    counts = pd.Series(sites[recent]).value_counts()
    found = []
    for site in counts[counts >= params.scan.site_tickets].index[:20]:
        inside = (sites == site) & recent
        found.append(
            {
                **_place(rows[inside], villages, as_of=as_of), "kind": ONE_SITE, "radius_m": 0.0,
                "n_leads": int(inside.sum()), "expected": None, "score": float(inside.sum()),
                "p_value": None, "document": {"complaint_ids": _ids(rows, inside)},
            }
        )  # fmt: skip
    return found


def _cluster(
    rows: pd.DataFrame, inside: Any, counted: Any, cluster: Cluster, villages: pd.DataFrame,
    *, as_of: datetime,
) -> dict[str, Any]:  # fmt: skip
    return {
        **_place(rows[counted], villages, as_of=as_of), "kind": CLUSTER,
        "radius_m": cluster.radius_m, "n_leads": cluster.observed, "expected": cluster.expected,
        "score": cluster.score, "p_value": cluster.p_value,
        "document": {
            "complaint_ids": _ids(rows, inside), "n_weeks": cluster.n_weeks,
            "n_places": len(cluster.places),
        },
    }  # fmt: skip


def _tracks(
    leads: pd.DataFrame, villages: pd.DataFrame, params: SignalParams, *, as_of: datetime
) -> list[dict[str, Any]]:
    chains = tracks.find_tracks(leads, params.tracks, now_s=int(as_of.timestamp()), seed=_SEED)
    return [_track(leads, chain, villages, params, as_of=as_of) for chain in chains[:20]]


def _track(
    leads: pd.DataFrame, track: Track, villages: pd.DataFrame, params: SignalParams,
    *, as_of: datetime,
) -> dict[str, Any]:  # fmt: skip
    own = leads.iloc[list(track.rows)]
    codes = _nearest_village(own, villages)
    days = [_day(second) for second in own["received_at"]]
    first_day = local_day(as_of)
    seen = [(code, day) for code, day in zip(codes, days, strict=True) if code]
    stops = likely_stops(seen, villages, params.markets, first_day=first_day)
    names = dict(zip(villages["area_code"], villages["name"], strict=True))
    return {
        **_place(own, villages, as_of=as_of), "kind": TRACK, "radius_m": None,
        "n_leads": len(own), "expected": track.by_chance, "score": track.score, "p_value": None,
        "document": {
            "complaint_ids": own["complaint_id"].astype(str).tolist(),
            "places": [names.get(code, "") for code in codes],
            "days": [day.isoformat() for day in days],
            "links": [
                {"score": link.score, "reasons": [to_json(reason) for reason in link.reasons]}
                for link in track.links
            ],
            "stops": [_stop(stop) for stop in stops],
        },
    }  # fmt: skip


def _nearest_village(rows: pd.DataFrame, villages: pd.DataFrame) -> list[str]:
    """Return the village of each lead: as coded, else the nearest."""
    known = set(villages["area_code"])
    if not known:
        return ["" for _ in range(len(rows))]
    at = villages[["lon", "lat"]].to_numpy(float)
    codes = []
    for row in rows.to_dict("records"):
        if row["area_code"] in known:
            codes.append(str(row["area_code"]))
            continue
        across = np.cos(np.radians(row["lat"]))
        away = np.hypot((at[:, 0] - row["lon"]) * across, at[:, 1] - row["lat"])
        codes.append(str(villages["area_code"].iloc[int(np.argmin(away))]))
    return codes


def _stop(stop: Stop) -> dict[str, Any]:
    return {
        **asdict(stop),
        "day": stop.day.isoformat(),
        "reasons": [to_json(reason) for reason in stop.reasons],
    }


def _place(rows: pd.DataFrame, villages: pd.DataFrame, *, as_of: datetime) -> dict[str, Any]:
    """Return where and when leads are: the commonest village, the middle, first and last day."""
    codes = pd.Series(_nearest_village(rows, villages))
    code = str(codes.mode().iloc[0]) if len(codes) else ""
    own = villages[villages["area_code"] == code]
    name = " ".join(str(part) for part in (*own["township_name"].dropna()[:1], *own["name"][:1]))
    days = [_day(second) for second in rows["received_at"]]
    return {
        "topic": str(rows["topic"].mode().iloc[0]), "area_code": code or None,
        "area_name": name or None, "lon": float(rows["lon"].mean()),
        "lat": float(rows["lat"].mean()), "from_on": min(days).isoformat(),
        "to_on": min(max(days), local_day(as_of)).isoformat(),
    }  # fmt: skip


def _ids(rows: pd.DataFrame, inside: Any) -> list[str]:
    return rows.loc[inside, "complaint_id"].astype(str).tolist()[:500]


def _day(second: int) -> date:
    return datetime.fromtimestamp(int(second), tz=TIME_ZONE).date()
