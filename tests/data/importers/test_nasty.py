"""
Nasty files and mutated rows: each is refused, or taken with a report that adds up.

A worker of the bureau can't harm the store by any file, and a stranger's file
can't read anything but itself.
"""

import csv
import io
import resource
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.importers import problems
from data.importers.child import DATA_BYTES
from data.importers.report import say_source
from tests.data.frames_of_records import moment
from tests.data.importers import nasty
from workflows.importing import import_paths

NOW = moment("2025-06-02 09:30")
CANARY = "金丝雀七七"
MAX_CHILD_KB = 2**20
BLOCK = 200


def dump(store):
    """Return everything the store holds."""
    conn = sqlite3.connect(store.path)
    try:
        return "\n".join(conn.iterdump())
    finally:
        conn.close()


def test_there_are_at_least_sixty():
    """The list must not shrink unseen."""
    assert len(nasty.FILES) >= 60


@pytest.mark.parametrize("name", nasty.FILES)
def test_a_nasty_file_is_refused_whole_or_its_rows_add_up(tmp_path, empty_store, name):
    """A refused file leaves the store byte for byte the same; a taken one says what it lost."""
    (tmp_path / "secret.txt").write_text(CANARY, encoding="utf-8")
    folder = tmp_path / "files"
    folder.mkdir()
    before = dump(empty_store)
    report = import_paths(empty_store, [nasty.FILES[name](folder)], actor="t", now=NOW)
    for file in report.files:
        assert file.rows == file.taken + file.updated + len(file.refused)
        for refused in file.refused:
            assert say_source(refused.reason)
    if report.has_errors:
        (file,) = report.files
        assert file.error.template in problems.SENTENCES.values()
        assert "{" not in say_source(file.error)
        assert dump(empty_store) == before
    assert CANARY not in repr(report)


def test_no_child_grew_beyond_a_gigabyte():
    """Of all children that read the files above, the largest."""
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MAX_CHILD_KB
    assert DATA_BYTES < 2**30


HEADER = ["complaint_id", "received_at", "channel", "topic", "lon", "lat", "closed_on", "summary"]
GOOD = ["C1", "2025-03-01", "phone", "other", "112.1", "23.1", "2025-03-09", "某处"]
ODD = [
    *("", " ", "\u3000", "-", "/", "#N/A", "NULL", "1.38E+10", "0", "-1", "1e309", "nan", "１２"),
    *("2025-13-01", "2025年3月1日", "二〇二五年三月一日", "45678.9", "9999-12-31", "1899-01-01"),
    *("2099-01-01", "昨天", "电话", "🚑", "甲" * 10_000, "=1+1", "'; DROP TABLE x", "\u202e甲"),
    *("23.1", "112.1", "200", "C1", "合计", "true", "12,345.6", "1.5万元", "2025-03-01 25:61"),
    *("２０２５/３/１", "上午", "112°6′", "441283198001011234", "4.41283E+17", "\x07", "a\tb"),
]
CELLS = st.one_of(st.sampled_from(ODD), st.text(max_size=12))
MUTATIONS = st.lists(st.tuples(st.integers(0, len(HEADER) - 1), CELLS), max_size=4)


@pytest.fixture(scope="module")
def mutated_store(tmp_path_factory):
    """Return a store that all mutated files go into, one after the other."""
    from data.store.engine import open_store

    return open_store(f"sqlite:///{tmp_path_factory.mktemp('mutated')}/store.sqlite")


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(MUTATIONS, min_size=BLOCK, max_size=BLOCK))
def test_mutated_rows_are_taken_or_refused_one_by_one(tmp_path_factory, mutated_store, rows):
    """Ten files of two hundred rows: none disappears, and none takes its file along."""
    folder = tmp_path_factory.mktemp("mutated")
    made = []
    for number, mutations in enumerate(rows):
        row = [f"C{number}", *GOOD[1:]]
        for column, text in mutations:
            row[column] = text.replace("\0", "").translate(dict.fromkeys(range(1, 5)))
        made.append([cell.encode("utf-8", "replace").decode() for cell in row])
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *made])
    (folder / "complaints.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    (file,) = import_paths(mutated_store, [folder / "complaints.csv"], actor="t", now=NOW).files
    assert file.error is None
    assert file.rows == file.taken + file.updated + len(file.refused)
    n_filled = sum(any(cell.strip() for cell in row) for row in made)
    assert file.rows + len(file.left_out) == n_filled
    numbers = [refused.row for refused in file.refused]
    assert len(set(numbers)) == len(numbers)
