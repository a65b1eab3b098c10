"""Acts of the ledger: what each changes, that nothing undoes it unseen, and who may."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zipfile import ZipFile

import pandas as pd
import pytest
from sqlalchemy import select

from data.schema import TIME_ZONE
from data.scope import EVERYTHING, Scope
from data.store import ledger as reads
from data.store import rows, tables
from data.store.engine import bump_data_version, data_version
from data.store.imports import add_import
from data.store.removal import remove_imports
from errors import ForbiddenError, LedgerError, NotFoundError
from workflows import access, ledger, ledger_entry, ledger_export, ledger_views, ledger_words
from workflows.clocks import Clocks, LedgerParams
from workflows.lead_links import LinkParams
from workflows.leads import open_leads
from workflows.ledger import Book
from workflows.ledger_steps import Triage
from workflows.record_params import RecordParams
from workflows.wording import say

pytestmark = pytest.mark.both_stores

NOW = datetime(2026, 11, 20, 10, tzinfo=TIME_ZONE)
ACTOR = access.COMMAND_LINE
HERE, THERE = "990101", "990102"


def lead(key, **more):
    """Return one lead as a file tells it."""
    return {
        "complaint_id": key, "received_at": pd.Timestamp("2026-11-19 09:00", tz=TIME_ZONE),
        "channel": "phone", "topic": "unlicensed_practice", "area_code": f"{HERE}001201",
        "site_text": "下坪村出租屋", "summary": f"夜间输液{key}", **more,
    }  # fmt: skip


def load(store, *leads, now=NOW - timedelta(hours=1)):
    """Load leads as an import does; return its number."""
    with store.write() as conn:
        number = add_import(
            conn, imported_at=int(now.timestamp()), actor="test", file_name="leads.csv",
            file_hash=str(now), datum="wgs84",
        )  # fmt: skip
        rows.save_rows(
            conn, "complaints", pd.DataFrame(list(leads)), import_id=number, known_on=now, now=now
        )
        bump_data_version(conn)
    return number


@pytest.fixture
def book(empty_store):
    """Return the ledger of a store with three leads."""
    load(empty_store, lead("A1"), lead("A2", channel="hotline_12345"),
         lead("B1", area_code=f"{THERE}001201"))  # fmt: skip
    made = Book(empty_store, Clocks(LedgerParams()), LinkParams())
    made.sync(NOW)
    return made


def do(act, book, *given, now=NOW, key="k1", scope=EVERYTHING, actor=ACTOR, **more):
    """Do one act as the command line, which may do everything."""
    return act(book, *given, actor=actor, scope=scope, now=now, key=key, **more)


def known(book, key, *, as_of=NOW + timedelta(minutes=30)):
    """Return a lead as everything else of the product sees it."""
    frame = rows.load_rows(book.store, "complaints", scope=EVERYTHING, as_of=as_of)
    return frame.set_index("complaint_id").loc[key]


def line(book, key):
    """Return a lead's line of the ledger."""
    with book.store.read() as conn:
        return reads.line(conn, key, scope=EVERYTHING)


def counts(book, *, scope=EVERYTHING, now=NOW):
    """Return the numbers above the table."""
    return ledger_views.counts(book.store, scope=scope, now=now)


def _blobs(held):
    """Return every binary value of a store's rows."""
    return [v for found in held for row in found for v in row if isinstance(v, bytes)]


DIRECT = Triage(action="direct", owner="东桥中队", due_on=date(2026, 11, 27), note="傍晚到场")


def test_triage_shows_everywhere_and_not_before_it_happened(book):
    """A score of last week must not know what was decided today."""
    do(ledger.triage, book, ["A1"], DIRECT)
    after = known(book, "A1")
    assert (after["status"], str(after["due_on"].date())) == ("assigned", "2026-11-27")
    assert pd.isna(known(book, "A1", as_of=NOW)["status"])
    assert line(book, "A1")["owner"] == "东桥中队"
    assert (counts(book)["new"], counts(book)["in_hand"]) == (2, 1)


def test_a_later_import_does_not_undo_what_was_decided(book):
    """The hotline's next extract still says 'new'; a person has decided since."""
    do(ledger.triage, book, ["A1"], DIRECT)
    later = NOW + timedelta(days=1)
    load(book.store, lead("A1", status="new", summary="夜间输液，三四人"), now=later)
    book.sync(later)
    after = known(book, "A1", as_of=later + timedelta(days=1))
    assert after["status"] == "assigned"
    assert str(after["due_on"].date()) == "2026-11-27"
    assert after["summary"] == "夜间输液，三四人"
    load(book.store, lead("A2", status="closed", closed_on="2026-11-21"), now=later)
    assert known(book, "A2", as_of=later + timedelta(days=1))["status"] == "closed"


def test_the_same_file_again_changes_nothing(book):
    """An unchanged row must not make a version, or every import would look like news."""
    do(ledger.triage, book, ["A1"], DIRECT)
    versions = select(tables.VERSIONED["complaints"].c.version_id)
    with book.store.read() as conn:
        before = len(conn.execute(versions).all())
    load(book.store, lead("A1"), now=NOW + timedelta(days=1))
    with book.store.read() as conn:
        assert len(conn.execute(versions).all()) == before


def test_undo_gives_the_lead_back_as_it_was_for_ten_minutes(book):
    """A slip of the mouse is no office procedure."""
    do(ledger.triage, book, ["A1", "A2"], DIRECT)
    ledger.undo(book, "k1", actor=ACTOR, scope=EVERYTHING, now=NOW + timedelta(minutes=9))
    assert counts(book)["new"] == 3
    assert line(book, "A1")["owner"] is None
    # and the file may speak again
    later = NOW + timedelta(days=1)
    load(book.store, lead("A1", status="closed", closed_on="2026-11-21"), now=later)
    assert known(book, "A1", as_of=later + timedelta(days=1))["status"] == "closed"
    do(ledger.triage, book, ["A2"], DIRECT, key="k2")
    with pytest.raises(LedgerError, match="10 分钟"):
        ledger.undo(book, "k2", actor=ACTOR, scope=EVERYTHING, now=NOW + timedelta(minutes=11))


def test_a_double_click_does_it_once_and_a_second_person_is_told(book):
    """Two planners press the same button."""
    do(ledger.triage, book, ["A1"], DIRECT)
    version = data_version(book.store)
    do(ledger.triage, book, ["A1"], DIRECT)
    assert data_version(book.store) == version
    with pytest.raises(LedgerError, match="A1"):
        do(ledger.triage, book, ["A1"], DIRECT, key="k2")


def test_a_hand_over_has_a_receipt_a_reply_and_comes_back(book):
    """What is given away still has to be answered."""
    do(ledger.triage, book, ["A1"], Triage(action="hand_over", unit="东桥镇政府"))
    assert (line(book, "A1")["clock"], counts(book)["away"]) == ("receipt", 1)
    late = NOW + timedelta(days=5)
    assert counts(book, now=late)["away_overdue"] == 1
    assert open_leads(pd.DataFrame([known(book, "A1")])).empty
    do(ledger.confirm_receipt, book, "A1", key="k2", now=late)
    assert line(book, "A1")["clock"] == "reply"
    before = known(book, "A1", as_of=late)["due_on"]
    do(ledger.note_reply, book, "A1", key="k3", now=late)
    assert (line(book, "A1")["status"], line(book, "A1")["clock"]) == ("assigned", "answer")
    # its own clock stood still while it was away
    assert known(book, "A1", as_of=late + timedelta(hours=1))["due_on"] > before


def test_a_transfer_names_its_department_and_a_return_says_when_it_was_late(book):
    """Five departments, and a day to send back what is not ours."""
    do(ledger.triage, book, ["A1"], Triage(action="transfer", unit="police"))
    assert known(book, "A1")["handed_to"] == "公安"
    with pytest.raises(LedgerError, match="退回理由"):
        do(ledger.triage, book, ["A2"], Triage(action="return"), key="k2")
    late = NOW + timedelta(days=4)
    do(ledger.triage, book, ["A2"], Triage(action="return", note="属外县"), key="k3", now=late)
    row = known(book, "A2", as_of=late + timedelta(hours=1))
    assert (row["status"], row["outcome"]) == ("returned", "no_jurisdiction")
    with book.store.read() as conn:
        assert reads.acts(conn, "A2")[-1]["detail"]["late"] == 1


def test_extending_closing_and_reopening(book):
    """The way of an ordinary lead."""
    do(ledger.triage, book, ["A1"], DIRECT)
    with pytest.raises(LedgerError, match="15"):
        do(ledger.extend, book, "A1", 16, key="k2", note="复杂")
    do(ledger.extend, book, "A1", 2, key="k3", note="当事人外出")
    assert str(known(book, "A1")["due_on"].date()) == "2026-12-01"
    do(ledger.close, book, "A1", "substantiated", key="k4", now=NOW + timedelta(hours=1))
    row = known(book, "A1", as_of=NOW + timedelta(hours=2))
    assert (row["outcome"], str(row["closed_on"].date())) == ("substantiated", "2026-11-20")
    assert line(book, "A1")["clock"] is None
    do(ledger.reopen, book, "A1", key="k5", note="又有人举报", now=NOW + timedelta(hours=3))
    assert pd.isna(known(book, "A1", as_of=NOW + timedelta(hours=4))["closed_on"])


def test_nobody_acts_on_a_lead_of_another_district_or_without_the_right(book):
    """The same answer for what is not there and what is not yours."""
    own = Scope(user="x", districts=frozenset({HERE}), sealed=frozenset())
    for key in ("B1", "nothing"):
        with pytest.raises(NotFoundError):
            do(ledger.triage, book, [key], DIRECT, scope=own)
    with pytest.raises(ForbiddenError):
        do(ledger.triage, book, ["A1"], DIRECT, actor="nobody")
    assert counts(book, scope=own)["open"] == 2


def test_pairs_are_joined_kept_apart_and_given_back(book):
    """Joining deletes nothing, and 'not the same' is remembered."""
    book.sync(NOW)
    assert counts(book)["groups"] == 1
    do(ledger.decide_pair, book, ("A1", "A2"), "apart")
    assert counts(book)["groups"] == 0
    load(book.store, lead("A1", summary="夜间输液，再次反映"), now=NOW + timedelta(hours=2))
    book.sync(NOW + timedelta(hours=2))
    assert counts(book)["groups"] == 0
    ledger.undo(book, "k1", actor=ACTOR, scope=EVERYTHING, now=NOW + timedelta(minutes=1))
    assert counts(book)["groups"] == 1
    do(ledger.decide_pair, book, ("A1", "A2"), "same", key="k2")
    story = ledger_views.story(book, "A1", scope=EVERYTHING, now=NOW, params=RecordParams())
    assert [pair.other["complaint_id"] for pair in story.joined] == ["A2"]
    assert counts(book)["open"] == 3


def test_a_lead_by_form_gets_a_number_and_keeps_its_complainant_apart(book):
    """Names go to the encrypted table and nowhere else."""
    new = ledger_entry.NewLead(
        channel="visit", topic="hygiene", received_at=NOW, summary="来访反映", site_text="沙渡镇",
        area_code=f"{HERE}002", complainant_name="某来访人", complainant_phone="00000054321",
    )  # fmt: skip
    number = do(ledger_entry.register, book, new, key="form1")
    assert number == do(ledger_entry.register, book, new, key="form1") == "X20261120-0001"
    assert line(book, number)["status"] == "new"
    with book.store.read() as conn:
        held = [conn.execute(select(table)).all() for table in tables.metadata.tables.values()]
    for secret in ("某来访人", "00000054321"):
        assert secret not in repr(held)
        assert secret.encode() not in b"".join(_blobs(held))
    with pytest.raises(LedgerError, match="区划"):
        do(ledger_entry.register, book, replace(new, area_code=None), key="form2")


def test_an_undercover_finding_becomes_a_sealed_lead(book):
    """Findings go straight into the ledger, seen only by those named."""
    visit = {
        "inspection_id": "U1", "started_at": pd.Timestamp("2026-11-18 09:00", tz=TIME_ZONE),
        "kind": "undercover", "result": "violation", "topics": "illegal_cosmetic",
        "area_code": f"{HERE}001",
    }  # fmt: skip
    with book.store.write() as conn:
        rows.save_rows(conn, "inspections", pd.DataFrame([visit]), import_id=None, known_on=NOW)
        bump_data_version(conn)
    book.sync(NOW)
    book.sync(NOW)
    assert (line(book, "U1")["channel"], line(book, "U1")["topic"]) == (
        "undercover", "illegal_cosmetic",
    )  # fmt: skip
    blind = Scope(user="x", districts=None, sealed=frozenset())
    named = Scope(user="x", districts=None, sealed=frozenset({"U1"}))
    assert [counts(book, scope=who)["open"] for who in (EVERYTHING, blind, named)] == [4, 3, 4]


@pytest.mark.parametrize("sealed", [None, frozenset(), frozenset({"S1"})])
@pytest.mark.parametrize("districts", [None, frozenset({HERE}), frozenset()])
def test_the_ledger_shows_each_reader_what_the_store_shows(book, districts, sealed):
    """The index has its own filter: it must never be wider than that of the rows."""
    load(book.store, lead("S1", channel="undercover"), now=NOW - timedelta(minutes=30))
    book.sync(NOW)
    scope = Scope(user="x", districts=districts, sealed=sealed)
    shown, _ = ledger_views.page(book.store, {"show": "all"}, scope=scope, now=NOW, limit=None)
    allowed = rows.load_rows(book.store, "complaints", scope=scope, as_of=NOW)
    assert sorted(shown["complaint_id"]) == sorted(allowed["complaint_id"])


def test_filters_look_for_words_owners_and_days(book):
    """A caller asks for 'the one about the rented room'."""

    def found(**codes):
        lines, n = ledger_views.page(book.store, codes, scope=EVERYTHING, now=NOW, limit=10)
        assert n == len(lines)
        return sorted(lines["complaint_id"])

    assert found(q="出租屋 A1") == ["A1"]
    assert found(q="100%") == []
    every = ledger_views.page(book.store, {"q": "出租屋"}, scope=EVERYTHING, now=NOW, limit=None)
    assert (len(every[0]), every[1]) == (3, 3)
    assert found(channel="hotline_12345") == ["A2"]
    assert found(area=THERE) == ["B1"]
    assert found(**{"from": "2026-11-20"}) == []
    assert found(**{"from": "2026-11-19", "to": "2026-11-19"}) == ["A1", "A2", "B1"]
    assert found(sort="nonsense", show="nonsense") == ["A1", "A2", "B1"]


def test_the_workbook_is_noted_first_and_holds_no_formula(book, tmp_path):
    """An export leaves the house: it must be known, and must not run anything."""
    evil = '=HYPERLINK("http://x","y")'
    load(book.store, lead("A3", summary=evil), lead("S1", channel="undercover", summary="密"))
    book.sync(NOW)
    with pytest.raises(ForbiddenError):
        ledger_export.workbook(book.store, {}, language="zh", actor="nobody", scope=EVERYTHING,
                               now=NOW)  # fmt: skip
    content = ledger_export.workbook(
        book.store, {"show": "all"}, language="zh", actor=ACTOR, scope=EVERYTHING, now=NOW
    )
    path = tmp_path / "leads.xlsx"
    path.write_bytes(content)
    with ZipFile(path) as book_file:
        sheet = book_file.read("xl/worksheets/sheet1.xml").decode()
        texts = book_file.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "HYPERLINK" in texts
    assert "夜间输液A1" in texts
    assert ">密<" not in texts
    with book.store.read() as conn:
        last = conn.execute(select(tables.audit).order_by(tables.audit.c.seq.desc())).first()
    assert (last.action, '"n_rows":5' in last.detail) == ("leads.export", True)


def test_views_belong_to_who_saved_them(book):
    """A view is a filter under a name, with nothing else in it."""
    ledger_views.save_view(book.store, " 我的  超期 ", "show=overdue&evil=1", actor=ACTOR, now=NOW)
    assert ledger_views.saved_views(book.store, actor=ACTOR) == {"我的 超期": "show=overdue"}
    assert ledger_views.saved_views(book.store, actor="other") == {}
    ledger_views.drop_view(book.store, "我的 超期", actor=ACTOR, now=NOW)
    assert ledger_views.saved_views(book.store, actor=ACTOR) == {}


def test_an_import_taken_out_takes_its_ledger_along(empty_store):
    """The demo city must leave nothing behind."""
    number = load(empty_store, lead("A1"))
    book = Book(empty_store, Clocks(LedgerParams()), LinkParams())
    book.sync(NOW)
    do(ledger.triage, book, ["A1"], DIRECT)
    with empty_store.write() as conn:
        remove_imports(conn, [number])
    book.sync(NOW)
    assert counts(book)["all"] == 0
    with empty_store.read() as conn:
        assert reads.acts(conn, "A1") == []


def test_the_audit_log_holds_codes_only(book):
    """What people wrote stays with the lead, not in a log that auditors read."""
    do(ledger.triage, book, ["A1"], Triage(action="direct", owner="张某", note="某人家中"))
    with book.store.read() as conn:
        entries = conn.execute(select(tables.audit)).all()
    text = " ".join(str(entry) for entry in entries)
    assert "lead.triage" in text
    assert "某人" not in text
    assert "张某" not in text


def test_penalties_of_the_person_behind_a_place_raise_the_prompt(book):
    """Who was fined elsewhere twice and works on here is a matter for the police, says the law."""
    cases = [
        {"case_id": f"C{n}", "topic": "unlicensed_practice", "person_id": "P1", "fine_yuan": 5000.0,
         "opened_on": pd.Timestamp("2025-03-01"), "decided_on": pd.Timestamp("2025-04-01"),
         "facility_id": facility, "area_code": f"{THERE}001201"}
        for n, facility in enumerate(("F1", "F2"))
    ]  # fmt: skip
    with book.store.write() as conn:
        rows.save_rows(conn, "cases", pd.DataFrame(cases), import_id=None, known_on=NOW, now=NOW)
    load(book.store, lead("D1", facility_id="F2"), lead("D2", facility_id="F3"), now=NOW)
    later = NOW + timedelta(hours=1)
    book.sync(later)

    def prompt(lead_id, **params):
        return ledger_views.story(
            book, lead_id, scope=EVERYTHING, now=later, params=RecordParams(**params)
        ).prompt

    assert prompt("D1").values["n"] == 2
    assert prompt("D1", penalties_for_transfer=3) is None
    assert prompt("D2") is None


def test_a_change_that_is_none_of_the_ledgers_keeps_its_mark(book):
    """Else every page would count all leads anew whenever anybody saves anything."""
    before = ledger_views.mark(book.store)
    with book.store.write() as conn:
        bump_data_version(conn)
    assert book.sync(NOW) == 0
    assert ledger_views.mark(book.store) == before
    do(ledger.add_note, book, "A1", "已电话核实")
    noted = ledger_views.mark(book.store)
    assert noted != before
    load(book.store, lead("E1"), now=NOW)
    assert ledger_views.mark(book.store) != noted


def test_a_file_that_disagrees_leaves_a_note_once_and_is_counted(book):
    """The ledger's word stands, but nobody may overlook that another system has finished."""
    do(ledger.triage, book, ["A1"], Triage(action="direct", owner="一大队"))
    later = NOW + timedelta(minutes=5)

    def again(status, minutes):
        now = later + timedelta(minutes=minutes)
        told = pd.DataFrame([lead("A1", status=status), lead("A2", status="closed")])
        with book.store.write() as conn:
            return rows.save_rows(
                conn, "complaints", told, import_id=None, known_on=now, now=now
            )  # fmt: skip

    assert again("new", 0).disagreed == 0
    assert again("closed", 1).disagreed == 1
    assert again("closed", 2).disagreed == 1
    assert known(book, "A1")["status"] == "assigned"
    with book.store.read() as conn:
        acts = reads.acts(conn, "A1")
        assert not reads.acts(conn, "A2")
    assert [act["kind"] for act in acts] == ["triage", "file"]
    assert "closed" not in say(ledger_words.act(acts[-1]), "zh")
    # what a file says does not take away the way back
    assert ledger_views.last_undoable(tuple(acts), actor=ACTOR, now=later)["kind"] == "triage"


def test_an_extract_from_before_the_closing_says_nothing_against_it(book):
    """Only a newer file that still calls a closed lead open is worth a note."""
    do(ledger.close, book, "A1", "substantiated")
    for days, expected in ((-1, 0), (1, 1)):
        told = pd.DataFrame([lead("A1", status="new")])
        with book.store.write() as conn:
            counts = rows.save_rows(
                conn, "complaints", told, import_id=None, known_on=NOW + timedelta(days=days),
                now=NOW + timedelta(days=1),
            )  # fmt: skip
        assert counts.disagreed == expected
