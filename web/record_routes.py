"""Addresses of cases and facilities: the list of cases as a workbook, the map of one place."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from data.schema import CASE_STAGES, TIME_ZONE, TOPICS
from data.scope import Scope
from errors import ForbiddenError, NotFoundError
from workflows import map_layers, wording

if TYPE_CHECKING:
    from web.routes import Answer, Source

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_WORDS = 60


def routes(route: "Callable[[str, Answer], Route]") -> list[Route]:
    """Return the routes, made by the function that guards each with the visitor's scope."""
    return [
        route("/data/near/{run_id}/{facility_id}/facilities.json", near_facilities),
        route("/data/near/{run_id}/{facility_id}/cells.json", near_cells),
        route("/download/cases.xlsx", cases_workbook),
    ]


def near_facilities(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with the scored facilities around one."""
    return _near(source, request, scope, what="facilities")


def near_cells(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with the scored cells around a facility."""
    return _near(source, request, scope, what="cells")


def cases_workbook(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with the cases of the page's filters as a workbook."""
    from workflows import case_reading, record_exports, score_runs, settings
    from workflows.weeks import local_day

    asked = request.query_params
    language = asked.get("lang", "")
    params = settings.read_settings().records
    now = datetime.now(TIME_ZONE)
    today = local_day(score_runs.default_as_of(source.store, now=now))
    wanted = case_reading.CaseFilter(
        words=asked.get("q", "")[:MOST_WORDS],
        stages=tuple(code for code in asked.get("stage", "").split() if code in CASE_STAGES),
        topic=asked.get("topic") if asked.get("topic") in TOPICS else None,
    )
    if asked.get("late") == "1":
        wanted = case_reading.with_limit(wanted, params, today)
    try:
        content = record_exports.cases_workbook(
            source.store,
            wanted,
            scope=scope,
            actor=scope.user,
            as_of=case_reading.current(now),
            today=today,
            params=params,
            language=language if language in wording.LANGUAGES else "zh",
        )
    except ForbiddenError as error:
        return JSONResponse({"error": wording.say(error, "zh")}, status_code=403)
    name = f'attachment; filename="medpatrol-cases-{today}.xlsx"'
    return Response(content, media_type=XLSX, headers={"Content-Disposition": name})


def _near(source: "Source", request: Request, scope: Scope, *, what: str) -> Response:
    from data.store import scores
    from web import payloads
    from workflows import facility_file

    run_id, facility_id = request.path_params["run_id"], request.path_params["facility_id"]
    run = scores.get_run(source.store, run_id)
    if run is None:
        raise NotFoundError("没有这项内容，或不在您的辖区")

    def make() -> map_layers.Payload:
        facilities, cells = facility_file.near(
            source.store, facility_id, run_id=run_id, scope=scope
        )
        if what == "cells":
            return map_layers.cells_layer(cells, as_of=run.as_of)
        return map_layers.facilities_layer(facilities, as_of=run.as_of)

    key = payloads.key_of(source.store, scope, "near", what, run_id, facility_id)
    packed = source.shelf.get(key, make)
    headers = {"ETag": packed.etag, "Vary": "Accept-Encoding, Cookie"}
    return Response(packed.plain, media_type="application/json", headers=headers)
