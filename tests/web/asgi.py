"""Ask an ASGI app without a server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

HOST = "localhost:8501"


def request(app, path, *, method="GET", headers=(), host=HOST, state=None, body=b""):
    """Return status, headers (last one wins) and body of one http request."""
    parts = urlsplit(path)
    raw = [*([(b"host", host.encode())] if host else []), *_raw(headers)]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": method, "path": parts.path, "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(), "headers": raw, "root_path": "",
        "server": ("127.0.0.1", 8501), "client": ("127.0.0.1", 5), "state": dict(state or {}),
    }  # fmt: skip
    sent = _run(app, scope, {"type": "http.request", "body": body, "more_body": False})
    start = next(message for message in sent if message["type"] == "http.response.start")
    answered = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    names = {key.decode().lower(): value.decode() for key, value in start["headers"]}
    return start["status"], names, answered


def handshake(app, *, path="/_stcore/stream", headers=(), host=HOST):
    """Return the first thing the app answers to a websocket handshake."""
    scope = {
        "type": "websocket", "path": path, "scheme": "ws", "query_string": b"", "state": {},
        "headers": [*([(b"host", host.encode())] if host else []), *_raw(headers)],
    }  # fmt: skip
    return _run(app, scope, {"type": "websocket.connect"})[0]["type"]


def wait_for(coroutine):
    """Run a coroutine to its end, in a thread: the browser tests keep a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def _raw(headers):
    # servers hand header names on in lower case
    return [(key.lower().encode(), value.encode("latin-1")) for key, value in headers]


def _run(app, scope, message):
    sent = []

    async def receive():
        return message

    async def send(answer):
        sent.append(answer)

    async def run():
        await app(scope, receive, send)

    wait_for(run())
    return sent
