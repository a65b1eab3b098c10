"""The addresses of area classes and of the reach: in the reader's districts, tables logged."""

import csv
import io
import json
from dataclasses import replace

import pytest
from starlette.applications import Starlette

from data import audit
from data.scope import EVERYTHING, Scope
from tests.web.asgi import request
from web import routes
from workflows import access

WHO = replace(EVERYTHING, user=access.COMMAND_LINE)
CLASSES, REACH = "/data/area-classes.json", "/data/reach.json"
TABLE = "/download/area-classes.csv"


@pytest.fixture
def ask(planned_store):
    """Return a function that asks a route as a given reader."""
    app = Starlette(routes=routes.routes(planned_store.url))

    def ask(path, *, access=WHO):
        return request(app, path, headers=(), state={"access": access})

    return ask


def test_classes_come_with_source_and_outline(ask):
    """The map draws nothing else: each area with its class, where from, and rings."""
    status, _, body = ask(f"{CLASSES}?level=township")
    found = json.loads(body)
    assert status == 200
    assert found["kind"] == "classes"
    n = len(found["id"])
    assert n > 0
    assert {len(found[k]) for k in ("name", "code_of", "source_of", "year", "rings")} == {n}
    assert {found["sources"][s] for s in found["source_of"] if s >= 0} <= {"bureau", "computed"}
    assert all(rings for rings in found["rings"])


def test_a_level_that_is_none_is_not_there(ask):
    """A mistyped address is no fault of ours and shows no innards."""
    status, _, body = ask(f"{CLASSES}?level=planet")
    assert status == 404
    assert b"Traceback" not in body


@pytest.mark.parametrize("path", [f"{CLASSES}?level=township", REACH])
def test_a_reader_of_other_districts_gets_nothing_of_these(ask, path):
    """What one district sees is not kept for another."""
    whole = json.loads(ask(path)[2])
    elsewhere = Scope(user="x", districts=frozenset({"990199"}), sealed=frozenset())
    found = json.loads(ask(path, access=elsewhere)[2])
    key = "id" if "id" in whole else "bases"
    assert whole[key]
    assert found[key] == []


def test_the_reach_has_rings_for_each_time(ask):
    """Four times, four areas, and whether roads were known."""
    found = json.loads(ask(REACH)[2])
    assert found["minutes"] == [15, 30, 60, 90]
    assert all(found["rings"])
    assert found["estimate"]


def test_the_table_leaves_the_house_with_a_line_in_the_log(ask, planned_store):
    """Who took the list of areas is known; who may not gets nothing."""
    status, headers, body = ask(f"{TABLE}?lang=zh")
    assert status == 200
    assert "medpatrol-area-classes.csv" in headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert len(rows) > 1
    assert audit.verify(planned_store) is None
    nobody = Scope(user="nobody", districts=None, sealed=frozenset())
    assert ask(TABLE, access=nobody)[0] == 404
