"""Mapping profiles made on the import page: kept by name, found again by a file's headers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from data import audit, schema
from data.store import engine
from data.store.engine import Store
from data.store.import_tables import import_profiles as _table
from errors import BadProfileError, InUseError, NotFoundError
from workflows import access

_MAX_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedProfile:
    """``columns`` maps ours to theirs; ``fingerprint`` is that of the headers it was made for."""

    profile_id: int
    name: str
    kind: str
    fingerprint: str
    datum: str | None
    columns: Mapping[str, str]
    saved_by: str


def save_profile(
    store: Store,
    *,
    name: str,
    kind: str,
    fingerprint: str,
    columns: Mapping[str, str],
    datum: str | None,
    actor: str,
    now: datetime,
) -> int:
    """
    Save a profile under a name, replacing the one of that name; return its id.

    Raises
    ------
    BadProfileError
        If it has no name, or names a kind or column that does not exist.
    """
    access.require(store, actor, "imports.write")
    name = _named(name)
    if kind not in schema.KINDS:
        raise BadProfileError("配置 {where}：没有数据类别 {name}", where=name, name=kind)
    unknown = [column for column in columns if column not in schema.KINDS[kind].by_name]
    if unknown:
        raise BadProfileError(
            "配置 {where}：{kind} 没有列 {name}", where=name, kind=kind, name=unknown[0]
        )
    at = engine.to_seconds(now)
    document = json.dumps({"datum": datum, "columns": dict(columns)}, ensure_ascii=False)
    values = {
        "kind": kind,
        "fingerprint": fingerprint,
        "document": document,
        "saved_at": at,
        "saved_by": actor,
    }
    with store.write() as conn:
        held = conn.execute(select(_table.c.profile_id).where(_table.c.name == name)).scalar()
        if held is None:
            made = conn.execute(insert(_table).values(name=name, **values)).inserted_primary_key
            profile_id = int(made[0]) if made is not None else 0
        else:
            profile_id = int(held)
            conn.execute(update(_table).where(_table.c.profile_id == held).values(**values))
        audit.append(
            conn,
            at=at,
            actor=actor,
            action="import.profile",
            object_id=str(profile_id),
            detail={"kind": kind, "n_columns": len(columns)},
        )
    return profile_id


def rename_profile(store: Store, profile_id: int, *, name: str, actor: str, now: datetime) -> None:
    """
    Give a profile another name.

    Raises
    ------
    BadProfileError
        If the name is empty.
    InUseError
        If another profile has that name.
    NotFoundError
        If there is no such profile.
    """
    access.require(store, actor, "imports.write")
    name = _named(name)
    with store.write() as conn:
        _check_there(conn, profile_id)
        other = select(_table.c.profile_id).where(
            _table.c.name == name, _table.c.profile_id != profile_id
        )
        if conn.execute(other).first() is not None:
            raise InUseError("已有名为“{name}”的映射方案", name=name)
        conn.execute(update(_table).where(_table.c.profile_id == profile_id).values(name=name))
        _note(conn, profile_id, "import.profile.rename", actor=actor, now=now)


def delete_profile(store: Store, profile_id: int, *, actor: str, now: datetime) -> None:
    """Delete a profile; files with its headers are read by themselves again."""
    access.require(store, actor, "imports.write")
    with store.write() as conn:
        _check_there(conn, profile_id)
        conn.execute(delete(_table).where(_table.c.profile_id == profile_id))
        _note(conn, profile_id, "import.profile.delete", actor=actor, now=now)


def _named(name: str) -> str:
    plain = " ".join(name.split())[:_MAX_NAME]
    if not plain:
        raise BadProfileError("请给映射方案起个名字")
    return plain


def _check_there(conn: Connection, profile_id: int) -> None:
    found = select(_table.c.profile_id).where(_table.c.profile_id == profile_id)
    if conn.execute(found).first() is None:
        raise NotFoundError("没有这项内容，或不在您的辖区")


def _note(conn: Connection, profile_id: int, action: str, *, actor: str, now: datetime) -> None:
    audit.append(
        conn,
        at=engine.to_seconds(now),
        actor=actor,
        action=action,
        object_id=str(profile_id),
        detail={},
    )


def saved_profiles(store: Store) -> list[SavedProfile]:
    """List the saved profiles by name."""
    with store.read() as conn:
        rows = conn.execute(select(_table).order_by(_table.c.name)).all()
    return [_profile(row) for row in rows]


def matching(profiles: Sequence[SavedProfile], fingerprint: str) -> SavedProfile | None:
    """Return the profile that was made for files with these headers."""
    return next((p for p in profiles if p.fingerprint == fingerprint), None)


def as_toml(store: Store, profile_id: int) -> str:
    """
    Return a profile as the TOML file that ``medpatrol load --mapping`` reads.

    Raises
    ------
    NotFoundError
        If there is no such profile.
    """
    with store.read() as conn:
        row = conn.execute(select(_table).where(_table.c.profile_id == profile_id)).one_or_none()
    if row is None:
        raise NotFoundError("没有这项内容，或不在您的辖区")
    profile = _profile(row)
    lines = ['["*"]', f"kind = {_quoted(profile.kind)}"]
    if profile.datum:
        lines.append(f"datum = {_quoted(profile.datum)}")
    lines += ["", '["*".columns]']
    lines += [f"{ours} = {_quoted(theirs)}" for ours, theirs in profile.columns.items()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # JSON's escapes are those of a basic string in TOML; only U+007F differs.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _profile(row: Row[Any]) -> SavedProfile:
    document = json.loads(row.document)
    return SavedProfile(
        profile_id=row.profile_id,
        name=row.name,
        kind=row.kind,
        fingerprint=row.fingerprint,
        datum=document.get("datum"),
        columns=document.get("columns") or {},
        saved_by=row.saved_by,
    )
