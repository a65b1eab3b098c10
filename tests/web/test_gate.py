"""The gate: who is let through, as whom, and with which headers."""

import asyncio
import dataclasses

import pytest

from data.scope import EVERYTHING
from tests.web.asgi import HOST, wait_for
from tests.web.asgi import handshake as bare_handshake
from tests.web.asgi import request as bare_request
from web import gate as gate_module
from web.gate import IDENTITY_HEADER, SESSION_HEADER, Gate, content_policy
from workflows import rights
from workflows.access import Visitor

OURS = ("Origin", f"http://{HOST}")
TOKEN = ("Cookie", "medpatrol=token-of-li")
PERSON = ("Accept", "text/html,application/xhtml+xml")
LI = Visitor(
    account="li",
    display_name="Li",
    session_id="s1",
    roles=frozenset({"planner"}),
    rights=rights.of_roles(frozenset({"planner"})),
    scope=dataclasses.replace(EVERYTHING, user="li"),
    must_change=False,
)


class Doorman:
    """Knows one person, until he is signed out."""

    def __init__(self, visitor=LI):
        self.visitor = visitor
        self.n_asked = 0
        self.twice = asyncio.Event()

    async def by_token(self, token):
        """Return who holds the token."""
        return self.visitor if token == "token-of-li" else None  # noqa: S105 - made up

    async def by_session(self, session_id):
        """Return whose session it is."""
        self.n_asked += 1
        if self.n_asked == 2:
            self.twice.set()
        return self.visitor if session_id == "s1" else None


def request(gate, path, *, headers=(), **more):
    """Ask as the person who is signed in."""
    return bare_request(gate, path, headers=[TOKEN, *headers], **more)


def handshake(gate, *, headers=(), **more):
    """Open a websocket as the person who is signed in."""
    return bare_handshake(gate, headers=[TOKEN, *headers], **more)


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
    return Gate(inner, hosts=[HOST, "127.0.0.1:8501", "[::1]:8501"], doorman=Doorman())


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


@pytest.mark.parametrize(
    "name",
    [
        IDENTITY_HEADER,
        "x-medpatrol-user",
        "X_MedPatrol_User",
        SESSION_HEADER,
        "x_medpatrol-session",
    ],
)
def test_the_identity_is_set_by_the_gate_alone(gate, inner, name):
    """A client must not be able to say who it is."""
    request(gate, "/", headers=[(name, "somebody-else")])
    [scope] = inner.scopes
    found = [value for key, value in scope["headers"] if b"medpatrol" in key.lower()]
    assert found == [b"li", b"s1"]
    assert scope["state"]["access"] == LI.scope


def test_a_websocket_carries_the_identity_too(gate, inner):
    """Streamlit binds a session to the name it gets here."""
    handshake(gate, headers=[OURS, (IDENTITY_HEADER, "somebody-else")])
    assert (IDENTITY_HEADER.lower().encode(), b"li") in inner.scopes[0]["headers"]
    assert (SESSION_HEADER.lower().encode(), b"s1") in inner.scopes[0]["headers"]
    assert b"somebody-else" not in [value for _, value in inner.scopes[0]["headers"]]


def test_every_answer_carries_the_security_headers(gate):
    """Streamlit sends none of them."""
    for path in ("/", "/data/areas.json", "/_stcore/metrics"):
        _, headers, _ = request(gate, path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


def test_data_is_not_stored_by_the_browser(gate):
    """A lost laptop or a shared PC must not hold what was looked at."""
    for path in ("/data/areas.json", "/download/plan/x.gpx", "/document/plan/x.html", "/sign-in"):
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


@pytest.mark.parametrize("cookie", [None, "medpatrol=", "medpatrol=x", "other=token-of-li",
    "medpatrol=token-of-li; medpatrol=x"])  # fmt: skip
def test_who_is_not_signed_in_reaches_nothing(gate, inner, cookie):
    """A person is sent to the sign-in page, a script is told so, a websocket is not opened."""
    headers = [] if cookie is None else [("Cookie", cookie)]
    for path in ("/", "/hotspots", "/data/areas.json", "/_stcore/host-config", "/session"):
        assert bare_request(gate, path, headers=headers)[0] == 401
    status, told, _ = bare_request(gate, "/hotspots?lang=en", headers=[PERSON, *headers])
    assert (status, told["location"]) == (303, "/sign-in?next=/hotspots%3Flang%3Den")
    assert bare_handshake(gate, headers=[OURS, *headers]) == "websocket.close"
    assert inner.scopes == []


@pytest.mark.parametrize("path", ["/sign-in", "/health", "/assets/1/map.js"])
def test_the_way_in_is_open_to_all_and_nobody_is_anybody_there(gate, inner, path):
    """Also there a client can't say who it is."""
    assert bare_request(gate, path, headers=[(IDENTITY_HEADER, "li")])[0] == 200
    [scope] = inner.scopes
    assert not [key for key, _ in scope["headers"] if b"medpatrol" in key]
    assert "access" not in scope["state"]


def test_forms_are_posted_from_our_own_pages_only(gate):
    """A page of another site must not sign anybody in, out or over."""
    for path in ("/sign-in", "/sign-out", "/password"):
        assert request(gate, path, method="POST", headers=[OURS])[0] == 200
        assert request(gate, path, method="POST")[0] == 403
        foreign = [("Origin", "http://example.invalid")]
        assert request(gate, path, method="POST", headers=foreign)[0] == 403
        assert request(gate, path, method="PUT", headers=[OURS])[0] == 405


def test_a_password_for_one_use_opens_only_the_page_to_change_it(inner):
    """Who handed it out knows it, so it must not be worked with."""
    changing = dataclasses.replace(LI, must_change=True)
    gate = Gate(inner, hosts=[HOST], doorman=Doorman(changing))
    assert request(gate, "/data/areas.json")[0] == 403
    status, told, _ = request(gate, "/", headers=[PERSON])
    assert (status, told["location"]) == (303, "/password")
    assert handshake(gate, headers=[OURS]) == "websocket.close"
    assert inner.scopes == []
    assert request(gate, "/password")[0] == 200


def test_a_role_without_the_right_gets_the_answer_of_what_is_not_there(inner):
    """An administrator sees no cases, and does not learn which exist."""
    admin = dataclasses.replace(LI, rights=frozenset({"accounts.write"}))
    gate = Gate(inner, hosts=[HOST], doorman=Doorman(admin))
    status, headers, body = request(gate, "/data/areas.json")
    assert (status, headers["content-type"], body) == (
        404,
        "application/json",
        gate_module.NOT_FOUND,
    )
    assert inner.scopes == []


def test_the_name_of_the_first_page_leads_to_it(gate, inner):
    """Streamlit knows the first page without a name only; a reader types the name he sees."""
    status, told, _ = request(gate, "/overview", headers=[PERSON])
    assert (status, told["location"]) == (303, "/")
    assert inner.scopes == []


def test_whose_first_page_is_another_is_not_sent_there(inner):
    """The page itself then says in words that it is not his."""
    admin = dataclasses.replace(LI, rights=frozenset({"accounts.write"}))
    gate = Gate(inner, hosts=[HOST], doorman=Doorman(admin))
    assert request(gate, "/overview", headers=[PERSON])[0] == 200


def test_behind_https_only_https_is_our_origin(inner):
    """A proxy that ends TLS passes plain requests on; the browser's page is https all the same."""
    gate = Gate(inner, hosts=["patrol.example"], doorman=Doorman(), https=True)
    ours = [("Origin", "https://patrol.example")]
    assert handshake(gate, headers=ours, host="patrol.example") == "websocket.accept"
    plain = [("Origin", "http://patrol.example")]
    assert handshake(gate, headers=plain, host="patrol.example") == "websocket.close"
    headers = request(gate, "/", host="patrol.example")[1]
    assert "wss://patrol.example" in headers["content-security-policy"]
    assert "max-age" in headers["strict-transport-security"]


def test_an_open_websocket_is_closed_soon_after_its_session_ends(monkeypatch):
    """Signed out, disabled, given another role: an open page must not go on."""
    monkeypatch.setattr(gate_module, "CHECK_S", 0.02)
    doorman, sent, heard = Doorman(), [], []

    async def app(_scope, receive, send):
        await send({"type": "websocket.accept"})
        while True:
            heard.append(await receive())
            if heard[-1]["type"] == "websocket.disconnect":
                await send({"type": "websocket.send", "text": "too late"})
                return

    async def silent():
        await asyncio.Event().wait()

    async def run():
        scope = {
            "type": "websocket", "path": "/_stcore/stream", "scheme": "ws", "query_string": b"",
            "headers": [(b"host", HOST.encode()), (b"origin", f"http://{HOST}".encode()),
                        (b"cookie", b"medpatrol=token-of-li")],
        }  # fmt: skip

        async def send(message):
            sent.append(message["type"])

        gate = Gate(app, hosts=[HOST], doorman=doorman)
        open_socket = asyncio.ensure_future(gate(scope, silent, send))
        await asyncio.wait_for(doorman.twice.wait(), 5)
        assert heard == []
        doorman.visitor = None
        await asyncio.wait_for(open_socket, 5)

    wait_for(run())
    assert sent == ["websocket.accept", "websocket.close"]
    assert [message["type"] for message in heard] == ["websocket.disconnect"]
