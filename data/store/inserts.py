"""Write versions of one kind of record in batches, inside a transaction of the caller."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, bindparam, update

from data import schema
from data.store import bulk, versions

_BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Held:
    """The current version of a stored record."""

    version_id: int
    known_from: int
    content_hash: bytes


class Inserts:
    """Write versions of one kind in batches."""

    def __init__(
        self, table: Table, spec: schema.Kind, stored: versions.Stored, import_id: int | None
    ) -> None:
        self.names = list(stored)
        self.stored = stored
        self.late = {c.name: c.late or "" for c in spec.columns}
        self.import_id = import_id
        self.district = None
        if "district_code" not in stored:
            areas = stored.get("area_code")
            if areas is not None:
                self.district = np.array([district_of(a) for a in areas], dtype=object)
        self.head = ["known_from", "known_to", "import_id", "content_hash"]
        if self.district is not None:
            self.head.append("district_code")
        self.table = table

    def add_chains(
        self, conn: Connection, chains: versions.Chains, *, wanted: NDArray[np.bool_]
    ) -> None:
        """Write whole chains of the records that are new."""
        ends = np.full(len(chains.row), None, dtype=object)
        follows = chains.record[1:] == chains.record[:-1]
        ends[:-1][follows] = chains.known_from[1:][follows].astype(object)
        picked = np.flatnonzero(wanted[chains.record])
        for start in range(0, len(picked), _BATCH_ROWS):
            part = picked[start : start + _BATCH_ROWS]
            self._write(
                conn,
                rows=chains.row[part],
                froms=chains.known_from[part],
                ends=ends[part],
                hashes=chains.content_hash[part],
                visible={group: flags[part] for group, flags in chains.visible.items()},
            )

    def add_changes(
        self,
        conn: Connection,
        chains: versions.Chains,
        *,
        contents: versions.Contents,
        changed: Mapping[int, Held],
        known_on: int,
        now: int,
    ) -> None:
        """End held versions and write what replaces them."""
        if not changed:
            return
        froms = [
            known_on if known_on > held.known_from else max(now, held.known_from + 1)
            for held in changed.values()
        ]
        version_id, known_to = self.table.c.version_id, self.table.c.known_to
        conn.execute(
            update(self.table)
            .where(version_id == bindparam("held"))
            .values({known_to: bindparam("until")}),
            [
                {"held": held.version_id, "until": until}
                for held, until in zip(changed.values(), froms, strict=True)
            ],
        )
        rows = chains.final_row[np.fromiter(changed, dtype=np.int64)]
        everything = np.ones(len(rows), dtype=bool)
        self._write(
            conn,
            rows=rows,
            froms=np.array(froms, dtype=np.int64),
            ends=np.full(len(rows), None, dtype=object),
            hashes=contents.full_hash[rows],
            visible=dict.fromkeys(contents.tokens, everything),
        )

    def _write(
        self,
        conn: Connection,
        *,
        rows: NDArray[np.int64],
        froms: NDArray[np.int64],
        ends: NDArray[np.object_],
        hashes: NDArray[np.object_],
        visible: Mapping[str, NDArray[np.bool_]],
    ) -> None:
        columns: list[list[object]] = [
            froms.tolist(),
            ends.tolist(),
            [self.import_id] * len(rows),
            hashes.tolist(),
        ]
        if self.district is not None:
            columns.append(self.district[rows].tolist())
        for name in self.names:
            values = self.stored[name][rows]
            group = self.late.get(name, "")
            if group:
                values[~visible[group]] = None
            columns.append(values.tolist())
        bulk.insert_columns(conn, self.table, (*self.head, *self.names), columns)


def district_of(area_code: object) -> str | None:
    """
    Return the district of an area code: its first six digits.

    Codes of townships (9 digits) and villages (12) begin with their district's;
    any other code is taken as a district itself.
    """
    if area_code is None:
        return None
    code = str(area_code)
    return code[:6] if code.isdigit() and len(code) in {9, 12} else code
