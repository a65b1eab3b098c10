"""
The reasons behind a score: parts that add up to it, each with a sentence.

A score is built up in a fixed order, and each part is the change that its
evidence made: successive differences. The order is part of the method, because
with interactions another order would split the same score differently.
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_REASONS = 6
"""Most parts stored per place; the smallest others are added up in one."""
_DECIMALS = 10
"""Digits kept of a part: six of them add up to the score within 1e-9."""
_REST = "其他因素合计"

Sentence = tuple[str, Mapping[str, object]]
"""A message template and its values."""


def successive_differences(levels: Sequence[Floats]) -> Floats:
    """
    Return what each piece of evidence changed.

    Parameters
    ----------
    levels
        The score after each step, each of shape ``(n,)``; the first is the starting value.

    Returns
    -------
    parts
        Shape ``(n_steps, n)``; column sums equal the last level.
    """
    stacked = np.vstack(list(levels))
    return np.vstack([stacked[:1], np.diff(stacked, axis=0)])


def reasons_json(sentences: Sequence[Sentence | None], parts: Sequence[float]) -> str:
    """
    Write reasons as compact JSON: ``[{"t": template, "v": values, "c": contribution}]``.

    Parameters
    ----------
    sentences
        One per part, None for a part that has nothing to say (its contribution goes to
        "other factors").
    parts
        Contributions in the unit of the score.

    Returns
    -------
    text
        At most ``MAX_REASONS`` entries in the given order; contributions add up to the
        sum of ``parts`` within 1e-9.
    """
    told = [i for i, sentence in enumerate(sentences) if sentence is not None]
    if len(told) > MAX_REASONS or (len(told) == MAX_REASONS and len(told) < len(parts)):
        largest = sorted(told, key=lambda i: -abs(parts[i]))[: MAX_REASONS - 1]
        told = sorted(largest)
    entries = []
    for i in told:
        sentence = sentences[i]
        if sentence is not None:
            entries.append(_entry(sentence, float(parts[i])))
    rest = float(np.sum([part for i, part in enumerate(parts) if i not in told]))
    if round(rest, _DECIMALS) != 0.0:
        entries.append(_entry((_REST, {}), rest))
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":"))


def _entry(sentence: Sentence, contribution: float) -> dict[str, object]:
    template, values = sentence
    return {"t": template, "v": dict(values), "c": round(contribution, _DECIMALS)}


def message_json(sentence: Sentence) -> dict[str, object]:
    """Return a sentence as plain data, as it stands in a summary."""
    return {"t": sentence[0], "v": dict(sentence[1])}
