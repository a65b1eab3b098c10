"""
Payloads of the map as bytes: loaded with the reader's scope, packed, kept a while.

What is kept is keyed by store version and scope, so that nobody gets what
another may see, nor what was true before the last change. The ETag is made from
the content, so equal answers look equal whoever asked.
"""

import gzip
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from data.records import Plan
from data.scope import Scope
from data.store.engine import Store, data_version
from errors import NotFoundError
from workflows import area_classes, map_layers

KEPT = 48


@dataclass(frozen=True, slots=True)
class Packed:
    """A payload ready to send."""

    etag: str
    plain: bytes
    packed: bytes


class Shelf:
    """The last few payloads, by what they depend on; safe to use from several threads."""

    def __init__(self, *, size: int = KEPT) -> None:
        self._size = size
        self._kept: OrderedDict[object, Packed] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], map_layers.Payload]) -> Packed:
        """Return what is kept under ``key``, else make, keep and return it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = pack(make())
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made


def pack(payload: map_layers.Payload) -> Packed:
    """Return the payload as JSON, plain and compressed, with an ETag of its content."""
    plain = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    etag = '"' + hashlib.sha256(plain).hexdigest()[:32] + '"'
    return Packed(etag, plain, gzip.compress(plain, compresslevel=5, mtime=0))


def key_of(store: Store, scope: Scope, *parts: object) -> tuple[object, ...]:
    """Return what an answer depends on: the store's version, who asks, and the question."""
    districts = None if scope.districts is None else tuple(sorted(scope.districts))
    sealed = None if scope.sealed is None else tuple(sorted(scope.sealed))
    return (data_version(store), scope.user, districts, sealed, *parts)


def cells(store: Store, run_id: str, *, scope: Scope, sees_all: bool = False) -> map_layers.Payload:
    """
    Return the cells of a score run.

    Parameters
    ----------
    sees_all
        Whether the reader may see every district, and ``scope`` is only what is
        looked at now; an empty answer then tells nothing that must stay hidden.

    Raises
    ------
    NotFoundError
        If the run is not there, or nothing in it is the reader's.
    """
    from data.store import scores

    rows = scores.load_cell_scores(store, run_id, scope=scope)
    as_of = _run_as_of(store, run_id, is_shown=sees_all or not rows.empty)
    year = area_classes.fringe_year(
        store, computed=map_layers.has_computed_fringe(rows), scope=scope, as_of=as_of
    )
    return map_layers.cells_layer(rows, as_of=as_of, class_year=year)


def facilities(
    store: Store, run_id: str, *, scope: Scope, sees_all: bool = False
) -> map_layers.Payload:
    """Return the facilities of a score run; parameters and errors as ``cells``."""
    from data.store import scores

    rows = scores.load_facility_scores(store, run_id, scope=scope)
    as_of = _run_as_of(store, run_id, is_shown=sees_all or not rows.empty)
    return map_layers.facilities_layer(rows, as_of=as_of)


def _run_as_of(store: Store, run_id: str, *, is_shown: bool) -> datetime:
    from data.store import scores

    run = scores.get_run(store, run_id) if is_shown else None
    if run is None:
        raise NotFoundError("没有这项内容，或不在您的辖区")
    return run.as_of


def leads(store: Store, *, scope: Scope, as_of: datetime, days: int) -> map_layers.Payload:
    """Return the open leads, and the closed ones of the last ``days`` days, counted on a grid."""
    from data.store.rows import load_rows

    columns = ["received_at", "lon", "lat", "location_precision", "status", "closed_on"]
    rows = load_rows(store, "complaints", scope=scope, as_of=as_of, columns=columns)
    # an open lead stays on the map however old it is
    shown = rows["closed_on"].isna() | (rows["received_at"] >= as_of - timedelta(days=days))
    return map_layers.leads_layer(rows[shown])


def cases(store: Store, *, scope: Scope, as_of: datetime, days: int) -> map_layers.Payload:
    """Return the cases of the last ``days`` days."""
    from data.store.rows import load_rows

    columns = ["case_id", "lon", "lat", "topic", "opened_on", "den_destroyed"]
    since = as_of - timedelta(days=days)
    rows = load_rows(store, "cases", scope=scope, as_of=as_of, columns=columns, since=since)
    return map_layers.cases_layer(rows, days=days)


def areas(store: Store, *, scope: Scope, as_of: datetime) -> map_layers.Payload:
    """Return the boundaries the reader may see."""
    from data.store.rows import load_rows

    columns = ["area_code", "name", "level", "urban_rural_code", "shape"]
    rows = load_rows(store, "areas", scope=scope, as_of=as_of, columns=columns)
    return map_layers.areas_layer(rows)


def plan(store: Store, plan_id: str, *, scope: Scope) -> map_layers.Payload:
    """Return the routes of a plan; ``NotFoundError`` if it is not there for this reader."""
    return map_layers.plan_layer(load_plan(store, plan_id, scope=scope))


def load_plan(store: Store, plan_id: str, *, scope: Scope) -> Plan:
    """Return a plan; ``NotFoundError`` if it is not there for this reader."""
    from data.store import plans

    return plans.load_plan(store, plan_id, scope=scope)
