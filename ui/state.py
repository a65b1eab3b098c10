"""What the visitor chose: the only file that touches ``st.session_state``."""

from contextvars import ContextVar

import streamlit as st

from workflows.wording import LANGUAGES

LANGUAGE = "lang"
DISTRICT = "district"
WHOLE_CITY = "*"


_LANGUAGE: ContextVar[str | None] = ContextVar("language", default=None)


def language() -> str:
    """Return ``zh`` or ``en``; the frame asks once per run, every sentence after it is told."""
    return _LANGUAGE.get() or asked_language()


def settle_language() -> str:
    """Ask which language this run is in and keep to it; called by the frame at its start."""
    found = asked_language()
    _LANGUAGE.set(found)
    return found


def asked_language() -> str:
    """Return the language chosen in the sidebar, else in the address, else the browser's."""
    for chosen in (st.session_state.get(LANGUAGE), st.query_params.get(LANGUAGE)):
        if chosen in LANGUAGES:
            return str(chosen)
    return "en" if (st.context.locale or "zh").lower().startswith("en") else "zh"


def user() -> str | None:
    """Return the account that the gate put on this visit."""
    return _of_user("user")


def session_id() -> str | None:
    """Return the session that the gate put on this visit; no secret."""
    return _of_user("session")


def _of_user(name: str) -> str | None:
    value = st.user.get(name)
    return value if isinstance(value, str) else None


def district() -> str | None:
    """Return the code of the chosen district; ``None`` means the whole city."""
    chosen = st.session_state.get(DISTRICT)
    return None if chosen in {None, WHOLE_CITY} else str(chosen)


def is_dark() -> bool:
    """Return whether the visitor's theme is dark."""
    return bool(st.context.theme.type == "dark")


def recall(key: str) -> str | None:
    """Return a remembered identifier (a job, a plan, a cell), never a table."""
    value = st.session_state.get(key)
    return None if value is None else str(value)


def remember(key: str, value: str | None) -> None:
    """Remember an identifier under a named key for this visit."""
    if value is None:
        st.session_state.pop(key, None)
    else:
        st.session_state[key] = value
