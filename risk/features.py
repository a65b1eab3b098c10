"""
What was known about a place on a given day, and nothing later.

``known_before`` is the second line of defence against leaks: the store already
reads as of a date, and here every row whose event is not before ``as_of`` goes,
and every field learnt at a later date is emptied. All else in this package reads
its result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.schema import KINDS, TIME_ZONE, Kind
from risk.params import ScoringParams

Floats = NDArray[np.float64]

LOOKED = frozenset({"pass", "violation"})
"""Results of a visit in which somebody saw the place; a locked door shows nothing."""
OPEN_STATUS = frozenset({"new", "triaged", "assigned"})
DAY_S = 86_400.0
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFrames:
    """
    The records a score is made from, columns as in ``data.schema`` plus ``district_code``.

    A kind that is not there is an empty frame. Dates are naive days, instants
    zone-aware, ``areas`` has a CRS.
    """

    facilities: pd.DataFrame
    complaints: pd.DataFrame
    cases: pd.DataFrame
    inspections: pd.DataFrame
    population: pd.DataFrame
    areas: gpd.GeoDataFrame


def source_frames(
    frames: Mapping[str, pd.DataFrame], *, areas: gpd.GeoDataFrame | None = None
) -> SourceFrames:
    """
    Make complete source frames of whatever kinds and columns are there.

    Parameters
    ----------
    frames
        Kind → frame; missing kinds and columns are added empty.
    areas
        Polygons with ``area_code``, ``name``, ``level``; None if there are none.
    """
    full = {
        field.name: _with_columns(frames.get(field.name), KINDS[field.name])
        for field in fields(SourceFrames)
        if field.name != "areas"
    }
    if areas is None:
        columns = [name for name in KINDS["areas"].by_name if name != "shape"]
        areas = gpd.GeoDataFrame({name: [] for name in columns}, geometry=[], crs=4326)
    return SourceFrames(**full, areas=areas)


def _with_columns(frame: pd.DataFrame | None, kind: Kind) -> pd.DataFrame:
    wanted = {
        **{name: column.type for name, column in kind.by_name.items()},
        "district_code": "text",
    }
    frame = pd.DataFrame() if frame is None else frame.copy()
    for name, type_ in wanted.items():
        values = frame[name] if name in frame else pd.Series(np.nan, index=frame.index)
        if type_ == "real":
            frame[name] = pd.to_numeric(values).astype("float64")
        elif type_ == "date":
            frame[name] = pd.to_datetime(values).dt.tz_localize(None)
        elif type_ == "instant":
            frame[name] = _instants(values)
        else:
            frame[name] = values.astype(object).where(values.notna(), None)
    return frame


def _instants(values: pd.Series) -> pd.Series:
    times = pd.to_datetime(values)
    if times.dt.tz is None:
        return times.dt.tz_localize(TIME_ZONE)
    return times.dt.tz_convert(TIME_ZONE)


def known_before(frames: SourceFrames, *, as_of: datetime) -> SourceFrames:
    """
    Return only what was known before ``as_of``, in an order that load order can't change.

    Parameters
    ----------
    as_of
        Zone-aware moment. A day counts as known from its midnight, Asia/Shanghai.

    Returns
    -------
    SourceFrames
        Rows whose event lies before ``as_of``; their later-known fields empty.

    Raises
    ------
    ValueError
        If ``as_of`` has no zone.
    """
    if as_of.tzinfo is None:
        raise ValueError(f"as_of needs a time zone, got {as_of}")
    known = {
        name: _rows_before(getattr(frames, name), KINDS[name], as_of=as_of)
        for name in ("facilities", "complaints", "cases", "inspections")
    }
    return replace(frames, **known)


def _rows_before(frame: pd.DataFrame, kind: Kind, *, as_of: datetime) -> pd.DataFrame:
    if kind.event is None:
        raise ValueError(f"{kind.name} have no event date")
    event = frame[kind.event]
    known = _is_before(event, as_of=as_of)
    if not kind.by_name[kind.event].required:
        known |= event.isna()
    frame = frame[known].sort_values(list(kind.key), kind="stable")
    frame = frame.drop_duplicates(list(kind.key), keep="last").reset_index(drop=True)
    later = {
        column.late: ~_is_before(frame[column.late], as_of=as_of) & frame[column.late].notna()
        for column in kind.columns
        if column.late not in {None, "load"}
    }
    for column in kind.columns:
        if column.late in later:
            empty = None if frame[column.name].dtype == object else np.nan
            frame[column.name] = frame[column.name].mask(later[column.late], empty)
    return frame


def _is_before(times: pd.Series, *, as_of: datetime) -> pd.Series:
    moment = as_of.astimezone(TIME_ZONE)
    if times.dt.tz is None:
        return times < pd.Timestamp(moment.replace(tzinfo=None))
    return times < pd.Timestamp(moment)


def age_days(times: pd.Series, *, as_of: datetime) -> Floats:
    """Return days from each date or instant to ``as_of``, NaN where unknown, shape ``(n,)``."""
    moment = pd.Timestamp(as_of.astimezone(TIME_ZONE))
    if times.dt.tz is None:
        moment = moment.tz_localize(None)
    days: Floats = ((moment - times).dt.total_seconds() / DAY_S).to_numpy(float)
    return days


def active_facilities(known: SourceFrames) -> pd.DataFrame:
    """Return the facilities not known to have closed."""
    return known.facilities[known.facilities["closed_on"].isna()].reset_index(drop=True)


def located(frame: pd.DataFrame, facilities: pd.DataFrame) -> pd.DataFrame:
    """
    Return the best known place of each record.

    Its own point, else that of its facility; a point known only to the township
    is no address and counts as the township where that is named.

    Returns
    -------
    frame
        The input with ``lon``, ``lat`` (NaN if no point) and ``area_code`` filled in.
    """
    frame = frame.copy()
    if "location_precision" in frame:
        coarse = (frame["location_precision"] == "township") & frame["area_code"].notna()
        frame.loc[coarse, ["lon", "lat"]] = np.nan
    places = facilities.drop_duplicates("facility_id").set_index("facility_id")
    for column in ("lon", "lat", "area_code"):
        of_facility = frame["facility_id"].map(places[column])
        frame[column] = frame[column].where(frame[column].notna(), of_facility)
    no_point = frame["lon"].isna() | frame["lat"].isna()
    frame.loc[no_point, ["lon", "lat"]] = np.nan
    return frame


def looks(known: SourceFrames, params: ScoringParams, *, as_of: datetime) -> pd.DataFrame:
    """
    Return the visits in which somebody saw the place, without the sealed lane.

    Returns
    -------
    frame
        Inspections with the columns ``age_days``, ``found`` (bool), ``topic`` (the most
        severe one found, None if nothing), ``lon``, ``lat``, ``area_code``.
    """
    frame = known.inspections
    unusable = frame["kind"].isin([*params.no_look_kinds, *params.sealed_kinds])
    frame = frame[frame["result"].isin(LOOKED) & ~unusable]
    frame = located(frame, known.facilities).reset_index(drop=True)
    frame["age_days"] = age_days(frame["started_at"], as_of=as_of)
    frame["found"] = (frame["result"] == "violation").to_numpy(bool)
    worst = [_worst_topic(topics, params) for topics in frame["topics"]]
    frame["topic"] = pd.Series(worst, index=frame.index, dtype=object).where(frame["found"], None)
    return frame


def _worst_topic(topics: object, params: ScoringParams) -> str:
    if isinstance(topics, str):
        names = [name for name in topics.split(";") if name]
    else:
        names = [str(name) for name in topics] if isinstance(topics, (list, tuple)) else []
    return max(names, key=lambda name: (params.severity_of(name), name), default="other")


def finds(known: SourceFrames, seen: pd.DataFrame, *, as_of: datetime) -> pd.DataFrame:
    """
    Return each confirmed find once: the cases, and the violations that led to none.

    Parameters
    ----------
    seen
        Result of ``looks``.

    Returns
    -------
    frame
        ``age_days``, ``day`` (naive), ``topic``, ``facility_id``, ``lon``, ``lat``,
        ``area_code``, ``district_code``. A violation is left out where a case names the
        same facility and day, or the visit names the case.
    """
    cases = located(known.cases, known.facilities)
    cases["age_days"] = age_days(cases["opened_on"], as_of=as_of)
    cases["day"] = cases["opened_on"].dt.normalize()
    found = seen[seen["found"]].copy()
    found["day"] = found["started_at"].dt.tz_localize(None).dt.normalize()
    filed = set(zip(cases["facility_id"], cases["day"], strict=True))
    twice = [
        (facility is not None and (facility, day) in filed)
        for facility, day in zip(found["facility_id"], found["day"], strict=True)
    ]
    twice_by_case = found["case_id"].notna() & found["case_id"].isin(set(known.cases["case_id"]))
    found = found[~(np.array(twice, dtype=bool) | twice_by_case.to_numpy(bool))]
    columns = [
        "age_days", "day", "topic", "facility_id", "lon", "lat", "area_code", "district_code",
    ]  # fmt: skip
    parts = [part[columns] for part in (cases, found) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else cases[columns]


def reports(known: SourceFrames, params: ScoringParams, *, as_of: datetime) -> pd.DataFrame:
    """
    Return the complaints that may enter a score, placed, with age and open state.

    Returns
    -------
    frame
        Complaints with ``age_days``, ``day``, ``is_open``, ``lon``, ``lat``, ``area_code``.
    """
    frame = known.complaints
    frame = frame[~frame["channel"].isin(params.sealed_channels)]
    frame = located(frame, known.facilities).reset_index(drop=True)
    frame["age_days"] = age_days(frame["received_at"], as_of=as_of)
    frame["day"] = frame["received_at"].dt.tz_localize(None).dt.normalize()
    frame["is_open"] = frame["closed_on"].isna() & (
        frame["status"].isna() | frame["status"].isin(OPEN_STATUS)
    )
    return frame


def is_about_site(frame: pd.DataFrame, params: ScoringParams) -> NDArray[np.bool_]:
    """Say per find or report whether it is about a hidden site, not a registered facility."""
    by_topic = frame["topic"].isin(params.cells.site_topics)
    by_place = frame["topic"].isin(params.cells.place_topics) & frame["facility_id"].isna()
    about_site: NDArray[np.bool_] = (by_topic | by_place).to_numpy(bool)
    return about_site


def decayed(ages: Floats, *, half_life_days: float) -> Floats:
    """Return the weight 0.5 ^ (age / half-life) of each age in days."""
    return np.exp2(-ages / half_life_days)


def tally(at: NDArray[np.int64], n: int, *, weights: Floats | None = None) -> Floats:
    """Return how many (or how much weight) of the positions ``at`` fall on 0 ... n - 1."""
    return np.bincount(at, weights=weights, minlength=n).astype(float)
