"""Cases go forward step by step, can be taken back, and stay within their district."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from data.schema import TIME_ZONE
from data.scope import EVERYTHING, Scope
from data.store import tables
from data.store.record_pages import CaseFilter
from data.store.rows import load_rows
from errors import NotFoundError, RecordError
from workflows import access, case_reading, cases
from workflows.record_params import RecordParams

NOW = datetime(2026, 3, 2, 10, tzinfo=TIME_ZONE)
ACTOR = access.COMMAND_LINE
ELSEWHERE = Scope(user=ACTOR, districts=frozenset({"990199"}), sealed=frozenset())
PARAMS = RecordParams()


def opened(store, **more):
    """File a case from the newest lead of the small district."""
    given = {
        "lead_id": "C0149",
        "topic": "unlicensed_practice",
        "opened_on": date(2026, 3, 1),
        "actor": ACTOR,
        "scope": EVERYTHING,
        "now": NOW,
    }
    return cases.open_case(store, **{**given, **more})


def read(store, case_id, *, now=NOW, scope=EVERYTHING):
    """Return the file of a case as its screen shows it."""
    return case_reading.case_file(
        store,
        case_id,
        scope=scope,
        as_of=case_reading.current(now),
        params=PARAMS,
        actor=ACTOR,
        now=now,
    )


def step(store, case_id, stage, *, on=date(2026, 3, 1), now=NOW, **more):
    """Take a case one stage on."""
    cases.advance(store, case_id, stage, on=on, actor=ACTOR, scope=EVERYTHING, now=now, **more)


def test_a_lead_leads_to_one_case_however_often_it_is_asked(loaded_store):
    """A double click must not file two cases against one person."""
    first = opened(loaded_store)
    assert opened(loaded_store) == first
    page = case_reading.list_cases(
        loaded_store,
        CaseFilter(words=first),
        scope=EVERYTHING,
        as_of=case_reading.current(NOW),
        page=1,
        page_rows=50,
    )
    assert page.n_total == 1
    assert page.rows["complaint_id"].iloc[0] == "C0149"


def test_lead_and_case_name_each_other(loaded_store):
    """From either side a reader must reach the other."""
    number = opened(loaded_store)
    leads = load_rows(
        loaded_store, "complaints", scope=EVERYTHING, as_of=case_reading.current(NOW)
    ).set_index("complaint_id")
    assert leads.loc["C0149", "case_id"] == number


def test_an_inspection_leads_to_a_case_and_is_found_from_it(loaded_store):
    """Where the finding came from stays with the case."""
    number = opened(loaded_store, lead_id=None, inspection_id="I0000")
    assert list(read(loaded_store, number).inspections["inspection_id"]) == ["I0000"]


def test_what_was_known_before_the_case_was_written_stays_as_it_was(loaded_store):
    """A score of an earlier date must not see a case entered later, even a backdated one."""
    number = opened(loaded_store, opened_on=date(2026, 2, 1))
    before = load_rows(loaded_store, "cases", scope=EVERYTHING, as_of=NOW)
    assert number not in set(before["case_id"])


def test_a_case_goes_through_its_stages_and_counts_its_money(loaded_store):
    """Fine, confiscation and decision day are what the statistics sentence adds up."""
    number = opened(loaded_store)
    for stage in ("investigating", "notice"):
        step(loaded_store, number, stage)
    money = {"fine_yuan": 20_000, "confiscated_yuan": 1_500}
    step(loaded_store, number, "decided", on=date(2026, 3, 2), values=money)
    row = read(loaded_store, number).row
    assert (row["stage"], row["fine_yuan"], row["confiscated_yuan"]) == ("decided", 20_000, 1_500)
    assert row["decided_on"].date() == date(2026, 3, 2)
    cases.close(
        loaded_store, number, on=date(2026, 3, 2), actor=ACTOR, scope=EVERYTHING, now=NOW,
        values={"den_destroyed": 1},
    )  # fmt: skip
    after = read(loaded_store, number)
    assert (after.row["stage"], after.row["den_destroyed"]) == ("closed", 1)
    assert [event.stage for event in after.events] == [
        "filed", "investigating", "notice", "decided", "closed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "more"),
    [
        ("filed", {}),
        ("decided", {}),
        ("transferred", {}),
        ("notice", {"on": date(2026, 3, 3)}),
        ("notice", {"on": date(2026, 2, 1)}),
        ("decided", {"values": {"fine_yuan": -1}}),
    ],
)
def test_a_step_that_makes_no_sense_is_refused_and_nothing_written(stage, more, loaded_store):
    """A slip of the hand must not become a legal record."""
    number = opened(loaded_store)
    with pytest.raises(RecordError):
        step(loaded_store, number, stage, **more)
    assert [event.stage for event in read(loaded_store, number).events] == ["filed"]


def test_a_case_never_goes_back_but_by_taking_back_the_last_step(loaded_store):
    """Undo within ten minutes by whoever did it; later the record stands."""
    number = opened(loaded_store)
    step(loaded_store, number, "decided", values={"fine_yuan": 500})
    with pytest.raises(RecordError):
        step(loaded_store, number, "notice")
    undo = {"actor": ACTOR, "scope": EVERYTHING, "params": PARAMS}
    with pytest.raises(RecordError):
        cases.undo(loaded_store, number, now=NOW + timedelta(minutes=11), **undo)
    cases.undo(loaded_store, number, now=NOW + timedelta(minutes=9), **undo)
    after = read(loaded_store, number, now=NOW + timedelta(minutes=9))
    assert after.row["stage"] == "filed"
    assert after.row["fine_yuan"] != after.row["fine_yuan"]
    assert len(after.events) == 3


def test_the_same_key_again_is_one_step(loaded_store):
    """A double click sends the same key twice."""
    number = opened(loaded_store)
    for _ in range(2):
        step(loaded_store, number, "investigating", request_key="once")
    assert len(read(loaded_store, number).events) == 2


def test_the_statutory_clock_runs_until_the_decision(loaded_store):
    """Ninety days, thirty more by an extension, nothing once it is decided."""
    number = opened(loaded_store)
    later = NOW + timedelta(days=100)
    clock = read(loaded_store, number, now=later).clock
    assert (clock.state, clock.due_on) == ("late", date(2026, 3, 1) + timedelta(days=90))
    wanted = case_reading.with_limit(CaseFilter(words=number), PARAMS, later.date())
    listed = {
        "scope": EVERYTHING,
        "as_of": case_reading.current(later),
        "page": 1,
        "page_rows": 9,
    }
    assert case_reading.list_cases(loaded_store, wanted, **listed).n_total == 1
    step(loaded_store, number, "extended")
    assert read(loaded_store, number, now=later).clock.state == "ok"
    assert case_reading.list_cases(loaded_store, wanted, **listed).n_total == 0
    step(loaded_store, number, "decided", values={"fine_yuan": 0})
    assert read(loaded_store, number, now=later).clock is None


def test_another_district_neither_sees_nor_moves_a_case(loaded_store):
    """The answer is the same as for a case that is not there."""
    number = opened(loaded_store)
    with pytest.raises(NotFoundError):
        read(loaded_store, number, scope=ELSEWHERE)
    with pytest.raises(NotFoundError):
        cases.advance(
            loaded_store, number, "notice", on=date(2026, 3, 1), actor=ACTOR, scope=ELSEWHERE,
            now=NOW,
        )  # fmt: skip
    with pytest.raises(NotFoundError):
        opened(loaded_store, lead_id="C0148", scope=ELSEWHERE)


def test_the_log_tells_of_each_step_without_a_name(loaded_store):
    """Codes and counts only."""
    number = opened(loaded_store)
    step(loaded_store, number, "decided", values={"fine_yuan": 777, "person_id": "P-金丝雀"})
    with loaded_store.read() as conn:
        entries = conn.execute(select(tables.audit).order_by(tables.audit.c.seq)).all()
    told = [entry for entry in entries if entry.object_id == number]
    assert [entry.action for entry in told] == ["case.open", "case.decided"]
    assert all("金丝雀" not in entry.detail and "777" not in entry.detail for entry in told)
