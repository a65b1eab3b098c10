"""The plan as files that officers and planners open elsewhere."""

import io
import json
import zipfile

import gpxpy
import openpyxl
import pytest

from tests.workflows import plans
from workflows.exports import gpx, workbook, write_plan

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("x")',
    "file:///etc/passwd",
    "\tx",
    "a\x07b",
)


def sheets(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def values(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_every_stop_stands_in_its_teams_sheet_in_order():
    """The route sheet is what officers carry."""
    book = sheets(workbook(plans.plan(plans.visit(1), plans.visit(2)), language="zh"))
    rows = values(book["队 A"])
    assert [row[6] for row in rows[1:3]] == ["测试诊所1", "测试诊所2"]
    assert [row[3] for row in rows[1:3]] == ["09:00", "10:00"]
    assert rows[1][0] == "周一 03-09"


def test_what_was_left_out_stands_with_its_reason():
    """A planner must see why."""
    book = sheets(workbook(plans.plan(left_out=[plans.left_out()]), language="zh"))
    assert "距上次到访不足 30 天" in values(book["未排"])[1]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_from_files_stays_text_in_a_workbook(text):
    """A facility called =HYPERLINK(…) must not run on an officer's machine."""
    content = workbook(plans.plan(plans.visit(1, place_name=text, address=text)), language="zh")
    assert all(
        cell.data_type != "f" and cell.hyperlink is None
        for sheet in sheets(content)
        for row in sheet.iter_rows()
        for cell in row
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not [name for name in archive.namelist() if "externalLink" in name]


def test_gpx_starts_and_ends_at_the_base():
    """A hand-held device leads the team out and home."""
    (route,) = gpxpy.parse(gpx(plans.plan(plans.visit(1)), language="zh").decode()).routes
    assert [(p.longitude, p.latitude) for p in route.points] == [
        (112.0, 23.0),
        (112.01, 23.0),
        (112.0, 23.0),
    ]


def test_gpx_of_a_team_holds_only_its_routes():
    """Nobody carries somebody else's route."""
    assert (
        gpxpy.parse(gpx(plans.plan(plans.visit(1)), language="zh", team_id="B").decode()).routes
        == []
    )


def test_the_second_language_reaches_the_files(tmp_path):
    """A reader who chose English gets English sheets."""
    paths = write_plan(plans.plan(plans.visit(1)), tmp_path, language="en")
    assert [path.name for path in paths] == ["plan.json", "route_sheets.xlsx", "route_A.gpx"]
    assert "Overview" in sheets(paths[1].read_bytes()).sheetnames
    assert json.loads(paths[0].read_text())["week_start"] == "2026-03-09"


def test_the_overview_says_how_the_plan_stands_against_the_rules():
    """What goes to the head for approval names each rule and what is wrong."""
    from tests.workflows import test_rule_check as cases

    plan = cases.at_f1()
    report = cases.checked(plan, past=[cases.done("2026-03-01")])
    rows = values(sheets(workbook(plan, language="zh", report=report))["概览"])
    assert ["规则检查", "硬性 7 / 7，提醒 1"] in rows
    assert ["✓ 回避", "1 / 1"] in rows
    at = rows.index(["! 到访间隔", "0 / 1"])
    assert rows[at + 1][1] == "测试诊所1 · 距上次到访不足 30 天"


def test_moments_are_told_in_the_bureaus_time():
    """Stored moments come back in UTC; 01:00 there is 09:00 here."""
    from datetime import UTC, datetime

    plan = plans.plan(as_of=datetime(2026, 3, 5, 1, tzinfo=UTC))
    assert ["数据截至", "2026-03-05 09:00"] in values(sheets(workbook(plan, language="zh"))["概览"])
