"""Sentences reach a reader in his own language, with labels instead of codes."""

import pytest

from data.records import Message
from errors import MissingColumnsError
from workflows import catalogue
from workflows.wording import from_json, say, to_json, translator


def test_every_chinese_sentence_of_the_code_has_its_english():
    """A screen in English that falls back to Chinese is unreadable for its reader."""
    translations = catalogue.english()
    waiting = sorted(
        sentence for sentence in catalogue.sentences() if not translations.get(sentence)
    )
    assert waiting == []


def test_translations_keep_the_placeholders_of_their_sentence():
    """A lost placeholder loses a number; an unknown one breaks the page."""
    import string

    def names(template):
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    differing = {
        sentence: said
        for sentence, said in catalogue.english().items()
        if said and not names(said) <= names(sentence)
    }
    assert differing == {}


def test_codes_become_labels_in_both_languages():
    """A manager reads 无证行医, not unlicensed_practice."""
    message = Message("上次查实 {topic}", {"topic": "unlicensed_practice"})
    assert say(message, "zh") == "上次查实 无证行医"
    assert "unlicensed practice" in say(message, "en")


def test_numbers_carry_thousands_separators_and_a_true_minus():
    """1,350, and − instead of a hyphen."""
    assert translator("zh")("共 {n} 格", n=1350) == "共 1,350 格"
    assert translator("zh")("差 {gap}", gap=-2.5) == "差 −2.5"


def test_an_error_says_what_is_missing():
    """Bad input gets one clear sentence."""
    error = MissingColumnsError(
        "{file} 缺少必需的列：{columns}", file="a.csv", columns="name, kind"
    )
    assert say(error, "zh") == "a.csv 缺少必需的列：name, kind"
    assert str(error) == "a.csv 缺少必需的列：name, kind"


def test_a_stored_message_comes_back_as_it_was():
    """Reasons are kept in the store and said years later."""
    message = Message("外层 {inner}", {"inner": Message("内层 {n}", {"n": 3}), "x": 0.5})
    assert from_json(to_json(message)) == message


def test_an_unknown_language_is_refused():
    """A silent fallback would show a language that nobody chose."""
    with pytest.raises(ValueError, match="language must be one of"):
        translator("fr")("共 {n} 格", n=1)
