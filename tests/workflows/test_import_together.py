"""All files of an upload or none; profiles kept by name; formulas without a result; grids."""

import openpyxl
import pytest

from data.scope import EVERYTHING
from data.store import imports
from errors import ForbiddenError, InUseError, NotFoundError
from tests.data.frames_of_records import moment
from tests.data.importers import files
from tests.data.importers.test_nasty import dump
from workflows import import_profiles
from workflows.access import COMMAND_LINE
from workflows.import_undo import undo_import
from workflows.importing import import_paths

NOW = moment("2025-06-02 09:30")
VISIT_HEADER = ["inspection_id", "started_at", "kind", "result", "officer_ids"]


def load(store, paths, **more):
    return import_paths(store, paths, actor="t", now=NOW, **more).files


def test_one_bad_file_keeps_all_out_and_is_named(tmp_path, empty_store):
    """Half a set of files is worse than none where they belong together."""
    good, bad = files.write_csv(tmp_path), tmp_path / "cases.csv"
    bad.write_bytes(b"")
    before = dump(empty_store)
    reports = load(empty_store, [good, bad], together=True)
    assert all(report.error is not None for report in reports)
    assert "cases.csv" in str(reports[1].error.values["names"])
    assert dump(empty_store) == before
    assert load(empty_store, [good], together=True)[0].taken == 2


def test_files_of_one_batch_know_each_other(tmp_path, empty_store):
    """A lead may name a facility that stands in another file of the batch."""
    header = ["complaint_id", "received_at", "channel", "topic", "facility_id"]
    leads = [["C1", "2025-05-01", "phone", "other", "F1"]]
    paths = [
        files.write_csv(tmp_path, "complaints.csv", header=header, rows=leads),
        files.write_csv(tmp_path),
    ]
    reports = load(empty_store, paths, together=True)
    assert [report.kind for report in reports] == ["facilities", "complaints"]
    named = {warning.column for report in reports for warning in report.warnings}
    assert "facility_id" not in named


def test_a_formula_without_a_result_is_told_and_not_silently_empty(tmp_path, empty_store):
    """A workbook written by a program holds formulas that nobody has computed yet."""
    book = openpyxl.Workbook()
    book.active.append(["facility_id", "name", "kind", "address"])
    book.active.append(["F1", "甲", "pharmacy", '="某村"&1'])
    book.active.append(["F2", "=A2", "pharmacy", "某村"])
    book.save(tmp_path / "facilities.xlsx")
    (report,) = load(empty_store, [tmp_path / "facilities.xlsx"])
    assert (report.taken, [r.row for r in report.refused]) == (1, [3])
    assert "公式" in report.refused[0].reason.template
    assert [w.row for w in report.warnings if "公式" in w.reason.template] == [2]


def test_an_officer_named_in_a_list_stands_in_the_way(tmp_path, empty_store):
    """A later visit by several officers must not lose one of them."""
    header = ["officer_id", "name", "district_code", "base_lon", "base_lat"]
    rows = [["Z1", "甲", "990101", 112.1, 23.1], ["Z2", "乙", "990101", 112.1, 23.1]]
    (first,) = load(
        empty_store, [files.write_csv(tmp_path, "officers.csv", header=header, rows=rows)]
    )
    assert first.error is None
    visits = [["J1", "2025-05-01", "routine", "pass", "Z9;Z2"]]
    path = files.write_csv(tmp_path, "inspections.csv", header=VISIT_HEADER, rows=visits)
    (second,) = load(empty_store, [path])
    assert (second.error, second.taken) == (None, 1)
    with pytest.raises(InUseError):
        undo_import(
            empty_store, first.import_id, reason="错", actor=COMMAND_LINE, scope=EVERYTHING,
            now=NOW,
        )  # fmt: skip
    assert imports.n_undone(empty_store) == 0


def test_a_profile_is_renamed_and_deleted_by_who_may(empty_store):
    """Names are what people pick by, so no two are alike."""
    ids = [
        import_profiles.save_profile(
            empty_store, name=name, kind="facilities", fingerprint=name, columns={"name": "名"},
            datum=None, actor=COMMAND_LINE, now=NOW,
        )
        for name in ("甲", "乙")
    ]  # fmt: skip
    who = {"actor": COMMAND_LINE, "now": NOW}
    with pytest.raises(InUseError):
        import_profiles.rename_profile(empty_store, ids[0], name=" 乙 ", **who)
    with pytest.raises(ForbiddenError):
        import_profiles.delete_profile(empty_store, ids[0], actor="nobody", now=NOW)
    import_profiles.rename_profile(empty_store, ids[0], name="丙", **who)
    import_profiles.delete_profile(empty_store, ids[1], **who)
    assert [profile.name for profile in import_profiles.saved_profiles(empty_store)] == ["丙"]
    with pytest.raises(NotFoundError):
        import_profiles.delete_profile(empty_store, ids[1], **who)
