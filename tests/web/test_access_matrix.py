"""Roles × pages and addresses, read from the app itself: an entry without a declared rule fails."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from streamlit.testing.v1 import AppTest

from data.scope import EVERYTHING
from data.store.plans import list_plans
from data.store.scores import latest_run
from tests import signing_in
from tests.pages.test_pages import ROOT
from tests.web.asgi import HOST, request
from web import routes, shell, sign_in
from web.doorman import StoreDoorman
from web.gate import Gate
from workflows import entries, rights
from workflows.access_settings import AccessSettings

CATCH_ALL = {"/data/{rest:path}", "/download/{rest:path}", "/document/{rest:path}"}
PAGES = tuple(
    entry[0]
    for group in shell.GROUPS.values()
    for entry in group
    if (shell.PAGES / f"{entry[0]}.py").is_file()
)
ROLES = (None, *rights.ROLES)
COOKIE = "medpatrol"


def own_routes(url="sqlite:///nowhere"):
    """Return the addresses that the app really has."""
    desk = sign_in.Desk(store=lambda: None, cookie=COOKIE)
    found = [*sign_in.routes(desk), *routes.routes(url)]
    return [route.path for route in found if isinstance(route, Route)]


def test_every_page_and_every_address_has_a_declared_rule():
    """What nobody thought about is closed, and this says so before a user does."""
    files = {path.stem for path in Path(shell.PAGES).glob("*.py")} - {"__init__"}
    assert files - set(entries.PAGES) == set()
    assert set(PAGES) == files
    declared = set(entries.ROUTES) | entries.OPEN | entries.OWN | CATCH_ALL
    assert set(own_routes()) - declared == set()


def test_every_rule_names_rights_that_somebody_holds():
    """A slip in a right's name would close a page for good."""
    for needed in (*entries.PAGES.values(), *entries.ROUTES.values()):
        assert needed
        assert needed <= rights.ALL


def test_the_three_administrators_see_no_cases():
    """System, security, audit: none may look at the work, nobody may be two of them."""
    for role in rights.APART:
        held = rights.of_roles(frozenset({role}))
        assert "work.read" not in held
        opened = {page for page in entries.PAGES if entries.may_open(page, held)}
        assert opened <= {"accounts", "audit"}
        asked = {path for path, needed in entries.ROUTES.items() if needed & held}
        assert asked <= {"/download/audit.csv"}


@pytest.fixture
def ask(planned_store):
    """Return a function that asks the gate and the routes as an account of a role."""
    app = Starlette(routes=routes.routes(planned_store.url))
    doorman = StoreDoorman(planned_store.url, AccessSettings())
    gate = Gate(app, hosts=[HOST], doorman=doorman)
    tokens = {}

    def ask(path, role, *, districts=None):
        headers = []
        if role is not None:
            name = f"{role.replace('_', '-')}-{len(districts or ['all'])}"
            if (role, str(districts)) not in tokens:
                opened = signing_in.sign_in(
                    planned_store, name, roles=[role], districts=districts, sealed=[]
                )
                tokens[role, str(districts)] = opened.token
            headers = [("Cookie", f"{COOKIE}={tokens[role, str(districts)]}")]
        return request(gate, path, headers=headers)

    return ask


@pytest.fixture
def addresses(planned_store):
    """Return declared address → one that is really there."""
    run = latest_run(planned_store, scope=EVERYTHING).run_id
    [plan] = list_plans(planned_store, scope=EVERYTHING)["plan_id"]
    given = {"{run_id}": run, "{plan_id}": plan, "{import_id}": "1"}
    made = {}
    for path in own_routes(planned_store.url):
        if path in entries.ROUTES:
            real = path
            for name, value in given.items():
                real = real.replace(name, value)
            if "{" not in real:
                made[path] = real
    return made


@pytest.mark.parametrize("role", ROLES)
def test_an_address_answers_the_roles_that_its_rule_names_and_no_other(role, ask, addresses):
    """Deny by default: 401 without a session, the answer of what is not there without the right."""
    held = frozenset() if role is None else rights.of_roles(frozenset({role}))
    for declared, real in addresses.items():
        status = ask(real, role)[0]
        if role is None:
            assert status == 401, declared
        elif not entries.ROUTES[declared] & held:
            assert status == 404, declared
        elif declared.startswith(("/data/cells", "/data/areas", "/download/audit")):
            assert status == 200, declared
        else:
            assert status in {200, 404}, declared


@pytest.mark.parametrize("role", ["officer", "manager"])
def test_another_districts_rows_are_not_there(role, ask, addresses):
    """The same account, another district: nothing of this one's, and no hint that it exists."""
    layer = addresses["/data/cells/{run_id}.json"]
    plan = addresses["/data/plan/{plan_id}.json"]
    own = ask(layer, role, districts=None)[2]
    other = ask(layer, role, districts=["000000", "000001"])
    assert ask(plan, role, districts=["000000", "000001"])[0] == 404
    assert other[0] == 404 or len(other[2]) < len(own) / 2


@pytest.mark.parametrize("role", rights.ROLES)
def test_a_page_whose_rule_does_not_name_the_role_is_neither_listed_nor_run(
    role, empty_store, monkeypatch
):
    """Also when its address is typed: the frame says so and runs nothing of the page."""
    user = signing_in.user_of(empty_store, "somebody", roles=[role])
    held = rights.of_roles(frozenset({role}))
    monkeypatch.setenv("MEDPATROL_STORE", empty_store.url)
    refused, listed, ran = set(), set(), set()
    for name in PAGES:

        def asked(pages, name=name, **_how):
            every = [page for group in pages.values() for page in group]
            listed.update(page._page.stem for page in every if page.visibility == "visible")
            [page] = [page for page in every if page._page.stem == name]
            page.run = lambda: ran.add(name)
            return page

        monkeypatch.setattr("streamlit.navigation", asked)
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        at.user = user
        at.query_params["lang"] = "zh"
        at.run()
        if any("没有此项权限" in error.value for error in at.error):
            refused.add(name)
    may = {name for name in PAGES if entries.may_open(name, held)}
    assert (listed, ran, refused) == (may, may, set(PAGES) - may)
