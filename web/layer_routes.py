"""The address of all layers as one GeoPackage for QGIS, made anew for each reader."""

import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from data.scope import Scope
from errors import ForbiddenError
from workflows import wording

if TYPE_CHECKING:
    from web.routes import Answer, Source

GEOPACKAGE = "application/geopackage+sqlite3"


def routes(route: "Callable[[str, Answer], Route]") -> list[Route]:
    """Return the route, made by the function that guards each with the visitor's scope."""
    return [route("/download/layers.gpkg", layers_file)]


def layers_file(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with the layers as known before ``as_of`` (a date; default: what is worth seeing)."""
    from workflows import geopackage
    from workflows.score_runs import default_as_of
    from workflows.weeks import local_day, midnight

    now = datetime.now(UTC)
    asked = request.query_params.get("as_of")
    as_of = midnight(date.fromisoformat(asked)) if asked else default_as_of(source.store, now=now)
    with tempfile.TemporaryDirectory(prefix="medpatrol-layers-") as folder:
        path = Path(folder) / "layers.gpkg"
        try:
            geopackage.export_layers(
                source.store, path, scope=scope, as_of=as_of, actor=scope.user, now=now
            )
        except ForbiddenError as error:
            return JSONResponse({"error": wording.say(error, "zh")}, status_code=403)
        content = path.read_bytes()
    name = f"medpatrol-{local_day(as_of):%Y-%m-%d}.gpkg"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=GEOPACKAGE, headers=headers)
