"""Each legal rule with a case just inside and one just outside."""

from datetime import date

import pytest

from routing import rules
from routing.rules import CapParams, PastChecks
from routing.solution import SolvedStop
from tests.routing.problems import END_S, LUNCH, START_S, problem, shift, visit

DAY = date(2026, 3, 4)
LAST = date(2026, 3, 4)
GONE = date(2026, 3, 3)


def said(found):
    """Return (rule, hard) of each violation."""
    return [(violation.rule, violation.hard) for violation in found]


@pytest.mark.parametrize(
    ("expiry", "expected"),
    [
        ({"a": LAST, "b": LAST}, []),
        ({"a": LAST, "b": None}, [("two_officers", True)]),
        ({"a": LAST, "b": GONE}, [("two_officers", True), ("certificate", False)]),
        ({"a": LAST, "b": LAST, "c": GONE}, [("certificate", False)]),
        ({}, [("two_officers", True)]),
    ],
)
def test_two_officers_with_a_certificate_valid_that_day(expiry, expected):
    """A visit by one certified officer is void, and its findings with it."""
    assert said(rules.check_certificates("A", expiry, day=DAY)) == expected


def test_sentence_names_team_day_and_number():
    """The planner must see what to change."""
    found = rules.check_certificates("A", {"a": LAST}, day=DAY)[0].message
    assert found.template.format(**found.values) == "A2026-03-04只有 1 名持证人员在岗，至少需 2 名"


@pytest.mark.parametrize(("facility", "n"), [("F1", 1), ("F2", 0), (None, 0)])
def test_officer_with_an_interest_is_never_sent(facility, n):
    """Recusal is by facility and officer."""
    found = rules.check_recusal(["a", "b"], facility, recusals=[("a", "F1"), ("c", "F2")])
    assert said(found) == [("recusal", True)] * n


@pytest.mark.parametrize(
    ("own", "place", "exception", "n"),
    [
        (["441283"], "441283", False, 0),
        (["441283"], "441284", False, 1),
        (["441283"], "441284", True, 0),
        (["441200"], "441284", False, 0),
        (["441200"], "441384", False, 1),
        (["441283", "441284"], "441284", False, 0),
        (["441283"], None, False, 0),
    ],
)
def test_own_jurisdiction_unless_a_written_exception(own, place, exception, n):
    """An inspection outside one's district has no force."""
    found = rules.check_jurisdiction(own, place, has_exception=exception)
    assert said(found) == [("jurisdiction", True)] * n


@pytest.mark.parametrize(
    ("past", "ground", "expected"),
    [
        (PastChecks(same_level=1, in_total=1), "routine", []),
        (PastChecks(same_level=2, in_total=2), "routine", [("yearly_cap", True)]),
        (PastChecks(same_level=1, in_total=3), None, []),
        (PastChecks(same_level=1, in_total=4), None, [("yearly_cap", True)]),
        (PastChecks(same_level=2, in_total=4), "complaint", []),
        (PastChecks(exempt=5), "complaint", []),
        (PastChecks(exempt=6), "complaint", [("exempt_often", False)]),
    ],
)
def test_yearly_cap_counts_all_but_exempt_grounds(past, ground, expected):
    """Firms are protected from too many checks, complainants from too few."""
    assert said(rules.check_yearly_cap(past, ground=ground)) == expected


def test_cap_is_a_local_setting():
    """Provinces differ."""
    past = PastChecks(same_level=2, in_total=2)
    assert said(rules.check_yearly_cap(past, ground=None, params=CapParams(per_level=3))) == []


@pytest.mark.parametrize(("back_s", "n"), [(END_S, 0), (END_S + 1, 1)])
def test_team_is_back_by_the_end_of_its_day(back_s, n):
    """Overtime needs consent, so a plan never assumes it."""
    day = problem([], [shift()]).shifts[0]
    assert said(rules.check_hours(back_s, day)) == [("hours", True)] * n


@pytest.mark.parametrize(("service_s", "n"), [(15_600, 0), (15_601, 0), (17_401, 1)])
def test_lunch_has_room_beside_a_leg(service_s, n):
    """A visit from 8:40 until after 13:30 leaves none; one until 13:00 leaves half an hour."""
    given = problem([visit("V1", service_s=service_s)], [shift(**{"break": LUNCH})])
    start = START_S + 600
    stop = SolvedStop(visit="V1", arrive_s=start, start_s=start, depart_s=start + service_s)
    fits = start + service_s + 3600 <= LUNCH["to_s"]
    found = rules.check_lunch(given, given.shifts[0], [stop])
    assert said(found) == ([] if fits else [("lunch", True)])
    assert (n == 1) <= (not fits)


@pytest.mark.parametrize(
    ("last", "ground", "n"),
    [
        (date(2026, 2, 2), None, 0),
        (date(2026, 2, 3), None, 1),
        (date(2026, 2, 3), "complaint", 0),
        (None, None, 0),
    ],
)
def test_spacing_between_two_visits_to_one_door(last, ground, n):
    """Thirty days, unless there is a reason to come back."""
    found = rules.check_spacing(last, day=DAY, min_days=30, ground=ground)
    assert said(found) == [("spacing", False)] * n


@pytest.mark.parametrize(("n_teams", "n"), [(3, 0), (4, 1)])
def test_one_car_per_team(n_teams, n):
    """Four teams can't leave in three cars."""
    assert said(rules.check_cars(n_teams, n_cars=3)) == [("cars", True)] * n


@pytest.mark.parametrize(
    ("known", "officers", "police", "n"),
    [(True, 2, False, 1), (True, 3, False, 0), (True, 2, True, 0), (False, 2, False, 0)],
)
def test_known_risk_site_wants_a_third_person(known, officers, police, n):
    """A warning: the head decides."""
    found = rules.check_third_person(is_known_risk=known, n_officers=officers, with_police=police)
    assert said(found) == [("third_person", False)] * n
