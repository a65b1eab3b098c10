"""The search is compiled ahead, once, and old builds do not pile up."""

from routing import warm
from routing.compiled import build_folder
from routing.solve import SolverParams, solve


def test_problem_that_compiles_uses_every_part():
    """What is not compiled ahead makes the first user wait."""
    given = warm.tiny_problem()
    assert given.locked
    assert given.quotas
    assert given.alternatives
    assert given.together
    assert solve(given, SolverParams(iterations=200)).status == "ok"


def test_builds_of_older_code_are_removed(tmp_path):
    """Each change of the code leaves a build of some megabytes."""
    for name in ("kernels-old", "kernels-new", "other"):
        (tmp_path / name).mkdir()
    warm.drop_old_builds(tmp_path / "kernels-new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kernels-new", "other"]


def test_build_is_named_after_the_code():
    """A changed function must never be served from an older build."""
    assert build_folder() == build_folder()
    assert build_folder().name.startswith("kernels-")
