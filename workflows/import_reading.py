"""From files to checked rows: which sheets, which kind, which columns, which datum."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import schema
from data.importers import checks, datums, headers, left_out, reading, references
from data.importers.checks import Checked
from data.importers.left_out import LeftOut
from data.importers.profiles import FileProfile, Profile, Rule
from data.importers.reading import FileTable
from data.importers.rules import Box, Setting
from data.records import Message
from data.scope import EVERYTHING
from data.store import imports, rows
from data.store.engine import Store
from errors import BadFileError
from geo.gazetteer import Gazetteer
from workflows import import_profiles, placing
from workflows.import_profiles import SavedProfile

_HELD_AGAINST = frozenset({"areas", "roads", "facilities"})
_BOX_MARGIN_DEG = 0.3
"""How far outside the loaded areas a point may lie unremarked, degrees (about 30 km)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file to load: where it is and the name it was sent under."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person settled for one table: to skip it, or its kind, datum and columns."""

    file: str
    sheet: str | None = None
    skip: bool = False
    kind: str | None = None
    datum: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Choice":
        """Return a choice from plain data, whatever else stands there."""
        kind = document.get("kind")
        known = schema.KINDS[str(kind)].by_name if kind in schema.KINDS else {}
        return cls(
            file=str(document.get("file")),
            sheet=document.get("sheet"),
            skip=bool(document.get("skip")),
            kind=kind if kind in schema.KINDS else None,
            datum=document.get("datum") or None,
            columns={k: str(v) for k, v in (document.get("columns") or {}).items() if k in known},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the caller asked for, for all files of one import."""

    kind: str | None
    datum: str
    profile: Profile | None
    actor: str
    now: datetime
    choices: Sequence[Choice] = ()
    saved: Sequence[SavedProfile] = ()
    job_id: str | None = None
    looking: bool = False
    """Whether nothing is to be stored yet: an unknown datum is then asked, not refused."""

    def choice(self, file: str, sheet: str | None) -> Choice | None:
        """Return what a person settled for a table, if anything."""
        return next((c for c in self.choices if c.file == file and c.sheet == sheet), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of one table as one kind, checked and moved to WGS-84."""

    kind: str
    checked: Checked
    datum: datums.Choice
    profile: FileProfile
    table: FileTable
    left_out: tuple[LeftOut, ...] = ()


@dataclass(slots=True)
class Seen:
    """What earlier files of the same run brought and what is not yet in the store."""

    keys: dict[str, set[str]] = field(default_factory=dict)
    frames: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    held: dict[str, frozenset[str]] = field(default_factory=dict)
    places: Gazetteer | None = None

    def add(self, parts: Sequence[Part]) -> None:
        """Remember the keys and areas of parts that passed the checks."""
        for part in parts:
            key = schema.KINDS[part.kind].key
            if len(key) == 1 and key[0] in part.checked.records:
                ids = part.checked.records[key[0]].dropna().astype(str)
                self.keys.setdefault(part.kind, set()).update(ids)
            if part.kind in _HELD_AGAINST:
                self.frames.setdefault(part.kind, []).append(part.checked.records)
                self.places = None

    def of(self, kind: str) -> list[pd.DataFrame]:
        """Return the records of a kind that later files are held against."""
        return self.frames.get(kind, [])

    def gazetteer(self, store: Store, now: datetime) -> Gazetteer:
        """Return the gazetteer of the store and of these files, made once per state."""
        if self.places is None:
            areas, doors = self.of("areas"), self.of("facilities")
            self.places = placing.gazetteer_with(store, areas, doors, now=now)
        return self.places


def read_parts(
    store: Store,
    source: Source,
    *,
    wish: Wish,
    seen: Seen,
    tables: Sequence[FileTable] | None = None,
) -> list[Part]:
    """
    Read one file: its tables, each as one kind or two, in the order they are stored.

    ``tables`` are those of the file where they were read before.

    Raises
    ------
    BadFileError
        If the file, or one of its tables, can't be taken as it is.
    """
    tables = tables or reading.read_tables(source.path, name=source.name)
    parts: list[Part] = []
    for table, profile in _profiled(tables, source, wish):
        cut, left = left_out.split(table)
        made = list(_parts(store, cut, profile, wish, seen))
        made[0] = replace(made[0], left_out=left)
        parts += made
    if not parts:
        raise BadFileError("{file} 没有选中的工作表，未导入任何内容", file=source.name)
    return sorted(parts, key=lambda part: headers.ORDER.index(part.kind))


def unread_sheets(parts: Sequence[Part]) -> list[Message]:
    """Return a sentence on the sheets of a workbook that were not read, if any."""
    names = [name for part in parts for name in part.table.other_sheets]
    if not names:
        return []
    return [Message("不是数据表，未读取：{sheets}", {"sheets": "、".join(dict.fromkeys(names))})]


def _profiled(
    tables: Sequence[FileTable], source: Source, wish: Wish
) -> Iterator[tuple[FileTable, FileProfile]]:
    """Pair each table with what says how to read it; of many sheets some may be no data."""
    unknown: list[str] = []
    read: list[tuple[FileTable, FileProfile]] = []
    for table in tables:
        choice = wish.choice(source.name, table.sheet)
        if choice is not None and choice.skip:
            continue
        try:
            read.append((table, profile_of(table, source, wish, is_only=len(tables) == 1)))
        except BadFileError:
            if len(tables) == 1:
                raise
            unknown.append(table.sheet or "")
    if not read and unknown:
        profile_of(tables[0], source, wish, is_only=True)
    for number, (table, profile) in enumerate(read):
        others = (*table.other_sheets, *unknown) if number == 0 else ()
        yield replace(table, other_sheets=others), profile


def profile_of(table: FileTable, source: Source, wish: Wish, *, is_only: bool) -> FileProfile:
    """Return what was chosen for a table, else its profile, else one of its name and headers."""
    choice = wish.choice(source.name, table.sheet)
    mapped = None if wish.profile is None else wish.profile.for_file(source.name)
    if choice is not None and choice.kind is not None:
        if mapped is not None and mapped.rule.kind == choice.kind and choice.columns:
            # What else the profile says of the file, its words and constants, still holds.
            return replace(mapped, rule=replace(mapped.rule, columns=choice.columns))
        rule = Rule(kind=choice.kind, columns=choice.columns)
        return FileProfile(pattern=source.name, rule=rule, datum=choice.datum)
    if mapped is not None and wish.kind in {None, mapped.rule.kind}:
        return mapped
    saved = import_profiles.matching(wish.saved, headers.fingerprint(table.headers))
    if saved is not None and wish.kind in {None, saved.kind}:
        rule = Rule(kind=saved.kind, columns=saved.columns)
        return FileProfile(pattern=source.name, rule=rule, datum=saved.datum)
    kind = wish.kind
    if kind is None and not is_only:
        # Several tables in one file: the sheet says more than the file's name.
        kind = headers.kind_of_name(table.sheet or "") or likely_kind(table)
    kind = kind or headers.kind_of_name(source.name) or likely_kind(table)
    datum = None if choice is None else choice.datum
    return FileProfile(pattern=source.name, rule=Rule(kind=kind), datum=datum)


def likely_kind(table: FileTable) -> str:
    """Return the kind that a table's columns speak of; BadFileError where none or two do."""
    return headers.kind_of_headers(
        table.headers, has_shapes=table.shapes is not None, file=table.name
    )


def _parts(
    store: Store, table: FileTable, profile: FileProfile, wish: Wish, seen: Seen
) -> Iterator[Part]:
    setting = Setting(now=wish.now, box=_city_box(store, wish, seen))
    main = checks.check_rows(table, profile.rule, profile=profile, setting=setting)
    also = []
    for rule in profile.also:
        chosen = table if rule.when is None else checks.select_rows(table, rule.when)
        second = checks.check_rows(chosen, rule, profile=profile, setting=setting)
        main = _linked(main, second, rule)
        also.append((rule.kind, second))
    for kind, checked in ((profile.rule.kind, main), *also):
        yield _placed(store, table, kind, checked, profile, wish, seen)


def _placed(
    store: Store,
    table: FileTable,
    kind: str,
    checked: Checked,
    profile: FileProfile,
    wish: Wish,
    seen: Seen,
) -> Part:
    """Settle the datum, move points to WGS-84 and look references up: what comes after checks."""
    choice = _datum_of(store, table, kind, checked, profile, wish, seen)
    moved = replace(checked, records=datums.to_wgs84(checked.records, datum=choice.datum))
    known = _known(store, seen)
    return Part(
        kind=kind,
        checked=placing.fill(
            store,
            kind,
            references.check(kind, moved, known),
            now=wish.now,
            known=lambda: seen.gazetteer(store, wish.now),
        ),
        datum=choice,
        profile=profile,
        table=table,
    )


def _linked(main: Checked, second: Checked, rule: Rule) -> Checked:
    """Write the second record's key into the first record of the same row."""
    if rule.link is None:
        return main
    key = schema.KINDS[rule.kind].key[0]
    by_row = pd.Series(second.records[key].to_numpy(dtype=object), index=second.row)
    linked = pd.Series(main.row).map(by_row).astype("str")
    return replace(main, records=main.records.assign(**{rule.link: linked}))


def _datum_of(
    store: Store,
    table: FileTable,
    kind: str,
    checked: Checked,
    profile: FileProfile,
    wish: Wish,
    seen: Seen,
) -> datums.Choice:
    settled = wish.choice(table.name, table.sheet)
    chosen = None if settled is None else settled.datum
    requested = chosen or (wish.datum if wish.datum != "auto" else profile.datum or "auto")

    def areas() -> pd.DataFrame:
        columns = ["area_code", "shape"]
        held = rows.load_rows(store, "areas", scope=EVERYTHING, as_of=wish.now, columns=columns)
        new = [frame[columns] for frame in seen.of("areas")]
        return pd.concat([held[columns], *new]).drop_duplicates("area_code", keep="last")

    def roads() -> NDArray[np.object_]:
        held = rows.load_rows(store, "roads", scope=EVERYTHING, as_of=wish.now, columns=["shape"])
        new = [frame["shape"] for frame in seen.of("roads")]
        return pd.concat([held["shape"], *new]).to_numpy(dtype=object)

    def outline() -> list[bytes]:
        new = [shape for frame in seen.of("areas") for shape in frame["shape"]]
        return [*imports.outer_areas(store, as_of=wish.now), *new]

    stated = headers.stated_datum(table.headers)
    choice = datums.choose(
        checked.records,
        requested=requested,
        stated=stated,
        areas=areas,
        roads=roads,
        outline=outline if kind == "population" else None,
    )
    if not wish.looking:
        datums.check_settled(choice, file=table.name)
    return choice


def _known(store: Store, seen: Seen) -> Callable[[str], frozenset[str]]:
    """Return a function that gives the ids of a kind, of the store and of this run."""

    def known(kind: str) -> frozenset[str]:
        if kind not in seen.held:
            seen.held[kind] = imports.stored_keys(store, kind)
        return seen.held[kind] | seen.keys.get(kind, set())

    return known


def _city_box(store: Store, wish: Wish, seen: Seen) -> Box | None:
    """Return the box around the loaded areas with a margin, ``None`` without areas."""
    import shapely

    held = imports.outer_areas(store, as_of=wish.now)
    shapes = [*held, *(shape for frame in seen.of("areas") for shape in frame["shape"])]
    if not shapes:
        return None
    west, south, east, north = shapely.total_bounds(shapely.from_wkb(shapes))
    margin = _BOX_MARGIN_DEG
    return west - margin, south - margin, east + margin, north + margin
