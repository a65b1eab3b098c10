"""An import can be taken back whole, or not at all and with the reason named."""

import pytest

from data import audit
from data.scope import EVERYTHING
from data.store import imports, rows
from errors import ForbiddenError, InUseError, NoDataError
from tests.data.frames_of_records import moment
from tests.data.importers import files
from tests.data.importers.test_nasty import dump
from workflows.access import COMMAND_LINE
from workflows.import_undo import undo_import
from workflows.importing import import_paths

NOW = moment("2025-06-02 09:30")
NEXT = moment("2025-06-03 09:30")
LATER = moment("2026-01-01")
LEAD_HEADER = ["complaint_id", "received_at", "channel", "topic", "facility_id"]
LEADS = [["C1", "2025-05-01", "phone", "other", "F1"]]


def load(store, path, now=NOW):
    (file,) = import_paths(store, [path], actor="甲", now=now).files
    assert file.error is None
    return file.import_id


def undo(store, import_id, *, actor=COMMAND_LINE, reason="导错文件"):
    return undo_import(
        store, import_id, reason=reason, actor=actor, scope=EVERYTHING, now=moment("2025-06-04")
    )


def names(store):
    frame = rows.load_rows(store, "facilities", scope=EVERYTHING, as_of=LATER)
    return frame["name"].tolist()


def test_new_records_go_and_changed_ones_are_as_before(tmp_path, empty_store):
    """A wrong extract over the register must not cost the register."""
    load(empty_store, files.write_csv(tmp_path, "facilities_1.csv"))
    changed = [["F1", "改名", "药店", 112.1, 23.1], ["F9", "新来", "药店", 112.1, 23.1]]
    second = load(empty_store, files.write_csv(tmp_path, "facilities_2.csv", rows=changed), NEXT)
    assert names(empty_store) == ["改名", "二号", "新来"]
    done = undo(empty_store, second)
    assert (done.n_deleted, done.n_gone, done.n_restored) == (2, 1, 1)
    assert names(empty_store) == ["测试诊所", "二号"]
    assert audit.verify(empty_store) is None


def test_a_second_click_changes_nothing(tmp_path, empty_store):
    """A double click, or a repeated request after a broken line."""
    first = load(empty_store, files.write_csv(tmp_path))
    undo(empty_store, first)
    before = dump(empty_store)
    assert undo(empty_store, first).n_deleted == 0
    assert dump(empty_store) == before


def test_the_same_file_can_be_loaded_again_afterwards(tmp_path, empty_store):
    """What was taken back no longer counts as loaded before."""
    path = files.write_csv(tmp_path)
    undo(empty_store, load(empty_store, path))
    load(empty_store, path, NEXT)
    assert names(empty_store) == ["测试诊所", "二号"]
    listed = imports.list_imports(empty_store, scope=EVERYTHING)
    assert listed["undone_at"].notna().tolist() == [False, True]
    assert listed["sha256"].nunique() == 1


def test_a_later_version_stands_in_the_way_and_is_named(tmp_path, empty_store):
    """The later import goes first, then this one."""
    first = load(empty_store, files.write_csv(tmp_path, "facilities_1.csv"))
    newer = files.write_csv(
        tmp_path, "facilities_2.csv", rows=[["F1", "新名", "药店", 112.1, 23.1]]
    )
    second = load(empty_store, newer, NEXT)
    before = dump(empty_store)
    with pytest.raises(InUseError) as refusal:
        undo(empty_store, first)
    assert f"#{second} facilities_2.csv" in str(refusal.value)
    assert dump(empty_store) == before
    undo(empty_store, second)
    undo(empty_store, first)
    assert names(empty_store) == []


def test_a_lead_about_a_vanishing_facility_stands_in_the_way(tmp_path, empty_store):
    """A lead must not be left pointing at nothing."""
    first = load(empty_store, files.write_csv(tmp_path))
    leads = files.write_csv(tmp_path, "complaints.csv", header=LEAD_HEADER, rows=LEADS)
    second = load(empty_store, leads, NEXT)
    with pytest.raises(InUseError) as refusal:
        undo(empty_store, first)
    assert f"#{second} complaints.csv" in str(refusal.value)
    undo(empty_store, second)
    undo(empty_store, first)


def test_right_and_reason_are_needed(tmp_path, empty_store):
    """Whoever takes records out answers for it."""
    first = load(empty_store, files.write_csv(tmp_path))
    with pytest.raises(ForbiddenError):
        undo(empty_store, first, actor="nobody")
    with pytest.raises(NoDataError):
        undo(empty_store, first, reason="  ")
    assert names(empty_store) == ["测试诊所", "二号"]
