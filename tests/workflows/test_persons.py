"""The register of practitioners: who sees whom, who becomes a check, what the law asks."""

from datetime import date, datetime

import pandas as pd
import pytest
from sqlalchemy import select

from data.schema import TIME_ZONE
from data.scope import EVERYTHING, Scope
from data.store import tables
from data.store.person_pages import PersonFilter
from data.store.rows import save_rows
from errors import ForbiddenError, NotFoundError, RecordError
from tests.small_city import DISTRICT, FRINGE
from workflows import access, persons
from workflows.candidates import CandidateParams
from workflows.case_reading import current
from workflows.record_params import RecordParams

NOW = datetime(2026, 3, 2, 10, tzinfo=TIME_ZONE)
ACTOR = access.COMMAND_LINE
TODAY = NOW.date()
OWN = Scope(user=ACTOR, districts=frozenset({DISTRICT}), sealed=frozenset())
ELSEWHERE = Scope(user=ACTOR, districts=frozenset({"990199"}), sealed=frozenset())
NAME = "试验某甲"


def case(number, person_id, *, day, district=FRINGE, fine=5000.0, topic="unlicensed_practice"):
    """Return the row of a closed case."""
    return {
        "case_id": f"X{number}",
        "opened_on": pd.Timestamp(day),
        "closed_on": pd.Timestamp(day),
        "topic": topic,
        "area_code": district,
        "person_id": person_id,
        "fine_yuan": fine,
    }


@pytest.fixture
def store(loaded_store):
    """Return the small district with three persons and some penalties."""
    people = pd.DataFrame(
        [
            {"person_id": "P1", "name": NAME, "kind": "itinerant", "usual_area_codes": FRINGE},
            {"person_id": "P2", "name": "试验某乙", "kind": "itinerant", "trade": "镶牙",
             "filed_on": pd.Timestamp("2025-01-01"), "usual_area_codes": "990199001;" + FRINGE},
            {"person_id": "P3", "name": "试验某丙", "kind": "resident",
             "usual_area_codes": "990199001"},
            {"person_id": "P4", "name": "试验某丁", "kind": "itinerant",
             "usual_area_codes": "990199001"},
        ]
    )  # fmt: skip
    cases = pd.DataFrame(
        [
            case(1, "P1", day="2025-05-01"),
            case(2, "P1", day="2025-08-01", district="990199001"),
            case(3, "P1", day="2019-01-01"),
            case(4, "P1", day="2025-09-01", topic="hygiene"),
            case(5, "P1", day="2025-10-01", fine=0.0),
            case(6, "P3", day="2025-10-01"),
        ]
    )
    with loaded_store.write() as conn:
        save_rows(conn, "persons", people, import_id=None, known_on=NOW)
        save_rows(conn, "cases", cases, import_id=None, known_on=NOW)
    return loaded_store


def listed(store, scope, **more):
    """Return the numbers of the persons a reader sees."""
    wanted = PersonFilter(
        penalised_since=persons.penalties_since(RecordParams(), TODAY), topic=persons.TOPIC, **more
    )
    page = persons.list_persons(
        store, wanted, scope=scope, as_of=current(NOW), actor=ACTOR, page=1, page_rows=50
    )
    return set(page.rows["person_id"])


def file_of(store, person_id, scope=EVERYTHING):
    """Return one person as the screen reads him."""
    return persons.person_file(
        store, person_id, scope=scope, as_of=current(NOW), actor=ACTOR, today=TODAY,
        params=RecordParams(),
    )  # fmt: skip


def test_a_district_sees_who_works_there_or_whom_its_cases_concern(store):
    """Names are personal data: the rest of the register is not its business."""
    assert listed(store, OWN) == {"P1", "P2", "P3"}
    assert listed(store, EVERYTHING) == {"P1", "P2", "P3", "P4"}
    nobody = Scope(user=ACTOR, districts=frozenset(), sealed=frozenset())
    assert listed(store, nobody) == set()


def test_a_hidden_person_and_a_missing_one_get_the_same_answer(store):
    """Else the answer itself would tell."""
    said = []
    for person_id in ("P4", "P999"):
        with pytest.raises(NotFoundError) as caught:
            file_of(store, person_id, OWN)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_penalties_count_over_all_districts_but_only_own_cases_are_listed(store):
    """The law counts them all; place and day of another district's case stay there."""
    found = file_of(store, "P1", OWN)
    assert found.row["n_penalties"] == 2
    assert found.n_elsewhere == 1
    assert set(found.cases["case_id"]) == {"X1", "X3", "X4", "X5"}


def test_two_penalties_raise_the_prompt_that_cites_its_rule(store):
    """Old penalties, other topics and decisions without money do not count."""
    prompt = file_of(store, "P1").prompt
    assert prompt is not None
    assert prompt.values["n"] == 2
    assert "解释" in str(prompt.values["rule"].template)
    assert file_of(store, "P3").prompt is None


def test_who_is_not_registered_becomes_a_check_in_his_usual_area(store):
    """Only itinerant practitioners must register; a route sheet never names them."""
    found = persons.unregistered(store, OWN, current(NOW))
    assert list(found["person_id"]) == ["P1"]
    visits = persons.registration_checks(
        store, CandidateParams(), severity={"unlicensed_practice": 10.0}, scope=OWN,
        as_of=current(NOW),
    )  # fmt: skip
    assert [(v.visit_id, v.kind, v.ground) for v in visits] == [
        ("P-P1", "registration_check", "registration_check")
    ]
    assert visits[0].prize == 300
    assert 112.0 < visits[0].lon < 112.06
    assert NAME not in repr(visits)


def test_someone_registered_since_is_no_check_any_more(store):
    """The form is what the check asks for."""
    entry = {"person_id": "P1", "filed_on": TODAY}
    persons.save(store, entry, actor=ACTOR, scope=OWN, now=NOW)
    assert persons.unregistered(store, OWN, current(NOW)).empty
    assert listed(store, OWN, is_filed=False) == {"P3"}


def test_a_new_person_gets_a_number_and_an_entry_in_the_log_without_a_name(store):
    """The log is read by people who may not see the register."""
    entry = {
        "name": "新来某人", "kind": "itinerant", "filed_on": TODAY, "usual_area_codes": [FRINGE]
    }  # fmt: skip
    number = persons.save(store, entry, actor=ACTOR, scope=OWN, now=NOW, is_new=True)
    assert number in listed(store, OWN)
    with store.read() as conn:
        last = conn.execute(select(tables.audit).order_by(tables.audit.c.seq.desc())).first()
    assert (last.action, last.object_id) == ("person.register", number)
    assert "新来" not in last.detail


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"person_id": "P1", "usual_area_codes": []}, RecordError),
        ({"person_id": "P1", "filed_on": date(2027, 1, 1)}, RecordError),
        ({"person_id": "P1", "kind": "doctor"}, RecordError),
        ({"person_id": "P1", "usual_area_codes": ["990199001"]}, NotFoundError),
        ({"person_id": "P4", "trade": "针灸"}, NotFoundError),
    ],
)
def test_an_entry_that_makes_no_sense_or_is_not_ours_is_refused(entry, error, store):
    """A slip must not hide a person from the district, nor reach into another."""
    with pytest.raises(error):
        persons.save(store, entry, actor=ACTOR, scope=OWN, now=NOW)


def test_names_need_the_right_to_read_the_daily_work(store):
    """An unknown account gets nothing."""
    with pytest.raises(ForbiddenError):
        persons.person_file(
            store, "P1", scope=EVERYTHING, as_of=current(NOW), actor="nobody", today=TODAY,
            params=RecordParams(),
        )  # fmt: skip
