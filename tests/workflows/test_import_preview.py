"""Looking at files tells what an import would do, and stores nothing."""

from datetime import UTC, datetime

import openpyxl

from data.scope import EVERYTHING
from data.store import jobs
from tests.data.frames_of_records import moment
from tests.data.importers.test_nasty import dump
from workflows import import_preview, import_profiles, import_requests
from workflows.access import COMMAND_LINE
from workflows.import_reading import Choice, Source, Wish
from workflows.importing import import_paths
from workflows.requests import Upload

NOW = moment("2025-07-02 09:30")


def ledger(folder):
    """Write a workbook as bureaus have them: titles, merged headers, totals, notes."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "线索"
    sheet.append(["2025年6月投诉举报台账"])
    sheet.merge_cells("A1:H1")
    sheet.append(["填报单位：某局", None, None, "日期：2025年6月30日"])
    sheet.append(["编号", "受理时间", "来源渠道", "问题类别", "举报人", None, "事发地点", "备考"])
    sheet.append([None, None, None, None, "姓名", "电话", None, None])
    sheet.append(["T1", "二〇二五年六月三日", "电话", "无证行医", "金丝雀", "13800001111", "甲村"])
    sheet.append(["T2", 45811.5, "１２３４５", "医疗废物", "金丝雀", "1.38E+10", "甲村"])
    sheet.append(["T3", "2099-01-01", "电话", "其他", "金丝雀", None, "甲村"])
    sheet.append(["合  计", None, None, "3件"])
    book.create_sheet("说明").append(["本表由系统导出"])
    path = folder / "台账.xlsx"
    book.save(path)
    return path


def look(store, path, **more):
    wish = Wish(kind=None, datum="auto", profile=None, actor=COMMAND_LINE, now=NOW, **more)
    return import_preview.preview(store, [Source(path=path, name=path.name)], wish=wish)


def test_a_bureaus_workbook_is_read_and_nothing_is_stored(tmp_path, empty_store):
    """Title rows, a header of two rows, a total and a damaged phone."""
    before = dump(empty_store)
    found = look(empty_store, ledger(tmp_path))
    assert dump(empty_store) == before
    (file,) = found["files"]
    assert (file["kind"], file["rows"], file["taken"], file["n_refused"]) == ("complaints", 3, 2, 1)
    assert [row["row"] for row in file["left_out"]] == [8]
    assert file["refused"][0]["reason"]["t"] == "日期晚于导入当日"
    assert [w["row"] for w in file["warnings"] if w["value"] == "***"] == [6]
    assert "金丝雀" not in str(found)
    assert "13800001111" not in str(found)


def test_the_counts_are_those_of_the_import(tmp_path, empty_store):
    """What was shown is what is stored."""
    path = ledger(tmp_path)
    shown = look(empty_store, path)["files"][0]
    (file,) = import_paths(empty_store, [path], actor="甲", now=NOW).files
    assert (file.rows, file.taken, len(file.refused)) == (
        shown["rows"],
        shown["taken"],
        shown["n_refused"],
    )


def test_unknown_columns_ask_instead_of_guessing(tmp_path, empty_store):
    """A required column that is only likely is proposed, not taken."""
    path = tmp_path / "导出.csv"
    path.write_text(
        "单号,登记日,渠道,类别\nT1,2025-06-01,电话,其他\nT2,2025-06-02,电话,其他\n",
        encoding="utf-8",
    )
    found = look(empty_store, path)
    assert found["files"] == []
    (table,) = found["tables"]
    assert table["asks_kind"]
    choice = Choice.of({"file": path.name, "kind": "complaints"})
    (table,) = look(empty_store, path, choices=[choice])["tables"]
    asked = {missing["column"]: missing["candidates"] for missing in table["missing"]}
    assert "单号" in asked["complaint_id"]
    assert "登记日" in asked["received_at"]
    assert all(len(candidates) == 3 for candidates in asked.values())
    assert [c["header"] for c in table["columns"]] == ["单号", "登记日", "渠道", "类别"]
    columns = {
        "complaint_id": "单号", "received_at": "登记日", "channel": "渠道", "topic": "类别",
    }  # fmt: skip
    choice = Choice.of({"file": path.name, "kind": "complaints", "columns": columns})
    (file,) = look(empty_store, path, choices=[choice])["files"]
    assert (file["error"], file["taken"]) == (None, 2)
    import_profiles.save_profile(
        empty_store, name="热线", kind="complaints", fingerprint=table["fingerprint"],
        columns=columns, datum=None, actor=COMMAND_LINE, now=NOW,
    )  # fmt: skip
    saved = import_profiles.saved_profiles(empty_store)
    assert look(empty_store, path, saved=saved)["files"][0]["taken"] == 2
    toml = tmp_path / "profile.toml"
    toml.write_text(import_profiles.as_toml(empty_store, saved[0].profile_id), encoding="utf-8")
    assert import_paths(empty_store, [path], profile=toml, actor="甲", now=NOW).n_taken == 2


def test_a_double_click_is_one_job_and_stores_once(tmp_path, empty_store):
    """Also when the second click comes after the first has ended."""
    path = ledger(tmp_path)

    def click():
        upload = Upload(name=path.name, content=path.read_bytes())
        return import_requests.request_check(
            empty_store, [upload], kind=None, datum="auto", profile=None, actor=COMMAND_LINE
        )

    job_id = click()
    assert click() == job_id
    job = jobs.lease(empty_store, worker="w", now=datetime.now(UTC), lease_s=60)
    result = import_requests.run_check(empty_store, job, progress=lambda *_: None)
    jobs.finish(empty_store, job_id, result=result)
    again = [
        import_requests.store_checked(empty_store, job_id, actor=COMMAND_LINE, scope=EVERYTHING)
        for _ in range(2)
    ]
    assert again[0] == again[1] != job_id
