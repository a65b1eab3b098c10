"""A planning problem refuses nonsense with one sentence that names the entry."""

import json

import numpy as np
import pytest

from errors import ProblemError
from routing.problem import PatrolProblem
from tests.routing.problems import problem, shift, visit


def refusal(**given):
    """Return the sentence with which a problem is refused."""
    content = {"travel_s": [[0, 600], [600, 0]], "visits": [visit("V1")], "shifts": [shift()]}
    with pytest.raises(ProblemError) as caught:
        PatrolProblem.from_json({**content, **given})
    return str(caught.value)


def test_problem_survives_the_way_to_json_and_back():
    """A file written by one tool must mean the same to the next."""
    pause = {"duration_s": 3600, "from_s": 41400, "to_s": 48600}
    given = problem(
        [visit("V1", needs=["dental"], teams=["T1"]), visit("V2"), visit("V3")],
        [shift(skills=["dental"], **{"break": pause}), shift("T2-0")],
        quotas=[{"group": "g", "min_visits": 1}],
        locked=[{"visit": "V1", "shift": "T1-0"}],
        alternatives=[["V1", "V2"]],
        together=[{"visits": ["V2", "V3"], "within_s": 300}],
        previous={"V1": "T1-0"},
    )
    again = PatrolProblem.from_json(json.loads(json.dumps(given.to_json())))
    assert again.to_json() == given.to_json()
    assert again.visits == given.visits
    assert again.shifts == given.shifts


def test_travel_times_are_read_from_a_file_beside_the_problem(tmp_path):
    """City matrices are too large for JSON."""
    np.save(tmp_path / "travel.npy", np.array([[0, 5], [7, 0]], np.int32))
    given = {"travel_s": "travel.npy", "visits": [visit("V1")], "shifts": [shift()]}
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(given))
    assert PatrolProblem.from_json(path).travel_s.tolist() == [[0, 5], [7, 0]]


def test_travel_file_from_another_folder_is_refused(tmp_path):
    """A problem file from outside must not read files elsewhere."""
    path = tmp_path / "problem.json"
    given = {"travel_s": "../travel.npy", "visits": [], "shifts": []}
    path.write_text(json.dumps(given))
    with pytest.raises(ProblemError, match="同一目录"):
        PatrolProblem.from_json(path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"travel_s": [[0, 1, 2], [1, 0, 2]]}, "方阵"),
        ({"travel_s": [[0, -1], [1, 0]]}, "负数"),
        ({"travel_s": [[0, 0.5], [1, 0]]}, "整数秒"),
        ({"travel_s": "nowhere.npy"}, "nowhere.npy"),
        ({"visits": [{"id": "V1"}]}, "location"),
        ({"visits": [visit("V1"), visit("V1")]}, "V1"),
        ({"visits": [visit("V1", 7)]}, "V1"),
        ({"visits": [visit("V1", prize="many")]}, "prize"),
        ({"visits": [visit("V1", prize=-1)]}, "prize"),
        ({"visits": [visit("V1", service_s=float("nan"))]}, "service_s"),
        ({"visits": [visit("V1", windows=[[0, 9, 8]])]}, "V1"),
        ({"visits": [visit("V1", windows=[[0, 9]])]}, "windows"),
        ({"visits": [visit("V1", required="yes")]}, "required"),
        ({"shifts": [shift(end_s=30_000)]}, "T1-0"),
        ({"shifts": [shift(start_location=2)]}, "T1-0"),
        ({"shifts": [shift(), shift()]}, "T1-0"),
        ({"quotas": [{"group": "g", "min_visits": -1}]}, "min_visits"),
        ({"locked": [{"visit": "V9", "shift": "T1-0"}]}, "V9"),
        ({"locked": [{"visit": "V1", "shift": "T9-0"}]}, "T9-0"),
        ({"alternatives": [["V1", "V8"]]}, "V8"),
        ({"together": [{"visits": ["V1", "V7"]}]}, "V7"),
        ({"together": [{"visits": ["V1", "V1"]}]}, "V1"),
        ({"previous": {"V6": "T1-0"}}, "V6"),
        ({"visits": None}, "V1"),
    ],
)
def test_nonsense_is_refused_by_name(given, said):
    """Whoever made the file must find the entry without a search."""
    if given.get("visits", ()) is None:
        given = {"visits": [visit("V1"), 3], "locked": [{"visit": "V1", "shift": "T1-0"}]}
        said = "visits[1]"
    assert said in refusal(**given)


def test_file_that_is_no_json_is_refused(tmp_path):
    """One clear sentence instead of a traceback."""
    (tmp_path / "problem.json").write_text("{")
    with pytest.raises(ProblemError, match=r"problem\.json"):
        PatrolProblem.from_json(tmp_path / "problem.json")


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"forbidden_teams": ["T1"]}, {}),
        ({"teams": ["T2"]}, {}),
        ({"needs": ["dental"]}, {}),
        ({"windows": [[1, 30_600, 61_200]]}, {}),
        ({"windows": [[0, 63_001, 70_000]]}, {}),
        ({}, {"locked": [{"visit": "V1", "shift": "T1-0"}, {"visit": "V1", "shift": "T2-0"}]}),
    ],
)
def test_lock_that_cannot_be_kept_is_refused_by_name(changes, more):
    """A locked visit nobody may make would silently fall out of the plan."""
    given = {
        "visits": [visit("V1", **changes)],
        "shifts": [shift(), shift("T2-0")],
        "locked": [{"visit": "V1", "shift": "T1-0"}],
    }
    assert "V1" in refusal(**{**given, **more})


def test_locks_that_contradict_each_other_are_refused():
    """Two alternatives locked, or a joint visit locked to one team, can't both hold."""
    both = [{"visit": "V1", "shift": "T1-0"}, {"visit": "V2", "shift": "T1-0"}]
    visits = [visit("V1"), visit("V2")]
    assert "V2" in refusal(visits=visits, locked=both, alternatives=[["V1", "V2"]])
    assert "V2" in refusal(visits=visits, locked=both, together=[{"visits": ["V1", "V2"]}])


def test_locks_that_agree_are_accepted():
    """Two visits locked to one shift are an ordinary day."""
    both = [{"visit": "V1", "shift": "T1-0"}, {"visit": "V2", "shift": "T1-0"}]
    assert problem([visit("V1"), visit("V2")], [shift()], locked=both).locked["V2"] == "T1-0"
