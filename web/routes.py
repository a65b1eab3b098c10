"""The product's own addresses: map data, documents, downloads, browser assets."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route


def routes(store_url: str | None = None) -> list[BaseRoute]:
    """Return every own route, most specific first."""
    return [Route("/health", health)]


async def health(request: Request) -> Response:
    """Say that the server answers."""
    return JSONResponse({"status": "ok"})
