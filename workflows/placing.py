"""
Where is it? Records with words instead of coordinates get the point their words allow.

The gazetteer is made from what the store holds: areas with their former names, and
facilities with their registered addresses. A record is placed at a door, in a
village or in a township, and says which; what names only a county is counted there
and not drawn; the rest is kept without a place and listed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
import shapely

from data import schema
from data.importers.checks import WARNINGS_KEPT, Checked
from data.importers.report import Refusal
from data.records import Message
from data.scope import EVERYTHING, Scope
from data.store.engine import Store, data_version
from data.store.rows import load_rows
from geo.gazetteer import Gazetteer
from geo.place_names import Door, Found, Place

TEXTS: Mapping[str, str] = {
    "facilities": "address",
    "complaints": "site_text",
    "cases": "site_text",
    "inspections": "",
}
"""Kind with a place → its column of words; inspections have only codes."""

_FINENESS = ("exact", "village", "township")
_CONTRADICTS = 0.8
"""Confidence from which words that name another area than the row's code are a contradiction."""

WHY_NOT: Mapping[str, str] = {
    "county": "只认出区县，计入该区县，不上图",
    "many": "同名地点不止一处，无法确定是哪一处",
    "conflict": "地址中的地名互相矛盾，或与所填区划不符",
    "elsewhere": "地址在外地",
    "nothing": "没有认出地名",
    "no_text": "没有坐标，也没有地址",
}
"""Reason of ``Found`` → the sentence of the report and of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Records with places filled in; per row without one the reason, by position."""

    records: pd.DataFrame
    counts: Mapping[str, int]
    nowhere: Mapping[int, str]


def gazetteer(store: Store, *, now: datetime) -> Gazetteer:
    """Return the gazetteer of what the store holds; made once per state of the data."""
    return _gazetteer(store, data_version(store), now.date())


def gazetteer_with(
    store: Store,
    areas: Sequence[pd.DataFrame],
    facilities: Sequence[pd.DataFrame],
    *,
    now: datetime,
) -> Gazetteer:
    """Return the gazetteer of what the store holds and of records about to be stored."""
    if not areas and not facilities:
        return gazetteer(store, now=now)
    held, doors = _held(store, now.date())
    newer = pd.concat([held, *areas]).drop_duplicates("area_code", keep="last")
    more = [frame.reindex(columns=doors.columns) for frame in facilities]
    every = pd.concat([doors, *more]).drop_duplicates("facility_id", keep="last")
    return Gazetteer(_places(newer.reset_index(drop=True)), _doors(every.reset_index(drop=True)))


def fill(
    store: Store,
    kind: str,
    checked: Checked,
    *,
    now: datetime,
    known: Callable[[], Gazetteer] | None = None,
) -> Checked:
    """
    Place the rows of a file that have no coordinates; called after all checks.

    What can't be placed stays in, gets a warning and is counted in a note. ``known``
    gives the gazetteer where that of the store lacks what comes with the same files.
    """
    if kind not in TEXTS or not _lacks_point(checked.records).any():
        return checked
    places = gazetteer(store, now=now) if known is None else known()
    placed = place(places, kind, checked.records)
    column = TEXTS[kind] or "area_code"
    warned = checked.warned.copy()
    warned[list(placed.nowhere)] = True
    told = tuple(
        Refusal(
            int(checked.row[at]), checked.columns.get(column, column), None, Message(WHY_NOT[why])
        )
        for at, why in list(placed.nowhere.items())[:WARNINGS_KEPT]
    )
    return replace(
        checked,
        records=placed.records,
        warnings=(*checked.warnings, *told),
        warned=warned,
        notes=(*checked.notes, *_note(placed)),
    )


def place(known: Gazetteer, kind: str, records: pd.DataFrame) -> Placed:
    """
    Return the records with points found for those that have none.

    A row that names a facility with a point is left alone: it is read at its
    facility's door. A code that the row states is never changed, only filled in.
    """
    lacking = np.flatnonzero(_lacks_point(records))
    filled = _with_place_columns(records)
    texts, codes = _column(records, TEXTS[kind]), _column(records, "area_code")
    linked = _column(records, "facility_id") if kind != "facilities" else [None] * len(records)
    counts: Counter[str] = Counter()
    nowhere: dict[int, str] = {}
    values = {name: filled[name].to_numpy(dtype=object) for name in _PLACE_COLUMNS}
    for at in lacking.tolist():
        if known.has_door(linked[at]):
            counts["linked"] += 1
            continue
        found = locate(known, texts[at], codes[at])
        if found.precision is None:
            why = found.reason if texts[at] or codes[at] else "no_text"
            nowhere[at] = why if why in WHY_NOT else "nothing"
            counts["county" if found.code else "nowhere"] += 1
        else:
            values["lon"][at], values["lat"][at] = found.lon, found.lat
            values["location_precision"][at] = _coarser(
                found.precision, values["location_precision"][at]
            )
            counts[values["location_precision"][at]] += 1
        if codes[at] is None:
            values["area_code"][at] = found.code
    typed = {
        name: pd.Series(column, index=filled.index, dtype=filled[name].dtype)
        for name, column in values.items()
    }
    return Placed(records=filled.assign(**typed), counts=counts, nowhere=nowhere)


def locate(known: Gazetteer, text: str | None, code: str | None) -> Found:
    """
    Place one record by its words and the code it states.

    Words that clearly name another area than the code leave only what both have in
    common; words that say nothing leave the code.
    """
    by_code = known.point_of(code) if code else Found()
    if not text:
        return by_code
    freely = known.find(text)
    if not code or not known.knows(code):
        return freely
    if freely.code and freely.confidence >= _CONTRADICTS and not known.nested(freely.code, code):
        both = known.point_of(known.common([freely.code, code]) or "")
        return replace(both, confidence=0.5, reason="conflict")
    inside = known.find(text, within=code)
    if inside.precision is None or known.lies_above(inside.code, code):
        return by_code
    return inside


def unplaced(store: Store, *, scope: Scope, as_of: datetime) -> pd.DataFrame:
    """
    List the records without a point that the reader may see, newest kinds first.

    Returns
    -------
    rows
        Columns ``kind, record_id, text, area_code, reason``; ``reason`` is a key of
        ``WHY_NOT``. A record at its facility's door is not listed.
    """
    known = gazetteer(store, now=as_of)
    made: list[dict[str, object]] = []
    for kind, text in TEXTS.items():
        key = schema.KINDS[kind].key[0]
        columns = [key, *([text] if text else []), "area_code", "lon", "lat"]
        held = load_rows(store, kind, scope=scope, as_of=as_of, columns=columns)
        made += _listed(known, kind, held[held["lon"].isna()], key=key, text=text)
    return pd.DataFrame(made, columns=["kind", "record_id", "text", "area_code", "reason"])


_PLACE_COLUMNS = ("lon", "lat", "area_code", "location_precision")


def _listed(
    known: Gazetteer, kind: str, held: pd.DataFrame, *, key: str, text: str
) -> Iterator[dict[str, object]]:
    texts, codes = _column(held, text), _column(held, "area_code")
    for record_id, words, code in zip(held[key], texts, codes, strict=True):
        found = locate(known, words, code)
        reason = found.reason if found.precision is None else "nothing"
        yield {
            "kind": kind,
            "record_id": record_id,
            "text": words,
            "area_code": code or found.code,
            "reason": reason if words or code else "no_text",
        }


@lru_cache(maxsize=2)
def _gazetteer(store: Store, version: int, day: date) -> Gazetteer:  # noqa: ARG001 - keys the cache
    areas, doors = _held(store, day)
    return Gazetteer(_places(areas), _doors(doors))


def _held(store: Store, day: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    # To the end of the day: what was loaded a moment ago counts.
    now = datetime.combine(day + timedelta(days=1), time.min, tzinfo=schema.TIME_ZONE)
    areas = load_rows(store, "areas", scope=EVERYTHING, as_of=now)
    doors = load_rows(
        store,
        "facilities",
        scope=EVERYTHING,
        as_of=now,
        columns=["facility_id", "name", "address", "area_code", "lon", "lat", "location_precision"],
    )
    return areas, doors


def _places(areas: pd.DataFrame) -> Iterator[Place]:
    points = shapely.point_on_surface(shapely.from_wkb(areas["shape"].to_numpy(dtype=object)))
    parents, former = _column(areas, "parent_code"), _column(areas, "former_names")
    rows = zip(
        areas["area_code"], areas["name"], areas["level"], parents, former, points, strict=True
    )
    for code, name, level, parent, old, point in rows:
        if not point.is_empty:
            names = tuple(part.strip() for part in (old or "").split(";") if part.strip())
            yield Place(
                code=code,
                name=name,
                level=level,
                parent=parent,
                lon=point.x,
                lat=point.y,
                former=names,
            )


def _doors(facilities: pd.DataFrame) -> Iterator[Door]:
    """Only doors that were given as such: what was itself placed by words proves nothing."""
    precise = facilities["location_precision"].isna() | (
        facilities["location_precision"] == "exact"
    )
    held = facilities[precise & facilities["lon"].notna() & facilities["area_code"].notna()]
    rows = zip(
        held["facility_id"], held["name"], _column(held, "address"), held["area_code"],
        held["lon"], held["lat"], strict=True,
    )  # fmt: skip
    for door_id, name, address, code, lon, lat in rows:
        yield Door(
            door_id=door_id, name=name or "", address=address or "", code=code, lon=lon, lat=lat
        )


def _lacks_point(records: pd.DataFrame) -> np.ndarray:
    if not {"lon", "lat"} <= set(records.columns):
        return np.ones(len(records), dtype=bool)
    return (records["lon"].isna() | records["lat"].isna()).to_numpy()


def _with_place_columns(records: pd.DataFrame) -> pd.DataFrame:
    empty: dict[str, pd.Series] = {}
    for name in _PLACE_COLUMNS:
        if name not in records:
            type_ = "float64" if name in {"lon", "lat"} else "str"
            empty[name] = pd.Series([None] * len(records), index=records.index).astype(type_)
    return records.assign(**empty)


def _column(records: pd.DataFrame, name: str) -> list[str | None]:
    if name not in records:
        return [None] * len(records)
    return [value if isinstance(value, str) and value else None for value in records[name]]


def _coarser(found: str, stated: object) -> str:
    if isinstance(stated, str) and stated in _FINENESS:
        return max(found, stated, key=_FINENESS.index)
    return found


def _note(placed: Placed) -> Sequence[Message]:
    counts = placed.counts
    found = {name: counts.get(name, 0) for name in _FINENESS}
    notes = []
    if sum(found.values()):
        notes.append(
            Message(
                "按地址定位 {n} 行：门址 {exact}，村 {village}，乡镇 {township}",
                {"n": sum(found.values()), **found},
            )
        )
    if counts.get("county", 0):
        notes.append(Message("{n} 行只能确定到区县，计入区县，不上图", {"n": counts["county"]}))
    if counts.get("nowhere", 0):
        notes.append(Message("{n} 行无法定位，已保留并列入“位置不明”", {"n": counts["nowhere"]}))
    return notes
