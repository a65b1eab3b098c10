"""Urban-rural classes of areas as a map layer, a table that leaves the house, and a history."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import select

from data import audit, frames
from data.schema import FRINGE_CODES, URBAN_RURAL_CODES
from data.scope import Scope
from data.store import tables
from data.store.engine import Store, to_instant, to_seconds
from data.store.rows import load_rows
from workflows import access, area_classes
from workflows.map_layers import AREA_TOLERANCE_DEG, DEGREE, Payload
from workflows.wording import label, translator

_SHOWN = ("urban_rural_code", "class_source", "class_year", "class_reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassVersion:
    """The class that an area had from a moment on."""

    since: datetime
    urban_rural_code: str | None
    source: str | None
    year: int | None
    reason: str | None


def classes_layer(store: Store, *, scope: Scope, as_of: datetime, level: str) -> Payload:
    """
    Return the outlines of areas with class and source, simplified so that no gap opens.

    Parameters
    ----------
    level
        ``township``, or ``village``: then townships without villages are among them.

    Returns
    -------
    payload
        Columns of equal length: ``id`` (area code), ``name``, ``code_of`` (position in
        ``codes``, -1 unknown), ``source_of`` (position in ``sources``, -1 none), ``year``,
        ``rings``.
    """
    if level not in {"township", "village"}:
        raise ValueError(f"level must be township or village, got {level}")
    rows = area_classes.listed(store, scope=scope, as_of=as_of)
    shapes = load_rows(store, "areas", scope=scope, as_of=as_of, columns=["area_code", "shape"])
    rows = rows.merge(shapes[["area_code", "shape"]], on="area_code")
    has_villages = set(rows.loc[rows["level"] == "village", "parent_code"])
    wanted = rows["level"] == level
    if level == "village":
        wanted |= (rows["level"] == "township") & ~rows["area_code"].isin(has_villages)
    rows = rows[wanted & rows["shape"].notna()].reset_index(drop=True)
    codes, sources = list(URBAN_RURAL_CODES), ["bureau", "computed", "corrected"]
    drawn: Iterable[shapely.Geometry] = ()
    if len(rows):
        drawn = shapely.coverage_simplify(
            frames.to_geo(rows).geometry.to_numpy(), AREA_TOLERANCE_DEG
        )
    return {
        "kind": "classes",
        "id": rows["area_code"].astype(str).tolist(),
        "name": rows["name"].astype(str).tolist(),
        "codes": codes,
        "code_of": [codes.index(c) if c in codes else -1 for c in rows["urban_rural_code"]],
        "sources": sources,
        "source_of": [sources.index(s) if s in sources else -1 for s in rows["class_source"]],
        "year": [None if pd.isna(year) else int(year) for year in rows["class_year"]],
        "rings": [_rings(shape) for shape in drawn],
    }


def classes_csv(store: Store, *, language: str, actor: str, scope: Scope, now: datetime) -> bytes:
    """
    Return the list of areas as CSV that a spreadsheet opens as text.

    Raises
    ------
    ForbiddenError
        If the actor may not export.
    """
    access.require(store, actor, "export")
    rows = area_classes.listed(store, scope=scope, as_of=now)
    with store.write() as conn:
        audit.append(
            conn, at=to_seconds(now), actor=actor, action="areas.export", detail={"n": len(rows)}
        )
    say = translator(language)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(
        [say("区划代码"), say("级别"), say("区县"), say("乡镇街道"), say("名称"),
         say("城乡分类代码"), say("城乡分类"), say("分类来源"),
         say("分类年份"), say("分类依据"), say("常住人口")]
    )  # fmt: skip
    for row in rows.to_dict("records"):
        code, source = row["urban_rural_code"], row["class_source"]
        writer.writerow(
            [
                _as_text(value)
                for value in (
                    row["area_code"], label("area_level", row["level"], language), row["district"],
                    row["township"], row["name"], code,
                    label("urban_rural_code", code, language) if isinstance(code, str) else "",
                    label("class_source", source, language) if isinstance(source, str) else "",
                    _whole(row["class_year"]), row["class_reason"], _whole(row["population"]),
                )
            ]
        )  # fmt: skip
    return table.getvalue().encode("utf-8-sig")


def history(
    store: Store, area_code: str, *, scope: Scope, now: datetime
) -> tuple[ClassVersion, ...]:
    """Return how the class of an area changed, newest first; nothing where it is not his."""
    held = load_rows(store, "areas", scope=scope, as_of=now, columns=["area_code"])
    if area_code not in set(held["area_code"]):
        return ()
    table = tables.VERSIONED["areas"]
    query = (
        select(table.c.known_from, *(table.c[name] for name in _SHOWN))
        .where(table.c.area_code == area_code, table.c.known_from <= to_seconds(now))
        .order_by(table.c.known_from)
    )
    with store.read() as conn:
        rows = conn.execute(query).all()
    found: list[ClassVersion] = []
    row: Any
    for row in rows:
        since, code, source, year, reason = row
        given = (source or "bureau") if code is not None else None
        version = ClassVersion(
            since=to_instant(since), urban_rural_code=code, source=given, year=year, reason=reason
        )
        before = found[-1] if found else None
        same = before is not None and (
            (before.urban_rural_code, before.source, before.reason) == (code, given, reason)
        )
        if not same:
            found.append(version)
    return tuple(reversed(found))


def counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how many townships and villages have their class from which source."""
    source = rows["class_source"].astype(object).where(rows["class_source"].notna(), None)
    fringe = rows["urban_rural_code"].isin(FRINGE_CODES)
    people = rows["population"].fillna(0.0).where(rows["level"] == "village", 0.0)
    frame = pd.DataFrame(
        {"source": source, "township": rows["level"] == "township",
         "village": rows["level"] == "village", "fringe": fringe, "population": people}
    )  # fmt: skip
    return frame.groupby("source", dropna=False, sort=True).sum(numeric_only=False).reset_index()


def _rings(shape: shapely.Geometry) -> list[list[int]]:
    polygons = [
        part
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    rings = [ring for part in polygons for ring in (part.exterior, *part.interiors)]
    return [
        np.rint(shapely.get_coordinates(ring).ravel() * DEGREE).astype(int).tolist()
        for ring in rings
    ]


def _whole(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(round(value))


def _as_text(value: Any) -> str:
    text = "" if value is None or (not isinstance(value, str) and pd.isna(value)) else str(value)
    # A spreadsheet takes such a beginning for a formula; the apostrophe makes it text.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
