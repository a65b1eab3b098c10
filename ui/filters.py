"""
Choices that stand in the address as codes, so that a link shows the same in both languages.

Streamlit's own binding of widgets to the address writes their labels, which
differ from language to language.
"""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st


def one_of(key: str, names: Mapping[str, str], *, label: str, default: str) -> str:
    """Draw a row of buttons of which one is pressed, and return its code."""
    asked = st.query_params.get(key)
    chosen = st.segmented_control(
        label,
        list(names),
        default=asked if asked in names else default,
        required=True,
        format_func=names.__getitem__,
        label_visibility="collapsed",
        key=key,
    )
    code = default if chosen is None else str(chosen)
    _write(key, None if code == default else code)
    return code


def several_of(
    key: str, names: Mapping[str, str], *, label: str, default: Sequence[str]
) -> list[str]:
    """Draw switches of which several may be on, and return the codes of those that are."""
    asked = st.query_params.get(key)
    at_first = list(default) if asked is None else [code for code in names if code in asked.split()]
    chosen = st.pills(
        label,
        list(names),
        selection_mode="multi",
        default=at_first,
        format_func=names.__getitem__,
        label_visibility="collapsed",
        wrap=True,
        key=key,
    )
    codes = [str(code) for code in chosen]
    _write(key, None if set(codes) == set(default) else " ".join(codes))
    return codes


def from_list(
    key: str, codes: Sequence[str], *, label: str, default: str, name_of: Callable[[str], str]
) -> str:
    """Draw a list to choose one entry of, and return its code."""
    asked = st.query_params.get(key)
    code = str(
        st.selectbox(
            label,
            list(codes),
            index=codes.index(asked if asked in codes else default),
            format_func=name_of,
            key=key,
        )
    )
    _write(key, None if code == default else code)
    return code


def _write(key: str, code: str | None) -> None:
    """Put a choice into the address; the usual choice needs no words there."""
    if code is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != code:
        st.query_params[key] = code
