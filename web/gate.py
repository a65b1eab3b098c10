"""
The gate that every request passes before anything else looks at it.

Pure ASGI, for http and websocket alike. It knows the host names this server
answers to, refuses what comes from elsewhere, opens only the addresses the
product uses and only to who is signed in, puts the verified identity on the
request and security headers on the answer. An open websocket is asked for its
session again every few seconds: who is signed out, disabled or given another
role loses it.

Streamlit by itself accepts a websocket without Origin or with any ``localhost``
origin, looks up its own outside address for each foreign one (which freezes
every user where packets are dropped), and shows its metrics to anybody.
"""

import asyncio
import base64
import contextlib
import functools
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.doorman import Doorman
from workflows import entries
from workflows.access import Visitor

IDENTITY_HEADER = "X-MedPatrol-User"
SESSION_HEADER = "X-MedPatrol-Session"
"""Set by the gate alone; Streamlit binds its own session to the user and session in them."""
TRUSTED_HEADERS = {IDENTITY_HEADER: "user", SESSION_HEADER: "session"}

COOKIE = "medpatrol"
CHECK_S = 3.0
"""How often an open websocket's session is looked up again, seconds."""

SIGN_IN, PASSWORD = "/sign-in", "/password"
HOME = "/overview"
NOT_FOUND = b'{"error":"not found"}'
"""The one answer for what is not there, not the reader's, or not for his role."""

_FRAMEWORK_ROUTES = frozenset({"/_stcore/health", "/_stcore/host-config"})
_STREAM = "/_stcore/stream"
_UPLOAD = "/_stcore/upload_file/"
_CLOSED = ("/_stcore", "/media", "/component", "/app/static", "/auth", "/oauth2callback")
_DATA = ("/data/", "/download/", "/document/")
_FORMS = frozenset({SIGN_IN, PASSWORD, "/sign-out"})
_HOST = r"[A-Za-z0-9.:\[\]-]+"
_READS = frozenset({"GET", "HEAD"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Gate:
    """
    ASGI middleware in front of pages, data routes and the websocket.

    Parameters
    ----------
    app
        What answers when the gate lets a request through.
    hosts
        ``name:port`` pairs this server answers to, lower case.
    doorman
        Knows who is signed in.
    cookie
        Name of the cookie that holds the session's secret.
    https
        Whether people reach this server by https, here or at a proxy in front.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        doorman: Doorman,
        cookie: str = COOKIE,
        https: bool = False,
    ) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.doorman = doorman
        self.cookie = cookie
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on with identity and headers."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = _Headers(scope["headers"])
        respond = functools.partial(
            _send_with_headers,
            send,
            path=scope["path"],
            host=headers.one("host") or "",
            https=self._is_https(scope),
        )
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(scope, receive, respond, status=refusal)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, respond, await self._visitor(headers))
        elif scope["method"] == "OPTIONS":
            await _answer(respond, status=204, extra=[(b"allow", _allowed(scope["path"]))])
        else:
            await self._http(scope, receive, respond, headers)

    async def _http(
        self, scope: Scope, receive: Receive, respond: Send, headers: "_Headers"
    ) -> None:
        path = scope["path"]
        if path == "/health" or path.startswith("/assets/"):
            await self.app(_identified(scope, None), receive, respond)
            return
        visitor = await self._visitor(headers)
        if path == SIGN_IN:
            await self.app(_identified(scope, visitor), receive, respond)
        elif visitor is None:
            await _turn_away(respond, headers, to=f"{SIGN_IN}?next={_asked(scope)}", status=401)
        elif visitor.must_change and path not in entries.OWN:
            await _turn_away(respond, headers, to=PASSWORD, status=403)
        elif path.startswith(_DATA) and not entries.may_ask(path, visitor.rights):
            await _answer(respond, status=404, body=NOT_FOUND)
        elif path == HOME and entries.PAGES["overview"] & visitor.rights:
            # the first page has no name of its own in Streamlit
            query = scope.get("query_string", b"")
            to = b"/?" + query if query else b"/"
            await _answer(respond, status=303, extra=[(b"location", to)])
        else:
            await self.app(_identified(scope, visitor), receive, respond)

    async def _socket(
        self, scope: Scope, receive: Receive, respond: Send, visitor: Visitor | None
    ) -> None:
        if visitor is None or visitor.must_change:
            await _refuse(scope, receive, respond, status=403)
            return
        watched = _WatchedSocket(receive, respond, self.doorman, visitor.session_id)
        try:
            await self.app(_identified(scope, visitor), watched.receive, watched.send)
        finally:
            watched.forget()

    async def _visitor(self, headers: "_Headers") -> Visitor | None:
        token = headers.cookie(self.cookie)
        return None if token is None else await self.doorman.by_token(token)

    def _is_https(self, scope: Scope) -> bool:
        return self.https or scope.get("scheme") in {"https", "wss"}

    def _refusal(self, scope: Scope, headers: "_Headers") -> int | None:
        host = headers.one("host")
        if host is None or host.lower() not in self.hosts:
            return 421
        origin_is_ours = _is_own_origin(headers, host=host, https=self._is_https(scope))
        if scope["type"] == "websocket":
            return None if scope["path"] == _STREAM and origin_is_ours else 403
        method, path = scope["method"], scope["path"]
        if not _is_open(path):
            return 404
        if headers.count("origin") and not origin_is_ours:
            return 403
        if method in _WRITES:
            return _refuse_write(method, path, origin_is_ours=origin_is_ours)
        return None if method in _READS or method == "OPTIONS" else 405


class _WatchedSocket:
    """A websocket that is closed, from our side, soon after its session has ended."""

    def __init__(self, receive: Receive, send: Send, doorman: Doorman, session_id: str) -> None:
        self._receive, self._send = receive, send
        self._doorman, self._session_id = doorman, session_id
        self._pending: asyncio.Task[Message] | None = None
        self._checked_s = asyncio.get_running_loop().time()
        self._is_over = False

    async def receive(self) -> Message:
        """Return the next message; a disconnect once the session is over."""
        while True:
            if self._is_over:
                return {"type": "websocket.disconnect", "code": 1008}
            if self._pending is None:
                self._pending = asyncio.ensure_future(self._receive())
            done, _ = await asyncio.wait({self._pending}, timeout=CHECK_S)
            if await self._has_ended():
                self._is_over = True
                # a client that is gone already can't be told
                with contextlib.suppress(Exception):
                    await self._send({"type": "websocket.close", "code": 1008})
            elif done:
                message, self._pending = self._pending.result(), None
                return message

    async def send(self, message: Message) -> None:
        """Pass a message on, unless the session is over."""
        if not self._is_over:
            await self._send(message)

    def forget(self) -> None:
        """Stop listening."""
        if self._pending is not None:
            self._pending.cancel()

    async def _has_ended(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._checked_s < CHECK_S:
            return False
        self._checked_s = now_s
        return await self._doorman.by_session(self._session_id) is None


class _Headers:
    """Raw headers by lower-case name; a name sent twice has no single value."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, list[str]] = {}
        for key, value in raw:
            self._values.setdefault(key.decode("latin-1").lower(), []).append(
                value.decode("latin-1")
            )

    def count(self, name: str) -> int:
        return len(self._values.get(name, ()))

    def one(self, name: str) -> str | None:
        values = self._values.get(name, [])
        return values[0] if len(values) == 1 else None

    def cookie(self, name: str) -> str | None:
        """Return a cookie's value; a name sent twice has none."""
        pairs = [
            part.strip().partition("=")
            for line in self._values.get("cookie", [])
            for part in line.split(";")
        ]
        found = [value for key, _, value in pairs if key == name]
        return found[0] if len(found) == 1 and found[0] else None


def _identified(scope: Scope, visitor: Visitor | None) -> Scope:
    """Return ``scope`` with the verified user, whatever the client claimed."""
    names = {name.lower().encode() for name in TRUSTED_HEADERS}
    # Some servers in between turn underscores into hyphens.
    kept = [
        (key, value)
        for key, value in scope["headers"]
        if key.lower().replace(b"_", b"-") not in names
    ]
    state = {**scope.get("state", {}), "visitor": visitor}
    if visitor is not None:
        kept.append((IDENTITY_HEADER.lower().encode(), visitor.account.encode("ascii")))
        kept.append((SESSION_HEADER.lower().encode(), visitor.session_id.encode("ascii")))
        state["access"] = visitor.scope
    return {**scope, "headers": kept, "state": state}


def _is_own_origin(headers: _Headers, *, host: str, https: bool) -> bool:
    origin = headers.one("origin")
    scheme = "https" if https else "http"
    return origin is not None and origin.lower() == f"{scheme}://{host.lower()}"


def _asked(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return quote(scope["path"] + (f"?{query}" if query else ""), safe="/")


async def _turn_away(send: Send, headers: _Headers, *, to: str, status: int) -> None:
    """Send a person to another page, and tell a script that it may not."""
    if "text/html" in (headers.one("accept") or ""):
        await _answer(send, status=303, extra=[(b"location", to.encode("ascii"))])
    else:
        await _answer(send, status=status)


def _is_open(path: str) -> bool:
    if path in _FRAMEWORK_ROUTES or path.startswith(_UPLOAD):
        return True
    return not any(path == part or path.startswith(f"{part}/") for part in _CLOSED)


def _refuse_write(method: str, path: str, *, origin_is_ours: bool) -> int | None:
    if not path.startswith(_UPLOAD) and not (method == "POST" and path in _FORMS):
        return 405
    return None if origin_is_ours else 403


def _allowed(path: str) -> bytes:
    if path.startswith(_UPLOAD):
        return b"OPTIONS, PUT, DELETE"
    return b"GET, HEAD, OPTIONS, POST" if path in _FORMS else b"GET, HEAD, OPTIONS"


async def _refuse(scope: Scope, receive: Receive, send: Send, *, status: int) -> None:
    if scope["type"] == "http":
        await _answer(send, status=status)
        return
    await receive()
    # Closing before accepting makes the server answer the handshake with 403.
    await send({"type": "websocket.close", "code": 1008})


async def _answer(
    send: Send, *, status: int, extra: Iterable[tuple[bytes, bytes]] = (), body: bytes = b""
) -> None:
    headers = [(b"content-length", str(len(body)).encode("ascii")), *extra]
    if body:
        headers.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_with_headers(
    send: Send, message: Message, *, path: str, host: str, https: bool
) -> None:
    if message["type"] == "http.response.start":
        ours = _security_headers(path, host=host, https=https)
        theirs = message.get("headers", [])
        given = {key.lower() for key, _ in theirs}
        added = [(key, value) for key, value in ours if key not in given]
        kept = [item for item in theirs if not item[0].lower().startswith(b"access-control-")]
        message = {**message, "headers": [*kept, *added]}
    await send(message)


def _security_headers(path: str, *, host: str, https: bool) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-security-policy", content_policy(host, https=https).encode("latin-1")),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
        # with no-referrer browsers send the origin of our own forms as "null"
        (b"referrer-policy", b"same-origin"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"SAMEORIGIN"),
    ]
    if https:
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    if path.startswith((*_DATA, *_FORMS)):
        headers.append((b"cache-control", b"no-store"))
    return headers


def content_policy(host: str, *, https: bool = False) -> str:
    """
    Return the content security policy of the pages.

    Scripts come from this server or from the blob that a component of our own
    is; pictures, too, so that an address in a report text can't call out.

    Parameters
    ----------
    host
        ``name:port`` of the request, already checked; named for the websocket,
        because older browsers don't count it under ``'self'``.
    https
        Whether the page came by https.
    """
    socket = f" {'wss' if https else 'ws'}://{host}" if re.fullmatch(_HOST, host) else ""
    hashes = "".join(f" '{value}'" for value in _inline_script_hashes())
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob:{hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self'{socket}",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "frame-ancestors 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


@functools.cache
def _inline_script_hashes() -> tuple[str, ...]:
    """Return the hashes of the scripts that Streamlit's own start page carries inline."""
    import streamlit

    page = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts = re.findall(r"<script>(.*?)</script>", page.read_text("utf-8"), re.DOTALL)
    return tuple(
        "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
        for text in scripts
    )
