"""Addresses of area classes and of the reach of bases: map layers, and the list as a table."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from data.scope import Scope
from workflows.map_layers import Payload

if TYPE_CHECKING:
    from web.routes import Answer, Source

Packed = Callable[["Source", Request, Scope, tuple[object, ...], Callable[[], Payload]], Response]


def routes(route: "Callable[[str, Answer], Route]", packed: Packed) -> list[Route]:
    """Return the routes, made by the function that guards each with the visitor's scope."""

    def classes(source: "Source", request: Request, scope: Scope) -> Response:
        """Answer with townships and villages, each with its class and where it comes from."""
        from workflows import access, area_layers

        level = request.query_params.get("level", "village")
        make = functools.partial(
            area_layers.classes_layer, source.store, scope=scope, as_of=access.now(), level=level
        )
        return packed(source, request, scope, ("area-classes", level), make)

    def reach(source: "Source", request: Request, scope: Scope) -> Response:
        """Answer with the ground within some minutes of a base."""
        from workflows import access, settings
        from workflows import reach as found

        make = functools.partial(
            found.reach_layer, source.store, scope=scope, as_of=access.now(),
            params=settings.read_settings().seat_params(),
        )  # fmt: skip
        return packed(source, request, scope, ("reach",), make)

    return [
        route("/data/area-classes.json", classes),
        route("/data/reach.json", reach),
        route("/download/area-classes.csv", classes_table),
    ]


def classes_table(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with the list of areas, their classes and sources as CSV."""
    from workflows import access, area_layers

    language = request.query_params.get("lang", "zh")
    content = area_layers.classes_csv(
        source.store, language=language, actor=scope.user, scope=scope, now=access.now()
    )
    headers = {"Content-Disposition": 'attachment; filename="medpatrol-area-classes.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
