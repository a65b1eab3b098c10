"""A page that breaks: one sentence on the screen, no words of a record in the log."""

import logging

import pytest

from errors import NotFoundError
from web import failures


@pytest.fixture
def said(monkeypatch):
    """Return what is shown to the reader."""
    shown = []
    monkeypatch.setattr(failures.st, "error", shown.append)
    monkeypatch.setattr(failures.messages, "say", str)
    monkeypatch.setattr(failures.messages, "text", lambda words, **values: words.format(**values))
    return shown


def _raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def test_neither_screen_nor_log_repeats_the_words_of_an_exception(said, caplog):
    """An exception's text may hold a complainant's name."""
    with caplog.at_level(logging.DEBUG):
        assert failures.show(_raised(KeyError("举报人张三 13800000000"))) is True
    assert "张三" not in caplog.text + said[0]
    assert "KeyError" in caplog.text
    assert "tests/web/test_failures.py" in caplog.text


def test_the_reader_gets_the_reference_that_stands_in_the_log(said, caplog):
    """So that the administrator finds the line."""
    failures.show(_raised(ValueError("x")))
    code = said[0].rsplit(" ", 1)[1]
    assert f"reference {code}:" in caplog.text


def test_what_a_person_can_act_on_is_said_as_it_is(said):
    """Our own errors are sentences already."""
    failures.show(NotFoundError("没有这个计划"))
    assert said == ["没有这个计划"]


def test_streamlit_writes_no_exception_of_its_own(caplog):
    """Its default log holds the whole message."""
    failures.silence_streamlit()
    logging.getLogger(failures.STREAMLIT_LOGGER).error("Uncaught app execution: 张三")
    assert caplog.text == ""
