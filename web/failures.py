"""
What happens when a page breaks: one sentence for the reader, one line for the log.

An exception's words may hold a name or an address out of a record, so neither
the screen nor the log repeats them: the log gets the class and the places in the
code, under a reference that the reader sees too.
"""

import logging
import secrets
import traceback
from pathlib import Path

import streamlit as st

from errors import MedPatrolError
from ui import messages

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
STREAMLIT_LOGGER = "streamlit.error_util"


def silence_streamlit() -> None:
    """Stop Streamlit from writing whole exceptions, words included, to the log."""
    logging.getLogger(STREAMLIT_LOGGER).setLevel(logging.CRITICAL + 1)


def show(error: Exception) -> bool:
    """
    Show a failure of a page script and log it; the handler of ``st.App``.

    Returns
    -------
    handled
        ``True``: Streamlit shows nothing of its own.
    """
    if isinstance(error, MedPatrolError):
        log.warning("page refused: %s", type(error).__name__)
        st.error(messages.say(error))
        return True
    code = secrets.token_hex(2).upper()
    log.error("page failed, reference %s: %s at %s", code, type(error).__name__, places(error))
    st.error(messages.text("系统出错，未保存本次操作，编号 {code}", code=code))
    return True


def places(error: BaseException) -> str:
    """Return where ``error`` came from, innermost first, without any of its words."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in reversed(frames[-8:]))


def _short(name: str) -> str:
    path = Path(name)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
