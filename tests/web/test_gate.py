"""The gate: who is let through, as whom, and with which headers."""

import pytest

from data.scope import EVERYTHING
from tests.web.asgi import HOST, handshake, request, wait_for
from web.gate import IDENTITY_HEADER, Gate, content_policy

OURS = ("Origin", f"http://{HOST}")


class Inner:
    """An app that lets everything in and remembers what reached it."""

    def __init__(self):
        self.scopes = []

    async def __call__(self, scope, _receive, send):
        """Let everything in."""
        self.scopes.append(scope)
        if scope["type"] == "lifespan":
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        headers = [(b"access-control-allow-origin", b"*"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"inside"})


@pytest.fixture
def inner():
    """Return the app behind the gate."""
    return Inner()


@pytest.fixture
def gate(inner):
    """Return a gate that answers to two names on port 8501."""
    return Gate(inner, hosts=[HOST, "127.0.0.1:8501", "[::1]:8501"])


@pytest.mark.parametrize("host", [HOST, "LOCALHOST:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_own_host_names_are_answered(gate, host):
    """A person may type any of the names of this machine."""
    assert request(gate, "/", host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    ["example.invalid", "example.invalid:8501", "localhost", "localhost:80", "localhost:8501.evil",
     "localhost:8501@evil", "127.0.0.1.evil:8501", "evil#localhost:8501", "", None],
)  # fmt: skip
def test_foreign_host_names_are_refused(gate, inner, host):
    """A foreign name that resolves to this machine (DNS rebinding) must reach nothing."""
    assert request(gate, "/", host=host)[0] == 421
    assert handshake(gate, host=host, headers=[OURS]) == "websocket.close"
    assert inner.scopes == []


def test_two_host_headers_are_refused(gate):
    """Two names mean that somebody in between reads another one than we do."""
    assert request(gate, "/", headers=[("Host", HOST)])[0] == 421


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Origin", "null")],
        [("Origin", "http://example.invalid")],
        [("Origin", "http://localhost:3000")],
        [("Origin", "http://localhost")],
        [("Origin", "http://127.0.0.1:8501")],
        [("Origin", f"https://{HOST}")],
        [("Origin", f"http://{HOST}.example.invalid")],
        [("Origin", f"http://user@{HOST}")],
        [("Origin", f"http://{HOST}/")],
        [OURS, ("Origin", "http://example.invalid")],
        [("Referer", f"http://{HOST}/")],
    ],
)
def test_a_websocket_needs_our_own_origin(gate, inner, headers):
    """Any page on the machine could else speak to the dashboard in its user's name."""
    assert handshake(gate, headers=headers) == "websocket.close"
    assert inner.scopes == []


def test_our_own_page_gets_its_websocket(gate):
    """Streamlit's page opens its socket with the origin of the page."""
    assert handshake(gate, headers=[OURS]) == "websocket.accept"


def test_no_other_websocket_exists(gate):
    """Only one address speaks websocket."""
    assert handshake(gate, path="/data/x", headers=[OURS]) == "websocket.close"


@pytest.mark.parametrize(
    "path",
    ["/_stcore/metrics", "/_stcore/script-health-check", "/_stcore/agent/openapi.json",
     "/_stcore/agent/sessions", "/_stcore/bidi-components/x/y.js", "/_stcore", "/media/abc.csv",
     "/component/x/index.html", "/app/static/x.html", "/auth/login", "/oauth2callback"],
)  # fmt: skip
def test_streamlit_routes_we_do_not_use_do_not_exist(gate, inner, path):
    """Metrics name functions, media files answer without rights, agents run scripts."""
    assert request(gate, path)[0] == 404
    assert inner.scopes == []


@pytest.mark.parametrize("path", ["/_stcore/health", "/_stcore/host-config", "/hotspots"])
def test_what_the_pages_need_is_open(gate, path):
    """The frontend asks for these before it shows anything."""
    assert request(gate, path)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"])
def test_pages_and_data_are_only_read(gate, inner, method):
    """No address of ours changes anything by itself."""
    assert request(gate, "/data/areas.json", method=method, headers=[OURS])[0] == 405
    assert inner.scopes == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [([OURS], 200), ([], 403), ([("Origin", "http://example.invalid")], 403)],
)
def test_an_upload_needs_our_own_origin(gate, headers, status):
    """Streamlit's own token can be made by anybody; the origin can't."""
    path = "/_stcore/upload_file/session/file"
    assert request(gate, path, method="PUT", headers=headers)[0] == status


def test_reading_with_a_foreign_origin_is_refused(gate):
    """A script of another site has no business with our data, not even without credentials."""
    headers = [("Origin", "http://example.invalid")]
    assert request(gate, "/data/areas.json", headers=headers)[0] == 403


def test_head_passes_and_options_is_answered_by_the_gate(gate, inner):
    """Neither may be a way around the rules."""
    assert request(gate, "/", method="HEAD")[0] == 200
    status, headers, body = request(gate, "/data/areas.json", method="OPTIONS")
    assert (status, headers["allow"], body) == (204, "GET, HEAD, OPTIONS", b"")
    assert len(inner.scopes) == 1


@pytest.mark.parametrize("name", [IDENTITY_HEADER, "x-medpatrol-user", "X_MedPatrol_User"])
def test_the_identity_is_set_by_the_gate_alone(gate, inner, name):
    """A client must not be able to say who it is."""
    request(gate, "/", headers=[(name, "somebody-else")])
    [scope] = inner.scopes
    found = [value for key, value in scope["headers"] if b"user" in key.lower()]
    assert found == [b"local"]
    assert scope["state"]["access"] == EVERYTHING


def test_a_websocket_carries_the_identity_too(gate, inner):
    """Streamlit binds a session to the name it gets here."""
    handshake(gate, headers=[OURS, (IDENTITY_HEADER, "somebody-else")])
    assert (IDENTITY_HEADER.lower().encode(), b"local") in inner.scopes[0]["headers"]
    assert b"somebody-else" not in [value for _, value in inner.scopes[0]["headers"]]


def test_every_answer_carries_the_security_headers(gate):
    """Streamlit sends none of them."""
    for path in ("/", "/data/areas.json", "/_stcore/metrics"):
        _, headers, _ = request(gate, path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


def test_data_is_not_stored_by_the_browser(gate):
    """A lost laptop or a shared PC must not hold what was looked at."""
    for path in ("/data/areas.json", "/download/plan/x.gpx", "/document/plan/x.html"):
        assert request(gate, path)[1]["cache-control"] == "no-store"
    assert "cache-control" not in request(gate, "/assets/1/map.js")[1]


def test_no_script_but_our_own_may_run():
    """Neither inline script (a name in a table) nor eval is ever needed."""
    policy = dict(part.split(" ", 1) for part in content_policy(HOST).split("; "))
    assert "'unsafe-inline'" not in policy["script-src"]
    assert "'unsafe-eval'" not in policy["script-src"]
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["connect-src"] == f"'self' ws://{HOST}"


def test_a_lifespan_message_passes(gate, inner):
    """The server's own start and stop are no requests."""
    wait_for(gate({"type": "lifespan"}, None, None))
    assert inner.scopes[0]["type"] == "lifespan"
