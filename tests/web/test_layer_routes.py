"""The address of the layers: authorised, logged, in the reader's scope."""

from dataclasses import replace

import pytest
from starlette.applications import Starlette

from data import audit
from data.scope import EVERYTHING, Scope
from tests.web.asgi import request
from web import routes
from workflows import access

WHO = replace(EVERYTHING, user=access.COMMAND_LINE)
PATH = "/download/layers.gpkg?as_of=2026-03-02"


@pytest.fixture
def ask(planned_store):
    """Return a function that asks the route as a given reader."""
    app = Starlette(routes=routes.routes(planned_store.url))

    def ask(path, *, access=WHO):
        return request(app, path, headers=(), state={"access": access})

    return ask


def test_who_may_export_gets_one_file(ask, planned_store):
    """A GeoPackage is an SQLite file; its name says the day."""
    status, headers, body = ask(PATH)
    assert status == 200
    assert body[:15] == b"SQLite format 3"
    assert "medpatrol-2026-03-02.gpkg" in headers["content-disposition"]
    assert audit.verify(planned_store) is None


def test_who_may_not_export_gets_a_sentence_and_nothing_else(ask):
    """An account without the right, whatever its scope says."""
    nobody = Scope(user="nobody", districts=None, sealed=frozenset())
    status, _headers, body = ask(PATH, access=nobody)
    assert status == 403
    assert b"SQLite" not in body


def test_a_date_that_is_none_is_not_there(ask):
    """No stack trace for a mistyped address."""
    assert ask("/download/layers.gpkg?as_of=soon")[0] == 404
