"""
Urban-rural classes of areas: the bureau's codes first, computed ones else, corrections by hand.

A computed class is derived from the population and the outlines in the store, not learnt on
a day: it is written onto the versions that lack a code and says so in ``class_source``. A
correction is a hand-written field like any other and stands against later files
(docs/decisions/0014-area-classes.md).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, bindparam, or_, select, update

from data import audit, frames, schema
from data.scope import EVERYTHING, Scope
from data.store import hand_edits, tables
from data.store.engine import Store, bump_data_version, to_seconds
from data.store.rows import load_rows
from errors import ForbiddenError, NotFoundError, RecordError
from geo import urban_form
from geo.urban_form import UrbanFormParams
from workflows import access
from workflows.settings import read_settings

RECLASS = "areas.reclass"
COMPUTED, CORRECTED = "computed", "corrected"
LONGEST_REASON = 200
_FIELDS = ("urban_rural_code", "class_source", "class_year", "class_reason")
_LEVELS = ("township", "village")
CHANGED_BY = frozenset({"areas", "population"})
"""Kinds of records that computed classes come from."""
_HELD = ("area_code", "level", "urban_rural_code", "class_source")
_LISTED = (
    "area_code", "name", "level", "parent_code", "urban_rural_code", "class_source", "class_year",
    "class_reason", "population",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """How many areas were given a computed class, and how many still have none."""

    n_computed: int
    n_without: int


def listed(store: Store, *, scope: Scope, as_of: datetime) -> pd.DataFrame:
    """
    Return townships and villages with their class and where it comes from.

    Columns as in ``data.schema.AREAS`` without the outline, and ``township`` and
    ``district``: the names of the areas above. Sorted by code.
    """
    areas = load_rows(store, "areas", scope=scope, as_of=as_of, columns=_LISTED)
    names = dict(zip(areas["area_code"], areas["name"], strict=True))
    above = dict(zip(areas["area_code"], areas["parent_code"], strict=True))
    level = dict(zip(areas["area_code"], areas["level"], strict=True))
    shown = areas[areas["level"].isin(_LEVELS)].reset_index(drop=True)

    def named(code: str, wanted: str) -> str | None:
        at: str | None = code
        for _ in range(len(schema.AREA_LEVELS)):
            if at is None or level.get(at) == wanted:
                break
            at = above.get(at)
        return names.get(at) if at is not None else None

    for wanted in ("township", "district"):
        shown[wanted] = [named(code, wanted) for code in shown["area_code"]]
    source = shown["class_source"].where(shown["class_source"].notna(), "bureau")
    shown["class_source"] = source.where(shown["urban_rural_code"].notna(), None)
    return shown


def fringe_year(store: Store, *, computed: bool, scope: Scope, as_of: datetime) -> int | None:
    """Return the newest year of the fringe's classes, computed ones or given ones, if known."""
    columns = ["urban_rural_code", "class_source", "class_year"]
    areas = load_rows(store, "areas", scope=scope, as_of=as_of, columns=columns)
    chosen = areas["urban_rural_code"].isin(schema.FRINGE_CODES)
    chosen &= (areas["class_source"] == COMPUTED) == computed
    years = areas.loc[chosen, "class_year"].dropna()
    return None if years.empty else int(years.max())


def compute_missing(
    store: Store, params: UrbanFormParams, *, actor: str, now: datetime
) -> Computed:
    """
    Give every township and village without the bureau's code a computed class.

    Earlier computed classes are computed anew, and taken away where the population or
    the outlines that they came from are gone; codes of the bureau and corrections stay.
    Running it twice changes nothing the second time.
    """
    areas = load_rows(store, "areas", scope=EVERYTHING, as_of=now, columns=_HELD)
    own = areas["urban_rural_code"].notna() & (areas["class_source"] != COMPUTED)
    wanted = areas["level"].isin(_LEVELS) & ~own
    if not wanted.any():
        return Computed(n_computed=0, n_without=0)
    given = areas[own & areas["level"].isin(_LEVELS)]
    known = dict(zip(given["area_code"], given["urban_rural_code"], strict=True))
    by_area = _computed(store, params, known=known, now=now)
    codes = {code: by_area.get(code) for code in areas.loc[wanted, "area_code"]}
    before = dict(zip(areas["area_code"], areas["urban_rural_code"], strict=True))
    changed = {code: new for code, new in codes.items() if _differs(before[code], new)}
    if changed:
        with store.write() as conn:
            _write_computed(conn, changed, year=now.year)
            audit.append(
                conn, at=to_seconds(now), actor=actor, action="areas.computed",
                detail={"n": len(changed)},
            )  # fmt: skip
            bump_data_version(conn)
    n_computed = sum(code is not None for code in codes.values())
    return Computed(n_computed=n_computed, n_without=len(codes) - n_computed)


def compute_after(
    store: Store, kinds: Collection[str | None], *, actor: str, now: datetime
) -> None:
    """Compute missing classes anew where areas or people came or went, with the settings in use."""
    if not CHANGED_BY.isdisjoint(kinds):
        compute_missing(store, read_settings().scoring.urban_form, actor=actor, now=now)


def recompute(
    store: Store, params: UrbanFormParams, *, actor: str, scope: Scope, now: datetime
) -> Computed:
    """Do ``compute_missing`` for somebody who asks for it; it is for the whole store or not."""
    access.require(store, actor, RECLASS)
    if scope.districts is not None:
        raise ForbiddenError("推算涉及全部辖区，须由可见全部辖区的账号进行")
    return compute_missing(store, params, actor=actor, now=now)


def reclass(
    store: Store,
    area_code: str,
    urban_rural_code: str,
    *,
    reason: str,
    actor: str,
    scope: Scope,
    now: datetime,
) -> None:
    """
    Correct the class of one township or village, with a reason.

    Raises
    ------
    RecordError
        If the code is unknown or the reason is missing or too long.
    NotFoundError
        If there is no such area in the reader's districts.
    """
    access.require(store, actor, RECLASS)
    if urban_rural_code not in schema.URBAN_RURAL_CODES:
        raise RecordError(
            "城乡分类代码应为 {expected} 之一，实为 {got}",
            expected="、".join(schema.URBAN_RURAL_CODES),
            got=urban_rural_code,
        )
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise RecordError("请写明更正依据，不超过 {n} 字", n=LONGEST_REASON)
    _in_reach(store, area_code, scope=scope, now=now)
    with store.write() as conn:
        changes = hand_edits.write(
            conn,
            "areas",
            {
                "area_code": area_code,
                "urban_rural_code": urban_rural_code,
                "class_source": CORRECTED,
                "class_year": now.year,
                "class_reason": reason,
            },
            at=to_seconds(now),
            actor=actor,
            mark_all=True,
        )
        if changes:
            _note(conn, "areas.reclass", area_code, changes, actor=actor, now=now)


def withdraw(store: Store, area_code: str, *, actor: str, scope: Scope, now: datetime) -> None:
    """
    Take a correction back: the area has again the class that it had without it.

    Raises
    ------
    NotFoundError
        If there is no corrected area of this code in the reader's districts.
    """
    access.require(store, actor, RECLASS)
    _in_reach(store, area_code, scope=scope, now=now)
    with store.write() as conn:
        held = hand_edits.current(conn, "areas", [area_code])
        if held is None or held["class_source"] != CORRECTED:
            raise NotFoundError("没有这一区划，或不在您的辖区内")
        changes = hand_edits.write(
            conn,
            "areas",
            {"area_code": area_code, **_uncorrected(conn, area_code)},
            at=to_seconds(now),
            actor=actor,
            mark=False,
        )
        hand_edits.release(conn, "areas", [area_code], _FIELDS)
        _note(conn, "areas.reclass.withdrawn", area_code, changes, actor=actor, now=now)


def _computed(
    store: Store, params: UrbanFormParams, *, known: Mapping[str, str], now: datetime
) -> dict[str, str]:
    people = load_rows(store, "population", scope=EVERYTHING, as_of=now)
    outlined = load_rows(store, "areas", scope=EVERYTHING, as_of=now)
    outlined = outlined[outlined["shape"].notna()]
    if outlined.empty or people.empty:
        return {}
    roads = load_rows(store, "roads", scope=EVERYTHING, as_of=now, columns=["highway", "shape"])
    found = urban_form.classes_of_areas(
        frames.to_geo(outlined), people, streets=roads, params=params, known=known
    )
    return dict(zip(found["area_code"], found["urban_rural_code"], strict=True))


def _differs(before: object, new: str | None) -> bool:
    return before != new if new is not None else isinstance(before, str)


def _in_reach(store: Store, area_code: str, *, scope: Scope, now: datetime) -> None:
    areas = load_rows(store, "areas", scope=scope, as_of=now, columns=("area_code", "level"))
    if not ((areas["area_code"] == area_code) & areas["level"].isin(_LEVELS)).any():
        raise NotFoundError("没有这一区划，或不在您的辖区内")


def _uncorrected(conn: Connection, area_code: str) -> dict[str, object]:
    """Return the class fields of the newest version that nobody had corrected."""
    table = tables.VERSIONED["areas"]
    row = conn.execute(
        select(*(table.c[name] for name in _FIELDS))
        .where(
            table.c.area_code == area_code,
            or_(table.c.class_source.is_(None), table.c.class_source != CORRECTED),
        )
        .order_by(table.c.known_from.desc())
        .limit(1)
    ).one_or_none()
    return dict.fromkeys(_FIELDS) if row is None else dict(zip(_FIELDS, row, strict=True))


def _write_computed(conn: Connection, codes: Mapping[str, str | None], *, year: int) -> None:
    table = tables.VERSIONED["areas"]
    conn.execute(
        update(table)
        .where(
            table.c.area_code == bindparam("of_area"),
            or_(table.c.urban_rural_code.is_(None), table.c.class_source == COMPUTED),
        )
        .values(
            urban_rural_code=bindparam("code"),
            class_source=bindparam("source"),
            class_year=bindparam("year"),
        ),
        [
            {
                "of_area": area,
                "code": code,
                "source": None if code is None else COMPUTED,
                "year": None if code is None else year,
            }
            for area, code in sorted(codes.items())
        ],
    )


def _note(
    conn: Connection,
    action: str,
    area_code: str,
    changes: Mapping[str, tuple[object, object]],
    *,
    actor: str,
    now: datetime,
) -> None:
    before, after = changes.get("urban_rural_code", (None, None))
    audit.append(
        conn, at=to_seconds(now), actor=actor, action=action, object_id=area_code,
        detail={"from": before, "to": after},
    )  # fmt: skip
    bump_data_version(conn)
