"""Teams of certified officers who are there, near each other and skilled."""

from datetime import date

import pandas as pd
import pytest

from routing.teams import form_teams, team_letter

MONDAY = date(2026, 3, 2)


def officers(*rows):
    """Return officers from (id, base longitude, certificate end, skills)."""
    return pd.DataFrame(
        [
            {
                "officer_id": name,
                "name": "x",
                "district_code": "1",
                "base_lon": lon,
                "base_lat": 23.0,
                "certificate_expiry": pd.Timestamp(expiry) if expiry else pd.NaT,
                "skills": skills,
            }
            for name, lon, expiry, skills in rows
        ]
    )


def absences(*rows):
    """Return absences from (id, first day, last day)."""
    return pd.DataFrame(
        [(n, pd.Timestamp(a), pd.Timestamp(b)) for n, a, b in rows],
        columns=["officer_id", "from_on", "to_on"],
    )


def form(rows, away=(), **more):
    """Form teams for the week of 2 March 2026."""
    return form_teams(officers(*rows), absences(*away), week_start=MONDAY, **more)


ALL_YEAR = "2026-12-31"


def test_only_certified_officers_are_counted():
    """No certificate on file means no inspection by them."""
    rows = [("a", 110.0, ALL_YEAR, ()), ("b", 110.0, None, ()), ("c", 110.0, "2026-03-01", ())]
    formed = form(rows, n_teams=1)
    assert formed.teams == ()
    said = [m.template for m in formed.warnings]
    assert any("没有执法证有效期" in text for text in said)
    assert any("证件到期" in text for text in said)
    assert any("只能编成" in text for text in said)


def test_certificate_counts_up_to_its_last_day():
    """It ends on Wednesday: the team works Monday to Wednesday."""
    formed = form([("a", 110.0, "2026-03-04", ()), ("b", 110.0, ALL_YEAR, ())], n_teams=1)
    assert formed.teams[0].days == (0, 1, 2)


def test_absent_officer_takes_the_day_from_the_team():
    """Two officers are the law: without one of them the team stays in."""
    rows = [("a", 110.0, ALL_YEAR, ()), ("b", 110.0, ALL_YEAR, ())]
    formed = form(rows, [("b", "2026-02-20", "2026-03-03")], n_teams=1)
    assert formed.teams[0].days == (2, 3, 4)


def test_officers_of_one_base_go_together():
    """A team meets where its car stands."""
    rows = [(n, lon, ALL_YEAR, ()) for n, lon in zip("abcd", (110, 111, 110, 111), strict=True)]
    formed = form(rows, n_teams=2)
    assert [team.officer_ids for team in formed.teams] == [("a", "c"), ("b", "d")]
    assert formed.warnings == ()


def test_odd_officers_of_two_bases_still_make_a_team_and_are_told():
    """Better a drive to the other base than two officers at their desks."""
    rows = [
        (n, lon, ALL_YEAR, ()) for n, lon in zip("abcdef", (110,) * 3 + (111,) * 3, strict=True)
    ]
    formed = form(rows, n_teams=3)
    assert len(formed.teams) == 3
    assert [m.template for m in formed.warnings] == ["队 {team} 成员不在同一驻地"]


def test_skills_are_spread_over_the_teams():
    """Two dental experts in one team leave the other with none."""
    skills = {"a": ("dental",), "b": ("dental",), "c": (), "d": ()}
    formed = form([(n, 110.0, ALL_YEAR, s) for n, s in skills.items()], n_teams=2)
    assert [team.skills for team in formed.teams] == [("dental",), ("dental",)]


def test_no_more_teams_than_asked():
    """The number of cars is a limit."""
    formed = form([(n, 110.0, ALL_YEAR, ()) for n in "abcdef"], n_teams=2)
    assert len(formed.teams) == 2
    assert formed.warnings == ()


def test_teams_of_three():
    """A known-risk round takes a third person."""
    formed = form([(n, 110.0, ALL_YEAR, ()) for n in "abcdefg"], n_teams=2, team_size=3)
    assert [len(team.officer_ids) for team in formed.teams] == [3, 3]


def test_many_officers_are_paired_the_same_way_each_time():
    """Equal input and seed give equal teams, also where not every pair is looked at."""
    rows = [(f"o{k:03d}", 110.0 + k % 7, ALL_YEAR, ()) for k in range(240)]
    first, second = (form(rows, n_teams=40, seed=4) for _ in range(2))
    assert first == second
    assert len(first.teams) == 40
    assert len({o for team in first.teams for o in team.officer_ids}) == 80


def test_nobody_on_the_list_makes_no_team():
    """All on leave: told, not crashed."""
    rows = [("a", 110.0, ALL_YEAR, ())]
    formed = form(rows, [("a", "2026-03-01", "2026-03-31")], n_teams=1)
    assert formed.teams == ()
    assert any("不在岗" in m.template for m in formed.warnings)


def test_one_officer_is_no_team():
    """Two by law."""
    with pytest.raises(ValueError, match="team_size"):
        form([("a", 110.0, ALL_YEAR, ())], n_teams=1, team_size=1)


@pytest.mark.parametrize(
    ("number", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (52, "BA")]
)
def test_teams_have_letters(number, letter):
    """A city has more teams than the alphabet."""
    assert team_letter(number) == letter


def test_officers_of_two_districts_make_no_team():
    """Own jurisdiction only: together they could enter no place lawfully."""
    two = officers(("O1", 112.0, "2030-01-01", ""), ("O2", 112.0, "2030-01-01", ""))
    two["district_code"] = ["990102", "990103"]
    assert form_teams(two, absences(), week_start=MONDAY, n_teams=1).teams == ()


def test_an_officer_of_the_city_joins_one_of_a_district():
    """A code that ends in 00 serves all districts of the city."""
    two = officers(("O1", 112.0, "2030-01-01", ""), ("O2", 112.0, "2030-01-01", ""))
    two["district_code"] = ["990100", "990103"]
    assert len(form_teams(two, absences(), week_start=MONDAY, n_teams=1).teams) == 1


def test_without_a_number_as_many_teams_as_possible_are_formed():
    """Nobody asked for more, so nobody is told that there are too few."""
    four = officers(*((f"O{k}", 112.0, "2030-01-01", "") for k in range(4)))
    formed = form_teams(four, absences(), week_start=MONDAY, n_teams=None)
    assert len(formed.teams) == 2
    assert formed.warnings == ()
