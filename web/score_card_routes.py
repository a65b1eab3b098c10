"""The addresses of a replay's figures as a table, and of the report layers of the map."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from data.scope import Scope

if TYPE_CHECKING:
    from data.store.engine import Store
    from web.routes import Answer, Source
    from workflows.map_layers import Payload


def routes(
    route: "Callable[[str, Answer], Route]", packed: "Callable[..., Response]"
) -> list[Route]:
    """
    Return the routes, made by the function that guards each with the visitor's scope.

    Parameters
    ----------
    packed
        Answers with a payload that is kept per store version and scope.
    """

    def layer(name: str, make: "Callable[[Store, str, Scope], Payload]") -> "Answer":
        def answer(source: "Source", request: Request, scope: Scope) -> Response:
            run_id = request.path_params["run_id"]
            return packed(
                source, request, scope, (name, run_id), lambda: make(source.store, run_id, scope)
            )

        return answer

    return [
        route("/download/score-card/{run_id}.csv", figures),
        route("/data/report-density/{run_id}.json", layer("density", _density)),
        route("/data/report-hot-spots/{run_id}.json", layer("hot", _hot)),
        route("/data/change/{run_id}.json", layer("change", _change)),
    ]


def _density(store: "Store", run_id: str, scope: Scope) -> "Payload":
    from workflows import report_layers, settings

    return report_layers.density(store, run_id, settings.read_settings().scoring, scope=scope)


def _hot(store: "Store", run_id: str, scope: Scope) -> "Payload":
    from workflows import report_layers, settings

    return report_layers.hot(store, run_id, settings.read_settings().scoring, scope=scope)


def _change(store: "Store", run_id: str, scope: Scope) -> "Payload":
    from workflows import report_layers

    return report_layers.change(store, run_id, scope=scope)


def figures(source: "Source", request: Request, scope: Scope) -> Response:
    """Answer with every figure of a replay over the districts that the reader looks at."""
    from workflows import backtest

    run_id = request.path_params["run_id"]
    rows = backtest.values(source.store, run_id, scope=scope)
    headers = {"Content-Disposition": 'attachment; filename="medpatrol-score-card.csv"'}
    content = rows.to_csv(index=False).encode("utf-8-sig")
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
