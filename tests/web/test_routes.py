"""The product's own addresses: rights, ETags, files, one answer for what is not there."""

import dataclasses
import gzip
import io
import json

import openpyxl
import pytest
from starlette.applications import Starlette

from data.scope import EVERYTHING, Scope
from data.store.plans import list_plans
from data.store.scores import latest_run
from tests import small_city
from tests.web.asgi import request
from web import routes

NOBODY = Scope(user="other", districts=frozenset({"000000"}), sealed=frozenset())


@pytest.fixture
def ask(planned_store):
    """Return a function that asks a route as a given reader."""
    app = Starlette(routes=routes.routes(planned_store.url))

    def ask(path, *, access=EVERYTHING, headers=()):
        return request(app, path, headers=headers, state={"access": access})

    return ask


@pytest.fixture
def addresses(planned_store):
    """Return every data address of the planned district, by name."""
    run = latest_run(planned_store, scope=EVERYTHING).run_id
    [plan] = list_plans(planned_store, scope=EVERYTHING)["plan_id"]
    period = "as_of=2026-03-02&days=3650"
    return {
        "cells": f"/data/cells/{run}.json",
        "facilities": f"/data/facilities/{run}.json",
        "complaints": f"/data/complaints.json?{period}",
        "cases": f"/data/cases.json?{period}",
        "areas": f"/data/areas.json?{period}",
        "plan": f"/data/plan/{plan}.json",
        "workbook": f"/download/plan/{plan}.xlsx",
        "gpx": f"/download/plan/{plan}.gpx",
        "hotspots document": f"/document/hotspots/{run}.html",
        "plan document": f"/document/plan/{plan}.html",
    }


LAYERS = ("cells", "facilities", "complaints", "cases", "areas", "plan")
RUN_AND_PLAN = (
    "cells",
    "facilities",
    "plan",
    "workbook",
    "gpx",
    "hotspots document",
    "plan document",
)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_holds_something_to_draw(ask, addresses, name):
    """Every layer of the small district has content."""
    status, headers, body = ask(addresses[name])
    assert (status, headers["content-type"]) == (200, "application/json")
    payload = json.loads(body)
    assert payload["kind"] == name
    assert payload.get("lon") or payload.get("areas") or payload.get("routes")


@pytest.mark.parametrize("name", LAYERS)
def test_a_known_etag_gets_an_empty_answer(ask, addresses, name):
    """A map that is opened again asks only whether something changed."""
    _, headers, body = ask(addresses[name])
    status, again, nothing = ask(addresses[name], headers=[("If-None-Match", headers["etag"])])
    assert (status, nothing, again["etag"]) == (304, b"", headers["etag"])
    assert ask(addresses[name], headers=[("If-None-Match", '"other"')])[2] == body


def test_a_layer_is_packed_for_who_can_unpack_it(ask, addresses):
    """20,000 cells are 2.3 MB plain and 0.4 MB packed."""
    _, headers, packed = ask(addresses["cells"], headers=[("Accept-Encoding", "br, gzip")])
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == ask(addresses["cells"])[2]


@pytest.mark.parametrize("name", RUN_AND_PLAN)
def test_what_is_not_yours_looks_like_what_is_not_there(ask, addresses, name):
    """Whoever tries numbers must not learn which ones exist."""
    path = addresses[name]
    there = path.rsplit("/", 1)[1].rsplit(".", 1)[0]
    missing = ask(path.replace(there, "no-such-thing"))
    foreign = ask(path, access=NOBODY)
    assert missing[0] == foreign[0] == 404
    assert missing == foreign


def test_another_district_sees_none_of_the_points(ask, addresses):
    """The scope filters in the query, not in the page."""
    for name in ("complaints", "cases", "areas"):
        payload = json.loads(ask(addresses[name], access=NOBODY)[2])
        assert not payload.get("lon")
        assert not payload.get("areas")


def test_a_kept_answer_is_not_given_to_another_reader(ask, addresses):
    """The same address asked by two readers in turn gives each his own."""
    first = ask(addresses["complaints"])[2]
    other = ask(addresses["complaints"], access=NOBODY)[2]
    assert first != other
    assert ask(addresses["complaints"])[2] == first


def test_narrowing_to_a_district_never_widens(ask, addresses):
    """The district in the address is a wish, the scope is the right."""
    path = addresses["cells"] + f"?district={small_city.DISTRICT}"
    assert json.loads(ask(path)[2])["id"]
    assert ask(path, access=NOBODY)[0] == 404


@pytest.mark.parametrize("name", LAYERS)
def test_no_layer_holds_a_complainant(ask, addresses, name):
    """Planted names and numbers of complainants must not be on any map."""
    text = ask(addresses[name])[2].decode("utf-8")
    assert small_city.CANARY_NAME not in text
    assert small_city.CANARY_PHONE not in text


def test_a_lead_on_the_map_has_no_number_and_no_words(ask, addresses):
    """Counts per square are all that travels."""
    payload = json.loads(ask(addresses["complaints"])[2])
    assert set(payload) == {
        "kind", "blur_m", "n_without_place", "id", "lon", "lat", "open", "closed", "coarse",
    }  # fmt: skip


@pytest.mark.parametrize("query", ["days=0", "days=-3", "days=x", "days=999999", "as_of=yesterday"])
def test_a_period_that_makes_no_sense_is_not_there(ask, query):
    """A wrong question gets the plain answer, not a stack trace."""
    assert ask(f"/data/complaints.json?{query}")[0] == 404


def test_the_workbook_opens(ask, addresses):
    """The download is a real workbook with a name of its own."""
    status, headers, body = ask(addresses["workbook"] + "?lang=en")
    assert status == 200
    assert "attachment" in headers["content-disposition"]
    assert openpyxl.load_workbook(io.BytesIO(body)).sheetnames


def test_the_gpx_of_an_unknown_team_is_not_there(ask, addresses):
    """One team's track at a time, and only of teams in the plan."""
    assert ask(addresses["gpx"])[2].startswith(b"<?xml")
    assert ask(addresses["gpx"] + "?team=nobody")[0] == 404


def test_a_document_carries_its_own_policy(ask, addresses):
    """Folium writes its script inline; only exactly that script may run."""
    _, headers, body = ask(addresses["hotspots document"])
    policy = headers["content-security-policy"]
    assert "sha256-" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert b"medpatrolDocument" in body


def test_a_document_can_be_taken_along(ask, addresses):
    """As one file it names no address at all."""
    _, headers, body = ask(addresses["plan document"] + "?download=1")
    assert "attachment" in headers["content-disposition"]
    assert b"/assets/" not in body.split(b"<body>")[0].split(b"<script>")[0]


@pytest.mark.parametrize(
    "path", ["/data/", "/data/secrets.json", "/download/x", "/document/x", "/data/cells/a/b.json"]
)
def test_an_unknown_address_is_not_a_page(ask, path):
    """Streamlit answers every unknown address with its start page; under ours it must not."""
    assert ask(path)[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "map.js",
        "map.css",
        "scene.js",
        "vendor/leaflet/leaflet-src.esm.js",
        "vendor/leaflet/leaflet.css",
    ],
)
def test_browser_files_are_served_with_their_type(ask, path):
    """A module with a wrong type is not run under nosniff."""
    status, headers, _ = ask(f"/assets/0/{path}")
    assert status == 200
    assert headers["content-type"].split(";")[0] in {"text/javascript", "text/css"}


@pytest.mark.parametrize(
    "path",
    ["../theme.py", "../../errors.py", "vendor/../../theme.py", "vendor/manifest.json",
     "%2e%2e/theme.py", "/etc/passwd", "..%2f..%2ferrors.py", ""],
)  # fmt: skip
def test_nothing_else_is_served_as_a_browser_file(ask, path):
    """The folder of scripts is not a way into the program."""
    assert ask(f"/assets/0/{path}")[0] == 404


def test_refused_rows_open_as_text(planned_store, ask):
    """A cell that begins like a formula must not become one in the office's spreadsheet."""
    from data.records import Message
    from data.store import imports

    with planned_store.write() as conn:
        import_id = conn.exec_driver_sql("select max(import_id) from imports").scalar()
        rows = [(7, "lat", "=1+1", Message("应为数字"))]
        imports.add_refusals(conn, import_id, rows)
    status, _, body = ask(f"/download/import/{import_id}/refused.csv")
    assert status == 200
    assert "7,lat,'=1+1,应为数字" in body.decode("utf-8-sig")
    stranger = dataclasses.replace(NOBODY, user="stranger")
    assert ask(f"/download/import/{import_id}/refused.csv", access=stranger)[0] == 404
    assert ask("/download/import/x/refused.csv")[0] == 404
