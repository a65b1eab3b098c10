"""Reasons must add up to the score."""

import json

import numpy as np
import pytest

from risk import explain


def test_successive_differences_add_up_to_the_last_level():
    """Whatever the steps were."""
    levels = [np.array([0.2, 1.0]), np.array([0.5, 0.7]), np.array([0.1, 0.9])]
    parts = explain.successive_differences(levels)
    assert parts[:, 0].tolist() == pytest.approx([0.2, 0.3, -0.4])
    assert np.allclose(parts.sum(axis=0), levels[-1], atol=1e-15)


def test_reasons_keep_the_order_and_say_template_values_and_part():
    """The screen puts words and bars together from this alone."""
    text = explain.reasons_json([("甲 {n}", {"n": 1}), ("乙", {})], [0.5, -0.2])
    assert json.loads(text) == [
        {"t": "甲 {n}", "v": {"n": 1}, "c": 0.5},
        {"t": "乙", "v": {}, "c": -0.2},
    ]


def test_parts_without_a_sentence_go_to_the_rest():
    """Nothing is lost, nothing is said twice."""
    entries = json.loads(explain.reasons_json([("甲", {}), None], [0.5, 0.25]))
    assert entries[-1] == {"t": "其他因素合计", "v": {}, "c": 0.25}
    assert len(json.loads(explain.reasons_json([("甲", {}), None], [0.5, 0.0]))) == 1


def test_at_most_six_reasons_and_still_the_whole_sum():
    """Twenty thousand cells are read often: the text stays short."""
    rng = np.random.default_rng(0)
    parts = rng.normal(size=9)
    entries = json.loads(explain.reasons_json([(f"第{i}", {}) for i in range(9)], list(parts)))
    assert len(entries) == explain.MAX_REASONS
    assert sum(entry["c"] for entry in entries) == pytest.approx(parts.sum(), abs=1e-9)
    assert entries[-1]["t"] == "其他因素合计"


def test_exactly_six_sentences_and_a_silent_part_still_make_six_reasons():
    """The rest needs a place of its own."""
    sentences = [*[(f"第{i}", {}) for i in range(6)], None]
    entries = json.loads(explain.reasons_json(sentences, [6, 5, 4, 3, 2, 1, 0.5]))
    assert len(entries) == 6
    assert entries[-1]["c"] == 1.5
