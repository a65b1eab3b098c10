"""The address of a replay's figures as a table."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from data.scope import Scope

if TYPE_CHECKING:
    from web.routes import Answer, Source


def routes(route: "Callable[[str, Answer], Route]") -> list[Route]:
    """Return the route, made by the function that guards each with the visitor's scope."""
    return [route("/download/score-card/{run_id}.csv", figures)]


def figures(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with every figure of a replay over the districts that the reader looks at."""
    from workflows import backtest

    run_id = request.path_params["run_id"]
    rows = backtest.values(source.store, run_id, scope=scope)
    headers = {"Content-Disposition": 'attachment; filename="medpatrol-score-card.csv"'}
    content = rows.to_csv(index=False).encode("utf-8-sig")
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
