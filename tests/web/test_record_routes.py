"""Files and map data of cases and facilities: rights, scope, no names."""

import io

import openpyxl
import pandas as pd
import pytest
from starlette.applications import Starlette

from data.schema import TIME_ZONE
from data.scope import Scope
from data.store.rows import save_rows
from data.store.scores import latest_run
from tests import signing_in
from tests.web.asgi import request
from web import routes

NAME = "试验某甲"


@pytest.fixture
def store(planned_store):
    """Return the planned district with a person in one of its cases."""
    now = pd.Timestamp("2026-03-02", tz=TIME_ZONE).to_pydatetime()
    person = {"person_id": "P1", "name": NAME, "usual_area_codes": "990101001"}
    case = {
        "case_id": "=1+1", "opened_on": pd.Timestamp("2026-02-01"), "topic": "hygiene",
        "person_id": "P1", "facility_id": "F001",
    }  # fmt: skip
    with planned_store.write() as conn:
        save_rows(conn, "persons", pd.DataFrame([person]), import_id=None, known_on=now)
        save_rows(conn, "cases", pd.DataFrame([case]), import_id=None, known_on=now)
    return planned_store


def asked(store, path, *, account="tester", districts=None, roles=signing_in.WORK):
    """Ask an address as an account."""
    signing_in.add_account(store, account, roles=roles, districts=districts)
    scope = Scope(
        user=account,
        districts=None if districts is None else frozenset(districts),
        sealed=frozenset(),
    )
    return request(Starlette(routes=routes.routes(store.url)), path, state={"access": scope})


def sheet(body):
    """Return the rows of a workbook."""
    return list(openpyxl.load_workbook(io.BytesIO(body)).active.iter_rows(values_only=True))


def test_the_workbook_holds_the_rows_of_the_filter_as_text_and_no_name(store):
    """A case number that begins like a formula stays a text; persons are numbers."""
    status, headers, body = asked(store, "/download/cases.xlsx")
    assert status == 200
    assert "attachment" in headers["content-disposition"]
    rows = sheet(body)
    assert "=1+1" in {row[0] for row in rows}
    assert all(NAME not in str(row) for row in rows)
    some = sheet(asked(store, "/download/cases.xlsx?topic=hygiene")[2])
    assert [row[0] for row in some[1:]] == ["=1+1"]


def test_another_district_gets_an_empty_workbook(store):
    """The scope holds for files as for screens."""
    _, _, body = asked(store, "/download/cases.xlsx", account="far", districts=["990199"])
    assert len(sheet(body)) == 1


def test_an_officer_may_not_export(store):
    """Export is a right of its own."""
    status, _, body = asked(store, "/download/cases.xlsx", account="o", roles={"officer"})
    assert status in {403, 404}
    assert b"=1+1" not in body


def test_the_small_map_answers_within_the_scope_only(store):
    """A foreign facility and a missing one get the same answer."""
    from data.scope import EVERYTHING

    run = latest_run(store, scope=EVERYTHING).run_id
    for layer in ("facilities", "cells"):
        assert asked(store, f"/data/near/{run}/F001/{layer}.json")[0] == 200
        far = asked(
            store, f"/data/near/{run}/F001/{layer}.json", account="far", districts=["990199"]
        )
        missing = asked(store, f"/data/near/{run}/F999/{layer}.json")
        assert far[0] == missing[0] == 404
        assert far[2] == missing[2]
