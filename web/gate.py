"""
The gate that every request passes before anything else looks at it.

Pure ASGI, for http and websocket alike. It knows the host names this server
answers to, refuses what comes from elsewhere, opens only the addresses the
product uses, puts the verified identity on the request and security headers on
the answer. Accounts, once they exist, change ``Gate._identify`` and nothing
else.

Streamlit by itself accepts a websocket without Origin or with any ``localhost``
origin, looks up its own outside address for each foreign one (which freezes
every user where packets are dropped), and shows its metrics to anybody.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.scope import EVERYTHING
from data.scope import Scope as AccessScope

IDENTITY_HEADER = "X-MedPatrol-User"
"""Set by the gate alone; Streamlit binds a session to the user named in it."""

_FRAMEWORK_ROUTES = frozenset({"/_stcore/health", "/_stcore/host-config"})
_STREAM = "/_stcore/stream"
_UPLOAD = "/_stcore/upload_file/"
_CLOSED = ("/_stcore", "/media", "/component", "/app/static", "/auth", "/oauth2callback")
_DATA = ("/data/", "/download/", "/document/")
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
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on with identity and headers."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = _Headers(scope["headers"])
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(scope, receive, send, status=refusal)
            return
        host = headers.one("host") or ""
        respond = functools.partial(_send_with_headers, send, path=scope["path"], host=host)
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await _answer(respond, status=204, extra=[(b"allow", _allowed(scope["path"]))])
            return
        await self.app(self._identify(scope), receive, respond)

    def _refusal(self, scope: Scope, headers: "_Headers") -> int | None:
        host = headers.one("host")
        if host is None or host.lower() not in self.hosts:
            return 421
        origin_is_ours = _is_own_origin(headers, host=host)
        if scope["type"] == "websocket":
            return None if scope["path"] == _STREAM and origin_is_ours else 403
        method, path = scope["method"], scope["path"]
        if not _is_open(path):
            return 404
        if headers.count("origin") and not origin_is_ours:
            return 403
        if method in _WRITES:
            return _refuse_write(path, origin_is_ours=origin_is_ours)
        return None if method in _READS or method == "OPTIONS" else 405

    @staticmethod
    def _identify(scope: Scope) -> Scope:
        """Return ``scope`` with the verified user, whatever the client claimed."""
        access = _local_principal()
        name = IDENTITY_HEADER.lower().encode()
        kept = [(key, value) for key, value in scope["headers"] if not _means(key, name)]
        kept.append((name, access.user.encode("ascii")))
        state = {**scope.get("state", {}), "access": access}
        return {**scope, "headers": kept, "state": state}


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


def _local_principal() -> AccessScope:
    # Until accounts exist the server listens on loopback only, and whoever sits
    # at this machine may see everything in its store.
    return EVERYTHING


def _means(key: bytes, name: bytes) -> bool:
    # Some servers in between turn underscores into hyphens.
    return key.lower().replace(b"_", b"-") == name


def _is_own_origin(headers: _Headers, *, host: str) -> bool:
    origin = headers.one("origin")
    return origin is not None and origin.lower() == f"http://{host.lower()}"


def _is_open(path: str) -> bool:
    if path in _FRAMEWORK_ROUTES or path.startswith(_UPLOAD):
        return True
    return not any(path == part or path.startswith(f"{part}/") for part in _CLOSED)


def _refuse_write(path: str, *, origin_is_ours: bool) -> int | None:
    if not path.startswith(_UPLOAD):
        return 405
    return None if origin_is_ours else 403


def _allowed(path: str) -> bytes:
    return b"OPTIONS, PUT, DELETE" if path.startswith(_UPLOAD) else b"GET, HEAD, OPTIONS"


async def _refuse(scope: Scope, receive: Receive, send: Send, *, status: int) -> None:
    if scope["type"] == "http":
        respond = functools.partial(_send_with_headers, send, path=scope["path"], host="")
        await _answer(respond, status=status)
        return
    await receive()
    # Closing before accepting makes the server answer the handshake with 403.
    await send({"type": "websocket.close", "code": 1008})


async def _answer(send: Send, *, status: int, extra: Iterable[tuple[bytes, bytes]] = ()) -> None:
    headers = [(b"content-length", b"0"), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _send_with_headers(send: Send, message: Message, *, path: str, host: str) -> None:
    if message["type"] == "http.response.start":
        ours = _security_headers(path, host=host)
        theirs = message.get("headers", [])
        given = {key.lower() for key, _ in theirs}
        added = [(key, value) for key, value in ours if key not in given]
        kept = [item for item in theirs if not item[0].lower().startswith(b"access-control-")]
        message = {**message, "headers": [*kept, *added]}
    await send(message)


def _security_headers(path: str, *, host: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-security-policy", content_policy(host).encode("ascii")),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"SAMEORIGIN"),
    ]
    if path.startswith(_DATA):
        headers.append((b"cache-control", b"no-store"))
    return headers


def content_policy(host: str) -> str:
    """
    Return the content security policy of the pages.

    Scripts come from this server or from the blob that a component of our own
    is; pictures, too, so that an address in a report text can't call out.

    Parameters
    ----------
    host
        ``name:port`` of the request, already checked; named for the websocket,
        because older browsers don't count it under ``'self'``.
    """
    socket = f" ws://{host}" if host else ""
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
