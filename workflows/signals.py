"""Alerts as screens read them, and the stake-outs that people ask for."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from data.records import Message, Visit
from data.scope import Scope
from data.store import jobs, signals
from data.store.engine import Store
from errors import NotFoundError
from workflows import access
from workflows.candidates import POINTS, CandidateParams
from workflows.weeks import local_day, midnight, week_of

CLUSTER, ONE_SITE, TRACK = "cluster", "one_site", "track"
STAKEOUT = "stakeout"


def alerts_of(store: Store, *, scope: Scope) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return the newest run and its alerts for this reader."""
    run = signals.latest_run(store)
    if run is not None:
        counts = {name: run["summary"].get(name, 0) for name in ("n_leads", "n_unplaced")}
        run = {**run, "summary": counts}
    return run, [] if run is None else signals.load_alerts(store, run["run_id"], scope=scope)


def nearest_cell(cells: pd.DataFrame, *, lon: float, lat: float) -> str | None:
    """Return the cell whose centre is nearest to a place; ``None`` where there are no cells."""
    if cells.empty:
        return None
    across = (cells["lon"].to_numpy(float) - lon) * np.cos(np.radians(lat))
    away = np.hypot(across, cells["lat"].to_numpy(float) - lat)
    return str(cells["cell_id"].iloc[int(np.argmin(away))])


def wish_stakeout(
    store: Store, alert_id: str, number: int, *, actor: str, scope: Scope, now: datetime
) -> str:
    """
    Put one of a track's likely places into the week's candidates; return the wish's id.

    Raises
    ------
    NotFoundError
        If the alert or its place is not the reader's.
    """
    access.require(store, actor, "wishes.write")
    alert = signals.load_alert(store, alert_id, scope=scope)
    stops = alert["document"].get("stops", [])
    if not 0 <= number < len(stops):
        raise NotFoundError("没有这条提示：{alert_id}", alert_id=alert_id)
    stop = stops[number]
    if scope.districts is not None and stop["district_code"] not in scope.districts:
        raise NotFoundError("没有这条提示：{alert_id}", alert_id=alert_id)
    day = date.fromisoformat(stop["day"])
    wish = {
        "alert_id": alert_id, "week_start": week_of(day).isoformat(), "day": day.weekday(),
        "district_code": stop["district_code"], "area_code": stop["area_code"],
        "place_name": stop["name"], "lon": stop["lon"], "lat": stop["lat"],
        "from_s": stop["from_s"], "to_s": stop["to_s"], "chance": stop["chance"],
        "topic": alert["topic"],
    }  # fmt: skip
    return signals.save_wish(store, wish, actor=actor, now=now)


def withdraw_stakeout(
    store: Store, wish_id: str, *, actor: str, scope: Scope, now: datetime
) -> None:
    """Take a stake-out wish back."""
    access.require(store, actor, "wishes.write")
    signals.withdraw_wish(store, wish_id, scope=scope, actor=actor, now=now)


def wishes_of(store: Store, week_start: date, *, scope: Scope) -> list[dict[str, Any]]:
    """Return the stake-outs asked for in a week."""
    return signals.load_wishes(store, week_start, scope=scope)


def standing_wishes(store: Store, *, scope: Scope, as_of: datetime) -> list[dict[str, Any]]:
    """Return the stake-outs asked for from the week of a moment on, with their date."""
    since = week_of(local_day(as_of))
    return [
        {**wish, "on": date.fromisoformat(wish["week_start"]) + timedelta(days=wish["day"])}
        for wish in signals.load_wishes(store, since, scope=scope, and_later=True)
    ]


def stakeout_visits(
    store: Store,
    params: CandidateParams,
    *,
    severity: Mapping[str, float],
    scope: Scope,
    week_start: date,
) -> list[Visit]:
    """Return the stake-outs asked for in a week as visits with their hours."""
    service_s = 60 * params.stakeout_minutes
    visits = []
    for wish in signals.load_wishes(store, week_start, scope=scope):
        worth = float(severity.get(wish["topic"], 1.0)) * wish["chance"] * params.stakeout_success
        latest = max(wish["from_s"], wish["to_s"] - service_s)
        day = midnight(week_start) + timedelta(days=wish["day"])
        visits.append(
            Visit(
                visit_id=f"W-{wish['wish_id']}", kind=STAKEOUT, place_name=wish["place_name"],
                lon=wish["lon"], lat=wish["lat"], prize=max(round(POINTS * worth), 1),
                service_s=min(service_s, wish["to_s"] - wish["from_s"]),
                windows=((wish["day"], wish["from_s"], latest),),
                district_code=wish["district_code"], area_code=wish["area_code"],
                ground="complaint",
                reasons=(
                    Message(
                        "线索逐村移动，{date} 可能在此（{p} %）",
                        {"date": day.date().isoformat(), "p": round(100 * wish["chance"])},
                    ),
                ),
            )
        )  # fmt: skip
    return visits


def request_run(store: Store, *, as_of: datetime, actor: str, key: str) -> str:
    """Queue the search for signals and the week's draws; return the job's id."""
    access.require(store, actor, "scores.run")
    return jobs.submit(
        store, kind="signals", params={"as_of": as_of.isoformat()}, key=key, actor=actor
    )
