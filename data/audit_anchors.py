"""
Anchors: each day the number and the seal of the newest audit entry, signed, in a file apart.

A log whose end was cut off, or that was replaced by an older copy, is whole in
itself; only a note outside the store can show it. Keep the file on another
machine, or print its lines.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from data import audit_keys
from data.schema import TIME_ZONE
from data.store import tables
from data.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorReport:
    """
    What comparing the log with its anchors found.

    ``bad`` is the first entry that an anchor tells of and the log does not hold as
    it was then; ``bad_line`` is the first line of the file that is not as it was
    signed.
    """

    n_anchors: int
    last_on: str | None = None
    bad: int | None = None
    bad_line: int | None = None


def file_of(store: Store, wanted: str = "") -> Path:
    """Return the file of the anchors: as set, else beside the store."""
    return Path(wanted) if wanted else store.path.with_name(store.path.name + ".anchors")


def add_if_due(store: Store, path: Path, *, now: datetime) -> bool:
    """Add today's anchor unless it is there; return whether one was added."""
    key = audit_keys.of_store(store)
    on = now.astimezone(TIME_ZONE).date().isoformat()
    head = _head(store)
    if key is None or head is None or any(_day(line) == on for line in _lines(path)):
        return False
    signer = key.signer()
    public = signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    seq, seal = head
    line = {
        "on": on, "seq": seq, "hash": seal, "public_key": public.hex(),
        "signature": signer.sign(_signed(on, seq, seal)).hex(),
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as target:
        target.write(json.dumps(line) + "\n")
        target.flush()
        os.fsync(target.fileno())
    return True


def check(store: Store, path: Path) -> AnchorReport:
    """Compare the log with every anchor."""
    key = audit_keys.of_store(store)
    lines = _lines(path)
    if key is None or not lines:
        return AnchorReport(n_anchors=len(lines))
    public = key.signer().public_key()
    head = _head(store)
    n_entries = 0 if head is None else head[0]
    last_on: str | None = None
    for number, line in enumerate(lines, start=1):
        try:
            found = json.loads(line)
            on, seq, seal = str(found["on"]), int(found["seq"]), str(found["hash"])
            public.verify(bytes.fromhex(found["signature"]), _signed(on, seq, seal))
        except (ValueError, KeyError, TypeError, InvalidSignature):
            return AnchorReport(n_anchors=len(lines), last_on=last_on, bad_line=number)
        if _seal_of(store, seq) != seal:
            bad = min(seq, n_entries + 1)
            return AnchorReport(n_anchors=len(lines), last_on=on, bad=bad)
        last_on = on
    return AnchorReport(n_anchors=len(lines), last_on=last_on)


def _head(store: Store) -> tuple[int, str] | None:
    log = tables.audit.c
    with store.read() as conn:
        row = conn.execute(
            select(log.seq, log.entry_hash).order_by(log.seq.desc()).limit(1)
        ).one_or_none()
    return None if row is None else (int(row.seq), str(row.entry_hash))


def _seal_of(store: Store, seq: int) -> str | None:
    log = tables.audit.c
    with store.read() as conn:
        found = conn.execute(select(log.entry_hash).where(log.seq == seq)).scalar()
    return None if found is None else str(found)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    text = path.read_text(encoding="ascii", errors="replace")
    return [line for line in text.splitlines() if line.strip()]


def _day(line: str) -> str | None:
    try:
        return str(json.loads(line)["on"])
    except (ValueError, KeyError, TypeError):
        return None


def _signed(on: str, seq: int, seal: str) -> bytes:
    return f"medpatrol anchor\n{on}\n{seq}\n{seal}".encode("ascii", "replace")
