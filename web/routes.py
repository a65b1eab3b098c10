"""
The product's own addresses: map data, documents, downloads, browser assets.

Every answer is made with the scope that the gate put on the request. What is not
there and what is not the reader's get the same answer, byte for byte.
"""

import csv
import functools
import io
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from data.schema import TIME_ZONE
from data.scope import Scope
from data.store.engine import Store
from errors import ForbiddenError, MedPatrolError, NotFoundError, StoreBusyError
from ui import maps
from web import (
    area_routes,
    audit_routes,
    import_routes,
    layer_routes,
    ledger_routes,
    payloads,
    record_routes,
    score_card_routes,
)
from workflows import access, map_layers, wording

ASSET_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
LONGEST_DAYS = 3660
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Source:
    """The store behind the routes, opened when first needed, and the payloads kept of it."""

    def __init__(self, store_url: str) -> None:
        self._url = store_url
        self._store: Store | None = None
        self._lock = threading.Lock()
        self.shelf = payloads.Shelf()

    @property
    def store(self) -> Store:
        """The store; opening it brings a new one up to date."""
        with self._lock:
            if self._store is None:
                self._store = access.opened(self._url)
            return self._store


def routes(store_url: str) -> list[BaseRoute]:
    """
    Return every own route.

    Parameters
    ----------
    store_url
        Store that the routes read.
    """
    source = Source(store_url)

    def route(path: str, answer: "Answer") -> Route:
        return Route(path, functools.partial(_guarded, source, answer), methods=["GET"])

    return [
        Route("/health", health, methods=["GET"]),
        Route("/assets/{version}/{path:path}", asset, methods=["GET"]),
        route("/data/cells/{run_id}.json", cells),
        route("/data/facilities/{run_id}.json", facilities),
        route("/data/complaints.json", complaints),
        route("/data/cases.json", cases),
        route("/data/areas.json", areas),
        route("/data/plan/{plan_id}.json", plan),
        route("/document/hotspots/{run_id}.html", hotspots_document),
        route("/document/plan/{plan_id}.html", plan_document),
        route("/download/import/{import_id}/refused.csv", refused_rows),
        route("/download/plan/{plan_id}.xlsx", plan_workbook),
        route("/download/plan/{plan_id}.gpx", plan_gpx),
        route("/download/audit.csv", audit_routes.audit_csv),
        *(route(path, answer) for path, answer in ledger_routes.answers(_payload)),
        *record_routes.routes(route),
        *import_routes.routes(route),
        *layer_routes.routes(route),
        *score_card_routes.routes(route, _payload),
        *area_routes.routes(route, _payload),
        # Whatever else is asked for under these is not there, and no page of the frame either.
        *(Route(f"/{top}/{{rest:path}}", nothing) for top in ("data", "download", "document")),
    ]


Answer = Callable[[Source, Request, Scope], Response]


def _guarded(source: Source, answer: Answer, request: Request) -> Response:
    # A plain function: Starlette runs it in a thread, so that reading does not hold up the pages.
    try:
        scope = access.narrowed(request.state.access, request.query_params.get("district"))
        return answer(source, request, scope)
    except (ForbiddenError, NotFoundError, ValueError):
        return not_found()
    except StoreBusyError as error:
        return _sentence(503, error)
    except MedPatrolError as error:
        return _sentence(500, error)


def not_found() -> Response:
    """Return the one answer for what is not there or not the reader's."""
    return JSONResponse({"error": "not found"}, status_code=404)


def _sentence(status: int, error: MedPatrolError) -> Response:
    return JSONResponse({"error": wording.say(error, "zh")}, status_code=status)


async def nothing(_request: Request) -> Response:
    """Answer an address under a data folder that does not exist."""
    return not_found()


async def health(_request: Request) -> Response:
    """Say that the server answers."""
    return JSONResponse({"status": "ok"})


def asset(request: Request) -> Response:
    """Serve a script, style or picture of the map; public, never data."""
    path = maps.ASSETS / request.path_params["path"]
    kind = ASSET_TYPES.get(path.suffix)
    root = maps.ASSETS.resolve()
    if kind is None or not path.resolve().is_relative_to(root) or not path.is_file():
        return not_found()
    is_current = request.path_params["version"] == maps.assets_version()
    keep = "public, max-age=31536000, immutable" if is_current else "no-cache"
    return Response(path.read_bytes(), media_type=kind, headers={"Cache-Control": keep})


def cells(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with the cells of a score run."""
    run_id = request.path_params["run_id"]
    sees_all = request.state.access.sees_all_districts
    make = functools.partial(payloads.cells, source.store, run_id, scope=scope, sees_all=sees_all)
    return _payload(source, request, scope, ("cells", run_id), make)


def facilities(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with the facilities of a score run."""
    run_id = request.path_params["run_id"]
    sees_all = request.state.access.sees_all_districts
    make = functools.partial(
        payloads.facilities, source.store, run_id, scope=scope, sees_all=sees_all
    )
    return _payload(source, request, scope, ("facilities", run_id), make)


def complaints(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with leads counted on a grid (``as_of`` a date, closed ones ``days`` back)."""
    as_of, days = _period(request, default_days=90)
    make = functools.partial(payloads.leads, source.store, scope=scope, as_of=as_of, days=days)
    return _payload(source, request, scope, ("complaints", as_of, days), make)


def cases(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with filed cases (``as_of`` a date, ``days`` back)."""
    as_of, days = _period(request, default_days=30)
    make = functools.partial(payloads.cases, source.store, scope=scope, as_of=as_of, days=days)
    return _payload(source, request, scope, ("cases", as_of, days), make)


def areas(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with boundaries and names."""
    as_of, _ = _period(request, default_days=1)
    make = functools.partial(payloads.areas, source.store, scope=scope, as_of=as_of)
    return _payload(source, request, scope, ("areas", as_of), make)


def plan(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with the routes of a plan."""
    plan_id = request.path_params["plan_id"]
    make = functools.partial(payloads.plan, source.store, plan_id, scope=scope)
    return _payload(source, request, scope, ("plan", plan_id), make)


def plan_workbook(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with the route sheets of a plan as a workbook."""
    from workflows import exports, rule_check, settings

    found = payloads.load_plan(source.store, request.path_params["plan_id"], scope=scope)
    report = rule_check.check_saved_plan(
        source.store, found, scope=scope, params=settings.read_settings().planning
    )
    content = exports.workbook(found, language=_language(request), report=report)
    return _file(content, media_type=XLSX, name=f"medpatrol-{found.week_start}.xlsx")


def plan_gpx(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with the routes of a plan, or of one ``team``, as GPX tracks."""
    from workflows import exports

    found = payloads.load_plan(source.store, request.path_params["plan_id"], scope=scope)
    team = request.query_params.get("team")
    if team is not None and team not in {known.team_id for known in found.teams}:
        return not_found()
    content = exports.gpx(found, language=_language(request), team_id=team)
    return _file(
        content, media_type="application/gpx+xml", name=f"medpatrol-{found.week_start}.gpx"
    )


def hotspots_document(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with the full-screen map of a score run; with ``download=1`` as one file."""
    from web import documents

    run_id = request.path_params["run_id"]
    sees_all = request.state.access.sees_all_districts
    drawn = payloads.cells(source.store, run_id, scope=scope, sees_all=sees_all)
    as_of, _ = _period(request, default_days=1)
    around = payloads.areas(source.store, scope=scope, as_of=as_of)
    document = documents.hotspots(drawn, around, language=_language(request))
    return _document(request, document, name=f"medpatrol-{drawn['as_of']}.html")


def plan_document(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with the full-screen map of a plan; with ``download=1`` as one file."""
    from web import documents

    found = payloads.load_plan(source.store, request.path_params["plan_id"], scope=scope)
    around = payloads.areas(source.store, scope=scope, as_of=found.as_of)
    document = documents.weekly_plan(found, around, language=_language(request))
    return _document(request, document, name=f"medpatrol-{found.week_start}.html")


def _document(request: Request, document: str, *, name: str) -> Response:
    from web import documents

    if request.query_params.get("download") == "1":
        content = documents.as_one_file(document).encode("utf-8")
        return _file(content, media_type="text/html; charset=utf-8", name=name)
    headers = {"Content-Security-Policy": documents.content_policy(document)}
    return Response(document, media_type="text/html; charset=utf-8", headers=headers)


def refused_rows(source: Source, request: Request, scope: Scope) -> Response:
    """Answer with the refused rows of an import as CSV that a spreadsheet opens as text."""
    from data.store import imports

    import_id = int(request.path_params["import_id"])
    language = _language(request)
    say = wording.translator(language)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow([say("行"), say("列"), say("值"), say("原因")])
    for row, column, value, reason in imports.load_refusals(source.store, import_id, scope=scope):
        texts = (column or "", value or "", wording.say(reason, language))
        writer.writerow([row, *map(_as_text, texts)])
    content = table.getvalue().encode("utf-8-sig")
    return _file(content, media_type="text/csv; charset=utf-8", name=f"refused-{import_id}.csv")


def _as_text(value: str) -> str:
    # A spreadsheet takes such a beginning for a formula; the apostrophe makes it text.
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _payload(
    source: Source,
    request: Request,
    scope: Scope,
    question: tuple[object, ...],
    make: Callable[[], map_layers.Payload],
) -> Response:
    packed = source.shelf.get(payloads.key_of(source.store, scope, *question), make)
    headers = {"ETag": packed.etag, "Vary": "Accept-Encoding, Cookie"}
    if _knows(request, packed.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(packed.packed, media_type="application/json", headers=headers)
    return Response(packed.plain, media_type="application/json", headers=headers)


def _knows(request: Request, etag: str) -> bool:
    given = request.headers.get("If-None-Match", "")
    return etag in {part.strip().removeprefix("W/") for part in given.split(",")}


def _file(content: bytes, *, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def _language(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    return asked if asked in wording.LANGUAGES else "zh"


def _period(request: Request, *, default_days: int) -> tuple[datetime, int]:
    """Return ``as_of`` (default: tomorrow's midnight, so that today counts) and ``days``."""
    days = int(request.query_params.get("days", default_days))
    if not 0 < days <= LONGEST_DAYS:
        raise ValueError(f"days must be 1 to {LONGEST_DAYS}, got {days}")
    asked = request.query_params.get("as_of")
    if asked is not None:
        moment = datetime.fromisoformat(asked)
        return (moment if moment.tzinfo else moment.replace(tzinfo=TIME_ZONE)), days
    now = datetime.now(TIME_ZONE)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1), days
