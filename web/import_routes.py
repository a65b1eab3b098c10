"""Addresses of the import page: the blurred points of a look, a profile as TOML, warnings."""

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from data.scope import Scope
from errors import ForbiddenError, NotFoundError
from workflows import access, import_profiles, import_requests, wording

if TYPE_CHECKING:
    from web.routes import Answer, Source


def routes(route: "Callable[[str, Answer], Route]") -> list[Route]:
    """Return the routes, made by the function that guards each with the visitor's scope."""
    return [
        route("/data/import-check/{job_id}.json", points),
        route("/download/import-profile/{profile_id}.toml", profile),
        route("/download/import/{import_id}/warnings.csv", warnings),
    ]


def points(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with the blurred points of files that were looked at."""
    _check_right(source, scope)
    layer = import_requests.points(source.store, request.path_params["job_id"], scope=scope)
    content = json.dumps(layer, separators=(",", ":")).encode()
    return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})


def profile(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with a saved profile as a file for ``medpatrol load --mapping``."""
    _check_right(source, scope)
    profile_id = int(request.path_params["profile_id"])
    text = import_profiles.as_toml(source.store, profile_id)
    name = f"medpatrol-profile-{profile_id}.toml"
    return Response(
        text.encode("utf-8"),
        media_type="application/toml",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def warnings(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with the warnings of an import as CSV that a spreadsheet opens as text."""
    from data.store import imports

    import_id = int(request.path_params["import_id"])
    asked = request.query_params.get("lang", "")
    language = asked if asked in wording.LANGUAGES else "zh"
    say = wording.translator(language)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow([say("行"), say("列"), say("值"), say("原因")])
    found = imports.load_refusals(source.store, import_id, scope=scope, level=imports.WARNING)
    for row, column, value, reason in found:
        texts = (column or "", value or "", wording.say(reason, language))
        writer.writerow([row, *(f"'{t}" if t.startswith(tuple("=+-@\t\r")) else t for t in texts)])
    name = f"warnings-{import_id}.csv"
    return Response(
        table.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _check_right(source: "Source", scope: Scope) -> None:
    try:
        access.require(source.store, scope.user, "imports.write")
    except ForbiddenError:
        raise NotFoundError("没有这项内容，或不在您的辖区") from None
