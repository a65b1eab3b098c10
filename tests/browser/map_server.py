"""Serve a test page with made-up layers behind the real gate: ``map_server.py PORT PAGE``."""

import sys
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

import payload_texts  # noqa: E402
import synthetic  # noqa: E402

from data.scope import EVERYTHING  # noqa: E402
from web import payloads, server  # noqa: E402
from workflows import map_layers, rights  # noqa: E402
from workflows.access import Visitor  # noqa: E402

MADE = {
    "areas": synthetic.areas,
    "cases": synthetic.cases,
    "complaints": synthetic.leads,
    "facilities": lambda: synthetic.facilities(payload_texts.HOSTILE),
    "plan": lambda: map_layers.plan_layer(synthetic.plan(names=payload_texts.HOSTILE)),
    "hostile": lambda: synthetic.cells(900, names=payload_texts.HOSTILE),
}
SHELF = payloads.Shelf()
ANYBODY = Visitor(
    account="tester",
    display_name="Tester",
    session_id="test",
    roles=frozenset(),
    rights=rights.ALL,
    scope=EVERYTHING,
    must_change=False,
)


class OpenDoor:
    """Lets in whoever has a cookie: these pages hold made-up things only, and there is no store."""

    async def by_token(self, _token: str) -> Visitor:
        """Let in."""
        return ANYBODY

    async def by_session(self, _session_id: str) -> Visitor:
        """Let stay."""
        return ANYBODY


def answer(request: Request) -> Response:
    """Answer with a made-up layer; anything else is not there."""
    name = request.path_params["name"]
    if name.startswith("cells-"):
        asked = name.removeprefix("cells-")
        make = MADE["hostile"] if asked == "hostile" else lambda: synthetic.cells(int(asked))
    elif name in MADE:
        make = MADE[name]
    else:
        return JSONResponse({"error": "not found"}, status_code=404)
    packed = SHELF.get(name, make)
    headers = {"ETag": packed.etag, "Content-Encoding": "gzip"}
    return Response(packed.packed, media_type="application/json", headers=headers)


def main() -> None:
    """Run until told to stop."""
    with server.listen("127.0.0.1", int(sys.argv[1])) as listener:
        port = listener.getsockname()[1]
        server.configure(port)
        app = server.make_app(
            "sqlite://",
            port=port,
            with_worker=False,
            script=HERE / sys.argv[2],
            doorman=OpenDoor(),
            more_routes=[Route("/made-up/{name}.json", answer)],
        )
        server.run(
            app,
            listener,
            announce=lambda line: sys.stdout.write(line + "\n") and sys.stdout.flush(),
        )


main()
