"""The sentence on how facility scores were made."""

from types import SimpleNamespace

import pytest

from workflows.facility_method import facility_method


def _run(**told):
    return SimpleNamespace(summary={"facility_model": told} if told else {})


def test_a_run_of_an_older_version_says_nothing():
    """Old runs keep no word of it; inventing one would be a lie."""
    assert facility_method(_run()) is None


@pytest.mark.parametrize(
    ("method", "word"),
    [("logistic", "逻辑回归"), ("boosted", "提升树"), ("shrunken_rate", "自身历史")],
)
def test_the_method_that_won_is_named_with_its_trial(method, word):
    """The reader sees what it rests on."""
    said = facility_method(_run(method=method, reason="backtest", n_tested=812))
    assert word in said.template
    assert said.values == {"n": 812}


def test_few_looks_are_not_dressed_up_as_a_trial():
    """Nothing was tested, so no number is told."""
    said = facility_method(_run(method="shrunken_rate", reason="few_looks", n_tested=0))
    assert "检查记录还少" in said.template
    assert not said.values
