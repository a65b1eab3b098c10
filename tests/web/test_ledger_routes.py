"""The ledger's own addresses: points that are blurred, a workbook that is noted, no complainant."""

import dataclasses
import io
import json

import openpyxl
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from data.scope import EVERYTHING, Scope
from data.store import tables
from tests import signing_in, small_city
from tests.web.asgi import request
from web import routes

NOBODY = Scope(user="other", districts=frozenset({"000000"}), sealed=frozenset())


@pytest.fixture
def ask(loaded_store):
    """Return a function that asks a route as a planner of everything."""
    app = Starlette(routes=routes.routes(loaded_store.url))
    user = signing_in.add_account(loaded_store)

    def ask(path, *, access=None):
        reader = access or dataclasses.replace(EVERYTHING, user=user)
        return request(app, path, state={"access": reader})

    return ask


def test_points_follow_the_filter_and_are_blurred(ask):
    """A point on a screen must not be somebody's door."""
    status, _, body = ask("/data/leads.json?show=all")
    everything = json.loads(body)
    assert status == 200
    n_all = sum(everything["open"]) + sum(everything["closed"])
    assert n_all > 100
    assert everything["blur_m"] == 500
    assert set(everything) == {"kind", "blur_m", "n_without_place", "id", "lon", "lat", "open",
                               "coarse", "closed"}  # fmt: skip
    some = json.loads(ask("/data/leads.json?show=all&channel=letter")[2])
    assert sum(some["open"]) + sum(some["closed"]) < n_all


def test_the_workbook_holds_rows_but_no_complainant(ask, loaded_store):
    """Privacy is law, and an export is in the log before it leaves."""
    status, headers, body = ask("/download/leads.xlsx?show=all")
    assert status == 200
    assert headers["content-disposition"].endswith('.xlsx"')
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    assert sheet.max_row == 1 + small_city.N_LEADS
    cells = {str(cell) for row in sheet.iter_rows(values_only=True) for cell in row}
    for secret in (small_city.CANARY_NAME, small_city.CANARY_PHONE):
        assert not any(secret in cell for cell in cells)
    with loaded_store.read() as conn:
        actions = [row.action for row in conn.execute(select(tables.audit))]
    assert actions[-1] == "leads.export"


def test_a_reader_of_nothing_gets_nothing(ask, loaded_store):
    """The filter of the ledger is no way around the scope; without the right there is no file."""
    points = json.loads(ask("/data/leads.json?show=all", access=NOBODY)[2])
    assert points["id"] == []
    status, _, body = ask("/download/leads.xlsx?show=all", access=NOBODY)
    assert status != 200
    assert b"PK" not in body
    with loaded_store.read() as conn:
        assert "leads.export" not in [row.action for row in conn.execute(select(tables.audit))]
