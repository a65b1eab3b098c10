"""Files in, report out: every row taken or refused, nothing half done."""

import csv
import json
from pathlib import Path

import pytest

from data import audit, identity
from data.records import Message
from data.scope import EVERYTHING, Scope
from data.store import engine, imports, rows
from errors import BadProfileError, NotFoundError
from tests.data.frames_of_records import moment
from tests.data.importers import files
from tests.stores import stored_bytes
from workflows.importing import import_paths

pytestmark = pytest.mark.both_stores

NOW = moment("2025-06-02 09:30")
LATER = moment("2026-01-01")

LEADS = """线索编号,登记时间,渠道,类别,地点,区划代码,经度,纬度,举报人,联系电话,状态,办结日期
C1,2025年3月1日,12345,无证行医,某村,990101001,112.1,23.1,金丝雀甲,13800001111,已办结,2025/3/9
C2,2025-03-02 08:30,网络平台,医疗废物,某街,990101001,,,金丝雀乙,13800002222,,
C3,昨天,电话,其他,某街,990101001,,,金丝雀丙,13800003333,,
C4,2025-03-04,电报,其他,某街,990101001,,,,,,
,2025-03-05,电话,其他,某街,990101001,,,,,,
C6,2025-03-06,电话,其他,某街,990101001,23.1,112.1,,,,
C7,2025-03-07,电话,其他,某街,990101001,112.1,,,,,
C8,2025-03-08,电话,其他,某街,990101001,0,0,,,,
"""


def load(store, *paths, **more):
    return import_paths(store, list(paths), actor="甲", now=NOW, **more)


def frame(store, kind, as_of=LATER):
    return rows.load_rows(store, kind, scope=EVERYTHING, as_of=as_of)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "files"
    path.mkdir()
    return path


@pytest.fixture
def leads(tmp_path):
    path = tmp_path / "线索.csv"
    path.write_text(LEADS, encoding="gb18030")
    return path


def test_every_row_is_taken_or_refused_with_row_column_value_and_reason(empty_store, leads):
    """The clerk corrects exactly the rows named and loads the file again."""
    (file,) = load(empty_store, leads).files
    assert (file.kind, file.rows, file.taken, file.updated) == ("complaints", 8, 3, 0)
    assert [(r.row, r.column, r.value) for r in file.refused] == [
        (4, "登记时间", "昨天"),
        (5, "渠道", "电报"),
        (6, "线索编号", None),
        (7, "纬度", "112.1"),
        (8, "纬度", None),
    ]
    assert file.refused[3].reason == Message(
        "{file} 第 {row} 行：纬度应在 −90 至 90，实为 {v}（经纬度是否颠倒？）",
        {"file": "线索.csv", "row": 7, "v": "112.1"},
    )
    assert frame(empty_store, "complaints")["complaint_id"].tolist() == ["C1", "C2", "C8"]
    assert frame(empty_store, "complaints")["lon"].isna().tolist() == [False, True, True]


def test_swapped_coordinates_in_a_workbook_name_the_sheet(tmp_path, empty_store):
    """The sentence of the word list, with file, sheet and row."""
    path = files.write_xlsx(
        tmp_path, sheets={"六月": [files.HEADER, ["F1", "甲", "药店", 23.1, 112.1]]}
    )
    (file,) = load(empty_store, path).files
    sentence = (
        "facilities.xlsx 工作表“六月”第 2 行：纬度应在 −90 至 90，实为 112.1（经纬度是否颠倒？）"
    )
    assert load(empty_store, path).to_json("zh")["files"][0]["refused"][0]["reason"] == sentence
    assert file.taken == 0


def test_coordinates_swapped_within_range_are_noticed_too(tmp_path, empty_store):
    """In the far west of the country the swapped latitude is still below 90."""
    path = files.write_csv(tmp_path, rows=[["F1", "甲", "药店", 43.8, 87.6]])
    (file,) = load(empty_store, path).files
    assert [r.column for r in file.refused] == ["lat"]


def test_loading_twice_changes_nothing(empty_store, leads):
    """Also not the data version, so no screen is redrawn."""
    load(empty_store, leads)
    before = frame(empty_store, "complaints").to_csv(), engine.data_version(empty_store)
    (again,) = load(empty_store, leads).files
    assert (again.taken, again.unchanged, again.updated) == (3, 3, 0)
    assert (frame(empty_store, "complaints").to_csv(), engine.data_version(empty_store)) == before


def test_the_order_of_rows_plays_no_part(tmp_path, empty_store):
    """The same extract sorted otherwise is the same extract."""
    load(empty_store, files.write_csv(tmp_path))
    version = engine.data_version(empty_store)
    (again,) = load(empty_store, files.write_csv(tmp_path, rows=files.ROWS[::-1])).files
    assert (again.unchanged, engine.data_version(empty_store)) == (2, version)


def test_an_older_extract_loaded_again_does_not_undo_a_newer_one(tmp_path, empty_store):
    """Somebody loads the whole folder of the year once more."""
    old = files.write_csv(tmp_path, "facilities_1.csv")
    new = files.write_csv(tmp_path, "facilities_2.csv", rows=[["F1", "新名", "药店", 112.1, 23.1]])
    assert [load(empty_store, path).n_updated for path in (old, new, old)] == [0, 1, 0]
    assert frame(empty_store, "facilities")["name"].tolist() == ["新名", "二号"]


def test_a_complainant_is_in_no_table_of_records_no_report_and_not_in_the_file(empty_store, leads):
    """Planted names are searched for in everything that comes out."""
    report = load(empty_store, leads)
    said = json.dumps(report.to_json("zh"), ensure_ascii=False) + repr(report)
    said += frame(empty_store, "complaints").to_csv()
    said += str(imports.load_refusals(empty_store, report.files[0].import_id, scope=EVERYTHING))
    stored = stored_bytes(empty_store)
    for canary in ("金丝雀", "13800001111", "13800002222", "13800003333"):
        assert canary not in said
        assert canary.encode() not in stored
    shown = identity.reveal(
        empty_store, "C1", reason="回访", actor="甲", scope=EVERYTHING, now=LATER
    )
    assert shown == identity.Identity(name="金丝雀甲", phone="13800001111")


def test_what_came_later_is_not_known_before(empty_store, leads):
    """The closing of March 9 is no news on March 9."""
    load(empty_store, leads)
    before = frame(empty_store, "complaints", moment("2025-03-09"))
    assert before["status"].isna().all()
    after = frame(empty_store, "complaints", moment("2025-03-10"))
    assert after["status"].tolist()[0] == "closed"


def test_an_import_is_listed_logged_and_its_refusals_can_be_fetched(empty_store, leads):
    """Who loaded what, when, and which rows are still to be corrected."""
    load(empty_store, leads)
    listed = imports.list_imports(empty_store, scope=EVERYTHING)
    assert listed["file_name"].tolist() == ["线索.csv"]
    assert listed.loc[0, ["n_rows", "n_taken", "n_refused"]].tolist() == [8, 3, 5]
    import_id = int(listed.loc[0, "import_id"])
    refused = imports.load_refusals(empty_store, import_id, scope=EVERYTHING)
    assert [row for row, *_ in refused] == [4, 5, 6, 7, 8]
    assert audit.verify(empty_store) is None
    other = Scope(user="乙", districts=frozenset({"990101"}), sealed=None)
    assert imports.list_imports(empty_store, scope=other).empty
    with pytest.raises(NotFoundError):
        imports.load_refusals(empty_store, import_id, scope=other)


def test_a_folder_is_loaded_in_order_without_its_truth(folder, empty_store):
    """Areas first; what is hidden stays hidden; what is no data is named."""
    files.write_geojson(folder)
    files.write_csv(folder)
    (folder / "README.md").write_text("x")
    (folder / "truth").mkdir()
    files.write_csv(folder / "truth", "cases.csv", header=["case_id", "opened_on", "topic"])
    told = []
    report = load(empty_store, folder, progress=lambda share, _message: told.append(share))
    assert [file.kind for file in report.files] == ["areas", "facilities"]
    assert report.ignored == ("README.md",)
    assert not report.has_errors
    assert told == [0.0, 0.5, 1.0]
    assert load(empty_store, folder / "truth" / "cases.csv").files == ()


def test_areas_keep_their_shape_and_roads_their_line(tmp_path, empty_store):
    """Shapes of another kind are refused row by row."""
    from data import frames

    line = {"type": "LineString", "coordinates": [[112, 23], [112.1, 23.1]]}
    document = files.collection(files.area("1"), files.area("2", shape=line))
    (file,) = load(empty_store, files.write_geojson(tmp_path, document=document)).files
    assert (file.taken, [r.row for r in file.refused]) == (1, [2])
    geo = frames.to_geo(frame(empty_store, "areas"))
    assert geo.total_bounds.tolist() == [112.0, 23.0, 112.5, 23.5]
    road = {"type": "Feature", "properties": {"highway": "primary"}, "geometry": line}
    path = files.write_geojson(tmp_path, "roads.geojson", files.collection(road, road))
    assert load(empty_store, path).n_taken == 2
    assert len(frame(empty_store, "roads")) == 2


def test_a_datum_can_be_named(tmp_path, empty_store):
    """Points come to lie some 400 m elsewhere, and the report says which datum was taken."""
    (file,) = load(empty_store, files.write_csv(tmp_path), datum="gcj02").files
    assert file.datum == "gcj02"
    assert 0.001 < abs(frame(empty_store, "facilities")["lon"][0] - 112.1) < 0.01


PROFILE = """
known_on = 2015-01-05
date_format = "%m/%d/%Y"
datum = "wgs84"

["visits.csv"]
kind = "inspections"
columns = { inspection_id = "No", facility_id = "Licence", started_at = "Day", result = "Result" }
constants = { kind = "routine", area_code = "17031" }

["visits.csv".values.result]
"Pass" = "pass"
default = "violation"

[["visits.csv".also]]
kind = "cases"
when = { column = "critical", above = 0 }
link = "case_id"
columns = { case_id = "No", opened_on = "Day", facility_id = "Licence" }
constants = { topic = "hygiene", source = "inspection" }
"""
VISITS = """No,Licence,Day,Result,critical,colour
1,7,01/31/2013,Pass,0.0,red
2,7,06/30/2013,Fail,2.0,blue
3,8,13/45/2013,Fail,1.0,blue
4,8,07/01/2013,Pass w/ Conditions,,red
"""


@pytest.fixture
def foreign(folder):
    (folder / "profile.toml").write_text(PROFILE, encoding="utf-8")
    (folder / "visits.csv").write_text(VISITS, encoding="utf-8")
    return folder


def test_a_profile_turns_a_foreign_layout_into_two_kinds(empty_store, foreign):
    """An inspection with a critical finding is also a case, opened that day."""
    report = load(empty_store, foreign, profile=foreign / "profile.toml")
    assert [(f.kind, f.rows, f.taken, len(f.refused)) for f in report.files] == [
        ("inspections", 4, 3, 1),
        ("cases", 2, 1, 1),
    ]
    assert report.ignored == ()
    assert report.files[0].ignored_columns == ("critical", "colour")
    visits = frame(empty_store, "inspections")
    assert visits["result"].tolist() == ["pass", "violation", "violation"]
    assert visits["case_id"].fillna("").tolist() == ["", "2", ""]
    assert frame(empty_store, "inspections", moment("2015-01-05"))["case_id"].isna().all()
    assert frame(empty_store, "cases")["opened_on"].dt.strftime("%F").tolist() == ["2013-06-30"]


def test_a_bad_profile_loads_nothing(empty_store, foreign):
    """Not even the files it does not speak of."""
    (foreign / "profile.toml").write_text('["visits.csv"]\nkind = "x"', encoding="utf-8")
    with pytest.raises(BadProfileError):
        load(empty_store, foreign, profile=foreign / "profile.toml")
    assert imports.list_imports(empty_store, scope=EVERYTHING).empty


def test_a_column_that_only_the_profile_knows_is_missed_by_its_name(empty_store, foreign):
    """The other side renamed it; the sentence says which."""
    text = VISITS.replace("Licence", "License")
    (foreign / "visits.csv").write_text(text, encoding="utf-8")
    (file,) = load(empty_store, foreign, profile=foreign / "profile.toml").files
    assert file.error == Message(
        "{file} 缺少必需的列：{columns}", {"file": "visits.csv", "columns": "Licence"}
    )


FOREIGN_CITY = {
    "establishments.csv": """\
License,DBA_Name,AKA_Name,Facility_Type,Risk,Address,Zip,Latitude,Longitude
7,ONE,,Restaurant,Risk 1 (High),1 A ST ,60606,41.88,-87.63
8,TWO,,,Risk 3 (Low),2 A ST ,60606,,
""",
    "inspections.csv": """\
Inspection_ID,License,Inspection_Date,Inspection_Type,Results,criticalCount,Latitude,Longitude
1,7,01/31/2013,Canvass,Pass w/ Conditions,1.0,41.88,-87.63
2,8,02/01/2013,Canvass,Pass,0.0,,
""",
    "sanitation_complaints.csv": """\
Service_Request_Number,Creation_Date,Status,Completion_Date,\
What_is_the_Nature_of_this_Code_Violation,Street_Address,Latitude,Longitude
R1,03/01/2013,Completed,04/05/2013,Other,1 A ST,41.88,-87.63
R1,03/01/2013,Completed,04/08/2013,Other,1 A ST,41.88,-87.63
R2,03/02/2013,Open - Dup,,,1 A ST,,
""",
}


def test_the_shipped_profile_reads_the_layout_it_is_for(empty_store, folder):
    """Invented rows in the layout of that city's files."""
    for name, text in FOREIGN_CITY.items():
        (folder / name).write_text(text, encoding="utf-8")
    profile = Path(__file__).parents[2] / "docs" / "examples" / "chicago.toml"
    report = load(empty_store, folder, profile=profile)
    assert [(f.kind, f.rows, f.taken, f.updated) for f in report.files] == [
        ("facilities", 2, 2, 0),
        ("complaints", 3, 2, 1),
        ("inspections", 2, 2, 0),
        ("cases", 1, 1, 0),
    ]
    assert frame(empty_store, "facilities")["kind"].tolist() == ["restaurant", "other"]
    assert frame(empty_store, "complaints")["status"].tolist() == ["closed", "new"]
    assert frame(empty_store, "inspections")["officer_ids"].isna().all()


def test_rows_always_add_up(empty_store, tmp_path):
    """Rows read are rows taken, updated and refused, whatever the file holds."""
    header = ["facility_id", "name", "kind", "lon", "lat", "opened_on"]
    cells = ["F1", "", "F2", "药店", "x", "112.1", "200", "2025-01-01", "-", "23.1", "F1"]
    made = [[cells[(i * 7 + j * 3) % len(cells)] for j in range(6)] for i in range(200)]
    path = tmp_path / "facilities.csv"
    with path.open("w", newline="", encoding="utf-8") as target:
        csv.writer(target).writerows([header, *made])
    (file,) = load(empty_store, path).files
    assert file.error is None
    assert file.rows == file.taken + file.updated + len(file.refused) == 200


def test_the_report_is_said_in_the_language_asked_for_or_kept_unsaid(empty_store, leads):
    """A job keeps sentences unsaid, so that each reader gets his own language."""
    report = load(empty_store, leads)
    unsaid = report.to_json(None)["files"][0]["refused"][0]["reason"]
    assert unsaid == {"t": "不是可识别的日期", "v": {}}
    assert report.to_json("zh")["files"][0]["refused"][0]["reason"] == "不是可识别的日期"
    keys = {"path", "kind", "rows", "taken", "updated", "refused", "datum"}
    assert keys <= set(report.to_json("zh")["files"][0])
