"""Signing in and out as a browser does it, and what is refused."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from data import audit, passwords
from tests import signing_in
from tests.web.asgi import request
from web import sign_in
from web.doorman import StoreDoorman
from web.first_start import Codes
from web.gate import Gate
from workflows import accounts, demo_accounts
from workflows.access_settings import AccessSettings

BASE = "http://localhost:8501"
PASSWORD = "correct horse 8"  # noqa: S105 - made up
HTML = {"Accept": "text/html"}
OURS = {"Origin": BASE, **HTML}
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Answer:
    """One answer, as a browser shows it."""

    status_code: int
    headers: dict
    text: str


class Client:
    """Keeps cookies, as a browser does."""

    def __init__(self, app, desk):
        self.app, self.desk = app, desk
        self.cookies = {}

    def ask(self, path, *, method="GET", headers=None, body=b""):
        """Ask once; nothing is followed."""
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = [*(headers or {}).items(), *([("Cookie", kept)] if kept else [])]
        status, told, text = request(self.app, path, method=method, headers=sent, body=body)
        if "set-cookie" in told:
            name, _, value = told["set-cookie"].split(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(status, told, text.decode())

    def get(self, path, headers=None):
        """Open a page."""
        return self.ask(path, headers=headers)

    def post(self, path, *, data=None, content=None, headers=None):
        """Send a form."""
        body = urlencode(data or {}).encode() if content is None else content
        return self.ask(path, method="POST", headers=headers, body=body)


def browser_for(store, *, codes=(), with_demo=False):
    """Return a client that keeps cookies, in front of the real gate and forms."""
    doorman = StoreDoorman(store.url, AccessSettings())
    desk = sign_in.Desk(
        store=doorman.store, cookie="medpatrol", codes=Codes(codes), with_demo=with_demo
    )

    async def page(request):
        return PlainTextResponse(f"inside as {request.state.visitor.account}")

    app = Starlette(
        routes=[*sign_in.routes(desk), Route("/{rest:path}", page)],
        middleware=[Middleware(Gate, hosts=["localhost:8501"], doorman=doorman)],
    )
    return Client(app, desk)


def token_in(page):
    return re.search(r'name="form" value="([0-9a-f]+)"', page.text).group(1)


def post(client, path="/sign-in", *, headers=OURS, form=None, **fields):
    token = token_in(client.get(path, headers=HTML)) if form is None else form
    return client.post(path, data={"form": token, **fields}, headers=headers)


@pytest.fixture
def store(empty_store):
    """Return a store with one account that has a password."""
    signing_in.add_account(empty_store, "li", roles=["planner"], password=PASSWORD)
    return empty_store


def test_a_person_signs_in_and_gets_where_he_wanted(store):
    """From a deep link through the form to the page, with a cookie no script can read."""
    client = browser_for(store)
    sent = client.get("/hotspots?lang=en", headers=HTML)
    assert sent.headers["location"] == "/sign-in?next=/hotspots%3Flang%3Den"
    done = post(client, account=" LI ", password=PASSWORD, next="/hotspots?lang=en")
    assert (done.status_code, done.headers["location"]) == (303, "/hotspots?lang=en")
    cookie = done.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/hotspots").text == "inside as li"


@pytest.mark.parametrize(
    ("account", "password"), [("li", "wrong"), ("wang", PASSWORD), ("", ""), ("li", PASSWORD + "x")]
)
def test_wrong_name_and_wrong_password_get_the_same_words(store, account, password):
    """An answer must not tell which accounts exist."""
    client = browser_for(store)
    answer = post(client, account=account, password=password)
    assert answer.status_code == 401
    assert "账号或密码不对" in answer.text
    assert "set-cookie" not in answer.headers or "medpatrol=" not in answer.headers["set-cookie"]


def test_a_disabled_account_gets_the_words_of_a_wrong_password(store):
    """And its open session is over."""
    client = browser_for(store)
    post(client, account="li", password=PASSWORD)
    accounts.set_enabled(store, "li", enabled=False, actor="command line", now=NOW)
    assert client.get("/x").status_code == 401
    assert "账号或密码不对" in post(client, account="li", password=PASSWORD).text


def test_the_session_is_a_new_one_at_each_sign_in_and_the_old_one_ends(store):
    """A token slipped into the browser before (fixation) is worth nothing after."""
    client = browser_for(store)
    post(client, account="li", password=PASSWORD)
    old = client.cookies["medpatrol"]
    token = client.desk.token(client.cookies["medpatrol_form"])
    post(client, form=token, account="li", password=PASSWORD)
    assert client.cookies["medpatrol"] != old
    thief = browser_for(store)
    thief.cookies["medpatrol"] = old
    assert thief.get("/x").status_code == 401


def test_signing_out_ends_the_session_not_only_the_cookie(store):
    """A copied cookie dies, too."""
    client = browser_for(store)
    post(client, account="li", password=PASSWORD)
    held = client.cookies["medpatrol"]
    assert client.post("/sign-out", headers=OURS).headers["location"] == "/sign-in"
    client.cookies["medpatrol"] = held
    assert client.get("/x").status_code == 401


@pytest.mark.parametrize("form", ["", "0" * 64, "nonsense"])
def test_a_form_without_its_token_is_refused(store, form):
    """A page that posts for somebody else has no token."""
    client = browser_for(store)
    client.get("/sign-in")
    answer = post(client, form=form, account="li", password=PASSWORD)
    assert answer.status_code == 403


def test_a_huge_form_is_not_read(store):
    """Nobody fills the memory through the only open door."""
    client = browser_for(store)
    client.get("/sign-in")
    answer = client.post("/sign-in", content=b"account=" + b"x" * 100_000, headers=OURS)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "target",
    [
        "//example.invalid",
        "/\\example.invalid",
        "http://example.invalid",
        "javascript:x",
        "",
        "/sign-in",
    ],
)
def test_nobody_is_sent_to_another_site(store, target):
    """A link to our sign-in page must not end elsewhere."""
    done = post(browser_for(store), account="li", password=PASSWORD, next=target)
    assert done.headers["location"] == "/"


def test_the_page_shows_what_was_asked_as_text(store):
    """The address may hold markup."""
    page = browser_for(store).get('/sign-in?next=/"><script>x</script>').text
    assert "<script" not in page


def test_a_first_start_makes_two_administrators_by_their_codes(empty_store):
    """Two persons; a code works once; without one nobody becomes anything."""
    client = browser_for(empty_store, codes=accounts.missing_first_roles(empty_store))
    codes = {
        line.split(":")[0].split(" / ")[1]: line.split(": ")[1]
        for line in client.desk.codes.lines()
    }
    fields = {"password": PASSWORD, "again": PASSWORD, "display_name": "王"}
    wrong = post(client, code="AAAA-BBBB-CCCC-DDDD", account="wang", **fields)
    assert "一次性代码不对" in wrong.text
    code = codes["system administrator"]
    assert "不一致" in post(client, code=code, account="wang", **{**fields, "again": "x"}).text
    assert post(client, code=code, account="wang", **fields).status_code == 303
    assert client.get("/x").text == "inside as wang"
    other = browser_for(empty_store)
    assert "首次启动" not in other.get("/sign-in").text
    del client.cookies["medpatrol"]
    again = post(client, code=code, account="zhao", **fields)
    assert "一次性代码不对" in again.text
    second = post(client, code=codes["security administrator"], account="feng", **fields)
    assert second.status_code == 303
    assert accounts.missing_first_roles(empty_store) == ()
    assert audit.verify(empty_store) is None


def test_a_one_time_password_must_be_changed_first(store):
    """Who made it knows it."""
    client = browser_for(store)
    once = accounts.reset_password(store, "li", actor="command line", now=NOW)
    post(client, account="li", password=once)
    assert client.get("/x", headers=HTML).headers["location"] == "/password"
    for new in ("short", "li", once):
        assert post(client, "/password", old=once, password=new, again=new).status_code == 400
    assert post(client, "/password", old="x", password=PASSWORD, again=PASSWORD).status_code == 401
    assert post(client, "/password", old=once, password=PASSWORD, again=PASSWORD).status_code == 303
    assert client.get("/x").text == "inside as li"


def test_demo_accounts_open_by_one_click_only_in_a_demo(empty_store):
    """Not without --demo, not beside own accounts, and never by a password."""
    demo_accounts.fill(empty_store, now=NOW)
    client = browser_for(empty_store, with_demo=True)
    assert "demo-planner" in client.get("/sign-in").text
    assert post(client, demo="demo-planner").status_code == 303
    assert client.get("/x").text == "inside as demo-planner"
    plain = browser_for(empty_store)
    assert "demo-planner" not in plain.get("/sign-in").text
    assert post(plain, demo="demo-planner").status_code == 403
    assert post(plain, account="demo-planner", password=passwords.NO_PASSWORD).status_code == 401
    signing_in.add_account(empty_store, "li", roles=["planner"])
    owned = browser_for(empty_store, with_demo=True)
    assert "demo-planner" not in owned.get("/sign-in").text
    assert post(owned, demo="demo-planner").status_code == 403


def test_demo_accounts_close_once_there_is_own_data(loaded_store):
    """An account without a password beside a bureau's own records would be an open door."""
    demo_accounts.fill(loaded_store, now=NOW)
    assert demo_accounts.listed(loaded_store) == []
